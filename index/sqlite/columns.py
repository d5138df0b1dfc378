"""The metadata of all mentions as numpy columns, one snapshot per committed state of the file.

Filters, facets and series over a hundred thousand hits are array arithmetic here and take a few milliseconds; in SQL
they would be a join per hit. A snapshot never changes; a refresh reads only the rows that the log names.
"""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from index.sqlite.schema import META, SHIFT
from index.sqlite.vocabulary import Ints, Vocabulary

Column = npt.NDArray[np.signedinteger]  # as narrow as its codes allow
_SELECT = f"SELECT rid, {', '.join(META)} FROM meta"  # noqa: S608 - the names are ours
_CHUNK = 20_000
_IDS = 500
_KINDS = (np.int8, np.int16, np.int32, np.int64)


@dataclass(frozen=True)
class Columns:
    """`rids` ascending (oldest first), `fields` parallel to it. `version` is (epoch, seq) of the file's state."""

    version: tuple[int, int]
    rids: Ints
    fields: dict[str, Column]
    vocabulary: Vocabulary

    def __len__(self) -> int:
        return len(self.rids)

    @cached_property
    def least_relevance(self) -> int:
        """The relevance that every mention has at least."""
        return int(self.fields["relevance"].min()) if len(self) else 0

    def between(self, since: int | None, until: int | None) -> slice:
        """The positions published in [since, until), in seconds."""
        low = 0 if since is None else int(np.searchsorted(self.rids, since << SHIFT))
        high = len(self) if until is None else int(np.searchsorted(self.rids, until << SHIFT))
        return slice(low, max(low, high))


def state(conn: sqlite3.Connection) -> tuple[int, int]:
    """(epoch, seq) of the state that this transaction sees."""
    row = conn.execute("SELECT epoch, seq FROM state").fetchone()
    return row[0], row[1]


class ColumnStore:
    """The newest snapshot of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._columns: Columns | None = None

    def of(self, conn: sqlite3.Connection) -> Columns | None:
        """The columns of the state that this read transaction sees; None when memory is already ahead of it."""
        version = state(conn)
        columns = self._columns
        if columns is not None and columns.version == version:
            return columns
        with self._lock:
            columns = self._columns
            if columns is None or columns.version[0] < version[0]:
                self._columns = _load(conn, version)
            elif columns.version < version:
                self._columns = _refreshed(conn, columns, version)
            elif columns.version > version:
                return None
            return self._columns


def _load(conn: sqlite3.Connection, version: tuple[int, int]) -> Columns:
    vocabulary = Vocabulary()
    vocabulary.refresh(conn)
    cursor = conn.execute(_SELECT + " ORDER BY rid")
    rids: list[Ints] = [np.empty(0, dtype=np.int64)]
    parts: dict[str, list[Column]] = {name: [np.empty(0, dtype=np.int8)] for name in META}
    while rows := cursor.fetchmany(_CHUNK):
        table = np.array(rows, dtype=np.int64)
        rids.append(table[:, 0].copy())
        for i, name in enumerate(META):
            parts[name].append(_narrow(table[:, i + 1]))
    return Columns(version, np.concatenate(rids), {name: _joined(parts.pop(name)) for name in META}, vocabulary)


def _joined(parts: list[Column]) -> Column:
    found: Column = np.concatenate(parts)
    return found


def _narrow(column: Ints) -> Column:
    """A copy in the narrowest type that holds it: a million mentions take some 35 MB instead of 52."""
    low, high = (int(column.min()), int(column.max())) if len(column) else (0, 0)
    return column.astype(next(kind for kind in _KINDS if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max))


def _refreshed(conn: sqlite3.Connection, old: Columns, version: tuple[int, int]) -> Columns:
    log = conn.execute("SELECT seq, rids FROM log WHERE seq > ? ORDER BY seq", (old.version[1],)).fetchall()
    if len(log) != version[1] - old.version[1]:  # pruned: we slept too long
        return _load(conn, version)
    touched = np.unique(np.concatenate([np.frombuffer(rids, dtype=np.int64) for _, rids in log]))
    if len(touched) > len(old) // 4 + 1000:
        return _load(conn, version)
    old.vocabulary.refresh(conn)
    return _merged(old, version, touched, _rows(conn, touched))


def _rows(conn: sqlite3.Connection, rids: Ints) -> Ints:
    rows: list[tuple[int, ...]] = []
    for start in range(0, len(rids), _IDS):
        some = rids[start : start + _IDS].tolist()
        marks = ",".join("?" * len(some))
        rows += conn.execute(f"{_SELECT} WHERE rid IN ({marks}) ORDER BY rid", some).fetchall()
    return np.array(rows, dtype=np.int64).reshape(-1, 1 + len(META))


def _merged(old: Columns, version: tuple[int, int], touched: Ints, rows: Ints) -> Columns:
    """The old snapshot without the touched rows, with the rows that exist now."""
    at = np.searchsorted(old.rids, touched)
    known = (at < len(old)) & (old.rids[np.minimum(at, len(old) - 1)] == touched) if len(old) else at < 0
    if len(rows) == len(touched) and known.all():  # metadata only: row ids stay where they are
        fields = {}
        for i, name in enumerate(META):
            new = _narrow(rows[:, i + 1])
            fields[name] = _wide(old.fields[name], new).copy()
            fields[name][at] = new
        return Columns(version, old.rids, fields, old.vocabulary)
    keep = np.ones(len(old), dtype=np.bool_)
    keep[at[known]] = False
    kept = old.rids[keep]
    places = np.searchsorted(kept, rows[:, 0])
    merged = {}
    for i, name in enumerate(META):
        new = _narrow(rows[:, i + 1])
        merged[name] = np.insert(_wide(old.fields[name], new)[keep], places, new)
    return Columns(version, np.insert(kept, places, rows[:, 0]), merged, old.vocabulary)


def _wide(column: Column, more: Column) -> Column:
    """The column in a type that holds further values too."""
    return column.astype(np.promote_types(column.dtype, more.dtype), copy=False)
