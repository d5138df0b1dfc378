"""Every route, generated from the application itself: who comes in, and who does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from api import access
from api.access import SAFE, Needs, check_declared, declared_routes, public, requires
from api.app import create_app
from monitor.archive import utc_now
from monitor.people.desk import Desk
from monitor.people.roles import Role, Scope
from monitor.people.sessions import csrf_token
from monitor.settings import Settings
from tests.api.people import new_person, open_house

REFUSALS = {"not_signed_in", "invalid_key", "expired_key", "forbidden", "missing_scope", "people_only", "csrf"}
PUBLIC = {
    *("/healthz", "/readyz", "/api/v1/openapi.json", "/login", "/login/code"),
    *("/static/charts-{version}.js", "/static/{path:path}", "/favicon.ico"),
}


@dataclass(frozen=True)
class Way:
    """One method of one route."""

    path: str
    method: str
    needs: Needs

    @property
    def address(self) -> str:
        """An address of it; ids that nothing has."""
        parts = [part if "{" not in part else "khong-co" for part in self.path.split("/")]
        return "/".join(parts)


def ways() -> list[Way]:
    with TemporaryDirectory() as folder:
        app = create_app(Settings(data=Path(folder), auth="on"))
    return [
        Way(path, method, needs)
        for path, methods, needs in declared_routes(app)
        for method in sorted(methods - {"HEAD", "OPTIONS"})
    ]


WAYS = ways()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with open_house(tmp_path_factory.mktemp("matrix"), requests_per_minute=0) as client:
        yield client


@dataclass(frozen=True)
class Visitors:
    """A session and a key of each role, and what opens nothing."""

    sessions: dict[Role, str]
    keys: dict[Role, str]
    expired: str
    revoked: str
    ended: str


@pytest.fixture(scope="module")
def visitors(house: TestClient) -> Visitors:
    desk: Desk = house.app.state.guard.desk  # type: ignore[attr-defined]
    sessions, keys = {}, {}
    for role in Role:
        new_person(desk, role.value, role)
        id = desk.people.get(role.value).id
        sessions[role] = desk.sessions.open(id, stage="open", address="", agent="")
        keys[role] = desk.keys.add("k", role.value, list(Scope), expires_at=None)
    expired = desk.keys.add("e", "admin", list(Scope), expires_at=utc_now() + timedelta(seconds=0.2))
    revoked = desk.keys.add("r", "admin", list(Scope), expires_at=None)
    desk.keys.revoke(revoked.split("_")[1], by="test")
    ended = desk.sessions.open(desk.people.get("admin").id, stage="open", address="", agent="")
    desk.sessions.close(ended)
    return Visitors(sessions, keys, expired, revoked, ended)


def ask(house: TestClient, way: Way, *, session: str = "", csrf: str = "", key: str = "") -> tuple[int, str]:
    """Status and code of the refusal; "" when the guard let the request in, whatever became of it there."""
    house.cookies.clear()
    headers = {"Accept": "application/json"}
    headers |= {"Cookie": f"duluan_session={session}"} if session else {}
    headers |= {"X-CSRF-Token": csrf} if csrf else {}
    headers |= {"Authorization": f"Bearer {key}"} if key else {}
    if way.method == "GET" and "stream" in way.path:
        with house.stream("GET", way.address, headers=headers) as answer:  # a stream of events has no end
            if answer.status_code == 200:
                return 200, ""
            answer.read()
            code = answer.json()["code"]
            return answer.status_code, code if code in REFUSALS else ""
    answer = house.request(way.method, way.address, headers=headers)
    code = ""
    if answer.headers.get("content-type") == "application/problem+json":
        code = answer.json()["code"]
    return answer.status_code, code if code in REFUSALS else ""


def test_there_are_routes_of_every_sort() -> None:
    assert {way.path for way in WAYS} >= PUBLIC | {"/", "/api/v1/mentions", "/admin/people", "/account/password"}
    assert {way.method for way in WAYS} >= {"GET", "POST"}
    assert {way.needs.role for way in WAYS} >= {None, Role.viewer, Role.admin}


def test_only_these_are_open_to_everybody() -> None:
    assert {way.path for way in WAYS if way.needs.role is None} - {"/login/oidc", "/login/oidc/back"} == PUBLIC


@pytest.mark.parametrize("who", ["nobody", "ended session", "expired key", "revoked key"])
def test_without_a_valid_sign_in_nothing_opens(house: TestClient, visitors: Visitors, who: str) -> None:
    means = {
        "nobody": {},
        "ended session": {"session": visitors.ended, "csrf": csrf_token(visitors.ended)},
        "expired key": {"key": visitors.expired},
        "revoked key": {"key": visitors.revoked},
    }[who]
    code = {"expired key": "expired_key", "revoked key": "invalid_key"}.get(who, "not_signed_in")
    wrong = []
    for way in WAYS:
        said = ask(house, way, **means)
        if way.needs.role is None:
            let_in = said[1] == "" if way.method in SAFE else said == (403, "csrf")
            wrong += [] if let_in else [(way, said)]
        elif said != (401, code):
            wrong.append((way, said))
    assert wrong == []


@pytest.mark.parametrize(("role", "by"), list(product(Role, ["session", "key"])))
def test_each_role_comes_in_where_it_is_declared_and_nowhere_else(
    house: TestClient, visitors: Visitors, role: Role, by: str
) -> None:
    wrong = []
    for way in WAYS:
        if way.path == "/logout" or way.needs.role is None:
            continue
        if by == "session":
            session = visitors.sessions[role]
            said = ask(house, way, session=session, csrf=csrf_token(session))
        else:
            said = ask(house, way, key=visitors.keys[role])
        expected = ""
        if by == "key" and way.needs.people:
            expected = "people_only"
        elif not role.covers(way.needs.role):
            expected = "forbidden"
        if said[1] != expected or (said[0] == 403) != bool(expected) or said[0] >= 500:
            wrong.append((way.path, way.method, said, expected))
    assert wrong == []


def test_a_stolen_or_missing_token_changes_nothing_anywhere(house: TestClient, visitors: Visitors) -> None:
    mine, stolen = visitors.sessions[Role.admin], csrf_token(visitors.sessions[Role.viewer])
    changing = [way for way in WAYS if way.method not in SAFE]
    assert len(changing) >= 10
    for way in changing:
        for token in ("", stolen, mine):
            assert ask(house, way, session=mine, csrf=token) == (403, "csrf"), way


def test_a_key_opens_only_what_its_scopes_are_for(house: TestClient) -> None:
    desk: Desk = house.app.state.guard.desk  # type: ignore[attr-defined]
    new_person(desk, "chu", Role.admin)
    for scope in Scope:
        key = desk.keys.add(scope.value, "chu", [scope], expires_at=None)
        for way in WAYS:
            if way.needs.role is None or way.needs.people:
                continue
            expected = "" if way.needs.scope_for(way.method) is scope else "missing_scope"
            assert ask(house, way, key=key)[1] == expected, (way, scope)


def test_who_has_a_first_password_may_only_change_it(house: TestClient) -> None:
    desk: Desk = house.app.state.guard.desk  # type: ignore[attr-defined]
    desk.people.add("moi", Role.admin, by="test")
    session = desk.sessions.open(desk.people.get("moi").id, stage="open", address="", agent="")
    house.cookies.clear()
    for way in WAYS:
        if way.method == "GET" and way.needs.role is not None:
            headers = {"Accept": "application/json", "Cookie": f"duluan_session={session}"}
            answer = house.get(way.address, headers=headers)
            assert (answer.status_code == 403) != way.needs.unready, way


def test_a_route_without_a_declaration_cannot_be() -> None:
    router = access.router()
    with pytest.raises(TypeError, match="declares neither"):
        router.get("/x")(lambda: None)
    app, plain = FastAPI(openapi_url=None, docs_url=None, redoc_url=None), APIRouter()
    plain.get("/y")(lambda: None)
    app.include_router(plain)
    with pytest.raises(TypeError, match="/y is not guarded"):
        check_declared(app)


def test_declarations_survive_being_included() -> None:
    app, router = FastAPI(openapi_url=None, docs_url=None, redoc_url=None), access.router()
    router.get("/a")(requires(Role.analyst)(lambda: None))
    router.get("/b")(public(lambda: None))
    app.include_router(router, prefix="/v1")
    found = {path: needs.role for path, _, needs in declared_routes(app)}
    assert found == {"/v1/a": Role.analyst, "/v1/b": None}


QUIET = {  # how far an own export is, and one's own list: nothing of a mention is shown there
    *("/api/v1/exports/{id}", "/exports/{id}", "/api/v1/saved-searches", "/api/v1/saved-searches/{id}"),
}
READS = ("mention", "stor", "issue", "search", "export", "sentiment", "topics", "places", "terms")


def test_every_read_of_mentions_stories_searches_and_exports_is_audited() -> None:
    quiet = [
        way.path
        for way in WAYS
        if way.method == "GET" and way.needs.role and not way.needs.audit and any(part in way.path for part in READS)
    ]
    assert set(quiet) <= QUIET
