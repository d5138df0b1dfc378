"""Addresses, feeds, sitemaps, listings, challenges: small inputs, and garbage."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlers.challenge import challenge
from crawlers.extract import canonical_url, extract, extract_many, links
from crawlers.extract.canonical import same_site
from crawlers.extract.feeds import parse_feed
from crawlers.extract.metadata import loads
from crawlers.extract.sitemaps import Shard, newest, parse_sitemap
from crawlers.extract.text import Document, decode, paragraphs, parse
from crawlers.extract.threads import next_page
from crawlers.middlewares import public


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Bao.VN:443/a-1.htm?utm_source=fb&fbclid=1#top", "https://bao.vn/a-1.htm"),
        ("https://bao.vn/a?b=2&a=1", "https://bao.vn/a?a=1&b=2"),
        ("https://bao.vn/amp/a-1.htm", "https://bao.vn/a-1.htm"),
        ("https://bao.vn/a-1/amp/", "https://bao.vn/a-1"),
        ("https://bao.vn/a-1.amp.html?amp=1", "https://bao.vn/a-1.html"),
        ("https://dd.vn/threads/x.1/#post-22", "https://dd.vn/threads/x.1/#post-22"),
        ("http://127.0.0.1:8081/a", "http://127.0.0.1:8081/a"),
        ("https://bao.vn", "https://bao.vn/"),
        ("import:so-tay:7", "import:so-tay:7"),
        ("https://Báo-Tỉnh.vn/a", "https://xn--bo-tnh-pta5632d.vn/a"),
        ("https://xn--bo-tnh-pta5632d.vn/a", "https://xn--bo-tnh-pta5632d.vn/a"),
    ],
)
def test_one_text_has_one_address(url: str, expected: str) -> None:
    assert canonical_url(url) == expected


def test_a_declared_address_is_believed_only_on_its_own_site() -> None:
    url = "https://m.bao.vn/a-1.htm"
    assert canonical_url(url, "https://bao.vn/a-1.htm") == "https://bao.vn/a-1.htm"
    assert canonical_url(url, "https://khac.vn/a-1.htm") == url
    assert canonical_url(url, "https://bao.vn/") == url
    assert canonical_url("http://127.0.0.1:1/a", "http://127.0.0.1:2/a") == "http://127.0.0.1:1/a"
    assert same_site("https://www.bao.vn/a", "https://bao.vn")
    assert not same_site("https://congan.quangtri.gov.vn", "https://quangtri.gov.vn")


@given(st.text(max_size=100))
def test_any_text_has_an_address_and_it_is_stable(text: str) -> None:
    once = canonical_url(text)
    assert canonical_url(once) == once
    assert canonical_url("https://bao.vn/" + text).startswith("https://bao.vn")


def test_an_entry_that_breaks_the_tree_costs_no_other() -> None:
    entries = "".join(
        f"<item><title>Tin {n}</title><link>/tin-{n}</link>{'<item>' * (n % 2)}</item>" for n in range(900)
    )
    found = parse_feed(f"<rss><channel>{entries}</channel></rss>", "https://a.vn/")
    assert [item.url for item in found] == [f"https://a.vn/tin-{n}" for n in range(900)]


def test_a_feed_with_faults_gives_what_can_be_read() -> None:
    text = """  <?xml version='1.0' encoding='UTF-8'?>
    <rss><channel><item><title><![CDATA[ Lũ \x0b rút ]]></title><link>/a-1.htm</link>
    <description>&lt;a href='x'&gt;&lt;img src='y'/&gt;&lt;/a&gt;Nước &amp;amp; bùn</description>
    <pubDate>Sat, 07 Mar 2026 08:01:53 GMT+7</pubDate></item><item><title>Không có link</title></item>
    <item><title>A & B</title><link>https://bao.vn/b-2.htm</link></item>"""
    body = b"\xef\xbb\xbf" + text.encode()
    first, second = parse_feed(body, "https://bao.vn/rss")
    assert (first.url, first.title, first.summary) == ("https://bao.vn/a-1.htm", "Lũ rút", "Nước & bùn")
    assert first.published == datetime.fromisoformat("2026-03-07T08:01:53+07:00")
    assert second.url == "https://bao.vn/b-2.htm"


def test_atom_is_read_too() -> None:
    body = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title type="html">Chợ &lt;b&gt;phiên&lt;/b&gt;</title>'
        '<link rel="self" href="https://bao.vn/api/1"/><link href="https://bao.vn/cho-phien"/>'
        "<updated>2026-03-07T01:00:00Z</updated><summary>Họp sớm</summary></entry></feed>"
    )
    (item,) = parse_feed(body, "https://bao.vn/atom")
    assert (item.url, item.title, item.summary) == ("https://bao.vn/cho-phien", "Chợ phiên", "Họp sớm")


def test_entities_neither_expand_nor_read_files() -> None:
    bomb = '<!DOCTYPE r [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    items = parse_feed(
        f"{bomb}<rss><item><title>&b;&f;</title><link>https://bao.vn/a</link></item></rss>", "https://bao.vn/"
    )
    assert [item.title for item in items] in ([""], ["&b;&f;"])


@settings(max_examples=60)
@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda link: f"<rss><item><link>{link}</link>".encode()))
def test_no_bytes_break_feeds_sitemaps_or_pages(body: bytes) -> None:
    parse_feed(body, "https://bao.vn/rss")
    parse_sitemap(body, "https://bao.vn/sitemap.xml")
    parse_sitemap(gzip.compress(body)[: len(body)], "https://bao.vn/sitemap.xml.gz")
    links(body, "https://bao.vn/")


@settings(max_examples=15, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_a_post(body: bytes) -> None:
    assert extract_many(b"<html><h1>" + body, "https://bao.vn/a-1.htm")


def test_sitemaps_give_shards_and_pages() -> None:
    index = parse_sitemap(
        b"<sitemapindex><sitemap><loc>https://bao.vn/s/2026-1-1-5.xml</loc></sitemap>"
        b"<sitemap><loc>https://bao.vn/s/2026-11-1-5.xml</loc></sitemap></sitemapindex>", "https://bao.vn/sitemap.xml",
    )  # fmt: skip
    assert [shard.url[-14:] for shard in newest(index.shards, 1)] == ["2026-11-1-5.xml"[-14:]]
    body = (
        b'<urlset xmlns:news="http://n"><url><loc>https://bao.vn/a.htm</loc><lastmod>2026-03-08</lastmod><news:news>'
        b"<news:publication><news:name>B</news:name></news:publication><news:publication_date>2026-03-07T08:00:00+07:00"
        b"</news:publication_date><news:title>Ch\xe1\xbb\xa3 phi\xc3\xaan</news:title></news:news></url></urlset>"
    )
    (page,) = parse_sitemap(gzip.compress(body), "https://bao.vn/s.xml.gz").pages
    assert (page.title, page.published) == ("Chợ phiên", datetime.fromisoformat("2026-03-07T08:00:00+07:00"))


def test_a_gzip_bomb_is_cut() -> None:
    bomb = gzip.compress(b"<urlset>" + b" " * 5_000_000)
    assert parse_sitemap(bomb, "https://bao.vn/s.xml.gz", max_bytes=100_000).pages == ()


def test_shards_with_dates_come_before_their_names() -> None:
    old, new = (
        Shard("https://b.vn/9.xml", datetime.fromisoformat("2026-01-01T00:00:00Z")),
        Shard("https://b.vn/1.xml", datetime.fromisoformat("2026-02-01T00:00:00Z")),
    )
    assert newest([old, new], 1) == [new]


def test_a_listing_gives_what_readers_see_once() -> None:
    html = """<nav><a href="/gioi-thieu-ve-toa-soan-20260307075519111.htm">Giới thiệu về tòa soạn báo</a></nav>
    <h3><a href="/lu-rut-20260307075519174.htm?utm_source=home">Nước lũ đã rút</a></h3>
    <a href="/lu-rut-20260307075519174.htm"><img src="a.jpg"></a>
    <div style="display: none"><a href="/an-di-20260307075519175.htm">Một bài bị giấu trong trang</a></div>
    <a href="https://khac.vn/bai-20260307075519176.htm">Bài của một tờ báo khác hẳn</a>
    <a href="/thoi-su.htm">Chuyên mục thời sự trong nước</a>
    <p><a href="/cho-phien-20260307075519177.htm">Chợ phiên vùng cao ngày giáp Tết</a></p>"""
    found = links(html, "https://bao.vn/")
    assert [(link.url, link.title) for link in found] == [
        ("https://bao.vn/lu-rut-20260307075519174.htm", "Nước lũ đã rút"),
        ("https://bao.vn/cho-phien-20260307075519177.htm", "Chợ phiên vùng cao ngày giáp Tết"),
    ]


def test_listing_links_of_a_family_keep_order_and_title() -> None:
    items = "".join(
        f'<h3 class="box-title-text"><a href="/bai-{n}-2026030707551917{n}.htm">Bài {n}</a></h3>' for n in range(4)
    )
    found = links(items + '<a href="/bai-1-20260307075519171.htm#comment">12 bình luận</a>', "https://bao.vn/")
    assert [(link.url[-8:], link.title) for link in found] == [(f"917{n}.htm", f"Bài {n}") for n in range(4)]


def test_json_as_sites_write_it_is_read() -> None:
    assert loads('<!--\n{"a": "dòng\nmới", "b": [1,2,],}\n-->') == {"a": "dòng\nmới", "b": [1, 2]}
    assert loads('{"a": "trích "dẫn" sai"}') is None


def test_text_is_one_form_of_unicode_without_what_nobody_sees() -> None:
    html = "<div><p>Qua\u0309ng&nbsp;Tri\u0323\u200b</p>đầu<br>cuối<script>x()</script><!-- y --></div>"
    assert paragraphs(parse(html).body) == ["Quảng Trị", "đầu", "cuối"]


def test_deep_nesting_does_not_exhaust_the_stack() -> None:
    assert paragraphs(parse("<div>" * 3_000 + "đáy").body) == ["đáy"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1258"])
def test_pages_are_read_in_the_encoding_they_declare(encoding: str) -> None:
    html = f'<html><head><meta charset="{encoding}"></head><body>Đông Hà</body></html>'
    assert "Đông" in decode(html.encode(encoding))


@pytest.mark.parametrize("charset", ["utf-8", None])
def test_bytes_that_are_not_what_the_page_declares_cost_only_themselves(charset: str | None) -> None:
    page = Document('<meta charset="utf-8"><p>Đông H¤à</p>'.encode().replace("¤".encode(), b"\xff"), charset)
    assert paragraphs(page.tree.body) == ["Đông H\ufffdà"]
    assert "Đông H\ufffdà" in page.text


def test_a_page_about_captchas_is_no_challenge() -> None:
    text = "Người dùng than phiền vì captcha xuất hiện dày đặc trên cổng dịch vụ công. " * 30
    html = f"<html><head><title>Captcha làm khó người dân</title></head><body><p>{text}</p></body></html>"
    assert challenge(200, {}, html) is None
    assert challenge(403, {}, "<html><body>Forbidden</body></html>") is None
    assert challenge(403, {"cf-mitigated": "challenge"}, "") == "cloudflare"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", False), ("10.1.2.3", False), ("169.254.169.254", False), ("::1", False), ("fe80::1%eth0", False),
        ("::ffff:192.168.0.1", False), ("0.0.0.0", False), ("100.64.0.1", False), ("224.0.0.1", False),
        ("113.160.1.1", True), ("2001:ee0::1", True),
    ],
)  # fmt: skip
def test_only_addresses_of_the_public_internet_are_public(address: str, expected: bool) -> None:
    assert public(address) is expected


def test_the_last_page_of_a_thread_does_not_lead_back_to_the_one_before() -> None:
    page = '<head><link rel="prev" href="/threads/nuoc-may.7/"></head><article class="message"></article>'
    assert next_page(parse(page), "https://forum.example/threads/nuoc-may.7/page-2") is None


def test_the_earlier_messages_of_a_channel_follow() -> None:
    page = '<head><link rel="prev" href="/s/kenh?before=40"></head><div class="tgme_widget_message"></div>'
    assert next_page(parse(page), "https://t.example/s/kenh") == "https://t.example/s/kenh?before=40"


def test_a_date_line_that_is_no_time_element_is_read() -> None:
    body = "".join(
        f"<p>Đoạn {number} kể chuyện mùa nước nổi ở một làng ven sông, dài vừa đủ.</p>" for number in range(9)
    )
    html = (
        f'<html><body><h1>Mùa nước nổi ở làng ven sông</h1><div class="publish-date">Đăng lúc 07:15, 20/11/2026</div>'
        f'<article>{body}</article><div class="widget">Lịch bay 28/03/2024</div></body></html>'
    )
    found = extract(html, "https://cong.example/mua-nuoc-noi", fetched_at=datetime(2026, 11, 23, tzinfo=UTC))
    assert found.published_at == datetime(2026, 11, 20, 0, 15, tzinfo=UTC)
