"""People in tests: accounts with a known password, and signing in as a browser does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from fastapi.testclient import TestClient

from api.app import create_app
from api.bundle import ChartLibrary
from monitor.people import passwords
from monitor.people.desk import Desk
from monitor.people.roles import Role
from monitor.settings import Settings
from tests.api.world import HOME

PASSWORD = "cau hien luong xanh"
passwords.hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)  # cheap: tests sign in hundreds of times
_HASH = passwords.hashed(PASSWORD)


@contextmanager
def open_house(folder: Path, **settings: Any) -> Iterator[TestClient]:
    """An installation with accounts behind a test client that follows no redirects; charts are not wanted there."""
    library = ChartLibrary(folder / "cache")
    (folder / "cache").mkdir(parents=True, exist_ok=True)
    (folder / "cache" / f"charts-{library.version}.js").touch()
    app = create_app(Settings(data=folder, **{"auth": "on", **settings}))
    with TestClient(app, base_url=HOME, follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


def new_person(desk: Desk, name: str, role: Role) -> None:
    """An account whose first password was changed already."""
    desk.people.add(name, role, by="test")
    set_password(desk, name)


def set_password(desk: Desk, name: str) -> None:
    """From now on the account opens with PASSWORD."""
    desk.people.set(desk.people.get(name).id, password_hash=_HASH, must_change=False)


def csrf_of(client: TestClient, path: str) -> str:
    """The token of the forms at this page."""
    found = re.search(r'name="csrf" value="([^"]+)"', client.get(path).text)
    assert found, path
    return found[1]


def sign_in(client: TestClient, name: str, password: str, **fields: str) -> Any:
    """Fills in the login form and sends it."""
    form = {"name": name, "password": password, "csrf": csrf_of(client, "/login"), **fields}
    return client.post("/login", data=form, follow_redirects=False)
