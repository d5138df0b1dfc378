"""The stream of changes: what happened, in order, for those who listen (server-sent events) and come back later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Engine, delete, func, insert, select
from sqlalchemy.engine import Connection

from monitor.archive import utc_now
from monitor.database import READ_ONLY, stream_events

KEPT = timedelta(days=7)

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
    connection.execute(insert(stream_events).values(at=utc_now(), kind=kind, about=about, data=dict(data)))


class Stream:
    """Reads the stream. Cheap enough to be asked every second."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def last_id(self) -> int:
        with self._engine.connect().execution_options(**READ_ONLY) as connection:
            return connection.scalar(select(func.max(stream_events.c.id))) or 0

    def after(self, id: int, limit: int = 100) -> list[StreamEvent]:
        """The next events after this id, oldest first."""
        query = select(stream_events).where(stream_events.c.id > id).order_by(stream_events.c.id).limit(limit)
        with self._engine.connect().execution_options(**READ_ONLY) as connection:
            return [StreamEvent(*row) for row in connection.execute(query)]

    def trim(self) -> None:
        """Forgets what nobody comes back for any more."""
        with self._engine.begin() as connection:
            connection.execute(delete(stream_events).where(stream_events.c.at < utc_now() - KEPT))
