"""Two machines collect into one PostgreSQL: what both find at once is kept once, and neither loses anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import Engine, func, select

from crawlers.ledger import Ledger
from crawlers.post import Post
from crawlers.source import Discovery, Source
from monitor.archive import Archive
from monitor.collect import ArchiveSink
from monitor.database import open_engine, posts, revisions, urls
from monitor.health.book import evidence
from monitor.migrate import migrate
from monitor.source_memory import SourceMemory
from tests.monitor.texts import FLOOD, article
from tests.postgresql import own_schema

NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)
SOURCE = Source(
    id="bao.example", name="Báo", home="https://bao.example/", discovery=Discovery(feeds=("https://bao.example/rss",))
)
ROUNDS = 12


@pytest.fixture(scope="module")
def machines(postgresql: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Engine]]:
    """Engines of two machines on one database."""
    with own_schema(postgresql) as url:
        engines = [open_engine(url), open_engine(url)]
        migrate(engines[0], Path(tmp_path_factory.mktemp("lock")) / "lock")
        yield engines
        for engine in engines:
            engine.dispose()


def told(round: int) -> list[Post]:
    return [article(f"vong-{round}-bai-{n}", FLOOD, NOW) for n in range(40)]


def at_once(machines: list[Engine], *stores: Callable[[Engine], list[str]]) -> list[list[str]]:
    """Each in a thread of its own, all let go at the same moment."""
    gate = Barrier(len(stores))

    def work(machine: Engine, store: Callable[[Engine], list[str]]) -> list[str]:
        gate.wait()
        return store(machine)

    with ThreadPoolExecutor(len(stores)) as pool:
        return list(pool.map(work, machines, stores))


def archive(engine: Engine) -> Archive:
    return Archive(engine, author_key=b"k")


def test_an_address_that_two_crawls_store_at_once_is_stored_once(machines: list[Engine]) -> None:
    seen: Counter[str] = Counter()
    for round in range(ROUNDS):
        batch = told(round)
        found = at_once(
            machines,
            lambda engine, batch=batch: list(archive(engine).store_many(batch)),  # type: ignore[misc]
            lambda engine, batch=batch: list(archive(engine).store_many(batch[::-1])),  # type: ignore[misc]
        )
        seen.update(each for results in found for each in results)
    assert seen == {"new": 40 * ROUNDS, "unchanged": 40 * ROUNDS}


def test_an_edit_that_two_crawls_find_at_once_is_one_revision(machines: list[Engine]) -> None:
    batch = told(99)
    archive(machines[0]).store_many(batch)
    edited = [replace(post, body=f"{post.body} Bổ sung số liệu buổi chiều.") for post in batch]
    found = at_once(
        machines,
        lambda engine: list(archive(engine).store_many(edited)),
        lambda engine: list(archive(engine).store_many(edited[::-1])),
    )
    assert Counter(each for results in found for each in results) == {"revised": 40, "unchanged": 40}
    with machines[0].connect() as connection:
        kept = select(func.count()).select_from(revisions.join(posts)).where(posts.c.url.contains("vong-99-"))
        assert connection.scalar(kept) == 40


def test_whole_passes_over_one_source_at_once_keep_their_books(machines: list[Engine]) -> None:
    batch = told(100)

    def crawl(engine: Engine, order: int) -> list[str]:
        memory = SourceMemory(engine)
        ledger = Ledger(SOURCE, ArchiveSink(archive(engine)), memory)
        for post in batch[::order]:
            ledger.accept(post.url)
            ledger.archive(post.url, [post])
        ledger.close()
        result = ledger.result(1)
        memory.finished(result, result.finished_at - result.started_at)
        return [result.state]

    states = at_once(machines, lambda engine: crawl(engine, 1), lambda engine: crawl(engine, -1))
    assert states == [["ok"], ["ok"]]
    with machines[0].connect() as connection:
        assert connection.scalar(select(func.count()).where(posts.c.url.contains("vong-100-"))) == 40
        outcomes = connection.scalars(select(urls.c.outcome).where(urls.c.url.contains("vong-100-"))).all()
    assert Counter(outcomes) == {"archived": 40}
    (facts,) = evidence(machines[0], [SOURCE], datetime.now(UTC))[SOURCE.id].facts.values()
    assert facts.runs == 2
