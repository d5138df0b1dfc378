"""Quản trị: people, API keys, sources on and off, the audit log. For admins, and for people only: no key comes here."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from typing import Annotated, Any

from fastapi import Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from api import access
from api.access import PrincipalDep, requires
from api.dependencies import FromDep, ReaderDep, ToDep
from api.guard import Guard
from api.paging import add_page
from api.problems import NotFound
from api.views.admin import (
    AuditPage,
    KeysPage,
    PeoplePage,
    SwitchesPage,
    audit_page,
    keys_page,
    people_page,
    switches_page,
)
from monitor.archive import utc_now
from monitor.export import inert
from monitor.people.desk import Desk
from monitor.people.people import PeopleError
from monitor.people.roles import Role, Scope
from monitor.wording import VIETNAM, rfc3339

router = access.router(include_in_schema=False)
Field = Annotated[str, Form(max_length=500)]
Short = Annotated[str, Query(max_length=200)]
COLUMNS = ("at", "who", "role", "key_id", "action", "what", "query", "status", "address", "times")


def desk(request: Request) -> Desk:
    guard: Guard = request.app.state.guard
    return guard.desk


DeskDep = Annotated[Desk, Depends(desk)]
admin = requires(Role.admin, people=True)


def _people(desk: DeskDep) -> PeoplePage:
    return people_page(desk)


def _keys(desk: DeskDep) -> KeysPage:
    return keys_page(desk)


def _switches(reader: ReaderDep) -> SwitchesPage:
    return switches_page(reader)


def _audit(
    desk: DeskDep,
    since: FromDep,
    until: ToDep,
    who: Short = "",
    action: Short = "",
    text: Short = "",
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
) -> AuditPage:
    return audit_page(desk, who=who, action=action, text=text, since=since, until=until, before=before)


@router.get("/admin")
@admin
def first_page() -> Response:
    return RedirectResponse("/admin/people", 303)


add_page(router, "/admin/people", "admin_people.html", _people, role=Role.admin, people=True)
add_page(router, "/admin/keys", "admin_keys.html", _keys, role=Role.admin, people=True)
add_page(router, "/admin/sources", "admin_sources.html", _switches, role=Role.admin, people=True)
add_page(router, "/admin/audit", "admin_audit.html", _audit, role=Role.admin, people=True)


def _said(request: Request, template: str, page: Any, *, wrong: str = "", **said: str) -> Response:
    """The page again, with what was done, or why it was not."""
    html = request.app.state.templates.render(template, request, page=page, wrong=wrong, **said)
    return HTMLResponse(html, 422 if wrong else 200)


def _people_said(request: Request, do: Callable[[], str | None], done: str, name: str = "") -> Response:
    try:
        password = do() or ""
    except PeopleError as error:
        return _said(request, "admin_people.html", people_page(desk(request)), wrong=str(error))
    access.changed(request, done)
    return _said(request, "admin_people.html", people_page(desk(request)), done=done, password=password, name=name)


@router.post("/admin/people")
@admin
def add_person(
    request: Request,
    desk: DeskDep,
    who: PrincipalDep,
    name: Field,
    role: Annotated[Role, Form()],
    full_name: Field = "",
) -> Response:
    def do() -> str:
        return desk.people.add(name, role, full_name=full_name, by=who.name)

    return _people_said(request, do, f"Đã thêm {name.strip().lower()}, vai trò {role}.", name.strip().lower())


@router.post("/admin/people/{name}/role")
@admin
def set_role(request: Request, desk: DeskDep, name: str, role: Annotated[Role, Form()]) -> Response:
    return _people_said(request, lambda: desk.people.set_role(name, role), f"{name} nay là {role}.")


@router.post("/admin/people/{name}/reset")
@admin
def reset(request: Request, desk: DeskDep, name: str) -> Response:
    return _people_said(request, lambda: desk.people.reset(name), f"Đã đặt lại mật khẩu của {name}.", name)


@router.post("/admin/people/{name}/disable")
@admin
def disable(request: Request, desk: DeskDep, name: str) -> Response:
    return _people_said(request, lambda: desk.people.disable(name, disabled=True), f"Đã khóa {name}.")


@router.post("/admin/people/{name}/enable")
@admin
def enable(request: Request, desk: DeskDep, name: str) -> Response:
    return _people_said(request, lambda: desk.people.disable(name, disabled=False), f"Đã mở lại {name}.")


@router.post("/admin/keys")
@admin
def add_key(
    request: Request,
    desk: DeskDep,
    name: Field,
    owner: Field,
    scope: Annotated[list[Scope], Form()] = [],  # noqa: B006 - FastAPI copies it
    expires: Field = "",
) -> Response:
    try:
        key = desk.keys.add(name, owner, scope, expires_at=_end_of(expires))
    except (PeopleError, ValueError) as error:
        said = str(error) if isinstance(error, PeopleError) else "Ngày hết hạn viết như 2027-03-31."
        return _said(request, "admin_keys.html", keys_page(desk), wrong=said)
    access.changed(request, f"khóa {key.split('_')[1]} “{name.strip()}” của {owner}: {', '.join(scope)}")
    return _said(request, "admin_keys.html", keys_page(desk), key=key)


@router.post("/admin/keys/{id}/revoke")
@admin
def revoke(request: Request, desk: DeskDep, who: PrincipalDep, id: str) -> Response:
    try:
        desk.keys.revoke(id, by=who.name)
    except PeopleError as error:
        return _said(request, "admin_keys.html", keys_page(desk), wrong=str(error))
    return _said(request, "admin_keys.html", keys_page(desk), done=f"Đã thu hồi khóa {id}.")


@router.post("/admin/sources/{id}")
@admin
def switch(
    request: Request,
    reader: ReaderDep,
    who: PrincipalDep,
    id: str,
    enabled: Annotated[bool, Form()],
    note: Field = "",
) -> Response:
    source = reader.it.sources.get(id)
    if source is None:
        raise NotFound("source")
    reader.it.switches.set(id, enabled=enabled, by=who.name, note=note)
    reader.forget("sources")
    done = f"{'Đã bật' if enabled else 'Đã tắt'} {source.name}."
    access.changed(request, done + (f" {note.strip()}" if note.strip() else ""))
    return _said(request, "admin_sources.html", switches_page(reader), done=done)


@router.get("/admin/audit.csv")
@requires(Role.admin, people=True, audit="export")
def audit_csv(
    desk: DeskDep, since: FromDep, until: ToDep, who: Short = "", action: Short = "", text: Short = ""
) -> Response:
    def lines() -> Iterator[str]:
        yield "\ufeff" + ",".join(COLUMNS) + "\r\n"
        for entry in desk.audit.walk(who=who, action=action, text=text, since=since, until=until):
            values = {name: getattr(entry, name) for name in COLUMNS} | {"at": rfc3339(entry.at)}
            cells = io.StringIO()
            csv.writer(cells).writerow([inert(str("" if value is None else value)) for value in values.values()])
            yield cells.getvalue()

    name = f"nhat-ky-{utc_now().astimezone(VIETNAM):%Y-%m-%d}.csv"
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=disposition)


def _end_of(day: str) -> datetime | None:
    """The end of a day in Việt Nam; None for no day. Raises ValueError."""
    return datetime.combine(date.fromisoformat(day.strip()), time.max, VIETNAM) if day.strip() else None
