"""Stories that are merged or split after they were told: archive and index follow, old ids still lead somewhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from crawlers.post import Post
from monitor.annotated import AnnotationStore
from monitor.archive import post_id
from monitor.installation import Installation
from monitor.process import Processor
from monitor.story_changes import StoryHistory
from nlp.regroup import Change
from nlp.stories import story_id
from tests.monitor.test_process import agree, all_stories
from tests.monitor.texts import article

START = datetime(2026, 11, 18, 3, 0, tzinfo=UTC)
FIRE = [
    ("Cháy chợ Hồ Xá, xã Vĩnh Linh trong đêm", "Lửa bùng lên ở dãy hàng phía đông chợ Hồ Xá lúc nửa đêm."),
    ("Cháy lớn ở chợ Hồ Xá, xã Vĩnh Linh giữa đêm", "Lửa bùng lên dữ dội ở chợ Hồ Xá."),
    (
        "Vĩnh Linh: hàng chục ki ốt bị thiêu rụi, tiểu thương mất trắng",
        "Tiểu thương khóc ngất khi ki ốt bị thiêu rụi, ước thiệt hại hàng tỉ đồng.",
    ),
    (
        "Cháy chợ Hồ Xá: hàng chục ki ốt bị thiêu rụi, tiểu thương mất trắng",
        "Lửa bùng lên trong đêm ở chợ Hồ Xá, tiểu thương mất trắng khi hàng chục ki ốt bị thiêu rụi.",
    ),
    (
        "Chợ Hồ Xá cháy trong đêm, nhiều ki ốt bị thiêu rụi",
        "Lửa bùng lên từ dãy hàng phía đông chợ Hồ Xá, hàng chục ki ốt bị thiêu rụi, tiểu thương khóc ngất.",
    ),
]
DRIFT = [
    "Lật xe khách trên quốc lộ 9, ba người bị thương",
    "Xe khách lật ở quốc lộ 9: ba người bị thương nhập viện",
    "Ba người bị thương vụ lật xe khách trên quốc lộ 9",
    "Tài xế vụ lật xe khách quốc lộ 9 làm ba người bị thương khai gì",
    "Kiểm tra nồng độ cồn tài xế xe tải trên quốc lộ 9",
    "Xử phạt tài xế xe tải vi phạm nồng độ cồn quốc lộ 9",
    "Hàng loạt tài xế xe tải bị xử phạt vì nồng độ cồn quốc lộ 9",
    "Cảnh sát kiểm tra nồng độ cồn, xử phạt tài xế xe tải quốc lộ 9",
]


def fire() -> list[Post]:
    return [
        article(f"chay-{n}", {"title": title, "lead": lead}, START + timedelta(hours=n), f"bao{n}.example")
        for n, (title, lead) in enumerate(FIRE)
    ]


def drift() -> list[Post]:
    return [article(f"xe-{n}", {"title": title}, START + timedelta(hours=n)) for n, title in enumerate(DRIFT)]


def story(post: Post) -> str:
    return story_id(post_id(post.canonical_url))


def groups(installation: Installation, posts: list[Post]) -> list[str | None]:
    known = installation.annotations.stories_of([post_id(post.canonical_url) for post in posts])
    return [known[id].story_id if (id := post_id(post.canonical_url)) in known else None for post in posts]


@pytest.fixture
def settled(installation: Installation) -> Iterator[Installation]:
    yield installation
    agree(installation)


def take_one_by_one(installation: Installation, posts: list[Post], *, restart: bool) -> None:
    processor = Processor(installation)
    for post in posts:
        installation.archive.store_many([post])
        if restart:
            processor = Processor(installation)
        processor.run()


@pytest.mark.parametrize("restart", [False, True])
def test_a_merge_reaches_archive_and_index_and_the_older_id_lives_on(settled: Installation, restart: bool) -> None:
    posts = fire()
    take_one_by_one(settled, posts[:3], restart=restart)
    younger = story(posts[2])
    assert groups(settled, posts[:3]) == [story(posts[0])] * 2 + [younger]
    take_one_by_one(settled, posts[3:], restart=restart)
    assert groups(settled, posts) == [story(posts[0])] * 5
    assert [(told.id, told.mentions) for told in all_stories(settled)] == [(story(posts[0]), 5)]
    history = StoryHistory(settled.engine)
    assert history.today(younger) == history.today(story(posts[0])) == story(posts[0])
    assert history.today("nobody") == "nobody"
    assert [(event.kind, event.other) for event in history.of(story(posts[0]))] == [("merge", younger)]


@pytest.mark.parametrize("restart", [False, True])
def test_a_split_reaches_archive_and_index(settled: Installation, restart: bool) -> None:
    posts = drift()
    take_one_by_one(settled, posts, restart=restart)
    assert groups(settled, posts) == [story(posts[0])] * 4 + [story(posts[4])] * 4
    titles = {told.id: told.title for told in all_stories(settled)}
    assert "xe khách" in titles[story(posts[0])].lower()
    assert "nồng độ cồn" in titles[story(posts[4])]


@pytest.mark.parametrize("posts", [fire(), drift()], ids=["merge", "split"])
def test_changes_within_one_batch_end_where_single_steps_end(settled: Installation, posts: list[Post]) -> None:
    settled.archive.store_many(posts)
    Processor(settled).run()
    others = [story(posts[0])] * 5 if len(posts) == 5 else [story(posts[0])] * 4 + [story(posts[4])] * 4
    assert groups(settled, posts) == others


def test_a_merge_cut_short_before_it_was_recorded_is_made_again(
    settled: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between deciding and recording: nothing was told to anybody, the next process decides the same."""
    posts = fire()
    take_one_by_one(settled, posts[:3], restart=False)
    settled.archive.store_many(posts[3:])
    seen: list[Change] = []

    def killed(self: AnnotationStore, batch: object, titles: object, changes: list[Change]) -> None:
        seen.extend(changes)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(AnnotationStore, "record", killed)
        with pytest.raises(KeyboardInterrupt):
            Processor(settled).run()
    assert [change.kind for change in seen] == ["merge"]
    assert groups(settled, posts[:3]) == [story(posts[0])] * 2 + [story(posts[2])]
    Processor(settled).run()
    assert groups(settled, posts) == [story(posts[0])] * 5
