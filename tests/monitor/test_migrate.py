"""The archive's tables come into being once, however many processes open a new folder at the same moment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from monitor.database import READ_ONLY, metadata, open_engine
from monitor.installation import Installation
from monitor.migrate import migrate

ROOT = Path(__file__).parents[2]
OPEN = """
import sys
from pathlib import Path
from monitor.database import open_engine
from monitor.migrate import migrate
print("ready", flush=True)
sys.stdin.readline()
engine = open_engine(sys.argv[1])
migrate(engine, Path(sys.argv[2]) / "lock")
with engine.connect() as connection:
    print(connection.exec_driver_sql("SELECT count(*) FROM posts").scalar())
"""


def test_processes_that_open_a_new_folder_at_once_find_the_same_tables(archive_url: str, tmp_path: Path) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN, archive_url, str(tmp_path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        )
        for _ in range(4)
    ]  # fmt: skip
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    said = [process.communicate("\n", timeout=120) for process in running]
    assert [(out, process.returncode) for (out, _), process in zip(said, running, strict=True)] == [("0\n", 0)] * 4, (
        said
    )


def test_opening_again_changes_nothing(archive_url: str, tmp_path: Path) -> None:
    engine = open_engine(archive_url)
    for _ in range(3):
        migrate(engine, tmp_path / "lock")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM alembic_version").scalar() == 1
    engine.dispose()


def test_the_migrations_make_exactly_the_tables_that_the_code_uses(installation: Installation) -> None:
    with installation.engine.connect().execution_options(**READ_ONLY) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
