"""What is marked in titles and snippets."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.highlight import SNIPPET, Highlighter, _Form
from index.port import Highlight, Index
from index.query import parse
from tests.index.conftest import ANALYZER
from tests.index.support import marked, mention

HIGHLIGHTER = Highlighter(ANALYZER)
LONG = "Bà con kể lại chuyện cũ bên bếp lửa. " * 30


def title(query: str, text: str) -> list[str]:
    shown = HIGHLIGHTER.for_query(parse(query)).title(text)
    assert shown.text == text
    return marked(shown.text, shown.spans)


def snippet(query: str, lead: str = "", body: str = "") -> Highlight:
    return HIGHLIGHTER.for_query(parse(query)).snippet(lead, body)


@pytest.mark.parametrize(
    ("query", "text", "spans"),
    [
        ("sat lo", "Sạt lở, SAT LO", ["Sạt", "lở", "SAT", "LO"]),
        ("sạt", "Sát núi có sạt", ["Sát", "sạt"]),
        ("=sạt", "Sát núi có sạt", ["sạt"]),
        ('"quốc lộ 9"', "Trên Quốc lộ 9 và quốc lộ 1", ["Quốc lộ 9"]),
        ('"quốc lộ" "lộ 9"', "Quốc lộ 9", ["Quốc lộ 9"]),
        ("thuỷ*", "Thủy lợi, thùy dương", ["Thủy", "thùy"]),
        ('"sạt lơ"*', "Bị sạt lở rồi sạt mái", ["sạt lở"]),
        ("mưa -lũ", "Mưa lũ", ["Mưa"]),
        ("nước NEAR/3 bẩn", "Nước giếng bẩn", ["Nước", "bẩn"]),
        ("title:mưa", "Mưa", ["Mưa"]),
        ("topic:disaster", "Mưa", []),
        ("covid-19", "Dịch COVID-19 lui", ["COVID-19"]),
        ("", "Mưa", []),
    ],
)
def test_titles(query: str, text: str, spans: list[str]) -> None:
    assert title(query, text) == spans


def test_spans_fit_the_text_as_it_was_written() -> None:
    text = unicodedata.normalize("NFD", "Chợ Đông Hà đông vui")
    assert title("đông hà", text) == [unicodedata.normalize("NFD", word) for word in ("Đông", "Hà", "đông")]
    assert title("sạt", "bị s\u00adạt mái") == ["s\u00adạt"]


def test_snippet_shows_the_densest_place() -> None:
    body = LONG + "Lúc đó nước suối lên. " + LONG + "Nước lũ tràn qua ngầm, lũ cuốn trôi xe." + LONG
    shown = snippet("nước lũ", "Chuyện bản làng.", body)
    assert "tràn qua ngầm" in shown.text
    assert marked(shown.text, shown.spans) == ["Nước", "lũ", "lũ"]
    assert shown.text.startswith("… ")
    assert shown.text.endswith(" …")
    assert SNIPPET // 2 < len(shown.text) <= SNIPPET + 4


def test_snippet_prefers_the_accents_that_were_typed() -> None:
    shown = snippet("=cá OR cà", "", LONG + "Vườn ca cao xanh. " + LONG + "Vườn cà sai quả." + LONG)
    assert "sai quả" in shown.text


def test_snippet_cuts_between_words() -> None:
    whole = set(LONG.split()) | {"Cầu", "treo", "…"}
    shown = snippet("cầu treo", "", LONG + "Cầu treo " + LONG)
    assert set(shown.text.split()) <= whole


def test_without_a_match_the_beginning_is_shown() -> None:
    assert snippet("title:mưa", "Sapo ngắn.", LONG) == Highlight("Sapo ngắn.")
    assert snippet("topic:land", "", LONG).text.startswith("Bà con kể lại")
    assert snippet("", "", "") == Highlight("")


def test_short_texts_are_shown_whole_on_one_line() -> None:
    assert snippet("mưa", "", "Mưa\nlớn").text == "Mưa lớn"


def test_markup_stays_text() -> None:
    shown = snippet("mưa", "", "<b>mưa</b> & <script>")
    assert shown.text == "<b>mưa</b> & <script>"
    assert marked(shown.text, shown.spans) == ["mưa"]


def test_endless_text_without_spaces_is_cut() -> None:
    shown = snippet("mưa", "", "x" * 5000 + " mưa " + "y" * 5000)
    assert "mưa" in marked(shown.text, shown.spans)
    assert len(shown.text) < 2 * SNIPPET


def test_hits_carry_highlights(index: Index) -> None:
    index.upsert([mention("a", "Mưa lớn", "Trời mưa suốt đêm.")])
    hit = index.search("mua").items[0]
    assert marked(hit.title.text, hit.title.spans) == ["Mưa"]
    assert marked(hit.snippet.text, hit.snippet.spans) == ["mưa"]


_PIECES = ["mưa", "lũ", "nước", "Sạt\nlở", "a\u0301", "<b>", "🌧", "xyz…", "\xa0", "Đ"]
_soup = st.lists(st.sampled_from(_PIECES), max_size=120).map(" ".join)


@given(_soup, _soup)
def test_spans_are_ordered_and_inside(lead: str, body: str) -> None:
    for query in ("mưa lũ", '"sạt lở" OR nước', "đ", "la*"):
        shown = snippet(query, lead, body)
        ends = [edge for span in shown.spans for edge in span]
        assert ends == sorted(ends)
        assert all(0 <= edge <= len(shown.text) for edge in ends)
        assert all(word.strip() == word and word for word in marked(shown.text, shown.spans))


@given(
    st.lists(st.text("aáạăâbcdđeêghiíklmnoóơpqrstuúưvxyỳ019ŀ½²ªCÁĐ\u0301\u200b", min_size=1, max_size=6), max_size=12)
)
def test_words_analyzed_together_are_as_analyzed_alone(words: list[str]) -> None:
    for analyze in (ANALYZER.exact, ANALYZER.fold):
        assert _Form(analyze).of(words) == [analyze(word) for word in words]
