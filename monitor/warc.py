"""WARC files into the archive: one record at a time, kept in batches, and begun again where a run was cut short."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from crawlers.saved import SavedPage, read_warc
from monitor.archive import insert_or, utc_now
from monitor.database import READ_ONLY, warc_files
from monitor.installation import Installation

BATCH = 100  # pages between two notes of how far the file was read
_HEAD = 65_536  # bytes that tell one file from another, with its size


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a file was read: the byte of the record to go on from, pages seen, whether it is done."""

    offset: int = 0
    records: int = 0
    finished: bool = False


class WarcIngest:
    """Reads one WARC file into the archive. Killed at any moment and started again, it goes on from its last note."""

    def __init__(self, installation: Installation, path: Path, only: Sequence[str] = ()) -> None:
        self._it = installation
        self._path = path
        self._only = tuple(sorted(only))
        self._id = _identity(path, self._only)

    def progress(self) -> Progress:
        query = select(warc_files).where(warc_files.c.id == self._id)
        with self._it.engine.connect().execution_options(**READ_ONLY) as connection:
            row = connection.execute(query).first()
        return Progress(row.offset, row.records, bool(row.finished)) if row else Progress()

    def run(self, on_page: Callable[[SavedPage], None], *, again: bool = False) -> Counter[str]:
        """Goes through the rest of the file; returns what the archive said of the posts. Never raises for the file."""
        begun = Progress() if again else self.progress()
        stored = Counter[str]()
        if begun.finished:
            return stored
        batch: list[SavedPage] = []
        seen, broken = begun.records, False
        for page in read_warc(self._path, self._it.sources.values(), start=begun.offset, only=self._only):
            on_page(page)
            broken |= bool(page.problem) and not page.url
            batch.append(page)
            if len(batch) == BATCH:
                seen += self._keep(batch, stored)
                self._note(Progress(page.offset, seen))
                batch = []
        at = batch[-1].offset if batch else self.progress().offset
        seen += self._keep(batch, stored)
        self._note(Progress(at, seen, finished=not broken))
        return stored

    def _keep(self, pages: Sequence[SavedPage], stored: Counter[str]) -> int:
        posts = [post for page in pages for post in page.posts]
        if posts:
            stored.update(self._it.archive.store_many(posts))
        return len(pages)

    def _note(self, progress: Progress) -> None:
        values = {
            "offset": progress.offset,
            "records": progress.records,
            "finished": int(progress.finished),
            "read_at": utc_now(),
        }
        with self._it.engine.begin() as connection:
            statement = insert_or(connection, warc_files).values(id=self._id, name=str(self._path), **values)
            connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def _identity(path: Path, only: Sequence[str]) -> str:
    """The same for the same content and wish, wherever the file lies."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    told = f"{path.stat().st_size} {' '.join(only)}".encode()
    return hashlib.blake2b(head + told, digest_size=16).hexdigest()
