"""What is tested lies after what is trained, and nothing that two items share is on both sides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.annotation import PEOPLE
from nlp.labelled import LESSONS, Collection, Item, read_item, shipped, with_texts
from nlp.splits import by_group, by_time, forward, joined, near_duplicates, overlap, runs

START = datetime(2026, 1, 1, tzinfo=UTC)
told = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 12)), max_size=80)


def hours(items: list[tuple[int, int]]) -> list[datetime]:
    return [START + timedelta(hours=hour) for hour, _ in items]


@given(items=told, share=st.floats(0.05, 0.95))
def test_tested_is_later_and_of_other_stories(items: list[tuple[int, int]], share: float) -> None:
    times, stories = hours(items), [story for _, story in items]
    split = by_time(times, stories, share)
    assert sorted([*split.train, *split.test, *split.dropped]) == list(range(len(items)))
    assert not overlap(split, lambda i: stories[i])
    if split.train and split.test:
        assert max(times[i] for i in split.train) < min(times[i] for i in split.test)


@given(items=told, folds=st.integers(1, 5))
def test_every_fold_looks_forward(items: list[tuple[int, int]], folds: int) -> None:
    times, stories = hours(items), [story for _, story in items]
    tested: list[int] = []
    for split in forward(times, stories, folds):
        assert not overlap(split, lambda i: stories[i])
        if split.train and split.test:
            assert max(times[i] for i in split.train) < min(times[i] for i in split.test)
        tested += split.test
    assert len(tested) == len(set(tested)), "nothing is tested twice"


def test_shares_that_make_no_sense() -> None:
    for share in (0, 1, -1):
        with pytest.raises(ValueError, match="share"):
            by_time([START], ["a"], share)
    with pytest.raises(ValueError, match="fold"):
        forward([START], ["a"], 0)


def test_whole_groups_are_held_out() -> None:
    groups = [i // 3 for i in range(30)]
    split = by_group(groups, every=5, first=1)
    assert not overlap(split, lambda i: groups[i])
    assert split.test == (3, 4, 5, 18, 19, 20)


def test_runs_are_neighbours() -> None:
    assert runs(["s-1", "s-10", "s-11", "t-0001", "x"]) == ["s/0", "s/0", "s/1", "t/0", "x"]


def test_near_duplicates_whatever_the_accents() -> None:
    texts = [
        "Bệnh viện huyện thiếu thuốc cả tháng nay, bà con phải ra ngoài mua",
        "benh vien huyen thieu thuoc ca thang nay, ba con phai ra ngoai mua",
        "Bệnh viện huyện vừa nhận máy chụp mới",
        "",
    ]
    assert near_duplicates(texts) == [(0, 1)]
    assert joined(["a", "b", "c", "a"], [(0, 1)]) == [0, 0, 1, 0]


def test_labels_with_texts() -> None:
    item = read_item({"url": "https://a.vn/1", "topics": [{"code": "land", "score": 1}], "certainty": "unsure"})
    assert not item.sure
    assert item.topics == ("land",)
    (found,) = with_texts([item, Item(id="2")], {"https://a.vn/1": {"title": "A", "summary": "B"}})
    assert (found.title, found.lead) == ("A", "B")


def test_our_own_labels_are_split_honestly() -> None:
    """Every second label, for time's sake; news stand in with their addresses for texts: every word of a slug."""
    items = [
        item if item.has_text else replace(item, title=item.url.rsplit("/", 1)[-1].replace("-", " "))
        for item in shipped()[::2]
    ]
    collection = Collection(items)
    split = collection.split
    assert len(items) > 1900
    assert 0.15 < len(split.test) / sum(item.set not in LESSONS for item in items) < 0.25
    assert not any(items[i].set in LESSONS for i in split.test)
    assert sum(items[i].set in LESSONS for i in split.train) > 400
    assert not overlap(split, lambda i: collection.groups[i])
    news = set(collection.news)
    times = {i: at for i in news if (at := items[i].published_at)}
    assert max(times[i] for i in split.train if i in news) < min(times[i] for i in split.test if i in news)
    topics = {topic for i in split.test for topic in items[i].topics}
    assert len(topics) == 17


def test_lessons_are_learnt_from_but_neither_tested_nor_told_of_what_is_tested() -> None:
    news = [
        Item(id=f"n{day}", title=" ".join(f"việc{day}{x}" for x in "abcdef"), published_at=START + timedelta(days=day))
        for day in range(10)
    ]
    [lesson] = LESSONS & {"news-national-2"}
    early = Item(id="e", title="giá vàng tăng phiên sáng nay", published_at=START, set=lesson)
    late = replace(early, id="l", title="họp báo ra mắt phim mới", published_at=START + timedelta(days=20))
    same = replace(early, id="s", title=news[9].title)
    collection = Collection([*news, early, late, same])
    assert {item.id for item in collection.side("test")} == {"n8", "n9"}
    assert {item.id for item in collection.side("train")} == {f"n{day}" for day in range(8)} | {"e"}


def test_our_social_texts_hardly_repeat_each_other() -> None:
    texts = [item.body for item in shipped() if item.kind in PEOPLE]
    assert len(texts) >= 1500
    twins = {place for pair in near_duplicates(texts) for place in pair}
    assert len(twins) / len(texts) < 0.02
