"""Reads pages in processes of their own: extraction is processor time that the download loop must not wait for.

A page that kills or hangs its reader ends as an error of that page alone. A reader starts when a page needs it and
ends after a while without pages, and with the process that started it.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import fcntl
import os
import pickle
import queue
import select
import struct
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

from crawlers.pages import Read, Response
from crawlers.source import Source

PATIENCE = 60.0  # seconds one page may take; real ones take at most one
IDLE = 60.0  # seconds without a page after which readers end
_SIZES = struct.Struct("!QQ")


class ReaderError(RuntimeError):
    """The page could not be read; the message is the reason in Vietnamese."""


class Readers:
    """Up to `count` reader processes (default: one a core), shared by all passes of this process. Thread-safe."""

    def __init__(self, count: int | None = None, patience: float = PATIENCE) -> None:
        self._count = count or os.cpu_count() or 1
        self._patience = patience
        self._threads: ThreadPoolExecutor | None = None
        self._free: queue.LifoQueue[_Reader] = queue.LifoQueue()
        self._lock = threading.Lock()
        self._idle: threading.Timer | None = None
        self._under_way = 0

    async def read(self, response: Response) -> Read:
        """What the page gives. Raises ReaderError for one that its reader does not survive."""
        with self._lock:
            self._under_way += 1
            if self._idle is not None:
                self._idle.cancel()
                self._idle = None
            if self._threads is None:
                self._threads = ThreadPoolExecutor(self._count, thread_name_prefix="reader")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, response)
        finally:
            self._rest()

    def _read(self, response: Response) -> Read:
        try:
            reader = self._free.get_nowait()
        except queue.Empty:
            reader = _Reader()
        try:
            found = reader.read(response, self._patience)
        except ReaderError:
            reader.end()
            raise
        self._free.put(reader)
        return found

    def _rest(self) -> None:
        with self._lock:
            self._under_way -= 1
            if self._under_way == 0:
                self._idle = threading.Timer(IDLE, self._end_if_idle)
                self._idle.daemon = True
                self._idle.start()

    def _end_if_idle(self) -> None:
        with self._lock:
            if self._under_way == 0:
                self._end()

    def close(self) -> None:
        """Ends the readers; a page that comes later starts new ones."""
        with self._lock:
            if self._idle is not None:
                self._idle.cancel()
            self._end()

    def _end(self) -> None:
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False)
        with contextlib.suppress(queue.Empty):
            while True:
                self._free.get_nowait().end()


class _Reader:
    """One process and the two pipes to it; used by one thread at a time."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "crawlers.readers"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            _widen(pipe)
        self._sent: dict[Source, int] = {}  # sources that the process knows by number

    def read(self, response: Response, patience: float) -> Read:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            _send(self._process.stdin, self._message(response), response.body)
            if not select.select([self._process.stdout], [], [], patience)[0]:
                raise ReaderError("đọc trang quá lâu")
            answer, _ = _receive(self._process.stdout)
        except (OSError, EOFError) as error:
            raise ReaderError("trang làm hỏng bộ đọc") from error
        if isinstance(answer, Read):
            return answer
        raise ReaderError(f"lỗi khi đọc trang ({answer})")

    def _message(self, response: Response) -> tuple[Any, ...]:
        known = self._sent.get(response.source)
        number = self._sent.setdefault(response.source, len(self._sent))
        named = None if known is not None else response.source
        return number, named, response.charset, response.url, response.at, response.hint

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _widen(pipe: IO[bytes]) -> None:
    """Room for a whole page: a page that goes in pieces wakes both ends for each of them."""
    with contextlib.suppress(OSError, AttributeError):  # only Linux has this, and up to a limit for each user
        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, 1 << 20)


def _send(pipe: IO[bytes], value: Any, body: bytes = b"") -> None:
    """The value, and bytes beside it that are not copied into it."""
    packed = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    pipe.write(_SIZES.pack(len(packed), len(body)) + packed)
    pipe.write(body)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> tuple[Any, bytes]:
    """Raises EOFError when the other end is gone."""
    head = pipe.read(_SIZES.size)
    if len(head) < _SIZES.size:
        raise EOFError
    size, beside = _SIZES.unpack(head)
    packed, body = pipe.read(size), pipe.read(beside)
    if len(packed) < size or len(body) < beside:
        raise EOFError
    return pickle.loads(packed), body  # noqa: S301 - both ends are this program


def main() -> None:
    """The reader's side: pages from stdin, answers to stdout, until the other end is gone."""
    from crawlers.pages import read_response

    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints must not stand between answers
    sources: dict[int, Source] = {}
    with contextlib.suppress(EOFError, BrokenPipeError, KeyboardInterrupt):
        while True:
            (number, source, charset, url, at, hint), body = _receive(sys.stdin.buffer)
            source = sources.setdefault(number, source)
            try:
                answer: Any = read_response(Response(body, charset, url, source, at, hint))
            except Exception as error:  # whatever a page does to us is this page's outcome
                answer = type(error).__name__
            _send(out, answer)


READERS = Readers()
atexit.register(READERS.close)

if __name__ == "__main__":
    main()
