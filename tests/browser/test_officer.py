"""A duty officer's shift in Chromium: what rises is pinned, named, merged, hidden and shown again, and remembered; a
rule is made from an empty form, tried, fires on screen, is passed on when nobody takes it; what could not be sent is
sent again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Locator, Page, expect

from api.app import create_app
from monitor.alerts.desk import AlertDesk
from monitor.alerts.rule import QuietHours, Rule
from monitor.installation import Installation
from monitor.rising.live import LiveIssues
from monitor.rising.words import STATES
from monitor.settings import Settings
from monitor.wording import VIETNAM
from tests.api.texts import RISING, Story, Telling
from tests.api.world import Maker, build
from tests.browser.test_pages import context
from tests.monitor.alerts.test_channels import receiver
from tests.monitor.alerts.test_store import Clock
from tests.serving import serving

pytestmark = pytest.mark.browser

FLOOD, OFFICE = "s-lu-quet-huong-phung", "s-mot-cua-dong-ha"


@pytest.fixture(scope="module")
def settings(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A province of its own in which the worker looked every three hours for a day and a half."""
    made = build(tmp_path_factory.mktemp("officer"))
    now = datetime.now(UTC).replace(microsecond=0)
    with Installation(made.settings) as it:
        worker = LiveIssues(it.evidence, it.issue_store, it.weights)
        for ago in range(36, -1, -3):
            worker.update(now - timedelta(hours=ago))
    return made.settings


@contextmanager
def desk_open(browser: Browser, settings: Settings) -> Iterator[tuple[Page, str, FastAPI]]:
    """The dashboard as it is after a start, and a page on it."""
    app = create_app(settings)
    with serving(app) as address, context(browser) as opened:
        opened.route(
            "**/static/charts-*.js", lambda route: route.abort()
        )  # pictures are others' tests; drawing takes seconds
        page = opened.new_page()
        page.set_default_timeout(60_000)
        yield page, address, app


def do(page: Page, button: str) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=button, exact=True).click()


def rising(page: Page, address: str) -> list[str]:
    page.goto(f"{address}/stories?rising=1")
    return page.locator(".issues h3").all_inner_texts()


def test_what_officers_do_to_issues_shows_at_once_is_remembered_and_can_be_undone(
    browser: Browser, settings: Settings
) -> None:
    with desk_open(browser, settings) as (page, address, _):
        first, second, *others = rising(page, address)
        page.get_by_role("link", name=second).click()
        states = page.locator("section[aria-labelledby=steps] tbody tr")
        assert "mới nổi" in states.first.inner_text(), "each change of state is kept with its figures"
        assert states.count() > 1
        do(page, "Ghim lên đầu")
        page.get_by_label("Ghi chú khi đã biết").fill("Đã báo anh Ba")
        do(page, "Đã biết")
        page.get_by_label("Tên mới").fill("Tên của trực ban")
        do(page, "Đổi tên")
        expect(page.locator("h1")).to_have_text("Tên của trực ban")
        expect(page.locator(".article-head")).to_contain_text(f"Tên ban đầu: {second}")
        expect(page.locator(".article-head .notice")).to_contain_text("Đã báo anh Ba")
        assert rising(page, address)[:2] == ["Tên của trực ban", first]
        page.get_by_role("link", name=first).click()
        do(page, "Ẩn khỏi danh sách")
        expect(page.locator(".article-head .notice")).to_contain_text("Đã ẩn khỏi danh sách")
        expect(page.locator(".state-line")).to_contain_text("thường lệ")
        page.goto(address)
        expect(page.locator(".issues h3").first).to_have_text("Tên của trực ban")
        expect(page.locator(".issues")).not_to_contain_text(first)
    with desk_open(browser, settings) as (page, address, _):
        assert rising(page, address) == ["Tên của trực ban", *others]
        page.locator("summary", has_text="1 vụ việc đang ẩn").click()
        page.get_by_role("button", name=f"Bỏ ẩn {first}").click()
        page.get_by_label("Gộp vào vụ việc").select_option(label="Tên của trực ban")
        do(page, "Gộp vào")
        page.locator(".article-head .notice").get_by_role("link", name="Tên của trực ban").click()
        expect(page.locator(".article-head .notice").last).to_contain_text(f"Gồm cả {first}")
        do(page, "Bỏ đổi tên")
        expect(page.locator("h1")).to_have_text(second)
        page.locator(".article-head .notice").get_by_role("link", name=first).click()
        do(page, "Bỏ gộp")
        assert rising(page, address) == [second, first, *others], "still pinned"


def test_a_rule_is_made_tried_fires_is_passed_on_and_what_was_not_sent_is_sent_again(
    browser: Browser, settings: Settings
) -> None:
    answers: list[tuple[int, dict[str, str], bytes]] = [(410, {}, b"")]
    clock = Clock()
    clock.now = datetime.now(UTC)
    with receiver(lambda *_: answers[-1]) as hook, desk_open(browser, settings) as (page, address, app):
        desk: AlertDesk = AlertDesk(app.state.reader.it, clock=clock)
        app.state.alerts = desk
        for stored in desk.rules.rules():
            desk.rules.delete_rule(stored.id, by="kiểm thử")
        page.goto(f"{address}/alerts/deliveries")
        add_recipient(page, "Trực ban", f"{hook}/truc")
        add_recipient(page, "Lãnh đạo", f"{hook}/lanh-dao")

        page.goto(f"{address}/alerts/rules")
        page.get_by_role("link", name="Thêm quy tắc").click()
        page.get_by_label("Tên quy tắc").fill("Lũ ở Hướng Phùng")
        do(page, "Lưu quy tắc")
        expect(page.locator("main").get_by_role("alert")).to_contain_text("Hãy nhập từ khóa")
        page.locator("#query").fill('"lũ quét" OR "cứu trợ"')
        page.locator("[name=min_count]").fill("3")
        page.locator("[name=window_hours]").fill("48")
        do(page, "Xem thử 30 ngày qua")
        expect(page.locator("main").get_by_role("status")).to_contain_text("quy tắc này sẽ báo 1 lần")
        expect(page.locator("main").get_by_role("status").locator("li")).to_have_count(1)
        expect(page.get_by_label("Tên quy tắc")).to_have_value("Lũ ở Hướng Phùng")
        page.locator("[name=priority]").select_option("urgent")
        page.locator("[name=recipients]").first.check()
        page.locator("[name=escalate_after_minutes]").fill("5")
        page.locator("[name=escalate_to]").last.check()
        do(page, "Lưu quy tắc")
        expect(page.locator("h1")).to_contain_text("1 quy tắc đang canh")

        page.goto(f"{address}/alerts")
        expect(page.locator("main")).to_contain_text("Không có cảnh báo nào đang chờ người nhận")
        desk.turn()
        expect(page.locator(".alert-row")).to_contain_text("Lũ quét trong đêm")
        clock.later(minutes=6)
        desk.turn()
        page.goto(f"{address}/wall")
        expect(page.locator("body")).to_contain_text("Lũ quét trong đêm")
        page.goto(f"{address}/alerts")
        expect(page.locator(".alert-row")).to_contain_text("đã chuyển cấp")
        expect(page.locator("h1")).to_contain_text("2 tin không gửi được")

        answers.append((204, {}, b""))
        page.goto(f"{address}/alerts/deliveries?state=dead")
        expect(page.locator(".alert-row", has_text="webhook trả lời 410")).to_have_count(2)
        page.get_by_role("button", name="Gửi lại").first.click()
        expect(page.locator(".alert-row", has_text="đang chờ gửi")).to_have_count(1)
        desk.turn()
        page.reload()
        expect(page.locator(".alert-row", has_text="đã gửi")).to_have_count(1)

        page.goto(f"{address}/alerts")
        page.locator("[data-open]").first.click()
        page.get_by_label("Ghi chú").first.fill("Xã đang xử lý")
        do(page, "Nhận xử lý")
        expect(page.locator(".state-line")).to_contain_text("Xã đang xử lý")
        page.goto(f"{address}/alerts/rules")
        do(page, "Hoãn quy tắc Lũ ở Hướng Phùng")
        expect(page.locator(".alert-row")).to_contain_text("hoãn đến")
        do(page, "Bật lại")
        expect(page.locator(".alert-row")).not_to_contain_text("hoãn đến")


def test_an_issue_is_seen_to_its_end_and_when_it_comes_back(browser: Browser, chromium: str, tmp_path: Path) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    began = now - timedelta(days=4)
    made = build(tmp_path, began)
    with Installation(made.settings) as it:
        worker = LiveIssues(it.evidence, it.issue_store, it.weights)
        for hours in (*range(-36, 60, 3), 94, 95):
            if hours == 94:
                again = Maker(it, now)
                again.tell(flood_comes_back())
                again.write()
            worker.update(began + timedelta(hours=hours))
        worker.update(now)
    with desk_open(browser, made.settings) as (page, address, _):
        page.goto(f"{address}/stories/{FLOOD}")
        told = page.locator("section[aria-labelledby=steps] tbody tr").all_inner_texts()
        states = [next(word for word in STATES.values() if word in row) for row in told]
        order = [states.index(STATES[state]) for state in ("emerging", "fading", "closed", "reopened")]
        assert order == sorted(order), states
        assert all(any(letter.isdigit() for letter in row) for row in told), "each with its figures"


def test_nights_are_quiet_but_for_what_is_urgent_and_what_is_too_much_comes_in_one_message(
    browser: Browser, settings: Settings
) -> None:
    clock = Clock()
    clock.now = datetime.now(UTC)
    hour = timedelta(hours=1)
    night = QuietHours(start=local_time(clock.now - hour), end=local_time(clock.now + hour))
    with receiver(lambda *_: (204, {}, b"")) as hook, desk_open(browser, settings) as (page, address, app):
        desk = app.state.alerts = AlertDesk(app.state.reader.it, clock=clock)
        for stored in desk.rules.rules():
            desk.rules.delete_rule(stored.id, by="kiểm thử")
        officer = desk.rules.add_recipient("Trực đêm", "webhook", hook, by="kiểm thử")

        def watch(name: str, **more: Any) -> None:
            rule = Rule(name=name, query='"lũ quét" OR "cứu trợ"', min_count=3, window_hours=48, **more)
            desk.put_rule(rule.model_copy(update={"recipients": (officer.id,)}), by="kiểm thử")

        def deliveries(state: str) -> Locator:
            page.goto(f"{address}/alerts/deliveries?state={state}")
            return page.locator("[data-row]", has_text="Trực đêm")

        watch("Việc thường", quiet=night)
        watch("Việc khẩn", quiet=night, priority="urgent")
        desk.turn()
        expect(deliveries("sent")).to_have_count(1)
        expect(deliveries("held")).to_have_count(1)
        expect(deliveries("held")).to_contain_text("giữ đến")
        clock.now += 2 * hour
        desk.turn()
        expect(deliveries("sent")).to_have_count(2)

        desk.alerts._cap = 0
        watch("Việc thứ ba", quiet=None)
        watch("Việc thứ tư", quiet=None)
        clock.now += hour
        desk.turn()
        expect(deliveries("held")).to_have_count(2)
        clock.now += 14 * hour
        desk.turn()
        expect(deliveries("digested")).to_have_count(2)
        expect(deliveries("sent").filter(has_text="2 cảnh báo đang chờ")).to_have_count(1)


def local_time(at: datetime) -> time:
    return at.astimezone(VIETNAM).time().replace(second=0, microsecond=0)


def flood_comes_back() -> Story:
    """The story of the flood, told anew by several outlets within three hours."""
    first = next(story for story in RISING if story.id == FLOOD)
    tellings = tuple(
        Telling(n / 4, telling.source, f"Nước lại lên ở Hướng Phùng, {n + 2} xã báo động", telling.lead)
        for n, telling in enumerate((*first.tellings, *first.tellings))
        if telling.source != "cu"
    )
    return first._replace(ago=3, tellings=tellings)


def add_recipient(page: Page, name: str, address: str) -> None:
    page.get_by_label("Tên", exact=True).fill(name)
    page.get_by_label("Kênh").select_option("webhook")
    page.get_by_label("Địa chỉ").fill(address)
    do(page, "Thêm người nhận")
    expect(page.locator("main").get_by_role("status")).to_contain_text(f"Đã thêm {name}.")
