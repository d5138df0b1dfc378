"""Quản trị: what an admin does to people, keys and sources, and the log of who read and changed what."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from monitor.archive import utc_now
from monitor.collect import due_sources
from monitor.installation import Installation
from monitor.people.audit import AuditLog, Entry, Recorder
from monitor.people.desk import Desk
from monitor.people.roles import Role, Scope
from monitor.settings import Settings
from monitor.status import source_statuses
from tests.api.people import PASSWORD, csrf_of, new_person, open_house, sign_in
from tests.api.world import settings_in


@pytest.fixture
def house(tmp_path: Path) -> Iterator[TestClient]:
    """An installation with sources; its admin Chủ is signed in."""
    sources = settings_in(tmp_path / "sources").sources
    with open_house(tmp_path / "house", sources=sources) as client:
        new_person(desk_of(client), "chu", Role.admin)
        sign_in(client, "chu", PASSWORD)
        yield client


def desk_of(client: TestClient) -> Desk:
    found: Desk = client.app.state.guard.desk  # type: ignore[attr-defined]
    return found


@pytest.fixture
def desk(house: TestClient) -> Desk:
    return desk_of(house)


def send(house: TestClient, path: str, **form: Any) -> Any:
    return house.post(path, data={"csrf": csrf_of(house, "/admin/people"), **form})


def log_of(house: TestClient, **filters: Any) -> list[Entry]:
    """The log once everything waiting was written."""
    recorder: Recorder = house.app.state.guard.recorder  # type: ignore[attr-defined]
    recorder.flush()
    return desk_of(house).audit.search(**filters)


def test_an_admin_makes_a_person_who_then_signs_in_with_the_password_shown(house: TestClient, desk: Desk) -> None:
    page = send(house, "/admin/people", name="Lan", role="officer", full_name="Lê Lan").text
    password = re.search(r"dùng một lần của <b>lan</b>: <code>([^<]+)</code>", page)
    assert password
    assert password[1] not in house.get("/admin/people").text
    assert (desk.people.get("lan").role, desk.people.get("lan").created_by) == (Role.officer, "chu")
    house.cookies.clear()
    assert sign_in(house, "lan", password[1]).status_code == 303


def test_what_cannot_be_done_is_said_and_not_done(house: TestClient, desk: Desk) -> None:
    for path, form, said in (
        ("/admin/people", {"name": "chu", "role": "viewer"}, "Đã có tài khoản"),
        ("/admin/people", {"name": "Bà Ba!", "role": "viewer"}, "Tên đăng nhập gồm"),
        ("/admin/people/chu/disable", {}, "ít nhất một tài khoản quản trị"),
        ("/admin/people/chu/role", {"role": "viewer"}, "ít nhất một tài khoản quản trị"),
        ("/admin/people/khong-co/reset", {}, "Không có tài khoản"),
        ("/admin/keys", {"name": "x", "owner": "chu"}, "ít nhất một quyền"),
        ("/admin/keys", {"name": "x", "owner": "chu", "scope": "read", "expires": "2020-01-01"}, "phía trước"),
        ("/admin/keys", {"name": "x", "owner": "chu", "scope": "read", "expires": "mai"}, "Ngày hết hạn"),
        ("/admin/keys/khong-co/revoke", {}, "Không có khóa"),
    ):
        answer = send(house, path, **form)
        assert (answer.status_code, said in answer.text) == (422, True), path
    assert [(person.name, person.role, person.disabled_at) for person in desk.people.all()] == [
        ("chu", Role.admin, None)
    ]
    assert desk.keys.all() == []


def test_a_password_that_was_reset_ends_the_old_one_and_all_sessions(house: TestClient, desk: Desk) -> None:
    new_person(desk, "lan", Role.viewer)
    token = desk.sessions.open(desk.people.get("lan").id, stage="open", address="", agent="")
    page = send(house, "/admin/people/lan/reset").text
    assert desk.sessions.principal(token) is None
    assert desk.people.checked("lan", PASSWORD) is None
    shown = re.search(r"<code>([a-z0-9-]{23})</code>", page)
    assert shown
    assert desk.people.checked("lan", shown[1])


def test_a_key_is_shown_once_works_and_is_revoked(house: TestClient, desk: Desk) -> None:
    form = {"name": "màn hình IOC", "owner": "chu", "scope": ["read", "export"], "expires": "2099-12-31"}
    key = re.search(r"<code>(dl_[^<]+)</code>", send(house, "/admin/keys", **form).text)
    assert key
    assert key[1] not in house.get("/admin/keys").text
    bearer = {"Authorization": f"Bearer {key[1]}"}
    assert house.get("/api/v1/me", headers=bearer).json()["scopes"] == ["export", "read"]
    send(house, f"/admin/keys/{desk.keys.all()[0].id}/revoke")
    assert house.get("/api/v1/me", headers=bearer).status_code == 401
    assert desk.keys.all()[0].revoked_by == "chu"


def test_a_source_switched_off_is_not_collected_and_says_who_did_it(house: TestClient) -> None:
    it: Installation = house.app.state.reader.it  # type: ignore[attr-defined]
    assert "qtnm" in {source.id for source in due_sources(it)}
    assert send(house, "/admin/sources/qtnm", enabled="false", note="đang đổi trang").status_code == 200
    assert "qtnm" not in {source.id for source in due_sources(it)}
    status = next(each for each in source_statuses(it) if each.id == "qtnm")
    assert (status.state, status.message.startswith("chu tắt ")) == ("off", True)
    assert "đang đổi trang" in house.get("/admin/sources").text
    assert send(house, "/admin/sources/cu", enabled="true").status_code == 200
    assert {"cu"} <= {source.id for source in due_sources(it)}, "off in the registry, switched on"
    assert send(house, "/admin/sources/khong-co", enabled="true").status_code == 404
    with Installation(it.settings) as again:
        assert again.switches.all()["qtnm"].note == "đang đổi trang"


# the log


def test_reads_searches_and_changes_are_in_the_log_with_who_what_when_and_whence(house: TestClient) -> None:
    begun = utc_now()
    house.get("/search?q=sạt lở&sentiment=negative")
    house.get("/stories/s-khong-co")
    house.get("/stories")
    send(house, "/admin/people", name="lan", role="viewer")
    key = desk_of(house).keys.add("ioc", "chu", [Scope.read], expires_at=None)
    house.get("/api/v1/mentions?q=lũ", headers={"Authorization": f"Bearer {key}"})
    found = {(e.action, e.what, e.query, e.who): e for e in log_of(house)}
    search = found["search", "/search", "q=sạt lở&sentiment=negative", "chu"]
    assert begun <= search.at <= utc_now()
    assert (search.address, search.role, search.status, search.key_id) == ("testclient", "admin", 200, None)
    assert ("story", "/stories", "", "chu") in found
    assert found["search", "/api/v1/mentions", "q=lũ", "chu"].key_id == key.split("_")[1]
    assert ("change post", "/admin/people", "Đã thêm lan, vai trò viewer.", "chu") in found
    assert ("login", "/login", "", "chu") in found


def test_no_password_and_no_key_is_in_the_log(house: TestClient, desk: Desk) -> None:
    page = send(house, "/admin/people", name="lan", role="viewer").text
    send(house, "/admin/keys", name="ioc", owner="chu", scope="read")
    house.cookies.clear()
    sign_in(house, "chu", "sai mat khau nay")
    text = repr(log_of(house))
    assert "login failed" in text
    shown = re.search(r"<code>([a-z0-9-]{23})</code>", page)
    assert shown
    assert shown[1] not in text
    assert "sai mat khau nay" not in text
    assert "dl_" not in text


def test_a_refusal_is_in_the_log(house: TestClient, desk: Desk) -> None:
    new_person(desk, "lan", Role.viewer)
    house.cookies.clear()
    sign_in(house, "lan", PASSWORD)
    assert house.get("/admin/audit").status_code == 403
    assert [(e.who, e.what, e.status) for e in log_of(house, action="refused")] == [("lan", "/admin/audit", 403)]


def test_the_log_is_filtered_paged_and_exported_without_formulas(house: TestClient, desk: Desk) -> None:
    at = utc_now() - timedelta(days=3)
    entry = Entry("an", "viewer", None, "search", "/search", "", 200, "192.0.2.1", at)
    desk.audit.add(replace(entry, query=f"q=bài {n}") for n in range(150))
    desk.audit.add([replace(entry, query='=HYPERLINK("http://evil.example")', who="+an")])
    twin = house.get("/admin/audit.json?who=an&text=bài").json()
    assert len(twin["rows"]) == 100
    older = house.get(twin["next"].replace("/admin/audit?", "/admin/audit.json?")).json()
    assert len(older["rows"]) == 50
    assert not {row["id"] for row in twin["rows"]} & {row["id"] for row in older["rows"]}
    assert house.get(f"/admin/audit.json?who=an&from={utc_now():%Y-%m-%d}").json()["rows"] == []
    answer = house.get("/admin/audit.csv?action=search")
    assert 'filename="nhat-ky-' in answer.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert len(rows) == 1 + 151
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
    assert log_of(house, action="export")[0].what == "/admin/audit.csv"


def test_a_poll_is_a_row_once_and_once_more_with_its_number(tmp_path: Path) -> None:
    with Installation(Settings(data=tmp_path)) as it:
        recorder = Recorder(it.desk.audit)
        entry = Entry("an", "viewer", "k1", "search", "/api/v1/mentions", "q=lũ", 200, "192.0.2.1", utc_now())
        for _ in range(500):
            recorder.read(entry)
        recorder.flush()
        assert [e.times for e in it.desk.audit.search()] == [1]
        recorder.close()
        assert [e.times for e in it.desk.audit.search()] == [499, 1]


def test_rows_cannot_be_changed_and_leave_only_when_they_are_old(tmp_path: Path) -> None:
    with Installation(Settings(data=tmp_path)) as it:
        log = it.desk.audit
        entry = Entry("an", "viewer", None, "search", "/search", "", 200, "", utc_now() - timedelta(days=100))
        log.add([entry, Entry("an", "viewer", None, "login", "/login", "", 200, "", utc_now())])
        for statement in ("UPDATE audit SET who = 'ai'", "DELETE FROM audit"):
            with pytest.raises(Exception, match="append-only"), it.engine.begin() as connection:
                connection.execute(text(statement))
        log.forget(timedelta(days=90))
        assert [e.action for e in log.search()] == ["login"]
        log.forget(timedelta(0))
        assert [e.action for e in log.search()] == ["login"], "never sooner than 30 days"
        assert not {"update", "delete", "set"} & {name for name in vars(AuditLog) if not name.startswith("_")}


def test_an_archive_that_is_busy_holds_up_no_reader_and_loses_no_row(house: TestClient) -> None:
    it: Installation = house.app.state.reader.it  # type: ignore[attr-defined]
    with sqlite3.connect(it.settings.data / "archive.sqlite", isolation_level=None) as busy:
        busy.execute("BEGIN IMMEDIATE")
        assert house.get("/stories").status_code == 200  # who waited for the lock would be answered with 503
        busy.execute("ROLLBACK")
    assert "/stories" in {e.what for e in log_of(house, action="story")}
