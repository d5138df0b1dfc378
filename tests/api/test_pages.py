"""The dashboard's pages: twins, figures that link to exactly what they count, and text from outside that stays text."""

from __future__ import annotations

from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from api.charts import sentiment_series
from api.models import Series
from api.reader import Reader
from api.searching import Search
from tests.api.world import HOSTILE_TITLE, Made

FLOOD = "s-lu-quet-huong-phung"
PAGES = (
    "/",
    "/?period=30d",
    "/search",
    "/search?q=lũ&sentiment=negative",
    "/stories",
    "/stories?rising=1",
    f"/stories/{FLOOD}",
    "/sources",
    "/sources?state=attention",
    "/sources/qtnm",
    "/sources/btm",
    "/issues/disaster@qt-xa-huong-phung",
    "/help",
)


class Outline(HTMLParser):
    """Elements of a page as far as these tests look at them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[dict[str, str]] = []
        self.headings: list[int] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append((tag, found))
        if tag == "a":
            self.links.append(found)
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append(int(tag[1]))


def page(client: TestClient, path: str) -> str:
    answer = client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 200, (path, answer.text[:300])
    return answer.text


def twin(client: TestClient, path: str) -> Any:
    base, _, query = path.partition("?")
    address = ("/index" if base == "/" else base) + ".json" + (f"?{query}" if query else "")
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_safe_and_has_its_twin(client: TestClient, path: str) -> None:
    answer = client.get(path)
    outline = Outline(answer.text)
    assert answer.status_code == 200
    assert ("html", {"lang": "vi"}) in outline.tags
    assert outline.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip([0, *outline.headings], outline.headings, strict=False))
    assert {"header", "nav", "main", "footer"} <= {tag for tag, _ in outline.tags}
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    inline = [
        a for tag, a in outline.tags if tag == "script" and "src" not in a and a.get("type") != "application/json"
    ]
    assert not inline
    assert not [a for _, a in outline.tags if "style" in a or any(name.startswith("on") for name in a)]
    assert twin(client, path)


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_loaded_from_another_host(client: TestClient, path: str) -> None:
    outline = Outline(page(client, path))
    loaded = [
        a.get("src") or a.get("href", "") for tag, a in outline.tags if tag in ("script", "link", "img", "iframe")
    ]
    assert [address for address in loaded if address and not address.startswith("/")] == []


def test_every_link_inside_leads_somewhere(client: TestClient) -> None:
    seen: set[str] = set()
    waiting = list(PAGES)
    while waiting and len(seen) < 250:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        answer = client.get(path)
        assert answer.status_code == 200, path
        if answer.headers["content-type"].startswith("text/html"):
            inside = [a["href"].partition("#")[0] for a in Outline(answer.text).links if a["href"].startswith("/")]
            waiting += [address for address in inside if address not in seen]
    assert len(seen) >= 250


def test_bars_of_the_chart_count_what_their_links_find(client: TestClient) -> None:

    data = twin(client, "/?period=24h")
    search = Search(since=datetime.fromisoformat(data["since"]), until=datetime.fromisoformat(data["until"]))
    rows = sentiment_series(Series.model_validate(data["series"]), search)["data"]["values"]
    assert sum(row["count"] for row in rows) == data["series"]["total"]
    for row in [row for row in rows if row["count"]][:8]:
        assert twin(client, row["url"])["total"] == row["count"]


def test_a_chosen_facet_still_shows_its_alternatives(client: TestClient) -> None:
    facets = twin(client, "/search?sentiment=negative")["facets"]
    choices = {v["id"]: v["selected"] for f in facets if f["name"] == "sentiment" for v in f["choices"]}
    assert choices == {"negative": True, "neutral": False, "positive": False}


def test_the_first_answer_is_a_sentence(client: TestClient) -> None:
    sentence = twin(client, "/")["sentence"]
    assert sentence.startswith("24 giờ qua: 23 lượt nhắc, gấp ")
    assert "3 vụ việc đang tăng" in sentence
    assert "2 nguồn tin im lặng hoặc bất thường" in sentence
    assert f">{sentence}</h1>".replace(" %", "\u00a0%") in page(client, "/")


def test_an_overview_of_the_past_can_be_shared(client: TestClient, world: Made) -> None:

    past = (world.now - timedelta(days=10)).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = page(client, f"/?period=7d&at={past}")
    assert "data-live" not in text
    assert "Về lúc này" in text
    assert "Lũ quét" not in text


def test_a_page_says_when_what_rises_is_judged_by_an_earlier_moment(
    client: TestClient, world: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = "Vụ việc tính đến"
    assert told not in client.get("/stories").text
    monkeypatch.setattr(Reader, "look", lambda _, at, limit: (at - timedelta(minutes=40), []))
    assert told in client.get("/stories").text
    monkeypatch.setattr(Reader, "look", lambda *_: (None, []))
    assert "Chưa xét vụ việc nào" in client.get("/stories").text


def test_text_from_outside_is_only_text(client: TestClient, world: Made) -> None:
    for path in ("/", "/search?q=sập", f"/mentions/{world.hostile}", "/sources"):
        text = page(client, path)
        outline = Outline(text)
        assert "<script>alert" not in text
        assert "<img" not in text
        assert "<i>x" not in text
        assert not [a for _, a in outline.tags if "onerror" in a or "onload" in a]
        assert not [a["href"] for a in outline.links if a["href"].lower().startswith("javascript:")]
    assert "Địa chỉ gốc không mở được" in page(client, f"/mentions/{world.hostile}")
    assert twin(client, f"/mentions/{world.hostile}")["mention"]["title"] == HOSTILE_TITLE


def test_a_query_is_only_text(client: TestClient) -> None:
    for query in ('"><svg onload=alert(1)>', "</title><script>alert(1)</script>", "{{ 7*7777 }}"):
        answer = client.get("/search", params={"q": query})
        assert "<svg onload" not in answer.text
        assert "<script>alert" not in answer.text
        assert "54439" not in answer.text


def test_originals_open_apart_and_name_the_outlet(client: TestClient) -> None:
    outside = [a for a in Outline(page(client, "/search?q=đua thuyền")).links if a["href"].startswith("http")]
    assert outside
    for link in outside:
        assert link["target"] == "_blank"
        assert "noopener" in link["rel"]
        assert "Mở bài gốc trên" in link["title"]


def test_a_query_that_cannot_be_read_is_explained_where_it_was_typed(client: TestClient) -> None:
    answer = client.get("/search", params={"q": 'nước "sạt'})
    assert answer.status_code == 400
    assert "Câu tìm này chưa đọc được" in answer.text
    assert quote('nước "sạt"') in answer.text


def test_highlights_are_marked(client: TestClient) -> None:
    assert "<mark>cứu</mark> <mark>trợ</mark>" in page(client, "/search?q=cứu trợ")


def test_a_mention_says_why_it_is_relevant_and_what_changed(client: TestClient) -> None:
    first = client.get("/api/v1/mentions", params={"story": FLOOD, "limit": 50}).json()["items"][-1]["id"]
    text = page(client, f"/mentions/{first}")
    assert "nêu tên xã, phường trong tỉnh" in text
    assert "Đã sửa 1 lần" in text
    assert '<blockquote class="quote negative">' in text
    assert text.count('title="xã Hướng Phùng"') == 1  # named in the excerpt, underlined there


def test_an_issue_that_no_longer_rises_still_leads_to_its_mentions(client: TestClient) -> None:
    text = page(client, "/issues/disaster@qt-xa-huong-phung")
    assert "không tăng khác thường" in text
    assert "/search?topic=disaster&amp;place=qt-xa-huong-phung" in text


def test_the_freshness_line_is_on_every_page(client: TestClient) -> None:
    for path in PAGES:
        assert "9/12 nguồn bình thường" in page(client, path)


def test_an_empty_installation_says_so(empty: TestClient) -> None:
    text = page(empty, "/")
    assert "Chưa có lượt nhắc nào trong 24 giờ qua" in text
    assert "Bộ thu thập không chạy" in text
    for path in ("/search", "/stories", "/sources", "/help", "/api/docs"):
        page(empty, path)
        assert path == "/api/docs" or twin(empty, path)


def test_the_first_load_is_light(client: TestClient) -> None:
    outline = Outline(page(client, "/"))
    parts = [a.get("src") or a.get("href", "") for tag, a in outline.tags if tag in ("script", "link")]
    files = [p for p in parts if p.startswith("/static/")] + ["/static/js/charts.js", "/static/js/live.js"]
    size = len(client.get("/").content) + sum(len(client.get(file).content) for file in files)
    assert size < 200_000


def test_the_chart_library_comes_from_here_and_may_be_kept(client: TestClient) -> None:
    version = client.app.state.chart_library.version  # type: ignore[attr-defined]
    answer = client.get(f"/static/charts-{version}.js")
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert "vegaEmbed" in answer.text
    assert client.get("/static/charts-0.js").status_code == 404


def test_static_files_do_not_lead_out(client: TestClient) -> None:
    assert client.get("/static/css/base.css").status_code == 200
    assert client.get("/static/%2e%2e/app.py").status_code == 404
    assert client.get("/static/..%2fapp.py").status_code == 404
