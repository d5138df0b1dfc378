"""Alerts over HTTP: acknowledged, tried before they are kept, sent again; and the stream that says what changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from monitor.alerts.desk import AlertDesk
from monitor.settings import Settings
from tests.api.world import HOME, build
from tests.serving import serving

RULE = {"name": "Nước sông", "query": "sông", "min_count": 1, "window_hours": 168}
FORM = {
    "name": "Nước sông",
    "enabled": "1",
    "basis": "query",
    "query": "sông",
    "per": "story",
    "window_hours": "168",
    "min_count": "1",
    "priority": "urgent",
    "quiet_start": "22:00",
    "quiet_end": "06:00",
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A province of its own: these tests change it."""
    return build(tmp_path_factory.mktemp("alerts")).settings


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), base_url=HOME, raise_server_exceptions=False) as opened:
        opened.app.state.alerts.turn()  # type: ignore[attr-defined]
        yield opened


def desk(client: TestClient) -> AlertDesk:
    found: AlertDesk = client.app.state.alerts  # type: ignore[attr-defined]
    return found


def make(client: TestClient, **more: Any) -> dict[str, Any]:
    answer = client.post("/api/v1/alert-rules", json=RULE | more)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_rule_opens_alerts_that_people_acknowledge_end_and_reopen(client: TestClient) -> None:
    rule = make(client, name="Mọi tin", query="", topics=["disaster", "public_services"])
    desk(client).watch.look()
    found = client.get("/api/v1/alerts", params={"state": "all", "limit": 200}).json()
    alert = next(each for each in found["items"] if each["rule"] == rule["id"])
    assert alert["state"] == "open"
    assert client.get(f"/alerts/{alert['id']}").status_code == 200
    for step, state in (("acknowledge", "acknowledged"), ("close", "closed"), ("reopen", "open")):
        answer = client.post(f"/api/v1/alerts/{alert['id']}/{step}", json={"note": "đã gọi phường"})
        assert (answer.status_code, answer.json()["state"]) == (200, state)


def test_pages_of_alerts_follow_one_another(client: TestClient) -> None:
    make(client, name="Trang", query="", kinds=["news"])
    desk(client).watch.look()
    seen: list[str] = []
    cursor: str | None = "0"
    while cursor is not None:
        page = client.get("/api/v1/alerts", params={"state": "all", "limit": 2, "cursor": cursor}).json()
        seen += [alert["id"] for alert in page["items"]]
        cursor = page["next"]
    assert len(seen) == len(set(seen)) == page["total"]


def test_a_rule_is_tried_before_it_is_kept(client: TestClient) -> None:
    before = client.get("/api/v1/alert-rules").json()["total"]
    answer = client.post("/api/v1/alert-rules/try", json=RULE | {"query": "", "topics": ["disaster"]})
    trial = answer.json()
    assert trial["total"] == len(trial["fired"]) > 0
    assert trial["sentence"] == f"Trong 30 ngày qua, quy tắc này sẽ báo {trial['total']} lần."
    assert client.get("/api/v1/alert-rules").json()["total"] == before


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"query": "(sông"}, 400, "unbalanced_parenthesis"),
        ({"topics": ["weather"]}, 422, "bad_rule"),
        ({"places": ["vn-atlantis"]}, 422, "bad_rule"),
        ({"recipients": ["n-gone"]}, 422, "bad_rule"),
        ({"window_hours": 0}, 422, "bad_parameter"),
        ({"query": ""}, 422, "bad_parameter"),
        ({"surprise": True}, 422, "bad_parameter"),
    ],
)
def test_a_rule_that_cannot_be_applied_is_not_kept(
    client: TestClient, change: dict[str, Any], status: int, code: str
) -> None:
    before = client.get("/api/v1/alert-rules").json()["total"]
    answer = client.post("/api/v1/alert-rules", json=RULE | change)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert client.get("/api/v1/alert-rules").json()["total"] == before


def test_a_rule_is_replaced_and_deleted(client: TestClient) -> None:
    rule = make(client)
    changed = client.put(f"/api/v1/alert-rules/{rule['id']}", json=RULE | {"priority": "urgent"})
    assert changed.json()["rule"]["priority"] == "urgent"
    assert client.delete(f"/api/v1/alert-rules/{rule['id']}").status_code == 204
    assert client.get(f"/api/v1/alert-rules/{rule['id']}").status_code == 404
    assert client.delete(f"/api/v1/alert-rules/{rule['id']}").status_code == 404


def test_a_recipient_is_checked_and_a_webhook_gets_its_secret_once(client: TestClient) -> None:
    bad = client.post("/api/v1/alert-recipients", json={"name": "X", "channel": "email", "address": "ở đâu đó"})
    assert (bad.status_code, bad.json()["code"]) == (422, "bad_address")
    made = client.post(
        "/api/v1/alert-recipients", json={"name": "IOC", "channel": "webhook", "address": "http://127.0.0.1:1/x"}
    ).json()
    assert len(made["secret"]) == 64
    listed = next(r for r in client.get("/api/v1/alert-recipients").json()["items"] if r["id"] == made["id"])
    assert listed["secret"] is None
    failed = client.post(f"/api/v1/alert-recipients/{made['id']}/test")
    assert (failed.status_code, failed.json()["code"]) == (409, "cannot_send")
    assert client.delete(f"/api/v1/alert-recipients/{made['id']}").status_code == 204
    assert client.delete(f"/api/v1/alert-recipients/{made['id']}").status_code == 404


def test_unknown_alerts_and_deliveries_are_said(client: TestClient) -> None:
    for method, path in (
        ("get", "/api/v1/alerts/a-none"),
        ("post", "/api/v1/deliveries/none/send-again"),
        ("get", "/alerts/a-none"),
        ("get", "/alerts/rules/r-none"),
    ):
        assert client.request(method, path).status_code == 404


def test_the_form_tries_keeps_and_loses_nothing_that_was_typed(client: TestClient) -> None:
    tried = client.post("/alerts/rules/new", data=FORM | {"do": "try"})
    assert "quy tắc này sẽ báo" in tried.text
    wrong = client.post("/alerts/rules/new", data=FORM | {"min_count": "nhiều", "do": "keep"})
    assert wrong.status_code == 422
    assert "cần một con số" in wrong.text
    assert 'value="nhiều"' in wrong.text
    kept = client.post(
        "/alerts/rules/new", data=FORM | {"do": "keep", "negative_percent": "40"}, follow_redirects=False
    )
    assert (kept.status_code, kept.headers["location"]) == (303, "/alerts/rules")
    rule = next(
        each for each in client.get("/api/v1/alert-rules").json()["items"] if each["rule"]["name"] == "Nước sông"
    )
    assert rule["rule"]["negative_share"] == 0.4
    assert rule["rule"]["quiet"] == {"start": "22:00:00", "end": "06:00:00"}
    shown = client.get(f"/alerts/rules/{rule['id']}").text
    assert 'name="negative_percent" inputmode="decimal" size="4" value="40"' in shown


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"query": "(sông"}, "Dấu ngoặc mở"),
        ({"window_hours": "999"}, "Ô “số giờ” chưa hợp lệ: cần đến 168."),
        ({"quiet_end": ""}, "Giờ yên lặng cần cả hai đầu"),
        ({"query": ""}, "Hãy nhập từ khóa"),
        ({"min_ratio": "3"}, "Bội số so với thường lệ"),
    ],
)
def test_the_form_says_in_vietnamese_what_is_wrong(client: TestClient, change: dict[str, str], said: str) -> None:
    answer = client.post("/alerts/rules/new", data=FORM | change)
    assert answer.status_code == 422
    assert said in answer.text


def test_a_rule_is_snoozed_and_woken(client: TestClient) -> None:
    rule = make(client, name="Hoãn")
    client.post(f"/alerts/rules/{rule['id']}/snooze", data={"span": "8h"})
    assert client.get(f"/api/v1/alert-rules/{rule['id']}").json()["rule"]["snoozed_until"] is not None
    assert "hoãn đến" in client.get("/alerts/rules").text
    client.post(f"/alerts/rules/{rule['id']}/snooze", data={"span": "none"})
    assert client.get(f"/api/v1/alert-rules/{rule['id']}").json()["rule"]["snoozed_until"] is None


@pytest.mark.parametrize(
    "path", ["/alerts", "/alerts?state=all", "/alerts/rules", "/alerts/rules/new", "/alerts/deliveries", "/wall"]
)
def test_every_page_is_drawn_and_has_its_twin(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 200
    name, _, query = path.partition("?")
    twin = client.get(f"{name}.json?{query}")
    assert twin.headers["content-type"] == "application/json"


@pytest.fixture(scope="module")
def served(client: TestClient) -> Iterator[str]:
    """The same application on a real socket: a stream cannot be read through the test client."""
    with serving(client.app, lifespan="off") as address:  # type: ignore[arg-type]
        yield address


def events(answer: httpx.Response, count: int) -> list[dict[str, str]]:
    found: list[dict[str, str]] = [{}]
    for line in answer.iter_lines():
        if line.startswith(":") or (not line and not found[-1].get("id")):
            continue
        if not line:
            if len(found) == count:
                break
            found.append({})
            continue
        name, _, value = line.partition(": ")
        if name != "retry":
            found[-1][name] = value
    return found


def test_a_stream_tells_changes_and_goes_on_where_it_was_left(client: TestClient, served: str) -> None:
    (alert, *_), _ = desk(client).alerts.alerts(states=("open",))
    begin = desk(client).stream.last_id()
    host = {"Host": HOME.partition("://")[2]}
    with httpx.stream("GET", f"{served}/api/v1/stream", params={"after": begin}, headers=host, timeout=20) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        desk(client).alerts.acknowledge(alert.id, by="an")
        desk(client).alerts.close(alert.id, by="an")
        first, second = events(answer, 2)
    data = json.loads(first["data"])
    assert (first["event"], data["about"], data["event"]) == ("alert", alert.id, "acknowledged")
    assert json.loads(second["data"])["event"] == "closed"
    again = {**host, "Last-Event-ID": first["id"]}
    with httpx.stream("GET", f"{served}/api/v1/stream", headers=again, timeout=20) as answer:
        (missed,) = events(answer, 1)
    assert missed == second


def test_nothing_hostile_in_a_rules_name_becomes_markup(client: TestClient, settings: Settings, tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    rule = make(client, name=hostile, query="", kinds=["news"])
    desk(client).watch.look()
    for path in ("/alerts?state=all", "/alerts/rules", f"/alerts/rules/{rule['id']}", "/wall"):
        text = client.get(path).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
