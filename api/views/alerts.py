"""Cảnh báo: alerts, the rules that make them, where they are sent; the resources of the API and of the pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field

from api.models import MentionItem, Moment, Resource
from api.reader import Reader
from api.searching import Search
from index.port import IndexUnavailable
from monitor.alerts.alert import Alert, AlertState, Channel, Delivery, Recipient, StoredRule
from monitor.alerts.desk import AlertDesk
from monitor.alerts.message import Event, reason
from monitor.alerts.plan import DeliveryState
from monitor.alerts.rule import Priority, Rule, conditions
from monitor.alerts.watch import Trial
from monitor.wording import number

LISTED = 50
MENTIONS_SHOWN = 50
StateFilter = Literal["open", "acknowledged", "closed", "all"]


class AlertCounts(Resource):
    """`count` without copies, `mentions` with them."""

    window_hours: int
    count: int
    mentions: int
    voices: int
    negative_share: float
    usual: float | None


class AlertItem(Resource):
    id: str = Field(examples=["a-3f2b9c1d5e8a7f60"])
    rule: str = Field(description="The rule's id", examples=["ready-disaster"])
    rule_name: str
    title: str
    priority: Priority
    state: AlertState
    reason: str = Field(description="Why it fired, a Vietnamese sentence made of the figures")
    counts: AlertCounts
    subject: str = Field(description="A story, a mention without a story, an issue, or `all`")
    story: str | None
    mentions: list[str] = Field(description="Ids of its mentions, newest first, at most 500")
    first_at: Moment
    last_at: Moment
    opened_at: Moment
    updated_at: Moment
    acknowledged_by: str | None
    acknowledged_at: Moment | None
    escalated_at: Moment | None
    note: str
    page: str


class AlertNote(Resource):
    note: str = Field(default="", max_length=1000)


class RuleItem(Resource):
    id: str
    rule: Rule
    conditions: str = Field(description="The rule's conditions as a Vietnamese phrase")
    created_by: str
    created_at: Moment
    changed_by: str
    changed_at: Moment


class TrialFiring(Resource):
    at: Moment
    title: str
    reason: str
    subject: str
    mentions: list[str]


class TrialResult(Resource):
    """What a rule would have done. `whole` is false when it found too much to read all; then it began later."""

    since: Moment
    until: Moment
    total: int
    sentence: str
    whole: bool
    fired: list[TrialFiring]


class RecipientIn(Resource):
    name: str = Field(min_length=1, max_length=120)
    channel: Channel
    address: str = Field(min_length=1, max_length=500)


class RecipientItem(Resource):
    """`secret`: what a webhook's receiver checks signatures with; given to administrators only."""

    id: str
    name: str
    channel: Channel
    address: str
    secret: str | None = None


class DeliveryItem(Resource):
    id: str
    alert: str | None
    recipient: str
    recipient_name: str
    event: Event
    subject: str
    state: DeliveryState
    attempts: int
    due_at: Moment
    created_at: Moment
    sent_at: Moment | None
    error: str


class AlertsPage(Resource):
    sentence: str
    state: StateFilter
    alerts: list[AlertItem]
    total: int
    open: int
    dead: int
    page: int
    pages: int
    newest_event: int


class AlertPage(Resource):
    alert: AlertItem
    conditions: str
    mentions: list[MentionItem]
    counted: str | None
    deliveries: list[DeliveryItem]


class RulesPage(Resource):
    rules: list[RuleItem]
    recipients: list[RecipientItem]


class RulePage(Resource):
    """A rule being made or changed; `fields` are the form's values, `trial` what it would have done."""

    id: str | None
    fields: dict[str, Any]
    recipients: list[RecipientItem]
    trial: TrialResult | None = None
    wrong: str = ""


class DeliveriesPage(Resource):
    deliveries: list[DeliveryItem]
    total: int
    state: str
    recipients: list[RecipientItem]
    sending: bool
    channels: list[Channel]


def alert_item(alert: Alert, rule_name: str, *, story: bool) -> AlertItem:
    values = {name: getattr(alert, name) for name in AlertItem.model_fields if hasattr(alert, name)}
    return AlertItem(
        **values
        | {
            "rule": alert.rule_id,
            "rule_name": rule_name,
            "reason": reason(alert.counts),
            "counts": AlertCounts(**alert.counts.as_json()),
            "story": alert.subject if story else None,
            "mentions": list(alert.ids),
            "page": f"/alerts/{quote(alert.id)}",
        }
    )


def alert_items(reader: Reader, desk: AlertDesk, alerts: Sequence[Alert]) -> list[AlertItem]:
    names = {id: desk.rules.rule(id).rule.name for id in {alert.rule_id for alert in alerts}}
    stories = reader.it.annotations.stories(alert.subject for alert in alerts)
    return [alert_item(alert, names[alert.rule_id], story=alert.subject in stories) for alert in alerts]


def rule_item(stored: StoredRule) -> RuleItem:
    values = {name: getattr(stored, name) for name in RuleItem.model_fields if name != "conditions"}
    return RuleItem(**values, conditions=conditions(stored.rule))


def recipient_item(recipient: Recipient, secret: str | None = None) -> RecipientItem:
    return RecipientItem(
        id=recipient.id, name=recipient.name, channel=recipient.channel, address=recipient.address, secret=secret
    )


def delivery_items(desk: AlertDesk, deliveries: Sequence[Delivery]) -> list[DeliveryItem]:
    names = {id: desk.rules.recipient(id).name for id in {delivery.recipient_id for delivery in deliveries}}
    return [
        DeliveryItem(
            **{name: getattr(delivery, name) for name in DeliveryItem.model_fields if hasattr(delivery, name)},
            alert=delivery.alert_id,
            recipient=delivery.recipient_id,
            recipient_name=names[delivery.recipient_id],
            subject=delivery.message.subject,
        )
        for delivery in deliveries
    ]


def trial_result(trial: Trial, most: int = 200) -> TrialResult:
    fired = [
        TrialFiring(
            at=at,
            title=firing.title,
            reason=reason(firing.counts),
            subject=firing.subject,
            mentions=list(firing.ids[:LISTED]),
        )
        for at, firing in reversed(trial.fired)
    ]
    times = f"{number(len(fired))} lần" if fired else "không lần nào"
    sentence = f"Trong 30 ngày qua, quy tắc này sẽ báo {times}."
    if not trial.whole:
        sentence += " Quy tắc tìm thấy quá nhiều tin nên chỉ xét phần mới nhất: hãy thu hẹp lại."
    return TrialResult(
        since=trial.since,
        until=trial.until,
        total=len(fired),
        sentence=sentence,
        whole=trial.whole,
        fired=fired[:most],
    )


def alerts_page(reader: Reader, desk: AlertDesk, state: StateFilter, page: int) -> AlertsPage:
    begin = desk.stream.last_id()
    states: tuple[AlertState, ...] = ("open", "acknowledged", "closed") if state == "all" else (state,)
    found, total = desk.alerts.alerts(states=states, limit=LISTED, offset=(page - 1) * LISTED)
    desk.alerts.shown(alert.id for alert in found if alert.shown_at is None)
    waiting = desk.alerts.alerts(states=("open",), limit=1)[1]
    dead = desk.outbox.deliveries(states=("dead",), limit=1)[1]
    return AlertsPage(
        sentence=_sentence(waiting, dead),
        state=state,
        alerts=alert_items(reader, desk, found),
        total=total,
        open=waiting,
        dead=dead,
        page=page,
        pages=max(1, -(-total // LISTED)),
        newest_event=begin,
    )


def _sentence(waiting: int, dead: int) -> str:
    told = f"{number(waiting)} cảnh báo chưa ai nhận" if waiting else "Không có cảnh báo nào chờ người nhận"
    return told + (f"; {number(dead)} tin không gửi được" if dead else "") + "."


def alert_page(reader: Reader, desk: AlertDesk, alert: Alert) -> AlertPage:
    """An alert with its mentions as they stand in the archive."""
    desk.alerts.shown([alert.id])
    (item,) = alert_items(reader, desk, [alert])
    try:
        mentions = [reader.mention(mention) for mention in reader.index.get(alert.ids[:MENTIONS_SHOWN])]
    except IndexUnavailable:
        mentions = []
    return AlertPage(
        alert=item,
        conditions=conditions(desk.rules.rule(alert.rule_id).rule),
        mentions=mentions,
        counted=Search(story=(item.story,)).link() if item.story else None,
        deliveries=delivery_items(desk, desk.outbox.deliveries(alert=alert.id)[0]),
    )


def form_fields(rule: Rule | None) -> dict[str, Any]:
    """What a rule's form shows; of a new one without a rule."""
    shown = rule or Rule.model_construct(**_EMPTY)
    share, until = shown.negative_share, shown.snoozed_until
    return {
        **{name: getattr(shown, name) for name in Rule.model_fields if name not in ("quiet", "negative_share")},
        "negative_percent": "" if share is None else f"{100 * share:g}",
        "snoozed_until": until.isoformat() if until else "",
        "quiet_start": f"{shown.quiet.start:%H:%M}" if shown.quiet else "",
        "quiet_end": f"{shown.quiet.end:%H:%M}" if shown.quiet else "",
    }


_EMPTY: dict[str, Any] = {
    "name": "",
    **{name: field.default for name, field in Rule.model_fields.items() if name != "name"},
}
