"""Passes added up by day in the archive's database, and read back as evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, Table, func, select, true
from sqlalchemy.engine import Connection

from crawlers.sink import CrawlResult
from crawlers.source import Source
from monitor.archive import WRITTEN_BY_PEOPLE
from monitor.database import READ_ONLY, insert_or, posts, source_days, source_states
from monitor.health.baseline import WINDOW
from monitor.health.days import local_day
from monitor.health.evidence import Evidence, Facts
from monitor.wording import VIETNAM

# A baseline may end at a last sign of life weeks ago.
HISTORY = timedelta(days=2 * WINDOW)
_FEW = 5  # sources for which the whole archive need not be grouped
_SUMMED = ("requests", "not_modified", "discovered", "fetched", "new", "revised", "robots")


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
    if result.first_stage.get("skipped"):  # what is kept tells its own time
        counts["seen_at"] = result.finished_at.isoformat()
    elif known and "seen_at" in known:
        counts["seen_at"] = known["seen_at"]
    statement = insert_or(connection, source_days).values(source=result.source, day=day, counts=counts)
    connection.execute(statement.on_conflict_do_update(index_elements=["source", "day"], set_={"counts": counts}))


def evidence(engine: Engine, sources: Iterable[Source], now: datetime) -> dict[str, Evidence]:
    """What is known of each source, by id."""
    first = (now - HISTORY).replace(hour=0, minute=0, second=0, microsecond=0)
    sources = list(sources)
    only = [source.id for source in sources] if len(sources) <= _FEW else None
    with engine.connect().execution_options(**READ_ONLY) as connection:
        booked = _booked(connection, local_day(first), only)
        posted = _posted(connection, first, now, only)
        newest = _by_source(connection, func.max(posts.c.counted_at), posts.c.counted_at <= now, only)
        last_day = (posts.c.counted_at > now - timedelta(days=1)) & (posts.c.counted_at <= now)
        recent = _by_source(connection, func.count(), last_day, only)
        states = {row.id: row for row in connection.execute(_of(select(source_states), source_states.c.id, only))}
        begun = _by_source(connection, func.min(source_days.c.day), true(), only, source_days)
    found = {}
    for source in sources:
        days, state = booked.get(source.id, {}), states.get(source.id)
        found[source.id] = Evidence(
            family=source.family,
            per_day=_signs(posted.get(source.id, {}), days),
            facts={day: facts for day, (facts, _) in days.items()},
            newest_at=_latest(newest.get(source.id), (seen for _, seen in days.values())),
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


def _booked(
    connection: Connection, first: date, only: Sequence[str] | None
) -> dict[str, dict[date, tuple[Facts, datetime | None]]]:
    query = _of(select(source_days).where(source_days.c.day >= first.isoformat()), source_days.c.source, only)
    found: dict[str, dict[date, tuple[Facts, datetime | None]]] = {}
    for row in connection.execute(query):
        seen = row.counts.get("seen_at")
        pair = _facts(row.counts), datetime.fromisoformat(seen) if seen else None
        found.setdefault(row.source, {})[date.fromisoformat(row.day)] = pair
    return found


def _posted(
    connection: Connection, first: datetime, now: datetime, only: Sequence[str] | None
) -> dict[str, Counter[date]]:
    """source -> day in Việt Nam -> posts."""
    day = func.date(posts.c.counted_at, "+7 hours")
    if connection.dialect.name == "postgresql":
        day = func.to_char(func.timezone("Asia/Ho_Chi_Minh", posts.c.counted_at), "YYYY-MM-DD")
    span = (posts.c.counted_at >= first) & (posts.c.counted_at <= now)
    query = _of(select(posts.c.source, day, func.count()).where(span), posts.c.source, only)
    query = query.group_by(posts.c.source, day)
    found: dict[str, Counter[date]] = {}
    for source, text, count in connection.execute(query):
        found.setdefault(source, Counter())[date.fromisoformat(text)] = count
    return found


def _by_source(
    connection: Connection, value: Any, where: Any, only: Sequence[str] | None, table: Table = posts
) -> dict[str, Any]:
    query = _of(select(table.c.source, value).where(where), table.c.source, only).group_by(table.c.source)
    return {row[0]: row[1] for row in connection.execute(query)}


def _facts(counts: Mapping[str, Any]) -> Facts:
    return Facts(**{name: counts[name] for name in Facts.__slots__ if name in counts})


def _signs(posted: Mapping[date, int], days: Mapping[date, tuple[Facts, datetime | None]]) -> Counter[date]:
    """Posts by day, and articles that were passed over by their title: both show that the source publishes."""
    found = Counter(posted)
    for day, (facts, _) in days.items():
        if facts.passed_over:
            found[day] += facts.passed_over
    return found


def _latest(newest: datetime | None, seen: Iterable[datetime | None]) -> datetime | None:
    return max((moment for moment in (newest, *seen) if moment is not None), default=None)


def _midnight(day: str | None) -> datetime | None:
    return datetime.fromisoformat(day).replace(tzinfo=VIETNAM) if day else None
