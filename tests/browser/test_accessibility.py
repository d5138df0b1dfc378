"""axe on every page of the dashboard: three sizes, light and dark, nothing serious. And signing in, in a browser."""

from __future__ import annotations

import os
from itertools import count, product
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page, expect

from monitor.people.desk import Desk
from monitor.people.roles import Role
from tests.api.people import PASSWORD, new_person
from tests.browser.test_pages import PATHS, SIZES, listened, mention_path

pytestmark = pytest.mark.browser

ADMIN = ("/admin/people", "/admin/keys", "/admin/sources", "/admin/audit")
ALERTS = ("/alerts", "/alerts/rules", "/alerts/rules/new", "/alerts/rules/ready-rising", "/alerts/deliveries", "/wall")
OTHERS = ("/api/docs", "/khong-co", "/sources?state=attention", "/issues/disaster@qt-xa-huong-phung")
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
SERIOUS = """async () => {
  const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"];
  const found = await axe.run(document, { resultTypes: ["violations"], runOnly: rules });
  return found.violations.filter((each) => ["serious", "critical"].includes(each.impact))
    .map((each) => `${each.id}: ${each.nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(" | ")}`);
}"""


House = tuple[str, Desk]
LOOKS = list(product(SIZES, ("light", "dark")))
ALL = os.environ.get("DULUAN_TEST_AXE") == "all"  # 3 minutes; else each page in two of its six looks, in turn
_turn = count()


def serious(page: Page) -> list[str]:
    """What axe finds serious in the page as it is, at sizes and in themes."""
    page.evaluate(AXE)
    found = []
    turn = next(_turn)
    for size, theme in LOOKS if ALL else (LOOKS[turn % 6], LOOKS[(turn + 3) % 6]):
        width, height = SIZES[size]
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        found += [f"{size} {theme} {each}" for each in page.evaluate(SERIOUS)]
    return found


def signed_in(browser: Browser, house: House, role: Role) -> Any:
    """A context in which somebody of this role signed in by the form."""
    address, desk = house
    if role.value not in {person.name for person in desk.people.all()}:
        new_person(desk, role.value, role)
        desk.people.set(desk.people.get(role.value).id, toured_at=desk.people.get(role.value).created_at)
    context = browser.new_context(locale="vi-VN", reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{address}/login")
    page.get_by_label("Tên đăng nhập").fill(role.value)
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    expect(page.locator("h1")).to_contain_text("24 giờ qua")
    return context


def test_axe_finds_nothing_serious_on_any_page(browser: Browser, house: House, site: str) -> None:
    context = signed_in(browser, house, Role.admin)
    page, complaints = listened(context)
    found = []
    page.goto(f"{house[0]}/alerts")
    alert = page.locator("[data-open]").first.get_attribute("href") or ""
    for path in (*PATHS, mention_path(site), *OTHERS, *ADMIN, *ALERTS, alert, "/account", "/help"):
        page.goto(house[0] + path)
        found += [f"{path} {each}" for each in serious(page)]
    context.close()
    stranger = browser.new_context(locale="vi-VN")
    page = stranger.new_page()
    page.goto(f"{house[0]}/login")
    found += [f"/login {each}" for each in serious(page)]
    stranger.close()
    assert found == []
    assert [each for each in complaints if "404" not in each] == []


@pytest.mark.parametrize("size", SIZES)
def test_pages_of_people_fit(browser: Browser, house: House, size: str) -> None:
    context = signed_in(browser, house, Role.admin)
    page, complaints = listened(context)
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    for path in (*ADMIN, *ALERTS, "/account", "/login", "/"):
        page.goto(house[0] + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert complaints == []
    context.close()


def test_a_viewer_is_offered_only_what_a_viewer_may(browser: Browser, house: House) -> None:
    context = signed_in(browser, house, Role.viewer)
    page = context.new_page()
    page.goto(house[0])
    expect(page.locator(".nav a", has_text="Quản trị")).to_have_count(0)
    page.goto(f"{house[0]}/admin/people")
    expect(page.locator("h1")).to_have_text("Bạn không có quyền xem trang này.")
    expect(page.locator("main")).to_contain_text("Vai trò của bạn là người xem")
    page.goto(house[0])
    page.locator(".me").click()
    page.get_by_role("button", name="Đăng xuất").click()
    page.wait_for_url("**/login")
    page.goto(f"{house[0]}/sources")
    page.wait_for_url("**/login?next=**")
    context.close()
