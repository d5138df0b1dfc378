"""What changed since: a counter for each part of the archive, so that who asks again can be told "nothing new".

The counters are raised by the engine itself, in the transaction that changes a table, whoever wrote the statement: no
writer has to remember it, and no reader can see new rows with an old counter.
"""

from __future__ import annotations

import time
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary, ref

from sqlalchemy import Column, Engine, Integer, String, Table, event, select
from sqlalchemy.engine import Connection

from monitor.database import READ_ONLY, Instant, insert_or, metadata, utc_now

changes = Table(
    "changes",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("at", Instant, nullable=False),
)

LATELY = 1.0  # seconds
_numbers = count(1)
_own_changes: WeakKeyDictionary[Engine, int] = WeakKeyDictionary()  # number of the last change by this process

MENTIONS, POSTS, SOURCES, OTHER = "mentions", "posts", "sources", "other"
_PARTS = {
    # What the index must be told is noted here, and taken away once the index holds it: readers see both moments.
    **dict.fromkeys(("annotations", "stories", "story_changes", "labels"), MENTIONS),
    **dict.fromkeys(("index_changes", "index_state", "index_refusals"), MENTIONS),
    **dict.fromkeys(("issues_now", "issue_actions", "issue_changes"), MENTIONS),
    **dict.fromkeys(("posts", "revisions"), POSTS),
    **dict.fromkeys(("source_states", "source_switches", "runs"), SOURCES),
}
# Notes that the product keeps for itself: no answer that is tagged shows them.
_SILENT = {
    *("changes", "processes", "urls", "validators", "streams", "quotas", "source_days", "first_stage", "sightings"),
    *("links", "warc_files", "control_group", "embeddings", "users", "sessions", "api_keys", "login_failures", "audit"),
    *("alert_rules", "alert_recipients", "alerts", "deliveries", "stream_events", "saved_searches"),
}


def part_of(table: str) -> str | None:
    """Which counter a table raises; a table that nobody named raises `other`, which every tag holds."""
    return None if table in _SILENT else _PARTS.get(table, OTHER)


def count_changes(engine: Engine) -> None:
    """Makes every transaction of this engine raise the counters of what it changes."""
    event.listen(engine, "before_cursor_execute", _notice)
    event.listen(engine, "commit", _raise)
    event.listen(engine, "rollback", lambda connection: connection.info.pop("changed", None))
    own = ref(engine)
    event.listen(engine, "checkin", lambda _, record: _visible(own(), record.info))


def _notice(connection: Connection, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:
    if context is None or not (context.isinsert or context.isupdate or context.isdelete) or context.compiled is None:
        return
    part = part_of(context.compiled.statement.table.name)
    if part:
        connection.info.setdefault("changed", set()).add(part)


def _raise(connection: Connection) -> None:
    for name in sorted(connection.info.pop("changed", ())):
        statement = insert_or(connection, changes).values(name=name, version=1, at=utc_now())
        more = {"version": changes.c.version + 1, "at": utc_now()}
        connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=more))
        connection.info["raised"] = True


def _visible(engine: Engine | None, info: dict[str, Any]) -> None:
    """A connection comes back: what it changed is committed. Said at the commit itself, a reader between the two would
    keep the old counters as new ones."""
    if info.pop("raised", False) and engine is not None:
        _own_changes[engine] = next(_numbers)


class Versions:
    """Reads the counters: one small query."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: tuple[float, int, dict[str, int]] | None = None

    def now(self, *parts: str) -> str:
        """The counters of these parts, and of what nobody named, as one word."""
        return _word(self._read(), parts)

    def lately(self, *parts: str) -> str:
        """As `now`, but what other processes changed may show a second later: a crawl changes something many times a
        second, and no screen is drawn anew that often."""
        kept, own = self._kept, _own_changes.get(self._engine, 0)
        if kept is None or kept[1] != own or time.monotonic() - kept[0] > LATELY:
            kept = self._kept = time.monotonic(), own, self._read()
        return _word(kept[2], parts)

    def _read(self) -> dict[str, int]:
        with self._engine.connect().execution_options(**READ_ONLY) as connection:
            return {row.name: row.version for row in connection.execute(select(changes.c.name, changes.c.version))}


def _word(found: dict[str, int], parts: tuple[str, ...]) -> str:
    return "-".join(str(found.get(part, 0)) for part in (*parts, OTHER))
