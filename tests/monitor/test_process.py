"""Every waiting post is taken to exactly one outcome, and archive and index agree whatever happens on the way."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from crawlers.post import Post
from index.port import Index, IndexUnavailable, Mention
from monitor import indexer, process
from monitor.annotated import AnnotationStore, Story
from monitor.archive import post_id
from monitor.database import annotation_rows
from monitor.installation import Installation
from monitor.process import Processed, Processor, of_reply
from nlp.annotate import Annotator
from nlp.annotation import Annotation, Document, Place, Relevance, SentimentResult, Topic
from tests.monitor.conftest import Open
from tests.monitor.texts import (
    ANGRY,
    COFFEE,
    FLOOD,
    FLOOD_AFTER,
    FLOOD_ELSEWHERE,
    QUEUE,
    STATION,
    THANKS,
    article,
    thread,
)

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def ids(posts: Sequence[Post]) -> list[str]:
    return [post_id(post.canonical_url) for post in posts]


def story_of(installation: Installation, post: Post) -> str | None:
    id = post_id(post.canonical_url)
    found = installation.annotations.stories_of([id])
    return found[id].story_id if id in found else None


def all_stories(installation: Installation) -> list[Story]:
    return installation.annotations.stories_between(None, None)


def everything(installation: Installation) -> tuple[object, ...]:
    """All that can be seen of the posts in the index and of the stories in the archive."""
    known = sorted(installation.index.ids())
    return installation.index.get(known), all_stories(installation), installation.archive.outcomes()


def agree(installation: Installation) -> None:
    """Archive and index tell the same: relevant posts are indexed, with the story that the archive gives them."""
    min_relevance = installation.min_relevance
    with installation.archive.read() as connection:
        rows = annotation_rows.c
        query = select(rows.post_id, rows.story_id).where(rows.relevance >= min_relevance)
        kept = dict(connection.execute(query).tuples().all())
        counted = select(rows.story_id, func.count()).where(rows.story_id.is_not(None)).group_by(rows.story_id)
        members = dict(connection.execute(counted).tuples().all())
    assert {m.id: m.story for m in installation.index.get(sorted(installation.index.ids()))} == kept
    assert {story.id: story.mentions for story in all_stories(installation)} == members


@pytest.fixture
def settled(installation: Installation) -> Iterator[Installation]:
    """An installation whose archive and index are compared when the test is over."""
    yield installation
    agree(installation)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for the index takes no time."""
    monkeypatch.setattr(indexer.time, "sleep", lambda _: None)


class Broken:
    """An annotator that one text breaks."""

    def __init__(self, real: Annotator, word: str) -> None:
        self._real, self._word = real, word

    def annotate_many(self, documents: Sequence[Document], *, everything: bool = False) -> list[Annotation]:
        batch = list(documents)
        if any(self._word in document.text for document in batch):
            raise ValueError("chữ này làm hỏng mô hình")
        return self._real.annotate_many(batch, everything=everything)


class Interrupted:
    """An index whose process is killed after `writes` batches were written."""

    def __init__(self, real: Index, writes: int = 0) -> None:
        self._real, self._left = real, writes

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def upsert(self, mentions: Sequence[Mention]) -> int:
        count = self._real.upsert(mentions)
        if self._left == 0:
            raise KeyboardInterrupt
        self._left -= 1
        return count


class Away:
    """An index that does not answer while `away`."""

    def __init__(self, real: Index) -> None:
        self._real = real
        self.away = True

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def upsert(self, mentions: Sequence[Mention]) -> int:
        if self.away:
            raise IndexUnavailable("không trả lời")
        return self._real.upsert(mentions)


def use_index(installation: Installation, index: object) -> None:
    installation._index = index  # type: ignore[assignment]


# outcomes


def test_every_post_ends_with_exactly_one_outcome(settled: Installation) -> None:
    flood, coffee = article("lu", FLOOD, days_ago(1)), article("ca-phe", COFFEE, days_ago(1))
    settled.archive.store_many([flood, coffee, *thread(days_ago(1), ANGRY, THANKS)])
    assert Processor(settled).run() == Processed(annotated=4, irrelevant=1)
    assert settled.archive.outcomes() == {"new": 0, "annotated": 4, "irrelevant": 1, "failed": 0}


def test_nothing_waiting_is_nothing_done(settled: Installation) -> None:
    assert Processor(settled).run() == Processed()


def test_more_posts_than_one_batch_are_all_taken_and_each_is_counted_once(settled: Installation) -> None:
    posts = [article(f"{n}", STATION | {"title": f"Trạm y tế xã Hướng Phùng, ngày {n}"}, days_ago(9)) for n in range(7)]
    settled.archive.store_many(posts)
    steps: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "BATCH", 3)
        assert Processor(settled).run(steps.append).total == 7
    assert steps == [3, 3, 1]


def test_a_worker_that_is_told_to_stop_ends_after_the_batch_and_the_rest_goes_on_waiting(settled: Installation) -> None:
    posts = [article(f"{n}", STATION | {"title": f"Trạm y tế xã Hướng Phùng, ngày {n}"}, days_ago(9)) for n in range(7)]
    settled.archive.store_many(posts)
    steps: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "BATCH", 3)
        assert Processor(settled).run(steps.append, stopping=lambda: bool(steps)).total == 3
    assert settled.archive.outcomes()["new"] == 4
    assert Processor(settled).run().total == 4


def test_posts_that_do_not_concern_the_province_stay_in_the_archive_and_out_of_the_index(settled: Installation) -> None:
    flood, coffee = article("lu", FLOOD, days_ago(1)), article("ca-phe", COFFEE, days_ago(1))
    settled.archive.store_many([flood, coffee])
    Processor(settled).run()
    assert settled.index.ids() == set(ids([flood]))
    kept = settled.archive.get(ids([coffee]))[ids([coffee])[0]]
    assert kept.outcome == "irrelevant"
    assert kept.reason
    assert story_of(settled, coffee) is None


def test_with_index_irrelevant_they_are_indexed_too_and_keep_their_outcome(open_installation: Open) -> None:
    national = open_installation(index_irrelevant=True)
    coffee = article("ca-phe", COFFEE, days_ago(1))
    national.archive.store_many([article("lu", FLOOD, days_ago(1)), coffee])
    assert Processor(national).run() == Processed(annotated=1, irrelevant=1)
    [found] = national.index.get(ids([coffee]))
    assert found.relevance == 0
    assert found.story is not None
    agree(national)


def test_turning_index_irrelevant_off_and_processing_again_takes_them_out(open_installation: Open) -> None:
    national = open_installation(index_irrelevant=True)
    national.archive.store_many([article("lu", FLOOD, days_ago(1)), article("ca-phe", COFFEE, days_ago(1))])
    Processor(national).run()
    local = open_installation(index_irrelevant=False)
    local.archive.process_again()
    Processor(local).run()
    assert local.index.count() == 1
    agree(local)


# texts that break a model


def test_a_text_that_breaks_a_model_fails_alone_and_says_why(settled: Installation, annotator: Annotator) -> None:
    settled.__dict__["annotator"] = Broken(annotator, "siêu âm")
    bad = article("tram", STATION, days_ago(1))
    settled.archive.store_many([article("lu", FLOOD, days_ago(2)), bad, article("ca-phe", COFFEE, days_ago(1))])
    assert Processor(settled).run() == Processed(annotated=1, irrelevant=1, failed=1)
    [failed] = settled.archive.failed()
    assert failed.id == ids([bad])[0]
    assert failed.reason == "ValueError: chữ này làm hỏng mô hình"
    assert failed.attempts == 1


def test_a_failed_text_is_left_alone_until_somebody_asks_and_then_goes_the_whole_way(
    settled: Installation, annotator: Annotator
) -> None:
    settled.__dict__["annotator"] = Broken(annotator, "siêu âm")
    settled.archive.store(article("tram", STATION, days_ago(1)))
    processor = Processor(settled)
    processor.run()
    settled.__dict__["annotator"] = annotator
    assert processor.run() == Processed()
    settled.archive.retry_failed()
    assert processor.run() == Processed(annotated=1)
    assert settled.archive.outcomes()["failed"] == 0
    assert settled.index.count() == 1


def test_a_reply_whose_parent_failed_is_still_taken(settled: Installation, annotator: Annotator) -> None:
    settled.__dict__["annotator"] = Broken(annotator, "khai sinh")
    settled.archive.store_many(thread(days_ago(1), ANGRY))
    done = Processor(settled).run()
    assert (done.failed, done.total) == (1, 2)


# replies


def test_replies_inherit_what_they_leave_unsaid_and_keep_their_own_feeling(settled: Installation) -> None:
    first, angry, thanks = thread(days_ago(1), ANGRY, THANKS)
    settled.archive.store_many([first, angry, thanks])
    Processor(settled).run()
    found = settled.annotations.annotations(ids([first, angry, thanks]))
    parent, *replies = (found[id] for id in ids([first, angry, thanks]))
    assert parent.relevance.label == 2
    for reply in replies:
        assert reply.relevance.label == 2
        assert reply.relevance.reason.startswith("trả lời bài")
        assert [place.id for place in reply.places] == [place.id for place in parent.places]
        assert reply.topics == parent.topics
    stories = {story_of(settled, post) for post in (first, angry, thanks)}
    assert len(stories) == 1
    assert None not in stories
    alone = settled.annotator.annotate(Document(id="x", body=THANKS, kind="comment"), everything=True)
    assert replies[1].sentiment == alone.sentiment


def test_a_reply_that_comes_days_after_its_thread_still_joins_it(settled: Installation) -> None:
    first, reply = thread(days_ago(6), THANKS, minutes=60 * 24 * 5)
    settled.archive.store(first)
    Processor(settled).run()
    settled.archive.store(reply)
    assert Processor(settled).run() == Processed(annotated=1)
    assert story_of(settled, reply) == story_of(settled, first) is not None


def test_a_reply_of_the_same_minute_as_its_thread_is_taken_after_it(settled: Installation) -> None:
    """Forums show whole minutes; which of two ids is smaller must not decide who inherits from whom."""
    first, *replies = thread(days_ago(1), *[f"Chờ mãi luôn á {n}" for n in range(12)], minutes=0)
    settled.archive.store_many([first, *replies])
    assert Processor(settled).run() == Processed(annotated=13)


def test_a_reply_of_the_same_minute_as_its_thread_joins_its_story(settled: Installation) -> None:
    first, *replies = thread(days_ago(1), *[f"Chờ mãi luôn á {n}" for n in range(12)], minutes=0)
    settled.archive.store_many([first, *replies])
    Processor(settled).run()
    assert {story_of(settled, reply) for reply in replies} == {story_of(settled, first)}


def test_replies_to_a_thread_about_elsewhere_are_irrelevant_too(settled: Installation) -> None:
    settled.archive.store_many(thread(days_ago(1), THANKS, text=COFFEE))
    assert Processor(settled).run() == Processed(irrelevant=2)


def test_a_reply_to_a_post_nobody_has_stands_for_itself(settled: Installation) -> None:
    _, reply = thread(days_ago(1), "Ở phường Đông Hà cũng vậy, chờ cả buổi không xong.")
    settled.archive.store(reply)
    assert Processor(settled).run() == Processed(annotated=1)
    assert story_of(settled, reply) is None


def test_a_reply_names_its_own_places_and_takes_the_topic_of_its_thread() -> None:
    parent = annotation(2, places=("dong-ha",), topics=("public_services",), sentiment="negative")
    reply = of_reply(annotation(0, places=("le-thuy",), topics=("other",), sentiment="positive"), parent)
    assert reply.relevance.label == 2
    assert [place.id for place in reply.places] == ["le-thuy"]
    assert [topic.code for topic in reply.topics] == ["public_services"]
    assert reply.sentiment is not None
    assert reply.sentiment.label == "positive"


def test_a_reply_that_concerns_the_province_more_than_its_thread_keeps_its_own_relevance() -> None:
    reply = annotation(2, places=("dong-ha",), topics=("traffic",), sentiment="neutral")
    assert of_reply(reply, annotation(1, places=(), topics=(), sentiment=None)).relevance == reply.relevance


def annotation(label: int, *, places: tuple[str, ...], topics: tuple[str, ...], sentiment: str | None) -> Annotation:
    return Annotation(
        id="x",
        relevance=Relevance(label, 0.9, "tiêu đề nhắc tỉnh"),  # type: ignore[arg-type]
        places=tuple(Place(place, place, "ward", place, 0, 1) for place in places),
        topics=tuple(Topic(topic, 0.8) for topic in topics),
        sentiment=SentimentResult(sentiment, {}, "") if sentiment else None,  # type: ignore[arg-type]
    )


# stories


def test_two_outlets_that_tell_one_event_are_one_story_and_another_event_is_another(settled: Installation) -> None:
    flood = article("lu", FLOOD, days_ago(1))
    other = article("chay-lu", FLOOD_ELSEWHERE, days_ago(0.9), "khac.example")
    station = article("tram", STATION, days_ago(0.8))
    settled.archive.store_many([flood, other, station])
    Processor(settled).run()
    assert story_of(settled, flood) == story_of(settled, other) != story_of(settled, station)
    told = {story.id: story for story in all_stories(settled)}[story_of(settled, flood) or ""]
    assert (told.mentions, told.first_at, told.last_at) == (2, days_ago(1), days_ago(0.9))
    assert told.title in (flood.title, other.title)


def test_a_copy_names_the_post_that_it_copies(settled: Installation) -> None:
    flood = article("lu", FLOOD, days_ago(1))
    copy = article("lu-chep", FLOOD, days_ago(0.9), "chep.example")
    settled.archive.store_many([flood, copy])
    Processor(settled).run()
    found = {mention.id: mention.duplicate_of for mention in settled.index.get(ids([flood, copy]))}
    assert found == {ids([flood])[0]: None, ids([copy])[0]: ids([flood])[0]}


def test_a_late_post_joins_the_story_that_was_told_days_ago(settled: Installation) -> None:
    flood = article("lu", FLOOD, days_ago(9))
    later = article("tram", STATION, days_ago(1))
    settled.archive.store_many([flood, later])
    processor = Processor(settled)
    processor.run()
    late = article("chay-lu", FLOOD_ELSEWHERE, days_ago(8.9), "khac.example")
    settled.archive.store(late)
    processor.run()
    assert story_of(settled, late) == story_of(settled, flood)
    newest = article("don-bun", FLOOD_AFTER, days_ago(7), "khac.example")
    settled.archive.store(newest)
    Processor(settled).run()
    assert story_of(settled, newest) == story_of(settled, flood)


def test_stories_do_not_depend_on_how_often_the_worker_was_started_again(open_installation: Open) -> None:
    posts = [
        article("lu", FLOOD, days_ago(3)),
        article("chay-lu", FLOOD_ELSEWHERE, days_ago(2.9), "khac.example"),
        article("don-bun", FLOOD_AFTER, days_ago(2), "khac.example"),
        article("tram", STATION, days_ago(1)),
        *thread(days_ago(0.5), ANGRY, THANKS),
    ]
    restarted = open_installation()
    for post in posts:
        restarted.archive.store(post)
        Processor(restarted).run()
    stories = [story_of(restarted, post) for post in posts]
    assert stories[0] == stories[1] == stories[2] != stories[3]
    assert len(set(stories[4:])) == 1
    agree(restarted)


# revisions


def test_a_revised_post_keeps_its_story_and_is_updated_in_the_index(settled: Installation) -> None:
    flood = article("lu", FLOOD, days_ago(1))
    other = article("chay-lu", FLOOD_ELSEWHERE, days_ago(0.9), "khac.example")
    settled.archive.store_many([flood, other])
    processor = Processor(settled)
    processor.run()
    story = story_of(settled, flood)
    body = FLOOD["body"].replace("chưa ghi nhận thiệt hại về người", "một người bị thương khi kê đồ")
    settled.archive.store(article("lu", FLOOD | {"body": body}, days_ago(1)))
    assert processor.run() == Processed(annotated=1)
    [found] = settled.index.get(ids([flood]))
    assert "một người bị thương" in found.body
    assert found.story == story
    assert found.duplicate_of is None
    assert settled.index.search("“một người bị thương”").total == 1
    assert settled.index.count() == 2


def test_a_post_revised_until_it_no_longer_concerns_the_province_leaves_index_and_story(settled: Installation) -> None:
    flood = article("lu", FLOOD, days_ago(1))
    other = article("chay-lu", FLOOD_ELSEWHERE, days_ago(0.9), "khac.example")
    settled.archive.store_many([flood, other])
    processor = Processor(settled)
    processor.run()
    settled.archive.store(article("lu", COFFEE, days_ago(1)))
    assert processor.run() == Processed(irrelevant=1)
    assert settled.index.ids() == set(ids([other]))
    assert [story.mentions for story in all_stories(settled)] == [1]


def test_the_last_post_to_leave_a_story_takes_the_story_with_it(settled: Installation) -> None:
    settled.archive.store(article("lu", FLOOD, days_ago(1)))
    processor = Processor(settled)
    processor.run()
    settled.archive.store(article("lu", COFFEE, days_ago(1)))
    processor.run()
    assert all_stories(settled) == []


# crashes, and an index that comes and goes


def test_processing_everything_again_changes_nothing(settled: Installation) -> None:
    settled.archive.store_many(
        [
            article("lu", FLOOD, days_ago(3)),
            article("chay-lu", FLOOD_ELSEWHERE, days_ago(2.9), "khac.example"),
            article("lu-chep", FLOOD, days_ago(2.8), "chep.example"),
            article("ca-phe", COFFEE, days_ago(2)),
            *thread(days_ago(1), ANGRY, THANKS),
        ]
    )
    processor = Processor(settled)
    processor.run()
    before = everything(settled)
    for again in (processor, Processor(settled)):
        settled.archive.process_again()
        again.run()
        assert everything(settled) == before


@pytest.mark.parametrize("restarted", [True, False], ids=["by a new worker", "by the same worker"])
def test_an_indexing_cut_short_before_it_was_acknowledged_is_done_again_and_leaves_one_mention(
    settled: Installation, restarted: bool
) -> None:
    posts = [
        article("lu", FLOOD, days_ago(3)),
        article("chay-lu", FLOOD_ELSEWHERE, days_ago(2.9), "khac.example"),
        article("lu-chep", FLOOD, days_ago(2.8), "chep.example"),
        *thread(days_ago(1), ANGRY),
    ]
    settled.archive.store_many(posts)
    real = settled.index
    use_index(settled, Interrupted(real))
    processor = Processor(settled)
    with pytest.raises(KeyboardInterrupt):
        processor.run()
    assert real.count() == settled.changes.waiting().changes == 5
    use_index(settled, real)
    assert (Processor(settled) if restarted else processor).run() == Processed()
    assert settled.changes.waiting().changes == 0
    assert settled.index.ids() == set(ids(posts))
    copies = {mention.id: mention.duplicate_of for mention in settled.index.get(ids(posts))}
    assert copies == dict.fromkeys(ids(posts)) | {ids(posts)[2]: ids(posts)[0]}
    assert story_of(settled, posts[0]) == story_of(settled, posts[1]) == story_of(settled, posts[2])


class CutShort:
    """Annotations whose process is killed before a batch is recorded."""

    def __init__(self, real: AnnotationStore) -> None:
        self._real = real

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def record(self, *_: object) -> None:
        raise KeyboardInterrupt


@pytest.mark.parametrize("restarted", [True, False], ids=["by a new worker", "by the same worker"])
def test_an_older_post_that_came_between_crash_and_replay_does_not_split_the_story(
    settled: Installation, restarted: bool
) -> None:
    second = article("chay-lu", FLOOD_ELSEWHERE, days_ago(2.9), "khac.example")
    settled.archive.store(second)
    real, processor = settled.annotations, Processor(settled)
    settled.annotations = CutShort(real)  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        processor.run()
    settled.annotations = real
    assert settled.archive.outcomes()["new"] == 1
    first = article("lu", FLOOD, days_ago(3))
    settled.archive.store(first)
    assert (Processor(settled) if restarted else processor).run() == Processed(annotated=2)
    assert story_of(settled, first) == story_of(settled, second) is not None


def test_while_the_index_is_away_posts_are_annotated_and_what_it_must_be_told_waits(
    settled: Installation, impatient: None
) -> None:
    posts = [article("lu", FLOOD, days_ago(2)), article("ca-phe", COFFEE, days_ago(1))]
    settled.archive.store_many(posts)
    index = Away(settled.index)
    use_index(settled, index)
    processor = Processor(settled)
    for _ in range(2):
        with pytest.raises(IndexUnavailable):
            processor.run()
    outcomes, state = settled.archive.outcomes(), settled.changes.state()
    assert (outcomes["annotated"], outcomes["irrelevant"], settled.changes.waiting().changes) == (1, 1, 1)
    assert "không trả lời" in state.problem
    assert state.problem_since is not None
    index.away = False
    assert processor.run() == Processed()
    assert settled.index.ids() == set(ids(posts[:1]))
    assert (settled.changes.waiting().changes, settled.changes.state().problem) == (0, "")


def test_an_index_that_blinks_is_asked_again_within_the_run(settled: Installation, impatient: None) -> None:
    settled.archive.store(article("lu", FLOOD, days_ago(2)))
    index = Away(settled.index)
    use_index(settled, index)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(indexer.time, "sleep", lambda _: setattr(index, "away", False))
        assert Processor(settled).run() == Processed(annotated=1)


def test_an_index_that_was_deleted_is_filled_again_from_the_archive(open_installation: Open) -> None:
    first = open_installation()
    first.archive.store_many(
        [article("lu", FLOOD, days_ago(2)), article("ca-phe", COFFEE, days_ago(1)), *thread(days_ago(1), ANGRY)]
    )
    Processor(first).run()
    before = everything(first)
    first.close()
    for name in ("index.sqlite", "index.sqlite-wal", "index.sqlite-shm"):
        (first.settings.data / name).unlink(missing_ok=True)
    second = open_installation()
    assert Processor(second).run() == Processed()
    assert everything(second) == before
    assert not second.index.needs_rebuild


def test_an_index_that_is_deleted_while_posts_wait_gets_both(open_installation: Open) -> None:
    first = open_installation()
    first.archive.store(article("lu", FLOOD, days_ago(2)))
    Processor(first).run()
    first.archive.store(article("tram", STATION, days_ago(1)))
    first.close()
    os.unlink(first.settings.index_path)
    second = open_installation()
    assert Processor(second).run() == Processed(annotated=1)
    assert second.index.count() == 2
    agree(second)


def test_two_workers_of_one_folder_share_the_work_and_agree_on_the_stories(open_installation: Open) -> None:
    one, other = open_installation(), open_installation()
    first, second = Processor(one), Processor(other)
    flood = article("lu", FLOOD, days_ago(3))
    one.archive.store(flood)
    first.run()
    again = article("chay-lu", FLOOD_ELSEWHERE, days_ago(2.9), "khac.example")
    one.archive.store(again)
    second.run()
    after = article("don-bun", FLOOD_AFTER, days_ago(2), "khac.example")
    one.archive.store(after)
    first.run()
    assert len({story_of(one, post) for post in (flood, again, after)}) == 1
    agree(one)


def test_a_post_revised_while_it_was_being_processed_goes_on_waiting_with_its_new_text(
    settled: Installation, annotator: Annotator
) -> None:
    flood = article("lu", FLOOD, days_ago(1))
    settled.archive.store(flood)

    class Slow:
        def __init__(self) -> None:
            self.seen = 0

        def annotate_many(self, documents: Sequence[Document], *, everything: bool = False) -> list[Annotation]:
            batch = list(documents)
            if batch and not self.seen:
                settled.archive.store(article("lu", FLOOD | {"title": "Đông Hà: nước sông Hiếu đã rút"}, days_ago(1)))
            self.seen += len(batch)
            return annotator.annotate_many(batch, everything=everything)

    slow = Slow()
    settled.__dict__["annotator"] = slow
    Processor(settled).run()
    assert slow.seen == 2
    [found] = settled.index.get(ids([flood]))
    assert found.title == "Đông Hà: nước sông Hiếu đã rút"
    assert settled.archive.outcomes()["new"] == 0


def test_a_text_without_a_date_counts_when_it_was_seen(settled: Installation) -> None:
    undated = article("lu", FLOOD, NOW, published_at=None)
    settled.archive.store(undated)
    Processor(settled).run()
    [found] = settled.index.get(ids([undated]))
    assert found.published_at == settled.archive.get(ids([undated]))[found.id].first_seen_at


@pytest.mark.parametrize("year", [1900, 1970])
def test_a_very_old_date_breaks_nothing(settled: Installation, year: int) -> None:
    old = article("lu", FLOOD, datetime(year, 1, 2, tzinfo=UTC))
    settled.archive.store_many([old, article("tram", STATION, days_ago(1)), article("q", QUEUE, days_ago(1))])
    assert Processor(settled).run().total == 3
