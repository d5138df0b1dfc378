"""Manners towards servers: robots.txt wherever a request leads, one or two requests at a time, rest when asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial

import pytest

from crawlers.run import CrawlSettings, scrapy_settings
from crawlers.sink import MemorySink
from crawlers.source import Discovery, Politeness
from tests.crawlers.server import Answer, Seen, Site, serving
from tests.crawlers.test_crawl import SANDBOX, article, listing, path, run, source

CLOSED = "User-agent: *\nDisallow: /kin/\n"


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as made:
        yield made


def test_a_redirect_to_what_robots_close_is_not_followed(site: Site) -> None:
    site.page("/robots.txt", CLOSED, Content_Type="text/plain")
    site.page("/", listing(path(1)))
    site.page(path(1), "", status=302, Location=f"/kin{path(1)}")
    memory = MemorySink()
    (result,) = run(memory, source(site))
    assert memory.outcomes[site.url + path(1)] == ("refused", "robots.txt không cho phép")
    assert result.robots == 1
    assert not [each for each in site.paths() if each.startswith("/kin/")]


def test_a_redirect_to_another_host_obeys_that_hosts_robots(site: Site) -> None:
    with serving() as other:
        other.page("/robots.txt", "User-agent: *\nDisallow: /\n", Content_Type="text/plain")
        site.page("/", listing(path(1)))
        site.page(path(1), "", status=301, Location=f"{other.url}{path(1)}")
        memory = MemorySink()
        run(memory, source(site))
        assert memory.outcomes[site.url + path(1)] == ("refused", "robots.txt không cho phép")
        assert other.paths() == ["/robots.txt"]


@pytest.mark.parametrize("allowed", [1, 2])
def test_no_more_requests_at_a_time_than_the_record_allows_whatever_the_number_of_sources(
    site: Site, allowed: int
) -> None:
    under_way, most, lock = 0, 0, threading.Lock()

    def slowly(seen: Seen) -> Answer:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.05)
        with lock:
            under_way -= 1
        return Answer(article(f"Cồn Sẻ thu hoạch lúa hè thu {seen.path}"))

    for n in range(1, 9):
        site.routes[path(n)] = slowly
    site.page("/a", listing(*(path(n) for n in range(1, 5))))
    site.page("/b", listing(*(path(n) for n in range(5, 9))))
    polite = Politeness(concurrency=allowed, delay=0)
    both = [
        source(site, name, discovery=Discovery(listings=(f"{site.url}/{name}",)), politeness=polite) for name in "ab"
    ]
    results = run(MemorySink(), *both)
    assert [each.new for each in results] == [4, 4]
    assert most == allowed


def test_real_sites_are_read_with_a_pause_that_adapts_to_their_answers(site: Site) -> None:
    settings = scrapy_settings(source(site, politeness=Politeness(delay=1.5)), CrawlSettings())
    assert (settings["DOWNLOAD_DELAY"], settings["AUTOTHROTTLE_ENABLED"]) == (1.5, True)
    assert settings["CONCURRENT_REQUESTS_PER_DOMAIN"] == settings["AUTOTHROTTLE_TARGET_CONCURRENCY"] == 1
    assert settings["ROBOTSTXT_OBEY"] is True


def test_a_server_that_names_the_time_of_the_next_request_gets_it(site: Site) -> None:
    until = datetime.now(UTC) + timedelta(hours=2)
    site.page("/", listing(path(1), path(2)))
    for number in (1, 2):
        site.page(path(number), "", status=503, Retry_After=format_datetime(until, usegmt=True))
    (result,) = run(MemorySink(), source(site), settings=SANDBOX)
    assert len([each for each in site.paths() if each.startswith("/thu-hoach")]) == 1
    assert result.resume_at is not None
    assert abs(result.resume_at - until) < timedelta(minutes=1)


def test_a_host_that_is_overloaded_is_left_alone_by_all_requests_for_half_a_minute_at_least(site: Site) -> None:
    assert scrapy_settings(source(site), CrawlSettings())["DULUAN_PATIENCE"] == 30
    asked: list[float] = []

    def page(number: int, seen: Seen) -> Answer:
        asked.append(time.monotonic())
        busy = len(asked) == 1
        return Answer("bận", 503, {"Retry-After": "0"}) if busy else Answer(article(f"Máy gặt về đồng Cồn Sẻ {number}"))

    site.page("/", listing(*map(path, range(4))))
    for number in range(4):
        site.routes[path(number)] = partial(page, number)
    (result,) = run(
        MemorySink(),
        source(site, politeness=Politeness(concurrency=1, delay=0)),
        settings=replace(SANDBOX, patience=0.4),
    )
    assert (result.new, result.state) == (4, "ok")
    assert asked[1] - asked[0] >= 0.4
