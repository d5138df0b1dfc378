"""Sessions: a random token in the person's cookie, its hash here. Who reads the archive cannot sign in with it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import Engine, delete, insert, or_, select, update

from monitor.archive import utc_now
from monitor.database import READ_ONLY
from monitor.people.roles import Principal, Role
from monitor.people.tables import sessions, users

Stage = Literal["open", "code"]  # code: the password was right, the second step is awaited
CODE_WAITS = timedelta(minutes=10)
AT_MOST = timedelta(days=7)  # however busy a session is
SEEN_EVERY = timedelta(minutes=1)


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def csrf_token(token: str) -> str:
    """The token that state-changing requests of this session carry; it tells nothing of the session's own."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


class Sessions:
    """The sessions of an installation; `idle` is how long one may rest."""

    def __init__(self, engine: Engine, idle: timedelta) -> None:
        self._engine = engine
        self.idle = idle

    def open(self, user_id: str, *, stage: Stage, address: str, agent: str) -> str:
        """Begins a session; gives its token."""
        token, now = secrets.token_urlsafe(32), utc_now()
        values = {"id": digest(token), "user_id": user_id, "stage": stage, "created_at": now, "seen_at": now}
        with self._engine.begin() as connection:
            connection.execute(insert(sessions).values(**values, address=address[:64], agent=agent[:200]))
            if stage == "open":
                connection.execute(update(users).where(users.c.id == user_id).values(last_login_at=now))
        return token

    def principal(self, token: str) -> Principal | None:
        """Who this token's session speaks for; None when it is unknown, over, half open, or the person is disabled."""
        row = self._row(token, "open")
        if row is None:
            return None
        if utc_now() - row.seen_at > SEEN_EVERY:
            self._seen(row.session_id)
        return Principal(
            "person",
            name=row.name,
            full_name=row.full_name,
            role=Role(row.role),
            user_id=row.id,
            session_id=row.session_id,
            must_change=row.must_change,
            csrf=csrf_token(token),
            toured=row.toured_at is not None,
        )

    def waiting_for_code(self, token: str) -> str | None:
        """The id of the person whose second step this session awaits."""
        row = self._row(token, "code")
        return row.id if row else None

    def _row(self, token: str, stage: Stage) -> Any:
        query = (
            select(
                users, sessions.c.id.label("session_id"), sessions.c.seen_at, sessions.c.created_at.label("begun_at")
            )
            .join_from(sessions, users, users.c.id == sessions.c.user_id)
            .where(sessions.c.id == digest(token), sessions.c.stage == stage, users.c.disabled_at.is_(None))
        )
        with self._engine.connect().execution_options(**READ_ONLY) as connection:
            row = connection.execute(query).first()
        now = utc_now()
        if row is None or now - row.seen_at > (self.idle if stage == "open" else CODE_WAITS):
            return None
        return None if now - row.begun_at > AT_MOST else row

    def _seen(self, session_id: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(sessions).where(sessions.c.id == session_id).values(seen_at=utc_now()))

    def close(self, token: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(delete(sessions).where(sessions.c.id == digest(token)))

    def close_others(self, user_id: str, session_id: str) -> None:
        with self._engine.begin() as connection:
            others = delete(sessions).where(sessions.c.user_id == user_id, sessions.c.id != session_id)
            connection.execute(others)

    def forget(self) -> None:
        """Drops sessions that are over."""
        now = utc_now()
        over = or_(sessions.c.seen_at < now - self.idle, sessions.c.created_at < now - AT_MOST)
        with self._engine.begin() as connection:
            connection.execute(delete(sessions).where(over))
