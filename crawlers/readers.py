"""Reads pages in processes of their own: extraction is processor time that the download loop must not wait for.

A page that kills or hangs its reader ends as an error of that page alone. A reader starts when a page needs it and
ends after a while without pages (where the loop goes on), and with the process that started it. Pages lie in memory
that both share; what is said about them goes over two pipes.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import mmap
import os
import pickle
import struct
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from crawlers.pages import Read, Response
from crawlers.source import Source

PATIENCE = 60.0  # seconds one page may take; real ones take at most one
IDLE = 60.0  # seconds without a page after which readers end
AHEAD = 4  # pages that a reader has at a time, so that it never waits for the loop
_ROOM = 8 << 20  # bytes for each of them; a larger page, which no settings of ours let in, goes over the pipe
_SIZE = struct.Struct("!Q")
_PART = 1 << 16


class ReaderError(RuntimeError):
    """The page could not be read; the message is the reason in Vietnamese."""


@dataclass(eq=False, slots=True)
class _Job:
    """A page on its way, and who waits for it."""

    response: Response
    answer: asyncio.Future[Read]


class Readers:
    """Up to `count` reader processes (default: one a core), shared by all passes of one event loop."""

    def __init__(self, count: int | None = None, patience: float = PATIENCE) -> None:
        self._count = count or os.cpu_count() or 1
        self._patience = patience
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: deque[_Job] = deque()
        self._readers: list[_Reader] = []
        self._idle: asyncio.TimerHandle | None = None

    async def read(self, response: Response) -> Read:
        """What the page gives. Raises ReaderError for one that its reader does not survive."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self.close()  # whoever waited in the other loop is gone with it
            self._loop = loop
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        job = _Job(response, loop.create_future())
        self._waiting.append(job)
        self._hand_out()
        return await job.answer

    def close(self) -> None:
        """Ends the readers; a page that comes later starts new ones."""
        readers, self._readers, self._idle = self._readers, [], None
        self._waiting.clear()
        for reader in readers:
            reader.end()

    def _hand_out(self) -> None:
        while self._waiting:
            reader = min(self._readers, key=lambda each: len(each.jobs), default=None)
            if (reader is None or reader.jobs) and len(self._readers) < self._count:
                assert self._loop is not None
                reader = _Reader(self._loop, self._patience, self._freed, self._lost)
                self._readers.append(reader)
            if reader is None or len(reader.jobs) >= AHEAD:
                return
            reader.take(self._waiting.popleft())

    def _freed(self) -> None:
        self._hand_out()
        if self._idle is None and not any(reader.jobs for reader in self._readers):
            assert self._loop is not None
            self._idle = self._loop.call_later(IDLE, self.close)

    def _lost(self, reader: _Reader) -> None:
        """A page ended its reader: those that stood behind it are read by another."""
        self._readers.remove(reader)
        self._waiting.extendleft(reversed(reader.jobs))
        reader.end()
        self._freed()


class _Reader:
    """One process and the two pipes to it. The next page is sent while one is read, so that it never waits for us."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        patience: float,
        freed: Callable[[], None],
        lost: Callable[[_Reader], None],
    ) -> None:
        self.jobs: deque[_Job] = deque()
        self._loop, self._patience, self._freed, self._lost = loop, patience, freed, lost
        room = _shared(AHEAD * _ROOM)
        self._room = mmap.mmap(room, AHEAD * _ROOM)
        self._turn = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "crawlers.readers", str(room)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(room,),
        )
        os.close(room)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin.fileno(), self._process.stdout.fileno()
        for pipe in (self._to, self._from):
            os.set_blocking(pipe, False)
        self._sent: dict[int, Source] = {}  # those the process knows, by their place here, which they keep
        self._unsent: deque[memoryview] = deque()
        self._received = bytearray()
        self._clock: asyncio.TimerHandle | None = None
        loop.add_reader(self._from, self._receive)

    def take(self, job: _Job) -> None:
        self.jobs.append(job)
        if len(self.jobs) == 1:
            self._wait()
        packed = pickle.dumps(self._message(job.response), pickle.HIGHEST_PROTOCOL)
        self._unsent.append(memoryview(_SIZE.pack(len(packed)) + packed))
        if len(self._unsent) == 1:
            self._send()

    def end(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
        if not self._loop.is_closed():
            self._loop.remove_reader(self._from)
            self._loop.remove_writer(self._to)
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._room.close()

    def _message(self, response: Response) -> tuple[Any, ...]:
        number = id(response.source)
        named = None if number in self._sent else self._sent.setdefault(number, response.source)
        return number, named, response.charset, response.url, response.at, response.hint, self._laid(response.body)

    def _laid(self, body: bytes) -> slice | bytes:
        """Where the page lies in the shared memory, in the place of one that has been answered."""
        if len(body) > _ROOM:
            return body
        start = self._turn * _ROOM
        self._turn = (self._turn + 1) % AHEAD
        self._room[start : start + len(body)] = body
        return slice(start, start + len(body))

    def _send(self) -> None:
        """As much as the pipe takes, which is nearly always all; the rest when there is room."""
        try:
            while self._unsent:
                sent = os.write(self._to, self._unsent[0])
                if sent < len(self._unsent[0]):
                    self._unsent[0] = self._unsent[0][sent:]
                else:
                    self._unsent.popleft()
        except BlockingIOError:
            self._loop.add_writer(self._to, self._send)
            return
        except OSError:
            self._unsent.clear()  # the end of its other pipe tells us that it is gone
        self._loop.remove_writer(self._to)

    def _receive(self) -> None:
        try:
            part = os.read(self._from, _PART)
        except BlockingIOError:
            return
        if not part:
            self._fail("trang làm hỏng bộ đọc")
            return
        self._received += part
        while len(self._received) >= _SIZE.size:
            end = _SIZE.size + _SIZE.unpack_from(self._received)[0]
            if len(self._received) < end:
                return
            answer = pickle.loads(memoryview(self._received)[_SIZE.size : end])  # noqa: S301 - both ends are ours
            self._received = self._received[end:]
            self._answered(answer)

    def _answered(self, answer: Any) -> None:
        job = self.jobs.popleft()
        self._wait()
        if not job.answer.done():
            if isinstance(answer, Read):
                job.answer.set_result(answer)
            else:
                job.answer.set_exception(ReaderError(f"lỗi khi đọc trang ({answer})"))
        self._freed()

    def _wait(self) -> None:
        """Gives the page whose turn it is its time."""
        if self._clock is not None:
            self._clock.cancel()
        self._clock = self._loop.call_later(self._patience, self._fail, "đọc trang quá lâu") if self.jobs else None

    def _fail(self, reason: str) -> None:
        if self.jobs:
            job = self.jobs.popleft()
            if not job.answer.done():
                job.answer.set_exception(ReaderError(reason))
        self._lost(self)


def _shared(size: int) -> int:
    """A file descriptor of so much memory that another process can have, too; it takes up what is written."""
    if hasattr(os, "memfd_create"):
        shared = os.memfd_create("duluan-pages")
    else:
        with tempfile.TemporaryFile() as file:
            shared = os.dup(file.fileno())
    os.truncate(shared, size)
    return shared


def _send(pipe: IO[bytes], value: Any) -> None:
    packed = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    pipe.write(_SIZE.pack(len(packed)) + packed)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> Any:
    """Raises EOFError when the other end is gone."""
    head = pipe.read(_SIZE.size)
    if len(head) < _SIZE.size:
        raise EOFError
    size = _SIZE.unpack(head)[0]
    packed = pipe.read(size)
    if len(packed) < size:
        raise EOFError
    return pickle.loads(packed)  # noqa: S301 - both ends are this program


def main() -> None:
    """The reader's side: pages from the shared memory, answers to stdout, until the other end is gone."""
    from crawlers.pages import read_response

    room = mmap.mmap(int(sys.argv[1]), 0, access=mmap.ACCESS_READ)
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints must not stand between answers
    sources: dict[int, Source] = {}
    with contextlib.suppress(EOFError, BrokenPipeError, KeyboardInterrupt):
        while True:
            number, source, charset, url, at, hint, lies = _receive(sys.stdin.buffer)
            source = sources.setdefault(number, source)
            body = lies if isinstance(lies, bytes) else room[lies]
            try:
                answer: Any = read_response(Response(body, charset, url, source, at, hint))
            except Exception as error:  # whatever a page does to us is this page's outcome
                answer = type(error).__name__
            _send(out, answer)


READERS = Readers()
atexit.register(READERS.close)

if __name__ == "__main__":
    main()
