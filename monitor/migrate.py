"""Brings the archive's tables to this version (Alembic). Safe when several processes start at once."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from monitor.database import READ_ONLY

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(engine: Engine, lock: Path) -> None:
    """Upgrades to the newest revision if needed; other processes wait on the `lock` file meanwhile."""
    if _revision(engine) == newest():
        return
    from alembic import command  # half a second: only when there is something to do
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with _exclusive(lock), engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def newest() -> str:
    """The newest revision: the number that the last file in the folder begins with."""
    return max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def _revision(engine: Engine) -> str | None:
    """The archive's revision; None when it has no tables yet."""
    with engine.connect().execution_options(**READ_ONLY) as connection:
        try:
            found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
            return found
        except (OperationalError, ProgrammingError) as error:
            if "alembic_version" not in str(error.orig):
                raise
            return None


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
