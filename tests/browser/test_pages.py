"""The dashboard in Chromium: three sizes, both themes, by keyboard, without scripts, and when the server is away."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

pytestmark = pytest.mark.browser

SIZES = {"phone": (360, 740), "desk": (1366, 768), "wall": (1920, 1080)}
STORY = "/stories/s-lu-quet-huong-phung"
PATHS = ("/", "/?period=30d", "/search?q=cứu trợ", "/stories?period=7d", STORY, "/sources", "/sources/qtnm", "/help")
CHARTS = {"/": 2, "/?period=30d": 2, "/search?q=cứu trợ": 1, STORY: 2}


@contextmanager
def context(browser: Browser, size: str = "desk", *, toured: bool = True, **options: Any) -> Iterator[BrowserContext]:
    width, height = SIZES[size]
    opened = browser.new_context(viewport={"width": width, "height": height}, locale="vi-VN", **options)
    if toured:
        opened.add_init_script("localStorage.setItem('duluan.toured', '1')")
    try:
        yield opened
    finally:
        opened.close()


def listened(opened: BrowserContext) -> tuple[Page, list[str]]:
    """A page and what its console complains of; a broken security policy is said there, too."""
    page, complaints = opened.new_page(), []
    page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page, complaints


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_every_page_fits_and_complains_of_nothing(browser: Browser, site: str, size: str, theme: str) -> None:
    with context(browser, size, color_scheme=theme) as opened:
        page, complaints = listened(opened)
        for path in (*PATHS, mention_path(site)):
            page.goto(site + path)
            for figure in page.locator("[data-chart]").all():
                figure.scroll_into_view_if_needed()
                expect(figure.locator("svg.marks")).to_be_visible(timeout=15_000)
            assert page.locator("[data-chart] svg.marks").count() == CHARTS.get(path, 0)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= SIZES[size][0], f"{path} is {width} wide"
        assert complaints == []


def mention_path(site: str) -> str:
    with urllib.request.urlopen(f"{site}/api/v1/mentions?limit=1&topic=disaster") as answer:
        return f"/mentions/{json.load(answer)['items'][0]['id']}"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_is_readable(browser: Browser, site: str, theme: str) -> None:
    """Every text that is shown stands out from its ground by 4.5:1 (3:1 when large)."""
    with context(browser, color_scheme=theme) as opened:
        page = opened.new_page()
        for path in PATHS:
            page.goto(site + path)
            assert page.evaluate(FAINT_TEXT) == [], path


def test_rows_are_walked_and_opened_by_keyboard(browser: Browser, site: str) -> None:
    with context(browser) as opened:
        page = opened.new_page()
        page.goto(f"{site}/search?q=cứu trợ")
        page.keyboard.press("j")
        page.keyboard.press("j")
        rows = page.locator("[data-row]")
        expect(rows.nth(1)).to_have_class("mention current")
        page.keyboard.press("k")
        expect(rows.nth(0)).to_have_class("mention current")
        title = rows.nth(0).locator("[data-open]").inner_text()
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text(title)


def test_o_opens_the_original_in_a_new_tab(browser: Browser, site: str) -> None:
    with context(browser) as opened:
        opened.route("https://*.example/**", lambda route: route.fulfill(body="bài gốc"))
        page = opened.new_page()
        page.goto(f"{site}/search?q=đua thuyền")
        page.keyboard.press("j")
        with opened.expect_page() as tab:
            page.keyboard.press("o")
        tab.value.wait_for_load_state()
        assert tab.value.url.startswith("https://")
        assert tab.value.evaluate("window.opener") is None


def test_slash_goes_to_the_search_box_and_keys_typed_there_are_text(browser: Browser, site: str) -> None:
    with context(browser) as opened:
        page = opened.new_page()
        page.goto(site)
        page.keyboard.press("/")
        page.keyboard.type("jko")
        expect(page.locator("#quick")).to_have_value("jko")
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{site}/search?q=jko")


def test_tab_reaches_the_skip_link_first(browser: Browser, site: str) -> None:
    with context(browser) as opened:
        page = opened.new_page()
        page.goto(site)
        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#main")).to_be_focused()


def test_the_theme_is_kept_and_charts_follow(browser: Browser, site: str) -> None:
    with context(browser, color_scheme="light") as opened:
        page = opened.new_page()
        page.goto(site)
        page.locator("svg.marks").first.wait_for()
        page.get_by_role("button", name="Nền tối").click()
        expect(page.locator('svg.marks path[fill="#FF8A80"]').first).to_be_attached()
        page.goto(f"{site}/sources")
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        expect(page.get_by_role("button", name="Nền sáng")).to_be_visible()


def test_reading_and_searching_need_no_script(browser: Browser, site: str) -> None:
    with context(browser, "phone", java_script_enabled=False) as opened:
        page = opened.new_page()
        page.goto(site)
        expect(page.locator("h1")).to_contain_text("24 giờ qua")
        expect(page.locator(".chart .canvas").first).to_be_hidden()
        page.locator("#quick").fill("đua thuyền")
        page.locator("#quick").press("Enter")
        expect(page.locator("h1")).to_contain_text("lượt nhắc")
        page.locator("summary", has_text="Xem bảng").click()
        expect(page.locator(".chart table")).to_be_visible()
        page.locator(".facets a").first.click()
        expect(page.locator(".chip")).to_have_count(2)


def test_a_bar_of_the_chart_leads_to_its_mentions(browser: Browser, site: str) -> None:
    with context(browser) as opened:
        page = opened.new_page()
        page.goto(site)
        page.locator('[data-chart="series"] svg.marks path[fill="#B3261E"]:visible').first.click()
        page.wait_for_url("**/search?**")
        expect(page.locator(".chip", has_text="sắc thái: tiêu cực")).to_be_visible()


def test_a_range_drawn_on_the_chart_narrows_the_search(browser: Browser, site: str) -> None:
    with context(browser) as opened:
        page = opened.new_page()
        page.goto(f"{site}/search")
        chart = page.locator('[data-chart="brush"] svg.marks')
        chart.wait_for()
        box = chart.bounding_box()
        assert box
        page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 60)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 60, steps=5)
        page.mouse.up()
        page.wait_for_url("**from=**")
        expect(page.locator(".chip", has_text="từ ")).to_be_visible()


def test_the_overview_keeps_what_it_has_when_the_server_is_away(browser: Browser, site: str) -> None:
    with context(browser) as opened:
        page = opened.new_page()
        page.clock.install()
        page.goto(site)
        sentence = page.locator("h1").inner_text()
        opened.set_offline(True)
        page.clock.run_for(21_000)
        expect(page.locator("#trouble")).to_contain_text("Mất kết nối với máy chủ")
        expect(page.locator("h1")).to_have_text(sentence)
        opened.set_offline(False)
        page.clock.run_for(21_000)
        expect(page.locator("#trouble")).to_be_hidden()


def test_the_overview_renews_itself_and_keeps_the_row_in_hand(browser: Browser, site: str) -> None:
    with context(browser) as opened:
        page = opened.new_page()
        page.clock.install()
        page.goto(site)
        page.evaluate("document.querySelector('h1').textContent = 'cũ'")
        page.keyboard.press("j")
        page.clock.run_for(81_000)
        expect(page.locator("h1")).to_contain_text("24 giờ qua")
        expect(page.locator("[data-row].current")).to_have_count(1)


FAINT_TEXT = """() => {
  const parse = (c) => (c.match(/[\\d.]+/g) ?? []).map(Number);
  const linear = (v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => [r, g, b].map((v) => linear(v / 255))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || e.closest("svg, script, [hidden]") || !e.checkVisibility()) continue;
    const style = getComputedStyle(e);
    const [a, b] = [light(parse(style.color)), light(ground(e))].sort((x, y) => y - x);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.5 && style.fontWeight >= 600);
    const ratio = (a + 0.05) / (b + 0.05);
    const said = `${e.tagName}.${e.className}: ${ratio.toFixed(2)} ${e.textContent.trim().slice(0, 40)}`;
    if (ratio < (large ? 3 : 4.5)) found.push(said);
  }
  return found;
}"""
