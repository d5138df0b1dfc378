"""Kills any process by SIGKILL at random moments while alerts are opened and sent; counts what was lost or doubled.

    python -m bench.alert_kills [--alerts 200] [--kills 50] [--seed N]

`duluan up` runs with its supervisor, worker and API; beside it a webhook's receiver (`bench._receiver`). Each time one
of the four is killed, whichever chance names. Posts of our own making arrive in the archive; one rule fires for each of
them. In the end every post must be in one alert, every alert must have been taken once by its key.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import psutil

from bench._demo import free_ports
from bench._receiver import heard
from crawlers.post import Post
from monitor.alerts.desk import AlertDesk
from monitor.alerts.rule import Rule
from monitor.archive import utc_now
from monitor.installation import Installation
from monitor.settings import Settings

PATIENCE = 300.0
TARGETS = ("supervisor", "worker", "api", "receiver")
ONSETS = (
    "b",
    "c",
    "ch",
    "d",
    "đ",
    "g",
    "h",
    "kh",
    "l",
    "m",
    "n",
    "ng",
    "nh",
    "ph",
    "r",
    "s",
    "t",
    "th",
    "tr",
    "v",
    "x",
)
RIMES = ("a", "ai", "am", "ăng", "âm", "âu", "e", "em", "ên", "inh", "iêu", "oi", "ong", "ôi", "ôn", "ui", "un")


def post(number: int, chance: random.Random) -> Post:
    """A text in words of its own, so that each is a story of its own."""

    def words(count: int) -> str:
        return " ".join(chance.choice(ONSETS) + chance.choice(RIMES) for _ in range(count))

    url = f"https://bao{number % 7}.example/chay-{number}.htm"
    return Post(
        url=url,
        canonical_url=url,
        source=f"bao{number % 7}.example",
        title=f"Cháy kho {words(8)}, tỉnh Quảng Trị",
        lead=words(30),
        body=words(80),
        published_at=utc_now(),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alerts", type=int, default=200)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=20261123)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), arguments.alerts, arguments.kills, arguments.seed)


class Running:
    """The product and the receiver as processes that can be killed one by one and come back."""

    def __init__(self, folder: Path, seed: int) -> None:
        first = free_ports(2)
        self.kept, self.webhook = folder / "received.jsonl", f"http://127.0.0.1:{first + 1}/"
        sources = folder / "sources.yaml"
        sources.write_text("[]\n")
        ours = {"DULUAN_DATA": str(folder), "DULUAN_SOURCES": str(sources), "DULUAN_PROCESS_EVERY_SECONDS": "0.5"}
        ours |= {"DULUAN_AUTH": "off", "DULUAN_PORT": str(first)}
        self._environment = os.environ | ours
        self._commands = {
            "supervisor": ["-m", "monitor.cli", "up"],
            "receiver": ["-m", "bench._receiver", str(first + 1), str(self.kept), str(seed)],
        }
        self._started: dict[str, subprocess.Popen[bytes]] = {}

    def tend(self) -> None:
        """Starts again what has ended; worker and API are the supervisor's to start."""
        for name, command in self._commands.items():
            running = self._started.get(name)
            if running is None or running.poll() is not None:
                self._started[name] = subprocess.Popen(
                    [sys.executable, *command],
                    env=self._environment,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )

    def alive(self) -> dict[str, psutil.Process]:
        found = {name: psutil.Process(each.pid) for name, each in self._started.items() if each.poll() is None}
        for child in found["supervisor"].children() if "supervisor" in found else ():
            with contextlib.suppress(psutil.Error):
                found["api" if "uvicorn" in child.cmdline() else "worker"] = child
        return found

    def kill(self, name: str) -> bool:
        """Whether it was there to be killed."""
        process = self.alive().get(name)
        if process is not None:
            process.kill()
        return process is not None

    def end(self) -> None:
        for running in self._started.values():
            running.terminate()
        for running in self._started.values():
            running.wait(30)


def run(folder: Path, alerts: int, kills: int, seed: int) -> None:
    chance, running = random.Random(seed), Running(folder, seed)
    killed: Counter[str] = Counter()
    with Installation(Settings(data=folder)) as installation:
        desk = AlertDesk(installation)
        for stored in desk.rules.rules():
            desk.rules.delete_rule(stored.id, by="bench")
        to = desk.rules.add_recipient("IOC", "webhook", running.webhook, by="bench")
        desk.rules.put_rule(Rule(name="Cháy", query='"cháy kho"', priority="urgent", recipients=(to.id,)), by="bench")
        stored_posts = 0
        try:
            while killed.total() < kills:
                running.tend()
                for _ in range(min(-(-alerts // kills), alerts - stored_posts)):
                    installation.archive.store(post(stored_posts, chance))
                    stored_posts += 1
                name = chance.choice(TARGETS)
                time.sleep(chance.uniform(0.5, 7))
                while not running.kill(name):
                    running.tend()
                    time.sleep(0.2)
                killed[name] += 1
                said = f"{killed.total()} kills, {stored_posts} posts, {len(heard(running.kept))} received"
                print(f"\r{said}", end="", file=sys.stderr)
            settle(desk, running, alerts)
        finally:
            running.end()
        report(desk, heard(running.kept), alerts, killed)


def settle(desk: AlertDesk, running: Running, alerts: int) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        running.tend()
        waiting = desk.outbox.deliveries(states=("waiting", "held"), limit=1)[1]
        told = sum(len(alert.ids) for alert in desk.alerts.alerts(limit=2 * alerts)[0])
        if waiting == 0 and told >= alerts:
            return
        time.sleep(1)


def report(desk: AlertDesk, requests: list[dict[str, object]], posts: int, killed: Counter[str]) -> None:
    found, total = desk.alerts.alerts(limit=posts * 2)
    told = Counter(id for alert in found for id in alert.ids)
    opened = Counter(str(each["alert"]) for each in requests if each["new"])
    repeats = sum(not each["new"] for each in requests)
    missing = total - len(opened)
    doubled = sum(count > 1 for count in opened.values()) + sum(count > 1 for count in told.values())
    slowest = max((alert.opened_at - alert.heard_at for alert in found), default=timedelta(0))
    print(f"\nkilled {killed.total()}: {', '.join(f'{name} {count}' for name, count in sorted(killed.items()))}")
    print(f"posts {posts}, in alerts {len(told)}, alerts {total}")
    print(f"received {len(opened)}, missing {missing}, doubled {doubled}, repeats dropped by their key {repeats}")
    print(f"slowest alert {slowest.total_seconds():.0f} s after publication")
    if len(told) != posts or missing or doubled:
        sys.exit(1)


if __name__ == "__main__":
    main()
