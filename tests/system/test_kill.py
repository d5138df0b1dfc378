"""Killed at any moment and started again, nothing is lost and nothing doubled; and whoever starts all also ends all."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import func, select

from monitor.database import annotation_rows, urls
from monitor.indexer import Indexer
from monitor.installation import Installation
from monitor.running import DEMO_ANCHOR
from monitor.settings import Settings
from monitor.verify import verify
from monitor.wording import rfc3339
from sandbox.site import numbered_bases
from sandbox.truth import truth
from sandbox.world import World
from tests.system.conftest import LIMIT, ROOT, Served, environment, eventually, free_ports, start

pytestmark = pytest.mark.slow

KILLS = 20
SEED = int(os.environ.get("DULUAN_TEST_SEED", "20261123"))
PROMISED = 60.0  # seconds from publication to the dashboard


# the worker


@dataclass(frozen=True)
class Killed:
    """What is left after the worker was killed so often and then worked in peace to the end."""

    installation: Installation
    readable: dict[str, dict[str, Any]]
    at_work: int  # kills that hit a worker with work before it


@pytest.fixture(scope="module")
def killed(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killed]:
    folder = tmp_path_factory.mktemp("killed")
    often = {"DULUAN_CRAWL_EVERY_SECONDS": "0.5", "DULUAN_PROCESS_EVERY_SECONDS": "0.3"}
    settings = {**served.settings, **often, "DULUAN_DATA": str(folder), "DULUAN_CRAWL_WHOLE": "true"}
    readable = {text["url"]: text for text in served.truth()["texts"] if text["readable"]}
    chance = random.Random(SEED)
    ours = Settings(data=folder, sources=served.sources, allow_private=True, crawl_whole=True)
    with Installation(ours) as installation:
        archive = installation.archive

        def done() -> bool:
            outcomes = archive.outcomes()
            all_in = outcomes["new"] == 0 and sum(outcomes.values()) == len(readable)
            return all_in and not installation.changes.waiting().changes

        at_work = 0
        for _ in range(KILLS):
            before, worker = archive.outcomes(), start("worker", **settings)
            if chance.random() < 0.75 and not done():
                eventually(lambda before=before: archive.outcomes() != before, "the worker gets on", pause=0.01)
                time.sleep(chance.uniform(0.0, 0.4))
            else:
                time.sleep(chance.uniform(0.1, 2.0))
            at_work += not done()
            kill(worker)
        worker = start("worker", **settings)
        eventually(lambda: done() and len(installation.memory.health()) == len(installation.sources), "all is done")
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGTERM)
        worker.join(LIMIT)
        assert worker.exitcode == 0
        Indexer(installation).run()  # vectors and second looks go on to the end: what they changed waited for a start
        yield Killed(installation, readable, at_work)


def kill(process: BaseProcess) -> None:
    process.kill()
    process.join(LIMIT)
    assert process.exitcode == -signal.SIGKILL


def test_kills_hit_a_worker_at_work(killed: Killed) -> None:
    assert killed.at_work >= KILLS // 2


def test_every_readable_text_is_in_the_archive_exactly_once(killed: Killed) -> None:
    archive = killed.installation.archive
    assert set(archive.by_url(list(killed.readable))) == set(killed.readable)
    assert sum(archive.outcomes().values()) == len(killed.readable)


def test_no_text_was_taken_for_a_new_version_of_itself(killed: Killed) -> None:
    posts = killed.installation.archive.by_url(list(killed.readable))
    assert {post.revision for post in posts.values()} == {1}


def test_every_post_has_its_final_outcome(killed: Killed) -> None:
    outcomes = killed.installation.archive.outcomes()
    assert (outcomes["new"], outcomes["failed"]) == (0, 0)


def test_the_index_holds_exactly_the_relevant_posts(killed: Killed) -> None:
    posts = killed.installation.archive.by_url(list(killed.readable))
    relevant = {post.id for post in posts.values() if post.outcome == "annotated"}
    index = killed.installation.index
    assert index.ids() == relevant
    assert index.count() == index.search("", limit=1).total == len(relevant)


def test_archive_and_index_agree_in_every_field(killed: Killed) -> None:
    found = verify(killed.installation)
    assert found.sound, found
    assert (found.waiting, killed.installation.changes.waiting().changes) == (0, 0)


def test_index_and_archive_name_the_same_story_and_original_for_every_post(killed: Killed) -> None:
    it = killed.installation
    mentions = {mention.id: mention for mention in it.index.get(sorted(it.index.ids()))}
    kept = it.annotations.stories_of(list(mentions))
    assert {id: mention.story for id, mention in mentions.items() if mention.story} == {
        id: grouping.story_id for id, grouping in kept.items()
    }
    for id, grouping in kept.items():
        assert mentions[id].duplicate_of == grouping.duplicate_of
        assert grouping.duplicate_of != id


def test_every_story_counts_its_members_and_no_more(killed: Killed) -> None:
    it = killed.installation
    with it.archive.read() as connection:
        rows = annotation_rows.c
        query = select(rows.story_id, func.count(), func.min(rows.counted_at), func.max(rows.counted_at))
        grouped = connection.execute(query.where(rows.story_id.is_not(None)).group_by(rows.story_id)).all()
    told = {(s.id, s.mentions, s.first_at, s.last_at) for s in it.annotations.stories_between(None, None, limit=10_000)}
    assert told == {tuple(row) for row in grouped}


def test_every_article_that_was_found_is_settled_as_archived(killed: Killed) -> None:
    news = [url for url, text in killed.readable.items() if text["kind"] == "news"]
    with killed.installation.archive.read() as connection:
        settled = dict(connection.execute(select(urls.c.url, urls.c.outcome)).tuples().all())
    assert {settled.get(url) for url in news} == {"archived"}


# the whole product


class Demo:
    """`duluan demo` in a process of its own, with ports that are free."""

    def __init__(self, folder: Path, port: int, sandbox_port: int) -> None:
        self.log = folder / "said.txt"
        self.url = f"http://127.0.0.1:{port}/"
        ports = ["--port", str(port), "--sandbox-port", str(sandbox_port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "monitor.cli", "demo", "--data", str(folder), *ports],
                stdout=log, stderr=log, cwd=ROOT, env=environment(), start_new_session=True,
            )  # fmt: skip

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def children(self) -> dict[str, int]:
        """The processes it keeps running, by the word that tells them apart."""
        found = {}
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children():
                words = " ".join(child.cmdline())
                for name, word in (("sandbox", "-m sandbox"), ("worker", "cli worker"), ("api", "uvicorn")):
                    if word in words:
                        found[name] = child.pid
        return found

    def get(self, path: str) -> dict[str, Any] | None:
        try:
            with urllib.request.urlopen(self.url + path, timeout=30) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except (urllib.error.URLError, OSError, ValueError):
            return None

    def first_pass_done(self) -> bool:
        state, sources = self.get("api/v1/status"), self.get("api/v1/sources")
        if state is None or sources is None:
            return False
        visited = all(source["last_run_at"] for source in sources["items"])
        return visited and state["outcomes"]["annotated"] > 0 and state["outcomes"]["new"] == 0

    def has(self, url: str) -> bool:
        found = self.get("api/v1/mentions?sort=newest&limit=50")
        return found is not None and url in [item["url"] for item in found["items"]]

    def wait_for(self, condition: Callable[[], bool], what: str, limit: float = LIMIT) -> float:
        try:
            return eventually(lambda: self.process.poll() is not None or condition(), what, limit)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.said}") from None

    def end(self) -> None:
        """Whatever still runs."""
        for pid in [*self.children().values(), self.process.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def demo(folder: Path, port: int, sandbox_port: int) -> Iterator[Demo]:
    running = Demo(folder, port, sandbox_port)
    try:
        yield running
    finally:
        running.end()


def lives(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def live_text(sandbox_port: int) -> tuple[datetime, dict[str, Any]]:
    """An anchor, and the text that a sandbox with this anchor publishes next, at least 25 s from now.

    The sandbox publishes on whole minutes.
    """
    at = datetime.now(UTC) + timedelta(seconds=25 + 60)
    anchor = at.replace(second=0, microsecond=0) - timedelta(seconds=100)
    told = truth(anchor, bases=numbered_bases(World(anchor), sandbox_port))["texts"]
    soon = [text for text in told if datetime.fromisoformat(text["published_at"]) > datetime.now(UTC)]
    return anchor, soon[0]


def test_the_demo_survives_deaths_shows_what_is_published_within_a_minute_and_ends_cleanly(
    tmp_path: Path,
) -> None:
    port = free_ports(17)
    sandbox_port = port + 1
    anchor, text = live_text(sandbox_port)
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / DEMO_ANCHOR).write_text(rfc3339(anchor))
    published = datetime.fromisoformat(text["published_at"])

    with demo(tmp_path, port, sandbox_port) as running:
        running.wait_for(lambda: "worker" in running.children(), "the worker starts")
        first = running.children()["worker"]
        os.kill(first, signal.SIGKILL)
        running.wait_for(lambda: running.children().get("worker", first) != first, "the worker is started again")
        running.wait_for(running.first_pass_done, "the first pass is done")
        running.wait_for(lambda: running.url in running.said, "the address is printed")
        children = running.children()
        assert set(children) == {"sandbox", "worker", "api"}
        running.process.kill()
        running.process.wait()
        eventually(lambda: not any(map(lives, children.values())), "no process outlives a killed supervisor")

    with demo(tmp_path, port, sandbox_port) as again:
        again.wait_for(again.first_pass_done, "a demo that was stopped goes on with what it had")
        ready = max(datetime.now(UTC), published)
        again.wait_for(lambda: again.has(text["url"]), "the live text is in the API")
        assert (datetime.now(UTC) - ready).total_seconds() < PROMISED
        children = again.children()
        again.process.send_signal(signal.SIGINT)
        assert again.process.wait(LIMIT) == 0, again.said
        assert not [name for name, pid in children.items() if lives(pid)]
        assert "buộc dừng" not in again.said, "every process ended in order"
        assert "Traceback" not in again.said
        assert "ERROR" not in again.said, "an open stream of changes (the supervisor listens to one) ends in order"
