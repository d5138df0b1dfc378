"""Nguồn tin: every source with its health in words, and how much it brings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta

from api.models import CollectingFigures, DayCount, LinkItem, MissingArticle, Resource, SourceItem
from api.reader import Reader
from api.searching import Search
from api.views.links import collecting_figures, link_item, missing_articles, queue
from monitor.status import STATE_WORDS, UNWATCHED, SourceStatus
from monitor.wording import VIETNAM, in_vietnam, number

DAYS = 28
SHOWN = 20  # newest links, and articles that are missing


class SourceRow(Resource):
    source: SourceItem
    days: list[DayCount]
    in_days: int
    mentions: int
    share: float | None
    link: str


class OtherSource(Resource):
    """A name that imported posts carry; no source of the registry, nothing is collected from it."""

    id: str
    name: str
    posts: int
    mentions: int
    days: list[DayCount]
    link: str


class SourcesPage(Resource):
    sentence: str
    attention: bool
    sources: list[SourceRow]
    others: list[OtherSource]
    watched: int
    ok: int
    collecting: CollectingFigures
    missing: list[MissingArticle]
    links: list[LinkItem]


def source_item(status: SourceStatus) -> SourceItem:
    return SourceItem(**asdict(status), state_name=STATE_WORDS[status.state])


def sources_page(reader: Reader, *, attention: bool) -> SourcesPage:
    """All sources, or only those that are not in order."""
    statuses = reader.sources()
    watched = [s for s in statuses if s.state not in UNWATCHED]
    shown = [s for s in watched if s.state != "ok"] if attention else statuses
    days, found = days_of_sources(reader), mentions_by_source(reader)
    return SourcesPage(
        sentence=_sentence(watched),
        attention=attention,
        sources=[_row(reader, status, days, found.get(status.id, 0)) for status in shown],
        others=[] if attention else _others(reader, days, found),
        watched=len(watched),
        ok=sum(s.state == "ok" for s in watched),
        collecting=collecting_figures(reader),
        missing=[] if attention else missing_articles(reader, SHOWN),
        links=[link_item(link) for link in queue(reader).newest(SHOWN)[0]],
    )


def days_of_sources(reader: Reader) -> dict[str, dict[str, int]]:
    """source -> day -> posts, over the days that pages draw."""
    first = _days(reader)[0]
    begin = reader.now().astimezone(VIETNAM).replace(hour=0, minute=0, second=0, microsecond=0)
    since = begin.replace(year=first.year, month=first.month, day=first.day)
    return reader.kept("posts_per_day", lambda: reader.it.archive.posts_per_day(since, reader.totals()))


def mentions_by_source(reader: Reader) -> dict[str, int]:
    """source -> mentions in the index, so that the figures agree with the searches they link to."""
    return {bucket.id: bucket.count for bucket in reader.facets(Search(), ("source",), 10_000)["source"]}


def day_counts(reader: Reader, found: dict[str, int]) -> list[DayCount]:
    return [DayCount(day=day.isoformat(), posts=found.get(day.isoformat(), 0)) for day in _days(reader)]


def _days(reader: Reader) -> list[date]:
    today = in_vietnam(reader.now()).date()
    return [today - timedelta(days=back) for back in reversed(range(DAYS))]


def _row(reader: Reader, status: SourceStatus, days: dict[str, dict[str, int]], mentions: int) -> SourceRow:
    counts = day_counts(reader, days.get(status.id, {}))
    return SourceRow(
        source=source_item(status),
        days=counts,
        in_days=sum(day.posts for day in counts),
        mentions=mentions,
        share=round(mentions / status.posts, 4) if status.posts else None,
        link=Search(source=(status.id,)).link(),
    )


def _others(reader: Reader, days: dict[str, dict[str, int]], found: dict[str, int]) -> list[OtherSource]:
    totals = reader.totals()
    return [
        OtherSource(
            id=name,
            name=name,
            posts=sum(outcomes.values()),
            mentions=found.get(name, 0),
            days=day_counts(reader, days.get(name, {})),
            link=Search(source=(name,)).link(),
        )
        for name, outcomes in sorted(totals.items(), key=lambda pair: -sum(pair[1].values()))
        if name not in reader.it.sources
    ]


def _sentence(watched: Sequence[SourceStatus]) -> str:
    if not watched:
        return "Chưa có nguồn tin nào được bật."
    wrong = [s for s in watched if s.state != "ok"]
    start = f"{number(len(watched) - len(wrong))}/{number(len(watched))} nguồn tin bình thường"
    if not wrong:
        return start + "."
    counted = {state: sum(s.state == state for s in wrong) for state in STATE_WORDS if state not in ("ok", *UNWATCHED)}
    return f"{start}; " + ", ".join(f"{number(n)} {STATE_WORDS[s]}" for s, n in counted.items() if n) + "."
