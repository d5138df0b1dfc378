"""Contract: writing, paging while others write, and what survives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from index.elasticsearch.server import Server
from index.port import BadCursor, Filters, Index, MetadataChange, Sort
from index.values import fresh_name
from tests.index.conftest import NOON, Open
from tests.index.support import at, found, mention

FULL = mention(
    "day-du",
    "Mở lại đường lên Khe Sanh",
    "Sáng nay xe đã qua được.",
    lead="Thông xe sau hai ngày.",
    author="Lê An",
    kind="forum",
    sentiment="positive",
    topics=("traffic", "disaster"),
    places=("huong-hoa",),
    story="s1",
    duplicate_of="khac",
    relevance=1,
)


def test_what_is_written_comes_back(index: Index) -> None:
    index.upsert([FULL, mention("trong", "Tin không có gì thêm")])
    assert index.get(["trong", "khong-co", "day-du"]) == [mention("trong", "Tin không có gì thêm"), FULL]
    assert index.search("khe sanh").items[0].mention == FULL
    assert index.ids() == {"day-du", "trong"}


def test_writing_twice_changes_nothing(index: Index) -> None:
    assert index.upsert([FULL, FULL]) == 1
    assert index.upsert([FULL]) == 1
    assert found(index, "khe sanh") == ["day-du"]
    assert index.count() == 1


def test_a_new_text_replaces_the_old_one(index: Index) -> None:
    index.upsert([mention("a", "Cầu tạm bị cuốn trôi")])
    index.upsert([mention("a", "Cầu tạm đã nối lại")])
    assert found(index, '"cuốn trôi"') == []
    assert found(index, '"nối lại"') == ["a"]
    assert found(index, "=tạm") == ["a"]


def test_the_last_of_equal_ids_wins(index: Index) -> None:
    index.upsert([mention("a", "Bản đầu"), mention("b", "Bản khác"), mention("a", "Bản sau")])
    assert found(index, "đầu") == []
    assert found(index, "sau") == ["a"]


def test_a_changed_date_moves_the_mention(index: Index) -> None:
    index.upsert([mention("a", "Tin một"), mention("b", "Tin hai", minutes=1)])
    assert found(index, "tin") == ["b", "a"]
    index.upsert([mention("a", "Tin một", minutes=2)])
    assert found(index, "tin") == ["a", "b"]
    assert found(index, "tin", Filters(until=NOON + timedelta(minutes=1))) == []


def test_metadata_changes_leave_text_and_other_fields(index: Index) -> None:
    index.upsert([FULL])
    assert index.update([MetadataChange("day-du", story="s2", topics=())]) == 1
    changed = index.get(["day-du"])[0]
    assert (changed.story, changed.topics, changed.places, changed.sentiment) == ("s2", (), ("huong-hoa",), "positive")
    assert (changed.title, changed.author, changed.duplicate_of) == (FULL.title, FULL.author, "khac")
    assert found(index, "khe sanh story:s2") == ["day-du"]
    assert found(index, "topic:traffic") == []
    index.update([MetadataChange("day-du", sentiment="negative", relevance=2, duplicate_of="x")])
    changed = index.get(["day-du"])[0]
    assert (changed.sentiment, changed.relevance, changed.duplicate_of) == ("negative", 2, "x")


def test_delete(index: Index) -> None:
    index.upsert([FULL, mention("b", "Khe Sanh vào hội")])
    assert index.delete(["day-du", "khong-co", "day-du"]) == 1
    assert found(index, "khe sanh") == ["b"]
    assert found(index, "đường") == []
    assert index.get(["day-du"]) == []
    assert index.delete([]) == 0


def test_clear(index: Index) -> None:
    index.upsert([FULL])
    assert index.count() == 1
    index.clear()
    assert (found(index), index.ids(), index.facets()["source"]) == ([], set(), [])
    index.upsert([mention("b", "Bắt đầu lại", source="moi")])
    assert found(index, "bắt đầu source:moi") == ["b"]


def test_half_a_surrogate_pair_does_no_harm(index: Index) -> None:
    index.upsert([mention("a", "Mưa \ud83d to"), mention("b", "Gió\x00 lớn", minutes=1)])
    assert found(index, "mưa OR gió") == ["b", "a"]
    assert found(index, "to") == ["a"]


@pytest.mark.parametrize("sort", ["newest", "relevance"])
def test_pages_are_whole_among_equal_times(index: Index, sort: Sort) -> None:
    index.upsert([mention(f"m{i:02}", "Tin nhanh", "chung" if i % 2 else "") for i in range(25)])
    whole = found(index, "tin nhanh", sort=sort)
    names, cursor = [], None
    while True:
        page = index.search("tin nhanh", sort=sort, limit=4, cursor=cursor)
        assert page.total == 25
        names += [hit.mention.id for hit in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert names == whole
    assert len(set(names)) == 25


@pytest.mark.parametrize("sort", ["newest", "relevance"])
def test_new_mentions_never_shift_pages(index: Index, sort: Sort) -> None:
    index.upsert([mention(f"m{i}", "Tin nhanh " + "thêm " * i) for i in range(12)])
    expected = found(index, "tin nhanh", sort=sort)
    names, cursor = [], None
    for turn in range(10):
        page = index.search("tin nhanh", sort=sort, limit=3, cursor=cursor)
        names += [hit.mention.id for hit in page.items]
        if (cursor := page.next) is None:
            break
        index.upsert([mention(f"x{turn}{i}", "Tin nhanh tin nhanh", minutes=turn + 1) for i in range(3)])
    assert names == expected


@pytest.mark.parametrize("sort", ["newest", "relevance"])
def test_cursors_work_in_another_process(index: Index, open_again: Open, sort: Sort) -> None:
    index.upsert([mention(f"m{i}", "Tin nhanh " + "thêm " * i) for i in range(12)])
    expected = found(index, "tin nhanh", sort=sort)
    first = index.search("tin nhanh", sort=sort, limit=5)
    second = open_again().search("tin nhanh", sort=sort, limit=7, cursor=first.next)
    assert [hit.mention.id for hit in (*first.items, *second.items)] == expected


def test_foreign_cursors_are_refused(index: Index) -> None:
    index.upsert([mention(f"m{i}", "Tin nhanh") for i in range(5)])
    cursor = index.search("tin", limit=2).next
    assert cursor
    index.search("tin ", limit=2, cursor=cursor)  # the same query, written differently
    for query, filters, bad in [
        ("nhanh", None, cursor),
        ("tin", Filters(kind=("news",)), cursor),
        ("tin", None, cursor[:-3]),
        ("tin", None, "x" + cursor[1:]),
        ("tin", None, "không phải"),
        ("tin", None, "e30"),
    ]:
        with pytest.raises(BadCursor):
            index.search(query, filters, cursor=bad)
    with pytest.raises(BadCursor):
        index.search("tin", sort="relevance", cursor=cursor)


def test_everything_is_there_after_reopening(index: Index, open_again: Open) -> None:
    index.upsert([FULL, mention("b", "Khe Sanh vào hội", minutes=1)])
    index.update([MetadataChange("b", topics=("culture_sports",))])
    index.close()
    again = open_again()
    assert found(again, "khe sanh") == ["b", "day-du"]
    assert found(again, "topic:culture_sports") == ["b"]
    assert again.get(["day-du"]) == [FULL]


def test_another_process_sees_what_is_written(index: Index, open_again: Open) -> None:
    reader = open_again()
    assert found(reader) == []
    index.upsert([mention("a", "Tin một", story="s1")])
    assert found(reader, "story:s1") == ["a"]
    index.upsert([mention(f"b{i}", "Tin", minutes=i - 50, source=f"n{i}") for i in range(100)])
    index.update([MetadataChange("a", story="s2")])
    index.delete(["b0"])
    assert found(reader, "story:s2") == ["a"]
    assert reader.count() == 100
    index.clear()
    assert found(reader) == []
    index.upsert([mention("c", "Tin ba", story="s9")])
    assert [b.value for b in reader.facets()["story"]] == ["s9"]


def test_readers_read_while_one_writes(index: Index, open_again: Open) -> None:
    """Each batch has ten mentions of one story, so every answer must hold a multiple of ten."""
    errors: list[BaseException] = []
    done = threading.Event()

    def read(reader: Index) -> None:
        try:
            while not done.is_set():
                page = reader.search("đợt", limit=5)
                assert page.total % 10 == 0
                facet = reader.facets("đợt", fields=["story"], limit=1000)["story"]
                assert all(bucket.count == 10 for bucket in facet)
                assert sum(point.count for point in reader.series("đợt")) % 10 == 0
                reader.search("đợt mới", sort="relevance", limit=5)
        except BaseException as error:
            errors.append(error)

    other = open_again()
    threads = [threading.Thread(target=read, args=(reader,)) for reader in (index, index, other, other)]
    for thread in threads:
        thread.start()
    deadline, turn = time.monotonic() + 1, 0
    while (time.monotonic() < deadline or turn < 6) and not errors:
        index.upsert([mention(f"{turn}-{i}", f"Đợt mới {turn}", minutes=-turn, story=f"s{turn}") for i in range(10)])
        turn += 1
    done.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert other.count("đợt") == 10 * turn


def test_scanning_shows_everything_that_is_stored(index: Index) -> None:
    assert list(index.scan()) == []
    others = [mention(f"m{i:04}", f"Tin {i}", minutes=-60 * i) for i in range(1100)]
    index.upsert([FULL, *others])
    held = sorted(index.scan(), key=lambda each: each.mention.id)
    assert [each.mention for each in held] == [FULL, *others]
    assert all(each.in_place for each in held)
    assert index.check() == []


def test_whole_months_that_are_past_are_dropped(index: Index) -> None:
    dates = ["2025-08-31T23:59:59Z", "2025-09-01T00:00:00Z", "2025-09-30T16:59:59Z", "2025-10-01T00:00:00Z"]
    index.upsert([mention(f"m{i}", "Tin", published_at=at(date)) for i, date in enumerate(dates)])
    assert index.drop_before(at("2025-09-20T00:00:00Z")) == 1  # September is not over yet
    assert found(index, "tin") == ["m3", "m2", "m1"]
    assert index.drop_before(at("2025-10-02T00:00:00Z")) == 2
    assert index.drop_before(at("2025-10-02T00:00:00Z")) == 0
    assert found(index, "tin") == ["m3"]
    index.upsert([mention("m1", "Tin", published_at=at(dates[1]))])
    assert found(index, "tin") == ["m3", "m1"]


def test_a_date_corrected_over_months_and_back_leaves_one_mention(index: Index) -> None:
    """Also when the same batch names it twice, and when only its date changes."""
    for date in ("2025-10-31T23:59:59Z", "2025-11-01T00:00:00Z", "2025-10-31T23:59:59Z"):
        index.upsert([mention("a", "Tin", published_at=at("2023-01-01T00:00:00Z")), mention("b", "Tin")])
        index.upsert([mention("a", "Tin", published_at=at(date)), mention("b", "Tin")])
        assert sorted(each.mention.id for each in index.scan()) == ["a", "b"]
        assert index.get(["a"])[0].published_at == at(date)
        assert index.count("tin") == 2


def test_an_index_built_beside_takes_over_at_one_blow(index: Index, open_again: Open) -> None:
    index.upsert([mention("a", "Tin cũ"), mention("b", "Tin cũ", published_at=at("2024-05-01T00:00:00Z"))])
    index.rebuilt()
    other = open_again()
    assert found(other, "cũ") == ["a", "b"]
    name, before = fresh_name(), index.name
    built = index.beside(name)
    assert built.needs_rebuild
    built.upsert([mention("c", "Tin mới"), mention("d", "Tin mới", published_at=at("2023-05-01T00:00:00Z"))])
    built.rebuilt()
    assert (found(built, "tin"), found(index, "tin"), index.name) == (["c", "d"], ["a", "b"], before)
    again = index.beside(name)  # another process goes on with it
    assert (again.needs_rebuild, found(again)) == (False, ["c", "d"])
    index.put_in_force(name)
    for each in (index, other, open_again()):
        assert (found(each, "tin"), each.name, each.needs_rebuild) == (["c", "d"], name, False)
    other.upsert([mention("b", "Tin cũ", published_at=at("2024-05-01T00:00:00Z"))])  # a month of before
    index.upsert([mention("c", "Tin mới hơn")])
    assert found(other, "tin") == ["c", "b", "d"]
    assert index.drop_others() == []
    for opened in (built, again):
        opened.close()


def test_what_was_left_beside_is_dropped_and_harms_nothing(index: Index) -> None:
    index.upsert([mention("a", "Tin")])
    for name in ("x1", "x2"):
        built = index.beside(name)
        built.upsert([mention("z", "Dở dang")])
        built.close()
    assert found(index) == ["a"]
    assert index.drop_others("x2") == ["x1"]
    assert index.drop_others() == ["x2"]
    assert found(index) == ["a"]
    assert index.ids() == {"a"}


@pytest.mark.parametrize("sort", ["newest", "relevance"])
def test_pages_go_on_after_another_index_took_over(index: Index, sort: Sort) -> None:
    mentions = [mention(f"m{i}", "Tin nhanh " + "thêm " * i) for i in range(12)]
    index.upsert(mentions)
    expected = found(index, "tin nhanh", sort=sort)
    first = index.search("tin nhanh", sort=sort, limit=5)
    name = fresh_name()
    built = index.beside(name)
    built.upsert(mentions)
    index.put_in_force(name)
    second = index.search("tin nhanh", sort=sort, limit=7, cursor=first.next)
    names = [hit.mention.id for hit in (*first.items, *second.items)]
    assert len(names) == len(set(names))
    if sort == "newest":  # what is left over in the old index weighs in the old scores
        assert names == expected
    built.close()


def test_a_renewed_index_is_empty_and_waits_for_its_rebuild(index: Index, open_again: Open) -> None:
    index.upsert([FULL])
    index.rebuilt()
    other = open_again()
    assert not other.needs_rebuild
    index.renew()
    if index.count():  # a sound file is no reason to begin again
        index.clear()
        return
    assert (other.needs_rebuild, found(other)) == (True, [])


_WRITER = """
import sys
from pathlib import Path
from index.elasticsearch.server import Server
from index.engine import open_index
from tests.index.conftest import ANALYZER
from tests.index.support import mention
engine, path, *where = sys.argv[1:]
server = Server((where[0],), where[1]) if where else None
index = open_index(engine, path=Path(path), analyzer=ANALYZER, server=server)
for turn in range(10_000):
    index.upsert([mention(f"{turn}-{i}", f"Lượt {turn}", "lời dài " * 50, story=f"s{turn}") for i in range(100)])
    print(turn, flush=True)
"""


def test_a_killed_writer_leaves_whole_batches(
    open_again: Open, engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    index = open_again()
    arguments = [engine, str(tmp_path / "index.db")]
    if engine == "elasticsearch":
        server: Server = request.getfixturevalue("server")
        arguments += [server.urls[0], server.prefix]
    for turns in (1, 3, 4):
        process = subprocess.Popen(
            [sys.executable, "-c", _WRITER, *arguments],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert process.stdout is not None
        for _ in range(turns):
            acknowledged = int(process.stdout.readline())
        time.sleep(0.004 * turns)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        stories = index.facets("lượt", fields=["story"], limit=10_000)["story"]
        assert all(bucket.count == 100 for bucket in stories)
        assert len(stories) > acknowledged
        assert index.count("dài") == index.count() == len(index.ids()) == 100 * len(stories)
    assert index.upsert([FULL]) == 1
