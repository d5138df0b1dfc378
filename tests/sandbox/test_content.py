"""The shipped texts are complete and sane, and wrong texts are refused with file, story and field."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from itertools import combinations
from pathlib import Path

import pytest

from sandbox.content import ISSUES, TOPICS, Content, Story, load_content
from sandbox.reading import ContentError
from sandbox.world import World

OUTLETS = """
- {code: a, name: Báo A, family: vccorp, owned: false}
- {code: b, name: Báo B, family: vccorp, owned: false, behaviour: silent, days: 6}
"""
STORY = """
- id: mot-chuyen
  about: Một chuyện
  relevance: 2
  topics: [health]
  sentiment: neutral
  places: [xã A Dơi]
  start: 3
  tellings:
    - {outlet: a, after: 0, title: Tựa, lead: Sapo, body: "Đoạn một.\\n\\nĐoạn hai."}
    - {outlet: a, after: 1, copy: 0, title: Tựa chép}
"""


@pytest.fixture(scope="module")
def content() -> Content:
    return load_content()


def written(folder: Path, story: str) -> Path:
    (folder / "stories").mkdir(exist_ok=True)
    (folder / "outlets.yaml").write_text(OUTLETS, encoding="utf-8")
    (folder / "stories" / "1.yaml").write_text(story, encoding="utf-8")
    return folder


def test_there_are_enough_stories_over_all_topics(content: Content) -> None:
    assert len(content.stories) >= 150
    topics = Counter(topic for story in content.stories for topic in story.topics)
    main = Counter(story.topics[0] for story in content.stories)
    assert not set(TOPICS) - {"other"} - set(topics)
    assert not set(TOPICS) - {"other"} - set(main)


def test_places_tellings_and_kinds_are_many(content: Content) -> None:
    stories = content.stories
    assert len({place for story in stories for place in story.places}) >= 40
    several = [story for story in stories if len({each.outlet for each in story.tellings if each.copy is None}) >= 3]
    assert len(several) >= 15
    assert sum(each.copy is not None for story in stories for each in story.tellings) >= 15
    assert {story.relevance for story in stories} == {0, 1, 2}
    assert sum(story.trap is not None for story in stories) >= 10
    assert {story.sentiment for story in stories if story.relevance} == {"negative", "neutral", "positive"}
    assert {each.outlet for story in stories for each in story.tellings} == set(content.outlets)


def test_the_four_issues_are_planted_and_talked_about(content: Content) -> None:
    for kind in ISSUES:
        planted = [story for story in content.stories if story.issue == kind]
        assert planted, kind
        assert sum(len(story.tellings) for story in planted) >= 5, kind
        days = 14 if kind == "ramp" else 2.1
        assert all(story.start <= days for story in planted), kind


def test_dates_are_sane(content: Content, world: World) -> None:
    first, last = world.anchor - timedelta(days=22), world.anchor + timedelta(days=3)
    for article in world.all_articles():
        assert first <= article.published <= last, article.key
        times = [version.at for version in article.versions]
        assert times == sorted(times), article.key
    posts = [post for thread in world.all_threads() for post in thread.posts]
    assert all(first <= each.at <= last for each in (*posts, *world.all_messages()))
    silent = next(each for each in content.outlets.values() if each.behaviour == "silent")
    newest = world.articles(silent.code, last)[0]
    assert newest.published <= world.anchor - timedelta(days=silent.days or 0)


def shingles(story: Story) -> set[tuple[str, ...]]:
    texts = [f"{each.lead or ''} {' '.join(each.body)}" for each in story.tellings if each.copy is None]
    texts += [reply.text for thread in story.threads for reply in thread.posts]
    words = re.findall(r"\w+", " ".join(texts).lower())
    return set(zip(*(words[k:] for k in range(4)), strict=False))


def test_different_stories_are_not_near_duplicates(content: Content) -> None:
    marked = [(story.id, shingles(story)) for story in content.stories]
    close = []
    for (one, a), (other, b) in combinations(marked, 2):
        shared = len(a & b) / max(1, min(len(a), len(b)))
        if shared > 0.15:
            close.append((one, other, round(shared, 2)))
    assert not close


def test_a_right_story_is_read(tmp_path: Path) -> None:
    (story,) = load_content(written(tmp_path, STORY)).stories
    assert story.tellings[0].body == ("Đoạn một.", "Đoạn hai.")
    assert story.tellings[1].copy == 0


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("relevance: 2", "relevance: 3", "relevance"),
        ("topics: [health]", "topics: [helth]", "topics: 'helth'"),
        ("places: [xã A Dơi]", "places: [A Dơi]", "places"),
        ("  sentiment: neutral\n", "", "sentiment"),
        ("outlet: a, after: 0", "outlet: x, after: 0", r"tellings[0].outlet: 'x'"),
        ("outlet: a, after: 0", "outlet: b, after: 0", "silent since"),
        ("after: 1, copy: 0", "after: 1, copy: 1", "no earlier original"),
        ("about: Một chuyện", "abuot: Một chuyện", "abuot: is not a field"),
        ("after: 1,", "after: -1,", "after"),
        ("title: Tựa,", "title: '',", "tellings[0].title"),
        ("start: 3", "start: soon", "start: must be a number"),
    ],
)
def test_a_wrong_story_is_refused_with_its_place(tmp_path: Path, old: str, new: str, named: str) -> None:
    assert old in STORY
    with pytest.raises(ContentError) as error:
        load_content(written(tmp_path, STORY.replace(old, new, 1)))
    assert "1.yaml: mot-chuyen" in str(error.value)
    assert named in str(error.value)
