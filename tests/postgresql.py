"""A real PostgreSQL server of its own for tests: made, started and removed here.

`python -m tests.postgresql pytest tests/monitor tests/api` runs a command with every archive in such a server.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from sqlalchemy import create_engine, make_url, text

PROGRAMS = ("initdb", "pg_ctl")


def is_installed() -> bool:
    return all(_found(program) for program in PROGRAMS)


def _found(program: str) -> str | None:
    """Debian keeps the server's own programs off the path, in a folder for each version."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, folders)]))


@contextmanager
def running_postgresql() -> Iterator[str]:
    """The URL of an empty database. The server refuses to run as root, so root starts it as nobody."""
    as_whom = {"user": "nobody"} if os.geteuid() == 0 else {}

    def run(program: str, *arguments: str) -> None:
        subprocess.run([str(_found(program)), *arguments], check=True, capture_output=True, **as_whom)  # type: ignore[call-overload]

    with TemporaryDirectory() as folder:
        if as_whom:
            shutil.chown(folder, "nobody")
        data, port = str(Path(folder) / "data"), _free_port()
        # Nothing here must outlive the test: no waiting for the disk.
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off -c full_page_writes=off"
        run("initdb", "-D", data, "-U", "duluan", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        run("pg_ctl", "-D", data, "-o", options, "-l", str(Path(folder) / "log"), "-w", "start")
        try:
            yield f"postgresql+psycopg://duluan@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")


@contextmanager
def own_schema(server: str) -> Iterator[str]:
    """The URL of a new, empty schema in a database; dropped at the end."""
    schema = f"test_{uuid4().hex[:12]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    yield (
        make_url(server).update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(hide_password=False)
    )
    with engine.connect() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    with running_postgresql() as server:
        sys.exit(subprocess.run(sys.argv[1:], env=os.environ | {"DULUAN_TEST_DATABASE_URL": server}).returncode)
