"""What several test folders share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock

import pytest
from hypothesis import settings
from sqlalchemy import Engine

from api.bundle import ChartLibrary
from monitor.database import open_engine
from monitor.migrate import migrate
from tests.postgresql import is_installed, running_postgresql

settings.register_profile("any machine", deadline=None)  # a busy one is no defect of ours
settings.load_profile("any machine")
os.environ.setdefault("DULUAN_AUTH", "off")  # tests of accounts say `auth="on"`; the others mean something else


@pytest.fixture(scope="session")
def need() -> Callable[[bool, str], None]:
    """Skips a test whose outside part is absent on a laptop; in CI its absence is a failure."""

    def check(present: bool, what: str) -> None:
        if present:
            return
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must have {what}")
        pytest.skip(f"needs {what}")

    return check


@pytest.fixture(scope="session")
def postgresql(need: Callable[[bool, str], None]) -> Iterator[str]:
    """The URL of a PostgreSQL database: the one of DULUAN_TEST_DATABASE_URL, or an empty one of the tests' own."""
    if given := os.environ.get("DULUAN_TEST_DATABASE_URL"):
        yield given
        return
    need(is_installed(), "PostgreSQL (initdb and pg_ctl)")
    with running_postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def chromium(need: Callable[[bool, str], None]) -> str:
    """Path of a Chromium that Playwright can drive."""
    path = os.environ.get("DULUAN_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome") or ""
    need(bool(path), "Chromium (Debian package chromium, or DULUAN_TEST_CHROMIUM)")
    return path


@pytest.fixture(scope="session", autouse=True)
def _made_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Hundreds of tests open a new data folder: its tables and the chart library are made once, then copied."""
    folder, lock = tmp_path_factory.mktemp("made-once"), Lock()
    tables, library = folder / "archive.sqlite", folder / "charts.js"
    make = ChartLibrary._make

    def migrate_quickly(engine: Engine, held: Path) -> None:
        path = engine.url.database if engine.dialect.name == "sqlite" else None
        with lock:
            if path and path != ":memory:" and not Path(path).exists():
                if not tables.exists():
                    first = open_engine(f"sqlite:///{folder / 'first.sqlite'}")
                    migrate(first, folder / "lock")
                    first.dispose()
                    (folder / "first.sqlite").rename(tables)
                shutil.copyfile(tables, path)
        migrate(engine, held)

    def make_quickly(self: ChartLibrary) -> None:
        with lock:
            if not library.exists():
                make(ChartLibrary(folder))
                next(folder.glob("charts-*.js")).rename(library)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(library, self._path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("monitor.installation.migrate", migrate_quickly)
        patch.setattr(ChartLibrary, "_make", make_quickly)
        yield
