"""The search page in Chromium: kept, exported, shared, and walked by keyboard; also without scripts."""

from __future__ import annotations

import csv
import io
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_pages import FAINT_TEXT, SIZES, context, listened

pytestmark = pytest.mark.browser
SAVED = "/api/v1/saved-searches"


@pytest.fixture
def clean(site: str) -> Iterator[str]:
    """The site without saved searches, before and after."""
    _drop_all(site)
    yield site
    _drop_all(site)


def _drop_all(site: str) -> None:
    with urllib.request.urlopen(site + SAVED) as answer:
        kept = json.load(answer)["items"]
    for each in kept:
        urllib.request.urlopen(urllib.request.Request(f"{site}{SAVED}/{each['id']}", method="DELETE")).close()


def _menu(page: Page, name: str) -> None:
    page.locator("details.menu summary", has_text=name).click()


def test_a_search_is_saved_found_again_and_dropped(browser: Browser, clean: str) -> None:
    with context(browser) as opened:
        page, complaints = listened(opened)
        page.goto(f"{clean}/search?q=lũ quét&topic=disaster")
        _menu(page, "Lưu tìm kiếm")
        field = page.get_by_label("Tên của tìm kiếm này")
        expect(field).to_be_focused()
        expect(field).to_have_value("lũ quét")
        field.fill("Lũ quét miền tây")
        page.get_by_role("button", name="Lưu", exact=True).click()
        expect(page.locator(".opened")).to_contain_text("Lũ quét miền tây: chưa có lượt nhắc nào mới thấy")
        page.goto(f"{clean}/search")
        page.get_by_role("link", name="Lũ quét miền tây").click()
        expect(page.locator("#q")).to_have_value("lũ quét")
        expect(page.locator(".chips")).to_contain_text("lĩnh vực: Thiên tai")
        page.get_by_role("button", name="Bỏ lưu").click()
        expect(page.locator(".saved")).to_have_count(0)
        assert complaints == []


def test_opening_a_saved_search_counts_as_a_visit(browser: Browser, clean: str) -> None:
    with context(browser) as opened:
        page = opened.new_page()
        page.goto(f"{clean}/search?q=lũ")
        _menu(page, "Lưu tìm kiếm")
        with page.expect_response(lambda answer: answer.url.endswith("/visit")) as visit:
            page.get_by_role("button", name="Lưu", exact=True).click()
        assert visit.value.status == 204


@pytest.mark.parametrize("scripts", [True, False])
def test_everything_found_is_exported_as_a_file(browser: Browser, clean: str, tmp_path: Path, scripts: bool) -> None:
    with context(browser, java_script_enabled=scripts, accept_downloads=True) as opened:
        page = opened.new_page()
        page.goto(f"{clean}/search?q=topic:disaster")
        sentence = page.locator(".sentence").inner_text()
        _menu(page, "Xuất")
        if scripts:
            with page.expect_download() as download:
                page.get_by_role("button", name="CSV").click()
            expect(page.locator("[data-said]")).to_contain_text("Xong")
        else:
            page.get_by_role("button", name="CSV").click()
            page.wait_for_timeout(500)
            page.reload()
            with page.expect_download() as download:
                page.get_by_role("link", name="Tải luot-nhac").click()
        assert download.value.suggested_filename.endswith(".csv")
        download.value.save_as(tmp_path / "ra.csv")
        text = (tmp_path / "ra.csv").read_text(encoding="utf-8-sig")
        rows = len(list(csv.reader(io.StringIO(text)))) - 1
        assert sentence.startswith(f"{rows} lượt nhắc")


def test_the_link_that_is_copied_leads_to_the_same_results(browser: Browser, clean: str) -> None:
    with context(browser, permissions=["clipboard-read", "clipboard-write"]) as opened:
        page = opened.new_page()
        page.goto(f"{clean}/search?q=lũ quét&sentiment=negative&saved=x")
        page.get_by_role("button", name="Chép liên kết").click()
        expect(page.get_by_role("button", name="Đã chép")).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == f"{clean}/search?q={quote('lũ quét')}&sentiment=negative"
        sentence = page.locator(".sentence").inner_text()
        page.goto(copied)
        expect(page.locator(".sentence")).to_have_text(sentence)


def test_words_that_stand_out_narrow_the_search(browser: Browser, clean: str) -> None:
    with context(browser) as opened:
        page, complaints = listened(opened)
        page.goto(f"{clean}/search?q=topic:disaster")
        words = page.locator(".terms a")
        expect(words.first).to_be_visible()
        name = words.first.inner_text()
        words.first.click()
        expect(page.locator("#q")).to_have_value(
            f'topic:disaster "{name}"' if " " in name else f"topic:disaster {name}"
        )
        expect(page.locator("[data-row]").first).to_be_visible()
        assert complaints == []


def test_menus_close_by_escape_and_by_a_click_elsewhere(browser: Browser, clean: str) -> None:
    with context(browser) as opened:
        page = opened.new_page()
        page.goto(f"{clean}/search?q=lũ")
        _menu(page, "Lưu tìm kiếm")
        page.keyboard.press("Escape")
        expect(page.locator("details.menu[open]")).to_have_count(0)
        _menu(page, "Xuất")
        expect(page.locator("details.menu[open]")).to_have_count(1)
        page.locator(".sentence").click()
        expect(page.locator("details.menu[open]")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_menus_and_saved_searches_fit_and_are_readable(browser: Browser, clean: str, size: str, theme: str) -> None:
    with context(browser, size, color_scheme=theme) as opened:
        page, complaints = listened(opened)
        page.goto(f"{clean}/search?q=lũ quét")
        for name in ("Lưu tìm kiếm", "Xuất"):
            _menu(page, name)
            assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
            box = page.locator("details[open] .menu-box").bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= SIZES[size][0]
            assert page.evaluate(FAINT_TEXT) == []
        _menu(page, "Lưu tìm kiếm")
        with page.expect_navigation():  # and its styles
            page.get_by_role("button", name="Lưu", exact=True).click()
        for path in ("", "/search"):
            if path:
                page.goto(clean + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
            assert page.evaluate(FAINT_TEXT) == []
        assert complaints == []
