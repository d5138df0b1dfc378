"""Fifty dashboards that poll, beside a crawl: `python -m bench.load [--folder F] [--count 1000000] [--seconds 180]`.

F/prepared is made once (minutes for a million), each run works on a copy. The product runs as `duluan up` does, with
accounts; the sandbox is the web that it crawls. Each dashboard has a key of its own and asks six resources every five
seconds with If-None-Match, spread evenly; they look at `--screens` different things. Prints requests by answer, their
latency (all, and after the first minute, in which the worker lives through the last days), errors, what was crawled
meanwhile, which counters behind the answers rose, and the largest memory of all processes together.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import psutil

from bench._demo import ROOT, free_ports
from bench._million import prepare
from monitor.installation import Installation
from monitor.people.roles import Role, Scope
from monitor.settings import Settings
from monitor.wording import rfc3339
from nlp.annotation import TOPICS

EVERY = 5.0  # seconds between two polls of one dashboard
SITES = 12
PATIENCE = 120.0


@dataclass
class Seen:
    """What the dashboards met."""

    took: list[tuple[float, int, str, float]] = field(
        default_factory=list
    )  # since the start, status, resource, seconds
    errors: Counter[str] = field(default_factory=Counter)


def questions(screen: int) -> list[str]:
    """The six resources of a dashboard: the whole province, or one topic, over one to thirty days."""
    topic = f"&topic={list(TOPICS)[screen % len(TOPICS)]}" if screen else ""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    since = rfc3339(now - timedelta(days=(1, 7, 30)[screen % 3]))
    found = ("mentions?limit=20", "sentiment/summary?", "sentiment/series?interval=day", "topics?", "places?limit=50")
    return [*(f"/api/v1/{each}&from={since}{topic}" for each in found), "/api/v1/issues?limit=10"]


async def dashboard(number: int, screens: int, url: str, key: str, began: float, ends: float, seen: Seen) -> None:
    """One screen of the operations centre."""
    asks, tags = questions(number % screens), dict[str, str]()
    await asyncio.sleep(EVERY * number / 50)
    async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
        while (round_began := time.monotonic()) < ends:
            for turn, path in enumerate(asks):
                await asyncio.sleep(max(0.0, round_began + turn * EVERY / len(asks) - time.monotonic()))
                asked = time.perf_counter()
                try:
                    answer = await client.get(path, headers={"If-None-Match": tags.get(path, "")})
                except httpx.HTTPError as error:
                    seen.errors[type(error).__name__] += 1
                    continue
                took = time.perf_counter() - asked
                seen.took.append((time.monotonic() - began, answer.status_code, path.split("?")[0], took))
                tags[path] = answer.headers.get("etag", "")
                if answer.status_code not in (200, 304):
                    seen.errors[f"{answer.status_code} {path.split('?')[0]}"] += 1
            await asyncio.sleep(max(0.0, round_began + EVERY - time.monotonic()))


async def look(url: str, keys: list[str], screens: int, seconds: float) -> Seen:
    seen, began = Seen(), time.monotonic()
    ends = began + seconds
    await asyncio.gather(*(dashboard(n, screens, url, key, began, ends, seen) for n, key in enumerate(keys)))
    return seen


class Memory(threading.Thread):
    """Watches the memory of a process and all that it started, once a second: `most` is the largest sum of what is
    resident (RSS, MiB), in which a page that three processes share counts three times; `shared_once` of what is
    resident when each counts a third of it (PSS)."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._first, self.over = psutil.Process(pid), threading.Event()
        self.most, self.shared_once = 0.0, 0.0
        self.parts: dict[str, str] = {}

    def run(self) -> None:
        while not self.over.wait(1.0):
            parts: dict[str, tuple[float, float]] = {}
            for process in [self._first, *self._first.children(recursive=True)]:
                try:
                    name = next((w for w in ("uvicorn", "worker", "up") if w in process.cmdline()), "reader")
                    found = _resident(process.pid)
                except (psutil.NoSuchProcess, OSError):
                    continue
                known = parts.get(name, (0.0, 0.0))
                parts[name] = known[0] + found[0], known[1] + found[1]
            self.shared_once = max(self.shared_once, sum(pss for _, pss in parts.values()))
            if (together := sum(rss for rss, _ in parts.values())) > self.most:
                self.most = together
                self.parts = {name: f"{rss:.0f} ({pss:.0f})" for name, (rss, pss) in sorted(parts.items())}


def _resident(pid: int) -> tuple[float, float]:
    """RSS and PSS of a process in MiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    sizes = {line.split()[0]: int(line.split()[1]) / 1024 for line in lines}
    return sizes["Rss:"], sizes["Pss:"]


@contextmanager
def product(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The sandbox's web and `duluan up` that crawls it."""
    port, sources = free_ports(1 + SITES), folder / "sandbox-sources.yaml"
    sandbox = [sys.executable, "-m", "sandbox", "--port", str(port + 1), "--sources", str(sources)]
    ours = {
        "DULUAN_SOURCES": str(sources),
        "DULUAN_ALLOW_PRIVATE": "true",
        "DULUAN_CRAWL_WHOLE": "true",
        "DULUAN_CRAWL_EVERY_SECONDS": "3",
        "DULUAN_ALERTS_SEND": "false",
        "DULUAN_PORT": str(port),
        "DULUAN_DATA": str(folder),
        "DULUAN_AUTH": "on",
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DULUAN_")} | ours
    with (folder / "said.txt").open("wb") as said:
        web = subprocess.Popen(sandbox, cwd=ROOT, stdout=said, stderr=said)
        _wait(sources.exists)
        up = subprocess.Popen(
            [sys.executable, "-m", "monitor.cli", "up"], cwd=ROOT, env=environment, stdout=said, stderr=said
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(lambda: _answers(url))
            yield url, up
        finally:
            for process in (up, web):
                process.terminate()
                process.wait(60)


def _wait(done: object) -> None:
    ends = time.monotonic() + PATIENCE
    while not done():  # type: ignore[operator]
        if time.monotonic() > ends:
            raise RuntimeError("the product did not start")
        time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def keys_of(folder: Path, count: int) -> list[str]:
    with Installation(Settings(data=folder, auth="on")) as installation:
        installation.desk.people.add("ioc", Role.viewer, by="bench")
        user = installation.desk.people.get("ioc")
        installation.desk.people.set(user.id, must_change=False)
        return [installation.desk.keys.add(f"{n}", "ioc", [Scope.read], expires_at=None) for n in range(count)]


def counters(folder: Path) -> dict[str, int]:
    with sqlite3.connect(folder / "archive.sqlite") as connection:
        return dict(connection.execute("SELECT name, version FROM changes"))


def report(seen: Seen, seconds: float) -> None:
    statuses = Counter(status for _, status, _, _ in seen.took)
    print(f"{len(seen.took)} requests in {seconds:g} s: {dict(statuses)}; errors {dict(seen.errors) or 0}")
    for name, since in (("all", 0.0), ("after the first minute", 60.0)):
        for what, wanted in (("every answer", (200, 304)), ("304", (304,)), ("200", (200,))):
            took = [1000 * t for at, status, _, t in seen.took if at >= since and status in wanted]
            if took:
                p50, p95, p99 = np.percentile(took, [50, 95, 99])
                print(f"{name:<24} {what:<13} p50 {p50:7.1f}  p95 {p95:7.1f}  p99 {p99:7.1f} ms  n={len(took)}")
    for resource in sorted({resource for _, _, resource, _ in seen.took}):
        took = [1000 * t for at, _, each, t in seen.took if each == resource and at >= 60.0]
        if took:
            print(f"  {resource:<26} p50 {np.percentile(took, 50):7.1f}  p95 {np.percentile(took, 95):7.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="keeps the prepared installation; a temporary one unless given")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--dashboards", type=int, default=50)
    parser.add_argument("--screens", type=int, default=10, help="how many different things they look at")
    parser.add_argument("--seconds", type=float, default=90)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(given, given.folder or Path(folder))


def measure(given: argparse.Namespace, folder: Path) -> None:
    prepared, run = folder / "prepared", folder / "run"
    prepare(prepared, given.count)
    shutil.rmtree(run, ignore_errors=True)
    shutil.copytree(prepared, run)
    keys = keys_of(run, given.dashboards)
    before = counters(run)
    with product(run) as (url, up):
        memory = Memory(up.pid)
        memory.start()
        seen = asyncio.run(look(url, keys, given.screens, given.seconds))
        state = httpx.get(f"{url}/api/v1/status", headers={"Authorization": f"Bearer {keys[0]}"}, timeout=60).json()
        memory.over.set()
    report(seen, given.seconds)
    print(f"posts {state['outcomes']}, in the index {state['indexed']:,}")
    print("counters rose by", {name: n - before.get(name, 0) for name, n in counters(run).items()})
    print(f"largest memory of all processes: RSS {memory.most:.0f} MiB, PSS {memory.shared_once:.0f}")
    print("RSS (PSS) then: " + ", ".join(f"{name} {size}" for name, size in memory.parts.items()))


if __name__ == "__main__":
    main()
