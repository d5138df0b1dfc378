"""An empty index per engine; an engine joins the contract by joining `ENGINES`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from index.elasticsearch.adapter import ElasticsearchIndex
from index.elasticsearch.server import Server
from index.engine import open_index
from index.port import Analyzer, Index
from nlp.text import exact, fold
from tests.index.servers import free_port, own_names, starter

ENGINES = ("sqlite", "elasticsearch")
ANALYZER = Analyzer(exact, fold)
NOON = datetime(2025, 10, 31, 5, 0, tzinfo=UTC)  # 12:00 in Việt Nam

Open = Callable[[], Index]


@pytest.fixture(scope="session")
def elasticsearch_url(need: Callable[[bool, str], None]) -> Iterator[str]:
    """A server to test on: the one that runs already, or our own as long as the tests run."""
    if url := os.environ.get("DULUAN_TEST_ELASTICSEARCH_URL"):
        yield url
        return
    port = free_port()
    started = starter("start", port=port)
    need(started.returncode == 0, f"Elasticsearch (deploy/elasticsearch/server: {started.stderr.strip()[-300:]})")
    yield started.stdout.strip()
    starter("remove", port=port)


@pytest.fixture(scope="session")
def shared_server(elasticsearch_url: str) -> Iterator[Server]:
    """Names of our own on that server; what lies under them is deleted at the end."""
    with own_names(elasticsearch_url) as server:
        yield server


@pytest.fixture(scope="session")
def janitor(shared_server: Server) -> Iterator[ElasticsearchIndex]:
    index = ElasticsearchIndex(shared_server, analyzer=ANALYZER)
    yield index
    index.close()


@pytest.fixture
def server(shared_server: Server, janitor: ElasticsearchIndex) -> Iterator[Server]:
    """The same with no mention in it. Making new indices for each test would take far longer than the tests do."""
    yield shared_server
    janitor.delete(janitor.ids())


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def open_again(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the same index as often as it is called, each time as another process would."""
    opened: list[Index] = []
    server = request.getfixturevalue("server") if engine == "elasticsearch" else None

    def open_one() -> Index:
        opened.append(open_index(engine, path=tmp_path / "index.db", analyzer=ANALYZER, server=server))
        return opened[-1]

    yield open_one
    for index in opened:
        index.close()


@pytest.fixture
def index(open_again: Open) -> Index:
    return open_again()
