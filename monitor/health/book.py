"""Passes added up by day in the archive's database, and read back as evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, Table, bindparam, func, select, true
from sqlalchemy.engine import Connection

from crawlers.sink import CrawlResult
from crawlers.source import Source
from monitor.archive import WRITTEN_BY_PEOPLE, posts_by_day
from monitor.database import READ_ONLY, insert_or, posts, source_days, source_states
from monitor.health.baseline import WINDOW
from monitor.health.days import local_day
from monitor.health.evidence import Evidence, Facts
from monitor.wording import VIETNAM

# A baseline may end at a last sign of life weeks ago.
HISTORY = timedelta(days=2 * WINDOW)
_FEW = 5  # sources for which the whole archive need not be grouped
_SUMMED = ("requests", "not_modified", "discovered", "fetched", "new", "revised", "robots", "pages_refused")


@dataclass(frozen=True, slots=True)
class _Day:
    """The passes of one day. `left`: articles not fetched because their title and summary do not concern the province,
    by the day of their publication; `newest_left`: the last of these."""

    facts: Facts
    left: Mapping[date, int]
    newest_left: datetime | None


def facts_of(result: CrawlResult) -> Facts:
    """One pass as facts."""
    return Facts(
        runs=1,
        worked=int(result.state in ("ok", "partial")),
        passed_over=result.first_stage.get("skipped", 0),
        latency=result.latency or 0.0,
        answered=int(result.latency is not None),
        outcomes=dict(result.outcomes),
        methods=dict(result.methods),
        **{name: getattr(result, name) for name in _SUMMED},
    )


def add(connection: Connection, result: CrawlResult) -> None:
    """Adds a pass to its day."""
    day = local_day(result.finished_at).isoformat()
    mine = (source_days.c.source == result.source) & (source_days.c.day == day)
    known = connection.scalar(select(source_days.c.counts).where(mine).with_for_update())
    total = _facts(known) + facts_of(result) if known else facts_of(result)
    counts = {name: getattr(total, name) for name in Facts.__slots__}
    left = Counter(known.get("left", {})) if known else Counter()
    left.update(local_day(moment).isoformat() for moment in result.left)
    seen = [datetime.fromisoformat(known["seen_at"])] if known and "seen_at" in known else []
    if newest := max((*seen, *result.left), default=None):
        counts |= {"left": dict(left), "seen_at": newest.isoformat()}
    statement = insert_or(connection, source_days).values(source=result.source, day=day, counts=counts)
    connection.execute(statement.on_conflict_do_update(index_elements=["source", "day"], set_={"counts": counts}))


def evidence(engine: Engine, sources: Iterable[Source], now: datetime) -> dict[str, Evidence]:
    """What is known of each source, by id."""
    first = (now - HISTORY).replace(hour=0, minute=0, second=0, microsecond=0)
    sources = list(sources)
    only = [source.id for source in sources] if len(sources) <= _FEW else None
    with engine.connect().execution_options(**READ_ONLY) as connection:
        booked = _booked(connection, local_day(first), only)
        posted = _posted(connection, first, now, [source.id for source in sources])
        newest = newest_posts(connection, [source.id for source in sources], now)
        last_day = (posts.c.counted_at > now - timedelta(days=1)) & (posts.c.counted_at <= now)
        recent = _by_source(connection, func.count(), last_day, only)
        states = {row.id: row for row in connection.execute(_of(select(source_states), source_states.c.id, only))}
        begun = _by_source(connection, func.min(source_days.c.day), true(), only, source_days)
    found = {}
    for source in sources:
        days, state = booked.get(source.id, {}), states.get(source.id)
        found[source.id] = Evidence(
            family=source.family,
            per_day=_signs(posted.get(source.id, {}), days.values()),
            facts={day: each.facts for day, each in days.items()},
            newest_at=_latest(newest.get(source.id), (each.newest_left for each in days.values())),
            state=state.state if state else "unknown",
            message=state.message if state else "",
            failures=state.failures if state else 0,
            last_run_at=state.last_run_at if state else None,
            last_success_at=state.last_success_at if state else None,
            first_run_at=_midnight(begun.get(source.id)),
            recent=recent.get(source.id, 0),
            people=source.kind in WRITTEN_BY_PEOPLE,
        )
    return found


def forget(connection: Connection, before: date) -> None:
    connection.execute(source_days.delete().where(source_days.c.day < before.isoformat()))


def _of(query: Select[Any], column: ColumnElement[str], only: Sequence[str] | None) -> Select[Any]:
    return query if only is None else query.where(column.in_(only))


def _booked(connection: Connection, first: date, only: Sequence[str] | None) -> dict[str, dict[date, _Day]]:
    query = _of(select(source_days).where(source_days.c.day >= first.isoformat()), source_days.c.source, only)
    found: dict[str, dict[date, _Day]] = {}
    for row in connection.execute(query):
        left = {date.fromisoformat(day): count for day, count in row.counts.get("left", {}).items()}
        seen = datetime.fromisoformat(row.counts["seen_at"]) if left else None
        found.setdefault(row.source, {})[date.fromisoformat(row.day)] = _Day(_facts(row.counts), left, seen)
    return found


def _posted(connection: Connection, first: datetime, now: datetime, sources: Iterable[str]) -> dict[str, Counter[date]]:
    """source -> day in Việt Nam -> posts."""
    found = posts_by_day(connection, sources, first, now)
    return {id: Counter({date.fromisoformat(day): n for day, n in days.items()}) for id, days in found.items()}


def _by_source(
    connection: Connection, value: Any, where: Any, only: Sequence[str] | None, table: Table = posts
) -> dict[str, Any]:
    query = _of(select(table.c.source, value).where(where), table.c.source, only).group_by(table.c.source)
    return {row[0]: row[1] for row in connection.execute(query)}


def newest_posts(connection: Connection, sources: Iterable[str], until: datetime | None = None) -> dict[str, datetime]:
    """source -> when its newest post counts. One step into an index each: grouped, a million posts are all read."""
    wanted = posts.c.source == bindparam("id")
    query = select(func.max(posts.c.counted_at)).where(wanted, *([posts.c.counted_at <= until] if until else []))
    return {id: at for id in sources if (at := connection.scalar(query, {"id": id})) is not None}


def _facts(counts: Mapping[str, Any]) -> Facts:
    return Facts(**{name: counts[name] for name in Facts.__slots__ if name in counts})


def _signs(posted: Mapping[date, int], days: Iterable[_Day]) -> Counter[date]:
    """Posts by day, and articles that were left by their title, each on its own day: both show that the source
    publishes. When we met them shows nothing: a first pass meets what is weeks old."""
    found = Counter(posted)
    for each in days:
        found.update(each.left)
    return found


def _latest(newest: datetime | None, seen: Iterable[datetime | None]) -> datetime | None:
    return max((moment for moment in (newest, *seen) if moment is not None), default=None)


def _midnight(day: str | None) -> datetime | None:
    return datetime.fromisoformat(day).replace(tzinfo=VIETNAM) if day else None
