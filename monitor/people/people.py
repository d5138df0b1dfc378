"""People: accounts with role and password, made by an admin, the command line, or the organisation's own login."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, delete, func, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from monitor.archive import utc_now
from monitor.database import READ_ONLY
from monitor.people import passwords
from monitor.people.roles import Role
from monitor.people.tables import sessions, users

NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{1,119}")
FIRST_ADMIN = "admin"


class PeopleError(ValueError):
    """What was asked for cannot be done; the message says why, in Vietnamese."""


@dataclass(frozen=True, slots=True)
class Person:
    """An account as others may see it: no hash, no secret."""

    id: str
    name: str
    full_name: str
    role: Role
    must_change: bool
    totp_on: bool
    outside: bool  # signs in through the organisation's own login only
    created_at: datetime
    created_by: str
    last_login_at: datetime | None
    disabled_at: datetime | None
    toured: bool


class People:
    """The accounts of an installation. Every change that takes rights away ends the person's sessions."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self) -> list[Person]:
        with self._engine.connect().execution_options(**READ_ONLY) as connection:
            return [person(row) for row in connection.execute(select(users).order_by(users.c.name))]

    def get(self, name: str) -> Person:
        """Raises PeopleError."""
        row = self._row(users.c.name == name)
        if row is None:
            raise PeopleError(f"Không có tài khoản {name!r}.")
        return person(row)

    def by_id(self, user_id: str | None) -> Person | None:
        row = self._row(users.c.id == user_id) if user_id else None
        return person(row) if row else None

    def add(self, name: str, role: Role, *, full_name: str = "", by: str) -> str:
        """Makes an account; gives its one-time password. Raises PeopleError."""
        name = name.strip().lower()
        if not NAME.fullmatch(name):
            raise PeopleError("Tên đăng nhập gồm 2 đến 120 chữ thường không dấu, số và . _ @ -")
        password = passwords.one_time()
        values = _new(name, role, full_name, by) | {"password_hash": passwords.hashed(password), "must_change": True}
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(users).values(**values))
        except IntegrityError:
            raise PeopleError(f"Đã có tài khoản {name!r}.") from None
        return password

    def first_admin(self) -> str | None:
        """Makes the first account when there is none; gives its one-time password, None when there were people."""
        with self._engine.connect().execution_options(**READ_ONLY) as connection:
            if connection.scalar(select(func.count()).select_from(users)):
                return None
        try:
            return self.add(FIRST_ADMIN, Role.admin, full_name="Quản trị viên", by="hệ thống")
        except PeopleError:  # another process was first
            return None

    def reset(self, name: str) -> str:
        """A new one-time password; ends all sessions and turns the second step off. Raises PeopleError."""
        found = self.get(name)
        if found.outside:
            raise PeopleError("Tài khoản này đăng nhập qua hệ thống chung của cơ quan, không có mật khẩu ở đây.")
        password = passwords.one_time()
        values = {"password_hash": passwords.hashed(password), "must_change": True}
        with self._engine.begin() as connection:
            change = update(users).where(users.c.id == found.id)
            connection.execute(change.values(**values, totp_on=False, totp_secret=None))
            connection.execute(delete(sessions).where(sessions.c.user_id == found.id))
        return password

    def set_role(self, name: str, role: Role) -> None:
        """Raises PeopleError; the last admin stays one."""
        self._change(name, {"role": role.value}, leaves_admins=role is Role.admin)

    def disable(self, name: str, *, disabled: bool) -> None:
        """Raises PeopleError; the last admin stays. API keys of a disabled person open nothing."""
        moment = utc_now() if disabled else None
        self._change(name, {"disabled_at": moment}, leaves_admins=not disabled)

    def _change(self, name: str, values: dict[str, Any], *, leaves_admins: bool) -> None:
        found = self.get(name)
        with self._engine.begin() as connection:
            connection.execute(update(users).where(users.c.id == found.id).values(**values))
            connection.execute(delete(sessions).where(sessions.c.user_id == found.id))
            if not leaves_admins and _admins(connection) == 0:
                raise PeopleError("Phải còn ít nhất một tài khoản quản trị đang dùng.")

    def change_password(self, user_id: str, old: str, new: str, *, keep_session: str | None) -> None:
        """A person's own change; ends the person's other sessions. Raises PeopleError, passwords.WeakPassword."""
        row = self._row(users.c.id == user_id)
        if row is None or not passwords.matches(old, row.password_hash):
            raise PeopleError("Mật khẩu hiện tại không đúng.")
        if old == new:
            raise PeopleError("Mật khẩu mới phải khác mật khẩu hiện tại.")
        passwords.check(new, name=row.name)
        with self._engine.begin() as connection:
            values = {"password_hash": passwords.hashed(new), "must_change": False}
            connection.execute(update(users).where(users.c.id == user_id).values(**values))
            others = delete(sessions).where(sessions.c.user_id == user_id, sessions.c.id != (keep_session or ""))
            connection.execute(others)

    def checked(self, name: str, password: str) -> Person | None:
        """The person whose password this is, if the account is in use; brings an old hash up to date."""
        row = self._row(users.c.name == name.strip().lower())
        right = passwords.matches(password, row.password_hash if row else None)
        if row is None or not right or row.disabled_at:
            return None
        if passwords.outdated(row.password_hash):
            self.set(row.id, password_hash=passwords.hashed(password))
        return person(row)

    def from_outside(self, issuer: str, subject: str, *, name: str, full_name: str, role: Role) -> Person:
        """The person that the organisation's login vouches for, made at the first visit, with today's role.

        Raises PeopleError when the account is disabled here, or the name belongs to an account of our own.
        """
        row = self._row((users.c.issuer == issuer) & (users.c.subject == subject))
        if row is None:
            name = re.sub(r"[^a-z0-9._@-]", "-", name.strip().lower())[:120]
            if not NAME.fullmatch(name) or self._row(users.c.name == name) is not None:
                raise PeopleError(f"Tên đăng nhập {name!r} đã có tài khoản riêng hoặc không dùng được ở đây.")
            values = _new(name, role, full_name, "đăng nhập chung") | {"issuer": issuer, "subject": subject}
            with self._engine.begin() as connection:
                connection.execute(insert(users).values(**values))
        elif row.disabled_at:
            raise PeopleError("Tài khoản này đã bị khóa ở đây.")
        else:
            self.set(row.id, role=role.value, full_name=full_name[:200])
        found = self._row((users.c.issuer == issuer) & (users.c.subject == subject))
        assert found is not None
        return person(found)

    def set(self, user_id: str, **values: Any) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(users).where(users.c.id == user_id).values(**values))

    def _row(self, which: Any) -> Any:
        with self._engine.connect().execution_options(**READ_ONLY) as connection:
            return connection.execute(select(users).where(which)).first()


def _new(name: str, role: Role, full_name: str, by: str) -> dict[str, Any]:
    return {
        "id": secrets.token_hex(8),
        "name": name,
        "full_name": full_name.strip()[:200],
        "role": role.value,
        "password_hash": None,
        "must_change": False,
        "totp_on": False,
        "totp_step": 0,
        "created_at": utc_now(),
        "created_by": by,
    }


def _admins(connection: Connection) -> int:
    using = users.c.disabled_at.is_(None) & (users.c.role == Role.admin.value)
    return connection.scalar(select(func.count()).select_from(users).where(using)) or 0


def person(row: Any) -> Person:
    return Person(
        id=row.id,
        name=row.name,
        full_name=row.full_name,
        role=Role(row.role),
        must_change=row.must_change,
        totp_on=row.totp_on,
        outside=row.password_hash is None,
        created_at=row.created_at,
        created_by=row.created_by,
        last_login_at=row.last_login_at,
        disabled_at=row.disabled_at,
        toured=row.toured_at is not None,
    )
