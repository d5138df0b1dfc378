"""The product as other programs meet it: its command line in processes of their own, and the sandbox beside it."""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from sandbox.server import Sandbox, run_in_thread
from sandbox.sources import write_sources
from sandbox.truth import truth
from tests.system import command

ROOT = Path(__file__).parents[2]
NOWHERE = Path(os.devnull)
LIMIT = 240.0  # seconds for anything that is waited for; a busy machine may need many of them


@dataclass(frozen=True)
class Said:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


def environment(**more: str) -> dict[str, str]:
    """Ours without any setting of the product, with these ones; without accounts unless they are asked for."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("DULUAN_")}
    return ours | {"DULUAN_AUTH": "off"} | more


os.environ["TERM"] = "dumb"  # of the fork server, before it imports rich: no colours in what commands say
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.system.command"])
_started: list[BaseProcess] = []


@pytest.fixture(scope="package", autouse=True)
def _none_outlives_the_tests() -> Iterator[None]:
    """A worker whose test failed is never stopped by it, and Python would wait for its end for ever."""
    yield
    for process in _started:
        process.kill()
        process.join()


def start(
    *arguments: object, cwd: Path = ROOT, out: Path = NOWHERE, err: Path = NOWHERE, **settings: str
) -> BaseProcess:
    """Starts one command."""
    given = ([str(argument) for argument in arguments], cwd, environment(**settings), out, err)
    process = _FORKS.Process(target=command.run, args=given)
    process.start()
    _started.append(process)
    return process


def duluan(*arguments: object, cwd: Path = ROOT, **settings: str) -> Said:
    """Runs one command to its end."""
    with TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        process = start(*arguments, cwd=cwd, out=out, err=err, **settings)
        process.join(LIMIT)
        assert process.exitcode is not None, f"not within {LIMIT:g} s: duluan {arguments}"
        return Said(process.exitcode, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))


def eventually(condition: Callable[[], bool], what: str, limit: float = LIMIT, pause: float = 0.1) -> float:
    """Waits until the condition holds; gives the seconds it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < limit, f"not within {limit:g} s: {what}"
        time.sleep(pause)
    return time.monotonic() - began


def free_ports(count: int) -> int:
    """The first of so many consecutive ports that are free now."""
    for first in range(20_000 + os.getpid() % 10_000, 60_000, count):
        probes: list[socket.socket] = []
        try:
            for port in range(first, first + count):
                probes.append(socket.socket())
                probes[-1].bind(("127.0.0.1", port))
        except OSError:
            continue
        finally:
            for probe in probes:
                probe.close()
        return first
    raise AssertionError("no free ports")


class Clock:
    """The sandbox's clock, set by hand."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True)
class Served:
    """A running sandbox, its clock, the file of its sources, and the truth about it."""

    sandbox: Sandbox
    clock: Clock
    sources: Path

    @property
    def settings(self) -> Mapping[str, str]:
        return {"DULUAN_SOURCES": str(self.sources), "DULUAN_ALLOW_PRIVATE": "true"}

    def truth(self) -> dict[str, Any]:
        """What is published by now on the sandbox's clock."""
        bases = {code: site.base for code, site in self.sandbox.sites.items()}
        return truth(self.sandbox.world.anchor, self.clock.now, bases=bases)


@contextmanager
def serve_sandbox(folder: Path) -> Iterator[Served]:
    """A sandbox in a thread whose clock stands still at the anchor, which is now."""
    clock = Clock(datetime.now(UTC))
    with run_in_thread(clock.now, clock=clock) as sandbox:
        sources = folder / "sandbox-sources.yaml"
        write_sources(sandbox.sources(0.25), sources)
        yield Served(sandbox, clock, sources)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running
