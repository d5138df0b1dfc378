"""The sandbox over HTTP: every site's pages, validators, challenge, edits, redesign, feeds and sitemaps."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urljoin
from urllib.robotparser import RobotFileParser
from xml.etree import ElementTree

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser

from crawlers.source import Source, load_sources
from sandbox.content import Content, Outlet, Reply, Story, Thread
from sandbox.server import Sandbox, run_in_thread
from sandbox.sources import write_sources
from sandbox.truth import truth
from tests.sandbox.conftest import ANCHOR, TestClock

OUTLETS = ("qtnm", "dhtt", "tntb", "nsmt", "dsvn", "pldn", "antt", "khpn", "tnvn")
MARKS = {
    "vccorp": ("[data-role=title]", "[data-role=sapo]", "[data-role=content]", "[data-role=publishdate]"),
    "hemera": ("h1.article__title.cms-title", "div.article__sapo.cms-desc", "div.article__body", "time[datetime]"),
    "baoquangbinh": ("#title", ".td-post-content p", "div#content.content-detail .td-post-content", ".date"),
    "wordpress": ("h1.entry-title", ".td-post-content p", ".td-post-content", "time.entry-date[datetime]"),
    "vnexpress": ("h1.title-detail", "p.description", "article.fck_detail p.Normal", "span.date"),
}
LISTED = {
    "vccorp": "a.box-category-link-title",
    "hemera": "h2.story__heading a.cms-link",
    "baoquangbinh": "a.h2[href], a.h3[href]",
    "wordpress": ".td-module-container h3.entry-title a",
    "vnexpress": "h3.title-news a",
}
LOC = "{http://www.sitemaps.org/schemas/sitemap/0.9}loc"


def page(http: httpx.Client, url: str) -> LexborHTMLParser:
    answer = http.get(url)
    assert answer.status_code == 200, url
    return LexborHTMLParser(answer.text)


def text_of(tree: LexborHTMLParser, selector: str) -> str:
    node = tree.css_first(selector)
    assert node is not None, selector
    return " ".join(node.text(separator=" ").split())


@pytest.mark.parametrize("code", OUTLETS)
def test_every_article_of_a_family_renders(http: httpx.Client, sandbox: Sandbox, code: str) -> None:
    outlet = sandbox.world.outlets[code]
    for article in sandbox.world.articles(code, ANCHOR):
        tree = page(http, sandbox.url(code, article.path))
        shown = article.at(ANCHOR)
        if article.new_design:
            continue
        title, lead, body, _ = (text_of(tree, selector) for selector in MARKS[outlet.family])
        assert title == " ".join(shown.title.split())
        assert " ".join(shown.lead.split()) in lead
        assert len(body) > 20
        everything = " ".join(tree.body.text(separator=" ").split()) if tree.body else ""
        assert all(paragraph in everything for paragraph in shown.body)
        canonical = tree.css_first("link[rel=canonical]")
        assert canonical is not None
        assert canonical.attributes["href"] == sandbox.url(code, article.path)


@pytest.mark.parametrize("code", OUTLETS)
def test_home_and_sections_list_the_newest_first(http: httpx.Client, sandbox: Sandbox, code: str) -> None:
    family = sandbox.world.outlets[code].family
    newest = sandbox.world.articles(code, ANCHOR)[0]
    home = page(http, sandbox.url(code))
    first = home.css_first(LISTED[family])
    assert first is not None
    assert urljoin(sandbox.url(code), first.attributes["href"]) == sandbox.url(code, newest.path)
    for link in home.css(".site-menu a"):
        assert http.get(urljoin(sandbox.url(code), link.attributes["href"])).status_code == 200


def test_what_a_crawler_may_ask_for_leads_to_every_text(http: httpx.Client, sandbox: Sandbox) -> None:
    """Feeds, open sitemaps and listings of the written sources together name all that is published."""
    wanted = {text["url"] for text in _truth(sandbox)["texts"] if text["readable"] and text["kind"] != "comment"}
    found: set[str] = set()
    for record in sandbox.sources():
        robots = RobotFileParser(record["home"] + "robots.txt")
        robots.parse(http.get(record["home"] + "robots.txt").text.splitlines())
        queue = [url for urls in record["discovery"].values() for url in urls]
        while queue:
            url = queue.pop()
            assert robots.can_fetch("duluan", url), url
            body = http.get(url).text
            urls = {urljoin(url, each) for each in re.findall(r"(?:href=\"|<loc>|<link>)([^\"<]+)", body)}
            queue += [each for each in urls if "<sitemapindex" in body and each.endswith(".xml")]
            found |= urls
    assert not wanted - found


def test_pages_answer_304_until_they_change(http: httpx.Client, sandbox: Sandbox, clock: TestClock) -> None:
    live = min(
        (each for each in sandbox.world.all_articles() if each.published > ANCHOR), key=lambda each: each.published
    )
    article = sandbox.world.articles("dsvn", ANCHOR)[0]
    urls = [
        sandbox.url("dsvn", "/rss/home.rss"),
        sandbox.url("dsvn", "/sitemap.xml"),
        sandbox.url("dsvn", article.path),
        sandbox.url(live.outlet),
        sandbox.url("forum"),
    ]
    first = {url: http.get(url) for url in urls}
    clock.now = ANCHOR + timedelta(seconds=30)
    for url, answer in first.items():
        again = http.get(url, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b""), url
        dated = http.get(url, headers={"If-Modified-Since": answer.headers["last-modified"]})
        assert dated.status_code == 304, url
        assert http.get(url, headers={"If-None-Match": '"other"'}).status_code == 200
    clock.now = live.published
    home = sandbox.url(live.outlet)
    changed = http.get(home, headers={"If-None-Match": first[home].headers["etag"]})
    assert changed.status_code == 200
    assert live.path in changed.text
    same = sandbox.url("dsvn", article.path)
    assert http.get(same, headers={"If-None-Match": first[same].headers["etag"]}).status_code == 304


def test_live_articles_appear_when_the_clock_passes(http: httpx.Client, sandbox: Sandbox, clock: TestClock) -> None:
    for article in (each for each in sandbox.world.all_articles() if each.published > ANCHOR):
        url = sandbox.url(article.outlet, article.path)
        clock.now = article.published - timedelta(seconds=1)
        assert http.get(url).status_code == 404
        clock.now = article.published
        assert http.get(url).status_code == 200


def test_robots_close_paths_to_which_pages_link(http: httpx.Client, sandbox: Sandbox) -> None:
    for code in OUTLETS:
        robots = RobotFileParser()
        robots.parse(http.get(sandbox.url(code, "/robots.txt")).text.splitlines())
        article = sandbox.world.articles(code, ANCHOR)[0]
        assert robots.can_fetch("duluan", sandbox.url(code, article.path))
        tree = page(http, sandbox.url(code, article.path))
        links = [urljoin(sandbox.url(code), node.attributes.get("href") or "") for node in tree.css("a[href]")]
        own = [link for link in links if link.startswith(sandbox.url(code))]
        closed = [link for link in own if not robots.can_fetch("duluan", link)]
        assert any("/print/" in link for link in closed)
        assert len(closed) >= 2
        assert all(http.get(link).status_code == 200 for link in closed)
    assert not robots.can_fetch("duluan", sandbox.url("tnvn", "/sitemaps/articles-2026-11-20-sitemap.xml"))


def test_the_blocked_outlet_answers_everything_with_a_challenge(http: httpx.Client, sandbox: Sandbox) -> None:
    paths = ["/", "/robots.txt", "/rss/tin-moi-nhat.rss", "/sitemap.xml", "/a-1234567.html", "/static/style.css"]
    paths += [each.path for each in sandbox.world.articles("btm", ANCHOR)]
    answers = [http.get(sandbox.url("btm", path)) for path in paths]
    assert {each.status_code for each in answers} == {200, 503}
    assert answers[0].status_code == 200
    for answer in answers:
        assert "document.cookie" in answer.text
        assert "etag" not in answer.headers


def test_edits_show_after_their_hour(http: httpx.Client, sandbox: Sandbox, clock: TestClock) -> None:
    edited = [each for each in sandbox.world.all_articles() if each.outlet == "qtnm" and len(each.versions) > 1]
    assert edited
    for article in edited:
        url = sandbox.url("qtnm", article.path)
        clock.now = article.versions[1].at - timedelta(minutes=1)
        before = http.get(url)
        clock.now = article.versions[1].at
        after = http.get(url, headers={"If-None-Match": before.headers["etag"]})
        assert after.status_code == 200
        assert "Cập nhật" not in before.text
        assert "Cập nhật" in after.text
        old, new = article.versions[:2]
        assert (new.title, new.lead, new.body) != (old.title, old.lead, old.body)
        assert text_of(LexborHTMLParser(before.text), "#title") == old.title
        assert text_of(LexborHTMLParser(after.text), "#title") == new.title


def test_the_redesigned_outlet_has_two_designs(http: httpx.Client, sandbox: Sandbox) -> None:
    articles = sandbox.world.articles("pldn", ANCHOR)
    assert {each.new_design for each in articles} == {True, False}
    for article in articles:
        tree = page(http, sandbox.url("pldn", article.path))
        assert article.new_design == (article.published >= ANCHOR - timedelta(days=5))
        old, new = tree.css_first("h1.article__title"), tree.css_first("h1.c-detail__title[itemprop=headline]")
        assert (new is not None, old is None) == (article.new_design, article.new_design)
        if article.new_design:
            assert text_of(tree, ".c-detail-head__sapo") == article.at(ANCHOR).lead
            date = tree.css_first("meta[itemprop=datePublished]")
            assert date is not None
            assert datetime.fromisoformat(date.attributes["content"] or "") == article.published


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("tntb", "/rss/home.rss"),
        ("dsvn", "/rss/home.rss"),
        ("antt", "/feed/"),
        ("tnvn", "/rss/tin-moi-nhat.rss"),
        ("forum", "/forums/-/index.rss"),
    ],
)
def test_feeds_are_rss(http: httpx.Client, sandbox: Sandbox, code: str, path: str) -> None:
    answer = http.get(sandbox.url(code, path))
    items = ElementTree.fromstring(answer.content).findall("./channel/item")
    assert answer.headers["content-type"].startswith("application/rss+xml")
    assert items
    for item in items:
        link = item.findtext("link") or ""
        assert http.get(link).status_code == 200
        assert item.findtext("title")
        assert item.findtext("pubDate")
        if code == "tntb":
            assert (item.findtext("description") or "").startswith('<a href="')
        if code == "antt":
            assert "<p>" in (item.findtext("{http://purl.org/rss/1.0/modules/content/}encoded") or "")


def test_sitemaps_lead_to_all_articles(http: httpx.Client, sandbox: Sandbox) -> None:
    indexes = {"tntb": "/sitemaps/index.rss", "dsvn": "/sitemap.xml", "khpn": "/wp-sitemap.xml", "tnvn": "/sitemap.xml"}
    for code, path in indexes.items():
        shards = [
            node.text or "" for node in ElementTree.fromstring(http.get(sandbox.url(code, path)).content).iter(LOC)
        ]
        urls = [node.text for shard in shards for node in ElementTree.fromstring(http.get(shard).content).iter(LOC)]
        assert sorted(filter(None, urls)) == sorted(
            sandbox.url(code, each.path) for each in sandbox.world.articles(code, ANCHOR)
        )
    assert "StaticSitemaps/sitemaps-2026-11-" in http.get(sandbox.url("tntb", "/sitemaps/index.rss")).text


def test_json_ld_has_the_families_faults(http: httpx.Client, sandbox: Sandbox) -> None:
    def script(code: str) -> str | None:
        article = sandbox.world.articles(code, ANCHOR - timedelta(days=6))[0]
        node = page(http, sandbox.url(code, article.path)).css_first('script[type="application/ld+json"]')
        return node.text() if node else None

    with pytest.raises(json.JSONDecodeError, match="control character"):
        json.loads(script("tntb") or "")
    naked = json.loads(script("nsmt") or "")["datePublished"]
    assert datetime.fromisoformat(naked).tzinfo is None
    assert isinstance(json.loads(script("dsvn") or ""), list)
    assert isinstance(json.loads(script("pldn") or ""), list)
    assert json.loads(script("antt") or "")["@graph"][0]["@type"] == "Article"
    assert json.loads(script("tnvn") or "")["datePublished"].endswith("+07:00")
    assert script("qtnm") is None


def test_unknown_paths_are_404_and_posting_is_refused(http: httpx.Client, sandbox: Sandbox) -> None:
    for code in (*OUTLETS, "forum", "channel"):
        assert http.get(sandbox.url(code, "/khong-co/")).status_code == 404
    assert http.post(sandbox.url("qtnm")).status_code == 405
    assert http.head(sandbox.url("qtnm")).status_code == 200


def test_the_forum_has_xenforo_structure(http: httpx.Client, sandbox: Sandbox) -> None:
    index = page(http, sandbox.url("forum"))
    thread_links = []
    for node in index.css(".node-title a"):
        listing = page(http, sandbox.url("forum", node.attributes["href"] or ""))
        thread_links += listing.css(".structItem--thread .structItem-title a[data-tp-primary]")
    assert len(thread_links) > 10
    thread = page(http, sandbox.url("forum", thread_links[0].attributes["href"] or ""))
    for message in thread.css("article.message[data-author]"):
        assert message.css_first(".message-body .bbWrapper") is not None
        time = message.css_first("time.u-dt[datetime]")
        assert time is not None
        assert re.fullmatch(r"2026-\d\d-\d\dT\d\d:\d\d:\d\d\+0700", time.attributes["datetime"] or "")


def test_long_threads_have_pages_and_permanent_links() -> None:
    posts = tuple(Reply(f"nguoi_{k}", k / 60, f"Ý kiến <b>số {k}</b>", "neutral") for k in range(45))
    story = Story("dai", "Dài", 2, ("other",), "neutral", (), None, None, 2, (), (Thread(0, "Chủ đề dài", posts),), ())
    outlet = Outlet("a", "Báo A", "hemera", False, "", "#123456")
    with run_in_thread(ANCHOR, clock=lambda: ANCHOR, content=Content({"a": outlet}, (story,))) as small:
        thread = small.world.threads(ANCHOR)[0]
        url = small.url("forum", thread.path)
        with httpx.Client() as http:
            counts = [len(page(http, url + path).css("article.message")) for path in ("", "page-2", "page-3")]
            assert counts == [20, 20, 5]
            assert http.get(url + "page-4").status_code == 404
            assert "<b>số" not in http.get(url).text
            moved = http.get(f"{url}post-{thread.posts[30].id}")
            assert moved.status_code == 303
            assert moved.headers["location"] == f"{url}page-2#post-{thread.posts[30].id}"


def test_the_channel_has_telegrams_structure_and_pages(http: httpx.Client, sandbox: Sandbox) -> None:
    url: str | None = sandbox.url("channel", "/s/nguoiquangtri")
    seen: list[str] = []
    while url:
        tree = page(http, url)
        for wrap in tree.css(".tgme_widget_message_wrap"):
            message = wrap.css_first(".tgme_widget_message[data-post]")
            assert message is not None
            assert text_of_node(wrap, ".tgme_widget_message_text")
            assert re.fullmatch(r"[\d.]+K?", text_of_node(wrap, ".tgme_widget_message_views"))
            assert wrap.css_first("a.tgme_widget_message_date time[datetime]") is not None
            seen.append(message.attributes["data-post"] or "")
        more = tree.css_first("a.tme_messages_more")
        url = urljoin(url, more.attributes["href"]) if more else None
    assert sorted(seen) == [f"nguoiquangtri/{each.id}" for each in sandbox.world.messages(ANCHOR)]
    assert http.get(sandbox.url("channel")).status_code == 302


def text_of_node(node: object, selector: str) -> str:
    found = node.css_first(selector)  # type: ignore[attr-defined]
    assert found is not None, selector
    return str(found.text(strip=True))


def test_text_is_escaped_everywhere(http: httpx.Client, sandbox: Sandbox) -> None:
    pages = [sandbox.url(code) for code in OUTLETS]
    pages += [sandbox.url("tntb", "/rss/home.rss"), sandbox.url("dsvn", "/rss/home.rss")]
    assert all("&lt;a href" not in http.get(url).text for url in pages[:-1])
    assert "&lt;a href" in http.get(pages[-1]).text  # Hemera escapes its HTML, the others wrap it in CDATA


def test_requests_are_counted(http: httpx.Client, sandbox: Sandbox) -> None:
    before = sandbox.app.hits["dhtt", "/robots.txt"]
    http.get(sandbox.url("dhtt", "/robots.txt"))
    assert sandbox.app.hits["dhtt", "/robots.txt"] == before + 1


def test_the_written_sources_are_a_valid_registry(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "sources.yaml"
    write_sources(sandbox.sources(), file)
    sources = load_sources(file)
    assert set(sources) == {f"{code}.sandbox" for code in (*sandbox.world.outlets, "forum", "channel")}
    assert all(isinstance(each, Source) and each.politeness.delay == 0 for each in sources.values())
    assert {each.id for each in sources.values() if each.owned} == {"qtnm.sandbox", "dhtt.sandbox", "antt.sandbox"}


def test_truth_urls_answer(http: httpx.Client, sandbox: Sandbox) -> None:
    for text in _truth(sandbox)["texts"]:
        if text["readable"]:
            assert http.get(text["url"]).status_code == 200, text["url"]


def _truth(sandbox: Sandbox) -> dict[str, list[dict[str, str]]]:
    bases = {code: site.base for code, site in sandbox.sites.items()}
    found: dict[str, list[dict[str, str]]] = truth(ANCHOR, ANCHOR, bases=bases)
    return found
