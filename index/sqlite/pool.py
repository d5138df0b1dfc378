"""Connections for many threads and processes, time limits, and SQLite's errors in the port's words."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from index.port import IndexBroken, IndexUnavailable, TooSlow
from index.sqlite.files import Files

BUSY_SECONDS = 30
IDLE = 8  # connections that are kept for the next caller
_STEPS = 4000  # virtual machine steps between two looks at the clock; a look costs well under a microsecond


_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
Version = tuple[int, int]


class Pool:
    """Lends each caller a connection of its own to the file in force; idle ones are kept for the next caller.

    `make` prepares the file where there is none (somebody deleted it).
    """

    def __init__(self, files: Files, *, time_limit: float, make: Callable[[], None]) -> None:
        self.files, self.time_limit, self._make = files, time_limit, make
        self._idle: list[tuple[Version, sqlite3.Connection]] = []
        self._lock = threading.Lock()
        self._closed = False

    @contextlib.contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """A connection in autocommit mode. What is still open at the end is rolled back."""
        with self.translated():
            version = self._version()
            conn = self._taken(version) or connect(self.files.path)
            try:
                yield conn
            except BaseException:
                conn.set_progress_handler(None, 0)
                if conn.in_transaction:
                    conn.execute("ROLLBACK")
                self._keep(version, conn)
                raise
            if conn.in_transaction:
                conn.execute("ROLLBACK")
        self._keep(version, conn)

    @contextlib.contextmanager
    def translated(self) -> Iterator[None]:
        """SQLite's errors in the port's words; damage is remembered beside the file, for whoever can mend it."""
        try:
            yield
        except sqlite3.Error as error:
            if damaged(error):
                self.files.suspect()
            raise translation(error, self.time_limit) from error

    def _version(self) -> Version:
        """What tells the file in force from any other."""
        try:
            found = self.files.path.stat()
        except FileNotFoundError:
            self._make()
            found = self.files.path.stat()
        return found.st_dev, found.st_ino

    def _taken(self, version: Version) -> sqlite3.Connection | None:
        with self._lock:
            if self._closed:
                raise IndexUnavailable("Chỉ mục đã đóng.")
            old = [conn for known, conn in self._idle if known != version]
            self._idle = [(known, conn) for known, conn in self._idle if known == version]
            found = self._idle.pop()[1] if self._idle else None
        for conn in old:
            conn.close()
        return found

    def _keep(self, version: Version, conn: sqlite3.Connection) -> None:
        with self._lock:
            if not self._closed and len(self._idle) < IDLE:
                self._idle.append((version, conn))
                return
        conn.close()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for _, conn in idle:
            conn.close()


def connect(path: Path) -> sqlite3.Connection:
    """Opens the file. WAL lets readers of any process read while one writer writes."""
    conn = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    conn.execute("PRAGMA journal_mode = WAL")
    conn.execute("PRAGMA synchronous = FULL")  # a commit outlives a power cut: the archive relies on it
    conn.execute("PRAGMA secure_delete = FAST")
    # The kernel keeps what is read often, once for all connections and processes: a large cache of each connection, or
    # the file mapped into each, makes nothing sooner and takes that memory again and again.
    conn.execute("PRAGMA cache_size = -4096")
    conn.execute("PRAGMA temp_store = MEMORY")
    conn.execute("PRAGMA journal_size_limit = 67108864")
    return conn


@contextlib.contextmanager
def limited(conn: sqlite3.Connection, seconds: float) -> Iterator[None]:
    """Interrupts statements that run past the limit."""
    deadline = time.monotonic() + seconds
    conn.set_progress_handler(lambda: int(time.monotonic() > deadline), _STEPS)
    try:
        yield
    finally:
        conn.set_progress_handler(None, 0)


def damaged(error: sqlite3.Error) -> bool:
    """Whether the file holds something else than it should."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED


def translation(error: sqlite3.Error, time_limit: float) -> IndexUnavailable:
    """SQLite's error with a sentence for people."""
    if damaged(error):
        return IndexBroken(f"Tệp chỉ mục bị hỏng ({error}); bộ xử lý sẽ lập lại chỉ mục từ kho lưu.")
    if "interrupted" in str(error):
        return TooSlow(f"Tìm kiếm mất hơn {time_limit:g} giây nên đã dừng; hãy thu hẹp thời gian hoặc từ khóa.")
    if "locked" in str(error) or "busy" in str(error):
        return IndexUnavailable("Chỉ mục đang bận ghi, hãy thử lại sau ít giây.")
    return IndexUnavailable(f"Chỉ mục không đọc hoặc ghi được ({error}).")
