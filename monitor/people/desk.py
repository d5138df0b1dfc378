"""`Desk`: everything about people of one installation, in one object."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine

from monitor.people.audit import AuditLog
from monitor.people.keys import Keys
from monitor.people.lockout import Lockout
from monitor.people.people import People
from monitor.people.second_step import SecondStep
from monitor.people.sessions import Sessions


class Desk:
    """Opened by the installation; `idle` is how long a session may rest, `audit_kept` how long the log is kept;
    `key` encrypts what the second step keeps."""

    def __init__(self, engine: Engine, *, idle: timedelta, audit_kept: timedelta, key: bytes) -> None:
        self._audit_kept = audit_kept
        self.audit = AuditLog(engine)
        self.people = People(engine)
        self.sessions = Sessions(engine, idle)
        self.keys = Keys(engine)
        self.lockout = Lockout(engine)
        self.second_step = SecondStep(engine, key)

    def keep_house(self) -> None:
        """Drops what is over."""
        self.second_step.close_all()
        self.sessions.forget()
        self.lockout.forget()
        self.audit.forget(self._audit_kept)
