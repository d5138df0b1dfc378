"""A real installation in a folder of its own, with the real annotator (loaded once) and the real index.

The archive is SQLite in that folder, and for tests marked `postgresql` also a schema of its own on a real server; with
`DULUAN_TEST_DATABASE_URL` set, for all tests a schema in that PostgreSQL.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor.installation import Installation
from monitor.settings import Settings
from nlp.annotate import Annotator
from tests.postgresql import own_schema

Open = Callable[..., Installation]


@pytest.fixture(scope="session")
def annotator() -> Annotator:
    return Annotator.load("quangtri")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "archive_url" in metafunc.fixturenames and metafunc.definition.get_closest_marker("postgresql"):
        metafunc.parametrize("archive_url", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def archive_url(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Where a new, empty archive may live."""
    server = os.environ.get("DULUAN_TEST_DATABASE_URL")
    if getattr(request, "param", "") == "postgresql":
        server = request.getfixturevalue("postgresql")
    if not server:
        yield f"sqlite:///{tmp_path / 'archive.sqlite'}"
        return
    with own_schema(server) as url:
        yield url


@pytest.fixture
def open_installation(tmp_path: Path, annotator: Annotator, archive_url: str) -> Iterator[Open]:
    """Opens the folder's installation with these settings; again as often as a test wants, as after a restart."""
    opened: list[Installation] = []

    def open_it(**settings: object) -> Installation:
        installation = Installation(Settings(**{"data": tmp_path, "database_url": archive_url} | settings))  # type: ignore[arg-type]
        installation.__dict__["annotator"] = annotator
        opened.append(installation)
        return installation

    yield open_it
    for installation in opened:
        installation.close()


@pytest.fixture
def installation(open_installation: Open) -> Installation:
    return open_installation()
