"""The records of alerts, as people and the store know them, and how they lie in rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy.engine import Row

from monitor.alerts.firing import Counts
from monitor.alerts.message import Event, Message
from monitor.alerts.plan import DeliveryState
from monitor.alerts.rule import Priority, Rule

AlertState = Literal["open", "acknowledged", "closed"]
Channel = Literal["email", "webhook", "telegram"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)
STATE_WORDS: dict[AlertState, str] = {"open": "chưa xử lý", "acknowledged": "đã nhận", "closed": "đã kết thúc"}


@dataclass(frozen=True, slots=True)
class StoredRule:
    id: str
    rule: Rule
    created_by: str
    created_at: datetime
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Recipient:
    id: str
    name: str
    channel: Channel
    address: str


@dataclass(frozen=True, slots=True)
class Alert:
    """A rule that fired for a subject. `ids` are its mentions, newest first, at most 500."""

    id: str
    rule_id: str
    subject: str
    title: str
    priority: Priority
    state: AlertState
    counts: Counts
    ids: tuple[str, ...]
    first_at: datetime
    last_at: datetime
    opened_at: datetime
    updated_at: datetime
    heard_at: datetime
    told_count: int
    told_at: datetime
    shown_at: datetime | None = None
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    note: str = ""
    escalated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    id: str
    alert_id: str | None
    recipient_id: str
    event: Event
    message: Message
    state: DeliveryState
    attempts: int
    due_at: datetime
    created_at: datetime
    sent_at: datetime | None
    error: str


class UnknownId(LookupError):
    """No rule, recipient, alert or delivery of this id."""


def stored_rule(row: Row[Any]) -> StoredRule:
    rule = Rule.model_validate(row.definition)
    return StoredRule(row.id, rule, row.created_by, row.created_at, row.changed_by, row.changed_at)


def alert_values(alert: Alert) -> dict[str, Any]:
    values = {name: getattr(alert, name) for name in Alert.__slots__}
    return {**values, "counts": alert.counts.as_json(), "ids": list(alert.ids)}


def alert_of(row: Row[Any]) -> Alert:
    values = {name: getattr(row, name) for name in Alert.__slots__}
    return Alert(**{**values, "counts": Counts(**row.counts), "ids": tuple(row.ids)})


def delivery_of(row: Row[Any]) -> Delivery:
    values = {name: getattr(row, name) for name in Delivery.__slots__}
    return Delivery(**{**values, "message": Message.model_validate(row.message)})
