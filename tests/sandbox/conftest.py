"""One anchor, one world and one running sandbox for all tests of this room."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest

from sandbox.server import Sandbox, run_in_thread
from sandbox.world import World

ANCHOR = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


@dataclass
class TestClock:
    """A clock that tests set by hand."""

    __test__ = False
    now: datetime = ANCHOR

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="session")
def world() -> World:
    return World(ANCHOR)


@pytest.fixture(scope="session")
def _running() -> Iterator[tuple[Sandbox, TestClock]]:
    clock = TestClock()
    with run_in_thread(ANCHOR, clock=clock) as sandbox:
        yield sandbox, clock


@pytest.fixture
def clock(_running: tuple[Sandbox, TestClock]) -> Iterator[TestClock]:
    _running[1].now = ANCHOR
    yield _running[1]
    _running[1].now = ANCHOR


@pytest.fixture
def sandbox(_running: tuple[Sandbox, TestClock], clock: TestClock) -> Sandbox:
    return _running[0]


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=10) as client:
        yield client
