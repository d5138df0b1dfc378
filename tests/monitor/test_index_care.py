"""The index is told everything, once it answers; it is compared, repaired and built anew without anyone noticing."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from index.port import IndexUnavailable, Mention, Refused
from monitor import indexer as indexing
from monitor import reindex as reindexing
from monitor.annotated import Annotated
from monitor.archive import post_id
from monitor.change_log import BUILT
from monitor.indexer import Indexer
from monitor.installation import Installation
from monitor.process import Processor
from monitor.reindex import AlreadyRunning, abandon, reindex
from monitor.verify import repair, verify
from nlp.annotation import Annotation, Relevance, SentimentResult
from tests.monitor.conftest import Open
from tests.monitor.texts import COFFEE, FLOOD, FLOOD_AFTER, STATION, article

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


def annotation(id: str, relevance: int = 2) -> Annotation:
    feeling = SentimentResult("neutral", {"neutral": 1.0}, "")
    return Annotation(id=id, relevance=Relevance(relevance, 1.0, "thử"), sentiment=feeling)


def filled(installation: Installation, count: int, *, relevance: int = 2, first: int = 0) -> list[str]:
    """Posts that are annotated already, without the models; the index has not heard of them."""
    archive = installation.archive
    made = [
        article(f"bai-{n}", {"title": f"Tin số {n}", "body": f"Nước lên ở thôn {n}."}, NOW - timedelta(days=3 * n))
        for n in range(first, first + count)
    ]
    archive.store_many(made)
    ids = [post_id(post.canonical_url) for post in made]
    posts = archive.get(ids)
    batch = [Annotated(posts[id], annotation(id, relevance), f"s-{id}") for id in ids]
    installation.annotations.record(batch, {a.story_id: "Vụ việc" for a in batch if a.story_id})
    return ids


@pytest.fixture
def agreeing(installation: Installation) -> Iterator[Installation]:
    """Archive and index must agree in everything when the test is over."""
    yield installation
    found = verify(installation)
    assert found.sound, found
    assert found.waiting == 0


def tell(installation: Installation) -> None:
    Indexer(installation).run()


# the change log


def test_what_is_recorded_is_told_and_leaves_the_log(agreeing: Installation) -> None:
    ids = filled(agreeing, 5)
    assert agreeing.changes.waiting().changes == 5
    tell(agreeing)
    assert agreeing.changes.waiting().changes == 0
    assert agreeing.index.ids() == set(ids)


def test_a_post_understood_anew_changes_metadata_only(agreeing: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = filled(agreeing, 3)
    tell(agreeing)
    monkeypatch.setattr(type(agreeing.index), "upsert", lambda *_: pytest.fail("the text did not change"))
    posts = agreeing.archive.get(ids)
    agreeing.annotations.record([Annotated(posts[id], annotation(id), "s-moi") for id in ids], {"s-moi": "Mới"})
    tell(agreeing)
    assert {mention.story for mention in agreeing.index.get(ids)} == {"s-moi"}


def test_metadata_of_a_mention_that_the_index_lost_brings_the_whole_of_it(agreeing: Installation) -> None:
    ids = filled(agreeing, 3)
    tell(agreeing)
    agreeing.index.delete(ids[:1])
    agreeing.changes.tell(ids, "metadata")
    tell(agreeing)
    assert agreeing.index.ids() == set(ids)


def test_a_change_noted_while_the_batch_is_written_is_told_next(
    agreeing: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The archive's last word wins, though the batch held the word before."""
    [id] = filled(agreeing, 1)
    real = type(agreeing.index).upsert
    posts = agreeing.archive.get([id])

    def slow(index: object, mentions: list[Mention]) -> int:
        monkeypatch.setattr(type(agreeing.index), "upsert", real)
        agreeing.annotations.record([Annotated(posts[id], annotation(id), "s-sau")], {"s-sau": "Sau"})
        return real(index, mentions)  # type: ignore[arg-type]

    monkeypatch.setattr(type(agreeing.index), "upsert", slow)
    tell(agreeing)
    assert agreeing.index.get([id])[0].story == "s-sau"


def test_one_mention_that_cannot_be_written_holds_up_nobody_and_is_named(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = filled(installation, 30)
    bad, real = ids[7], type(installation.index).upsert

    def choosy(index: object, mentions: list[Mention]) -> int:
        if any(mention.id == bad for mention in mentions):
            raise OverflowError("quá lớn")
        return real(index, mentions)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(type(installation.index), "upsert", choosy)
        tell(installation)
        assert installation.index.ids() == set(ids) - {bad}
        found = verify(installation)
        assert (found.refused, found.missing, found.sound) == ({bad: "OverflowError: quá lớn"}, [], False)
    repair(installation, found)
    assert verify(installation).sound


def test_an_index_that_refuses_everything_is_away_and_nothing_is_set_aside(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(installation, 30)

    def closed(_: object, mentions: list[Mention]) -> int:
        raise Refused({mention.id: "ánh xạ lạ" for mention in mentions})

    monkeypatch.setattr(type(installation.index), "upsert", closed)
    monkeypatch.setattr(indexing.time, "sleep", lambda _: None)
    with pytest.raises(IndexUnavailable, match="ánh xạ lạ"):
        tell(installation)
    assert (installation.changes.waiting().changes, installation.changes.refusals()) == (30, {})


def test_the_worker_asks_an_index_that_is_away_with_growing_pauses(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(installation, 1)
    clock, asked = [1000.0], 0

    def away(*_: object) -> int:
        nonlocal asked
        asked += 1
        raise IndexUnavailable("không trả lời")

    monkeypatch.setattr(indexing.time, "monotonic", lambda: clock[0])
    worker = Indexer(installation)
    with monkeypatch.context() as patch:
        patch.setattr(type(installation.index), "upsert", away)
        for _ in range(120):
            with contextlib.suppress(IndexUnavailable):
                worker.turn()
            clock[0] += 1.0
    assert asked == 8  # after 1, 2, 4, 8, 16, 30, 30 seconds
    clock[0] += 30.0
    assert worker.turn() == 1


# retention


def test_past_months_leave_the_index_for_good(open_installation: Open) -> None:
    it = open_installation(keep_days=60)
    ids = filled(it, 40)
    tell(it)
    posts = it.archive.get(ids)
    limit = (datetime.now(UTC) - timedelta(days=60)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    kept = {id for id in ids if posts[id].counted_at >= limit}
    assert len(kept) < 40
    assert Indexer(it).drop_past_months() == 40 - len(kept)
    assert it.index.ids() == kept
    it.changes.tell(ids)
    tell(it)
    reindex(it)
    assert it.index.ids() == kept
    assert verify(it).sound


# verifying


def test_every_kind_of_difference_is_found_and_repaired(installation: Installation) -> None:
    ids = filled(installation, 8)
    tell(installation)
    index = installation.index
    [stale] = index.get(ids[1:2])
    index.delete(ids[:1])
    index.upsert(
        [
            Mention(id="la", url="https://x.example/la", source="x", title="Lạ", published_at=NOW),
            Mention(**{**{name: getattr(stale, name) for name in Mention.__slots__}, "body": "Khác."}),
        ]
    )
    found = verify(installation)
    assert (found.missing, found.extra, found.stale, found.waiting) == (ids[:1], ["la"], ids[1:2], 0)
    assert verify(installation) == found  # looking changes nothing
    repair(installation, found)
    assert verify(installation).sound
    assert index.ids() == set(ids)


def test_what_the_log_still_names_is_no_difference(installation: Installation) -> None:
    filled(installation, 3)
    found = verify(installation)
    assert (found.sound, found.waiting) == (True, 3)


def damage(path: Path) -> None:
    """Writes nonsense over the last part of a file: its beginning, which opening reads, stays sound."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        for page in range(size // 4096 * 2 // 3, size // 4096):
            file.seek(page * 4096)
            file.write(b"\xff" * 2048)


@pytest.mark.parametrize("met_by", ["verify", "reader", "writer"])
def test_a_damaged_file_is_noticed_and_filled_again_from_the_archive(open_installation: Open, met_by: str) -> None:
    first = open_installation()
    ids = filled(first, 200)
    tell(first)
    first.close()
    damage(first.settings.index_path)
    it = open_installation()
    assert not it.index.needs_rebuild
    if met_by == "verify":
        found = verify(it)
        assert found.problems
        repair(it, found)
    elif met_by == "reader":
        with pytest.raises(IndexUnavailable, match="hỏng"):
            it.index.get(ids)
    else:
        ids += filled(it, 5, first=300)
    tell(it)
    assert it.index.ids() == set(ids)
    assert verify(it).sound


# building anew


def test_building_anew_while_others_write_and_search_loses_nothing(
    agreeing: Installation, open_installation: Open
) -> None:
    ids = set(filled(agreeing, 600))
    tell(agreeing)
    other, errors, done = open_installation(), [], threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                assert other.index.count("nước") >= 600
        except BaseException as error:
            errors.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    at: list[tuple[int, int]] = []

    def meanwhile(count: int, total: int) -> None:
        at.append((count, total))
        if len(at) < 4:
            ids.update(filled(agreeing, 5, first=600 + 10 * len(at)))
            Indexer(agreeing).turn()  # the worker goes on telling the index in force
            assert agreeing.index.count() == 600 + 5 * len(at)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(indexing, "BATCH", 100)
        done_it = reindex(agreeing, meanwhile)
    done.set()
    reader.join()
    assert errors == []
    assert (done_it.mentions, done_it.refused, done_it.resumed) == (len(ids), 0, False)
    assert at[0] == (0, 600)
    assert at[-1] == (600, 600)
    assert other.index.ids() == agreeing.index.ids() == ids
    assert agreeing.changes.state().building is None
    assert len(list(agreeing.settings.data.glob("index*.sqlite"))) == 2  # the link and its file


class Killed(BaseException):
    """The process ends here."""


def interrupted_at(moment: str, patch: pytest.MonkeyPatch, installation: Installation) -> None:
    """Lets the reindexing die at a moment of its way."""

    def die(*_: object, **__: object) -> None:
        raise Killed

    if moment == "begun":
        patch.setattr(reindexing, "_fill", die)
    elif moment == "half filled":
        patch.setattr(indexing, "BATCH", 100)
        real = Indexer.drain
        left = [3]

        def some(self: Indexer, index: object, target: object, progress: Callable[[int], None] | None = None) -> int:
            def count(n: int) -> None:
                left[0] -= 1
                if not left[0]:
                    raise Killed

            return real(self, index, target, count)  # type: ignore[arg-type]

        patch.setattr(Indexer, "drain", some)
    elif moment == "before the switch":
        patch.setattr(type(installation.index), "put_in_force", die)
    else:
        patch.setattr(type(installation.changes), "end", die)


@pytest.mark.parametrize("moment", ["begun", "half filled", "before the switch", "after the switch"])
def test_a_reindexing_that_was_killed_is_gone_on_with(agreeing: Installation, moment: str) -> None:
    ids = filled(agreeing, 600)
    tell(agreeing)
    with pytest.MonkeyPatch.context() as patch:
        interrupted_at(moment, patch, agreeing)
        with pytest.raises(Killed):
            reindex(agreeing)
    assert agreeing.index.ids() == set(ids)
    more = filled(agreeing, 3, first=900)
    tell(agreeing)
    assert agreeing.index.ids() == {*ids, *more}
    done = reindex(agreeing)
    assert done.resumed == (moment in ("half filled", "before the switch", "begun"))
    assert agreeing.index.ids() == {*ids, *more}
    assert (agreeing.changes.state().building, agreeing.changes.waiting(BUILT).changes) == (None, 0)
    assert agreeing.index.drop_others() == []


def test_what_a_killed_reindexing_left_is_dropped_when_asked(agreeing: Installation) -> None:
    filled(agreeing, 10)
    tell(agreeing)
    with pytest.MonkeyPatch.context() as patch:
        interrupted_at("begun", patch, agreeing)
        with pytest.raises(Killed):
            reindex(agreeing)
    assert agreeing.changes.waiting(BUILT).changes == 10
    assert abandon(agreeing)
    assert not abandon(agreeing)
    assert (agreeing.changes.waiting(BUILT).changes, agreeing.index.drop_others()) == (0, [])


def test_one_reindexing_at_a_time(agreeing: Installation) -> None:
    filled(agreeing, 10)

    def second(*_: int) -> None:
        with pytest.raises(AlreadyRunning):
            reindex(agreeing)
        assert not abandon(agreeing)

    reindex(agreeing, second)


def test_posts_processed_for_real_agree_after_reindexing(agreeing: Installation) -> None:
    texts = {"lu": FLOOD, "tram": STATION, "ca-phe": COFFEE, "sau-lu": FLOOD_AFTER}
    agreeing.archive.store_many([article(name, text, NOW) for name, text in texts.items()])
    Processor(agreeing).run()
    before = agreeing.index.get(sorted(agreeing.index.ids()))
    reindex(agreeing)
    assert agreeing.index.get(sorted(agreeing.index.ids())) == before
