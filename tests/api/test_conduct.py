"""How the API treats dashboards that ask every few seconds: 304 when nothing changed, never a stale answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.access import declared_routes
from crawlers.post import Post
from monitor.installation import Installation
from monitor.people.desk import Desk
from monitor.people.roles import Role, Scope
from monitor.process import Processor
from tests.api.people import new_person, open_house

POLLED = (
    "/api/v1/mentions?limit=5",
    "/api/v1/mentions?q=sạt lở&sentiment=negative",
    "/api/v1/stories",
    "/api/v1/issues?at=2026-03-07T08:00:00Z",
    "/api/v1/sentiment/summary",
    "/api/v1/sentiment/series?interval=day",
    "/api/v1/topics",
    "/api/v1/places",
)
TITLE = "Sạt lở chia cắt quốc lộ 9 qua xã Hướng Phùng, Quảng Trị"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with open_house(tmp_path_factory.mktemp("conduct") / "house", auth="off") as client:
        client.app.state.processor = Processor(client.app.state.reader.it)  # type: ignore[attr-defined]
        tell(client)
        yield client


def tell(client: TestClient) -> None:
    """One more article."""
    it: Installation = client.app.state.reader.it  # type: ignore[attr-defined]
    number = sum(it.archive.outcomes().values()) + 1
    url = f"https://bao.example/{number}"
    it.archive.store(Post(url=url, canonical_url=url, source="bao", title=f"{TITLE} {number}", body=TITLE))
    client.app.state.processor.run()  # type: ignore[attr-defined]


def ask(client: TestClient, path: str, tag: str = "") -> Any:
    return client.get(path, headers={"If-None-Match": tag} if tag else {})


def made_again(*_: Any, **__: Any) -> None:
    raise RuntimeError("the answer was made again")


@pytest.mark.parametrize("path", POLLED)
def test_who_has_the_newest_answer_is_told_so_without_work(house: TestClient, path: str, monkeypatch: Any) -> None:
    first = ask(house, path)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    reader = house.app.state.reader  # type: ignore[attr-defined]
    for name in ("mentions", "facets", "series", "issues", "count", "places"):
        monkeypatch.setattr(reader, name, made_again)
    again = ask(house, path, tag)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert ask(house, path, f'"x", {tag}').status_code == 304
    other = ask(house, path, '"x"')
    assert (other.status_code, other.json()) == (200, first.json()), "another screen gets the answer that is there"
    if path.startswith(("/api/v1/mentions", "/api/v1/sentiment")):
        assert ask(house, f"{path}{'&' if '?' in path else '?'}kind=news").status_code == 500, (
            "another question is asked"
        )


@pytest.mark.parametrize("path", POLLED)
def test_news_change_the_tag_where_they_change_the_answer(house: TestClient, path: str) -> None:
    first = ask(house, path)
    tell(house)
    again, whole = ask(house, path, first.headers["etag"]), ask(house, path)
    told = whole.json() != first.json()
    assert (again.status_code, again.headers["etag"] != first.headers["etag"]) == (200 if told else 304, told)
    assert told == ("issues?at" not in path), "of a past moment nothing is new"
    if "limit=5" in path:
        assert again.json()["total"] == first.json()["total"] + 1


def test_news_of_something_else_are_no_new_answer(house: TestClient) -> None:
    """A crawl changes something every few seconds; a screen that shows none of it hears so."""
    paths = ["/api/v1/mentions?place=tinh-khac", "/api/v1/sentiment/summary?kind=video", "/api/v1/topics?q=bong+da"]
    tags = [ask(house, path).headers["etag"] for path in paths]
    tell(house)
    assert [ask(house, path, tag).status_code for path, tag in zip(paths, tags, strict=True)] == [304] * 3


def test_a_tag_outlives_the_server(tmp_path: Path) -> None:
    """After a restart a screen need not be drawn anew."""
    seen = []
    for _ in range(2):
        with open_house(tmp_path, auth="off") as client:
            seen.append(ask(client, "/api/v1/topics", seen[0].headers["etag"] if seen else ""))
    assert [answer.status_code for answer in seen] == [200, 304]


def test_every_tag_is_of_an_answer_that_polls_ask_for(house: TestClient) -> None:
    tagged = {path for path, _, needs in declared_routes(house.app) if needs.tag}  # type: ignore[arg-type]
    assert {path.partition("?")[0] for path in POLLED} <= tagged


def test_errors_carry_no_tag(house: TestClient) -> None:
    for path in ("/api/v1/mentions/khong-co", '/api/v1/mentions?q="'):
        assert "etag" not in ask(house, path).headers


def test_a_tag_opens_nothing(tmp_path: Path) -> None:
    with open_house(tmp_path) as client:
        desk: Desk = client.app.state.guard.desk  # type: ignore[attr-defined]
        new_person(desk, "lan", Role.viewer)
        key = desk.keys.add("ioc", "lan", [Scope.read], expires_at=None)
        tag = client.get("/api/v1/topics", headers={"Authorization": f"Bearer {key}"}).headers["etag"]
        assert client.get("/api/v1/topics", headers={"If-None-Match": tag}).status_code == 401


def test_a_cursor_goes_on_where_it_was_while_news_come_in(house: TestClient) -> None:
    for _ in range(6):
        tell(house)
    known = house.get("/api/v1/mentions", params={"limit": 200}).json()["items"]
    first = house.get("/api/v1/mentions?limit=3").json()
    tell(house)
    ids, following = [item["id"] for item in first["items"]], first["next"]
    while following:
        part = house.get("/api/v1/mentions", params={"limit": 3, "cursor": following}).json()
        ids, following = ids + [item["id"] for item in part["items"]], part["next"]
    assert ids == [item["id"] for item in known], "each that was there once, none twice"
