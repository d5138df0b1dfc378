"""Care of the file: rebuilding, verifying, retention, and another file built beside and put in force."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import starmap
from pathlib import Path

from index.port import Analyzer, Held, IndexBroken
from index.sqlite import schema
from index.sqlite.files import Files
from index.sqlite.mentions import every
from index.sqlite.pool import Pool, connect, damaged, translation
from index.sqlite.schema import SHIFT
from index.values import fresh_name, second

_TABLES = ("meta", "fold_docsize", "exact_docsize")
_BATCH = 5000


class Keeper:
    """Opens, checks, renews and replaces the file of an index."""

    def __init__(self, path: Path, analyzer: Analyzer) -> None:
        self.files, self._analyzer = Files(path), analyzer
        path.parent.mkdir(parents=True, exist_ok=True)

    def open(self) -> None:
        """Makes the tables where they are missing or not ours; a file that is broken is put aside and made anew."""
        try:
            self._ensure(self.files.path)
        except sqlite3.Error as error:
            if not damaged(error):
                raise translation(error, 0) from error
            self.renew()

    def _ensure(self, path: Path) -> None:
        with contextlib.closing(connect(path)) as conn:
            schema.ensure(conn, self._analyzer)

    def renew(self) -> None:
        """Puts an empty file in force; the one before is kept as `.broken` until the next one breaks."""
        path = self.files.path
        with self.files.alone():
            if self._sound():
                return  # another process was faster
            name = fresh_name()
            self._ensure(self.files.of(name))
            aside = path.with_name(path.name + ".broken")
            aside.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                os.link(path.resolve(), aside)
            self.files.remove(self.files.switch(name))
            self.files.trust()

    def _sound(self) -> bool:
        try:
            with contextlib.closing(connect(self.files.path)) as conn:
                return not self.files.suspected and schema.known(conn, self._analyzer) and not problems(conn)
        except sqlite3.Error:
            return False

    def put_in_force(self, name: str) -> None:
        file = self.files.of(name)
        with contextlib.closing(connect(file)) as conn:
            # Later than anything that readers of the file before remember.
            conn.execute("UPDATE state SET epoch = ?, rebuild = 0", (time.time_ns(),))
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if self.files.name != name:
            self.files.remove(self.files.switch(name))
        self.files.trust()

    def drop_others(self, keep: str | None) -> list[str]:
        names = [name for name in self.files.beside() if name != keep]
        for name in names:
            self.files.remove(self.files.of(name))
        return names


def needs_rebuild(pool: Pool, keeper: Keeper) -> bool:
    """Whether the file waits for the archive. A file that somebody met damage in is looked at, and renewed if so."""
    if keeper.files.suspected:
        with contextlib.suppress(IndexBroken), pool.connection() as conn:
            if not problems(conn):
                keeper.files.trust()
        if keeper.files.suspected:
            keeper.renew()
    with pool.connection() as conn:
        return bool(conn.execute("SELECT rebuild FROM state").fetchone()[0])


def problems(conn: sqlite3.Connection) -> list[str]:
    """What is wrong with the file, nothing when it is sound. Reads all of it."""
    found = [row[0] for row in conn.execute("PRAGMA quick_check") if row[0] != "ok"]
    total = conn.execute("SELECT count(*) FROM mention").fetchone()[0]
    for table in _TABLES:
        count = conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608  # noqa: S608 - the names are ours
        if count != total:
            found.append(f"bảng {table} có {count} dòng, bảng mention có {total}")
    for table in ("fold", "exact"):
        try:
            conn.execute(f"INSERT INTO {table}({table}) VALUES('integrity-check')")
        except sqlite3.DatabaseError as error:
            found.append(f"chỉ mục toàn văn {table}: {error}")
    return found


def scan(files: Files) -> Iterator[Held]:
    """Every mention of one moment, in a connection of its own that holds the moment."""
    try:
        with contextlib.closing(connect(files.path)) as conn:
            conn.execute("BEGIN")
            yield from starmap(_held, every(conn))
    except sqlite3.Error as error:
        if damaged(error):
            files.suspect()
        raise translation(error, 0) from error


def _held(rid: int, held: Held) -> Held:
    moment = second(held.mention.published_at)
    # A second that is full spills into the next ones; two rows of one moment are never more than an hour apart.
    return Held(held.mention, moment <= rid >> SHIFT <= moment + 3600)


def before(pool: Pool, moment: datetime) -> Iterator[list[str]]:
    """Ids of the months that end before a moment, in batches; the caller deletes one before it asks for the next."""
    month = moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = second(month) << SHIFT
    while True:
        with pool.connection() as conn:
            rows = conn.execute("SELECT id FROM mention WHERE rid < ? ORDER BY rid LIMIT ?", (end, _BATCH)).fetchall()
        if not rows:
            return
        yield [row[0] for row in rows]
