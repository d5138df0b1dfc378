"""kill -9 of indexing, many times, while the archive goes on changing: nothing lost, nothing doubled.

    python -m bench.index_kills --engine sqlite|elasticsearch --times 50 [--seed N]

A child process drains the change log (every third one builds the index anew beside the one in force) and is killed at a
random moment of its work. Meanwhile posts come, texts and dates change (also into other months), stories and relevance
change, posts are erased. In the end one child works in peace, and the index is compared with the archive.
Elasticsearch is the server of DULUAN_TEST_ELASTICSEARCH_URL, or one of our own for as long as the bench runs.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from crawlers.post import Post, Quality
from monitor.annotated import Annotated
from monitor.archive import post_id
from monitor.change_log import tell
from monitor.database import annotation_rows, posts
from monitor.indexer import Indexer
from monitor.installation import Installation
from monitor.reindex import reindex
from monitor.settings import Settings
from monitor.verify import Differences, verify
from nlp.annotation import Annotation, Relevance, SentimentResult, Topic

NOW = datetime(2026, 11, 20, tzinfo=UTC)
WORDS = (
    *("nước", "lên", "thôn", "xã", "đường", "cầu", "trường", "trạm", "mưa", "gió"),
    *("lúa", "cá", "chợ", "bến", "đèo", "suối", "dân", "họp", "điện"),
)
Label = Literal[0, 1, 2]
FEELINGS: tuple[Literal["negative", "neutral", "positive"], ...] = ("negative", "neutral", "positive")
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["bench.index_kills"])


class World:
    """An archive that changes: posts with annotations as the processor would record them, without its models."""

    def __init__(self, installation: Installation, seed: int) -> None:
        self.it, self.chance = installation, random.Random(seed)
        self.alive: dict[str, Post] = {}
        self._made = 0

    def grow(self, count: int) -> None:
        for start in range(0, count, 500):
            fresh = [self._post() for _ in range(min(500, count - start))]
            self._record(fresh, 2)

    def stir(self, count: int) -> None:
        """Changes so many posts, each in a way of its own."""
        ids = self.chance.sample(sorted(self.alive), min(count, len(self.alive)))
        kinds = ("story", "text", "date", "away", "erased")
        by_kind: dict[str, list[Post]] = {kind: [] for kind in kinds}
        for id in ids:
            by_kind[self.chance.choices(kinds, (50, 20, 15, 10, 5))[0]].append(self.alive[id])
        self._record(by_kind["story"], 2)
        self._record([replace(post, body=self._text()) for post in by_kind["text"]], 2)
        self._record([replace(post, body=self._text(), published_at=self._moment()) for post in by_kind["date"]], 2)
        self._record(by_kind["away"], 0)
        self._erase([post_id(post.canonical_url) for post in by_kind["erased"]])

    def _post(self) -> Post:
        self._made += 1
        url = f"https://tin.example.vn/{self._made}"
        return Post(
            id=None, url=url, canonical_url=url, source="tin-mau", kind="news", title=f"Tin số {self._made}",
            lead="", body=self._text(), published_at=self._moment(), method="bench", quality=Quality(1.0, ()),
        )  # fmt: skip

    def _text(self) -> str:
        return " ".join(self.chance.choices(WORDS, k=60))

    def _moment(self) -> datetime:
        return NOW - timedelta(minutes=self.chance.randrange(60 * 24 * 120))

    def _record(self, changed: list[Post], relevance: Label) -> None:
        if not changed:
            return
        self.it.archive.store_many(changed)
        ids = [post_id(post.canonical_url) for post in changed]
        found = self.it.archive.get(ids)
        batch = [Annotated(found[id], self._annotation(id, relevance), self._story(relevance)) for id in ids]
        self.it.annotations.record(batch, {a.story_id: "Vụ việc" for a in batch if a.story_id})
        self.alive |= dict(zip(ids, changed, strict=True))

    def _annotation(self, id: str, relevance: Label) -> Annotation:
        feeling = self.chance.choice(FEELINGS)
        return Annotation(
            id=id,
            relevance=Relevance(relevance, 1.0, "bench"),
            sentiment=SentimentResult(feeling, {feeling: 1.0}, ""),
            topics=(Topic(self.chance.choice(("disaster", "traffic", "education")), 1.0),),
        )

    def _story(self, relevance: int) -> str | None:
        return f"s{self.chance.randrange(500)}" if relevance else None

    def _erase(self, ids: list[str]) -> None:
        with self.it.engine.begin() as connection:
            for table, column in ((annotation_rows, annotation_rows.c.post_id), (posts, posts.c.id)):
                connection.execute(table.delete().where(column.in_(ids)))
            tell(connection, ids)
        for id in ids:
            del self.alive[id]


def work(settings: Settings, job: str, started: object) -> None:
    """What a child does until it is killed."""
    with Installation(settings) as installation:
        started.set()  # type: ignore[attr-defined]
        if job == "reindex":
            reindex(installation)
        Indexer(installation).run()


@dataclass(frozen=True)
class Outcome:
    """`at_work`: kills that hit a child before it had ended."""

    kills: int
    at_work: int
    mentions: int
    found: Differences
    seconds: float


def run(settings: Settings, times: int, seed: int = 1, posts_each: int = 1000) -> Outcome:
    """Kills indexing so many times, then lets it end in peace and compares."""
    began, at_work = time.monotonic(), 0
    with Installation(settings) as installation:
        world = World(installation, seed)
        world.grow(2 * posts_each)
        for turn in range(times):
            process = _start(settings, "reindex" if turn % 3 == 2 else "drain")
            deadline = time.monotonic() + (world.chance.uniform(0.0, 0.6) if turn else 0.0)  # the first surely at work
            while time.monotonic() < deadline and process.is_alive():
                world.grow(posts_each // 10)
                world.stir(posts_each // 10)
            at_work += process.is_alive()
            process.kill()  # or it has just ended by itself
            process.join()
            world.grow(posts_each // 2)
            world.stir(posts_each // 2)
        last = _start(settings, "drain")
        last.join()
        found = verify(installation)
        if installation.changes.state().building:
            reindex(installation)
            assert verify(installation).sound
        return Outcome(times, at_work, installation.index.count(), found, time.monotonic() - began)


def _start(settings: Settings, job: str) -> multiprocessing.process.BaseProcess:
    started = _FORKS.Event()
    process = _FORKS.Process(target=work, args=(settings, job, started))
    process.start()
    while not started.wait(0.05) and process.is_alive():
        pass
    return process


@contextlib.contextmanager
def engine_settings(engine: str, folder: Path) -> Iterator[Settings]:
    """Settings of an empty installation on this engine."""
    if engine == "sqlite":
        yield Settings(data=folder)
        return
    from bench._elasticsearch import server

    with server() as (url, prefix):
        yield Settings(data=folder, index="elasticsearch", elasticsearch_url=url, elasticsearch_prefix=prefix)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=("sqlite", "elasticsearch"), default="sqlite")
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, engine_settings(options.engine, Path(folder)) as settings:
        outcome = run(settings, options.times, options.seed)
    print(f"{options.engine}: {outcome.kills} kills, {outcome.at_work} of them at work, {outcome.seconds:.0f} s")
    print(f"{outcome.mentions:,} mentions in the index, {outcome.found.checked:,} compared with the archive:")
    for name in ("missing", "extra", "stale", "doubled", "misplaced", "refused", "problems"):
        print(f"  {name:<10} {len(getattr(outcome.found, name))}")
    print(f"  waiting    {outcome.found.waiting}")
    raise SystemExit(0 if outcome.found.sound and not outcome.found.waiting else 1)


if __name__ == "__main__":
    main()
