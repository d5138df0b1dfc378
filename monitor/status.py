"""What runs and what waits: the figures behind `duluan status`, /api/v1/status and the dashboard's freshness line."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Engine, delete, func, select

from monitor.alerts.outbox import Outbox
from monitor.alerts.store import AlertStore
from monitor.archive import OUTCOMES, Outcome, insert_or, utc_now
from monitor.database import READ_ONLY, posts, processes
from monitor.health.alarms import Alarm
from monitor.health.book import evidence, newest_posts
from monitor.health.breaker import Breaker
from monitor.health.breaker import State as BreakerState
from monitor.health.report import Figures, figures
from monitor.health.report import health as judge
from monitor.index_status import IndexStatus, index_status
from monitor.installation import Installation
from monitor.wording import when

BEAT = timedelta(seconds=10)
GONE_AFTER = timedelta(seconds=60)

State = Literal[
    "ok", "partial", "blocked", "failing", "dead", "drifting", "flooding", "silent", "needs_key", "unknown", "off"
]
STATE_WORDS: dict[str, str] = {
    "ok": "bình thường",
    "partial": "chỉ đọc được một phần",
    "blocked": "bị chặn",
    "failing": "đang lỗi",
    "dead": "không còn hoạt động",
    "drifting": "đổi giao diện",
    "flooding": "nhiều bất thường",
    "silent": "im lặng",
    "needs_key": "cần khóa truy cập",
    "unknown": "chưa thu thập",
    "off": "đã tắt",
}

KEY_WORDS = "chưa có khóa, chưa thu thập"
UNWATCHED = ("off", "needs_key")  # nothing happens there until somebody acts
Totals = Mapping[str, Mapping[str, int]]  # source -> outcome -> posts
ALARMING = ("blocked", "dead", "failing", "drifting", "flooding", "silent")


@dataclass(frozen=True, slots=True)
class Process:
    """A part of the product that reports it is alive. `alive` when its last beat is recent."""

    name: str
    pid: int
    started_at: datetime
    beat_at: datetime
    doing: str
    alive: bool


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """A source with its health in one word; `message` says more, in Vietnamese."""

    id: str
    name: str
    home: str
    kind: str
    owned: bool
    state: State
    message: str
    last_run_at: datetime | None
    last_success_at: datetime | None
    last_new_at: datetime | None
    due_at: datetime | None
    newest_post_at: datetime | None
    posts: int
    relevant: int
    failures: int = 0
    breaker: BreakerState = "closed"
    asked_every_minutes: float = 0.0
    alarm: Alarm | None = None
    figures: Figures = field(default_factory=Figures)


@dataclass(frozen=True, slots=True)
class AlertFigures:
    """Alerts nobody acknowledged, deliveries that could not be made, and how long it took from publication to a
    screen (95th percentile) for the alerts `measured` since the worker started."""

    open: int
    dead: int
    measured: int
    seconds_to_screen: float | None


@dataclass(frozen=True, slots=True)
class Status:
    """`updated_at`: when the newest post was understood; None before the first. `indexed` is None while the index is
    away."""

    at: datetime
    processes: tuple[Process, ...]
    outcomes: Mapping[Outcome, int]
    indexed: int | None
    newest_post_at: datetime | None
    updated_at: datetime | None
    oldest_waiting_at: datetime | None
    sources_ok: int
    sources_watched: int
    alerts: AlertFigures
    index: IndexStatus


def beat(engine: Engine, name: str, doing: str, *, started_at: datetime) -> None:
    """Says that this process is alive and what it does."""
    values = {"pid": os.getpid(), "started_at": started_at, "beat_at": utc_now(), "doing": doing}
    with engine.begin() as connection:
        statement = insert_or(connection, processes).values(name=name, **values)
        connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def leave(engine: Engine, name: str) -> None:
    """Says that this process ended in order."""
    with engine.begin() as connection:
        connection.execute(delete(processes).where(processes.c.name == name))


def status(
    installation: Installation, totals: Totals | None = None, sources: Sequence[SourceStatus] | None = None
) -> Status:
    """The state of the whole installation now; `totals` and `sources` where they were read a moment ago."""
    now, totals = utc_now(), totals or installation.archive.totals_by_source()
    with installation.engine.connect().execution_options(**READ_ONLY) as connection:
        rows = connection.execute(select(processes).order_by(processes.c.name)).all()
        oldest = connection.scalar(select(func.min(posts.c.changed_at)).where(posts.c.outcome == "new"))
        newest = connection.scalar(select(func.max(posts.c.counted_at)))
        updated = connection.scalar(select(func.max(posts.c.processed_at)))
    watched = [s for s in sources or source_statuses(installation, totals) if s.state not in UNWATCHED]
    index = index_status(installation)
    return Status(
        at=now,
        processes=tuple(_process(row, now) for row in rows),
        outcomes={name: sum(each.get(name, 0) for each in totals.values()) for name in OUTCOMES},
        indexed=index.mentions,
        index=index,
        newest_post_at=newest,
        updated_at=updated,
        oldest_waiting_at=oldest,
        sources_ok=sum(s.state == "ok" for s in watched),
        sources_watched=len(watched),
        alerts=_alert_figures(installation, [_process(row, now) for row in rows]),
    )


def _alert_figures(installation: Installation, running: Sequence[Process]) -> AlertFigures:
    store, outbox = AlertStore(installation.engine), Outbox(installation.engine, {})
    started = next((process.started_at for process in running if process.name == "worker"), None)
    waits = sorted(wait.total_seconds() for wait in store.waits(started)) if started else []
    return AlertFigures(
        open=store.alerts(states=("open",), limit=1)[1],
        dead=outbox.deliveries(states=("dead",), limit=1)[1],
        measured=len(waits),
        seconds_to_screen=round(waits[math.ceil(0.95 * len(waits)) - 1], 1) if waits else None,
    )


def source_statuses(installation: Installation, totals: Totals | None = None) -> list[SourceStatus]:
    """Every source of the registry with its health, those that need a look first, then by name.

    `totals`: as `Archive.totals_by_source`, where they were counted a moment ago.
    """
    health, totals = installation.memory.health(), totals or installation.archive.totals_by_source()
    without_key = installation.sources_without_key()
    with installation.archive.read() as connection:
        newest = newest_posts(connection, installation.sources)
    now, switched = utc_now(), installation.switches.all()
    breakers = {id: Breaker(each.failures, each.opened_at) for id, each in health.items()}
    healths = judge(evidence(installation.engine, installation.sources.values(), now), breakers, now)
    found = []
    for source in installation.sources.values():
        switch = switched.get(source.id)
        known, counts = health.get(source.id), totals.get(source.id, {})
        state, message = (known.state, known.message) if known else ("unknown", "")
        if not (switch.enabled if switch else source.enabled):
            state, message = "off", f"{switch.by} tắt {when(switch.at, now)}" if switch else ""
        elif source.id in without_key:
            state, message = "needs_key", KEY_WORDS
        elif alarm := healths[source.id].alarm:
            state, message = alarm.kind, alarm.reason
        found.append(
            SourceStatus(
                id=source.id,
                name=source.name,
                home=source.home,
                kind=source.kind,
                owned=source.owned,
                state=state,  # type: ignore[arg-type]
                message=message,
                last_run_at=known.last_run_at if known else None,
                last_success_at=known.last_success_at if known else None,
                last_new_at=known.last_new_at if known else None,
                due_at=known.due_at if known else None,
                newest_post_at=newest.get(source.id),
                posts=sum(counts.values()),
                relevant=counts.get("annotated", 0),
                failures=known.failures if known else 0,
                breaker=healths[source.id].breaker,
                asked_every_minutes=_minutes(installation.cadence(source.id, healths[source.id].usual)),
                alarm=healths[source.id].alarm,
                figures=figures(healths[source.id]),
            )
        )
    order = (
        *("blocked", "dead", "failing", "drifting", "flooding", "silent", "partial"),
        *("needs_key", "unknown", "ok", "off"),
    )
    return sorted(found, key=lambda s: (order.index(s.state), s.name))


def _minutes(span: timedelta) -> float:
    return round(span / timedelta(minutes=1), 2)


def _process(row: Any, now: datetime) -> Process:
    alive = now - row.beat_at < GONE_AFTER
    return Process(row.name, row.pid, row.started_at, row.beat_at, row.doing, alive)
