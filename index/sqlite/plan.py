"""Lowers the tree to a plan: FTS5 expressions for text, masks over columns for metadata, sets to combine them.

Only analyzed words, in quotes, reach an FTS5 expression, so nothing that people type can be syntax there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from index.ast import And, Bound, Everything, Keyword, Near, Node, Not, Or, Text, accented, positive_texts
from index.dates import resolve
from index.port import Analyzer
from index.values import second

Table = Literal["fold", "exact"]


@dataclass(frozen=True, slots=True)
class All:
    pass


@dataclass(frozen=True, slots=True)
class Nothing:
    pass


@dataclass(frozen=True, slots=True)
class Match:
    """One FTS5 query."""

    table: Table
    expression: str


@dataclass(frozen=True, slots=True)
class Sought:
    """A text that hits are ranked by: what finds it anywhere, in the lead (None: not wanted there), in the title.

    `needed`: no hit is without it.
    """

    anywhere: Match
    lead: Match | None
    title: Match
    needed: bool


@dataclass(frozen=True, slots=True)
class HasValue:
    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Published:
    """Seconds since 1970: `since` is included, `until` is not."""

    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Except:
    item: Plan


@dataclass(frozen=True, slots=True)
class Both:
    items: tuple[Plan, ...]


@dataclass(frozen=True, slots=True)
class Either:
    items: tuple[Plan, ...]


Plan: TypeAlias = All | Nothing | Match | HasValue | Published | Except | Both | Either


class Planner:
    """Makes plans. With `strict`, texts that were typed with accents must match with them (but not under NOT)."""

    def __init__(self, analyzer: Analyzer, now: datetime, *, strict: bool = False) -> None:
        self.analyzer, self.now, self.strict = analyzer, now, strict

    def plan(self, node: Node) -> Plan:
        match node:
            case Everything():
                return All()
            case Text():
                return self._text(node)
            case Near():
                return self._near(node)
            case Keyword(field, value):
                return HasValue(field, value)
            case Bound(side, value):
                moment = second(resolve(value, side, self.now))
                return Published(since=moment) if side == "from" else Published(until=moment)
            case Not(item):
                return Except(Planner(self.analyzer, self.now).plan(item))
            case And(items):
                return _both(self.plan(item) for item in items)
            case Or(items):
                return _either(self.plan(item) for item in items)

    def stricter(self, node: Node, loose: Planner) -> Plan:
        """What the hits of a looser planner's plan must match besides, to match this one's too."""
        items = node.items if isinstance(node, And) else (node,)
        return _both(plan for item in items if (plan := self.plan(item)) != loose.plan(item))

    def sought(self, node: Node) -> list[Sought]:
        """The texts that a hit may owe its match to, in reading order."""
        needed = node.items if isinstance(node, And) else (node,)
        return [found for text in positive_texts(node) if (found := self._sought(text, text in needed))]

    def _sought(self, text: Text, needed: bool) -> Sought | None:
        table = self._table(text, exact=text.exact)
        if not (words := self._words(text, table)):
            return None
        title = Match(table, f"t : ({words})")
        if text.field == "title":
            return Sought(title, None, title, needed)
        return Sought(Match(table, words), Match(table, f"l : ({words})"), title, needed)

    def _table(self, node: Node, *, exact: bool) -> Table:
        return "exact" if exact or (self.strict and accented(node, self.analyzer)) else "fold"

    def _text(self, node: Text) -> Plan:
        table = self._table(node, exact=node.exact)
        words = self._words(node, table)
        return Match(table, _scoped(words, node.field)) if words else Nothing()

    def _near(self, node: Near) -> Plan:
        table = self._table(node, exact=node.left[0].exact)
        sides = [[words for text in side if (words := self._words(text, table))] for side in (node.left, node.right)]
        pairs = [f"NEAR({left} {right}, {node.distance})" for left in sides[0] for right in sides[1]]
        return Match(table, _scoped(_joined(" OR ", pairs), node.left[0].field)) if pairs else Nothing()

    def _words(self, text: Text, table: Table) -> str:
        form: Callable[[str], str] = self.analyzer.exact if table == "exact" else self.analyzer.fold
        words = form(text.text).replace('"', "")
        return f'"{words}"{" *" if text.prefix else ""}' if words else ""


def _scoped(expression: str, field: str | None) -> str:
    return f"t : ({expression})" if field == "title" else expression


def _joined(operator: str, expressions: Iterable[str]) -> str:
    parts = list(expressions)
    return parts[0] if len(parts) == 1 else "(" + operator.join(parts) + ")"


def _both(items: Iterable[Plan]) -> Plan:
    """AND; FTS5 itself intersects what belongs to one table, which is faster than we could."""
    rest: list[Plan] = []
    wanted: dict[Table, list[str]] = {}
    unwanted: dict[Table, list[str]] = {}
    for item in items:
        match item:
            case Match(table, expression):
                wanted.setdefault(table, []).append(expression)
            case Except(Match(table, expression)):
                unwanted.setdefault(table, []).append(expression)
            case Nothing():
                return Nothing()
            case All():
                pass
            case _:
                rest.append(item)
    matches: list[Plan] = []
    for table, expressions in wanted.items():
        text = _joined(" AND ", expressions)
        if not_these := unwanted.pop(table, None):
            text = f"({text} NOT {_joined(' OR ', not_these)})"
        matches.append(Match(table, text))
    left = [Except(Match(table, _joined(" OR ", texts))) for table, texts in unwanted.items()]
    parts = [*matches, *rest, *left]
    return parts[0] if len(parts) == 1 else Both(tuple(parts)) if parts else All()


def _either(items: Iterable[Plan]) -> Plan:
    rest: list[Plan] = []
    wanted: dict[Table, list[str]] = {}
    for item in items:
        match item:
            case Match(table, expression):
                wanted.setdefault(table, []).append(expression)
            case Nothing():
                pass
            case All():
                return All()
            case _:
                rest.append(item)
    parts = [*(Match(table, _joined(" OR ", texts)) for table, texts in wanted.items()), *rest]
    return parts[0] if len(parts) == 1 else Either(tuple(parts)) if parts else Nothing()


def bounds(plan: Plan) -> Published:
    """The narrowest span of time outside of which the plan surely finds nothing."""
    match plan:
        case Published():
            return plan
        case Both(items):
            spans = [bounds(item) for item in items]
            starts = [span.since for span in spans if span.since is not None]
            ends = [span.until for span in spans if span.until is not None]
            return Published(max(starts, default=None), min(ends, default=None))
        case _:
            return Published()
