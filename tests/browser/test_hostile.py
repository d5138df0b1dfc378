"""500 hostile texts through every page, export and mail, in Chromium: none runs, none becomes markup, and the pages'
policy has nothing to report.

Each page is opened once as it is served. Then every page on which a text can stand is written into a frame of a page
whose policy is switched off, so that what would run does run. The first test shows that this would be seen.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, expect

from api.access import declared_routes
from api.app import create_app
from monitor.alerts.channels.email import EmailSender, mail_server
from monitor.people.desk import Desk
from monitor.wording import rfc3339
from tests.api.people import set_password
from tests.hostile.world import HostileWorld, build
from tests.serving import serving

pytestmark = pytest.mark.browser
ALL = os.environ.get("DULUAN_TEST_HOSTILE") == "all"  # each text's pages, not only those of every tenth; two minutes
SOME = 1 if ALL else 20
TOGETHER = 25  # pages of one call into the browser
FORMULA = re.compile(r"\s*[=+@\-]")
OTHERS = {  # GET routes that answer with no page of their own
    "/admin",
    "/admin/audit.csv",
    "/favicon.ico",
    "/healthz",
    "/readyz",
    "/metrics",
    "/login/oidc",
    "/login/oidc/back",
    "/exports/{id}",
}


@dataclass(frozen=True)
class Site:
    """The hostile province, served; `admin` sees every page."""

    address: str
    app: FastAPI
    world: HostileWorld
    admin: BrowserContext

    @cached_property
    def issues(self) -> list[str]:
        """Those with a page of their own; a story's is the story's page."""
        answer = self.admin.request.get(f"{self.address}/api/v1/issues?limit=50").json()
        return [each["id"] for each in answer["items"] if each["kind"] != "story"]


@pytest.fixture(scope="module")
def hostile(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    world = build(tmp_path_factory.mktemp("hostile"))
    app = create_app(world.settings.model_copy(update={"auth": "on", "requests_per_minute": 1_000_000}))
    with serving(app) as address:
        admin = browser.new_context(locale="vi-VN", bypass_csp=True)
        sign_in(admin, address, app.state.guard.desk, "admin")
        yield Site(address, app, world, admin)
        admin.close()


def sign_in(context: BrowserContext, address: str, desk: Desk, name: str) -> None:
    """A session without the form, which other tests fill in."""
    set_password(desk, name)
    token = desk.sessions.open(desk.people.get(name).id, stage="open", address="", agent="")
    context.add_cookies([{"name": "duluan_session", "value": token, "url": address}])


@pytest.fixture(scope="module")
def probe(hostile: Site) -> Iterator[Page]:
    """A page of ours without a policy, into whose frames others are written."""
    page = hostile.admin.new_page()
    page.goto(f"{hostile.address}/help")
    page.evaluate(PROBE)
    yield page
    page.close()


def test_what_is_not_escaped_is_seen(probe: Page, hostile: Site) -> None:
    """The control: the same texts as bare markup, in an attribute, and in a script."""
    texts = hostile.world.texts
    for around in ("<p>@</p>", '<input title="@">', "<script>const text = '@';</script>"):
        raw = [[str(n), around.replace("@", text)] for n, text in enumerate(texts)]
        assert len(probe.evaluate("(pages) => parsed(pages)", raw)) > 5, around
        probe.evaluate("(pages) => run(pages)", raw[:100])
    assert len(probe.evaluate("ranSince()")) > 20


def found_in(probe: Page, paths: list[str], how: str) -> list[str]:
    """What runs or becomes markup on these pages, `parsed` as documents or `run` in frames."""
    found = []
    for first in range(0, len(paths), TOGETHER):
        found += probe.evaluate(f"(paths) => load(paths).then({how})", paths[first : first + TOGETHER])
    return found + [f"ran {number}" for number in probe.evaluate("ranSince()")]


def test_no_text_runs_on_any_page(probe: Page, hostile: Site) -> None:
    """Pages of people, keys, rules, deliveries, alerts and the log hold all 500."""
    assert found_in(probe, pages(hostile), "run") == []


def test_no_text_becomes_markup_in_a_list(probe: Page, hostile: Site) -> None:
    """All 500 among the newest of the overview, and among what is found."""
    now = hostile.world.now
    newest = [f"/?at={rfc3339(now - timedelta(minutes=30 * n))}" for n in range(0, 34, 1 if ALL else 5)]
    results = [f"/search?to={rfc3339(now - timedelta(minutes=40 * n))}" for n in range(26)]
    stories = [f"/stories?order={order}&period=3d" for order in ("most", "newest", "negative")]
    assert found_in(probe, [*newest, *results, *stories], "parsed") == []


def test_no_text_becomes_markup_on_a_page_of_its_own(probe: Page, hostile: Site) -> None:
    world = hostile.world
    paths = [f"/mentions/{quote(id)}" for id in world.posts[::SOME]]
    paths += [f"/alerts/{id}" for id in world.alerts[::SOME]]
    paths += [f"/alerts/rules/{id}" for id in world.rules[::SOME]]
    paths += [f"/stories/{id}" for id in world.stories[::SOME]] + [f"/issues/{id}" for id in hostile.issues]
    assert found_in(probe, paths, "parsed") == []


def test_no_parameter_becomes_markup(probe: Page, hostile: Site) -> None:
    """Every text as a query; some as each other thing that a page says again."""
    texts = hostile.world.texts
    assert found_in(probe, [f"/search?q={quote(text)}" for text in texts], "parsed") == []
    said = ["/search?source=@", "/alerts/rules/new?q=@", "/@", "/stories?period=@", "/?at=@"]
    said += ["/admin/audit?who=@&text=@", "/search?place=@&topic=@&story=@", "/stories/@", "/mentions/@", "/sources/@"]
    few = texts if ALL else texts[::20]
    for text in few:
        html = httpx.get(f"{hostile.address}/login", params={"next": text}).text
        assert probe.evaluate("(html) => parsed([['/login', html]])", html) == []
    assert found_in(probe, [each.replace("@", quote(text)) for each in said for text in few], "parsed") == []


def test_saved_searches_of_any_name_are_text(browser: Browser, probe: Page, hostile: Site) -> None:
    other = browser.new_context(locale="vi-VN")
    sign_in(other, hostile.address, hostile.app.state.guard.desk, "nguoi-0")
    html = other.request.get(f"{hostile.address}/search").text()
    other.close()
    assert html.count("saved=f") >= len(hostile.world.texts)
    assert probe.evaluate("(html) => run([['/search', html]])", html) == []
    assert probe.evaluate("ranSince()") == []


def pages(hostile: Site) -> list[str]:
    """Every page of the dashboard, by its route. A new page fails here until it is named."""
    world = hostile.world
    named = {
        "/": ["/", "/?period=7d"],
        "/login": ["/login"],
        "/account": ["/account"],
        "/account/password": ["/account/password"],
        "/admin/people": ["/admin/people"],
        "/admin/keys": ["/admin/keys"],
        "/admin/sources": ["/admin/sources"],
        "/admin/audit": ["/admin/audit"],
        "/alerts": ["/alerts", "/alerts?state=all", "/alerts?state=closed"],
        "/alerts/rules": ["/alerts/rules"],
        "/alerts/rules/new": ["/alerts/rules/new"],
        "/alerts/rules/{id}": [f"/alerts/rules/{world.rules[4]}"],
        "/alerts/deliveries": ["/alerts/deliveries", "/alerts/deliveries?state=dead"],
        "/alerts/{id}": [f"/alerts/{world.alerts[4]}"],
        "/api/docs": ["/api/docs"],
        "/help": ["/help"],
        "/issues/{id}": [f"/issues/{hostile.issues[0]}"],
        "/mentions/{id:path}": [f"/mentions/{quote(world.posts[-1])}", f"/mentions/{quote(world.posts[4])}"],
        "/search": ["/search", "/search?q=script", "/search?q=ran&sort=relevance"],
        "/sources": ["/sources"],
        "/sources/{id}": ["/sources/qtnm", "/sources/xau-3"],
        "/stories": ["/stories", "/stories?rising=1"],
        "/stories/{id}": [f"/stories/{world.stories[3]}"],
        "/wall": ["/wall"],
    }
    assert set(named) == page_routes(hostile.app)
    return [path for paths in named.values() for path in paths]


def page_routes(app: FastAPI) -> set[str]:
    """Addresses that answer with a page: GET, outside the API, no twin, no file, no redirect."""
    return {
        path
        for path, methods, _ in declared_routes(app)
        if "GET" in methods and not path.startswith(("/api/v1", "/static")) and not path.endswith(".json")
    } - OTHERS


def test_the_policy_has_nothing_to_report_on_any_page(browser: Browser, hostile: Site) -> None:
    """Each page as it is served, with its scripts and charts; on charts the pointer rests, so that tooltips show."""
    seen: list[str] = []
    opened = browser.new_context(locale="vi-VN", storage_state=hostile.admin.storage_state())
    opened.add_init_script(LISTEN)
    page = opened.new_page()
    page.on("console", lambda m: seen.append(f"{page.url} {m.text}") if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: seen.append(str(error)))
    page.on("dialog", lambda dialog: (seen.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda r: None if r.url.startswith((hostile.address, "data:")) else seen.append(r.url))
    tooltips = 0
    for path in pages(hostile):
        page.goto(hostile.address + path)
        for figure in page.locator("[data-chart]").all()[:2]:
            figure.scroll_into_view_if_needed()
            expect(figure.locator("svg.marks")).to_be_visible(timeout=15_000)
            tooltips += figure.evaluate(POINT)
        told = page.evaluate("[...window.told, ...wrongIn(document)]")
        seen += [f"{path}: {each}" for each in told]
    opened.close()
    assert seen == []
    assert tooltips > 20


@pytest.mark.parametrize("path", ["/api/v1/mentions?limit=200", "/search.json", "/alerts.json", "/khong-co.json"])
def test_json_opened_as_a_page_is_text(hostile: Site, path: str) -> None:
    page = hostile.admin.new_page()
    page.add_init_script(LISTEN)
    answer = page.goto(hostile.address + path)
    assert answer is not None
    assert answer.headers["content-type"].split(";")[0] in ("application/json", "application/problem+json")
    assert page.evaluate("[...window.told, ...wrongIn(document)]") == []
    page.close()


def test_exports_hold_no_formula(hostile: Site) -> None:
    page = hostile.admin.new_page()
    page.goto(f"{hostile.address}/search")
    page.locator("details.menu summary", has_text="Xuất").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    mentions = Path(download.value.path()).read_text(encoding="utf-8-sig")
    audit = page.request.get(f"{hostile.address}/admin/audit.csv").text()
    page.close()
    for text in (mentions, audit):
        rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
        assert len(rows) > 500
        assert [cell for row in rows for cell in row if FORMULA.match(cell)] == []


def test_mails_are_one_part_of_plain_text_with_no_line_of_ours_forged(hostile: Site, tmp_path: Path) -> None:
    server = mail_server("smtp://mail.example:587", sender="canhbao@duluan.example", user=None, password=None, ca=None)
    sender = EmailSender(server)
    wanted = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Priority", "Content-Type",
              "Content-Transfer-Encoding", "MIME-Version"}  # fmt: skip
    bodies = []
    for number, message in enumerate(hostile.world.mails):
        raw = sender.mail("truc@ioc.example", message, f"key-{number}").as_bytes()
        mail = message_from_bytes(raw, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        assert set(mail.keys()) == wanted
        assert mail["To"] == "truc@ioc.example"
        assert mail.get_content_type() == "text/plain"
        assert not mail.is_multipart()
        bodies.append(mail.get_content())
    file = tmp_path / "mails.txt"
    file.write_text("\n".join(bodies), encoding="utf-8")
    page = hostile.admin.new_page()
    page.add_init_script(LISTEN)
    page.goto(file.as_uri())
    assert page.evaluate("[...window.told, ...wrongIn(document)]") == []
    page.close()


# In every page: what runs, what the policy reports, and what is markup that is not ours.
LISTEN = """
window.told = [];
window.ran = (number) => { window.told.push(`ran ${number}`); };
document.addEventListener("securitypolicyviolation", (event) => {
  window.told.push(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});
window.wrongIn = (page) => {
  const found = [];
  for (const each of page.querySelectorAll("*")) {
    const name = each.tagName.toLowerCase();
    if (/^(iframe|object|embed|base|math|style|audio|video|img)$/.test(name)) found.push(name);
    for (const attribute of each.attributes) {
      if (/^on|^data-ran/.test(attribute.name)) found.push(`${name} ${attribute.name}`);
    }
    if (each.href !== undefined && each.hasAttribute("href")) {
      const to = new URL(each.href.baseVal ?? each.href, location.href).protocol;
      if (!["http:", "https:"].includes(to)) found.push(`${name} ${to}`);
    }
    if (name === "meta" && each.httpEquiv) found.push("meta http-equiv");
  }
  return [...new Set(found)];
};
"""
# The pointer on every mark of a chart that has a height; how many tooltips that showed.
POINT = """(figure) => {
  let shown = 0;
  for (const mark of figure.querySelectorAll("svg.marks path")) {
    if (!mark.getBBox().height) continue;
    mark.dispatchEvent(new PointerEvent("pointermove", { bubbles: true, clientX: 9, clientY: 9 }));
    shown += document.querySelectorAll(".vg-tooltip.visible").length;
  }
  return shown;
}"""
# Pages as [name, html]: read as documents, or written into frames, of which the newest stay a while, since images fail
# and animations start later.
PROBE = (
    LISTEN
    + """
const KEPT = 30;
let numbers = [];
window.ranSince = () => { const all = [...new Set(numbers)]; numbers = []; return all; };
window.load = (paths) => Promise.all(paths.map(async (path) => {
  const answer = await fetch(path);
  if (answer.status >= 500) return [path, `<p onx>${answer.status}</p>`];
  return [path, answer.headers.get("content-type").startsWith("text/html") ? await answer.text() : ""];
}));
const all = (pages, look) => pages.flatMap(([name, html]) => look(html).map((each) => `${name}: ${each}`));
window.parsed = (pages) => {
  const parser = new DOMParser();
  return all(pages, (html) => wrongIn(parser.parseFromString(html, "text/html")));
};
const write = (html) => {
  const frame = document.body.appendChild(document.createElement("iframe"));
  frame.contentWindow.ran = (number) => { numbers.push(number); };
  const page = frame.contentDocument;
  page.open();
  page.write(html.replaceAll(/<link rel="(stylesheet|icon)"[^>]*>/g, "")
    .replaceAll(/<script( type="module")? src="\/static\/[a-z/.]+"><\/script>/g, ""));
  page.close();
  const old = document.querySelectorAll("iframe");
  if (old.length > KEPT) old[0].remove();
  return wrongIn(page);
};
window.run = async (pages) => {
  const found = [];
  for (let first = 0; first < pages.length; first += KEPT) {
    found.push(...all(pages.slice(first, first + KEPT), write));
    await new Promise((done) => { setTimeout(done, 150); });
  }
  return found;
};
null;
"""
)
