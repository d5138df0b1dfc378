"""What was published now goes before what is old; the past is read once, however many old posts come in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import count

import pytest

from crawlers.post import Post
from monitor import process, story_reach
from monitor.annotated import Annotated, AnnotationStore, document
from monitor.archive import ArchivedPost, post_id, utc_now
from monitor.installation import Installation
from monitor.process import Processor
from monitor.story_reach import Reach
from nlp.annotation import Annotation, Document
from tests.monitor.conftest import Open
from tests.monitor.test_process import agree, story_of
from tests.monitor.texts import ANGRY, COFFEE, FLOOD, FLOOD_ELSEWHERE, QUEUE, STATION, THANKS, article, thread

PLACES = ("Đông Hà", "Cam Lộ", "Vĩnh Linh", "Hướng Hóa", "Triệu Phong", "Gio Linh", "Hải Lăng", "Đakrông")
THINGS = ("cầu tạm", "chợ phiên", "trạm bơm", "lớp học", "bến cá", "vườn tiêu", "lò gạch", "đường làng")


def days_ago(days: float) -> datetime:
    return utc_now() - timedelta(days=days)


def ordinary(number: int, at: datetime) -> Post:
    """A small piece of news like no other."""
    place, thing = PLACES[number % 8], THINGS[number // 8 % 8]
    title = f"{place}: {thing} số {number} ở Quảng Trị được sửa trong {number % 5 + 2} ngày"
    return article(f"tin-{number}", {"title": title, "body": f"Thợ ở {place} làm {thing} {number}."}, at, "bao.example")


def flood_week(first: float) -> list[Post]:
    """Two outlets tell one event, days apart in the archive's order; a third tells of something else."""
    return [
        article("lu", FLOOD, days_ago(first)),
        article("tram", STATION, days_ago(first - 0.5)),
        article("chay-lu", FLOOD_ELSEWHERE, days_ago(first - 1), "khac.example"),
    ]


@pytest.fixture
def settled(installation: Installation) -> Iterator[Installation]:
    yield installation
    agree(installation)


def outcomes(installation: Installation, posts: Sequence[Post]) -> list[str]:
    found = installation.archive.get([post_id(post.canonical_url) for post in posts])
    return [found[post_id(post.canonical_url)].outcome for post in posts]


def taken_in_turn(installation: Installation, monkeypatch: pytest.MonkeyPatch, size: int) -> list[list[str]]:
    """Runs a processor to its end; the titles of each batch."""
    monkeypatch.setattr(process, "BATCH", size)
    processor, batches = Processor(installation), list[list[str]]()
    take = processor._take

    def watched(batch: Sequence[ArchivedPost]) -> process.Processed:
        done = take(batch)
        if done.total:
            batches.append([post.post.title or post.post.body for post in batch[: done.total]])
        return done

    monkeypatch.setattr(processor, "_take", watched)
    processor.run()
    return batches


def test_new_posts_first_then_month_by_month_and_in_order_of_time_within(
    settled: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    ages = {"năm": 400, "tháng": 31, "tuần": 8, "hai ngày": 2, "hôm qua": 0.9, "nay": 0.1}
    told = [ordinary(number, days_ago(age)) for number, age in enumerate(ages.values())]
    settled.archive.store_many(told)
    turns = taken_in_turn(settled, monkeypatch, 2)
    named = {post.title: age for post, age in zip(told, ages, strict=True)}
    assert [[named[title] for title in turn] for turn in turns] == [
        ["hôm qua", "nay"],
        ["tuần", "hai ngày"],
        ["tháng"],
        ["năm"],
    ]


def test_a_new_post_that_comes_meanwhile_is_taken_before_the_old_ones_that_are_left(
    settled: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "BATCH", 2)
    old, new = [ordinary(number, days_ago(60 - number)) for number in range(6)], ordinary(99, days_ago(0))
    settled.archive.store_many(old)
    steps: list[int] = []

    def progress(done: int) -> None:
        steps.append(done)
        if len(steps) == 1:
            settled.archive.store(new)

    Processor(settled).run(progress, stopping=lambda: len(steps) == 2)
    assert (outcomes(settled, [new]), outcomes(settled, old).count("new")) == (["annotated"], 4)
    Processor(settled).run()
    assert set(outcomes(settled, old)) == {"annotated"}


def test_nothing_is_understood_twice_while_the_past_is_read(
    settled: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled.archive.store_many([ordinary(number, days_ago(31 - number / 4)) for number in range(12)])
    Processor(settled).run()
    monkeypatch.setattr(story_reach, "READ", 1)
    old = [article("ca-phe", COFFEE, days_ago(30.5)), ordinary(50, days_ago(29.5)), ordinary(51, days_ago(29))]
    settled.archive.store_many(old)
    seen: list[str] = []
    understand = settled.annotator.annotate_many

    def watched(documents: Sequence[Document], *, everything: bool = False) -> list[Annotation]:
        batch = list(documents)
        seen.extend(each.id for each in batch)
        return understand(batch, everything=everything)

    monkeypatch.setattr(settled.annotator, "annotate_many", watched)
    steps: list[int] = []
    assert Processor(settled).run(steps.append) == process.Processed(annotated=2, irrelevant=1)
    assert sorted(seen) == sorted(post_id(post.canonical_url) for post in old)
    assert steps[0] == 1, "what does not concern the province waits for nothing"


def test_a_new_reply_waits_for_what_it_answers(settled: Installation) -> None:
    first, *answers = thread(days_ago(45), ANGRY, THANKS, minutes=45 * 24 * 60 / 2 - 60)
    settled.archive.store_many([*answers, first, ordinary(1, days_ago(0.5))])
    Processor(settled).run()
    assert {story_of(settled, answer) for answer in answers} == {story_of(settled, first)} != {None}
    assert set(outcomes(settled, [first, *answers])) == {"annotated"}


def test_what_waits_for_nobody_is_taken_even_if_two_answer_each_other(settled: Installation) -> None:
    one = article("mot", QUEUE, days_ago(40), kind="forum", parent_url="https://bao.example/hai.htm")
    two = article("hai", QUEUE, days_ago(0), kind="forum", parent_url="https://bao.example/mot.htm")
    settled.archive.store_many([one, two])
    assert Processor(settled).run().total == 2


def test_the_past_is_read_once_for_all_old_posts(settled: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each batch of old posts read the eight days around it anew: here some three hundred posts in all."""
    known = [ordinary(number, days_ago(40 - number / 4)) for number in range(80)]
    settled.archive.store_many(known)
    Processor(settled).run()
    read: list[str] = []
    grouped = AnnotationStore.grouped

    def watched(*arguments: object) -> dict[str, object]:
        found = grouped(*arguments)  # type: ignore[arg-type]
        read.extend(found)
        return found  # type: ignore[return-value]

    monkeypatch.setattr(AnnotationStore, "grouped", watched)
    late = [ordinary(100 + number, days_ago(36 - number / 4)) for number in range(40)]
    settled.archive.store_many(late)
    turns = taken_in_turn(settled, monkeypatch, 5)
    assert len(turns) == 8
    assert len(read) == len(set(read))
    assert set(read) >= {post_id(post.canonical_url) for post in known[4:60]}


@pytest.mark.parametrize("piece", [1, 1000])
def test_old_posts_join_the_stories_of_their_days_read_in_pieces_or_whole(
    settled: Installation, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(story_reach, "READ", piece)
    flood, station, again = flood_week(30)
    settled.archive.store_many([flood, *(ordinary(number, days_ago(31 - number / 2)) for number in range(10))])
    Processor(settled).run()
    settled.archive.store_many([station, again, ordinary(50, days_ago(0.2))])
    Processor(settled).run()
    assert story_of(settled, again) == story_of(settled, flood) != story_of(settled, station)


def test_stopped_anywhere_on_the_way_through_the_past_it_goes_on_to_the_same_stories(
    open_installation: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading for old posts writes nothing: a worker that ends there has lost nothing."""
    monkeypatch.setattr(story_reach, "READ", 2)
    monkeypatch.setattr(process, "BATCH", 2)
    installation = open_installation()
    flood, station, again = flood_week(30)
    installation.archive.store_many([flood, *(ordinary(number, days_ago(31 - number / 2)) for number in range(8))])
    Processor(installation).run()
    installation.archive.store_many([station, again, *(ordinary(20 + n, days_ago(29 - n)) for n in range(4))])
    for steps in range(1, 40):
        left = count()
        Processor(installation).run(stopping=lambda left=left, steps=steps: next(left) >= steps % 3 + 4)  # type: ignore[misc]
        agree_so_far = story_of(installation, again)
        assert agree_so_far in (None, story_of(installation, flood))
        if not installation.archive.outcomes()["new"]:
            break
    assert story_of(installation, again) == story_of(installation, flood) != story_of(installation, station)
    Processor(installation).run()
    agree(installation)


def test_two_that_work_side_by_side_tell_each_other(installation: Installation) -> None:
    """One at the present, one in the past: what the one gave a story lies within what the other knows."""
    told = [
        article("tin", FLOOD, days_ago(0.3)),
        article("chay-lu", FLOOD_ELSEWHERE, days_ago(0.2), "khac.example"),
        article("xa", STATION, days_ago(0.1)),
    ]
    installation.archive.store_many(told)
    waiting = installation.archive.waiting(3)
    documents = [document(post, local=False) for post in waiting]
    flood, again, _ = map(Annotated, waiting, installation.annotator.annotate_many(documents, everything=True))
    parts = installation.archive, installation.annotations, installation.province
    one, other = (Reach(*parts, flood.post.counted_at) for _ in range(2))
    for reach in (one, other):
        reach.read_on(again.post.counted_at)
    assigned, changes = one.assign([flood])
    other.learn(assigned, changes)
    assert [a.story_id for a in other.assign([again])[0]] == [a.story_id for a in assigned] != [None]


def test_whether_what_rises_can_be_judged_yet(installation: Installation) -> None:
    processor = Processor(installation)
    installation.archive.store_many([ordinary(1, days_ago(0)), ordinary(2, days_ago(50))])
    assert not processor.behind(days_ago(35))
    installation.archive.store(ordinary(3, days_ago(20)))
    assert processor.behind(days_ago(35))
    processor.run(index=False)
    assert not processor.behind(days_ago(365))
