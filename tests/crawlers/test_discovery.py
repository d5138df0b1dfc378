"""What is looked for besides new articles: the first stage of relevance, outlets' own search, signals, withdrawals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote_plus

import pytest

from crawlers.extract.feeds import parse_feed
from crawlers.plan import Plan
from crawlers.run import crawl_now
from crawlers.sink import CrawlResult, MemorySink
from crawlers.source import Discovery, Source
from crawlers.spiders.source import UNRELATED
from tests.crawlers.server import Site, serving
from tests.crawlers.test_crawl import NOW, SANDBOX, article, listing, path, source


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as made:
        yield made


def run(memory: MemorySink, plan: Plan, *sources: Source) -> list[CrawlResult]:
    return crawl_now(sources, memory, memory, replace(SANDBOX, plan=plan))


def feed(site: Site, *titles: str) -> None:
    items = "".join(
        f"<item><title>{title}</title><link>{site.url}{path(number)}</link><pubDate>{NOW}</pubDate>"
        "<description>Tin trong ngày.</description></item>"
        for number, title in enumerate(titles)
    )
    site.page("/feed", f"<rss><channel>{items}</channel></rss>", Content_Type="application/rss+xml")
    for number, title in enumerate(titles):
        site.page(path(number), article(title))


def about_the_village(text: str) -> bool:
    return "Cồn Sẻ" in text


def test_a_national_article_that_does_not_concern_the_province_is_left_with_its_reason(site: Site) -> None:
    feed(site, "Cồn Sẻ thu hoạch lúa", "Giá vàng hôm nay")
    memory = MemorySink()
    national = source(site, discovery=Discovery(feeds=(f"{site.url}/feed",)))
    (result,) = run(memory, Plan(concerns=about_the_village, control_share=0), national)
    assert (result.new, result.first_stage) == (1, {"passed": 1, "skipped": 1})
    assert memory.outcomes[site.url + path(1)] == ("skipped", UNRELATED)
    assert path(1) not in site.paths()


def test_a_title_without_a_summary_decides_nothing(site: Site) -> None:
    site.page("/", listing(path(1)))
    site.page(path(1), article("Giá vàng hôm nay"))
    (result,) = run(MemorySink(), Plan(concerns=about_the_village, control_share=0), source(site))
    assert (result.new, result.first_stage) == (1, {})


@pytest.mark.parametrize("taken_whole", [{"owned": True}, {"local": True}, {"whole": True}])
def test_what_is_taken_whole_is_not_asked(site: Site, taken_whole: dict[str, bool]) -> None:
    feed(site, "Giá vàng hôm nay")
    own = source(site, discovery=Discovery(feeds=(f"{site.url}/feed",)), **taken_whole)
    (result,) = run(MemorySink(), Plan(concerns=about_the_village, control_share=0), own)
    assert (result.new, result.first_stage) == (1, {})


def test_the_control_group_is_fetched_all_the_same_and_named(site: Site) -> None:
    feed(site, "Giá vàng hôm nay", "Cồn Sẻ thu hoạch lúa")
    national = source(site, discovery=Discovery(feeds=(f"{site.url}/feed",)))
    (result,) = run(MemorySink(), Plan(concerns=about_the_village, control_share=1), national)
    assert (result.new, result.first_stage) == (2, {"control": 1, "passed": 1})
    assert result.control == (site.url + path(0),)


def test_the_control_group_is_a_fixed_share_of_addresses() -> None:
    plan, addresses = Plan(control_share=0.02), [f"https://bao.vn/bai-{n}.htm" for n in range(20_000)]
    chosen = [url for url in addresses if plan.is_control(url)]
    assert 300 < len(chosen) < 500
    assert chosen == [url for url in addresses if plan.is_control(url)]


def test_an_outlets_search_is_asked_for_the_province_once_an_hour_and_its_finds_are_fetched(site: Site) -> None:
    query = quote_plus("Cồn Sẻ")
    site.page(f"/tim-kiem?q={query}", listing(path(1)))
    site.page(path(1), article("Máy gặt về đồng"))
    searching = source(site, discovery=Discovery(searches=(f"{site.url}/tim-kiem?q={{query}}",)))
    plan, memory = Plan(concerns=about_the_village, control_share=0, queries=("Cồn Sẻ",)), MemorySink()
    (first,) = run(memory, plan, searching)
    (second,) = run(memory, plan, searching)
    assert (first.new, second.requests) == (1, 0)
    wanted = replace(plan, wanted={"bao-thu": ("Máy gặt về đồng",)})
    run(memory, wanted, searching)
    assert site.paths()[-1] == f"/tim-kiem?q={quote_plus('Máy gặt về đồng')}"


def test_queries_take_turns_behind_the_names_of_the_whole() -> None:
    plan = Plan(queries=("Tỉnh", "Tinh", "xã A", "xã B", "xã C"))
    assert [plan.searched("x", turn)[2:] for turn in range(3)] == [("xã A", "xã B"), ("xã C", "xã A"), ("xã B", "xã C")]


def test_a_signal_names_outlets_and_titles_and_nothing_is_fetched_from_it(site: Site) -> None:
    items = (
        f"<item><title>Lũ lên nhanh ở Cồn Sẻ - Báo Làng</title><link>https://news.google.com/rss/articles/x</link>"
        f'<pubDate>{NOW}</pubDate><source url="https://baolang.vn">Báo Làng</source></item>'
        "<item><title>Tin cũ</title><link>https://news.google.com/rss/articles/y</link>"
        '<pubDate>20 Nov 2018 07:30:00 +0700</pubDate><source url="https://baolang.vn">Báo Làng</source></item>'
    )
    site.page("/rss?q=C%E1%BB%93n+S%E1%BA%BB", f"<rss><channel>{items}</channel></rss>", Content_Type="application/xml")
    signal = source(site, discovery=Discovery(signals=(f"{site.url}/rss?q={{query}}",)))
    (result,) = run(MemorySink(), Plan(queries=("Cồn Sẻ",)), signal)
    (sighting,) = result.sightings
    assert (sighting.title, sighting.outlet) == ("Lũ lên nhanh ở Cồn Sẻ", "https://baolang.vn")
    assert (result.state, result.new, result.discovered) == ("ok", 0, 0)


class Revisiting(MemorySink):
    def due_for_revisit(self, source: str, now: object) -> list[str]:
        return list(self.posts)


@pytest.mark.parametrize(("status", "headers"), [(404, {}), (410, {}), (302, {"Location": "/"})])
def test_a_page_that_is_gone_on_the_second_visit_was_withdrawn(
    site: Site, status: int, headers: dict[str, str]
) -> None:
    site.page("/", listing(path(1)))
    site.page(path(1), article("Cồn Sẻ thu hoạch lúa"))
    memory = Revisiting()
    run(memory, Plan(), source(site))
    site.page(path(1), "", status=status, **headers)
    run(memory, Plan(), source(site))
    outcome, reason = memory.outcomes[site.url + path(1)]
    assert outcome == "withdrawn"
    assert reason.startswith("đã gỡ")


def test_a_page_that_was_never_there_was_not_withdrawn(site: Site) -> None:
    site.page("/", listing(path(1)))
    memory = MemorySink()
    run(memory, Plan(), source(site))
    assert memory.outcomes[site.url + path(1)][0] == "not_found"


def test_a_page_published_before_its_text_is_read_when_it_is_looked_at_again(site: Site) -> None:
    class Again(MemorySink):
        def due_for_revisit(self, source: str, now: object) -> list[str]:
            return [url for url, (outcome, _) in self.outcomes.items() if outcome == "empty"]

    site.page("/", listing(path(1)))
    site.page(path(1), "<html><title>Cồn Sẻ thu hoạch lúa</title><body></body></html>", ETag='"1"')
    memory = Again()
    run(memory, Plan(), source(site))
    assert memory.outcomes[site.url + path(1)][0] == "empty"
    site.page(path(1), article("Cồn Sẻ thu hoạch lúa"))
    (result,) = run(memory, Plan(), source(site))
    assert (result.new, memory.outcomes[site.url + path(1)][0]) == (1, "archived")


def test_looking_again_does_not_keep_new_articles_out(site: Site) -> None:
    site.page("/", listing(path(1), path(2)))
    for number in range(4):
        site.page(path(number), article(f"Cồn Sẻ thu hoạch lúa ngày {number}"))
    limited = source(site, politeness={"max_articles": 2, "delay": 0})
    memory = Revisiting()
    run(memory, Plan(), limited)
    site.page("/", listing(path(3), path(0)))
    (result,) = run(memory, Plan(), limited)
    assert (result.new, result.unchanged) == (2, 2)


def test_an_article_that_moved_to_another_site_keeps_the_address_it_was_asked_for(site: Site) -> None:
    with serving() as other:
        other.page("/bai-chuyen-20261120073000009.htm", article("Cồn Sẻ thu hoạch lúa"))
        site.page("/", listing(path(1)))
        site.page(path(1), "", status=301, Location=f"{other.url}/bai-chuyen-20261120073000009.htm")
        memory = MemorySink()
        run(memory, Plan(), source(site))
    assert list(memory.posts) == [site.url + path(1)]


@pytest.mark.parametrize("sign", [b"", b"\xff\xfe"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_feeds_of_other_encodings_are_read(encoding: str, sign: bytes) -> None:
    text = (
        "<?xml version='1.0'?><rss><channel><item><title>Gió</title><link>https://a.vn/x</link></item></channel></rss>"
    )
    body = (sign if encoding == "utf-16-le" else b"") + text.encode(encoding)
    assert [(item.url, item.title) for item in parse_feed(body, "https://a.vn/")] == [("https://a.vn/x", "Gió")]
