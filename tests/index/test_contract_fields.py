"""Contract: fields, filters, times, facets and series."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, timedelta

import pytest

from index import significant as significance
from index.port import Filters, Index, MetadataChange
from index.query import examples, parse
from tests.index.conftest import ANALYZER, NOON
from tests.index.support import at, found, mention


@pytest.fixture
def province(index: Index) -> Index:
    index.upsert(
        [
            mention(
                "lu",
                "Lũ lên nhanh trên sông Hiếu",
                source="bao-tinh",
                topics=("disaster", "traffic"),
                places=("dong-ha", "cam-lo"),
                sentiment="negative",
                story="s:1",
            ),
            mention(
                "hoc",
                "Trường mới đón học sinh",
                source="Đài huyện",
                kind="video",
                topics=("education",),
                places=("dong-ha",),
                sentiment="positive",
                story="s:2",
                minutes=1,
                url="https://www.video.dai.example.vn:8080/hoc",
            ),
            mention("khac", "Giá tiêu nhích lên", source="bao-tinh", relevance=1, minutes=2),
        ]
    )
    return index


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("source:bao-tinh", ["khac", "lu"]),
        ('source:"đài huyện"', ["hoc"]),
        ("source:dai-huyen", ["hoc"]),
        ("kind:video", ["hoc"]),
        ("topic:traffic", ["lu"]),
        ("topic:(traffic OR education)", ["hoc", "lu"]),
        ("-topic:traffic", ["khac", "hoc"]),
        ("sentiment:negative", ["lu"]),
        ('sentiment:"tích cực"', ["hoc"]),
        ('place:"Đông Hà" lên', ["lu"]),
        ("place:cam-lo OR giá", ["khac", "lu"]),
        ("story:s:2", ["hoc"]),
        ("site:example.vn", ["khac", "hoc", "lu"]),
        ("site:dai.example.vn", ["hoc"]),
        ("site:ample.vn", []),
        ("title:lên", ["khac", "lu"]),
        ("topic:nope", []),
        ("lên (topic:disaster OR source:bao-tinh) -giá", ["lu"]),
    ],
)
def test_fields(province: Index, query: str, names: list[str]) -> None:
    assert found(province, query) == names
    assert set(found(province, query, sort="relevance")) == set(names)


def test_language_of_a_mention(index: Index) -> None:
    index.upsert(
        [
            mention("viet", "Lũ về", lang="vi"),
            mention("anh", "Flood is coming", lang="en", minutes=1),
            mention("lao", "ນ້ຳຖ້ວມ", lang="other", minutes=2),
            mention("khong-ro", "Lũ", minutes=3),
        ]
    )
    assert found(index, "lang:vi") == ["viet"]
    assert found(index, 'lang:"tiếng Anh"') == ["anh"]
    assert found(index, "lang:(en OR khác)") == ["lao", "anh"]
    assert found(index, "lũ -lang:vi") == ["khong-ro"]
    assert [m.lang for m in index.get(["viet", "anh", "khong-ro"])] == ["vi", "en", None]
    index.update([MetadataChange("anh", sentiment="negative")])
    assert found(index, "lang:en sentiment:negative") == ["anh"]


def test_what_was_seen_since_a_moment_however_old_it_is(index: Index) -> None:
    visit = NOON + timedelta(hours=3)
    index.upsert(
        [
            mention("truoc", "Lũ", seen_at=visit - timedelta(seconds=1)),
            mention("sau", "Lũ", seen_at=visit, minutes=-9000),
            mention("moi", "Lũ", seen_at=visit + timedelta(days=1), minutes=1),
            mention("khong-ro", "Lũ", minutes=2),
        ]
    )
    assert found(index, "lũ", Filters(seen_since=visit)) == ["moi", "sau"]
    assert found(index, "", Filters(seen_since=visit, since=NOON)) == ["moi"]
    assert found(index, "", Filters(seen_since=at("1990-01-01T00:00:00Z"))) == ["moi", "truoc", "sau"]
    index.update([MetadataChange("sau", story="s")])
    assert [m.seen_at for m in index.get(["sau", "khong-ro"])] == [visit, None]
    assert found(index, "story:s", Filters(seen_since=visit)) == ["sau"]


def test_filters_are_alternatives_within_and_conditions_between(province: Index) -> None:
    assert found(province, "", Filters(topic=("traffic", "education"))) == ["hoc", "lu"]
    assert found(province, "", Filters(topic=("traffic", "education"), place=("cam-lo",))) == ["lu"]
    assert found(province, "", Filters(source=("bao-tinh",), min_relevance=2)) == ["lu"]
    assert found(province, "lên", Filters(story=("s:1", "s:2"))) == ["lu"]
    assert found(province, "lên", Filters(sentiment=("positive",))) == []


def test_title_field_ignores_the_body(index: Index) -> None:
    index.upsert([mention("a", "Họp thôn", "Bàn chuyện cầu"), mention("b", "Cầu mới", "Họp", minutes=1)])
    assert found(index, "title:cầu") == ["b"]
    assert found(index, "title:(cầu OR họp)") == ["b", "a"]
    assert found(index, "title:=cầu") == ["b"]
    assert found(index, "title:(cầu NEAR/1 mới)") == ["b"]


def test_days_begin_at_midnight_in_viet_nam(index: Index) -> None:
    moments = {
        "truoc": "2025-10-30T23:59:59+07:00",
        "dau": "2025-10-31T00:00:00+07:00",
        "cuoi": "2025-10-31T23:59:59+07:00",
        "sau": "2025-11-01T00:00:00+07:00",
    }
    index.upsert([mention(name, "Tin", published_at=at(moment)) for name, moment in moments.items()])
    assert found(index, "from:2025-10-31 to:2025-10-31") == ["cuoi", "dau"]
    assert found(index, "tin from:31/10/2025") == ["sau", "cuoi", "dau"]
    assert found(index, "to:2025-10") == ["cuoi", "dau", "truoc"]
    assert found(index, "tin from:2025-10-31T00:00 to:2025-10-31T23:59:59") == ["dau"]
    assert found(index, "NOT from:2025-10-31") == ["truoc"]
    assert found(index, "from:2025-11 OR to:2025-10-30") == ["sau", "truoc"]
    day = Filters(since=at("2025-10-31T00:00:00+07:00"), until=at("2025-11-01T00:00:00+07:00"))
    assert found(index, "tin", day) == ["cuoi", "dau"]
    assert found(index, "tin to:2025-10-30", day) == []
    points = index.series("tin", interval="day")
    assert [(point.start, point.count) for point in points] == [
        (at("2025-10-29T17:00:00Z"), 1),
        (at("2025-10-30T17:00:00Z"), 2),
        (at("2025-10-31T17:00:00Z"), 1),
    ]
    assert all(point.start.tzinfo is UTC for point in points)


def test_series_fills_gaps_and_the_whole_range_asked_for(index: Index) -> None:
    index.upsert(
        [
            mention("a", "Tin", published_at=at("2025-10-05T08:00:00+07:00"), sentiment="negative"),
            mention("b", "Tin", published_at=at("2025-10-08T08:30:00+07:00"), sentiment="positive"),
            mention("c", "Tin", published_at=at("2025-10-08T09:30:00+07:00")),
        ]
    )
    assert [point.count for point in index.series()] == [1, 0, 0, 2]
    assert index.series()[3].by_sentiment == {"positive": 1}
    assert [point.count for point in index.series("kind:news", interval="week")] == [1, 2]
    assert index.series(interval="week")[1].start == at("2025-10-06T00:00:00+07:00")
    assert [(point.start, point.count) for point in index.series(interval="month")] == [
        (at("2025-10-01T00:00:00+07:00"), 3)
    ]
    hours = index.series(interval="hour")
    assert (len(hours), hours[-2].count, hours[-1].count) == (74, 1, 1)
    wide = Filters(since=at("2025-10-01T00:00:00+07:00"), until=at("2025-10-11T00:00:00+07:00"))
    days = index.series("", wide)
    assert [point.count for point in days] == [0, 0, 0, 0, 1, 0, 0, 2, 0, 0]
    assert [point.count for point in index.series("không có gì cả", wide)] == [0] * 10
    assert index.series("không có gì cả") == []


def test_facets(province: Index) -> None:
    facets = province.facets()
    assert [(b.value, b.count, dict(b.by_sentiment)) for b in facets["source"]] == [
        ("bao-tinh", 2, {"negative": 1}),
        ("Đài huyện", 1, {"positive": 1}),
    ]
    assert [(b.value, b.count) for b in facets["topic"]] == [("disaster", 1), ("education", 1), ("traffic", 1)]
    assert [(b.value, b.count, dict(b.by_sentiment)) for b in facets["place"]] == [
        ("dong-ha", 2, {"negative": 1, "positive": 1}),
        ("cam-lo", 1, {"negative": 1}),
    ]
    assert [(b.value, b.count) for b in facets["sentiment"]] == [("negative", 1), ("positive", 1)]
    assert [b.value for b in facets["story"]] == ["s:1", "s:2"]
    assert [b.count for b in province.facets("lên", Filters(topic=("disaster",)))["source"]] == [1]
    few = province.facets(fields=["topic"], limit=2)
    assert list(few) == ["topic"]
    assert [b.value for b in few["topic"]] == ["disaster", "education"]


def test_facets_follow_changed_metadata(province: Index) -> None:
    assert province.facets(fields=["topic"])["topic"][0].count == 1
    change = MetadataChange("khac", topics=("traffic", "economy"), sentiment="negative")
    assert province.update([change, MetadataChange("khong-co", story="x")]) == 1
    topics = {b.value: (b.count, dict(b.by_sentiment)) for b in province.facets()["topic"]}
    assert topics["traffic"] == (2, {"negative": 2})
    assert topics["economy"] == (1, {"negative": 1})
    assert found(province, "topic:economy tiêu") == ["khac"]


def test_relative_times_count_from_now(index: Index) -> None:
    index.upsert([mention("cu", "Tin", published_at=NOON - timedelta(days=400))])
    assert found(index, "from:7d") == []
    assert found(index, "to:7d") == ["cu"]
    assert found(index, "to:hôm qua tin") == ["cu"]


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.query)
def test_examples_of_the_help_page_run(province: Index, example: tuple[str, str]) -> None:
    found(province, example[0])
    found(province, example[0], sort="relevance")


def test_significant_terms_set_a_result_apart(index: Index) -> None:
    everyday = "Sáng nay xã họp bàn việc thu gom rác và sửa đường làng, bà con đến dự đông đủ."
    index.upsert(
        [
            *(mention(f"thuong{i}", f"Tin ngày {i}", everyday, minutes=i) for i in range(60)),
            *(mention(f"lu{i}", "Lũ về", f"{everyday} Nước tràn qua cầu Đầu Mầu, xe tải mắc kẹt.") for i in range(8)),
        ]
    )
    terms = {term.text: term for term in index.significant("lũ")}
    assert terms
    assert all(term.share == 1.0 > 5 * term.usual for term in terms.values())
    words = {word for text in terms for word in text.split()}
    assert words & {"tràn", "cầu", "mầu", "kẹt"}
    assert not words & {"họp", "rác", "sáng", "lũ"}  # what all have, and what was asked for
    assert list(terms.values()) == sorted(terms.values(), key=lambda t: (-t.score, t.text))
    assert list(terms)[:1] == [term.text for term in index.significant("lũ", limit=1)]
    assert index.significant("không có gì") == []
    assert index.significant("cầu", Filters(kind=("video",))) == []


# What both engines must answer alike: the sample is drawn by ids, so texts, shares and scores are equal.
SIGNIFICANT: dict[str, list[tuple[str, float]]] = {}


def test_significant_terms_are_the_same_on_every_engine(index: Index) -> None:
    kinds = ("cháy rừng ở đồi thông", "tắc đường vì xe hỏng", "giá hồ tiêu tăng mạnh", "học sinh nghỉ học tránh lũ")
    index.upsert(
        [
            mention(f"m{i}", f"Tin {kinds[i % 4] if i % 3 == 0 else 'họp xã'}", f"Hôm {i % 17} {kinds[i % 7 % 4]}")
            for i in range(2400)
        ]
    )
    found_terms = [(term.text, round(term.score, 9)) for term in index.significant("title:cháy", limit=50)]
    assert found_terms
    assert SIGNIFICANT.setdefault("cháy", found_terms) == found_terms


def test_no_more_terms_are_compared_than_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts of many different words have thousands of candidates, and each was compared with all that were kept."""
    compared: list[tuple[Sequence[str], Sequence[str]]] = []
    monkeypatch.setattr(significance, "_continues", lambda *pair: compared.append(pair))
    found = significance.Sample(100, Counter({f"từ{i} lạ{i}": 50 for i in range(2000)}))
    terms = significance.significant(parse("lũ"), found, significance.Sample(100, Counter()), ANALYZER, 10)
    assert [term.text for term in terms] == sorted(f"từ{i} lạ{i}" for i in range(2000))[:10]
    assert len(compared) == 45  # each of the ten with those before it
