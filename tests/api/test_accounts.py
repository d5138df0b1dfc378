"""Signing in, sessions, forged requests, lock-out, first passwords, the second step, and API keys."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from monitor.archive import utc_now
from monitor.people.desk import Desk
from monitor.people.lockout import FREE
from monitor.people.roles import Role, Scope
from monitor.people.sessions import csrf_token
from monitor.people.tables import login_failures
from tests.api.people import PASSWORD, csrf_of, new_person, open_house, sign_in


@pytest.fixture
def house(tmp_path: Path) -> Iterator[TestClient]:
    """An empty installation with accounts; nobody is signed in."""
    with open_house(tmp_path) as client:
        yield client


@pytest.fixture
def desk(house: TestClient) -> Desk:
    found: Desk = house.app.state.guard.desk  # type: ignore[attr-defined]
    return found


def test_nobody_sees_nothing_but_the_login(house: TestClient) -> None:
    answer = house.get("/stories?period=7d")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Fstories%3Fperiod%3D7d")
    answer = house.get("/api/v1/mentions")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
    assert answer.headers["www-authenticate"] == "Bearer"
    page = house.get("/login").text
    assert "Đăng nhập" in page
    assert "nguồn bình thường" not in page
    assert 'class="nav"' not in page


def test_the_first_password_opens_only_the_page_that_changes_it(house: TestClient, desk: Desk) -> None:
    first = desk.people.first_admin()
    assert first
    assert desk.people.first_admin() is None
    answer = sign_in(house, "admin", first, next="/sources")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sources")
    assert house.get("/sources").headers["location"] == "/account/password?next=%2Fsources"
    refused = house.get("/api/v1/mentions")
    assert (refused.status_code, refused.json()["code"]) == (403, "password_change_required")
    form = {"old": first, "new": "ba con trâu đi cày", "again": "ba con trâu đi cày", "next": "/sources"}
    wrong = house.post("/account/password", data={**form, "old": "sai", "csrf": csrf_of(house, "/account/password")})
    assert wrong.status_code == 422
    weak = {**form, "new": "admin-admin", "again": "admin-admin", "csrf": csrf_of(house, "/account/password")}
    assert "dễ đoán" in house.post("/account/password", data=weak).text
    answer = house.post("/account/password", data={**form, "csrf": csrf_of(house, "/account/password")})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sources")
    assert house.get("/sources").status_code == 200


def test_a_session_is_kept_as_a_hash_and_its_cookie_out_of_reach(house: TestClient, desk: Desk) -> None:
    new_person(desk, "lan", Role.viewer)
    answer = sign_in(house, "lan", PASSWORD)
    said = answer.headers["set-cookie"]
    token = house.cookies["duluan_session"]
    assert re.search(r"duluan_session=[^;]+; HttpOnly; Path=/; SameSite=lax", said)
    data = house.app.state.reader.it.settings.data  # type: ignore[attr-defined]
    assert not [file for file in data.rglob("*") if file.is_file() and token.encode() in file.read_bytes()]


def test_over_https_the_cookie_is_this_hosts_alone(house: TestClient, desk: Desk) -> None:
    new_person(desk, "lan", Role.viewer)
    with TestClient(house.app, base_url="https://127.0.0.1", follow_redirects=False) as client:
        said = sign_in(client, "lan", PASSWORD).headers["set-cookie"]
        assert re.search(r"__Host-duluan_session=[^;]+; HttpOnly; Path=/; SameSite=lax; Secure", said)
        assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    "to", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/login", "/\nx"]
)
def test_signing_in_leads_to_no_other_site(house: TestClient, desk: Desk, to: str) -> None:
    new_person(desk, "lan", Role.viewer)
    assert sign_in(house, "lan", PASSWORD, next=to).headers["location"] == "/"


def test_signing_in_takes_a_new_session_and_signing_out_ends_it(house: TestClient, desk: Desk) -> None:
    new_person(desk, "lan", Role.viewer)
    sign_in(house, "lan", PASSWORD)
    first = house.cookies["duluan_session"]
    token = csrf_of(house, "/account")
    assert house.post("/logout", data={"csrf": token}).headers["location"] == "/login"
    assert house.get("/").status_code == 303
    house.cookies.set("duluan_session", first)
    assert house.get("/").status_code == 303, "the token of an ended session opens nothing"
    house.cookies.clear()
    sign_in(house, "lan", PASSWORD)
    assert house.cookies["duluan_session"] != first


def test_a_session_ends_when_it_rests_and_when_rights_change(house: TestClient, desk: Desk) -> None:
    new_person(desk, "lan", Role.officer)
    new_person(desk, "chu", Role.admin)
    sign_in(house, "lan", PASSWORD)
    assert house.get("/").status_code == 200
    idle, desk.sessions.idle = desk.sessions.idle, timedelta(microseconds=1)
    assert house.get("/").status_code == 303
    desk.sessions.idle = idle
    for change in (lambda: desk.people.set_role("lan", Role.viewer), lambda: desk.people.disable("lan", disabled=True)):
        house.cookies.clear()
        sign_in(house, "lan", PASSWORD)
        assert house.get("/").status_code == 200
        change()
        assert house.get("/").status_code == 303
    assert sign_in(house, "lan", PASSWORD).status_code == 401


@pytest.mark.parametrize("how", ["none", "another session's", "foreign origin", "another site", "cookie only"])
def test_a_forged_request_changes_nothing(house: TestClient, desk: Desk, how: str) -> None:
    new_person(desk, "lan", Role.viewer)
    sign_in(house, "lan", PASSWORD)
    right = csrf_of(house, "/account")
    form = {"old": PASSWORD, "new": "mot mat khau khac", "again": "mot mat khau khac"}
    headers = {}
    if how == "another session's":
        form["csrf"] = csrf_token(desk.sessions.open(desk.people.get("lan").id, stage="open", address="", agent=""))
    elif how == "foreign origin":
        form["csrf"], headers = right, {"Origin": "https://evil.example"}
    elif how == "another site":
        form["csrf"], headers = right, {"Sec-Fetch-Site": "cross-site"}
    elif how == "cookie only":
        form["csrf"] = house.cookies["duluan_session"]
    answer = house.post("/account/password", data=form, headers={"Accept": "application/json", **headers})
    assert answer.status_code == 403
    assert answer.json()["code"] in ("csrf", "foreign_origin")
    assert desk.people.checked("lan", PASSWORD)


def test_a_login_cannot_be_forged_either(house: TestClient, desk: Desk) -> None:
    new_person(desk, "lan", Role.viewer)
    answer = house.post("/login", data={"name": "lan", "password": PASSWORD}, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf")


def test_guessing_locks_the_account_for_a_while_that_grows(house: TestClient, desk: Desk) -> None:
    new_person(desk, "lan", Role.viewer)
    for _ in range(FREE["account"]):
        assert sign_in(house, "lan", "khong-phai").status_code == 401
    locked = sign_in(house, "lan", PASSWORD)
    assert locked.status_code == 429
    assert "thử lại sau" in locked.text
    waits = []
    for _ in range(3):
        _unlock(desk)
        assert desk.lockout.begin("lan", "x") is None
        wait = desk.lockout.begin("lan", "x")
        assert wait is not None
        waits.append(wait)
    assert waits[0] < waits[1] < waits[2] <= timedelta(minutes=15)
    _unlock(desk)
    assert sign_in(house, "lan", PASSWORD).status_code == 303
    assert desk.lockout.begin("lan", "x") is None


def test_guessing_at_many_accounts_locks_the_address(desk: Desk) -> None:
    for number in range(FREE["address"]):
        assert desk.lockout.begin(f"ten-{number}", "192.0.2.7") is None
    assert desk.lockout.begin("ten-khac", "192.0.2.7") is not None
    assert desk.lockout.begin("ten-khac", "192.0.2.8") is None


def _unlock(desk: Desk) -> None:
    with desk.people._engine.begin() as connection:
        connection.execute(update(login_failures).values(locked_until=utc_now()))


def test_an_unknown_name_is_answered_like_a_wrong_password(house: TestClient, desk: Desk) -> None:
    new_person(desk, "lan", Role.viewer)
    known, unknown = sign_in(house, "lan", "khong-phai"), sign_in(house, "khong-co", "khong-phai")
    assert known.status_code == unknown.status_code == 401
    said = [re.search(r'role="alert">([^<]+)', answer.text) for answer in (known, unknown)]
    assert said[0]
    assert said[1]
    assert said[0][1] == said[1][1]


def test_the_second_step_is_set_up_asked_for_and_opens_once(house: TestClient, desk: Desk) -> None:
    new_person(desk, "lan", Role.officer)
    sign_in(house, "lan", PASSWORD)
    page = house.post("/account/totp", data={"csrf": csrf_of(house, "/account")}).text
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page)
    assert secret
    assert "<svg" in page
    totp = pyotp.TOTP(secret[1])
    assert (
        house.post("/account/totp/on", data={"csrf": csrf_of(house, "/account"), "code": "000000"}).status_code == 422
    )
    now = int(time.time())
    code = totp.at(now - 30)
    assert house.post("/account/totp/on", data={"csrf": csrf_of(house, "/account"), "code": code}).status_code == 200
    house.cookies.clear()
    asked = sign_in(house, "lan", PASSWORD)
    assert asked.status_code == 200
    assert "Mã 6 số" in asked.text
    assert house.get("/").status_code == 303, "the password alone opens nothing"
    token = re.search(r'name="csrf" value="([^"]+)"', asked.text)
    assert token
    assert house.post("/login/code", data={"csrf": token[1], "code": code}).status_code == 401, "a code opens once"
    answer = house.post("/login/code", data={"csrf": token[1], "code": totp.at(now), "next": "/sources"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sources")
    assert house.get("/").status_code == 200


def test_a_key_opens_what_its_scopes_and_its_person_may(house: TestClient, desk: Desk) -> None:
    new_person(desk, "lan", Role.officer)
    key = desk.keys.add("ioc", "lan", [Scope.read], expires_at=None)
    bearer = {"Authorization": f"Bearer {key}"}
    assert house.get("/api/v1/mentions", headers=bearer).status_code == 200
    assert desk.keys.all()[0].last_used_from == "testclient"
    blind = desk.keys.add("ghi", "lan", [Scope.write], expires_at=None)
    answer = house.get("/api/v1/mentions", headers={"Authorization": f"Bearer {blind}"})
    assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")
    assert house.get("/account", headers={**bearer, "Accept": "application/json"}).json()["code"] == "people_only"
    desk.people.add("chu", Role.admin, by="test")
    desk.people.disable("lan", disabled=True)
    assert house.get("/api/v1/mentions", headers=bearer).json()["code"] == "invalid_key"


def test_a_key_that_ended_opens_nothing(house: TestClient, desk: Desk) -> None:
    new_person(desk, "lan", Role.viewer)
    soon = utc_now() + timedelta(milliseconds=300)
    keys = {
        "expired_key": desk.keys.add("a", "lan", [Scope.read], expires_at=soon),
        "invalid_key": desk.keys.add("b", "lan", [Scope.read], expires_at=None),
    }
    desk.keys.revoke(keys["invalid_key"].split("_")[1], by="test")
    time.sleep(0.35)
    for code, key in keys.items():
        answer = house.get("/api/v1/status", headers={"Authorization": f"Bearer {key}"})
        assert (answer.status_code, answer.json()["code"]) == (401, code)
    for wrong in ("Bearer dl_x_y", "Bearer ", "Basic YTpi", "Bearer \xe9", "Bearer " + "x" * 5000):
        answer = house.get("/api/v1/status", headers={"Authorization": wrong.encode("latin-1")})
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_key"), wrong


def test_who_asks_too_often_is_told_how_long_to_wait(tmp_path: Path) -> None:
    with open_house(tmp_path, requests_per_minute=2) as client:
        desk = client.app.state.guard.desk  # type: ignore[attr-defined]
        new_person(desk, "lan", Role.viewer)
        keys = [desk.keys.add(name, "lan", [Scope.read], expires_at=None) for name in "ab"]
        bearers = [{"Authorization": f"Bearer {key}"} for key in keys]
        assert [client.get("/api/v1/me", headers=bearers[0]).status_code for _ in range(2)] == [200, 200]
        answer = client.get("/api/v1/me", headers=bearers[0])
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
        assert 1 <= int(answer.headers["retry-after"]) <= 30
        assert client.get("/api/v1/me", headers=bearers[1]).status_code == 200


def test_without_accounts_pages_of_other_sites_still_change_nothing(client: TestClient) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = client.post("/logout", headers={"Accept": "application/json", **headers})
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")


def test_the_address_that_a_phone_reads_names_the_person(house: TestClient, desk: Desk) -> None:
    new_person(desk, "lan", Role.viewer)
    address = urlsplit(desk.second_step.prepare(desk.people.get("lan").id))
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert "lan" in address.path
    assert parse_qs(address.query)["issuer"] == ["Du Luan"]
