"""Any figure equals the count of what its link leads to: a walk over all pages and answers of the API.

Every resource that holds a link beside a figure is found by its shape, so a new one is walked without being named here;
one whose shape nobody knows fails the walk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from selectolax.lexbor import LexborHTMLParser

from api.app import create_app
from monitor.installation import Installation
from tests.api.texts import Story, Telling
from tests.api.world import HOME, Maker, build

LINKS = ("link", "counted", "new_link", "all_link")
WORDS = ("advice", "chips", "milestones", "alert")  # resources whose links are beside words, not figures
ODD = "Báo Xã & Phố, số 1"
FIGURE = re.compile(r"^(?:[−○+]\s*)?(\d[\d.]*)(?:\s*$|\s+lượt)|^Tất cả (\d[\d.]*)")
PAGES = (
    *("/?period=24h", "/?period=3d", "/?period=7d", "/?period=30d", "/wall", "/search", "/search?q=đông hà"),
    *("/search?topic=disaster", "/search?sentiment=negative&kind=news", "/search?place=qt-phuong-dong-ha&topic=health"),
    *("/stories?period=7d", "/stories?period=30d&order=negative", "/sources", "/sources/qtnm", "/alerts?state=all"),
)
RESOURCES = (
    *("stories", "topics", "topics?topic=disaster", "places", "places?q=đông hà&place=qt-phuong-dong-ha"),
    *("sentiment/summary?topic=health", "sentiment/series", "sentiment/series?interval=week&sentiment=negative"),
    *("sentiment/series?interval=month", "saved-searches", "issues"),
    *(f"summary?by={by}" for by in ("topic", "place", "source", "story", "kind", "sentiment")),
    *("summary?by=topic&topic=disaster&topic=health&limit=50", "summary?by=place&topic=disaster&q=lũ OR sạt"),
    *(f"series?by={by}&interval=week&limit=4" for by in ("topic", "place", "source", "story")),
    *("series?by=topic&topic=disaster&from={since}&to={until}&interval=day", "summary?by=source&from={since}"),
)


@pytest.fixture(scope="module")
def count(client: TestClient) -> Counter:
    return Counter(client)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The world, and what easily makes two ways of counting differ."""
    made = build(tmp_path_factory.mktemp("agreement"))
    with Installation(made.settings) as installation:
        maker = Maker(installation, made.now)
        tellings = [Telling(n / 4, ODD if n % 3 else "qtnm", f"Ngập ở chợ Đông Hà, tin số {n}") for n in range(70)]
        tellings += [Telling(18, "dhtt", "Ngập ở chợ Đông Hà, tin số 0", copy=True), Telling(40, "pldn", "Ngập nữa")]
        places = ("phường Đông Hà", "xã Hướng Phùng")
        maker.tell(
            Story("s-ngap", 20, ("disaster", "health"), "negative", places, ("ngập",), "Nước lên.", (*tellings,))
        )
        maker.write()
    with TestClient(create_app(made.settings), base_url=HOME) as opened:
        desk = opened.app.state.alerts  # type: ignore[attr-defined]
        rule = {"name": "Ngập", "query": "ngập OR lũ", "window_hours": 24, "min_count": 2}
        assert opened.post("/api/v1/alert-rules", json=rule).status_code == 201
        desk.turn()
        saved = {"name": "Ngập", "q": "ngập OR lũ", "topic": ["disaster"], "place": ["qt-phuong-dong-ha"]}
        assert opened.post("/api/v1/saved-searches", json=saved).status_code == 201
        yield opened


def get(client: TestClient, path: str) -> Any:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.text[:300])
    return answer.json()


def twin(path: str) -> str:
    """The address of a page's JSON twin."""
    address, mark, query = path.partition("#")[0].partition("?")
    return ("/index" if address == "/" else address) + ".json" + mark + query


class Counter:
    """What links lead to, each asked once."""

    def __init__(self, client: TestClient) -> None:
        self._client = client
        self._known: dict[str, int] = {}

    def __call__(self, link: str) -> int:
        if link not in self._known:
            self._known[link] = self._count(link)
        return self._known[link]

    def _count(self, link: str) -> int:
        address = twin(link)
        if link.startswith("/search") and len(self._known) % 8:  # the quicker of the two; each eighth asks the page
            address = link.replace("/search", "/api/v1/mentions", 1).partition("&saved=")[0]
        found = get(self._client, address)
        if link.startswith("/search"):
            return int(found["total"])
        if link.startswith("/issues"):
            return len(found["mentions"])
        if link.startswith("/stories"):
            return len(found["issues"])
        assert link.startswith("/sources"), link
        return sum(row["source"]["state"] not in ("ok", "off", "needs_key") for row in found["sources"])


def figures(data: Any, at: str = "") -> Iterator[tuple[str, int, str]]:
    """Where, how many and the link, of every resource in an answer that has both. Fails for an unknown shape."""
    if isinstance(data, list):
        for each in data:
            yield from figures(each, at)
    if not isinstance(data, dict):
        return
    for name in LINKS:
        if isinstance(link := data.get(name), str) and link and (count := figure(data, name, at)) is not None:
            yield at, count, link
    for name, value in data.items():
        yield from figures(value, f"{at}.{name}")


def figure(data: dict[str, Any], name: str, at: str) -> int | None:
    """The figure that this link of a resource is beside; None for links that are beside none."""
    if name == "new_link":
        return int(data["new"])
    if "issue" in data and name == "counted":
        return int(data["issue"]["figures"]["mentions"])
    if name == "all_link":
        return int(data["series"]["total"])
    if "selected" in data and name == "link":
        return None  # it chooses the value, or lets it go
    if "bucket" in data:
        return int(data["bucket"]["count"])
    if "own" in data:
        return int(data["own"]) + int(data["copies"])
    if "key" in data:
        return None if data["key"] == "negative" else int(data["value"])
    for figure in ("count", "mentions", "total"):
        if isinstance(data.get(figure), int):
            return int(data[figure])
    assert at.rpartition(".")[2] in WORDS or "alert" in data, (at, data)
    return None


def test_every_figure_of_every_page_and_answer_is_what_its_link_counts(client: TestClient, count: Counter) -> None:
    wrong, walked = [], 0
    now = get(client, "/?period=7d".replace("/?", "/index.json?"))
    moments = {"since": now["since"], "until": now["until"]}
    stories = [story["id"] for story in get(client, "/api/v1/stories?limit=6")["items"]]
    issues = [each for each in get(client, "/index.json?period=3d")["issues"] if each["page"].startswith("/issues")]
    alerts = [alert["page"] for alert in get(client, "/api/v1/alerts?state=all&limit=4")["items"]]
    assert {"s-ngap"} <= set(stories)
    assert alerts
    pages = [*PAGES, *(f"/stories/{id}" for id in stories), *(each["page"] for each in issues), *alerts]
    paths = [*map(twin, pages), *(f"/api/v1/{path.format(**moments)}" for path in RESOURCES)]
    paths += [f"/api/v1/stories/{quote(id)}" for id in stories]
    for path in paths:
        found = list(figures(get(client, path)))
        walked += len(found)
        wrong += [(path, *each, count(each[2])) for each in found if count(each[2]) != each[1]]
    assert wrong == []
    assert walked > 1000


def test_every_figure_that_is_read_on_a_page_is_what_its_link_counts(client: TestClient, count: Counter) -> None:
    wrong, walked = [], 0
    for path in (*PAGES, "/stories/s-ngap", "/stories/s-lu-quet-huong-phung"):
        for anchor in LexborHTMLParser(client.get(path).text).css('main a[href^="/search"]'):
            value = anchor.css_first(".figure-value")
            said = FIGURE.search((value or anchor).text().strip())
            if said and not (value and "%" in value.text()):
                walked += 1
                shown, link = int((said[1] or said[2]).replace(".", "")), str(anchor.attributes["href"])
                wrong += [(path, anchor.text(), link, count(link))] if count(link) != shown else []
    assert wrong == []
    assert walked > 300


def test_the_share_that_is_negative_is_of_the_mentions_that_were_judged(client: TestClient) -> None:
    for period in ("24h", "3d", "7d", "30d"):
        shown = next(
            each for each in get(client, f"/index.json?period={period}")["figures"] if each["key"] == "negative"
        )
        negative = get(client, twin(shown["link"]))["total"]
        every = shown["link"].replace("sentiment=negative", "sentiment=negative&sentiment=neutral&sentiment=positive")
        assert shown["value"] == pytest.approx(negative / get(client, twin(every))["total"], abs=1e-4)
        assert shown["note"].startswith(f"{negative} lượt")


def test_parts_of_a_breakdown_add_up(client: TestClient) -> None:
    for by in ("source", "kind", "sentiment"):
        found = get(client, f"/api/v1/summary?by={by}&limit=1000")
        assert sum(item["count"] for item in found["items"]) == found["mentions"] == count_all(client)
    found = get(client, "/api/v1/series?by=source&interval=month&limit=50")
    assert sum(part["total"] for part in found["items"]) == count_all(client)
    for part in found["items"]:
        assert sum(point["count"] for point in part["points"]) == part["total"]
        assert [point["start"] for point in part["points"]] == [p["start"] for p in found["items"][0]["points"]]


def count_all(client: TestClient) -> int:
    return int(get(client, "/api/v1/mentions?limit=1")["total"])


def test_too_fine_a_series_is_refused(client: TestClient) -> None:
    answer = client.get("/api/v1/series?by=topic&interval=hour&limit=50")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_parameter")
