"""What the open web may send to hurt us: no crash, no minutes, no memory, no request to where we must not go."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterator

import pytest

from crawlers.challenge import challenge
from crawlers.extract import extract, extract_many, links
from crawlers.extract.feeds import parse_feed
from crawlers.extract.metadata import loads, read_metadata
from crawlers.extract.sitemaps import parse_sitemap
from crawlers.extract.text import clean, decode, parse, plain
from crawlers.extract.threads import next_page
from crawlers.middlewares import is_private, public
from crawlers.run import CrawlSettings
from crawlers.sink import MemorySink
from crawlers.source import Discovery, Politeness
from tests.crawlers.server import Site, serving
from tests.crawlers.test_crawl import SANDBOX, article, listing, path, run, source

URL = "https://bao.vn/lu-rut-o-minh-hoa-12345.html"
LINK = "<a href=/x-y-z-t-12345.html>"
DEEP = '<h1 class="detail-title" data-role="title">x</h1>' + '<div class="detail-content afcbc-body">' * 15_000


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as made:
        yield made


@pytest.mark.parametrize(
    "read",
    [
        lambda: clean("a" + "\u0301\u0323" * 200_000),
        lambda: plain("<a" * 200_000),
        lambda: challenge(403, {}, "<script " * 7_500),
        lambda: challenge(403, {}, "<head " * 10_000),
        lambda: challenge(403, {}, "<" * 60_000),
        lambda: read_metadata(parse('<script type="ld+json">"@type":' + " " * 100_000)),
        lambda: read_metadata(parse('<script type="ld+json">"@type":"Article" "author":' + " " * 100_000)),
        lambda: loads("[" * 200_000),
        lambda: extract(DEEP + "chào", URL),
        lambda: extract("<div>" * 100_000 + "chào", URL),
        lambda: extract("<p>a" * 300_000, URL),
        lambda: links(f"<div>{LINK}" * 15_000, URL),
        lambda: parse_sitemap(gzip.compress(b"<urlset>" + b"<url/>" * 8_000_000), URL),
    ],
)
def test_nothing_takes_more_than_linear_time(read: Callable[[], object]) -> None:
    begun = time.process_time()
    read()
    assert time.process_time() - begun < 2.5


@pytest.mark.parametrize(
    "html",
    [
        '<link rel=canonical href="http://["><p>x',
        '<base href="http://["><a href=/x-y-z-t-12345.html>Một bài viết dài</a>',
        '<script type="application/ld+json">{"@type":"NewsArticle","headline":"\\ud83d <b>x</b>"}</script><p>x',
        '<div class=tgme_widget_message data-post="a/1"><a class=tgme_widget_message_date href="http://["></a>'
        "<div class=tgme_widget_message_text>chào</div></div>",
        *(f"<meta charset={name}><p>chào \\ud800" for name in ("zlib", "idna", "punycode", "undefined", "rot13")),
        "<meta charset=unicode_escape><title>\\ud800 <b>x</b></title><p>\\ud800",
    ],
)
def test_no_page_breaks_the_reader(html: str) -> None:
    (post,) = extract_many(html.encode(), URL)
    assert post.canonical_url == URL
    assert links(html.encode(), URL) is not None
    decode(html.encode()).encode("utf-8")


def test_a_page_speaks_for_its_own_site_only() -> None:
    message = (
        '<div class=tgme_widget_message data-post="a/1">'
        '<a class=tgme_widget_message_date href="https://baoquangtri.vn/that.html"></a>'
        "<div class=tgme_widget_message_text>Tin giả dưới tên báo khác</div></div>"
    )
    assert [post.canonical_url for post in extract_many(message, URL)] == [URL]
    assert next_page(parse('<link rel=next href="https://khac.vn/b">'), URL) is None
    assert next_page(parse('<link rel=next href="file:///etc/passwd">'), URL) is None


def test_feeds_and_sitemaps_lead_to_web_addresses_only() -> None:
    bad = ("file:///etc/passwd", "ftp://a/b", "data:text/html,x", "http://[", "https://a.vn/" + "x" * 5_000)
    items = "".join(f"<item><link>{url}</link></item><url><loc>{url}</loc></url>" for url in bad)
    good = "<item><link>https://a.vn/b</link></item>"
    assert [item.url for item in parse_feed(f"<rss><channel>{items}{good}</channel></rss>", URL)] == ["https://a.vn/b"]
    shards = "".join(f"<sitemap><loc>{url}</loc></sitemap>" for url in bad)
    assert parse_sitemap(f"<sitemapindex>{shards}</sitemapindex>", URL).shards == ()
    pages = f"<urlset>{items}<url><loc>https://a.vn/b</loc></url></urlset>"
    assert [item.url for item in parse_sitemap(pages, URL).pages] == ["https://a.vn/b"]


@pytest.mark.parametrize(
    "address",
    ["64:ff9b::7f00:1", "64:ff9b:1::1", "::127.0.0.1", "::ffff:0:127.0.0.1", "fec0::1", "::1", "fe80::1%eth0"],
)
def test_ipv6_forms_of_inner_addresses_are_not_public(address: str) -> None:
    assert not public(address)


def test_public_ipv6_addresses_are() -> None:
    assert public("2606:4700::1111")
    assert public("64:ff9b::101:101")


@pytest.mark.parametrize("name", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "::1", "localhost", "a.localhost"])
def test_numbers_that_resolvers_take_for_loopback_are_private_behind_a_proxy_too(name: str) -> None:
    assert is_private(name)


def test_other_schemes_are_never_opened(site: Site, tmp_path: object) -> None:
    """Whatever got past the check of records: Scrapy opens file: and data: addresses."""
    found = Discovery.model_construct(
        feeds=("file://example.org/etc/hostname", "data:text/html,x", "ftp://127.0.0.1/x")
    )
    (result,) = run(MemorySink(), source(site, discovery=found))
    assert (result.state, result.message) == ("failing", "không phải địa chỉ http")


def test_a_discovery_page_that_breaks_the_reader_is_said_and_asked_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crawlers.spiders import source as spider

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(spider, "parse_feed", fail)
    site.tagged("/feed", "<rss/>", '"v1"')
    memory = MemorySink()
    (result,) = run(memory, source(site, discovery=Discovery(feeds=(f"{site.url}/feed",))))
    assert (result.state, memory.outcomes[f"{site.url}/feed"][0]) == ("partial", "error")
    assert memory.validators(f"{site.url}/feed") is None


def test_a_feed_of_thousands_of_items_is_taken_in_turns(site: Site) -> None:
    items = "".join(f"<item><title>t</title><link>/bai-{n:05}-a-b-c-99999.htm</link></item>" for n in range(2_000))
    site.page("/feed", f"<rss><channel>{items}</channel></rss>", Content_Type="application/rss+xml")
    some = source(site, discovery=Discovery(feeds=(f"{site.url}/feed",)), politeness=Politeness(max_articles=20))
    memory = MemorySink()
    results = run(memory, some) + run(memory, some)
    assert [result.discovered for result in results] == [20, 20]
    assert len([url for url in site.paths() if url.startswith("/bai-")]) == len(memory.outcomes) - 1 == 40


def test_robots_that_lead_inside_lead_nowhere(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from crawlers import middlewares

    monkeypatch.setattr(middlewares, "public", lambda address: address == "127.0.0.1")
    with serving() as inner:
        private = inner.url.replace("127.0.0.1", "127.0.0.3")
        site.page("/robots.txt", "", status=302, Location=f"{private}/robots.txt")
        site.page("/", listing(path(1)))
        site.page(path(1), article("Cồn Sẻ thu hoạch lúa hè thu"))
        run(MemorySink(), source(site), settings=CrawlSettings(backoff=0, patience=0, delay_factor=0))
        assert inner.seen == []


def test_a_body_that_never_ends_is_given_up_in_time(site: Site) -> None:
    settings = CrawlSettings(allow_private=True, delay_factor=0, backoff=0, patience=0, retries=0, timeout=1)
    site.page("/", listing(path(1)))
    site.page(path(1), b"x", Content_Length="5000000")
    memory = MemorySink()
    run(memory, source(site), settings=settings)
    assert memory.outcomes[site.url + path(1)][0] == "error"


def test_sitemaps_that_name_each_other_end(site: Site) -> None:
    names = [f"/s{n}.xml" for n in range(12)]
    index = "".join(f"<sitemap><loc>{name}</loc></sitemap>" for name in names)
    for name in ("/sitemap.xml", *names):
        site.page(name, f"<sitemapindex>{index}</sitemapindex>", Content_Type="application/xml")
    run(MemorySink(), source(site, discovery=Discovery(sitemaps=(f"{site.url}/sitemap.xml",))), settings=SANDBOX)
    assert len(site.seen) < 80


def test_members_addressed_in_a_forum_post_stay_unnamed() -> None:
    html = (
        '<article class="message" data-author="a" data-content="post-7"><div class="bbWrapper">'
        '<div class="bbCodeBlock bbCodeBlock--quote"><a>Người Khác said:</a>trích</div>'
        '<a class="username" data-user-id="5">@Người Khác</a> đường này hỏng lâu rồi</div></article>'
    )
    (post,) = extract_many(html, "https://dd.vn/threads/x.1/page-2")
    assert post.body == "đường này hỏng lâu rồi"
