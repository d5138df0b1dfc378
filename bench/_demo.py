"""A `duluan demo` of one's own, on free ports and with its own data folder: what benchmarks and tests watch."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from monitor.running import DEMO_ANCHOR
from monitor.wording import parse_time
from sandbox.site import numbered_bases
from sandbox.truth import truth
from sandbox.world import World

ROOT = Path(__file__).parents[1]
SITES = 12  # ports that the sandbox takes, one after the other
READY = 180.0  # seconds until the address of the dashboard must have been said
ADDRESS = re.compile(r"Bảng điều khiển: (http://\S+)")


@dataclass(frozen=True)
class Demo:
    """A demo that runs: its dashboard, and how long it took from the command to the address on the screen."""

    process: subprocess.Popen[bytes]
    folder: Path
    url: str
    sandbox_port: int
    seconds: float
    said: Path

    @property
    def anchor(self) -> datetime:
        return parse_time((self.folder / "demo" / DEMO_ANCHOR).read_text())

    def truth(self, now: datetime | None = None) -> dict[str, Any]:
        """What the sandbox holds by then; None: all that it ever will."""
        return truth(self.anchor, now, bases=numbered_bases(World(self.anchor), self.sandbox_port))

    def get(self, path: str) -> Any:
        """JSON of the running dashboard."""
        with urllib.request.urlopen(self.url.rstrip("/") + path, timeout=30) as answer:
            return json.load(answer)

    def processes(self) -> list[psutil.Process]:
        """The command and all that it started."""
        first = psutil.Process(self.process.pid)
        return [first, *first.children(recursive=True)]

    def interrupt(self, limit: float = 30.0) -> int:
        """Ctrl-C; gives the exit code. Raises subprocess.TimeoutExpired."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(limit)


@contextmanager
def running_demo(folder: Path, limit: float = READY) -> Iterator[Demo]:
    """Starts a demo, waits until it says the dashboard's address, and ends it. Raises RuntimeError when it does not."""
    port = free_ports(1 + SITES)
    sandbox_port = port + 1
    command = [sys.executable, "-m", "monitor.cli", "demo", "--data", str(folder)]
    command += ["--port", str(port), "--sandbox-port", str(sandbox_port)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DULUAN_")}
    said = folder / "said.txt"
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with said.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
    try:
        while (url := _address(said)) is None:
            if process.poll() is not None or time.monotonic() - began > limit:
                raise RuntimeError(f"no address after {time.monotonic() - began:.0f} s:\n{said.read_text()}")
            time.sleep(0.1)
        yield Demo(process, folder, url, sandbox_port, time.monotonic() - began, said)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)


def free_ports(count: int) -> int:
    """The first of so many consecutive ports that nobody listens on, below those that the kernel hands out."""
    first = 12_000 + os.getpid() % 8_000
    for start in range(first, 32_000, count):
        with ExitStack() as probes:
            try:
                for port in range(start, start + count):
                    probes.enter_context(closing(socket.socket())).bind(("127.0.0.1", port))
            except OSError:
                continue
            return start
    raise RuntimeError("no free ports")


def _address(said: Path) -> str | None:
    """The dashboard's address, once the demo has printed it."""
    found = ADDRESS.search(said.read_text(encoding="utf-8", errors="replace"))
    return found[1] if found else None
