"""API keys: `dl_ID_SECRET`, shown once, kept as a hash. A key belongs to a person and never may more than they may."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Engine, insert, select, update

from monitor.archive import utc_now
from monitor.database import READ_ONLY
from monitor.people.people import PeopleError
from monitor.people.roles import Principal, Role, Scope
from monitor.people.sessions import digest
from monitor.people.tables import api_keys, users

USED_EVERY = timedelta(minutes=1)
PREFIX = "dl"


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it may be shown: everything but its secret."""

    id: str
    name: str
    owner: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    last_used_from: str
    revoked_at: datetime | None
    revoked_by: str | None

    @property
    def state(self) -> Literal["valid", "expired", "revoked"]:
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= utc_now() else "valid"


class BadKey(ValueError):
    """The key opens nothing; `code` says why: invalid_key, expired_key."""

    def __init__(self, code: Literal["invalid_key", "expired_key"]) -> None:
        super().__init__(code)
        self.code = code


class Keys:
    """The API keys of an installation."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self) -> list[Key]:
        """Newest first."""
        query = select(api_keys, users.c.name.label("owner")).join_from(api_keys, users)
        with self._engine.connect().execution_options(**READ_ONLY) as connection:
            return [_key(row) for row in connection.execute(query.order_by(api_keys.c.created_at.desc()))]

    def add(self, name: str, owner: str, scopes: Iterable[Scope], *, expires_at: datetime | None) -> str:
        """Makes a key for a person; gives it, this once. Raises PeopleError."""
        name, chosen = name.strip()[:120], sorted({Scope(scope).value for scope in scopes})
        if not name or not chosen:
            raise PeopleError("Khóa cần một tên và ít nhất một quyền.")
        if expires_at is not None and expires_at <= utc_now():
            raise PeopleError("Ngày hết hạn phải ở phía trước.")
        id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        with self._engine.begin() as connection:
            user_id = connection.scalar(select(users.c.id).where(users.c.name == owner))
            if user_id is None:
                raise PeopleError(f"Không có tài khoản {owner!r}.")
            values = {"id": id, "secret_hash": digest(secret), "name": name, "user_id": user_id, "scopes": chosen}
            moments = {"created_at": utc_now(), "expires_at": expires_at, "last_used_from": ""}
            connection.execute(insert(api_keys).values(**values, **moments))
        return f"{PREFIX}_{id}_{secret}"

    def revoke(self, id: str, *, by: str) -> None:
        """Raises PeopleError."""
        with self._engine.begin() as connection:
            change = update(api_keys).where(api_keys.c.id == id, api_keys.c.revoked_at.is_(None))
            if connection.execute(change.values(revoked_at=utc_now(), revoked_by=by)).rowcount == 0:
                raise PeopleError(f"Không có khóa đang dùng nào mang mã {id!r}.")

    def principal(self, key: str, *, address: str) -> Principal:
        """Who this key speaks for. Raises BadKey."""
        prefix, _, rest = key.partition("_")
        id, _, secret = rest.partition("_")
        query = (
            select(api_keys, users.c.name.label("owner"), users.c.role, users.c.disabled_at)
            .join_from(api_keys, users)
            .where(api_keys.c.id == id)
        )
        with self._engine.connect().execution_options(**READ_ONLY) as connection:
            row = connection.execute(query).first()
        right = hmac.compare_digest(row.secret_hash if row else "", digest(secret))
        if row is None or prefix != PREFIX or not right or row.revoked_at or row.disabled_at:
            raise BadKey("invalid_key")
        now = utc_now()
        if row.expires_at and row.expires_at <= now:
            raise BadKey("expired_key")
        if row.last_used_at is None or now - row.last_used_at > USED_EVERY or row.last_used_from != address:
            self._used(id, address)
        return Principal(
            "key",
            name=row.owner,
            role=Role(row.role),
            user_id=row.user_id,
            key_id=id,
            scopes=frozenset(map(Scope, row.scopes)),
        )

    def _used(self, id: str, address: str) -> None:
        with self._engine.begin() as connection:
            values = {"last_used_at": utc_now(), "last_used_from": address[:64]}
            connection.execute(update(api_keys).where(api_keys.c.id == id).values(**values))


def _key(row: object) -> Key:
    names = ("id", "name", "owner", "created_at", "expires_at", "last_used_at", "last_used_from", "revoked_at")
    values = {name: getattr(row, name) for name in (*names, "revoked_by")}
    return Key(**values, scopes=tuple(map(Scope, getattr(row, "scopes"))))  # noqa: B009
