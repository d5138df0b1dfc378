"""A whole crawl against a real server: what is fetched, what is left alone, and what the books say."""

from __future__ import annotations

import gzip
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest

from crawlers.ledger import Ledger, flush
from crawlers.post import Post
from crawlers.run import CrawlSettings, crawl_now
from crawlers.sink import CrawlResult, MemorySink, Settled, Stored
from crawlers.source import Discovery, Politeness, Source
from tests.crawlers.server import Answer, Seen, Site, serving

SANDBOX = CrawlSettings(
    allow_private=True, delay_factor=0, backoff=0.05, patience=0, timeout=5, contact="ioc@example.org"
)
NOW = format_datetime(datetime.now(UTC) - timedelta(hours=3))
TEXT = (
    "Sáng nay, người dân thôn Cồn Sẻ ra đồng thu hoạch lúa hè thu trong thời tiết nắng ráo. "
    "Hợp tác xã huy động thêm ba máy gặt để kịp tránh đợt mưa dự báo đến vào cuối tuần."
)


def article(title: str, text: str = TEXT) -> str:
    now = datetime.now(UTC).isoformat()
    return (
        f'<html><head><title>{title}</title><meta property="article:published_time" content="{now}"></head>'
        f'<body><h1 class="detail-title" data-role="title">{title}</h1>'
        f'<h2 class="detail-sapo" data-role="sapo">Bà con thu hoạch lúa sớm để tránh mưa: {title}.</h2>'
        f'<div class="detail-content afcbc-body" data-role="content"><p>{text}</p><p>{text[::-1]}</p></div></body>'
    )


def listing(*paths: str) -> str:
    return "".join(f'<h3 class="box-title-text"><a href="{path}">Bài viết ở địa chỉ {path}</a></h3>' for path in paths)


def path(number: int) -> str:
    return f"/thu-hoach-lua-he-thu-20261120073000{number:03}.htm"


def source(site: Site, name: str = "bao-thu", **more: object) -> Source:
    found = more.pop("discovery", Discovery(listings=(f"{site.url}/",)))
    return Source.model_validate(
        {"id": name, "name": name, "home": site.url, "family": "vccorp", "discovery": found} | more
    )


def run(memory: MemorySink, *sources: Source, settings: CrawlSettings = SANDBOX) -> list[CrawlResult]:
    return crawl_now(sources, memory, memory, settings)


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as made:
        yield made


def test_articles_of_a_listing_reach_the_sink_once(site: Site) -> None:
    site.page("/", listing(path(1), path(2), path(1)))
    site.page(path(1), article("Cồn Sẻ thu hoạch lúa hè thu"))
    site.page(path(2), article("Máy gặt về đồng Cồn Sẻ"))
    memory = MemorySink()
    (first,) = run(memory, source(site))
    assert (first.state, first.new, first.fetched, first.discovered) == ("ok", 2, 2, 2)
    assert {post.title for post in memory.posts.values()} == {"Cồn Sẻ thu hoạch lúa hè thu", "Máy gặt về đồng Cồn Sẻ"}
    assert first.methods == {"family:vccorp@2": 2}
    (second,) = run(memory, source(site))
    assert (second.new, second.fetched, second.discovered) == (0, 0, 0)
    assert site.paths().count(path(1)) == 1


def test_the_user_agent_names_product_and_contact(site: Site) -> None:
    site.page("/", listing())
    run(MemorySink(), source(site))
    assert {seen.headers["user-agent"] for seen in site.seen} == {"DuLuan/0.1 (+ioc@example.org)"}


def test_an_unchanged_listing_answers_304_the_second_time(site: Site) -> None:
    site.tagged("/", listing(path(1)), '"v1"')
    site.page(path(1), article("Cồn Sẻ thu hoạch lúa hè thu"))
    memory = MemorySink()
    run(memory, source(site))
    (second,) = run(memory, source(site))
    assert second.not_modified == 1
    assert second.state == "ok"


def test_a_listing_is_asked_in_full_while_an_article_of_it_is_missing(site: Site) -> None:
    site.tagged("/", listing(path(1)), '"v1"')
    site.page(path(1), "", status=500)
    memory = MemorySink()
    run(memory, source(site))
    site.page(path(1), article("Cồn Sẻ thu hoạch lúa hè thu"))
    (second,) = run(memory, source(site))
    assert (second.not_modified, second.new) == (0, 1)


def test_a_revisited_article_that_changed_is_revised_and_one_that_did_not_costs_a_304(site: Site) -> None:
    class Revisiting(MemorySink):
        def due_for_revisit(self, source: str, now: object) -> list[str]:
            return list(self.posts)

    site.page("/", listing(path(1), path(2)))
    site.tagged(path(1), article("Cồn Sẻ thu hoạch lúa hè thu"), '"a"')
    site.page(path(2), article("Máy gặt về đồng Cồn Sẻ"))
    memory = Revisiting()
    run(memory, source(site))
    site.page(path(2), article("Máy gặt về đồng Cồn Sẻ", TEXT + " Tin cập nhật: đã gặt xong một nửa diện tích."))
    (second,) = run(memory, source(site))
    assert (second.revised, second.not_modified, second.new) == (1, 1, 0)
    assert {outcome for outcome, _ in memory.outcomes.values()} == {"archived", "listing"}


def test_what_robots_close_is_refused_and_not_requested(site: Site) -> None:
    site.page("/robots.txt", f"User-agent: *\nDisallow: {path(1)}\n", Content_Type="text/plain")
    site.page("/", listing(path(1), path(2)))
    site.page(path(2), article("Máy gặt về đồng Cồn Sẻ"))
    memory = MemorySink()
    (result,) = run(memory, source(site))
    assert (result.refused, result.new, result.state) == (1, 1, "ok")
    assert memory.outcomes[site.url + path(1)] == ("refused", "robots.txt không cho phép")
    assert path(1) not in site.paths()


@pytest.mark.parametrize("status", [429, 500])
def test_robots_that_fail_close_the_site_for_now(site: Site, status: int) -> None:
    site.page("/robots.txt", "", status=status)
    site.page("/", listing(path(1)))
    (result,) = run(MemorySink(), source(site))
    assert result.state == "failing"
    assert "robots.txt" in result.message
    assert "/" not in site.paths()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (
            "<html><head><title>Just a moment...</title></head><body><script>_cf_chl_opt={}</script></body>",
            403,
        ),
        ('<html><body><script>document.cookie="D1N=abc";window.location.reload(true);</script></body></html>', 200),
        ('<html><body><form><div class="g-recaptcha" data-sitekey="x"></div></form></body></html>', 429),
    ],
)
def test_a_challenge_blocks_the_source_and_its_host_is_left_alone(site: Site, body: str, status: int) -> None:
    site.page("/", listing(*(path(number) for number in range(6))))
    for number in range(6):
        site.page(path(number), body, status=status)
    memory = MemorySink()
    (result,) = run(memory, source(site))
    assert (result.state, result.pages_refused) == ("blocked", 0)
    assert "thử thách" in result.message
    assert len([each for each in site.paths() if each.startswith("/thu-hoach")]) == 1
    assert [outcome for outcome, _ in memory.outcomes.values()].count("blocked") == 6


def test_private_addresses_are_refused_unless_allowed(site: Site) -> None:
    site.page("/", listing(path(1)))
    memory = MemorySink()
    (result,) = run(memory, source(site), settings=CrawlSettings(backoff=0, patience=0, delay_factor=0))
    assert site.seen == []
    assert (result.state, result.requests, result.pages_refused) == ("failing", 0, 1)
    assert "nội bộ" in result.message


def test_a_redirect_to_a_private_address_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from crawlers import middlewares

    # Our server's own address counts as public here; only the place it redirects to is private.
    monkeypatch.setattr(middlewares, "public", lambda address: address == "127.0.0.1")
    with serving() as inner:
        private = inner.url.replace("127.0.0.1", "127.0.0.2")
        site.page("/", listing(path(1)))
        site.page(path(1), "", status=302, Location=f"{private}/bi-mat")
        memory = MemorySink()
        (result,) = run(memory, source(site), settings=CrawlSettings(backoff=0, patience=0, delay_factor=0))
        assert inner.seen == []
    assert result.refused == 1
    assert memory.outcomes[site.url + path(1)] == ("refused", "địa chỉ nội bộ")


@pytest.mark.parametrize("packed", [False, True])
def test_an_oversized_page_is_given_up(site: Site, packed: bool) -> None:
    site.page("/", listing(path(1), path(2)))
    huge = article("Trang quá lớn").encode() + b"x" * 400_000
    if packed:
        site.page(path(1), gzip.compress(huge), Content_Encoding="gzip")
    else:
        site.page(path(1), huge)
    site.page(path(2), article("Máy gặt về đồng Cồn Sẻ"))
    memory = MemorySink()
    settings = CrawlSettings(allow_private=True, delay_factor=0, backoff=0.05, patience=0, max_bytes=200_000)
    (result,) = run(memory, source(site), settings=settings)
    assert memory.outcomes[site.url + path(1)][0] == "too_large"
    assert (result.new, result.state) == (1, "partial")


def test_a_503_is_asked_again(site: Site) -> None:
    answers = [Answer("bận", 503, {"Retry-After": "0"}), Answer(article("Cồn Sẻ thu hoạch lúa hè thu"))]
    site.page("/", listing(path(1)))
    site.routes[path(1)] = lambda seen: answers.pop(0)
    (result,) = run(MemorySink(), source(site))
    assert (result.new, result.state) == (1, "ok")


def test_a_server_that_asks_for_a_long_pause_gets_it(site: Site) -> None:
    site.page("/", listing(path(1), path(2)))
    for number in (1, 2):
        site.page(path(number), "", status=429, Retry_After="3600")
    memory = MemorySink()
    (result,) = run(memory, source(site))
    assert result.state == "partial"
    assert len([each for each in site.paths() if each.startswith("/thu-hoach")]) == 1
    assert "3600" in memory.outcomes[site.url + path(2)][1]


def test_one_bad_source_does_not_hurt_another(site: Site) -> None:
    class Failing(MemorySink):
        def due_for_revisit(self, source: str, now: object) -> list[str]:
            if source == "hong":
                raise OSError("đĩa đầy")
            return []

    site.page("/", listing(path(1)))
    site.page(path(1), article("Cồn Sẻ thu hoạch lúa hè thu"))
    memory = Failing()
    broken = source(site, "hong", home="http://127.0.0.1:1", discovery=Discovery(listings=("http://127.0.0.1:1/",)))
    seen: list[str] = []
    results = crawl_now([broken, source(site)], memory, memory, SANDBOX, lambda result: seen.append(result.source))
    assert [result.state for result in results] == ["failing", "ok"]
    assert results[0].message
    assert sorted(seen) == ["bao-thu", "hong"]


def test_a_failing_archive_is_reported_and_the_pass_goes_on(site: Site) -> None:
    class Full(MemorySink):
        def store(self, post: object) -> object:  # type: ignore[override]
            raise OSError("đĩa đầy")

    site.page("/", listing(path(1)))
    site.page(path(1), article("Cồn Sẻ thu hoạch lúa hè thu"))
    memory = Full()
    (result,) = run(memory, source(site))
    assert (result.state, result.failed) == ("partial", 1)
    assert memory.outcomes[site.url + path(1)][0] == "error"


def test_every_discovered_url_has_exactly_one_outcome(site: Site) -> None:
    class Counting(MemorySink):
        def __init__(self) -> None:
            super().__init__()
            self.set: list[str] = []

        def set_outcome(self, source: str, url: str, outcome: object, reason: str = "") -> None:
            self.set.append(url)
            super().set_outcome(source, url, outcome, reason)  # type: ignore[arg-type]

    feed = "".join(
        f"<item><title>Tin {number}</title><link>{site.url}{path(number)}?utm_source=rss</link>"
        f"<pubDate>{NOW if number else '20 Nov 2018 07:30:00 +0700'}</pubDate></item>"
        for number in range(8)
    )
    site.page("/feed", f"<rss><channel>{feed}</channel></rss>", Content_Type="application/rss+xml")
    site.page("/", listing(*(path(number) for number in range(8))))
    site.page(path(1), article("Cồn Sẻ thu hoạch lúa hè thu"))
    site.page(path(2), "", status=404)
    site.page(path(3), "<html><body><p></p></body></html>")
    site.page(path(4), b"%PDF-1.4", Content_Type="application/pdf")
    site.page(path(5), "", status=302, Location=path(5))
    site.page(path(6), "", status=403)
    site.page(path(7), "", status=302, Location="/")
    memory = Counting()
    found = Discovery(feeds=(f"{site.url}/feed",), listings=(f"{site.url}/",))
    (result,) = run(memory, source(site, discovery=found))
    got = {number: memory.outcomes[site.url + path(number)][0] for number in range(8)}
    assert got == {
        0: "skipped", 1: "archived", 2: "not_found", 3: "empty", 4: "skipped", 5: "error", 6: "refused", 7: "not_found",
    }  # fmt: skip
    assert len(memory.set) == len(set(memory.set))
    assert result.discovered == 8


def test_sitemaps_are_read_newest_shard_first(site: Site) -> None:
    index = "".join(
        f"<sitemap><loc>{site.url}/sitemaps/{month}.xml</loc></sitemap>"
        for month in ("2026-9", "2026-10", "2026-11", "2025-12", *(f"2024-{each}" for each in range(1, 9)))
    )
    site.page("/sitemap.xml", f"<sitemapindex>{index}</sitemapindex>", Content_Type="application/xml")
    site.page(
        "/sitemaps/2026-11.xml",
        f"<urlset><url><loc>{site.url}{path(1)}</loc><lastmod>{datetime.now(UTC).isoformat()}</lastmod></url></urlset>",
        Content_Type="application/xml",
    )
    site.page(path(1), article("Cồn Sẻ thu hoạch lúa hè thu"))
    (result,) = run(MemorySink(), source(site, discovery=Discovery(sitemaps=(f"{site.url}/sitemap.xml",))))
    assert result.new == 1
    assert "/sitemaps/2024-1.xml" not in site.paths()
    assert "/sitemaps/2026-9.xml" in site.paths()


def test_no_more_articles_than_the_limit_and_the_rest_next_time(site: Site) -> None:
    site.tagged("/", listing(*(path(number) for number in range(5))), '"v1"')
    for number in range(5):
        site.page(path(number), article(f"Cồn Sẻ thu hoạch lúa ngày {number}"))
    memory = MemorySink()
    limited = source(site, politeness=Politeness(max_articles=3))
    assert run(memory, limited)[0].new == 3
    assert run(memory, limited)[0].new == 2


def test_requests_to_a_host_keep_the_pause_between_them(site: Site) -> None:
    times: list[float] = []

    def answer(seen: Seen) -> Answer:
        times.append(time.monotonic())
        return Answer(article("Cồn Sẻ thu hoạch lúa hè thu"))

    site.page("/", listing(*(path(number) for number in range(4))))
    for number in range(4):
        site.routes[path(number)] = answer
    slow = source(site, politeness=Politeness(delay=0.2))
    run(MemorySink(), slow, settings=CrawlSettings(allow_private=True))
    gaps = [later - sooner for sooner, later in pairwise(times)]
    # Scrapy varies the pause by half, so that requests do not come like a clock.
    assert len(gaps) == 3
    assert min(gaps) >= 0.09


def test_a_feed_summary_stands_in_for_a_page_without_text(site: Site) -> None:
    item = (
        f"<item><title>Cồn Sẻ vào vụ gặt</title><link>{site.url}{path(1)}</link>"
        "<description>Bà con ra đồng từ sáng sớm.</description>"
        f"<pubDate>{NOW}</pubDate></item>"
    )
    site.page("/feed", f"<rss><channel>{item}</channel></rss>", Content_Type="application/rss+xml")
    site.page(path(1), "<html><head><title>Video</title></head><body><video src=x></video></body></html>")
    memory = MemorySink()
    run(memory, source(site, discovery=Discovery(feeds=(f"{site.url}/feed",))))
    (post,) = memory.posts.values()
    assert (post.method, post.lead) == ("feed", "Bà con ra đồng từ sáng sớm.")


def test_requests_carry_no_answer_of_the_sandbox_into_the_books_of_another(site: Site) -> None:
    """Two sources of one host take turns and keep separate books."""
    site.page("/", listing(path(1)))
    site.page("/b", listing(path(2)))
    site.page(path(1), article("Cồn Sẻ thu hoạch lúa hè thu"))
    site.page(path(2), article("Máy gặt về đồng Cồn Sẻ"))
    memory = MemorySink()
    other = source(site, "bao-khac", discovery=Discovery(listings=(f"{site.url}/b",)))
    results = run(memory, source(site), other)
    assert [result.new for result in results] == [1, 1]
    assert {post.source for post in memory.posts.values()} == {"bao-thu", "bao-khac"}


def test_nothing_settled_while_the_books_are_written_is_lost() -> None:
    """The loop settles while a thread writes: with the interpreter's shortest turns they meet at every step."""
    memory, done, turns = MemorySink(), threading.Event(), sys.getswitchinterval()
    found = Discovery(feeds=("https://bao.example/rss",))
    ledger = Ledger(Source(id="bao", name="Báo", home="https://bao.example/", discovery=found), memory, memory)

    def write() -> None:
        while not done.is_set():
            ledger.flush()

    writer = threading.Thread(target=write)
    sys.setswitchinterval(1e-6)
    try:
        writer.start()
        for number in range(5_000):
            ledger.settle(f"https://bao.example/{number}", "skipped")
    finally:
        sys.setswitchinterval(turns)
        done.set()
        writer.join()
    ledger.flush()
    assert len(memory.outcomes) == 5_000


def test_what_several_passes_settled_is_written_together_and_a_refused_post_costs_only_its_own_page() -> None:
    class Choosy(MemorySink):
        calls = 0

        def store_many(self, posts: Sequence[Post]) -> list[Stored]:
            if any(post.title == "Hỏng" for post in posts):
                raise ValueError(posts)
            return super().store_many(posts)

        def set_outcomes(self, settled: Mapping[str, Iterable[Settled]]) -> None:
            self.calls += 1
            super().set_outcomes(settled)

    memory, found = Choosy(), Discovery(feeds=("https://bao.example/rss",))
    ledgers = [
        Ledger(Source(id=id, name="Báo", home=f"https://{id}/", discovery=found), memory, memory) for id in ("a", "b")
    ]
    for ledger in ledgers:
        for number in range(3):
            url = f"https://{ledger.source.id}/{number}"
            title = "Hỏng" if ledger.source.id == "b" and number == 1 else "Khánh thành cầu"
            ledger.archive(url, [Post(url=url, canonical_url=url, source=ledger.source.id, title=title)])
    flush(ledgers)
    assert memory.calls == 1
    assert [ledger.result(0).new for ledger in ledgers] == [3, 2]
    assert [url for url, (outcome, _) in memory.outcomes.items() if outcome == "error"] == ["https://b/1"]
    assert len(memory.outcomes) == 6
