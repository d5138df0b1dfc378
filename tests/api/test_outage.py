"""While the index is away: pages are drawn from the archive and say so, programs get 503 for what only it knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.reader import Reader
from index.port import FACET_FIELDS, Filters, Index, IndexUnavailable, Interval, TooSlow
from monitor.archive_reading import ArchiveReading
from monitor.installation import Installation
from tests.api.world import HOME, Made

PAGE = {"Accept": "text/html"}
READING = ("search", "count", "facets", "series", "get", "newest", "significant")


@pytest.fixture
def served(world: Made) -> Iterator[TestClient]:
    with TestClient(create_app(world.settings), base_url=HOME, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def it(world: Made) -> Iterator[Installation]:
    with Installation(world.settings) as installation:
        yield installation


def reader_of(client: TestClient) -> Reader:
    found: Reader = client.app.state.reader  # type: ignore[attr-defined]
    return found


@pytest.fixture
def asked() -> list[str]:
    """What the index was asked while it was away."""
    return []


@pytest.fixture
def away(served: TestClient, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> TestClient:
    index = reader_of(served).it.index

    def silent(name: str) -> Callable[..., Any]:
        def fail(*_: object, **__: object) -> None:
            asked.append(name)
            raise IndexUnavailable("Không nối được tới máy thử.")

        return fail

    for name in READING:
        monkeypatch.setattr(index, name, silent(name))
    return served


@pytest.mark.parametrize(
    "path", ["/api/v1/mentions", "/api/v1/mentions?q=nước", "/api/v1/sentiment/summary", "/api/v1/topics"]
)
def test_programs_are_told_to_come_back(away: TestClient, path: str) -> None:
    answer = away.get(path)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0


def test_what_the_archive_holds_is_served(away: TestClient, it: Installation) -> None:
    found = ArchiveReading(it.archive, it.annotations).newest(limit=1)[0].mention
    assert away.get(f"/api/v1/mentions/{found.id}").json()["id"] == found.id
    for path in ("/api/v1/issues", "/api/v1/stories", f"/api/v1/stories/{found.story}", "/api/v1/sources"):
        assert away.get(path).status_code == 200, path
    state = away.get("/api/v1/status").json()
    assert (state["indexed"], state["index"]["state"], state["index"]["mentions"]) == (None, "away", None)
    assert "Không nối được" in state["index"]["problem"]


def test_pages_are_the_same_but_for_the_warning(away: TestClient, it: Installation) -> None:
    story = ArchiveReading(it.archive, it.annotations).newest(limit=1)[0].mention.story
    for path in ("/", "/search", "/stories", f"/stories/{story}", "/search?topic=disaster"):
        page = away.get(path, headers=PAGE)
        assert page.status_code == 200, path
        assert "Chỉ mục đang gián đoạn" in page.text
        assert "Traceback" not in page.text


def test_the_overview_of_an_outage_has_the_figures_of_before(
    served: TestClient, world: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/index.json?at={world.now.isoformat().replace('+00:00', 'Z')}"
    before = served.get(address).json()
    reader = reader_of(served)
    reader._kept.clear()

    def fail(*_: object, **__: object) -> None:
        raise IndexUnavailable("Không nối được tới máy thử.")

    for name in READING:
        monkeypatch.setattr(reader.it.index, name, fail)
    during = served.get(address).json()
    assert during.pop("freshness")["state"] == "away"
    assert before.pop("freshness")["state"] != "away"
    for overview in (before, during):
        for item in overview["newest"]:
            item.pop("highlight")
    assert during == before


def test_a_search_for_words_shows_the_newest_and_says_so(away: TestClient) -> None:
    page = away.get("/search.json?q=sạt lở").json()
    assert "chỉ mục đang gián đoạn" in page["sentence"]
    assert page["items"]
    assert page["q"] == "sạt lở"
    assert away.get('/search.json?q="sạt').status_code == 400  # a mistake is still a mistake


def test_an_index_that_is_away_is_left_alone_for_a_moment(away: TestClient, asked: list[str]) -> None:
    for _ in range(3):
        away.get("/", headers=PAGE)
        away.get("/api/v1/mentions")
    assert len(asked) <= 2  # once for the first page, once for the figures of the state


def test_a_slow_question_is_no_outage(served: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object, **__: object) -> None:
        raise TooSlow("Tìm kiếm mất hơn 10 giây.")

    with monkeypatch.context() as patch:
        patch.setattr(reader_of(served).it.index, "search", slow)
        assert served.get("/api/v1/mentions").status_code == 503
    assert served.get("/api/v1/mentions").status_code == 200


def test_ready_means_that_requests_are_served(away: TestClient) -> None:
    assert away.get("/readyz").json() == {"status": "ready", "index": "away"}
    assert away.get("/healthz").status_code == 200
    assert "duluan_index_up 0" in away.get("/metrics").text


@pytest.mark.parametrize("interval", ["hour", "day", "week", "month"])
def test_archive_and_index_count_alike(it: Installation, world: Made, interval: Interval) -> None:
    index: Index = it.index
    archive = ArchiveReading(it.archive, it.annotations)
    every = index.facets()
    filters = [
        Filters(),
        Filters(since=world.now.replace(hour=0), until=world.now, min_relevance=1),
        Filters(until=world.now, since=world.now),
        *(Filters(**{name: (every[name][0].value,)}) for name in FACET_FIELDS),
        Filters(topic=tuple(b.value for b in every["topic"][:2]), place=(every["place"][0].value,)),
        Filters(topic=("khong-co",)),
    ]
    for each in filters:
        assert archive.count("", each) == index.count("", each), each
        assert archive.facets("", each, limit=1000) == index.facets("", each, limit=1000), each
        assert archive.series("", each, interval=interval) == index.series("", each, interval=interval), each
        page, expected = archive.search("", each, limit=30), index.search("", each, limit=30)
        assert page.total == expected.total
        assert sorted(hit.mention.published_at for hit in page.items) == sorted(
            hit.mention.published_at for hit in expected.items
        )
