"""Alerts over HTTP: alerts, their rules, who is told, and whether it reached them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request

from api import access
from api.access import PrincipalDep, changed, requires
from api.dependencies import ReaderDep
from api.models import Listing
from api.problems import NotFound, Refused
from api.views.alerts import (
    AlertItem,
    AlertNote,
    DeliveryItem,
    RecipientIn,
    RecipientItem,
    RuleItem,
    StateFilter,
    TrialResult,
    alert_items,
    delivery_items,
    recipient_item,
    rule_item,
    trial_result,
)
from monitor.alerts.alert import Alert, AlertState, UnknownId
from monitor.alerts.desk import AlertDesk, BadRule
from monitor.alerts.outbox import CannotSend
from monitor.alerts.plan import DeliveryState
from monitor.alerts.rule import Rule
from monitor.people.roles import Role

alerts = access.router(prefix="/alerts", tags=["alerts"])
rules = access.router(prefix="/alert-rules", tags=["alerts"])
recipients = access.router(prefix="/alert-recipients", tags=["alerts"])
deliveries = access.router(prefix="/deliveries", tags=["alerts"])

STATES: dict[str, tuple[AlertState, ...]] = {
    "open": ("open",),
    "acknowledged": ("acknowledged",),
    "closed": ("closed",),
    "all": (),
}


def alert_desk(request: Request) -> AlertDesk:
    found: AlertDesk = request.app.state.alerts
    return found


AlertDeskDep = Annotated[AlertDesk, Depends(alert_desk)]
Limit = Annotated[int, Query(ge=1, le=200, description="Items in this page")]
Cursor = Annotated[int, Query(ge=0, le=1_000_000, description="`next` of the page before")]


def known_alert(desk: AlertDesk, id: str) -> Alert:
    try:
        return desk.alerts.alert(id)
    except UnknownId:
        raise NotFound("alert") from None


def _next(cursor: int, limit: int, total: int) -> str | None:
    return str(cursor + limit) if cursor + limit < total else None


# alerts


@alerts.get("", summary="Alerts, newest first")
@requires(Role.viewer, audit="alert")
def listing(
    reader: ReaderDep, desk: AlertDeskDep, state: StateFilter = "open", limit: Limit = 50, cursor: Cursor = 0
) -> Listing[AlertItem]:
    """One alert per story and rule; it grows with the story."""
    found, total = desk.alerts.alerts(states=STATES[state], limit=limit, offset=cursor)
    return Listing(items=alert_items(reader, desk, found), total=total, next=_next(cursor, limit, total))


@alerts.get("/{id}", summary="One alert")
@requires(Role.viewer, audit="alert")
def one(reader: ReaderDep, desk: AlertDeskDep, id: str) -> AlertItem:
    return alert_items(reader, desk, [known_alert(desk, id)])[0]


@alerts.post("/{id}/acknowledge", summary="Say that somebody has it in hand")
@requires(Role.officer)
def acknowledge(
    request: Request, reader: ReaderDep, desk: AlertDeskDep, who: PrincipalDep, id: str, body: AlertNote
) -> AlertItem:
    """It is not escalated any more."""
    alert = known_alert(desk, id)
    changed(request, f"nhận cảnh báo “{alert.title}”")
    return alert_items(reader, desk, [desk.alerts.acknowledge(id, by=who.name, note=body.note)])[0]


@alerts.post("/{id}/close", summary="End an alert")
@requires(Role.officer)
def close(
    request: Request, reader: ReaderDep, desk: AlertDeskDep, who: PrincipalDep, id: str, body: AlertNote
) -> AlertItem:
    alert = known_alert(desk, id)
    changed(request, f"kết thúc cảnh báo “{alert.title}”")
    return alert_items(reader, desk, [desk.alerts.close(id, by=who.name, note=body.note)])[0]


@alerts.post("/{id}/reopen", summary="Take back that an alert was acknowledged or ended")
@requires(Role.officer)
def reopen(request: Request, reader: ReaderDep, desk: AlertDeskDep, id: str) -> AlertItem:
    alert = known_alert(desk, id)
    changed(request, f"mở lại cảnh báo “{alert.title}”")
    return alert_items(reader, desk, [desk.alerts.reopen(id)])[0]


# rules


def put(desk: AlertDesk, rule: Rule, by: str, id: str | None = None) -> RuleItem:
    """Keeps a rule. Raises Refused for one that cannot be applied, QueryError."""
    try:
        return rule_item(desk.put_rule(rule, by=by, id=id))
    except BadRule as error:
        raise Refused(422, "bad_rule", "the rule names something that does not exist", message=str(error)) from None
    except UnknownId:
        said = "Không có người nhận này."
        raise Refused(422, "bad_rule", "the rule names a recipient that does not exist", message=said) from None


def known_rule(desk: AlertDesk, id: str) -> RuleItem:
    found = next((stored for stored in desk.rules.rules() if stored.id == id), None)
    if found is None:
        raise NotFound("alert rule")
    return rule_item(found)


@rules.get("", summary="Alert rules")
@requires(Role.officer)
def rule_listing(desk: AlertDeskDep) -> Listing[RuleItem]:
    found = [rule_item(stored) for stored in desk.rules.rules()]
    return Listing(items=found, total=len(found))


@rules.post("", status_code=201, summary="Make a rule")
@requires(Role.officer)
def add_rule(request: Request, desk: AlertDeskDep, who: PrincipalDep, body: Rule) -> RuleItem:
    changed(request, f"thêm quy tắc “{body.name}”")
    return put(desk, body, who.name)


@rules.post("/try", summary="Try a rule on the last 30 days")
@requires(Role.officer)
def try_rule(desk: AlertDeskDep, body: Rule) -> TrialResult:
    """When it would have fired; nothing is kept and nobody is told."""
    try:
        desk.check_rule(body)
    except BadRule as error:
        raise Refused(422, "bad_rule", "the rule names something that does not exist", message=str(error)) from None
    return trial_result(desk.watch.try_rule(body))


@rules.get("/{id}", summary="One rule")
@requires(Role.officer)
def one_rule(desk: AlertDeskDep, id: str) -> RuleItem:
    return known_rule(desk, id)


@rules.put("/{id}", summary="Replace a rule")
@requires(Role.officer)
def replace_rule(request: Request, desk: AlertDeskDep, who: PrincipalDep, id: str, body: Rule) -> RuleItem:
    known_rule(desk, id)
    changed(request, f"sửa quy tắc “{body.name}”")
    return put(desk, body, who.name, id)


@rules.delete("/{id}", status_code=204, summary="Delete a rule")
@requires(Role.officer)
def delete_rule(request: Request, desk: AlertDeskDep, who: PrincipalDep, id: str) -> None:
    """Its alerts remain."""
    changed(request, f"xóa quy tắc “{known_rule(desk, id).rule.name}”")
    desk.rules.delete_rule(id, by=who.name)


# recipients and deliveries


@recipients.get("", summary="Who can be told")
@requires(Role.officer)
def recipient_listing(desk: AlertDeskDep) -> Listing[RecipientItem]:
    found = [recipient_item(each) for each in desk.rules.recipients()]
    return Listing(items=found, total=len(found))


@recipients.post("", status_code=201, summary="Add a recipient")
@requires(Role.admin)
def add_recipient(request: Request, desk: AlertDeskDep, who: PrincipalDep, body: RecipientIn) -> RecipientItem:
    """For a webhook the answer holds the secret that its receiver checks signatures with."""
    try:
        address = desk.check_address(body.channel, body.address)
    except ValueError as error:
        raise Refused(422, "bad_address", "this address does not fit the channel", message=str(error)) from None
    added = desk.rules.add_recipient(body.name.strip(), body.channel, address, by=who.name)
    changed(request, f"thêm người nhận “{added.name}”")
    return recipient_item(added, desk.webhook_secret(address) if body.channel == "webhook" else None)


@recipients.delete("/{id}", status_code=204, summary="Remove a recipient")
@requires(Role.admin)
def delete_recipient(request: Request, desk: AlertDeskDep, id: str) -> None:
    """Rules no longer name it; what waits for it is not sent."""
    if id not in {each.id for each in desk.rules.recipients()}:
        raise NotFound("recipient")
    changed(request, f"xóa người nhận “{desk.rules.recipient(id).name}”")
    desk.rules.delete_recipient(id)


@recipients.post("/{id}/test", status_code=204, summary="Send a test message")
@requires(Role.admin)
def test_recipient(request: Request, desk: AlertDeskDep, id: str) -> None:
    if id not in {each.id for each in desk.rules.recipients()}:
        raise NotFound("recipient")
    changed(request, f"gửi thử đến “{desk.rules.recipient(id).name}”")
    try:
        desk.try_channel(id)
    except CannotSend as error:
        raise Refused(409, "cannot_send", "the channel did not take the message", message=str(error)) from None


@deliveries.get("", summary="Deliveries, newest first")
@requires(Role.officer)
def delivery_listing(
    desk: AlertDeskDep, state: DeliveryState | None = None, limit: Limit = 50, cursor: Cursor = 0
) -> Listing[DeliveryItem]:
    found, total = desk.outbox.deliveries(states=(state,) if state else (), limit=limit, offset=cursor)
    return Listing(items=delivery_items(desk, found), total=total, next=_next(cursor, limit, total))


@deliveries.post("/{id}/send-again", status_code=204, summary="Send a dead delivery again")
@requires(Role.officer)
def send_again(request: Request, desk: AlertDeskDep, id: str) -> None:
    try:
        desk.outbox.send_again(id)
    except UnknownId:
        raise NotFound("delivery that could not be made") from None
    changed(request, f"gửi lại {id}")
