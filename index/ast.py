"""The query as a tree: what the parser makes and every engine lowers.

Nodes are immutable and compare by value. `conj` and `disj` keep trees flat, so that each query has one tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

from index.port import Analyzer

TextField = Literal["title"]
KeywordField = Literal["source", "kind", "topic", "sentiment", "place", "story", "site", "lang"]
Side = Literal["from", "to"]


@dataclass(frozen=True, slots=True)
class Everything:
    """Matches every mention: the empty query."""


@dataclass(frozen=True, slots=True)
class Text:
    """A term or phrase. Its words stand side by side, in order; with `prefix` the last one is a beginning.

    Words match whatever their accents unless `exact`. `field` None looks in title, lead and body.
    """

    text: str
    field: TextField | None = None
    exact: bool = False
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Near:
    """Some text of either side with at most `distance` other words between them, in any order.

    Each side is a list of alternatives. All texts of one Near share `field` and `exact`.
    """

    left: tuple[Text, ...]
    right: tuple[Text, ...]
    distance: int


@dataclass(frozen=True, slots=True)
class Keyword:
    """A metadata field has this value (compared without accents, case and separators)."""

    field: KeywordField
    value: str


@dataclass(frozen=True, slots=True)
class Bound:
    """Published since (`from`) or up to (`to`) a time; `value` is a canonical time expression of `index.dates`."""

    side: Side
    value: str


@dataclass(frozen=True, slots=True)
class Not:
    item: Node


@dataclass(frozen=True, slots=True)
class And:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    items: tuple[Node, ...]


Node: TypeAlias = Everything | Text | Near | Keyword | Bound | Not | And | Or


def conj(items: Iterable[Node]) -> Node:
    """All of them; nested ANDs are joined, one item stands for itself."""
    flat = [part for item in items for part in (item.items if isinstance(item, And) else (item,))]
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def disj(items: Iterable[Node]) -> Node:
    """Any of them; nested ORs are joined, one item stands for itself."""
    flat = [part for item in items for part in (item.items if isinstance(item, Or) else (item,))]
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def positive_texts(node: Node) -> Iterator[Text]:
    """The texts that a hit may owe its match to (none under NOT), in reading order; for highlighting."""
    match node:
        case Text():
            yield node
        case Near(left, right):
            yield from left
            yield from right
        case And(items) | Or(items):
            for item in items:
                yield from positive_texts(item)
        case _:
            return


_PAIRS = 4  # more would make rank too costly and say little


def neighbours(node: Node) -> list[Text]:
    """Pairs of words that were typed one after the other, as phrases: hits that hold them side by side rank higher.

    Vietnamese words are mostly of two syllables, which a query without quotes treats as two terms.
    """
    items = node.items if isinstance(node, And) else ()
    pairs = [
        Text(f"{left.text} {right.text}", left.field, left.exact, right.prefix)
        for left, right in pairwise(items)
        if isinstance(left, Text)
        and isinstance(right, Text)
        and (left.field, left.exact, left.prefix) == (right.field, right.exact, False)
        and not (" " in left.text or " " in right.text)
    ]
    return list(dict.fromkeys(pairs))[:_PAIRS]


def bare_words(node: Node) -> bool:
    """Whether a query is nothing but several words in a row, which may be meant as a phrase."""
    return isinstance(node, And) and all(
        isinstance(item, Text) and item == Text(item.text) and " " not in item.text for item in node.items
    )


def accented(node: Node, analyzer: Analyzer) -> bool:
    """Whether a positive text of the query was typed with accents and leaves them open."""
    match node:
        case Text(text, exact=False):
            return analyzer.exact(text) != analyzer.fold(text)
        case Near(left, right):
            return any(accented(text, analyzer) for text in (*left, *right))
        case And(items) | Or(items):
            return any(accented(item, analyzer) for item in items)
        case _:
            return False
