"""Lock-out with back-off: after failed logins an account and an address must wait, longer each time."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, select, update

from monitor.archive import insert_or, utc_now
from monitor.people.tables import login_failures

FREE = {"account": 5, "address": 20}  # failures before the first wait
FIRST, LONGEST = timedelta(seconds=30), timedelta(minutes=15)
FORGOTTEN = timedelta(hours=1)  # after this long without an attempt the count begins anew


class Lockout:
    """Attempts by account and by address, kept in the archive: a restart frees nobody."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, account: str, address: str) -> timedelta | None:
        """Counts an attempt as failed before it is made, so that many at once are counted too.

        None: go on, and call `passed` if it went well. Else how long to wait; nothing was counted then.
        """
        now, about = utc_now(), (f"account:{account[:120]}", f"address:{address[:64]}")
        with self._engine.begin() as connection:
            query = select(login_failures).where(login_failures.c.about.in_(about)).with_for_update()
            known = {row.about: row for row in connection.execute(query)}
            waits = [row.locked_until - now for row in known.values() if row.locked_until and row.locked_until > now]
            if waits:
                longest: timedelta = max(waits)
                return longest
            for each in about:
                row = known.get(each)
                failures = (row.failures if row and now - row.last_at < FORGOTTEN else 0) + 1
                values = {"failures": failures, "last_at": now, "locked_until": _until(each, failures, now)}
                statement = insert_or(connection, login_failures).values(about=each, **values)
                connection.execute(statement.on_conflict_do_update(index_elements=["about"], set_=values))
        return None

    def passed(self, account: str, address: str) -> None:
        """The attempt went well: the account begins anew; the address only gets this attempt back, so that an own
        account does not free it for guessing at others."""
        with self._engine.begin() as connection:
            connection.execute(delete(login_failures).where(login_failures.c.about == f"account:{account[:120]}"))
            back = update(login_failures).where(login_failures.c.about == f"address:{address[:64]}")
            connection.execute(back.values(failures=login_failures.c.failures - 1, locked_until=None))

    def forget(self) -> None:
        """Drops what no longer counts."""
        with self._engine.begin() as connection:
            connection.execute(delete(login_failures).where(login_failures.c.last_at < utc_now() - FORGOTTEN))


def _until(about: str, failures: int, now: datetime) -> datetime | None:
    over = failures - FREE[about.partition(":")[0]]
    return now + min(FIRST * 2 ** min(over, 10), LONGEST) if over >= 0 else None
