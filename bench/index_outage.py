"""Elasticsearch goes away under import and comes back: nothing lost, nothing doubled, and how long it takes.

    python -m bench.index_outage server [--seconds 120]    one node, killed and started again on its data
    python -m bench.index_outage cluster [--seconds 60]    three nodes, a replica, the master is killed meanwhile

Starts servers of its own on ports from 9660 on (`deploy/elasticsearch/server`).
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from elasticsearch import Elasticsearch

from bench._elasticsearch import PORT, starter
from bench.index_kills import World
from index.port import IndexUnavailable
from monitor.indexer import Indexer
from monitor.installation import Installation
from monitor.settings import Settings
from monitor.verify import verify

GROWTH = 50  # posts of one step of the import
WARM = 10.0  # seconds of import before the outage, and after it
PATIENCE = 300.0  # seconds that draining and recovery may take


@dataclass
class Seen:
    """What the threads met."""

    failed: int = 0
    problems: set[str] = field(default_factory=set)
    searches: Counter[str] = field(default_factory=Counter)


@contextmanager
def threads(*jobs: Callable[[threading.Event], None]) -> Iterator[threading.Event]:
    """Runs the jobs until the block ends."""
    stop = threading.Event()
    running = [threading.Thread(target=job, args=(stop,)) for job in jobs]
    for thread in running:
        thread.start()
    try:
        yield stop
    finally:
        stop.set()
        for thread in running:
            thread.join()


def importing(world: World) -> Callable[[threading.Event], None]:
    """Posts come and change without pause, as from a crawl."""

    def job(stop: threading.Event) -> None:
        while not stop.wait(0.2):
            world.grow(GROWTH)
            world.stir(GROWTH // 5)

    return job


def indexing(installation: Installation, seen: Seen) -> Callable[[threading.Event], None]:
    """What the worker does every second."""

    def job(stop: threading.Event) -> None:
        indexer = Indexer(installation)
        while not stop.wait(1.0):
            try:
                indexer.turn()
            except IndexUnavailable as error:
                seen.failed += 1
                seen.problems.add(str(error)[:160])

    return job


def searching(settings: Settings, seen: Seen) -> Callable[[threading.Event], None]:
    """A reader that asks twice a second and once again when it was not answered."""

    def job(stop: threading.Event) -> None:
        with Installation(settings) as reader:
            while not stop.wait(0.5):
                for attempt in ("answered", "answered at the second try", "failed twice"):
                    if attempt == "failed twice":
                        seen.searches[attempt] += 1
                        break
                    try:
                        reader.index.search("nước", limit=20)
                        reader.index.facets("đường", fields=["sentiment"])
                        seen.searches[attempt] += 1
                        break
                    except IndexUnavailable as error:
                        seen.problems.add(str(error)[:160])

    return job


def drained(installation: Installation) -> float:
    """Waits until nothing waits for the index; gives the seconds."""
    began = time.monotonic()
    while installation.changes.waiting().changes and time.monotonic() - began < PATIENCE:
        time.sleep(0.2)
    return time.monotonic() - began


def server(seconds: float, folder: Path) -> bool:
    settings = _settings(folder, f"http://127.0.0.1:{PORT}")
    seen = Seen()
    with Installation(settings) as installation:
        world = World(installation, 3)
        world.grow(2000)
        with threads(indexing(installation, seen)):
            with threads(importing(world)):
                time.sleep(WARM)
                starter("kill")
                before, began = len(world.alive), time.monotonic()
                time.sleep(seconds)
                away, gained = installation.changes.waiting(), len(world.alive) - before
                problem = installation.changes.state().problem
                starter("start", "--heap", "768m", "--keep")
                lasted = time.monotonic() - began
                time.sleep(WARM)
            took = drained(installation)
        print(
            f"away for {lasted:.0f} s: {gained:,} posts came, {away.changes:,} changes waited; status said: {problem}"
        )
        print(f"tries while it was away: {seen.failed}; drained {took:.1f} s after the import ended")
        return _compared(installation)


def cluster(seconds: float, folder: Path) -> bool:
    settings = _settings(folder, ",".join(f"http://127.0.0.1:{PORT + n}" for n in range(3)))
    seen = Seen()
    with Installation(settings) as installation, Elasticsearch(settings.elasticsearch_url.split(",")) as client:  # type: ignore[union-attr]
        world = World(installation, 4)
        world.grow(2000)
        Indexer(installation).run()
        client.cluster.health(wait_for_status="green", timeout="120s")
        master = client.cat.master(format="json")[0]["node"].removeprefix("n")  # type: ignore[index]
        with threads(indexing(installation, seen), searching(settings, seen)):
            with threads(importing(world)):
                time.sleep(WARM)
                starter("kill-node", "--node", master)
                time.sleep(seconds)
                starter("start-node", "--node", master, "--heap", "512m")
                began = time.monotonic()
                time.sleep(WARM)
            drained(installation)
            status = client.options(request_timeout=180).cluster.health(wait_for_status="green", timeout="150s")[
                "status"
            ]
            green = time.monotonic() - began
        print(f"master n{master} was killed for {seconds:g} s; {status} {green:.0f} s after it was started again")
        print(f"searches: {dict(seen.searches)}; turns of indexing that failed: {seen.failed}")
        for problem in sorted(seen.problems):
            print(f"  {problem}")
        return _compared(installation) and status == "green" and not seen.searches["failed twice"]


def _settings(folder: Path, url: str) -> Settings:
    return Settings(data=folder, index="elasticsearch", elasticsearch_url=url)


def _compared(installation: Installation) -> bool:
    found = verify(installation)
    kinds = {
        name: len(getattr(found, name)) for name in ("missing", "extra", "stale", "doubled", "misplaced", "refused")
    }
    print(f"{found.checked:,} mentions compared: {kinds}, waiting {found.waiting}, problems {found.problems}")
    return found.sound and not found.waiting


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("server", "cluster"), nargs="?", default="server")
    parser.add_argument("--seconds", type=float)
    options = parser.parse_args()
    run, ordinary = (server, 120.0) if options.what == "server" else (cluster, 60.0)
    nodes = ("--heap", "768m") if options.what == "server" else ("--nodes", "3", "--heap", "512m")
    starter("start", *nodes)  # outside of the try: where another's server has the port, it must not be removed
    with tempfile.TemporaryDirectory() as folder:
        try:
            sound = run(options.seconds or ordinary, Path(folder))
        finally:
            starter("remove")
    raise SystemExit(0 if sound else 1)


if __name__ == "__main__":
    main()
