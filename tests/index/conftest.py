"""An empty index per engine; an engine joins the contract by joining `ENGINES`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from index.engine import open_index
from index.port import Analyzer, Index
from nlp.text import exact, fold

ENGINES = ("sqlite",)
ANALYZER = Analyzer(exact, fold)
NOON = datetime(2025, 10, 31, 5, 0, tzinfo=UTC)  # 12:00 in Việt Nam

Open = Callable[[], Index]


@pytest.fixture(params=ENGINES)
def open_again(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the same index as often as it is called, each time as another process would."""
    opened: list[Index] = []

    def open_one() -> Index:
        opened.append(open_index(request.param, path=tmp_path / "index.db", analyzer=ANALYZER))
        return opened[-1]

    yield open_one
    for index in opened:
        index.close()


@pytest.fixture
def index(open_again: Open) -> Index:
    return open_again()
