"""Reader processes: what a page does to its reader is that page's own end, whoever stands behind it."""

from __future__ import annotations

import asyncio
import mmap
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from crawlers.pages import Read, Response
from crawlers.readers import AHEAD, ReaderError, Readers, _shared
from crawlers.source import Discovery, Source

SOURCE = Source(
    id="bao", name="Báo", home="https://bao.example/", discovery=Discovery(feeds=("https://bao.example/r",))
)
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def page(number: int, more: str = "") -> Response:
    text = f"<p>Xã Gio Linh khởi công tuyến đường số {number}, dài hai cây số, qua ba thôn ven biển của xã.</p>" * 4
    body = f"<html><h1>Khởi công tuyến đường số {number} ở Gio Linh</h1><article>{text}</article>{more}</html>"
    return Response(body.encode(), "utf-8", f"https://bao.example/bai-{number}.html", SOURCE, NOW)


@pytest.fixture(scope="module")
def readers() -> Iterator[Readers]:
    found = Readers(count=1)
    yield found
    found.close()


def test_pages_come_back_to_who_asked_whatever_their_size(readers: Readers) -> None:
    async def read() -> list[tuple[str, str]]:
        # The second is larger than a pipe, the third than the room in the shared memory; the others stand behind them.
        long = [page(2, f"<!--{'x' * 3_000_000}-->"), page(3, f"<!--{'x' * 9_000_000}-->")]
        wanted = [page(1), *long, *(page(n) for n in range(4, 4 * AHEAD))]
        found = await asyncio.gather(*(readers.read(each) for each in wanted))
        return [(each.posts[0].url, each.posts[0].title) for each in found]

    assert asyncio.run(read()) == [
        (page(number).url, f"Khởi công tuyến đường số {number} ở Gio Linh") for number in range(1, 4 * AHEAD)
    ]


def test_a_page_that_kills_or_hangs_its_reader_takes_no_other_with_it(readers: Readers) -> None:
    async def read(ending: signal.Signals) -> list[object]:
        await readers.read(page(0))
        (reader,) = readers._readers
        os.kill(reader._process.pid, signal.SIGSTOP)
        reading = [asyncio.create_task(readers.read(page(number))) for number in range(AHEAD + 2)]
        await asyncio.sleep(0)
        assert len(reader.jobs) == AHEAD
        os.kill(reader._process.pid, ending)
        if ending == signal.SIGSTOP:
            reader._patience = 0.05
            reader._wait()
        return await asyncio.gather(*reading, return_exceptions=True)

    async def both() -> list[list[object]]:
        return [await read(signal.SIGKILL), await read(signal.SIGSTOP)]

    # In another loop than the test before: readers of one that has ended are no use.
    killed, hung = asyncio.run(both())
    for reason, (first, *others) in (("trang làm hỏng bộ đọc", killed), ("đọc trang quá lâu", hung)):
        assert isinstance(first, ReaderError)
        assert str(first) == reason
        assert [each.posts[0].url for each in others if isinstance(each, Read)] == [
            page(number).url for number in range(1, AHEAD + 2)
        ]


def test_memory_is_shared_where_the_system_has_no_memory_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create")
    room = _shared(1 << 16)
    with mmap.mmap(room, 0) as ours, mmap.mmap(room, 0, access=mmap.ACCESS_READ) as theirs:
        ours[10:14] = b"page"
        assert theirs[10:14] == b"page"
    os.close(room)
