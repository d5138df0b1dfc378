"""The stream of changes: what happened, in order, for those who listen (server-sent events) and come back later.

On PostgreSQL two transactions can commit in another order than they took their ids. So that no listener passes by an id
whose transaction has yet to end, every transaction says by an advisory lock, before it takes an id, which id was the
last; events are given out up to the lowest that is held.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Engine, delete, func, insert, select, text
from sqlalchemy.engine import Connection

from monitor.archive import utc_now
from monitor.database import READ_ONLY, stream_events

KEPT = timedelta(days=7)
LOCK = 0x5D1A  # the class of our advisory locks
# Two parts of one number: the sequence before its first value says 1 although 1 is still to come.
_LAST = "SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM stream_events_id_seq"
_BEGIN = text(f"SELECT pg_advisory_xact_lock_shared(:lock, (({_LAST}) & 2147483647)::int)")
_UNDER_WAY = text(
    "SELECT min(objid::bigint) FROM pg_locks WHERE locktype = 'advisory' AND classid = :lock AND objsubid = 2"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)

EventKind = Literal["alert", "issue", "mentions"]


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """`id` grows with time; `about` is the id of what changed, `data` a few of its figures."""

    id: int
    at: datetime
    kind: EventKind
    about: str
    data: Mapping[str, Any]


def append(connection: Connection, kind: EventKind, about: str, data: Mapping[str, Any]) -> None:
    """Adds an event within the transaction that makes the change, so that neither is without the other."""
    if connection.dialect.name == "postgresql":
        connection.execute(_BEGIN, {"lock": LOCK})
    connection.execute(insert(stream_events).values(at=utc_now(), kind=kind, about=about, data=dict(data)))


class Stream:
    """Reads the stream. Cheap enough to be asked every second."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def last_id(self) -> int:
        with self._engine.connect().execution_options(**READ_ONLY) as connection:
            return connection.scalar(_settled(connection, select(func.max(stream_events.c.id)))) or 0

    def after(self, id: int, limit: int = 100) -> list[StreamEvent]:
        """The next events after this id, oldest first."""
        query = select(stream_events).where(stream_events.c.id > id).order_by(stream_events.c.id).limit(limit)
        with self._engine.connect().execution_options(**READ_ONLY) as connection:
            return [StreamEvent(*row) for row in connection.execute(_settled(connection, query))]

    def trim(self) -> None:
        """Forgets what nobody comes back for any more."""
        with self._engine.begin() as connection:
            connection.execute(delete(stream_events).where(stream_events.c.at < utc_now() - KEPT))


def _settled(connection: Connection, query: Any) -> Any:
    """The query of events without those that one with a lower id could still come before.

    The order matters: whoever has taken an id up to `last` holds its lock until it has ended, and what has ended by the
    time the locks are read is seen by the query, which is a later statement.
    """
    if connection.dialect.name != "postgresql":
        return query  # writers queue
    last = connection.scalar(text(_LAST)) or 0
    under_way = connection.scalar(_UNDER_WAY, {"lock": LOCK})
    return query.where(stream_events.c.id <= (last if under_way is None else min(last, under_way)))
