"""Requests that mean harm, and ids that other systems give."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from crawlers.post import Post
from monitor.installation import Installation
from monitor.process import Processor
from monitor.settings import Settings
from tests.api.world import HOME, Made

ID = "tin/2026/1?a#b"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8600", "10.0.0.1"])
def test_a_name_that_is_not_ours_gets_nothing(client: TestClient, host: str) -> None:
    for path in ("/", "/api/v1/mentions", "/static/css/base.css"):
        answer = client.get(path, headers={"Host": host})
        assert (answer.status_code, answer.json()["code"]) == (421, "unknown_host")
        assert answer.headers["content-security-policy"]


@pytest.mark.parametrize("host", ["localhost:8600", "127.0.0.1", "127.0.0.1:9", "[::1]:8600", "[::1]", "LOCALHOST"])
def test_loopback_names_are_ours(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_names_of_a_proxy_in_front_are_a_setting(world: Made) -> None:
    settings = world.settings.model_copy(update={"hosts": "duluan.example, ioc.example"})
    with TestClient(create_app(settings), base_url="http://ioc.example") as client:
        assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("path", ["/", "/search", "/api/v1/mentions", "/healthz", "/static/css/base.css"])
def test_head_answers_as_get_without_the_body(client: TestClient, path: str) -> None:
    answer = client.head(path)
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["content-type"] == client.get(path).headers["content-type"]
    assert client.head("/api/v1/mentions/none").status_code == 404


@pytest.mark.parametrize(
    "path", ["/static/..%2f..%2fapp.py", "/static/%00", "/static/" + "a" * 300, "/static/css", "/mentions/%00"]
)
def test_no_path_leads_out_or_fails(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "/work" not in answer.text
    assert "site-packages" not in answer.text


@pytest.mark.parametrize("moment", ["0001-01-01", "1900-01-01T00:00:00+14:00", "2999-12-31", "9999-12-31T23:59:59Z"])
@pytest.mark.parametrize("path", ["/?at=", "/stories?at=", "/search?to=", "/search?from=", "/api/v1/issues?at="])
def test_times_at_the_edge_of_the_calendar_fail_nothing(client: TestClient, path: str, moment: str) -> None:
    assert client.get(path + quote(moment)).status_code in (200, 422)


@pytest.mark.parametrize("query", ["(" * 20_000, "a OR " * 5_000, "NOT " * 5_000, '"' + "a " * 9_000, "\x00", "\ufffe"])
def test_a_monstrous_query_is_a_wrong_query(client: TestClient, query: str) -> None:
    assert client.get("/api/v1/mentions", params={"q": query}).status_code == 400
    assert client.get("/search", params={"q": query}).status_code == 400


def test_nobody_can_be_listed(client: TestClient) -> None:
    """People's posts carry a keyed hash; neither a parameter nor a word of the query nor a facet finds by it."""
    document = client.get("/api/v1/openapi.json").json()
    named = {p["name"] for path in document["paths"].values() for op in path.values() for p in op.get("parameters", ())}
    assert not named & {"author", "user", "person"}
    found = client.get("/api/v1/mentions", params={"kind": "forum"}).json()["items"]
    author = client.get(f"/api/v1/mentions/{found[0]['id']}").json()["author"]
    assert author.startswith("#")
    for query in (author, author[1:], f"author:{author[1:]}", f'"{author}"'):
        answer = client.get("/api/v1/mentions", params={"q": query})
        assert answer.status_code == 400 or answer.json()["total"] == 0
    assert "nguoi-dan-" not in client.get(f"/mentions/{found[0]['id']}").text


@pytest.fixture
def imported(tmp_path: Path) -> Iterator[TestClient]:
    """A post whose id another system gave."""
    settings = Settings(data=tmp_path)
    with Installation(settings) as installation:
        title = "Sạt lở chia cắt quốc lộ 9 qua xã Hướng Phùng, Quảng Trị"
        url = "https://bao.example/1"
        installation.archive.store(Post(id=ID, url=url, canonical_url=url, source="a/b?c#d", title=title, body=title))
        Processor(installation).run()
    with TestClient(create_app(settings), base_url=HOME) as client:
        yield client


def test_an_id_of_any_letters_has_its_page(imported: TestClient) -> None:
    assert imported.get(f"/api/v1/mentions/{quote(ID, safe='')}").json()["id"] == ID
    assert imported.get(f"/mentions/{quote(ID, safe='')}.json").json()["mention"]["id"] == ID
    assert f'href="/mentions/{quote(ID)}"' in imported.get("/search").text
    assert imported.get(f"/mentions/{quote(ID)}").status_code == 200
