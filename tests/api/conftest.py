"""The made-up province behind a test client, once for all tests; and an installation that holds nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from monitor.settings import Settings
from tests.api.world import HOME, Made, build


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return build(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="session")
def client(world: Made) -> Iterator[TestClient]:
    with TestClient(create_app(world.settings), base_url=HOME, raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("empty")
    with TestClient(create_app(Settings(data=folder)), base_url=HOME, raise_server_exceptions=False) as opened:
        yield opened
