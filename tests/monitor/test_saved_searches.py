"""Saved searches in the archive: owners apart, and nothing between two visits is lost."""

from __future__ import annotations

import time

import pytest

from crawlers.post import Post
from monitor.installation import Installation
from monitor.saved_searches import MOST, SavedSearchError


def test_owners_do_not_see_each_other(installation: Installation) -> None:
    saved = installation.saved_searches
    mine = saved.add("an", "Lũ", "lũ", {"topic": ["disaster"]})
    saved.add("binh", "Lũ", "lũ", {})
    assert [(each.name, each.conditions) for each in saved.of("an")] == [("Lũ", {"topic": ["disaster"]})]
    assert saved.get("binh", mine.id) is None
    assert not saved.change("binh", mine.id, name="Khác")
    assert not saved.visited("binh", mine.id)
    assert not saved.remove("binh", mine.id)
    assert saved.remove("an", mine.id)
    assert saved.of("an") == []


def test_there_is_an_end_to_them(installation: Installation) -> None:
    for number in range(MOST):
        installation.saved_searches.add("an", f"Tìm {number}", "", {})
    with pytest.raises(SavedSearchError, match="xóa bớt"):
        installation.saved_searches.add("an", "Thêm", "", {})


def test_a_post_on_its_way_to_the_index_is_new_at_the_next_visit(installation: Installation) -> None:
    saved = installation.saved_searches
    mine = saved.add("an", "Lũ", "lũ", {})
    time.sleep(0.01)
    address = "https://tin.example.vn/lu.html"
    installation.archive.store(Post(url=address, canonical_url=address, source="s", title="Lũ về", method="test"))
    post = installation.archive.waiting(1)[0]
    time.sleep(0.01)
    assert saved.visited("an", mine.id)
    kept = saved.get("an", mine.id)
    assert kept is not None
    assert kept.visited_at == post.first_seen_at
