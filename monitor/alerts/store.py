"""Alerts in SQL: opened, grown, escalated, acknowledged, each change with what is to be sent, in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, func, insert, select, update
from sqlalchemy.engine import Connection

from monitor import stream
from monitor.alerts.alert import Alert, AlertState, StoredRule, UnknownId, alert_of, alert_values
from monitor.alerts.firing import AGAIN, ALL, Firing
from monitor.alerts.message import Event, Message
from monitor.alerts.plan import day_start, is_told_again, planned
from monitor.alerts.rule import Rule
from monitor.archive import insert_or, utc_now
from monitor.database import READ_ONLY, alert_rules, alerts, deliveries

REMEMBERED = timedelta(days=30)  # how long an alert can still grow
QUIET_FOR = timedelta(days=3)  # an alert of which nothing was heard for so long is closed
MOST_IDS = 500

Tell = Callable[[Event, Alert, Rule], Message]


class AlertStore:
    """One instance serves many threads. `cap` is the most messages a recipient gets a day, urgent ones aside."""

    def __init__(self, engine: Engine, *, cap: int = 20, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine, self._cap, self._clock = engine, cap, clock

    def _read(self) -> Connection:
        return self._engine.connect().execution_options(**READ_ONLY)

    def record(self, stored: StoredRule, firings: Sequence[Firing], tell: Tell) -> list[Alert]:
        """Opens an alert for each firing, or lets the one that is there grow; with what is to be sent, in one
        transaction. Returns the alerts that were opened or grew. Doing it twice changes nothing."""
        since = self._clock() - REMEMBERED
        with self._read() as connection:
            known = _alerts_of(connection, stored.id, since)
        if not any(_changes(known, firing) for firing in firings):
            return []
        with self._engine.begin() as connection:
            known = _alerts_of(connection, stored.id, since)
            changed = [self._record(connection, stored, firing, known, tell) for firing in firings]
        return [alert for alert in changed if alert is not None]

    def _record(
        self, connection: Connection, stored: StoredRule, firing: Firing, known: list[Alert], tell: Tell
    ) -> Alert | None:
        now, rule = self._clock(), stored.rule
        if not _changes(known, firing):
            return None
        same = next((alert for alert in known if _is_same(alert, firing)), None)
        if same is None:
            alert = _opened(stored, firing, now)
            connection.execute(insert(alerts).values(**alert_values(alert)))
            self._deliver(connection, rule, rule.recipients, "opened", tell("opened", alert, rule), alert)
        else:
            alert = _grown(same, firing, now)
            told = is_told_again(alert.counts.count, same.told_count, same.told_at, now)
            if told:
                alert = replace(alert, told_count=alert.counts.count, told_at=now)
            connection.execute(update(alerts).where(alerts.c.id == alert.id).values(**alert_values(alert)))
            if told:
                self._deliver(connection, rule, rule.recipients, "update", tell("update", alert, rule), alert)
            known.remove(same)
        known.append(alert)
        stream.append(connection, "alert", alert.id, _stream_data(alert, "opened" if same is None else "update"))
        return alert

    def escalate(self, tell: Tell) -> list[Alert]:
        """Tells the next ones of alerts that nobody acknowledged in time; each alert once."""
        now, done = self._clock(), []
        with self._engine.begin() as connection:
            rows = connection.execute(
                select(alerts, alert_rules.c.definition)
                .join(alert_rules, alert_rules.c.id == alerts.c.rule_id)
                .where(alerts.c.state == "open", alerts.c.escalated_at.is_(None), alert_rules.c.deleted_at.is_(None))
            ).all()
            for row in rows:
                alert, rule = alert_of(row), Rule.model_validate(row.definition)
                patience = rule.escalate_after_minutes
                if patience is None or now - alert.opened_at < timedelta(minutes=patience) or not rule.is_awake(now):
                    continue
                alert = replace(alert, escalated_at=now)
                connection.execute(update(alerts).where(alerts.c.id == alert.id).values(escalated_at=now))
                self._deliver(connection, rule, rule.escalate_to, "escalation", tell("escalation", alert, rule), alert)
                stream.append(connection, "alert", alert.id, _stream_data(alert, "escalation"))
                done.append(alert)
        return done

    def close_quiet(self) -> int:
        """Closes alerts of which nothing was heard for three days."""
        now = self._clock()
        with self._engine.begin() as connection:
            quiet = (alerts.c.state != "closed") & (alerts.c.last_at < now - QUIET_FOR)
            quiet &= alerts.c.opened_at < now - QUIET_FOR
            found = connection.execute(update(alerts).where(quiet).values(state="closed", updated_at=now))
            return found.rowcount

    def acknowledge(self, id: str, *, by: str, note: str = "") -> Alert:
        """Says that somebody has it in hand; it is not escalated any more. Raises UnknownId."""
        now = self._clock()
        values = {"state": "acknowledged", "acknowledged_by": by, "acknowledged_at": now, "updated_at": now}
        return self._change(id, {**values, "note": note}, "acknowledged")

    def close(self, id: str, *, by: str, note: str = "") -> Alert:
        now = self._clock()
        kept = self.alert(id)
        values = {"acknowledged_by": kept.acknowledged_by or by, "acknowledged_at": kept.acknowledged_at or now}
        return self._change(id, {**values, "state": "closed", "updated_at": now, "note": note or kept.note}, "closed")

    def reopen(self, id: str) -> Alert:
        values = {"state": "open", "acknowledged_by": None, "acknowledged_at": None, "updated_at": self._clock()}
        return self._change(id, values, "reopened")

    def _change(self, id: str, values: Mapping[str, Any], event: str) -> Alert:
        with self._engine.begin() as connection:
            changed = connection.execute(update(alerts).where(alerts.c.id == id).values(**values))
            if not changed.rowcount:
                raise UnknownId(id)
            row = connection.execute(select(alerts).where(alerts.c.id == id)).one()
            stream.append(connection, "alert", id, _stream_data(alert_of(row), event))
        return alert_of(row)

    def shown(self, ids: Iterable[str]) -> None:
        """Notes when an alert first reached a screen."""
        with self._engine.begin() as connection:
            unseen = alerts.c.id.in_(list(ids)) & alerts.c.shown_at.is_(None)
            connection.execute(update(alerts).where(unseen).values(shown_at=self._clock()))

    def alert(self, id: str) -> Alert:
        """Raises UnknownId."""
        with self._read() as connection:
            row = connection.execute(select(alerts).where(alerts.c.id == id)).first()
        if row is None:
            raise UnknownId(id)
        return alert_of(row)

    def alerts(
        self, *, states: Sequence[AlertState] = (), rule: str | None = None, limit: int = 50, offset: int = 0
    ) -> tuple[list[Alert], int]:
        """Alerts with the newest first, and how many there are in all."""
        wanted = select(alerts)
        if states:
            wanted = wanted.where(alerts.c.state.in_(states))
        if rule:
            wanted = wanted.where(alerts.c.rule_id == rule)
        newest = wanted.order_by(alerts.c.opened_at.desc(), alerts.c.id).limit(limit).offset(offset)
        with self._read() as connection:
            total = connection.scalar(select(func.count()).select_from(wanted.subquery())) or 0
            return [alert_of(row) for row in connection.execute(newest)], total

    def waits(self, since: datetime) -> list[timedelta]:
        """How long it took from publication to a screen, of alerts on what was published after this moment."""
        query = select(alerts.c.heard_at, alerts.c.shown_at).where(
            alerts.c.heard_at >= since, alerts.c.shown_at.is_not(None)
        )
        with self._read() as connection:
            return [shown - heard for heard, shown in connection.execute(query)]

    def _deliver(
        self,
        connection: Connection,
        rule: Rule,
        recipients: Sequence[str],
        event: Event,
        message: Message,
        alert: Alert,
    ) -> None:
        now = self._clock()
        for plan in planned(rule, recipients, now, _told_today(connection, recipients, now), self._cap):
            values = {
                "id": delivery_id(alert, event, plan.recipient),
                "alert_id": alert.id,
                "recipient_id": plan.recipient,
                "event": event,
                "message": message.model_dump(mode="json"),
                "state": plan.state,
                "attempts": 0,
                "due_at": plan.due_at,
                "created_at": now,
                "error": "",
            }
            statement = insert_or(connection, deliveries).values(**values)
            connection.execute(statement.on_conflict_do_nothing(index_elements=["id"]))


def delivery_id(alert: Alert, event: Event, recipient: str) -> str:
    """The same for every try of the same message to the same recipient."""
    step = alert.told_count if event == "update" else 0
    return f"{alert.id}.{event}.{step}.{recipient}"


def _changes(known: Sequence[Alert], firing: Firing) -> bool:
    same = next((alert for alert in known if _is_same(alert, firing)), None)
    return same is None or not set(firing.ids[:MOST_IDS]) <= set(same.ids)


def _is_same(alert: Alert, firing: Firing) -> bool:
    """Whether a firing is what this alert is about: the same story, or one that took over most of its mentions."""
    if firing.subject == ALL:
        return alert.subject == ALL and firing.first_at - alert.last_at <= AGAIN
    shared = len(set(alert.ids) & set(firing.ids))
    return alert.subject == firing.subject or 2 * shared > min(len(alert.ids), len(firing.ids))


def _opened(stored: StoredRule, firing: Firing, now: datetime) -> Alert:
    name = f"{stored.id}|{firing.subject}|{firing.ids[-1] if firing.subject == ALL else ''}"
    return Alert(
        id="a-" + hashlib.sha256(name.encode()).hexdigest()[:16],
        rule_id=stored.id,
        subject=firing.subject,
        title=firing.title or stored.rule.name,
        priority=stored.rule.priority,
        state="open",
        counts=firing.counts,
        ids=firing.ids[:MOST_IDS],
        first_at=firing.first_at,
        last_at=firing.last_at,
        opened_at=now,
        updated_at=now,
        heard_at=firing.last_at,
        told_count=firing.counts.count,
        told_at=now,
    )


def _grown(alert: Alert, firing: Firing, now: datetime) -> Alert:
    ids = tuple(dict.fromkeys((*firing.ids, *alert.ids)))[:MOST_IDS]
    return replace(
        alert,
        subject=firing.subject,
        title=firing.title or alert.title,
        state="open" if alert.state == "closed" else alert.state,
        counts=firing.counts,
        ids=ids,
        first_at=min(alert.first_at, firing.first_at),
        last_at=max(alert.last_at, firing.last_at),
        updated_at=now,
    )


def _stream_data(alert: Alert, event: str) -> dict[str, Any]:
    return {"event": event, "state": alert.state, "priority": alert.priority, "title": alert.title, **_figures(alert)}


def _figures(alert: Alert) -> dict[str, Any]:
    return {"count": alert.counts.count, "negative_share": alert.counts.negative_share}


def _alerts_of(connection: Connection, rule: str, since: datetime) -> list[Alert]:
    query = select(alerts).where(alerts.c.rule_id == rule, alerts.c.last_at >= since).order_by(alerts.c.last_at.desc())
    return [alert_of(row) for row in connection.execute(query)]


def _told_today(connection: Connection, recipients: Sequence[str], at: datetime) -> dict[str, int]:
    c = deliveries.c
    query = (
        select(c.recipient_id, func.count())
        .where(c.recipient_id.in_(recipients), c.created_at >= day_start(at), c.state.in_(("waiting", "sent", "dead")))
        .group_by(c.recipient_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}
