"""Contract: what a query finds, and in which order."""

from __future__ import annotations

import unicodedata

import pytest

from index.port import Index, QueryError
from tests.index.support import found, mention

ACCENTED = mention("co-dau", "Sạt lở trên đường lên Cù Bai", "Nhà bà con ở thôn dưới phải di dời.", minutes=1)
PLAIN = mention("khong-dau", "Sat lo tren duong len Cu Bai", "Nha ba con o thon duoi phai di doi.", minutes=2)
OTHER = mention("dau-khac", "Sát lò gạch cũ có vết nứt", "Người dân lo đất trôi xuống suối.", minutes=3)


@pytest.fixture
def slides(index: Index) -> Index:
    index.upsert([ACCENTED, PLAIN, OTHER])
    return index


def test_without_accents_every_form_is_found(slides: Index) -> None:
    assert found(slides, "sat lo") == ["dau-khac", "khong-dau", "co-dau"]


def test_with_accents_the_same_are_found(slides: Index) -> None:
    assert set(found(slides, "sạt lở")) == set(found(slides, "sat lo"))


def test_exact_forms_come_first_by_relevance(slides: Index) -> None:
    assert found(slides, "sạt lở", sort="relevance")[0] == "co-dau"
    assert found(slides, '"sát lò"', sort="relevance")[0] == "dau-khac"


def test_exact_form_beats_a_better_match_of_another_form(index: Index) -> None:
    index.upsert(
        [
            mention("nhieu", "Bao bao bao", "bao " * 40, minutes=5),
            mention("mot", "Tin trong ngày", "Sáng nay trời lặng, chiều tối có thể có bão. " + "Biển êm. " * 30),
            *(mention(f"khac{i}", "Chợ phiên", "Bà con mua bán.") for i in range(20)),
        ]
    )
    assert found(index, "bão", sort="relevance") == ["mot", "nhieu"]


def test_equals_sign_demands_the_form(slides: Index) -> None:
    assert found(slides, "=sạt") == ["co-dau"]
    assert found(slides, "=sat") == ["khong-dau"]
    assert found(slides, '="sát lò"') == ["dau-khac"]
    assert found(slides, "=sạt lo") == ["co-dau"]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_composed_and_decomposed_letters_are_one(index: Index, form: str) -> None:
    title = "Đường về Hướng Hóa ngập sâu"
    index.upsert([mention("a", unicodedata.normalize("NFD", title)), mention("b", title, minutes=1)])
    query = unicodedata.normalize(form, "hướng hóa")  # type: ignore[arg-type]
    assert found(index, query) == ["b", "a"]
    assert found(index, unicodedata.normalize(form, '="hướng hóa"')) == ["b", "a"]  # type: ignore[arg-type]


def test_d_with_stroke_is_d(index: Index) -> None:
    index.upsert([mention("a", "Chợ Đông Hà họp lại")])
    assert found(index, "dong ha") == found(index, "ĐÔNG HÀ") == found(index, "đông hà") == ["a"]


def test_tone_marks_stand_on_either_vowel(index: Index) -> None:
    index.upsert([mention("a", "Sau giờ hoà giải"), mention("b", "Buổi hòa nhạc", minutes=1)])
    assert found(index, "=hòa") == found(index, "=hoà") == ["b", "a"]


def test_phrase_needs_neighbours_in_order(index: Index) -> None:
    index.upsert([mention("a", "Quốc lộ 9 thông xe"), mention("b", "Lộ trình quốc gia số 9", minutes=1)])
    assert found(index, '"quốc lộ"') == ["a"]
    assert found(index, "quốc lộ") == ["b", "a"]


def test_phrase_does_not_run_from_title_into_body(index: Index) -> None:
    index.upsert([mention("a", "Cửa hàng mới mở", "Việt Nam thắng trận.")])
    assert found(index, '"mở việt"') == []
    assert found(index, "mở AND thắng") == ["a"]


def test_near_counts_the_words_between(index: Index) -> None:
    index.upsert([mention("a", "", "Nước giếng ở xóm này có mùi và rất bẩn")])
    assert found(index, "giếng NEAR/7 bẩn") == ["a"]
    assert found(index, "giếng NEAR/6 bẩn") == []
    assert found(index, "bẩn NEAR/7 giếng") == ["a"]
    assert found(index, '"nước giếng" NEAR/3 (suối OR xóm)') == ["a"]
    assert found(index, "giếng NEAR/2 xóm NEAR/3 mùi") == ["a"]


def test_words_side_by_side_come_before_scattered_ones(index: Index) -> None:
    filler = "Phiên họp bàn nhiều việc của xã trong quý tới. "
    index.upsert(
        [
            mention("roi", "Sát giờ lo đồ lễ", "Sát nhà ai nấy lo. " * 5, minutes=9),
            mention("lien", "Họp xã", filler * 3 + "Có nói chuyện sạt lở bờ sông."),
            mention("gan-het", "Họp thôn", filler + "Đường sạt lở, lo xe quá tải.", minutes=1),
            *(mention(f"x{i}", "Họp tổ", filler) for i in range(20)),
        ]
    )
    assert found(index, "sat lo", sort="relevance") == ["gan-het", "lien", "roi"]
    assert found(index, "sat lo lo xe", sort="relevance") == ["gan-het"]
    assert found(index, "sat lo", sort="newest") == ["roi", "gan-het", "lien"]


def test_exact_forms_come_before_words_side_by_side(index: Index) -> None:
    index.upsert([mention("dau", "Sạt núi, lở đồi"), mention("lien", "Sat lo nui doi", minutes=1)])
    assert found(index, "sạt lở", sort="relevance") == ["dau", "lien"]
    assert found(index, "sat lo", sort="relevance") == ["lien", "dau"]


def test_prefix(index: Index) -> None:
    index.upsert([mention("a", "Thanh tra vào cuộc"), mention("b", "Thành phố mới", minutes=1), mention("c", "Tha")])
    assert found(index, "thanh*") == ["b", "a"]
    assert found(index, "=thà*") == ["b"]
    assert found(index, '"thanh tr"*') == ["a"]


def test_boolean_operators(index: Index) -> None:
    index.upsert(
        [
            mention("a", "Cháy rừng ở Cam Lộ"),
            mention("b", "Diễn tập chữa cháy rừng", minutes=1),
            mention("c", "Rừng trồng lên giá", minutes=2),
        ]
    )
    assert found(index, 'rừng -"diễn tập"') == ["c", "a"]
    assert found(index, "rừng KHÔNG cháy") == ["c"]
    assert found(index, "giá HOẶC (cam VÀ cháy)") == ["c", "a"]
    assert found(index, "NOT cháy") == ["c"]
    assert found(index, "NOT NOT cháy") == ["b", "a"]
    assert found(index, "giá OR NOT rừng") == ["c"]
    assert found(index, "cháy AND NOT (diễn OR cam)") == []


def test_title_counts_most(index: Index) -> None:
    filler = "Phiên họp bàn nhiều việc của xã trong quý tới. "
    index.upsert(
        [
            mention("than", "Họp xã", filler + "Có nói đến cầu treo.", minutes=2),
            mention("dau", "Cầu treo hư mặt ván", filler),
            mention("sapo", "Họp thôn", filler, lead="Bàn chuyện cầu treo.", minutes=1),
            *(mention(f"x{i}", "Họp tổ", filler) for i in range(20)),
        ]
    )
    assert found(index, '"cau treo"', sort="relevance") == ["dau", "sapo", "than"]


def test_of_equal_matches_the_newer_comes_first(index: Index) -> None:
    index.upsert([mention(f"m{i}", "Tàu cá gặp nạn", minutes=i * 60 * 24) for i in range(5)])
    assert found(index, "tàu cá", sort="relevance") == ["m4", "m3", "m2", "m1", "m0"]


def test_words_without_letters_are_skipped(index: Index) -> None:
    index.upsert([mention("a", "Bão số 5: mưa lớn")])
    assert found(index, "Bão số 5 - mưa !!! 🌧") == ["a"]


HOSTILE = [
    "'; DROP TABLE mention; --",
    "a' OR '1'='1",
    "fold MATCH 'a'",
    "t : a",
    "^a",
    "a + b",
    "{t l} b",
    "NEAR(a b, 5)",
    "a\x00b",
    "\ud800 a",
    "a%_\\",
    "rowid:1",
    '"a""b"',
    "=" * 50,
    "-" * 50,
    "(" * 500,
    '"' * 51,
    "a " * 3000,
    "a*" * 100,
    "NOT " * 100 + "a",
    "a OR " * 99 + "a",
    "ab* OR " * 60 + "ab*",
    "x" * 3999,
    "\u0301\u0301",
    "from:9999-99-99",
    "from:99999d",
    "ﷺ İstanbul ß ſ ™ ² ½",
]


@pytest.mark.parametrize("query", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_queries_answer_or_explain(slides: Index, query: str) -> None:
    error = None
    try:
        found(slides, query)
        found(slides, query, sort="relevance")
    except QueryError as raised:
        error = raised
    assert error is None or (error.message and error.code and 0 <= error.position <= len(query))
    assert slides.count() == 3


def test_a_stream_gives_every_hit_once_whatever_is_written_meanwhile(index: Index) -> None:
    index.upsert([mention(f"m{i}", "Cháy rừng" if i % 3 else "Mưa", minutes=i // 2) for i in range(1600)])
    expected = [hit.mention.id for hit in index.search("cháy", limit=1000).items]
    streamed = index.stream("cháy -mưa")
    first = next(streamed)
    index.upsert([mention("moi", "Cháy lớn", minutes=5000), mention("m1", "Mưa", minutes=1)])
    index.delete(["m2", "m1598"])
    names = [m.id for m in [*first, *(m for batch in streamed for m in batch)]]
    assert names[:1000] == expected
    assert len(names) == len(set(names)) == sum(1 for i in range(1600) if i % 3)
    assert next(m.id for batch in index.stream("cháy") for m in batch) == "moi"


def test_a_stream_refuses_a_bad_query_at_once_and_may_be_left(index: Index) -> None:
    index.upsert([mention(f"m{i}", "Cháy rừng", minutes=i) for i in range(1200)])
    with pytest.raises(QueryError):
        index.stream("(cháy")
    left = index.stream("cháy")
    assert len(next(left)) < 1200
    del left
    assert index.delete(["m0"]) == 1
    assert list(index.stream("không có")) == []
