"""Lowers the tree to Elasticsearch's query objects. Only analyzed words reach them, so nothing typed can be syntax.

The lowered tree decides what is found; rank is added beside it (`scoring`). AND and OR are folded into as few nested
`bool` queries as can be, since servers allow thirty levels of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from index.ast import And, Bound, Everything, Keyword, Near, Node, Not, Or, Text, accented, positive_texts
from index.dates import resolve
from index.port import Analyzer, Filters
from index.values import second

Query = Mapping[str, Any]
Form = Literal["exact", "fold"]

ALL: Query = {"match_all": {}}
NOTHING: Query = {"match_none": {}}
FILTERS = ("source", "kind", "topic", "sentiment", "place", "story")
# Above every other score, yet small enough for the rest to keep its order in 24 bits.
NEAR_BOOST = 128.0
EXACT_BOOST = 1024.0
_WEIGHTS = (("title", 5.0), ("lead", 2.0), ("text", 1.0))
_RECENCY = 0.2  # the newest mention gains a fifth of its score ...
_FADING = "14d"  # ... and this much later a third of that is left
_LONGEST = 120
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = second(datetime.min.replace(tzinfo=UTC)), second(datetime.max.replace(tzinfo=UTC))


def moment(seconds: int) -> str:
    """A time as the mapping wants it; what no calendar holds becomes the nearest that it does."""
    at = _EPOCH + timedelta(seconds=min(max(seconds, _FIRST), _LAST))
    return f"{at.year:04}-{at:%m-%dT%H:%M:%S}Z"


def bounded(word: str) -> str:
    """The word itself, or a stand-in for one that the tokenizer would cut in pieces."""
    return word if len(word) <= _LONGEST else word[:80] + hashlib.sha256(word.encode()).hexdigest()[:32]


class Lowering:
    """With `strict`, texts that were typed with accents must match with them (but not under NOT)."""

    def __init__(self, analyzer: Analyzer, now: datetime, *, strict: bool = False) -> None:
        self.analyzer, self.now, self.strict = analyzer, now, strict

    def lower(self, node: Node) -> Query:
        match node:
            case Everything():
                return ALL
            case Text():
                return phrase(self._field(node, self._form(node)), self._words(node), node.prefix)
            case Near():
                return self._near(node)
            case Keyword("site", value):
                return {"term": {"site": value}}
            case Keyword(field, value):
                return {"term": {f"like.{field}": self.analyzer.fold(value)}}
            case Bound(side, value):
                at = moment(second(resolve(value, side, self.now)))
                return {"range": {"published": {"gte" if side == "from" else "lt": at}}}
            case Not(item):
                return {"bool": {"must_not": [Lowering(self.analyzer, self.now).lower(item)]}}
            case And(items):
                return conjunction([self.lower(item) for item in items])
            case Or(items):
                return disjunction([self.lower(item) for item in items])

    def _form(self, node: Text | Near) -> Form:
        first = node if isinstance(node, Text) else node.left[0]
        return "exact" if first.exact or (self.strict and accented(node, self.analyzer)) else "fold"

    def _field(self, text: Text, form: Form) -> str:
        return f"{form}.{text.field or 'text'}"

    def _words(self, text: Text, form: Form | None = None) -> list[str]:
        analyze: Callable[[str], str] = getattr(self.analyzer, form or self._form(text))
        return [bounded(word) for word in analyze(text.text).split()]

    def _near(self, node: Near) -> Query:
        form = self._form(node)
        field = self._field(node.left[0], form)
        sides = [
            [(words, text.prefix) for text in side if (words := self._words(text, form))]
            for side in (node.left, node.right)
        ]
        pairs = [_pair(field, left, right, node.distance) for left in sides[0] for right in sides[1]]
        return disjunction(pairs)

    def scoring(self, node: Node) -> list[Query]:
        """What adds to the rank: bm25 of each positive text, title before lead before body, bounded together."""
        texts = [(text, words) for text in positive_texts(node) if (words := self._words(text))]
        scale = 1.0 / max(1, sum(len(words) for _, words in texts))
        queries = []
        for text, words in texts:
            form = self._form(text)
            for part, weight in _WEIGHTS:
                if text.field is None or part == text.field:
                    queries.append(phrase(f"{form}.{part}", words, text.prefix, boost=weight * scale))
        return queries


def phrase(field: str, words: list[str], prefix: bool, *, boost: float = 1.0) -> Query:
    """Words side by side; with `prefix` the last is a beginning. No words match nothing."""
    if not words:
        return NOTHING
    if len(words) == 1:
        return {"prefix" if prefix else "term": {field: {"value": words[0], "boost": boost}}}
    body: dict[str, Any] = {"query": " ".join(words), "boost": boost}
    if prefix:
        return {"match_phrase_prefix": {field: {**body, "max_expansions": 2**31 - 1}}}
    return {"match_phrase": {field: body}}


def _pair(field: str, left: tuple[list[str], bool], right: tuple[list[str], bool], distance: int) -> Query:
    if left == right:  # a text is near itself; intervals would demand it twice
        return phrase(field, *left)
    both = [_interval(*left), _interval(*right)]
    return {"intervals": {field: {"all_of": {"ordered": False, "max_gaps": distance, "intervals": both}}}}


def _interval(words: list[str], prefix: bool) -> Query:
    whole = words[:-1] if prefix else words
    parts: list[Query] = []
    if whole:
        parts.append({"match": {"query": " ".join(whole), "ordered": True, "max_gaps": 0, "analyzer": "whitespace"}})
    if prefix:
        parts.append({"prefix": {"prefix": words[-1], "analyzer": "whitespace"}})
    return parts[0] if len(parts) == 1 else {"all_of": {"ordered": True, "max_gaps": 0, "intervals": parts}}


def conjunction(items: Iterable[Query]) -> Query:
    """AND in one `bool`, into which one OR (the deepest) and every NOT are taken."""
    wanted: list[Query] = []
    unwanted: list[Query] = []
    choices: list[Query] = []
    for item in items:
        if item == NOTHING:
            return NOTHING
        if item == ALL:
            continue
        inner = item.get("bool", {})
        if set(inner) == {"must_not"}:
            unwanted += inner["must_not"]
        elif set(inner) == {"should", "minimum_should_match"}:
            choices.append(item)
        elif set(inner) == {"filter"}:
            wanted += inner["filter"]
        else:
            wanted.append(item)
    choices.sort(key=_depth)
    body: dict[str, Any] = dict(choices.pop()["bool"]) if choices else {}
    wanted += choices
    if wanted:
        body["filter"] = wanted
    if unwanted:
        body["must_not"] = unwanted
    if not body:
        return ALL
    return wanted[0] if body == {"filter": wanted} and len(wanted) == 1 else {"bool": body}


def disjunction(items: Iterable[Query]) -> Query:
    choices = [item for item in items if item != NOTHING]
    if ALL in choices:
        return ALL
    if not choices:
        return NOTHING
    return choices[0] if len(choices) == 1 else {"bool": {"should": choices, "minimum_should_match": 1}}


def _depth(query: Query) -> int:
    inner = query.get("bool")
    if inner is None:
        return 0
    nested = [part for name in ("filter", "should", "must_not") for part in inner.get(name, ())]
    return 1 + max(map(_depth, nested), default=0)


def narrowing(filters: Filters) -> list[Query]:
    """The filters as queries, to be joined by AND."""
    wanted = {name: getattr(filters, name) for name in FILTERS}
    queries: list[Query] = [{"terms": {name: list(values)}} for name, values in wanted.items() if values]
    if filters.seen_since is not None:
        queries.append({"range": {"seen": {"gte": moment(second(filters.seen_since))}}})
    if filters.min_relevance > 0:
        queries.append({"range": {"relevance": {"gte": filters.min_relevance}}})
    span = {}
    if filters.since is not None:
        span["gte"] = moment(second(filters.since))
    if filters.until is not None:
        span["lt"] = moment(second(filters.until))
    if span:
        queries.append({"range": {"published": span}})
    return queries


def ranked(found: Query, scoring: list[Query], strict: Query | None, near: Sequence[Query], newest: str) -> Query:
    """What is found, ordered: what is spelled as typed first, then what has the words side by side, then by bm25 with
    a little for recency."""
    scored: Query = {"bool": {"filter": [found], "should": scoring, "minimum_should_match": 0}}
    fading = {"published": {"origin": newest, "scale": _FADING, "decay": 0.36788}}
    fresh: Query = {
        "function_score": {
            "query": scored,
            "functions": [{"weight": 1.0}, {"exp": fading, "weight": _RECENCY}],
            "score_mode": "sum",
            "boost_mode": "multiply",
        }
    }
    first = [] if strict is None else [{"constant_score": {"filter": strict, "boost": EXACT_BOOST}}]
    first += [{"constant_score": {"filter": pair, "boost": NEAR_BOOST}} for pair in near]
    return {"bool": {"must": [fresh], "should": first, "minimum_should_match": 0}}
