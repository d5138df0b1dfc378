"""The made-up province behind a test client, once for all tests; and an installation that holds nothing.

With `DULUAN_TEST_DATABASE_URL` set, every archive is a schema of its own in that PostgreSQL.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from monitor.settings import Settings
from tests.api.world import HOME, Made, build
from tests.postgresql import own_schema


@pytest.fixture(scope="session", autouse=True)
def _on_postgresql() -> Iterator[None]:
    """A folder's archive lies in the same schema whenever it is opened again."""
    server = os.environ.get("DULUAN_TEST_DATABASE_URL")
    if not server:
        yield
        return
    with ExitStack() as opened, pytest.MonkeyPatch.context() as patched:
        schemas: dict[Path, str] = {}

        def archive_url(settings: Settings) -> str:
            if settings.data not in schemas:
                schemas[settings.data] = opened.enter_context(own_schema(server))
            return schemas[settings.data]

        patched.setattr(Settings, "archive_url", property(archive_url))
        yield


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
