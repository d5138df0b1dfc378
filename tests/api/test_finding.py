"""Saved searches, exports, significant terms: what the search page and other programs do with a result."""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from monitor.archive import utc_now
from monitor.people.roles import Role
from tests.api.people import PASSWORD, csrf_of, new_person, open_house, sign_in
from tests.api.world import HOME, Made

OURS = {"Origin": HOME, "Sec-Fetch-Site": "same-origin"}
SAVED = "/api/v1/saved-searches"


def get(client: TestClient, path: str, **parameters: Any) -> dict[str, Any]:
    answer = client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


@pytest.fixture
def saving(client: TestClient) -> Iterator[TestClient]:
    yield client
    for kept in client.get(SAVED).json()["items"]:
        client.delete(f"{SAVED}/{kept['id']}")


def save(client: TestClient, name: str = "Lũ", **search: Any) -> dict[str, Any]:
    answer = client.post(SAVED, json={"name": name, **search})
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


# saved searches


def test_a_saved_search_is_kept_renamed_changed_and_dropped(saving: TestClient) -> None:
    made = save(saving, "  Lũ   quét ", q="lũ quét", topic=["disaster"], **{"from": "2020-01-01", "sort": "relevance"})
    assert made["name"] == "Lũ quét"
    assert made["conditions"] == {"topic": ["disaster"], "from": "2019-12-31T17:00:00Z", "sort": "relevance"}
    same = get(saving, "/api/v1/mentions", q="lũ quét", topic="disaster", **{"from": "2020-01-01"})
    assert made["total"] == same["total"] > 0
    path = f"{SAVED}/{made['id']}"
    assert saving.patch(path, json={"name": "Lũ lớn"}).json()["name"] == "Lũ lớn"
    changed = saving.patch(path, json={"search": {"q": "tắc đường"}}).json()
    assert (changed["name"], changed["q"], changed["conditions"]) == ("Lũ lớn", "tắc đường", {})
    assert [kept["id"] for kept in get(saving, SAVED)["items"]] == [made["id"]]
    assert saving.delete(path).status_code == 204
    assert get(saving, SAVED)["total"] == 0
    assert saving.get(path).json()["code"] == "not_found"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": " ", "q": "lũ"}, 422, "bad_name"),
        ({"name": "x" * 121, "q": "lũ"}, 422, "bad_name"),
        ({"name": "a", "q": "(lũ"}, 400, "unbalanced_parenthesis"),
        ({"name": "a", "from": "hôm nào"}, 422, "bad_parameter"),
        ({"name": "a", "sort": "oldest"}, 422, "bad_parameter"),
        ({"name": "a", "nope": 1}, 422, "bad_parameter"),
        ({"q": "lũ"}, 422, "bad_parameter"),
    ],
)
def test_what_cannot_be_saved_is_explained(saving: TestClient, body: dict[str, Any], status: int, code: str) -> None:
    answer = saving.post(SAVED, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert get(saving, SAVED)["total"] == 0


def test_a_name_is_taken_once(saving: TestClient) -> None:
    save(saving, "Lũ", q="lũ")
    other = save(saving, "Khác", q="cháy")
    assert saving.post(SAVED, json={"name": "Lũ"}).json()["code"] == "name_taken"
    assert saving.patch(f"{SAVED}/{other['id']}", json={"name": "Lũ"}).status_code == 409


def test_new_is_what_was_first_seen_since_the_visit_however_old_it_is(saving: TestClient) -> None:
    made = save(saving, "Đá lăn", q='"đá lăn"')
    assert (made["total"], made["new"]) == (0, 0)
    index = saving.app.state.reader.it.index  # type: ignore[attr-defined]
    old = index.search("", limit=1).items[0].mention
    late = replace(
        old, id="late", title="Đá lăn xuống đường", published_at=old.published_at - timedelta(days=3), seen_at=utc_now()
    )
    index.upsert([late])
    try:
        seen = get(saving, f"{SAVED}/{made['id']}")
        assert (seen["total"], seen["new"]) == (1, 1)
        page = saving.get(seen["new_link"]).text
        assert "Đá lăn xuống đường" in page.replace("<mark>", "").replace("</mark>", "")
        assert "mới thấy từ" in page
        time.sleep(1.1)  # moments count in whole seconds
        assert saving.post(f"{SAVED}/{made['id']}/visit").status_code == 204
        assert get(saving, f"{SAVED}/{made['id']}")["new"] == 0
    finally:
        index.delete(["late"])


def test_the_search_page_saves_shows_and_drops(saving: TestClient) -> None:
    form = {"name": "Lũ ở đây", "address": "/search?q=lũ&topic=disaster&sort=relevance&cursor=x"}
    answer = saving.post("/search/save", data=form, headers=OURS, follow_redirects=False)
    assert answer.status_code == 303
    page = saving.get(answer.headers["location"]).text
    assert "<b>Lũ ở đây</b>" in page
    kept = get(saving, SAVED)["items"][0]
    assert (kept["q"], kept["conditions"]) == ("lũ", {"topic": ["disaster"], "sort": "relevance"})
    assert "Lũ ở đây" in saving.get("/search").text
    assert "Lũ ở đây" not in saving.get("/search?q=lũ").text
    dropped = saving.post(f"/search/saved/{kept['id']}/remove", headers=OURS, follow_redirects=False)
    assert dropped.headers["location"] == "/search"
    assert "Lũ ở đây" not in saving.get("/search").text


def test_a_page_of_another_site_can_save_and_export_nothing(saving: TestClient) -> None:
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    for path, data in (
        ("/search/save", {"name": "a", "address": "/search?q=a"}),
        ("/search/export", {"address": "/search?q=a", "format": "csv"}),
        (SAVED, None),
        ("/api/v1/exports?format=csv", None),
    ):
        assert saving.post(path, data=data, headers=foreign).status_code == 403
    assert get(saving, SAVED)["total"] == 0


def signed_in(house: TestClient, name: str) -> TestClient:
    """Another browser, in which this person has signed in."""
    browser = TestClient(house.app, base_url=HOME, headers=OURS)
    sign_in(browser, name, PASSWORD)
    browser.headers["X-CSRF-Token"] = csrf_of(browser, "/account")
    return browser


def test_people_see_their_own_searches_and_exports_only(tmp_path: Path) -> None:
    with open_house(tmp_path) as house:
        desk = house.app.state.reader.it.desk  # type: ignore[attr-defined]
        for name, role in (("an", Role.officer), ("binh", Role.officer), ("lan", Role.viewer)):
            new_person(desk, name, role)
        an, binh, lan = (signed_in(house, name) for name in ("an", "binh", "lan"))
        made = save(an, "Của An", q="lũ")
        assert get(binh, SAVED)["total"] == 0
        for answer in (
            binh.get(f"{SAVED}/{made['id']}"),
            binh.delete(f"{SAVED}/{made['id']}"),
            binh.post(f"{SAVED}/{made['id']}/visit"),
        ):
            assert answer.status_code == 404
        job = an.post("/api/v1/exports?format=csv").json()
        assert binh.get(f"/api/v1/exports/{job['id']}").status_code == 404
        assert binh.get(f"/api/v1/exports/{job['id']}/file").status_code == 404
        assert lan.post("/api/v1/exports?format=csv").status_code == 403
        without = an.post(SAVED, json={"name": "x"}, headers={"X-CSRF-Token": ""})
        assert (without.status_code, without.json()["code"]) == (403, "csrf")


# exports


def exported(client: TestClient, format: str, **search: Any) -> bytes:
    answer = client.post("/api/v1/exports", params={"format": format, **search})
    assert answer.status_code == 202, answer.text
    job = answer.json()
    for _ in range(200):
        job = get(client, f"/api/v1/exports/{job['id']}")
        if job["state"] != "running":
            break
        time.sleep(0.05)
    assert job["state"] == "done"
    assert job["done"] == job["total"]
    file = client.get(job["file"])
    assert re.fullmatch(rf'attachment; filename="luot-nhac-[\d-]+\.{format}"', file.headers["content-disposition"])
    assert client.delete(f"/api/v1/exports/{job['id']}").status_code == 204
    assert client.get(job["file"]).status_code == 404
    return file.content


def test_an_export_has_every_row_of_its_search(client: TestClient, world: Made) -> None:
    rows = list(csv.reader(io.StringIO(exported(client, "csv").decode("utf-8-sig"), newline="")))
    assert len(rows) == 1 + world.mentions
    found = get(client, "/api/v1/mentions", q="lũ quét", sentiment="negative", limit=200)
    sheet = openpyxl.load_workbook(io.BytesIO(exported(client, "xlsx", q="lũ quét", sentiment="negative"))).active
    assert sheet is not None
    ids = [row[-1] for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert ids == [item["id"] for item in found["items"]]
    assert found["total"] == len(ids) > 0


def test_an_export_that_cannot_be_is_refused(client: TestClient) -> None:
    assert client.post("/api/v1/exports?format=csv&q=(a").json()["code"] == "unbalanced_parenthesis"
    assert client.post("/api/v1/exports?format=pdf").status_code == 422
    assert client.get("/api/v1/exports/nope").status_code == 404
    assert client.get("/exports/nope").status_code == 404


def test_the_export_page_says_how_far_it_is(client: TestClient, world: Made) -> None:
    form = {"address": "/search?q=", "format": "xlsx"}
    begun = client.post("/search/export", data=form, headers=OURS, follow_redirects=False)
    assert begun.status_code == 303
    for _ in range(200):
        page = client.get(begun.headers["location"]).text
        if "Xong" in page:
            break
        time.sleep(0.05)
    assert f"Xong, {world.mentions} dòng" in page
    link = re.search(r'href="(/api/v1/exports/\w+/file)"', page)
    assert link is not None
    assert client.get(link[1]).content.startswith(b"PK")


def test_files_of_a_server_before_are_gone(world: Made) -> None:
    left = world.settings.data / "exports" / "left.csv"
    left.parent.mkdir(exist_ok=True)
    left.write_text("x")
    with TestClient(create_app(world.settings), base_url=HOME):
        assert not left.exists()


# what stands out, and what may have been meant


def test_significant_terms_narrow_the_search(client: TestClient) -> None:
    found = get(client, "/api/v1/terms", q="topic:disaster", limit=10)
    assert 0 < found["total"] == len(found["items"]) <= 10
    for item in found["items"]:
        assert item["share"] > item["usual"]
        narrowed = get(client, "/api/v1/mentions", q=item["q"], limit=1)
        assert 0 < narrowed["total"] <= get(client, "/api/v1/mentions", q="topic:disaster", limit=1)["total"]
    assert get(client, "/api/v1/terms", q="khôngcógìnhưthế")["items"] == []


def test_words_that_may_be_a_phrase_are_offered_as_one(client: TestClient) -> None:
    page = get(client, "/search.json", q="lu nuoc")
    phrase = get(client, "/search.json", q='"lu nuoc"')
    assert phrase["advice"] == []
    if 0 < phrase["total"] < page["total"]:
        assert 'đúng cụm từ "lu nuoc"' in page["advice"][0]["text"]
    small = get(client, "/search.json", q="lũ hoặc cháy")
    assert "HOẶC" in small["advice"][0]["text"]
    wider = get(client, "/search.json", q="lũ HOẶC cháy")
    assert client.get(small["advice"][0]["link"]).status_code == 200
    assert wider["total"] > small["total"]
