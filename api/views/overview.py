"""Tổng quan: what the province's web says now, in one answer."""

from __future__ import annotations

from datetime import datetime, timedelta

from api.models import Bucket, IssueItem, MentionItem, Moment, PlaceBucket, Resource, SentimentCounts, Series
from api.periods import KINDS, Period, PeriodCode, Usual, period_at, usual
from api.reader import Reader
from api.searching import Search
from api.views.freshness import Freshness, freshness
from api.views.rising import Judged, RisingIssue, judged, rising
from api.words import compared, compared_share
from monitor.status import ALARMING, STATE_WORDS, UNWATCHED
from monitor.wording import number, percent

SHOWN_ISSUES = 6
COUNTED_ISSUES = 30
NEWEST = 15
PLACES_LISTED = 10


class Figure(Resource):
    """One figure with what it is high or low against, and the address of what it counts."""

    key: str
    name: str
    value: int | float | None
    text: str
    note: str
    link: str
    alarm: bool = False


class LinkedBucket(Resource):
    """A topic or place with the address of its mentions."""

    bucket: Bucket | PlaceBucket
    link: str


class Overview(Resource):
    at: Moment
    now: bool
    period: PeriodCode
    since: Moment
    until: Moment
    sentence: str
    figures: list[Figure]
    issues: list[RisingIssue]
    judged: Judged | None
    more_issues: int
    series: Series
    topics: list[LinkedBucket]
    places: list[LinkedBucket]
    whole_province: LinkedBucket | None
    newest: list[MentionItem]
    all_link: str
    freshness: Freshness


def overview(reader: Reader, code: PeriodCode, at: datetime | None) -> Overview:
    """The page at a moment, now if none is given."""
    period = period_at(code, at or reader.now())
    return reader.kept(("overview", code, period.until), lambda: _overview(reader, period, now=at is None))


def _overview(reader: Reader, period: Period, *, now: bool) -> Overview:
    search = Search(since=period.since, until=period.until)
    series = reader.series(search, period.kind.interval)
    newest, total, _ = reader.mentions(search, limit=NEWEST)
    before = usual(reader.index, period, reader.min_relevance)
    as_of, issues = reader.look(period.until, COUNTED_ISSUES)
    topics, places = reader.facets(search, ("topic",), 20)["topic"], reader.places(search)
    province = next((p for p in places if p.level == "province"), None)
    figures = _figures(reader, period, search, total, series, before, issues)
    return Overview(
        at=period.until,
        now=now,
        period=period.code,
        since=period.since,
        until=period.until,
        sentence=_sentence(reader, period, total, before, issues),
        figures=figures,
        issues=[rising(reader, issue, period.until) for issue in issues[:SHOWN_ISSUES]],
        judged=judged(as_of, period.until),
        more_issues=max(0, len(issues) - SHOWN_ISSUES),
        series=series,
        topics=[LinkedBucket(bucket=t, link=search.only(topic=t.id).link()) for t in topics],
        places=[_place(search, place) for place in places if place.level != "province"],
        whole_province=_place(search, province) if province else None,
        newest=newest,
        all_link=search.link(),
        freshness=freshness(reader),
    )


def _place(search: Search, place: PlaceBucket) -> LinkedBucket:
    return LinkedBucket(bucket=place, link=search.only(place=place.id).link())


def _figures(
    reader: Reader,
    period: Period,
    search: Search,
    total: int,
    series: Series,
    before: Usual,
    issues: list[IssueItem],
) -> list[Figure]:
    return [
        Figure(
            key="mentions",
            name="Lượt nhắc",
            value=total,
            text=number(total),
            note=compared(total, before.mentions, period.kind.against),
            link=search.link(),
        ),
        _negative(search, series, before, period),
        _rising(reader, period, issues),
        _sources(reader),
    ]


def _negative(search: Search, series: Series, before: Usual, period: Period) -> Figure:
    counts = SentimentCounts(
        **{n: sum(getattr(p.by_sentiment, n) for p in series.items) for n in SentimentCounts.model_fields}
    )
    share = counts.negative_share
    against = compared_share(share, before.negative_share, period.kind.against) if share is not None else ""
    return Figure(
        key="negative",
        name="Tiêu cực",
        value=share,
        text=percent(round(share, 2)) if share is not None else "–",
        note=f"{number(counts.negative)} lượt; {against}" if share is not None else "chưa có lượt nhắc nào",
        link=search.only(sentiment="negative").link(),
        alarm=bool(share and before.negative_share is not None and share - before.negative_share >= 0.1),
    )


def _rising(reader: Reader, period: Period, issues: list[IssueItem]) -> Figure:
    yesterday = (period.until - timedelta(days=1)).replace(minute=0)
    earlier = reader.kept(("rising", yesterday), lambda: reader.it.rose(yesterday), 900)
    return Figure(
        key="rising",
        name="Vụ việc đang tăng",
        value=len(issues),
        text=number(len(issues)),
        note="giờ này hôm qua: chưa rõ"
        if earlier is None
        else f"giờ này hôm qua: {number(min(earlier, COUNTED_ISSUES))}",
        link="/stories?rising=1" if issues else "/stories",
    )


def _sources(reader: Reader) -> Figure:
    watched = [s for s in reader.sources() if s.state not in UNWATCHED]
    wrong = [s for s in watched if s.state != "ok"]
    return Figure(
        key="sources",
        name="Nguồn tin cần xem",
        value=len(wrong),
        text=number(len(wrong)),
        note=_source_words(reader) or f"cả {number(len(watched))} nguồn bình thường",
        link="/sources?state=attention" if wrong else "/sources",
        alarm=any(s.state in ALARMING for s in wrong),
    )


def _source_words(reader: Reader) -> str:
    states = [source.state for source in reader.sources()]
    said = {state: STATE_WORDS[state] for state in (*ALARMING, "partial", "unknown")}
    return ", ".join(f"{number(states.count(s))} {words}" for s, words in said.items() if s in states)


def _sentence(reader: Reader, period: Period, total: int, before: Usual, issues: list[IssueItem]) -> str:
    """What a duty officer would say aloud."""
    kind = KINDS[period.code]
    if total:
        told = f"{kind.name} qua: {number(total)} lượt nhắc"
        told += f", {compared(total, before.mentions, kind.against)}" if before.mentions is not None else ""
    else:
        told = f"{kind.name} qua chưa có lượt nhắc nào"
    risen = f"{number(len(issues))} vụ việc đang tăng" if issues else "không có vụ việc nào đang tăng"
    silent = [s for s in reader.sources() if s.state in ALARMING]
    sources = f"{number(len(silent))} nguồn tin im lặng hoặc bất thường" if silent else "không nguồn tin nào im lặng"
    return f"{told}; {risen}; {sources}."
