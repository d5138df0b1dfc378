"""The whole product at work: a demo from the command to a text that is published while one looks.

    python -m bench.system [--texts 1]

Prints seconds from the command to the dashboard's address, posts, resident memory of each process and of all together
(when ready and a minute later), and seconds from a text's publication in the sandbox to its appearance in
/api/v1/mentions. Live texts come about 2 and 15 minutes after the start; `--texts 2` waits for both.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from urllib.parse import quote

import psutil

from bench._demo import Demo, running_demo
from monitor.wording import parse_time

LATER = 60.0  # seconds after which memory is measured again
LATE = 180.0  # seconds after publication at which one stops looking


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.system")
    parser.add_argument("--texts", type=int, default=1, choices=(0, 1, 2), help="live texts to wait for")
    given = parser.parse_args(arguments)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # who watches a file or pipe sees each line as it comes
    with tempfile.TemporaryDirectory() as folder, running_demo(Path(folder)) as demo:
        ready = time.monotonic()
        outcomes = demo.get("/api/v1/status")["outcomes"]
        print(f"ready after {demo.seconds:.1f} s: {sum(outcomes.values())} posts {outcomes}")
        memory(demo, "when ready")
        live = sorted(
            (text["published_at"], text["url"])
            for text in demo.truth()["texts"]
            if parse_time(text["published_at"]) > datetime.now(UTC) and text["readable"]
        )
        time.sleep(max(0.0, ready + LATER - time.monotonic()))
        memory(demo, f"{LATER:g} s later")
        for published_at, url in live[: given.texts]:
            wait_for(demo, parse_time(published_at), url)
        began = time.monotonic()
        print(f"Ctrl-C: exit code {demo.interrupt()} after {time.monotonic() - began:.1f} s")


def memory(demo: Demo, when: str) -> None:
    """Resident and proportional memory; the proportional one counts pages that processes share once."""
    resident = shared = 0
    for process in demo.processes():
        try:
            found = process.memory_full_info()
            command = process.cmdline()
        except psutil.NoSuchProcess:
            continue
        resident, shared = resident + found.rss, shared + found.pss
        print(f"  {when}: {name(command):<10} {found.rss / 2**20:6.0f} MiB resident")
    print(f"  {when}: together   {resident / 2**20:6.0f} MiB resident, {shared / 2**20:.0f} MiB proportional")


def name(command: list[str]) -> str:
    return next((known for known in ("uvicorn", "worker", "sandbox", "demo") if known in command), command[-1][:30])


def wait_for(demo: Demo, published: datetime, url: str) -> None:
    """Looks for a text from its publication on, twice a second, until the API gives it."""
    time.sleep(max(0.0, (published - datetime.now(UTC)).total_seconds()))
    since = quote(published.strftime("%Y-%m-%dT%H:%M:%SZ"))
    while (waited := (datetime.now(UTC) - published).total_seconds()) < LATE:
        if any(item["url"] == url for item in demo.get(f"/api/v1/mentions?from={since}")["items"]):
            print(f"published {published:%H:%M:%S}Z, in /api/v1/mentions {waited:.1f} s later: {url}")
            return
        time.sleep(0.5)
    print(f"published {published:%H:%M:%S}Z, not in /api/v1/mentions after {LATE:g} s: {url}")


if __name__ == "__main__":
    main()
