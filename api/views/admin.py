"""Quản trị: people, API keys, switches of sources, and the audit log."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from api.models import Moment, Resource
from api.reader import Reader
from monitor.people.audit import Entry
from monitor.people.desk import Desk
from monitor.people.roles import Role, Scope

ROWS = 100


class PersonItem(Resource):
    id: str
    name: str
    full_name: str
    role: Role
    state: str
    must_change: bool
    totp_on: bool
    outside: bool
    created_at: Moment
    created_by: str
    last_login_at: Moment | None


class PeoplePage(Resource):
    sentence: str
    people: list[PersonItem]


class KeyItem(Resource):
    id: str
    name: str
    owner: str
    scopes: list[Scope]
    state: str
    created_at: Moment
    expires_at: Moment | None
    last_used_at: Moment | None
    last_used_from: str
    revoked_by: str | None


class KeysPage(Resource):
    sentence: str
    keys: list[KeyItem]
    owners: list[str]


class SwitchItem(Resource):
    id: str
    name: str
    kind: str
    enabled: bool
    registry: bool
    by: str | None
    at: Moment | None
    note: str
    state_name: str


class SwitchesPage(Resource):
    sentence: str
    sources: list[SwitchItem]


class AuditRow(Resource):
    id: int
    at: Moment
    who: str
    role: str
    key_id: str | None
    action: str
    what: str
    query: str
    status: int
    address: str
    times: int


class AuditPage(Resource):
    who: str
    action: str
    text: str
    since: Moment | None
    until: Moment | None
    rows: list[AuditRow]
    next: str | None
    export: str


def people_page(desk: Desk) -> PeoplePage:
    people = desk.people.all()
    using = [person for person in people if not person.disabled_at]
    admins = sum(person.role is Role.admin for person in using)
    return PeoplePage(
        sentence=f"{len(using)} tài khoản đang dùng, trong đó {admins} quản trị",
        people=[
            PersonItem(
                **{name: getattr(person, name) for name in PersonItem.model_fields if name != "state"},
                state="disabled" if person.disabled_at else "first" if person.must_change else "using",
            )
            for person in people
        ],
    )


def keys_page(desk: Desk) -> KeysPage:
    keys = desk.keys.all()
    valid = [key for key in keys if key.state == "valid"]
    silent = sum(key.last_used_at is None for key in valid)
    return KeysPage(
        sentence=f"{len(valid)} khóa API đang dùng được" + (f", {silent} khóa chưa dùng lần nào" if silent else ""),
        keys=[
            KeyItem(
                **{name: getattr(key, name) for name in KeyItem.model_fields if name != "scopes"}, scopes=[*key.scopes]
            )
            for key in keys
        ],
        owners=[person.name for person in desk.people.all() if not person.disabled_at],
    )


def switches_page(reader: Reader) -> SwitchesPage:
    switched, states = reader.it.switches.all(), {each.id: each for each in reader.sources()}
    found = []
    for source in reader.it.sources.values():
        switch = switched.get(source.id)
        state = states.get(source.id)
        found.append(
            SwitchItem(
                id=source.id,
                name=source.name,
                kind=source.kind,
                enabled=switch.enabled if switch else source.enabled,
                registry=source.enabled,
                by=switch.by if switch else None,
                at=switch.at if switch else None,
                note=switch.note if switch else "",
                state_name=state.state if state else "unknown",
            )
        )
    on = sum(each.enabled for each in found)
    sentence = f"{on} trong {len(found)} nguồn tin đang bật"
    return SwitchesPage(sentence=sentence, sources=sorted(found, key=lambda each: (each.enabled, each.name)))


def audit_page(
    desk: Desk, *, who: str, action: str, text: str, since: datetime | None, until: datetime | None, before: int | None
) -> AuditPage:
    rows = desk.audit.search(who=who, action=action, text=text, since=since, until=until, before=before, limit=ROWS + 1)
    asked = {"who": who, "action": action, "text": text}
    asked |= {name: moment.isoformat() for name, moment in (("from", since), ("to", until)) if moment}
    asked = {name: value for name, value in asked.items() if value}
    following = {**asked, "before": str(rows[ROWS - 1].id)} if len(rows) > ROWS else None
    return AuditPage(
        who=who,
        action=action,
        text=text,
        since=since,
        until=until,
        rows=[audit_row(entry) for entry in rows[:ROWS]],
        next=f"/admin/audit?{urlencode(following)}" if following else None,
        export="/admin/audit.csv" + (f"?{urlencode(asked)}" if asked else ""),
    )


def audit_row(entry: Entry) -> AuditRow:
    return AuditRow(**{name: getattr(entry, name) for name in AuditRow.model_fields})
