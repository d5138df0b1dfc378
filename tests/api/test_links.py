"""Links submitted over HTTP, and what is known elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from monitor.settings import Settings
from tests.api.world import HOME


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """An installation that these tests may change."""
    settings = Settings(data=tmp_path_factory.mktemp("links"), auth="off")
    with TestClient(create_app(settings), base_url=HOME, raise_server_exceptions=False) as opened:
        yield opened


def test_a_link_is_taken_and_its_outcome_can_be_asked(own: TestClient) -> None:
    made = own.post("/api/v1/links", json={"url": "https://bao.example/bai-viet-123456.html", "note": "dân gửi"})
    assert made.status_code == 202, made.text
    link = made.json()
    assert (link["state"], link["outcome"], link["outcome_name"]) == ("waiting", None, "đang chờ tải")
    assert own.get(f"/api/v1/links/{link['id']}").json() == link
    assert own.get("/api/v1/links").json()["items"] == [link]
    assert own.get("/api/v1/links/99").status_code == 404
    page = own.get("/sources").text
    assert "https://bao.example/bai-viet-123456.html" in page
    assert 'action="/sources/links"' in page


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9200/", "http://169.254.169.254/latest", "khong phai", "file:///etc/passwd"]
)
def test_an_inner_or_broken_address_is_a_problem(own: TestClient, url: str) -> None:
    before = own.get("/api/v1/links").json()["total"]
    refused = own.post("/api/v1/links", json={"url": url})
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_link")
    assert own.get("/api/v1/links").json()["total"] == before


def test_unknown_fields_are_refused(own: TestClient) -> None:
    assert own.post("/api/v1/links", json={"url": "https://a.vn/x", "force": True}).status_code == 422


def test_what_is_known_elsewhere_is_an_empty_list_at_first(own: TestClient) -> None:
    assert own.get("/api/v1/missing").json() == {"items": [], "total": 0, "next": None}
