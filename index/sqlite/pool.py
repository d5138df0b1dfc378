"""Connections for many threads and processes, time limits, and SQLite's errors in the port's words."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from index.port import IndexUnavailable

BUSY_SECONDS = 30
_STEPS = 4000  # virtual machine steps between two looks at the clock; a look costs well under a microsecond


class Pool:
    """Lends each caller a connection of its own; idle ones are kept for the next caller."""

    def __init__(self, path: Path, *, time_limit: float) -> None:
        self.path, self.time_limit = path, time_limit
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._closed = False

    @contextlib.contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """A connection in autocommit mode. What is still open at the end is rolled back."""
        with self._lock:
            if self._closed:
                raise IndexUnavailable("Chỉ mục đã đóng.")
            conn = self._idle.pop() if self._idle else None
        with translated(self.time_limit):
            conn = conn or connect(self.path)
            try:
                yield conn
            except BaseException:
                conn.set_progress_handler(None, 0)
                if conn.in_transaction:
                    conn.execute("ROLLBACK")
                self._keep(conn)
                raise
            if conn.in_transaction:
                conn.execute("ROLLBACK")
        self._keep(conn)

    def _keep(self, conn: sqlite3.Connection) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(conn)
                return
        conn.close()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for conn in idle:
            conn.close()


def connect(path: Path) -> sqlite3.Connection:
    """Opens the file. WAL lets readers of any process read while one writer writes."""
    conn = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    conn.execute("PRAGMA journal_mode = WAL")
    conn.execute("PRAGMA synchronous = FULL")  # a commit outlives a power cut: the archive relies on it
    conn.execute("PRAGMA secure_delete = FAST")
    conn.execute("PRAGMA cache_size = -65536")
    conn.execute("PRAGMA mmap_size = 1073741824")
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


@contextlib.contextmanager
def translated(time_limit: float) -> Iterator[None]:
    """SQLite's errors as `IndexUnavailable` with a sentence for people."""
    try:
        yield
    except sqlite3.Error as error:
        if "interrupted" in str(error):
            message = f"Tìm kiếm mất hơn {time_limit:g} giây nên đã dừng; hãy thu hẹp thời gian hoặc từ khóa."
        elif "locked" in str(error) or "busy" in str(error):
            message = "Chỉ mục đang bận ghi, hãy thử lại sau ít giây."
        else:
            message = f"Chỉ mục không đọc hoặc ghi được ({error})."
        raise IndexUnavailable(message) from error
