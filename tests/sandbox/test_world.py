"""The world is the same for the same anchor, moves with the clock, and the truth tells it rightly."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from difflib import SequenceMatcher
from typing import Any

import pytest

from sandbox.content import BEHAVIOURS, ISSUES
from sandbox.truth import truth
from sandbox.urls import ARTICLE_PATTERNS
from sandbox.world import World
from sandbox.writing import cafef_date, long_date, short_number, slug

ANCHOR = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


def test_the_same_anchor_makes_the_same_world(world: World) -> None:
    again = World(ANCHOR)
    assert list(again.all_articles()) == list(world.all_articles())
    assert again.all_threads() == world.all_threads()
    assert again.all_messages() == world.all_messages()
    assert truth(ANCHOR) == truth(ANCHOR)


def test_an_anchor_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        World(datetime(2026, 11, 23))


def test_urls_follow_their_family_and_are_unique(world: World) -> None:
    for code, outlet in world.outlets.items():
        paths = [each.path for each in world.articles(code, ANCHOR + timedelta(days=9))]
        assert len(paths) == len(set(paths))
        assert all(re.search(ARTICLE_PATTERNS[outlet.family], path) for path in paths), code


def test_articles_come_newest_first_and_only_when_published(world: World) -> None:
    now = ANCHOR - timedelta(days=5)
    for code in world.outlets:
        times = [each.published for each in world.articles(code, now)]
        assert times == sorted(times, reverse=True)
        assert all(each <= now for each in times)


def test_something_is_published_live_after_the_start(world: World) -> None:
    live = [each for each in world.all_articles() if each.published > ANCHOR]
    assert live
    first = min(live, key=lambda each: each.published)
    before = first.published - timedelta(seconds=1)
    assert world.article(first.outlet, first.path, before) is None
    assert world.article(first.outlet, first.path, first.published) is first
    assert world.tick(first.published) > world.tick(before)


def test_copies_are_close_to_their_source_and_name_it(world: World) -> None:
    articles = {each.key: each for each in world.all_articles()}
    copies = [each for each in articles.values() if each.copy_of]
    assert copies
    for copy in copies:
        assert copy.copy_of
        source = articles[copy.copy_of]
        first = copy.versions[0].body[0]
        assert first.startswith("Theo ")
        assert world.outlets[source.outlet].name in first
        a, b = " ".join(copy.versions[0].body).split(), " ".join(source.versions[0].body).split()
        shared = sum(block.size for block in SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks())
        assert shared / min(len(a), len(b)) > 0.6, copy.key


def test_the_truth_holds_every_text_once() -> None:
    found = truth(ANCHOR)
    urls = [text["url"] for text in found["texts"]]
    assert len(urls) == len(set(urls))
    known = set(urls)
    for text in found["texts"]:
        assert text["copy_of"] is None or text["copy_of"] in known
        assert text["parent_url"] is None or text["parent_url"] in known
        assert (text["sentiment"] is None) == (text["relevance"] == 0)
        assert text["body"]
    assert {issue["kind"] for issue in found["issues"]} == set(ISSUES)
    assert {outlet["behaviour"] for outlet in found["outlets"]} == {None, *BEHAVIOURS}
    assert sum(len(story["urls"]) for story in found["stories"]) == len(urls)


def test_the_truth_at_a_moment_knows_no_future() -> None:
    now = ANCHOR - timedelta(days=1)
    texts: list[dict[str, Any]] = truth(ANCHOR, now)["texts"]
    assert max(text["published_at"] for text in texts) <= now.isoformat().replace("+00:00", "Z")
    assert len(texts) < len(truth(ANCHOR)["texts"])


def test_the_rising_issues_begin_within_48_hours() -> None:
    since = {issue["kind"]: datetime.fromisoformat(issue["since"]) for issue in truth(ANCHOR)["issues"]}
    for kind in ("disaster", "complaint", "happy"):
        assert ANCHOR - timedelta(hours=48) <= since[kind] < ANCHOR
    assert since["ramp"] < ANCHOR - timedelta(days=4)


def test_quiet_days_have_texts_but_no_flood() -> None:
    found = truth(ANCHOR, ANCHOR)
    planted = {name for issue in found["issues"] for name in issue["stories"]}
    ages = Counter(
        (ANCHOR - datetime.fromisoformat(text["published_at"])).days
        for text in found["texts"]
        if text["story"] not in planted
    )
    assert all(ages[day] for day in range(1, 21))


def test_dates_and_numbers_are_written_as_the_families_write_them() -> None:
    moment = datetime(2026, 3, 7, 6, 5, tzinfo=UTC)
    assert long_date(moment) == "Thứ bảy, 7/3/2026, 13:05 (GMT+7)"
    assert cafef_date(moment) == "07-03-2026 - 13:05 PM"
    assert short_number(1234) == "1.2K"
    assert short_number(3000) == "3K"
    assert slug("Lũ quét ở Đakrông: “7 nhà”") == "lu-quet-o-dakrong-7-nha"
