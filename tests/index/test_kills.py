"""Indexing and reindexing killed at random moments while the archive changes: the short form of `bench.index_kills`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.index_kills import run
from monitor.settings import Settings

pytestmark = pytest.mark.slow
SEED = int(os.environ.get("DULUAN_TEST_SEED", "20261123"))


@pytest.mark.parametrize("engine", ["sqlite", "elasticsearch"])
def test_killed_indexing_loses_and_doubles_nothing(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    settings = Settings(data=tmp_path)
    if engine == "elasticsearch":
        server = request.getfixturevalue("server")
        where = {"elasticsearch_url": server.urls[0], "elasticsearch_prefix": server.prefix}
        settings = Settings(data=tmp_path, index="elasticsearch", **where)
    outcome = run(settings, 3, SEED, posts_each=200)
    assert outcome.found.sound, outcome.found
    assert outcome.found.waiting == 0
    assert outcome.at_work
    assert outcome.mentions == outcome.found.checked > 200
