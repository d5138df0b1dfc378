"""Login by the organisation's provider: a real one on loopback, with its keys and its tricks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from monitor.people.desk import Desk
from monitor.people.roles import Role
from monitor.settings import Settings
from tests.api.people import new_person, open_house
from tests.api.provider import CLIENT, SECRET, LocalProvider, running

LAN = {
    "sub": "f3a1",
    "preferred_username": "le.lan",
    "name": "Lê Lan",
    "realm_access": {"roles": ["offline_access", "duluan-viewer", "duluan-officer"]},
}


@pytest.fixture
def provider() -> Iterator[LocalProvider]:
    with running() as server:
        server.person = LAN
        yield server


@pytest.fixture
def house(tmp_path: Path, provider: LocalProvider) -> Iterator[TestClient]:
    named = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
    with open_house(tmp_path, oidc_name="Cổng tỉnh", **named) as client:
        yield client


@pytest.fixture
def desk(house: TestClient) -> Desk:
    found: Desk = house.app.state.guard.desk  # type: ignore[attr-defined]
    return found


def go(house: TestClient, to: str = "/sources") -> Any:
    """To the provider and back, as a browser is led."""
    sent = house.get("/login/oidc", params={"next": to})
    assert sent.status_code == 303, sent.text
    there = httpx.get(sent.headers["location"])
    back = urlsplit(there.headers["location"])
    return house.get(f"{back.path}?{back.query}")


def test_who_the_provider_vouches_for_comes_in_with_the_highest_role(house: TestClient, desk: Desk) -> None:
    assert "Đăng nhập bằng Cổng tỉnh" in house.get("/login").text
    answer = go(house)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sources")
    me = house.get("/api/v1/me").json()
    assert (me["name"], me["role"], me["via"]) == ("le.lan", "officer", "person")
    person = desk.people.get("le.lan")
    assert (person.full_name, person.outside, person.must_change) == ("Lê Lan", True, False)
    assert desk.people.checked("le.lan", "") is None, "there is no password to guess"


def test_a_role_taken_away_there_is_taken_away_here(house: TestClient, desk: Desk, provider: LocalProvider) -> None:
    go(house)
    provider.person = {**LAN, "realm_access": {"roles": ["duluan-viewer"]}, "name": "Lê Thị Lan"}
    go(house)
    assert (desk.people.get("le.lan").role, desk.people.get("le.lan").full_name) == (Role.viewer, "Lê Thị Lan")
    assert len(desk.people.all()) == 1
    provider.person = {**LAN, "realm_access": {"roles": ["khac"]}}
    answer = go(house)
    assert answer.status_code == 401
    assert "chưa được cấp quyền" in answer.text


@pytest.mark.parametrize(
    "spoil",
    [
        {"iss": "https://noi-khac.example"},
        {"aud": "ung-dung-khac"},
        {"nonce": "cua-lan-khac"},
        {"exp": int(time.time()) - 3600},
        {"iat": int(time.time()) + 3600, "nbf": int(time.time()) + 3600},
        {"sub": None},
    ],
    ids=lambda spoil: next(iter(spoil)),
)
def test_a_token_not_for_us_opens_nothing(house: TestClient, desk: Desk, provider: LocalProvider, spoil: Any) -> None:
    provider.spoil = spoil
    assert go(house).status_code == 401
    assert desk.people.all() == []
    assert house.get("/").status_code == 303


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_that_the_provider_did_not_sign_opens_nothing(
    house: TestClient, desk: Desk, provider: LocalProvider, algorithm: str
) -> None:
    provider.algorithm = algorithm
    assert go(house).status_code == 401
    assert desk.people.all() == []


def test_new_keys_of_the_provider_are_asked_for(house: TestClient, provider: LocalProvider) -> None:
    assert go(house).status_code == 303
    provider.rotate()
    assert go(house).status_code == 303


def test_a_login_begun_in_another_browser_is_refused(house: TestClient, desk: Desk) -> None:
    sent = house.get("/login/oidc")
    back = urlsplit(httpx.get(sent.headers["location"]).headers["location"])
    address = f"{back.path}?{back.query}"
    kept = house.cookies["duluan_oidc"]
    house.cookies.clear()
    assert house.get(address).status_code == 401
    house.cookies.set("duluan_oidc", kept)
    assert house.get(address.replace("state=", "state=x")).status_code == 401
    assert house.get("/login/oidc/back?code=c0").status_code == 401
    assert desk.people.all() == []


def test_a_code_of_somebody_else_is_worth_nothing_without_the_verifier(house: TestClient, desk: Desk) -> None:
    stolen = urlsplit(httpx.get(house.get("/login/oidc").headers["location"]).headers["location"])
    house.cookies.clear()
    house.get("/login/oidc")
    state = house.cookies["duluan_oidc"].split("state%3D")[1].split("%26")[0]
    code = stolen.query.split("code=")[1].split("&")[0]
    assert house.get(f"/login/oidc/back?code={code}&state={state}").status_code == 401
    assert desk.people.all() == []


def test_an_account_of_our_own_is_not_taken_over_and_a_disabled_one_stays_out(house: TestClient, desk: Desk) -> None:
    new_person(desk, "le.lan", Role.admin)
    assert go(house).status_code == 401
    assert desk.people.get("le.lan").role is Role.admin


def test_who_is_disabled_here_stays_out(house: TestClient, desk: Desk) -> None:
    go(house)
    new_person(desk, "chu", Role.admin)
    desk.people.disable("le.lan", disabled=True)
    answer = go(house)
    assert answer.status_code == 401
    assert "đã bị khóa" in answer.text


def test_a_provider_that_is_away_is_said(house: TestClient, provider: LocalProvider) -> None:
    provider.down = True
    answer = house.get("/login/oidc")
    assert answer.status_code == 503
    assert "không trả lời" in answer.text
    assert 'name="password"' in answer.text, "own accounts can still sign in"


def test_without_a_provider_there_is_no_such_door(tmp_path: Path) -> None:
    with open_house(tmp_path) as client:
        assert "Đăng nhập bằng" not in client.get("/login").text
        assert client.get("/login/oidc", headers={"Accept": "application/json"}).status_code == 404


@pytest.mark.parametrize(
    "wrong", [{"oidc_issuer": "http://sso.example"}, {"oidc_roles": "a=vua"}, {"oidc_issuer": "x"}]
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Settings(**wrong)  # type: ignore[arg-type]
