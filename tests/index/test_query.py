"""The query language: trees, the printer, messages."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index import limits
from index.ast import And, Bound, Everything, Keyword, Near, Node, Not, Or, Text, conj, disj
from index.dates import canonical, interval_numbers, interval_start, resolve
from index.port import Interval, QueryError
from index.query import examples, parse, write

A, B, C = Text("a"), Text("b"), Text("c")

TREES = [
    ("", Everything()),
    ("  ", Everything()),
    ("a", A),
    ("a b", And((A, B))),
    ("a AND b", And((A, B))),
    ("a VÀ b HOẶC c", Or((And((A, B)), C))),
    ("a && b || c", Or((And((A, B)), C))),
    ("a (b OR c)", And((A, Or((B, C))))),
    ("a -b", And((A, Not(B)))),
    ("a KHÔNG b", And((A, Not(B)))),
    ("a - b", And((A, B))),
    ("a NOT (b OR c)", And((A, Not(Or((B, C)))))),
    ('"a b"', Text("a b")),
    ("“a  b”", Text("a b")),
    ('"a"', A),
    ("=a", Text("a", exact=True)),
    ('="a b"', Text("a b", exact=True)),
    ("abc*", Text("abc", prefix=True)),
    ('"a bcd"*', Text("a bcd", prefix=True)),
    ("a, b.", And((A, B))),
    ("a NEAR/3 b", Near((A,), (B,), 3)),
    ("(a OR b) GẦN/3 c", Near((A, B), (C,), 3)),
    ("a NEAR/3 b NEAR/4 c", And((Near((A,), (B,), 3), Near((B,), (C,), 4)))),
    ("NOT a NEAR/3 b", Not(Near((A,), (B,), 3))),
    ("title:a", Text("a", field="title")),
    ("title: a", Text("a", field="title")),
    ("title:(a -b)", And((Text("a", field="title"), Not(Text("b", field="title"))))),
    ("Source:a.vn", Keyword("source", "a.vn")),
    ("source:(a OR b)", Or((Keyword("source", "a"), Keyword("source", "b")))),
    ("site:https://www.a.vn/x", Keyword("site", "a.vn")),
    ("sentiment:tiêu-cực", Keyword("sentiment", "negative")),
    ("story:2025:7", Keyword("story", "2025:7")),
    ('lang:"tiếng Việt"', Keyword("lang", "vi")),
    ("lang:EN", Keyword("lang", "en")),
    ("from:1/10/2025", Bound("from", "2025-10-01")),
    ("to:2025-10", Bound("to", "2025-10")),
    ("from:HÔM NAY a", And((Bound("from", "hôm nay"), A))),
    ('from:"tuan nay"', Bound("from", "tuần này")),
    ("từ 10:30", And((Text("từ"), Text("10:30")))),
    ("https://a.vn/b", Text("https://a.vn/b")),
    ("nước và điện", And((Text("nước"), Text("và"), Text("điện")))),
]


@pytest.mark.parametrize(("query", "tree"), TREES, ids=[query for query, _ in TREES])
def test_trees(query: str, tree: Node) -> None:
    assert parse(query) == tree
    assert parse(unicodedata.normalize("NFD", query)) == tree


ERRORS = [
    ('mưa "lũ lớn', "unbalanced_quote", 4, 'mưa "lũ lớn"'),
    ("(mưa OR lũ", "unbalanced_parenthesis", 0, "(mưa OR lũ)"),
    ("mưa)", "unbalanced_parenthesis", 3, "mưa"),
    ("mưa and lũ", "lowercase_operator", 4, "mưa AND lũ"),
    ("mưa or lũ", "lowercase_operator", 4, "mưa OR lũ"),
    ("mưa AND", "missing_operand", 4, None),
    ("OR mưa", "missing_operand", 0, None),
    ("mưa AND OR lũ", "missing_operand", 8, None),
    ("mưa ()", "empty_group", 4, None),
    ("*mưa", "bad_wildcard", 0, "mưa*"),
    ("m*a", "bad_wildcard", 1, "ma*"),
    ("m*", "prefix_too_short", 0, None),
    ("mưa NEAR lũ", "near_without_distance", 4, "mưa NEAR/5 lũ"),
    ("mưa NEAR/51 lũ", "bad_distance", 4, None),
    ("mưa NEAR/3 (lũ AND gió)", "bad_near", 11, None),
    ("mưa NEAR/3 =lũ", "mixed_near", 4, None),
    ("titel:mưa", "unknown_field", 0, "title:mưa"),
    ("abc:mưa", "unknown_field", 0, '"abc:mưa"'),
    ("title:", "empty_field", 0, None),
    ("title:(mưa source:a)", "nested_field", 11, None),
    ("source:a*", "bad_value", 7, None),
    ("sentiment:vui", "bad_value", 10, None),
    ("lang:fr", "bad_value", 5, None),
    ("from:2025-02-30", "bad_date", 5, None),
    ("from:", "bad_date", 0, None),
    ('""', "empty_phrase", 0, None),
    ("!?", "empty_query", 0, None),
    ("x" * 4001, "too_long", limits.MAX_CHARACTERS, None),
    ("a " * 101, "too_many_terms", 200, None),
    ("(" * 21 + "a" + ")" * 21, "too_deep", 20, None),
    ('"' + "a " * 31 + '"', "phrase_too_long", 0, None),
]


@pytest.mark.parametrize(
    ("query", "code", "position", "suggestion"), ERRORS, ids=[f"{e[1]}-{e[0][:9]}" for e in ERRORS]
)
def test_errors(query: str, code: str, position: int, suggestion: str | None) -> None:
    with pytest.raises(QueryError) as caught:
        parse(query)
    error = caught.value
    assert (error.code, error.position, error.suggestion) == (code, position, suggestion)
    assert error.message.endswith((".", ")", "* ."))
    if suggestion:
        parse(suggestion)


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.query)
def test_examples_parse_and_print(example: tuple[str, str]) -> None:
    query, meaning = example
    tree = parse(query)
    assert parse(write(tree)) == tree
    assert meaning.endswith(".")


_words = st.text(alphabet="abđưạờ019", min_size=2, max_size=5)
_phrases = st.lists(_words | st.sampled_from(["AND", "or", "NEAR/3", "a:b", "(x)", "-y", "z*"]), min_size=1, max_size=3)
_texts = st.builds(
    Text, _words | _phrases.map(" ".join), st.sampled_from([None, "title"]), st.booleans(), st.just(False)
) | st.builds(Text, _words, prefix=st.just(True))
_plain = st.lists(st.builds(Text, _words), min_size=1, max_size=3).map(tuple)
_leaves: st.SearchStrategy[Node] = st.one_of(
    _texts,
    st.builds(Near, _plain, _plain, st.integers(0, 50)),
    st.builds(Keyword, st.sampled_from(["source", "kind", "topic", "place", "story"]), _words | _phrases.map(" ".join)),
    st.builds(Bound, st.sampled_from(["from", "to"]), st.sampled_from(["7d", "hôm nay", "2025-01-01T07:30", "2025"])),
)
_trees = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.lists(inner, min_size=2, max_size=4).map(conj),
        st.lists(inner, min_size=2, max_size=4).map(disj),
    ),
    max_leaves=12,
)


@given(_trees)
@settings(max_examples=300, deadline=None)
def test_any_tree_survives_printing(tree: Node) -> None:
    assert parse(write(tree)) == tree


_PIECES = """
( ) " “ - = * : / NEAR/3 NEAR AND OR NOT VÀ HOẶC KHÔNG and title: source: site: from: to: kind: sentiment:
7d 24h hôm nay a bc đà sạt* =lở 2025-10-31 tiêu-cực positive !? 🌧 http://a.vn
"""
_pieces = st.sampled_from(_PIECES.split())


@given(st.one_of(st.lists(_pieces, max_size=12).map(" ".join), st.lists(_pieces, max_size=8).map("".join), st.text()))
@settings(max_examples=500, deadline=None)
def test_any_text_is_read_or_explained(query: str) -> None:
    position = 0
    try:
        tree = parse(query)
    except QueryError as error:
        tree, position = Everything(), error.position
    assert 0 <= position <= len(query)
    assert parse(write(tree)) == tree


@pytest.mark.parametrize(
    ("value", "start", "end"),
    [
        ("hôm nay", "2025-10-29T00:00+07:00", "2025-10-30T00:00+07:00"),
        ("hôm qua", "2025-10-28T00:00+07:00", "2025-10-29T00:00+07:00"),
        ("tuần này", "2025-10-27T00:00+07:00", "2025-11-03T00:00+07:00"),
        ("tuần trước", "2025-10-20T00:00+07:00", "2025-10-27T00:00+07:00"),
        ("tháng này", "2025-10-01T00:00+07:00", "2025-11-01T00:00+07:00"),
        ("tháng trước", "2025-09-01T00:00+07:00", "2025-10-01T00:00+07:00"),
        ("năm nay", "2025-01-01T00:00+07:00", "2026-01-01T00:00+07:00"),
        ("24h", "2025-10-27T20:00+00:00", "2025-10-27T20:00+00:00"),
        ("2w", "2025-10-14T20:00+00:00", "2025-10-14T20:00+00:00"),
        ("2025-12", "2025-12-01T00:00+07:00", "2026-01-01T00:00+07:00"),
        ("2025", "2025-01-01T00:00+07:00", "2026-01-01T00:00+07:00"),
        ("2025-10-05", "2025-10-05T00:00+07:00", "2025-10-06T00:00+07:00"),
        ("2025-10-05T07:30", "2025-10-05T07:30+07:00", "2025-10-05T07:30+07:00"),
    ],
)
def test_times(value: str, start: str, end: str) -> None:
    """In Việt Nam it is 03:00 of the 29th already."""
    now = datetime(2025, 10, 28, 20, 0, tzinfo=UTC)
    assert canonical(value) == value
    assert resolve(value, "from", now) == datetime.fromisoformat(start)
    assert resolve(value, "to", now) == datetime.fromisoformat(end)


@given(
    st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1)),
    st.sampled_from(["hour", "day", "week", "month"]),
)
def test_every_time_lies_in_its_interval(moment: datetime, interval: Interval) -> None:
    import numpy as np

    seconds = int((moment - datetime(1970, 1, 1)).total_seconds())
    number = int(interval_numbers(np.array([seconds]), interval)[0])
    here, following = (interval_start(number + step, interval).timestamp() for step in (0, 1))
    assert here <= seconds < following
