"""A real installation in a folder of its own, with the real annotator (loaded once) and the real index.

The archive is SQLite in that folder; with `DULUAN_TEST_DATABASE_URL` set, a schema of its own in that PostgreSQL.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text

from monitor.installation import Installation
from monitor.settings import Settings
from nlp.annotate import Annotator

Open = Callable[..., Installation]


@pytest.fixture(scope="session")
def annotator() -> Annotator:
    return Annotator.load("quangtri")


@pytest.fixture
def archive_url(tmp_path: Path) -> Iterator[str]:
    """Where a new, empty archive may live."""
    server = os.environ.get("DULUAN_TEST_DATABASE_URL")
    if not server:
        yield f"sqlite:///{tmp_path / 'archive.sqlite'}"
        return
    schema = f"test_{uuid4().hex[:12]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    own = make_url(server).update_query_dict({"options": f"-csearch_path={schema}"})
    yield own.render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


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
