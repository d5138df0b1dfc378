"""Errors: problem documents with stable codes for programs, Vietnamese pages for people."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from tests.api.world import HOME, Made


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/mentions?q=%22sạt", 400, "unbalanced_quote"),
        ("/api/v1/mentions?cursor=khong-phai", 400, "bad_cursor"),
        ("/api/v1/mentions?from=hom-qua", 422, "bad_parameter"),
        ("/api/v1/mentions?from=2026-03-08&to=2026-03-01", 422, "bad_parameter"),
        ("/api/v1/mentions?to=9999-12-31", 422, "bad_parameter"),
        ("/api/v1/mentions?limit=0", 422, "bad_parameter"),
        ("/api/v1/mentions?sentiment=angry", 422, "bad_parameter"),
        ("/api/v1/stories?cursor=-1", 422, "bad_parameter"),
        ("/api/v1/sentiment/series?interval=hour&from=1990-01-01&to=2026-01-01", 422, "bad_parameter"),
        ("/api/v1/issues?at=never", 422, "bad_parameter"),
        ("/api/v1/mentions/none", 404, "not_found"),
        ("/api/v1/stories/none", 404, "not_found"),
        ("/api/v1/sources/none", 404, "not_found"),
        ("/api/v1/nothing", 404, "not_found"),
        ("/stories/none.json", 404, "not_found"),
    ],
)
def test_a_problem_document_says_what_was_wrong(client: TestClient, path: str, status: int, code: str) -> None:
    answer = client.get(path)
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code), answer.text
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"] == path.partition("?")[0]


def test_a_query_error_says_where_and_suggests(client: TestClient) -> None:
    problem = client.get("/api/v1/mentions", params={"q": 'nước "sạt'}).json()
    assert problem["position"] == 5
    assert problem["suggestion"] == 'nước "sạt"'
    assert "ngoặc kép" in problem["message"]


def test_each_wrong_parameter_is_named(client: TestClient) -> None:
    problem = client.get("/api/v1/mentions", params={"limit": 0, "sort": "best"}).json()
    assert {error["parameter"] for error in problem["errors"]} == {"limit", "sort"}


def test_only_reading_is_offered(client: TestClient) -> None:
    answer = client.post("/api/v1/mentions", json={})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert answer.json()["code"] == "method_not_allowed"


@pytest.mark.parametrize("path", ["/nope", "/stories/none", "/mentions/none", "/sources/none", "/issues/none"])
def test_people_read_it_in_vietnamese(client: TestClient, path: str) -> None:
    answer = client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert "Không có trang này" in answer.text


@pytest.fixture
def broken(world: Made, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    with TestClient(create_app(world.settings), base_url=HOME, raise_server_exceptions=False) as client:
        reader = client.app.state.reader  # type: ignore[attr-defined]

        def fail(*_: object, **__: object) -> None:
            raise RuntimeError("secret inner text")

        monkeypatch.setattr(reader, "mentions", fail)
        yield client


def test_an_unexpected_error_tells_nothing_of_the_inside(broken: TestClient) -> None:
    answer = broken.get("/api/v1/mentions")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "secret" not in answer.text
    page = broken.get("/search", headers={"Accept": "text/html"})
    assert page.status_code == 500
    assert "Có lỗi ở phía hệ thống" in page.text
    assert page.headers["content-security-policy"]
