"""Roles, scopes, and the principal: who a request speaks for and what that allows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Role(StrEnum):
    """What a person may do; each role may all that the ones before it may."""

    viewer = "viewer"
    officer = "officer"
    analyst = "analyst"
    admin = "admin"

    def covers(self, other: Role) -> bool:
        return ORDER.index(self) >= ORDER.index(other)


ORDER = tuple(Role)
ROLE_WORDS: dict[Role, str] = {
    Role.viewer: "người xem",
    Role.officer: "cán bộ trực",
    Role.analyst: "phân tích viên",
    Role.admin: "quản trị",
}


class Scope(StrEnum):
    """What an API key may be used for. A key never may more than the role of the person it belongs to."""

    read = "read"
    export = "export"
    write = "write"
    admin = "admin"


SCOPE_WORDS: dict[Scope, str] = {
    Scope.read: "đọc",
    Scope.export: "xuất dữ liệu",
    Scope.write: "thay đổi",
    Scope.admin: "quản trị",
}

Via = Literal["nobody", "person", "key", "local"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a request speaks for.

    `via`: person (a session), key (an API key), local (accounts are off), nobody. `scopes` are a key's; None means all.
    `must_change`: a person whose only open door is the page where the first password is changed.
    `csrf`: the token that the person's state-changing requests must carry.
    """

    via: Via
    name: str = ""
    role: Role | None = None
    user_id: str | None = None
    key_id: str | None = None
    session_id: str | None = None
    scopes: frozenset[Scope] | None = None
    must_change: bool = False
    csrf: str = ""
    full_name: str = ""
    toured: bool = True

    def may(self, role: Role, scope: Scope | None = None) -> bool:
        """Whether this principal has the role, and (a key) the scope."""
        if self.role is None or not self.role.covers(role):
            return False
        return scope is None or self.scopes is None or scope in self.scopes

    @property
    def shown(self) -> str:
        return self.full_name or self.name


NOBODY = Principal("nobody")
LOCAL = Principal("local", name="máy này", role=Role.admin)
