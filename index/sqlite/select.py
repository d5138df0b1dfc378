"""Finds the hits of a plan within one snapshot: positions in the columns, ascending in time.

Text is looked up by FTS5, everything else by array arithmetic. Counting, facets, series and pages all start from the
same selection, so they can never disagree.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from index.port import Filters
from index.sqlite.columns import Columns
from index.sqlite.plan import All, Both, Either, Except, HasValue, Match, Nothing, Plan, Published
from index.sqlite.schema import SEEN, SHIFT
from index.sqlite.vocabulary import SETS, Ints
from index.values import second

Selection = slice | Ints  # a run of positions, or ascending positions
_NONE: Ints = np.empty(0, dtype=np.int64)
_COLUMNS = {"topic": "topics", "place": "places"}

V = TypeVar("V")


class Cache(Generic[V]):
    """The newest results by key, limited in number; safe for threads."""

    def __init__(self, size: int) -> None:
        self._size, self._lock = size, threading.Lock()
        self._items: OrderedDict[object, V] = OrderedDict()

    def get(self, key: object) -> V | None:
        with self._lock:
            if key in self._items:
                self._items.move_to_end(key)
            return self._items.get(key)

    def put(self, key: object, value: V) -> V:
        with self._lock:
            self._items[key] = value
            while len(self._items) > self._size:
                self._items.popitem(last=False)
        return value


class Caches:
    """What is worth remembering between searches; keys carry the snapshot's version."""

    def __init__(self) -> None:
        self.hits: Cache[Ints] = Cache(64)
        self.counts: Cache[int] = Cache(256)


class Selector:
    """One search on one snapshot, with the connection whose read transaction sees the same state."""

    def __init__(self, conn: sqlite3.Connection, columns: Columns, caches: Caches, fold: Callable[[str], str]) -> None:
        self.conn, self.columns, self.caches, self.fold = conn, columns, caches, fold

    def select(self, plan: Plan, within: Selection) -> Selection:
        """The positions of `within` that the plan matches."""
        match plan:
            case All():
                return within
            case Nothing():
                return _NONE
            case Match():
                return self.hits(plan, within) if isinstance(within, slice) else self._among(plan, within)
            case HasValue(field, value):
                return self._having(field, self._like(field, value), within)
            case Published(since, until):
                return narrowed(within, self.columns.between(since, until))
            case Both(items):
                for item in items:
                    within = self.select(item, within)
                return within
            case Either(items):
                return self._union([self.select(item, within) for item in items])
            case Except(item):
                return self._without(within, self.select(item, within))

    def filtered(self, filters: Filters, within: Selection) -> Selection:
        """The positions of `within` that pass the filters (times are the caller's affair)."""
        for name in ("source", "kind", "topic", "sentiment", "place", "story"):
            if wanted := getattr(filters, name):
                within = self._having(name, wanted, within)
        if filters.seen_since is not None:
            within = picked(within, self.columns.fields["seen"][within] >= max(1, second(filters.seen_since) - SEEN))
        if filters.min_relevance > self.columns.least_relevance:
            within = picked(within, self.columns.fields["relevance"][within] >= filters.min_relevance)
        return within

    def hits(self, match: Match, within: slice) -> Ints:
        """The positions of a run that an FTS5 query finds."""
        key = (self.columns.version, match, within.start, within.stop)
        if (known := self.caches.hits.get(key)) is not None:
            return known
        # One long text of numbers crosses into numpy three times as fast as rows of Python integers.
        sql = f"SELECT group_concat(rowid, ' ') FROM {match.table} WHERE {self._where(match, within)}"  # noqa: S608
        text = self.conn.execute(sql, self._arguments(match, within)).fetchone()[0]
        rids = np.fromstring(text, dtype=np.int64, sep=" ") if text else _NONE
        return self.caches.hits.put(key, self._positions(rids))

    def count(self, match: Match, within: slice) -> int:
        """How many positions of a run an FTS5 query finds, without fetching them."""
        key = (self.columns.version, match, within.start, within.stop)
        if (hits := self.caches.hits.get(key)) is not None:
            return len(hits)
        if (known := self.caches.counts.get(key)) is not None:
            return known
        sql = f"SELECT count(*) FROM {match.table} WHERE {self._where(match, within)}"  # noqa: S608
        return self.caches.counts.put(key, self.conn.execute(sql, self._arguments(match, within)).fetchone()[0])

    def newest(self, match: Match, within: slice, limit: int) -> Ints:
        """The last positions of a run that an FTS5 query finds, newest first."""
        sql = (
            f"SELECT rowid FROM {match.table} WHERE {self._where(match, within)} "  # noqa: S608
            f"ORDER BY rowid DESC LIMIT {int(limit)}"
        )
        rows = self.conn.execute(sql, self._arguments(match, within)).fetchall()
        return self._positions(np.array([row[0] for row in rows], dtype=np.int64))

    def _where(self, match: Match, within: slice) -> str:
        parts = [f"{match.table} MATCH ?"]
        if within.start > 0:
            parts.append("rowid >= ?")
        if within.stop < len(self.columns):
            parts.append("rowid < ?")
        return " AND ".join(parts)

    def _arguments(self, match: Match, within: slice) -> list[str | int]:
        arguments: list[str | int] = [match.expression]
        if within.start > 0:
            arguments.append(self._rid(within.start))
        if within.stop < len(self.columns):
            arguments.append(self._rid(within.stop))
        return arguments

    def _rid(self, position: int) -> int:
        rids = self.columns.rids
        return int(rids[position]) if position < len(rids) else int(rids[-1]) + (1 << SHIFT)

    def _positions(self, rids: Ints) -> Ints:
        return np.searchsorted(self.columns.rids, rids).astype(np.int64)

    def _among(self, match: Match, within: Ints) -> Ints:
        if not len(within):
            return within
        hits = self.hits(match, slice(int(within[0]), int(within[-1]) + 1))
        return picked(within, self._marked(hits)[within])

    def _like(self, field: str, value: str) -> tuple[str, ...]:
        values = self.columns.vocabulary.fields[_COLUMNS.get(field, field)]
        if field == "site":
            return tuple(name for name in values.names if name == value or name.endswith("." + value))
        return tuple(values.like(value, self.fold))

    def _having(self, field: str, wanted: tuple[str, ...], within: Selection) -> Selection:
        column = _COLUMNS.get(field, field)
        table = self.columns.vocabulary.fields[column].table(wanted, is_set=column in SETS)
        if not table.any():
            return _NONE
        return picked(within, table[self.columns.fields[column][within]])

    def _marked(self, selection: Selection) -> npt.NDArray[np.bool_]:
        marks = np.zeros(len(self.columns), dtype=np.bool_)
        marks[selection] = True
        return marks

    def _union(self, selections: list[Selection]) -> Ints:
        marks = np.zeros(len(self.columns), dtype=np.bool_)
        for selection in selections:
            marks[selection] = True
        return np.flatnonzero(marks).astype(np.int64)

    def _without(self, within: Selection, gone: Selection) -> Selection:
        return picked(within, ~self._marked(gone)[within])


def drawn(columns: Columns, within: Selection, count: int) -> Selection:
    """A fair sample of a selection: the same mentions whatever engine draws."""
    if size(within) <= count:
        return within
    run = np.arange(within.start, within.stop) if isinstance(within, slice) else within
    chosen: Ints = np.sort(run[np.argpartition(columns.fields["pick"][run], count)[:count]])
    return chosen


def picked(within: Selection, keep: npt.NDArray[np.bool_]) -> Ints:
    """The positions of a selection for which `keep` holds."""
    if isinstance(within, slice):
        found: Ints = np.flatnonzero(keep).astype(np.int64) + within.start
        return found
    kept: Ints = within[keep]
    return kept


def narrowed(within: Selection, run: slice) -> Selection:
    """The positions of a selection that lie in a run."""
    if isinstance(within, slice):
        start = max(within.start, run.start)
        return slice(start, max(start, min(within.stop, run.stop)))
    low, high = np.searchsorted(within, (run.start, run.stop)).tolist()
    kept: Ints = within[low:high]
    return kept


def size(selection: Selection) -> int:
    return selection.stop - selection.start if isinstance(selection, slice) else len(selection)


def span(columns: Columns, filters: Filters, published: Published) -> slice:
    """The run of positions that filters and query leave open in time."""
    starts = [published.since, None if filters.since is None else second(filters.since)]
    ends = [published.until, None if filters.until is None else second(filters.until)]
    since = max((start for start in starts if start is not None), default=None)
    until = min((end for end in ends if end is not None), default=None)
    return columns.between(since, until)
