"""Rules and recipients in SQL."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Engine, insert, select, update
from sqlalchemy.engine import Connection

from monitor.alerts.alert import Channel, Recipient, StoredRule, UnknownId, stored_rule
from monitor.alerts.rule import Rule
from monitor.archive import insert_or, utc_now
from monitor.database import READ_ONLY, alert_recipients, alert_rules, deliveries


class RuleStore:
    """One instance serves many threads."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine, self._clock = engine, clock

    def _read(self) -> Connection:
        return self._engine.connect().execution_options(**READ_ONLY)

    # rules

    def rules(self) -> list[StoredRule]:
        query = select(alert_rules).where(alert_rules.c.deleted_at.is_(None)).order_by(alert_rules.c.created_at)
        with self._read() as connection:
            return [stored_rule(row) for row in connection.execute(query)]

    def rule(self, id: str) -> StoredRule:
        """Deleted rules too: their alerts remain. Raises UnknownId."""
        with self._read() as connection:
            row = connection.execute(select(alert_rules).where(alert_rules.c.id == id)).first()
        if row is None:
            raise UnknownId(id)
        return stored_rule(row)

    def put_rule(self, rule: Rule, *, by: str, id: str | None = None) -> StoredRule:
        """Adds a rule, or replaces the one of this id. Raises UnknownId for recipients that do not exist."""
        now, id = self._clock(), id or f"r-{secrets.token_hex(6)}"
        values = {"definition": rule.model_dump(mode="json"), "changed_by": by, "changed_at": now, "deleted_at": None}
        with self._engine.begin() as connection:
            _check_recipients(connection, [*rule.recipients, *rule.escalate_to])
            statement = insert_or(connection, alert_rules).values(id=id, created_by=by, created_at=now, **values)
            connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))
        return self.rule(id)

    def delete_rule(self, id: str, *, by: str) -> None:
        self.rule(id)
        values = {"deleted_at": self._clock(), "changed_by": by, "changed_at": self._clock()}
        with self._engine.begin() as connection:
            connection.execute(update(alert_rules).where(alert_rules.c.id == id).values(**values))

    def ever_had_rules(self) -> bool:
        with self._read() as connection:
            return connection.execute(select(alert_rules.c.id).limit(1)).first() is not None

    # recipients

    def recipients(self) -> list[Recipient]:
        c = alert_recipients.c
        query = select(c.id, c.name, c.channel, c.address).where(c.deleted_at.is_(None)).order_by(c.name, c.id)
        with self._read() as connection:
            return [Recipient(*row) for row in connection.execute(query)]

    def recipient(self, id: str) -> Recipient:
        """Deleted ones too. Raises UnknownId."""
        c = alert_recipients.c
        with self._read() as connection:
            row = connection.execute(select(c.id, c.name, c.channel, c.address).where(c.id == id)).first()
        if row is None:
            raise UnknownId(id)
        return Recipient(*row)

    def add_recipient(self, name: str, channel: Channel, address: str, *, by: str) -> Recipient:
        id = f"n-{secrets.token_hex(6)}"
        values = {"id": id, "name": name, "channel": channel, "address": address}
        with self._engine.begin() as connection:
            connection.execute(insert(alert_recipients).values(**values, created_by=by, created_at=self._clock()))
        return self.recipient(id)

    def delete_recipient(self, id: str) -> None:
        """Takes a recipient out of use and out of all rules; what waits for it is not sent."""
        self.recipient(id)
        now = self._clock()
        with self._engine.begin() as connection:
            mine = alert_recipients.c.id == id
            connection.execute(update(alert_recipients).where(mine).values(deleted_at=now))
            waiting = (deliveries.c.recipient_id == id) & deliveries.c.state.in_(("waiting", "held"))
            connection.execute(update(deliveries).where(waiting).values(state="off", error="người nhận đã bị xóa"))
            for row in connection.execute(select(alert_rules.c.id, alert_rules.c.definition)).all():
                without = _without(Rule.model_validate(row.definition), id)
                if without is not None:
                    definition = without.model_dump(mode="json")
                    connection.execute(
                        update(alert_rules).where(alert_rules.c.id == row.id).values(definition=definition)
                    )


def _without(rule: Rule, recipient: str) -> Rule | None:
    """The rule without this recipient; None when it does not name it."""
    if recipient not in (*rule.recipients, *rule.escalate_to):
        return None
    next_ones = tuple(id for id in rule.escalate_to if id != recipient)
    return rule.model_copy(
        update={
            "recipients": tuple(id for id in rule.recipients if id != recipient),
            "escalate_to": next_ones,
            "escalate_after_minutes": rule.escalate_after_minutes if next_ones else None,
        }
    )


def _check_recipients(connection: Connection, ids: Sequence[str]) -> None:
    c = alert_recipients.c
    known = set(connection.scalars(select(c.id).where(c.id.in_(ids), c.deleted_at.is_(None))))
    for id in ids:
        if id not in known:
            raise UnknownId(id)
