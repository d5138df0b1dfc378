"""The audit log: who read, searched, exported or changed what, when, and from where. Rows are added, never changed."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Event, Lock, Thread
from typing import Any

from sqlalchemy import Engine, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from monitor.archive import utc_now
from monitor.database import READ_ONLY
from monitor.people.tables import audit

log = logging.getLogger("duluan.audit")
EVERY = 1.0  # seconds between writes
WINDOW = 600.0  # seconds in which the same read by the same one is a row once, and once more with the number of times
MOST_KNOWN = 20_000  # reads whose repetitions are counted at a time
SHORTEST_KEPT = 30  # days; the tables themselves refuse to let younger rows go
LONGEST_TEXT = 2000


@dataclass(frozen=True, slots=True)
class Entry:
    """One row. `action`: search, story, mention, issue, export, login, logout, refused, or `change ...`;
    `what`: the path; `query`: its parameters, or a note of what changed; `times`: how often, when reads repeat."""

    who: str
    role: str
    key_id: str | None
    action: str
    what: str
    query: str
    status: int
    address: str
    at: datetime
    times: int = 1
    id: int = 0


def of_command(who: str, command: str, what: str, address: str = "") -> Entry:
    """A change that somebody made at the command line."""
    return Entry(who, "", None, "change cli", command, what, 0, address, utc_now())


class AuditLog:
    """The log in the archive."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, entries: Iterable[Entry]) -> None:
        rows = [_row(entry) for entry in entries]
        if rows:
            with self._engine.begin() as connection:
                connection.execute(insert(audit), rows)

    def search(
        self,
        *,
        who: str = "",
        action: str = "",
        text: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Entry]:
        """Rows, newest first; `action` takes in what begins with it, `text` is found in path and query."""
        query = select(audit).order_by(audit.c.id.desc()).limit(limit)
        query = query.where(audit.c.who == who) if who else query
        query = query.where(audit.c.action.startswith(action, autoescape=True)) if action else query
        if text:
            in_text = audit.c.what.icontains(text, autoescape=True) | audit.c.query.icontains(text, autoescape=True)
            query = query.where(in_text)
        query = query.where(audit.c.at >= since) if since else query
        query = query.where(audit.c.at < until) if until else query
        query = query.where(audit.c.id < before) if before is not None else query
        with self._engine.connect().execution_options(**READ_ONLY) as connection:
            return [Entry(**row._mapping) for row in connection.execute(query)]

    def walk(self, **filters: Any) -> Iterator[Entry]:
        """All rows that the filters select, newest first, read in parts."""
        before: int | None = None
        while found := self.search(**filters, before=before, limit=1000):
            yield from found
            before = found[-1].id

    def forget(self, older_than: timedelta) -> None:
        """Lets rows go that were kept long enough."""
        kept = max(older_than, timedelta(days=SHORTEST_KEPT, hours=1))
        with self._engine.begin() as connection:
            connection.execute(delete(audit).where(audit.c.at < utc_now() - kept))


class Recorder:
    """Writes reads in the background, so that a poll costs no transaction, and changes before they are answered."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log
        self._lock = Lock()
        self._waiting: list[Entry] = []
        self._known: dict[Entry, tuple[float, Entry, int]] = {}  # when first seen, the last one, repetitions
        self._stop = Event()
        self._thread = Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    def read(self, entry: Entry) -> None:
        """Takes note of a read; it is written within a second, its repetitions as one row after ten minutes."""
        same = replace(entry, at=datetime.min, status=0)
        with self._lock:
            begun, _, times = self._known.get(same, (0.0, entry, 0))
            if begun:
                self._known[same] = (begun, entry, times + 1)
                return
            self._waiting.append(entry)
            if len(self._known) < MOST_KNOWN:
                self._known[same] = (time.monotonic(), entry, 0)

    def change(self, entry: Entry) -> None:
        """Writes now: what was changed is in the log before anybody hears that it was done."""
        self._log.add([entry])

    def flush(self) -> None:
        """Writes what waits now."""
        self._write(self._due(time.monotonic() - WINDOW))

    def close(self) -> None:
        """Writes everything, repetitions too, and ends."""
        self._stop.set()
        self._thread.join()
        self._write(self._due(time.monotonic()))

    def _run(self) -> None:
        while not self._stop.wait(EVERY):
            self.flush()

    def _due(self, begun_before: float) -> list[Entry]:
        with self._lock:
            over = [same for same, (begun, _, _) in self._known.items() if begun <= begun_before]
            ended = [self._known.pop(same) for same in over]
            due, self._waiting = self._waiting, []
        return due + [replace(last, times=times) for _, last, times in ended if times]

    def _write(self, due: list[Entry]) -> None:
        try:
            self._log.add(due)
        except SQLAlchemyError:
            log.exception("the audit log cannot be written; %d entries wait", len(due))
            with self._lock:
                self._waiting = due + self._waiting


def _text(given: str, most: int) -> str:
    """PostgreSQL keeps no NUL: one in an address must not hold up the log."""
    return given[:most].replace("\0", "\N{REPLACEMENT CHARACTER}")


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "at": entry.at,
        "who": _text(entry.who, 120),
        "role": entry.role,
        "key_id": entry.key_id,
        "action": entry.action[:40],
        "what": _text(entry.what, LONGEST_TEXT),
        "query": _text(entry.query, LONGEST_TEXT),
        "status": entry.status,
        "address": entry.address[:64],
        "times": entry.times,
    }
