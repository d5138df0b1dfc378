"""Searches that people keep: a name, the query with its conditions, and when its owner last looked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import JSON, Column, Engine, Index, String, Table, Text, delete, func, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from monitor.archive import utc_now
from monitor.database import READ_ONLY, Instant, index_changes, metadata, posts

MOST = 100  # of one owner
LONGEST_NAME = 120

saved_searches = Table(
    "saved_searches",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("name", String(LONGEST_NAME), nullable=False),
    Column("query", Text, nullable=False),
    Column("conditions", JSON, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("visited_at", Instant, nullable=False),
    Index("saved_searches_by_owner", "owner", "name", unique=True),
)


class SavedSearchError(ValueError):
    """A search cannot be kept so; the message is Vietnamese, `code` stable English."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """`conditions` are the other parameters of the search's address: from, to, facets, sort.

    What was first seen from `visited_at` on is new to the owner.
    """

    id: str
    owner: str
    name: str
    query: str
    conditions: Mapping[str, Any]
    created_at: datetime
    visited_at: datetime


class SavedSearches:
    """The saved searches of an installation. Everybody has their own; nobody sees another's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, owner: str) -> list[SavedSearch]:
        """All of an owner, by name."""
        rows = select(saved_searches).where(saved_searches.c.owner == owner).order_by(saved_searches.c.name)
        with self._engine.connect().execution_options(**READ_ONLY) as connection:
            return [SavedSearch(*row) for row in connection.execute(rows)]

    def get(self, owner: str, id: str) -> SavedSearch | None:
        row = select(saved_searches).where(*_mine(owner, id))
        with self._engine.connect().execution_options(**READ_ONLY) as connection:
            found = connection.execute(row).first()
        return SavedSearch(*found) if found else None

    def add(self, owner: str, name: str, query: str, conditions: Mapping[str, Any]) -> SavedSearch:
        """Raises SavedSearchError for a bad or taken name, or when there are too many."""
        with self._engine.begin() as connection:
            count = select(func.count()).select_from(saved_searches).where(saved_searches.c.owner == owner)
            if (connection.scalar(count) or 0) >= MOST:
                raise SavedSearchError("too_many", f"Đã lưu {MOST} tìm kiếm; hãy xóa bớt trước khi lưu thêm.")
            now = utc_now()
            saved = SavedSearch(uuid4().hex, owner, _checked(name), query, dict(conditions), now, now)
            values = {column.name: getattr(saved, column.name) for column in saved_searches.c}
            _unique(connection, insert(saved_searches).values(values), saved.name)
        return saved

    def change(self, owner: str, id: str, **values: Any) -> bool:
        """Changes name, query or conditions; whether there was such a search. Raises SavedSearchError."""
        if "name" in values:
            values["name"] = _checked(values["name"])
        with self._engine.begin() as connection:
            changed = update(saved_searches).where(*_mine(owner, id)).values(values)
            return _unique(connection, changed, str(values.get("name", ""))) > 0

    def visited(self, owner: str, id: str) -> bool:
        """Says that the owner has looked: from now on only what is seen later is new."""
        with self._engine.begin() as connection:
            before = connection.scalar(select(saved_searches.c.visited_at).where(*_mine(owner, id)))
            if before is None:
                return False
            moment = _seen_by_now(connection, before)
            connection.execute(update(saved_searches).where(*_mine(owner, id)).values(visited_at=moment))
        return True

    def remove(self, owner: str, id: str) -> bool:
        with self._engine.begin() as connection:
            return connection.execute(delete(saved_searches).where(*_mine(owner, id))).rowcount > 0


def _mine(owner: str, id: str) -> tuple[Any, Any]:
    return saved_searches.c.owner == owner, saved_searches.c.id == id


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise SavedSearchError("bad_name", f"Tên dài từ 1 đến {LONGEST_NAME} ký tự.")
    return name


def _unique(connection: Connection, statement: Any, name: str) -> int:
    try:
        return connection.execute(statement).rowcount
    except IntegrityError:
        raise SavedSearchError("name_taken", f"Đã có một tìm kiếm tên “{name}”; hãy chọn tên khác.") from None


def _seen_by_now(connection: Connection, before: datetime) -> datetime:
    """Now, or when the oldest post was seen that came after the visit `before` and is still on its way to the index:
    its owner has not seen it, so it must count as new the next time."""
    seen = select(func.min(posts.c.first_seen_at)).where(posts.c.first_seen_at >= before)
    waiting = seen.where(posts.c.outcome == "new")
    unwritten = seen.join(index_changes, index_changes.c.post_id == posts.c.id)
    moments: list[datetime | None] = [utc_now(), connection.scalar(waiting), connection.scalar(unwritten)]
    return min(moment for moment in moments if moment is not None)
