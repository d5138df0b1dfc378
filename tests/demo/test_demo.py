"""`duluan demo` as a user meets it: from the command to the planted issues on the screen, and to Ctrl-C.

`DULUAN_SCREENSHOTS=docs/images .venv/bin/pytest tests/demo` renews the pictures of README and user guide.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, urlsplit

import psutil
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from bench._demo import SITES, Demo
from tests.demo.pictures import take
from tests.demo.test_docs import guide_queries

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PLANTED = {"disaster", "complaint", "happy"}
LARGEST = 150_000  # bytes of a picture in the documents
TOURED = "localStorage.setItem('duluan.toured', '1')"  # the first visit is over
QUERY = '"sạt lở" OR "lũ quét"'
PERIODS = {"24 giờ": "24h", "3 ngày": "3d", "7 ngày": "7d", "30 ngày": "30d"}


@pytest.fixture
def desk(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport={"width": 1366, "height": 768}, locale="vi-VN", color_scheme="light")
    opened.add_init_script(TOURED)
    yield opened
    opened.close()


@pytest.fixture
def page(demo: Demo, desk: BrowserContext) -> Iterator[Page]:
    """A page that asks nobody but the dashboard, and whose console must stay silent: errors, warnings, and breaches of
    the content security policy."""
    opened, complaints = desk.new_page(), []
    opened.on("request", lambda r: None if r.url.startswith((demo.url, "data:")) else complaints.append(r.url))
    opened.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    assert complaints == []


def issue_of(demo: Demo) -> dict[str, str]:
    """Which planted issue each text of the sandbox tells."""
    found = demo.truth()
    kinds = {story: issue["kind"] for issue in found["issues"] for story in issue["stories"]}
    return {text["url"]: kinds[text["story"]] for text in found["texts"] if text["story"] in kinds}


def test_the_planted_issues_lead_and_open_onto_their_articles(demo: Demo, page: Page) -> None:
    truth = issue_of(demo)
    seen: set[str | None] = set()
    until = time.monotonic() + 60  # the page shows the worker's last look, which may be from before the last texts
    while seen != PLANTED and time.monotonic() < until:
        page.goto(demo.url)
        expect(page.locator("h1")).to_contain_text("24 giờ qua")
        links = [link.get_attribute("href") or "" for link in page.locator(".issue h3 a").all()[:3]]
        seen = {told_by(page, demo, link, truth) for link in links}
    assert seen == PLANTED


def told_by(page: Page, demo: Demo, link: str, truth: dict[str, str]) -> str | None:
    """The planted issue that the articles behind an issue's link tell; nearly all of them must."""
    page.goto(demo.url + link.removeprefix("/"))
    expect(page.locator("h1")).to_be_visible()
    originals = page.locator(".mention [data-original]").evaluate_all("links => links.map((each) => each.href)")
    assert len(originals) >= 5
    told = [truth.get(url) for url in originals]
    kind = max(set(told), key=told.count)
    assert told.count(kind) >= 0.9 * len(told), f"{link} mixes {told}"
    return kind


def test_an_article_opens_at_its_outlet(demo: Demo, desk: BrowserContext, page: Page) -> None:
    page.goto(demo.url)
    page.locator(".issue h3 a").first.click()
    row = page.locator(".mention").filter(has=page.locator('[data-original][href$=".html"]')).first
    title = row.locator("[data-open]").inner_text()
    with desk.expect_page() as tab:
        row.locator("[data-original]").click()
    article = tab.value
    article.wait_for_load_state()
    assert demo.sandbox_port <= (urlsplit(article.url).port or 0) < demo.sandbox_port + SITES
    expect(article.locator("h1").filter(has_text=title)).to_be_visible()
    assert article.evaluate("window.opener") is None
    article.close()


@pytest.mark.parametrize("period", PERIODS.values())
def test_every_figure_leads_to_exactly_what_it_counts(demo: Demo, page: Page, period: str) -> None:
    """Tried again only when something was published or decided anew in between, which changes the figures rightly."""
    still = 0  # times that figures were wrong though nothing had changed; the index may hear of the last change late
    for _ in range(12):
        before = (demo.get("/api/v1/status")["updated_at"], in_doubt(demo))
        wrong = wrong_figures(demo, page, period)
        still = still + 1 if (demo.get("/api/v1/status")["updated_at"], in_doubt(demo)) == before else 0
        if not wrong or still == 2:
            break
    assert wrong == []


def in_doubt(demo: Demo) -> int:
    """Posts that a second look is due at: the worker takes it in the first minutes of a demo."""
    archive = f"file:{demo.folder / 'demo' / 'archive.sqlite'}?mode=ro"
    with closing(sqlite3.connect(archive, uri=True)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM annotations WHERE models LIKE '%doubted%'").fetchone()
    return int(count)


def wrong_figures(demo: Demo, page: Page, period: str) -> list[str]:
    """Figures of the overview whose search finds another number."""
    page.goto(f"{demo.url}?period={period}")
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    figures = page.locator(
        "a.bar-count, .bar-negative a, .as-table td a, .more a[href^='/search'], .figure-card a[href^='/search'],"
        " .panel-head a[href^='/search'], .issue .why a"
    ).evaluate_all("links => links.map((each) => [each.innerText, each.getAttribute('href')])")
    assert len(figures) > 20
    wrong, totals = [], {}
    for said, link in figures:
        if not link.startswith("/search?"):
            continue  # a topic in a place has a page of its own
        if link not in totals:
            totals[link] = demo.get(link.replace("/search?", "/search.json?"))["total"]
        if totals[link] not in numbers(said):
            wrong.append(f"{said!r} but {totals[link]} at {link}")
    return wrong


def numbers(said: str) -> set[int]:
    """What a figure may count: its first whole number.

    A share is followed by the number that it is of: "42 % 35 lượt".
    """
    whole = [int(n.replace(".", "")) for n in re.findall(r"(?<![\d,])(\d+(?:\.\d{3})*)(?![\d,]|\s%)", said)]
    return {whole[0]}


def test_the_cards_of_issues_and_sources_count_what_their_pages_list(demo: Demo, page: Page) -> None:
    page.goto(demo.url)
    for name, rows in (("Vụ việc đang tăng", ".issue"), ("Nguồn tin cần xem", ".sources-table tbody tr")):
        page.goto(demo.url)
        card = page.locator(".figure-card a", has_text=name)
        value = int(card.locator(".figure-value").inner_text())
        card.click()
        expect(page.locator(rows)).to_have_count(value)


def test_the_period_switch_changes_what_is_shown(demo: Demo, page: Page) -> None:
    page.goto(demo.url)
    totals = []
    for name, code in PERIODS.items():
        page.locator(".periods a", has_text=re.compile(f"^{name}$")).click()
        page.wait_for_url(f"**/?period={code}")
        expect(page.locator("h1")).to_contain_text(f"{name} qua")
        expect(page.locator(".periods a[aria-current]")).to_have_text(name)
        totals.append(int(page.locator(".figure-value").first.inner_text().replace(".", "")))
    assert totals == sorted(totals)
    assert totals[0] < totals[-1]


def test_search_finds_the_same_with_and_without_accents(demo: Demo, page: Page) -> None:
    said = []
    for query in ("Hướng Phùng", "huong phung", "HUONG phùng"):
        page.goto(demo.url)
        page.locator("#quick").fill(query)
        page.locator("#quick").press("Enter")
        expect(page.locator("#q")).to_have_value(query)
        said.append(page.locator("h1").inner_text())
    assert re.match(r"[1-9]\d* lượt nhắc", said[0])
    assert len(set(said)) == 1
    expect(page.locator(".results-list mark").first).to_be_visible()


def test_every_query_of_the_guide_finds_something(demo: Demo) -> None:
    totals = {query: demo.get(f"/api/v1/mentions?limit=1&q={quote(query)}")["total"] for query in guide_queries()}
    assert {query for query, total in totals.items() if total == 0} == set()


def test_blocked_and_silent_outlets_are_shown_as_such(demo: Demo, page: Page) -> None:
    page.goto(f"{demo.url}sources")
    for behaviour, state in (("blocked", "bị chặn"), ("silent", "im lặng")):
        name = next(each["name"] for each in demo.truth()["outlets"] if each["behaviour"] == behaviour)
        row = page.locator(".sources-table tbody tr", has_text=name)
        expect(row.locator(".state")).to_have_text(state)
    for outlet in demo.truth()["outlets"]:
        if outlet["behaviour"] not in ("blocked", "silent"):
            row = page.locator(".sources-table tbody tr", has_text=outlet["name"])
            expect(row.locator(".state")).to_have_text("bình thường")


def test_pictures_for_the_documents(demo: Demo, browser: Browser, page: Page, screenshots: Path) -> None:
    page.goto(demo.url)
    truth = issue_of(demo)
    stories = demo.get("/api/v1/issues")["items"]
    flood = next(each["id"] for each in stories if truth.get(each["mentions"][0]["url"]) == "disaster")
    take(page, demo.url, screenshots / "overview.png")
    take(page, demo.url, screenshots / "map.png", part="section:has(#places)")
    take(page, f"{demo.url}search?q={QUERY}", screenshots / "search.png")
    take(page, f"{demo.url}stories/{flood}", screenshots / "story.png")
    take(page, f"{demo.url}sources", screenshots / "sources.png")
    phone = browser.new_context(viewport={"width": 360, "height": 740}, locale="vi-VN", color_scheme="light")
    phone.add_init_script(TOURED)
    take(phone.new_page(), demo.url, screenshots / "mobile.png")
    phone.close()
    sizes = {path.name: path.stat().st_size for path in screenshots.glob("*.png")}
    assert {"overview.png", "map.png", "search.png", "story.png", "sources.png", "mobile.png"} <= set(sizes)
    assert {name: size for name, size in sizes.items() if size > LARGEST} == {}


def test_ctrl_c_ends_everything(demo: Demo) -> None:
    """The last of this module: the demo is over."""
    started = demo.processes()
    assert {"worker", "sandbox", "uvicorn"} <= {part for each in started for part in each.cmdline()}
    assert demo.interrupt() == 0
    gone, alive = psutil.wait_procs(started, timeout=5)
    assert alive == []
    assert len(gone) == len(started)
    assert "Traceback" not in demo.said.read_text(encoding="utf-8")
