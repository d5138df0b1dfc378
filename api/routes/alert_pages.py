"""Cảnh báo: the pages of alerts, rules and deliveries, and their forms."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError
from starlette.datastructures import FormData

from api import access
from api.access import PrincipalDep, changed, requires
from api.dependencies import ReaderDep
from api.paging import add_page
from api.problems import NotFound
from api.routes.alerts import AlertDeskDep, known_alert, known_rule
from api.views.alerts import (
    AlertPage,
    AlertsPage,
    DeliveriesPage,
    RulePage,
    RulesPage,
    StateFilter,
    TrialResult,
    alert_page,
    alerts_page,
    delivery_items,
    form_fields,
    recipient_item,
    rule_item,
    trial_result,
)
from index.port import QueryError
from monitor.alerts.alert import CHANNELS, Channel, UnknownId
from monitor.alerts.desk import AlertDesk, BadRule, senders
from monitor.alerts.outbox import CannotSend
from monitor.alerts.plan import DeliveryState
from monitor.alerts.rule import QuietHours, Rule
from monitor.people.roles import Role

router = access.router(include_in_schema=False)
Text = Annotated[str, Form(max_length=1000)]
SNOOZES = {"1h": timedelta(hours=1), "8h": timedelta(hours=8), "1d": timedelta(days=1), "7d": timedelta(days=7)}
FIELD_WORDS = {
    "name": "tên quy tắc",
    "query": "từ khóa",
    "window_hours": "số giờ",
    "min_count": "số lượt nhắc",
    "min_ratio": "bội số",
    "negative_share": "tỷ lệ tiêu cực",
    "min_score": "điểm",
    "escalate_after_minutes": "số phút chờ chuyển cấp",
    "quiet": "giờ yên lặng",
}


async def form(request: Request) -> FormData:
    return await request.form()


FormDep = Annotated[FormData, Depends(form)]


def _alerts(
    reader: ReaderDep,
    desk: AlertDeskDep,
    state: StateFilter = "open",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> AlertsPage:
    return alerts_page(reader, desk, state, page)


def _alert(reader: ReaderDep, desk: AlertDeskDep, id: str) -> AlertPage:
    return alert_page(reader, desk, known_alert(desk, id))


def _rules(desk: AlertDeskDep) -> RulesPage:
    recipients = [recipient_item(each) for each in desk.rules.recipients()]
    return RulesPage(rules=[rule_item(stored) for stored in desk.rules.rules()], recipients=recipients)


def _new(desk: AlertDeskDep, q: Annotated[str, Query(max_length=4000)] = "") -> RulePage:
    fields = form_fields(None) | {"query": q}
    return _rule_page(desk, None, fields)


def _rule(desk: AlertDeskDep, id: str) -> RulePage:
    return _rule_page(desk, id, form_fields(known_rule(desk, id).rule))


def _deliveries(desk: AlertDeskDep, state: DeliveryState | None = None) -> DeliveriesPage:
    found, total = desk.outbox.deliveries(states=(state,) if state else (), limit=100)
    channels = sorted(senders(desk.settings))
    return DeliveriesPage(
        deliveries=delivery_items(desk, found),
        total=total,
        state=state or "",
        recipients=[recipient_item(each) for each in desk.rules.recipients()],
        sending=desk.settings.alerts_send,
        channels=[channel for channel in CHANNELS if channel in channels],
    )


def _rule_page(
    desk: AlertDesk, id: str | None, fields: dict[str, Any], *, trial: TrialResult | None = None, wrong: str = ""
) -> RulePage:
    recipients = [recipient_item(each) for each in desk.rules.recipients()]
    return RulePage(id=id, fields=fields, recipients=recipients, trial=trial, wrong=wrong)


add_page(router, "/alerts", "alerts.html", _alerts, audit="alert")
add_page(router, "/alerts/rules", "alert_rules.html", _rules, role=Role.officer)
add_page(router, "/alerts/rules/new", "alert_rule.html", _new, role=Role.officer)
add_page(router, "/alerts/rules/{id}", "alert_rule.html", _rule, role=Role.officer)
add_page(router, "/alerts/deliveries", "alert_deliveries.html", _deliveries, role=Role.officer)
add_page(router, "/alerts/{id}", "alert.html", _alert, audit="alert")


@router.post("/alerts/{id}/acknowledge")
@requires(Role.officer)
def acknowledge(request: Request, desk: AlertDeskDep, who: PrincipalDep, id: str, note: Text = "") -> Response:
    changed(request, f"nhận cảnh báo “{known_alert(desk, id).title}”")
    desk.alerts.acknowledge(id, by=who.name, note=note)
    return RedirectResponse(f"/alerts/{id}", 303)


@router.post("/alerts/{id}/close")
@requires(Role.officer)
def close(request: Request, desk: AlertDeskDep, who: PrincipalDep, id: str, note: Text = "") -> Response:
    changed(request, f"kết thúc cảnh báo “{known_alert(desk, id).title}”")
    desk.alerts.close(id, by=who.name, note=note)
    return RedirectResponse(f"/alerts/{id}", 303)


@router.post("/alerts/{id}/reopen")
@requires(Role.officer)
def reopen(request: Request, desk: AlertDeskDep, id: str) -> Response:
    changed(request, f"mở lại cảnh báo “{known_alert(desk, id).title}”")
    desk.alerts.reopen(id)
    return RedirectResponse(f"/alerts/{id}", 303)


@router.post("/alerts/rules/new")
@requires(Role.officer)
def add_rule(request: Request, desk: AlertDeskDep, who: PrincipalDep, given: FormDep) -> Response:
    return _take(request, desk, who.name, None, given)


@router.post("/alerts/rules/{id}")
@requires(Role.officer)
def change_rule(request: Request, desk: AlertDeskDep, who: PrincipalDep, id: str, given: FormDep) -> Response:
    known_rule(desk, id)
    return _take(request, desk, who.name, id, given)


@router.post("/alerts/rules/{id}/snooze")
@requires(Role.officer)
def snooze(
    request: Request, desk: AlertDeskDep, who: PrincipalDep, id: str, span: Annotated[str, Form(max_length=4)]
) -> Response:
    """Sends a rule to sleep for a while; any other span wakes it."""
    rule = known_rule(desk, id).rule
    until = datetime.now(UTC) + SNOOZES[span] if span in SNOOZES else None
    desk.rules.put_rule(rule.model_copy(update={"snoozed_until": until}), by=who.name, id=id)
    changed(request, f"{'hoãn' if until else 'bật lại'} quy tắc “{rule.name}”")
    return RedirectResponse("/alerts/rules", 303)


@router.post("/alerts/rules/{id}/delete")
@requires(Role.officer)
def delete_rule(request: Request, desk: AlertDeskDep, who: PrincipalDep, id: str) -> Response:
    changed(request, f"xóa quy tắc “{known_rule(desk, id).rule.name}”")
    desk.rules.delete_rule(id, by=who.name)
    return RedirectResponse("/alerts/rules", 303)


@router.post("/alerts/deliveries/{id}/again")
@requires(Role.officer)
def send_again(request: Request, desk: AlertDeskDep, id: str) -> Response:
    try:
        desk.outbox.send_again(id)
    except UnknownId:
        raise NotFound("delivery that could not be made") from None
    changed(request, f"gửi lại {id}")
    return RedirectResponse("/alerts/deliveries", 303)


@router.post("/alerts/recipients")
@requires(Role.admin)
def add_recipient(
    request: Request,
    desk: AlertDeskDep,
    who: PrincipalDep,
    name: Annotated[str, Form(max_length=120)],
    channel: Annotated[Channel, Form()],
    address: Annotated[str, Form(max_length=500)],
) -> Response:
    try:
        checked = desk.check_address(channel, address)
        if not name.strip():
            raise ValueError("hãy đặt tên cho người nhận")
    except ValueError as error:
        return _said(request, "alert_deliveries.html", _deliveries(desk), wrong=f"Chưa thêm được: {error}.")
    desk.rules.add_recipient(name.strip(), channel, checked, by=who.name)
    changed(request, f"thêm người nhận “{name.strip()}”")
    secret = desk.webhook_secret(checked) if channel == "webhook" else ""
    return _said(request, "alert_deliveries.html", _deliveries(desk), done=f"Đã thêm {name.strip()}.", secret=secret)


@router.post("/alerts/recipients/{id}/test")
@requires(Role.admin)
def try_recipient(request: Request, desk: AlertDeskDep, id: str) -> Response:
    name = _recipient(desk, id)
    changed(request, f"gửi thử đến “{name}”")
    try:
        desk.try_channel(id)
    except CannotSend as error:
        return _said(request, "alert_deliveries.html", _deliveries(desk), wrong=f"Không gửi được đến {name}: {error}.")
    return _said(request, "alert_deliveries.html", _deliveries(desk), done=f"Đã gửi thử đến {name}.")


@router.post("/alerts/recipients/{id}/delete")
@requires(Role.admin)
def delete_recipient(request: Request, desk: AlertDeskDep, id: str) -> Response:
    changed(request, f"xóa người nhận “{_recipient(desk, id)}”")
    desk.rules.delete_recipient(id)
    return RedirectResponse("/alerts/deliveries", 303)


def _recipient(desk: AlertDesk, id: str) -> str:
    name = next((each.name for each in desk.rules.recipients() if each.id == id), None)
    if name is None:
        raise NotFound("recipient")
    return name


def _said(request: Request, template: str, page: Any, *, wrong: str = "", **said: str) -> Response:
    """The page again, with what was done, or why it was not."""
    html = request.app.state.templates.render(template, request, page=page, wrong=wrong, **said)
    return HTMLResponse(html, 422 if wrong else 200)


def _take(request: Request, desk: AlertDesk, by: str, id: str | None, given: FormData) -> Response:
    """Tries or keeps the rule of a form; one that cannot be applied is shown again with what is wrong."""
    fields = _shown(given)
    try:
        rule = _read(given)
        desk.check_rule(rule)
        if given.get("do") == "try":
            page = _rule_page(desk, id, fields, trial=trial_result(desk.watch.try_rule(rule)))
            return _said(request, "alert_rule.html", page)
        stored = desk.put_rule(rule, by=by, id=id)
    except ValidationError as error:
        wrong = _words(error)
    except QueryError as error:
        wrong = error.message
    except (BadRule, _BadField) as error:
        wrong = str(error)
    except UnknownId:
        wrong = "Người nhận đã bị xóa; hãy chọn lại."
    else:
        changed(request, f"{'sửa' if id else 'thêm'} quy tắc “{stored.rule.name}”")
        return RedirectResponse("/alerts/rules", 303)
    return _said(request, "alert_rule.html", _rule_page(desk, id, fields, wrong=wrong), wrong=wrong)


class _BadField(ValueError):
    """A field of the form that cannot be read; the message is Vietnamese."""


def _read(given: FormData) -> Rule:
    """The rule that a form describes. Raises ValidationError, _BadField."""
    issue = given.get("basis") == "issue"
    values: dict[str, Any] = {
        "name": _text(given, "name"),
        "enabled": "enabled" in given,
        "basis": _text(given, "basis") or "query",
        "query": "" if issue else _text(given, "query"),
        "topics": _several(given, "topics"),
        "places": _several(given, "places"),
        "kinds": _several(given, "kinds"),
        "per": _text(given, "per") or "story",
        "first_mention": not issue and "first_mention" in given,
        "priority": _text(given, "priority") or "normal",
        "recipients": _several(given, "recipients"),
        "escalate_to": _several(given, "escalate_to"),
        "quiet": _quiet(given),
    }
    numbers = {"window_hours": 24, "min_count": 1, "escalate_after_minutes": None}
    values |= {name: _number(given, name, default) for name, default in numbers.items()}
    values["min_ratio"] = None if issue else _number(given, "min_ratio")
    values["min_score"] = _number(given, "min_score") if issue else None
    share = _number(given, "negative_percent")
    values["negative_share"] = None if share is None else share / 100
    until = _text(given, "snoozed_until")
    values["snoozed_until"] = until or None
    return Rule(**values)


def _shown(given: FormData) -> dict[str, Any]:
    """The form's values as it was sent, so that nothing a person typed is lost."""
    lists = {name: _several(given, name) for name in ("topics", "places", "kinds", "recipients", "escalate_to")}
    flags = {name: name in given for name in ("enabled", "first_mention")}
    names = (
        "name", "basis", "query", "per", "priority", "window_hours", "min_count", "min_ratio", "min_score",
        "negative_percent", "escalate_after_minutes", "quiet_start", "quiet_end", "snoozed_until",
    )  # fmt: skip
    return form_fields(None) | {name: _text(given, name) for name in names} | lists | flags


def _text(given: FormData, name: str) -> str:
    value = given.get(name)
    return value.strip() if isinstance(value, str) else ""


def _several(given: FormData, name: str) -> tuple[str, ...]:
    return tuple(value for value in given.getlist(name) if isinstance(value, str) and value)


def _number(given: FormData, name: str, default: float | None = None) -> float | None:
    text = _text(given, name).replace(",", ".")
    if not text:
        return default
    try:
        return float(text)
    except ValueError:
        raise _BadField(f"Ô “{FIELD_WORDS.get(name, 'tỷ lệ tiêu cực')}” cần một con số.") from None


def _quiet(given: FormData) -> QuietHours | None:
    start, end = _text(given, "quiet_start"), _text(given, "quiet_end")
    if not start and not end:
        return None
    try:
        return QuietHours(start=time.fromisoformat(start), end=time.fromisoformat(end))
    except ValueError:
        raise _BadField(
            "Giờ yên lặng cần cả hai đầu, viết như 22:00 và 06:00; bỏ trống cả hai để báo cả đêm."
        ) from None


def _words(error: ValidationError) -> str:
    """The first thing wrong with a rule, in Vietnamese."""
    first = error.errors()[0]
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    name = FIELD_WORDS.get(str(first["loc"][0]) if first["loc"] else "", "biểu mẫu")
    bounds = {key: value for key, value in first.get("ctx", {}).items() if key in ("ge", "gt", "le", "lt")}
    limits = {"ge": "từ", "gt": "lớn hơn", "le": "đến", "lt": "nhỏ hơn"}
    said = " ".join(f"{limits[key]} {value:g}" for key, value in bounds.items())
    return f"Ô “{name}” chưa hợp lệ{f': cần {said}' if said else ''}."
