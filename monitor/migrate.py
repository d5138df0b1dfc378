"""Brings the archive's tables to this version (Alembic). Safe when several processes start at once."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from monitor.database import READ_ONLY


def migrate(engine: Engine, lock: Path) -> None:
    """Upgrades to the newest revision if needed; other processes wait on the `lock` file meanwhile."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    if _revision(engine) == ScriptDirectory.from_config(config).get_current_head():
        return
    with _exclusive(lock), engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(engine: Engine) -> str | None:
    with engine.connect().execution_options(**READ_ONLY) as connection:
        return MigrationContext.configure(connection).get_current_revision()


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
