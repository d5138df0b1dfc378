"""The first visit's introduction: three steps by keyboard, skipped or seen once, remembered, and nothing is covered."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from monitor.people.roles import Role
from tests.browser.test_accessibility import House, serious, signed_in
from tests.browser.test_pages import context, listened

pytestmark = pytest.mark.browser


def test_three_steps_by_keyboard_then_never_again(browser: Browser, site: str) -> None:
    with context(browser, toured=False) as opened:
        page, complaints = listened(opened)
        page.goto(site)
        tour = page.locator(".tour")
        expect(tour).to_contain_text("1/3")
        expect(page.locator("h1.toured-at")).to_be_visible()
        for step in ("2/3", "3/3"):
            page.get_by_role("button", name="Tiếp").focus()
            page.keyboard.press("Enter")
            expect(tour.locator(".tour-step:visible")).to_contain_text(step)
        expect(page.locator(".nav .toured-at")).to_have_text("Cảnh báo")
        page.get_by_role("button", name="Trước").click()
        expect(tour.locator(".tour-step:visible")).to_contain_text("2/3")
        page.get_by_role("button", name="Tiếp").click()
        page.get_by_role("button", name="Bắt đầu làm việc").click()
        expect(tour).to_have_count(0)
        expect(page.locator(".toured-at")).to_have_count(0)
        page.reload()
        expect(page.locator("h1")).to_be_visible()
        expect(tour).to_be_hidden()
        page.goto(f"{site}/help")
        page.get_by_role("link", name="Xem lại phần giới thiệu").click()
        expect(tour).to_contain_text("1/3")
        assert complaints == []


def test_escape_skips_it_and_it_fits_a_phone(browser: Browser, site: str) -> None:
    with context(browser, "phone", toured=False, reduced_motion="reduce") as opened:
        page = opened.new_page()
        page.goto(site)
        expect(page.locator(".tour")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert serious(page) == []
        page.keyboard.press("Escape")
        expect(page.locator(".tour")).to_have_count(0)
        page.reload()
        expect(page.locator(".tour")).to_be_hidden()


def test_it_stays_at_its_step_when_the_page_renews_itself(browser: Browser, site: str) -> None:
    with context(browser, toured=False) as opened:
        page = opened.new_page()
        page.clock.install()
        page.goto(site)
        page.get_by_role("button", name="Tiếp").click()
        page.evaluate("document.querySelector('h1').textContent = 'cũ'")
        page.clock.run_for(81_000)
        expect(page.locator("h1")).to_contain_text("24 giờ qua")
        expect(page.locator(".tour-step:visible")).to_contain_text("2/3")
        page.get_by_role("button", name="Bỏ qua").click()
        expect(page.locator(".tour")).to_have_count(0)


def test_an_account_remembers_it_in_every_browser(browser: Browser, house: House) -> None:
    address, desk = house
    opened = signed_in(browser, house, Role.officer)
    desk.people.set(desk.people.get("officer").id, toured_at=None)
    page, complaints = listened(opened)
    page.goto(address)
    with page.expect_response(f"{address}/tour") as told:
        page.get_by_role("button", name="Bỏ qua").click()
    assert told.value.status == 204
    opened.close()
    assert desk.people.get("officer").toured
    other = signed_in(browser, house, Role.officer)
    page = other.new_page()
    page.goto(address)
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator(".tour")).to_be_hidden()
    other.close()
    assert complaints == []
