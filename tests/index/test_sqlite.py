"""What only the SQLite engine promises: rebuilding, checking, time limits, its memory of columns."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from index.engine import open_index
from index.port import DIMENSIONS, Analyzer, Filters, IndexUnavailable, MetadataChange
from index.sqlite import SqliteIndex, names, rank, vectors, writer
from tests.index.conftest import ANALYZER, NOON
from tests.index.support import found, mention


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "index.db"


@pytest.fixture
def index(path: Path) -> Iterator[SqliteIndex]:
    opened = SqliteIndex(path, analyzer=ANALYZER, clock=lambda: NOON)
    yield opened
    opened.close()


def test_unknown_engines_are_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="lucene"):
        open_index("lucene", path=path, analyzer=ANALYZER)


def test_a_new_file_waits_for_its_rebuild(index: SqliteIndex, path: Path) -> None:
    assert index.needs_rebuild
    index.upsert([mention("a", "Tin")])
    assert SqliteIndex(path, analyzer=ANALYZER).needs_rebuild
    index.rebuilt()
    assert not index.needs_rebuild
    again = SqliteIndex(path, analyzer=ANALYZER)
    assert not again.needs_rebuild
    assert again.count() == 1
    again.clear()
    assert not again.needs_rebuild


def test_another_analyzer_or_version_empties_the_file(index: SqliteIndex, path: Path) -> None:
    index.upsert([mention("a", "Tin")])
    index.rebuilt()
    other = SqliteIndex(path, analyzer=Analyzer(str.lower, str.lower))
    assert (other.needs_rebuild, other.count()) == (True, 0)
    assert found(index) == []  # the process that was open before does not show what is gone
    other.close()
    with sqlite3.connect(path) as conn:
        conn.execute("UPDATE state SET version = 0, rebuild = 0")
    assert SqliteIndex(path, analyzer=ANALYZER).needs_rebuild


def test_a_file_of_before_there_were_vectors_learns_them(index: SqliteIndex, path: Path) -> None:
    index.upsert([mention("a", "Sạt lở đường lên Khe Sanh")])
    index.rebuilt()
    index.close()
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("DROP TABLE vector")
    vector = bytes([1] * DIMENSIONS)
    with closing(SqliteIndex(path, analyzer=ANALYZER)) as again:
        assert not again.needs_rebuild
        again.update([MetadataChange("a", vector=vector)])
        assert [each.id for each in again.similar(vector)] == ["a"]


def around(centres: np.ndarray, count: int, random: np.random.Generator) -> list[bytes]:
    """Vectors near so many centres in turn, all of them with much in common as those of texts have."""
    rows = 2 + centres[np.arange(count) % len(centres)] + 0.3 * random.normal(size=(count, DIMENSIONS))
    return [np.round(row * 127 / np.abs(row).max()).astype(np.int8).tobytes() for row in rows]


def test_sketches_name_the_nearest_of_very_many(index: SqliteIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every vector compared, and those that sketches choose: the same answers, also after changes and with filters."""
    random = np.random.default_rng(4)
    centres = random.normal(size=(40, DIMENSIONS))
    told = around(centres, 1200, random)
    kinds = ("news", "social", "forum")
    index.upsert(
        mention(f"m{i}", "Tin", minutes=37 * i, kind=kinds[i % 3], vector=vector) for i, vector in enumerate(told)
    )
    spans = [
        Filters(),
        Filters(since=NOON + timedelta(days=3), until=NOON + timedelta(days=20, hours=5)),
        Filters(kind=("news", "forum")),
        Filters(since=NOON + timedelta(days=90)),
    ]
    wanted = around(centres, 8, random)

    def nearest() -> list[list[tuple[str, float]]]:
        return [
            [(each.id, each.score) for each in index.similar(vector, filters, limit=10)]
            for vector in wanted
            for filters in spans
        ]

    def sketched() -> list[list[tuple[str, float]]]:
        with monkeypatch.context() as patched:
            patched.setattr(vectors, "MANY", 0)
            patched.setattr(vectors, "_CHOSEN", 100)
            return nearest()

    assert sketched() == nearest()
    moved = around(centres, 60, random)
    index.update(MetadataChange(f"m{n * 7}", vector=vector) for n, vector in enumerate(moved))
    index.delete([f"m{n}" for n in range(0, 1200, 11)])
    index.upsert([mention(f"x{n}", "Tin", minutes=400 * n, vector=vector) for n, vector in enumerate(wanted)])
    after = nearest()
    assert sketched() == after
    assert {ids[0][0] for ids in after[::4]} == {f"x{n}" for n in range(8)}
    index.clear()
    assert sketched() == [[]] * 32


def test_a_file_that_is_no_index_is_put_aside(path: Path) -> None:
    path.write_bytes(b"khong phai co so du lieu" * 100)
    index = SqliteIndex(path, analyzer=ANALYZER)
    assert index.needs_rebuild
    assert index.upsert([mention("a", "Tin")]) == 1
    assert path.with_name("index.db.broken").exists()


def test_a_sound_file_has_no_problems(index: SqliteIndex, path: Path) -> None:
    index.upsert([mention(f"m{i}", f"Tin {i}", minutes=-i) for i in range(50)])
    index.upsert([mention(f"m{i}", f"Tin mới {i}", minutes=i) for i in range(20)])
    index.delete([f"m{i}" for i in range(0, 50, 7)])
    index.optimize()
    assert index.check() == []
    with sqlite3.connect(path) as conn:
        conn.execute("DELETE FROM meta WHERE rid = (SELECT max(rid) FROM meta)")
    assert len(index.check()) == 1


def test_slow_searches_are_stopped(path: Path) -> None:
    index = SqliteIndex(path, analyzer=ANALYZER, time_limit=-1)
    index.upsert([mention(f"m{i}", "Tin nhanh", "lời " * 30) for i in range(2000)])
    with pytest.raises(IndexUnavailable, match="giây"):
        index.search("tin nhanh", sort="relevance")


def test_a_series_before_1970_ends_where_it_was_asked_to(index: SqliteIndex) -> None:
    day = Filters(since=datetime(1900, 1, 1, tzinfo=UTC), until=datetime(1900, 1, 2, tzinfo=UTC))
    assert len(index.series("", day, interval="hour")) == 24


def test_closed_indexes_say_so(index: SqliteIndex) -> None:
    index.close()
    with pytest.raises(IndexUnavailable):
        index.search("tin")


def test_a_full_second_spills_into_the_next(index: SqliteIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "SHIFT", 2)
    batch = writer._Batch.__new__(writer._Batch)
    batch._next = {5: (5 << 2) + 3, 6: 6 << 2}
    at = mention("a", published_at=datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC))
    assert [batch._rid(at, None) for _ in range(3)] == [23, 24, 25]


def test_relative_times_use_the_clock(index: SqliteIndex) -> None:
    index.upsert([mention("nay", "Tin"), mention("qua", "Tin", minutes=-24 * 60)])
    assert found(index, "from:hôm nay") == ["nay"]
    assert found(index, "to:hôm qua") == ["qua"]
    assert found(index, "tin from:24h") == ["nay", "qua"]
    assert found(index, "tin from:23h") == ["nay"]


def test_times_before_1970_and_far_ahead(index: SqliteIndex) -> None:
    old, new = datetime(1954, 7, 20, tzinfo=UTC), datetime(2120, 1, 1, tzinfo=UTC)
    index.upsert([mention("cu", "Tin", published_at=old), mention("moi", "Tin", published_at=new), mention("a", "Tin")])
    assert found(index, "tin") == ["moi", "a", "cu"]
    assert index.get(["cu"])[0].published_at == old
    assert [hit.mention.id for hit in index.search("tin to:1960").items] == ["cu"]


@pytest.mark.parametrize("read", [1, 3, 60])
def test_hits_whose_texts_are_not_read_keep_their_class(
    index: SqliteIndex, path: Path, monkeypatch: pytest.MonkeyPatch, read: int
) -> None:
    """The accents as typed, then words side by side, then title before lead before body, then the newest."""
    monkeypatch.setattr(rank, "_READ", read)
    index.upsert(
        [
            mention("than-moi", "Tin một", "Nước lũ lên.", minutes=9),
            mention("than", "Tin hai", "Nước lũ lên."),
            mention("sapo", "Tin ba", "Có thêm tin.", lead="Nước lũ lên.", minutes=-1),
            mention("tua", "Nước lũ lên", "Có thêm tin.", minutes=-2),
            mention("roi", "Lũ về, nước lên", "Nước và lũ, lũ và nước. " * 9, minutes=-3),
            mention("khong-dau", "Nuoc lu len", "Nuoc lu. " * 9, minutes=-4),
            *(mention(f"khac{i}", "Chợ phiên", "Bà con mua bán.") for i in range(9)),
        ]
    )
    expected = ["tua", "sapo", "than-moi", "than", "roi", "khong-dau"]
    assert found(index, "nước lũ", sort="relevance") == expected
    first = index.search("nước lũ", sort="relevance", limit=2)
    other = SqliteIndex(path, analyzer=ANALYZER)
    second = other.search("nước lũ", sort="relevance", cursor=first.next)
    assert [hit.mention.id for hit in (*first.items, *second.items)] == expected
    scores = [hit.score for hit in index.search("nước lũ", sort="relevance").items]
    assert scores == sorted(scores, reverse=True)


def test_a_word_told_often_ranks_before_one_told_once(index: SqliteIndex) -> None:
    index.upsert(
        [
            mention("hai", "Tin một", "Cháy rừng, cháy lan. Có thêm tin.", minutes=-5),
            mention("mot", "Tin hai", "Cháy rừng, sau đó tắt. Có thêm tin.", minutes=5),
            mention("dai", "Tin ba", "Cháy rừng, cháy lan. " + "Chuyện khác cũng được kể ở đây. " * 30),
        ]
    )
    assert found(index, "cháy", sort="relevance") == ["hai", "mot", "dai"]


def test_refreshed_columns_equal_loaded_ones(index: SqliteIndex, path: Path) -> None:
    """A reader that followed every change holds what a new reader loads."""
    rng = np.random.default_rng(5)
    reader = SqliteIndex(path, analyzer=ANALYZER)
    index.upsert([mention(f"m{i}", "Tin", minutes=i) for i in range(300)])
    reader.count()
    for turn in range(12):
        picks = rng.integers(0, 400, size=8).tolist()
        some = [mention(f"m{i}", "Tin", minutes=i * (1 + turn % 3), topics=(f"t{i % 5}",)) for i in picks[:5]]
        index.upsert(some)
        index.delete([f"m{i}" for i in picks[5:]])
        fresh = SqliteIndex(path, analyzer=ANALYZER)
        assert reader.facets() == fresh.facets()
        assert found(reader, "tin") == found(fresh, "tin")
        fresh.close()
    assert reader.check() == []


def test_columns_widen_when_later_values_need_it(index: SqliteIndex, path: Path) -> None:
    """They are as narrow as their codes allow: at first 127 sources, later more."""
    reader = SqliteIndex(path, analyzer=ANALYZER)
    index.upsert([mention(f"a{i}", "Tin", source=f"bao-{i}", story=f"s{i}") for i in range(100)])
    assert reader.count() == 100
    for turn, count in enumerate((200, 400)):
        index.upsert(
            [mention(f"b{turn}-{i}", "Tin", source=f"bao-{turn}-{i % 300}", story=f"s{turn}-{i}") for i in range(count)]
        )
        index.update([MetadataChange("a7", story=f"moi-{turn}")])
        fresh = SqliteIndex(path, analyzer=ANALYZER)
        for fields in (("source",), ("story",)):
            assert reader.facets(fields=fields, limit=400) == fresh.facets(fields=fields, limit=400)  # type: ignore[arg-type]
        assert found(reader, f"story:moi-{turn}") == ["a7"]
        fresh.close()


def test_names_are_found_by_code_and_code_by_name_also_where_hashes_are_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    for digest in (hash, lambda name: len(name)):
        monkeypatch.setattr(names, "hash", digest, raising=False)
        known, given = names.Names(), [f"vụ-{n * n}" for n in range(1, 6_000)]
        for name in given:
            known.append(name)
        assert list(known) == ["", *given]
        some = range(0, len(given), 97)
        assert [known.code(given[n]) for n in some] == [n + 1 for n in some]
        assert known.code("vụ-2") is known.code("") is None
        with pytest.raises(IndexError):
            known[len(given) + 1]


def test_filters_on_large_sets_agree_with_plain_counting(index: SqliteIndex) -> None:
    rng = np.random.default_rng(3)
    picks = rng.integers(0, 12, size=(600, 3)).tolist()
    mentions = [
        mention(
            f"m{i}",
            f"Tin {a}",
            minutes=i * 30,
            topics=tuple(dict.fromkeys((f"t{a % 4}", f"t{b % 4}"))),
            places=(f"p{b}",),
            sentiment=[None, "negative", "neutral", "positive"][c % 4],
            relevance=c % 3,
        )
        for i, (a, b, c) in enumerate(picks)
    ]
    index.upsert(mentions)
    since, until = NOON + timedelta(days=2), NOON + timedelta(days=9)
    filters = Filters(since=since, until=until, topic=("t1", "t2"), sentiment=("negative",), min_relevance=1)
    wanted = [
        m.id
        for m in reversed(mentions)
        if since <= m.published_at < until
        and {"t1", "t2"} & set(m.topics)
        and m.sentiment == "negative"
        and m.relevance >= 1
    ]
    assert found(index, "", filters) == wanted
    assert found(index, "tin", filters) == wanted
    both = [m.id for m in reversed(mentions) if m.id in wanted and not ("p3" in m.places or m.title == "Tin 5")]
    assert found(index, "tin -place:p3 -5", filters) == both
    assert found(index, "NOT (place:p3 OR 5)", replace(filters)) == both
