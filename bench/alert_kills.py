"""Kills the worker by SIGKILL at random moments while alerts are opened and sent, and counts what was lost or doubled.

    python -m bench.alert_kills [--alerts 200] [--kills 50] [--seed N]

Posts of our own making arrive in the archive; one rule fires for each of them; a webhook on loopback receives, refuses
now and then, and drops what it has seen by its key, as the documentation asks of receivers. In the end every post must
have one alert, every alert one message that counted.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from crawlers.post import Post
from monitor.alerts.desk import AlertDesk
from monitor.alerts.rule import Rule
from monitor.archive import utc_now
from monitor.installation import Installation
from monitor.settings import Settings

PATIENCE = 300.0
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


class Receiver:
    """An idempotent webhook: what came, by key, and how often it was asked; refuses one request in ten."""

    def __init__(self, seed: int) -> None:
        self.asked: Counter[str] = Counter()
        self.taken: dict[str, str] = {}
        chance = random.Random(seed)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                key = self.headers["Idempotency-Key"]
                refused = chance.random() < 0.1
                if not refused:
                    receiver.asked[key] += 1
                    receiver.taken.setdefault(key, body["alert"])
                self.send_response(503 if refused else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/"


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


def run(folder: Path, alerts: int, kills: int, seed: int) -> None:
    chance, receiver = random.Random(seed), Receiver(seed)
    with Installation(Settings(data=folder)) as installation:
        desk = AlertDesk(installation)
        for stored in desk.rules.rules():
            desk.rules.delete_rule(stored.id, by="bench")
        to = desk.rules.add_recipient("IOC", "webhook", receiver.url, by="bench")
        desk.rules.put_rule(Rule(name="Cháy", query='"cháy kho"', priority="urgent", recipients=(to.id,)), by="bench")
        worker = start(folder)
        killed = stored_posts = 0
        while killed < kills:
            for _ in range(min(-(-alerts // kills), alerts - stored_posts)):
                installation.archive.store(post(stored_posts, chance))
                stored_posts += 1
            time.sleep(chance.uniform(0.5, 9))
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            killed += 1
            worker = start(folder)
            print(f"\r{killed} kills, {stored_posts} posts, {len(receiver.taken)} received", end="", file=sys.stderr)
        settle(desk, alerts)
        worker.send_signal(signal.SIGTERM)
        worker.wait(30)
        report(desk, receiver, alerts, killed)


def start(folder: Path) -> subprocess.Popen[bytes]:
    sources = folder / "sources.yaml"
    sources.write_text("[]\n")
    ours = {"DULUAN_DATA": str(folder), "DULUAN_SOURCES": str(sources), "DULUAN_PROCESS_EVERY_SECONDS": "0.5"}
    command = [sys.executable, "-m", "monitor.cli", "worker"]
    return subprocess.Popen(command, env=os.environ | ours, stderr=subprocess.DEVNULL)


def settle(desk: AlertDesk, alerts: int) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        waiting = desk.outbox.deliveries(states=("waiting", "held"), limit=1)[1]
        told = sum(len(alert.ids) for alert in desk.alerts.alerts(limit=2 * alerts)[0])
        if waiting == 0 and told >= alerts:
            return
        time.sleep(1)


def report(desk: AlertDesk, receiver: Receiver, posts: int, kills: int) -> None:
    found, total = desk.alerts.alerts(limit=posts * 2)
    told = Counter(id for alert in found for id in alert.ids)
    per_alert = Counter(receiver.taken.values())
    repeats = sum(count - 1 for count in receiver.asked.values())
    missing = total - len(per_alert)
    doubled = sum(count > 1 for count in per_alert.values()) + sum(count > 1 for count in told.values())
    slowest = max((alert.opened_at - alert.heard_at for alert in found), default=timedelta(0))
    print(f"\nkills {kills}, posts {posts}, in alerts {len(told)}, alerts {total}")
    print(f"received {len(per_alert)}, missing {missing}, doubled {doubled}, repeats dropped by their key {repeats}")
    print(f"slowest alert {slowest.total_seconds():.0f} s after publication")
    if len(told) != posts or missing or doubled:
        sys.exit(1)


if __name__ == "__main__":
    main()
