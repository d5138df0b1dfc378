"""Which of very many vectors may be near one: told by 48 bytes each, held in memory, before the vectors are read.

A sketch is the signs of a vector's dimensions as seen from the mean of all: vectors have much in common, and from the
origin most signs would be alike. The fewer signs differ, the smaller the angle is likely to be (Charikar, Similarity
estimation techniques from rounding algorithms, 2002). Sketches only choose whose vectors are compared.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from index.port import DIMENSIONS
from index.sqlite.columns import Columns
from index.sqlite.schema import SHIFT
from index.sqlite.vocabulary import Ints

_DAY = 86400 << SHIFT  # row ids of a day
_SAMPLE = 1000  # mentions whose vectors tell the mean
Vectors = npt.NDArray[np.float32]
Signs = npt.NDArray[np.uint64]  # 64 signs in each


@dataclass(frozen=True, slots=True)
class _Day:
    """Row ids ascending, and their signs (rows x 6)."""

    rids: Ints
    signs: Signs


class Sketches:
    """Of one index, read day by day as they are asked for; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._version = (0, 0)
        self._mean: Vectors | None = None
        self._days: dict[int, _Day] = {}

    def likely(self, conn: sqlite3.Connection, columns: Columns, rids: Ints, wanted: bytes, count: int) -> Ints:
        """Of these row ids (ascending) the `count` whose vectors are likely the nearest; all where fewer have one."""
        with self._lock:
            self._follow(conn, columns.version)
            mean = self._mean = _mean(conn, rids) if self._mean is None else self._mean
            days = [self._day(conn, day, mean) for day in range(int(rids[0]) // _DAY, int(rids[-1]) // _DAY + 1)]
        own = _signs(_directions([wanted]) - mean)
        found = np.concatenate([day.rids for day in days])
        apart = np.concatenate([np.bitwise_count(day.signs ^ own).sum(axis=1, dtype=np.int16) for day in days])
        low, high = np.searchsorted(found, (rids[0], rids[-1] + 1)).tolist()
        found, apart = found[low:high], apart[low:high]
        first, last = np.searchsorted(columns.rids, (rids[0], rids[-1])).tolist()
        if len(rids) <= last - first:  # not all of that time is asked for
            asked = rids[np.minimum(np.searchsorted(rids, found), len(rids) - 1)] == found
            found, apart = found[asked], apart[asked]
        if len(found) > count:
            found = found[np.argpartition(apart, count)[:count]]
        return np.sort(found)

    def _follow(self, conn: sqlite3.Connection, version: tuple[int, int]) -> None:
        """Forgets the days that changed since."""
        if version <= self._version:
            return
        log = conn.execute("SELECT rids FROM log WHERE seq > ? ORDER BY seq", (self._version[1],)).fetchall()
        if version[0] != self._version[0] or len(log) != version[1] - self._version[1]:
            self._days, self._mean = {}, None
        for (rids,) in log:
            for day in np.unique(np.frombuffer(rids, dtype=np.int64) // _DAY).tolist():
                self._days.pop(day, None)
        self._version = version

    def _day(self, conn: sqlite3.Connection, day: int, mean: Vectors) -> _Day:
        if (known := self._days.get(day)) is not None:
            return known
        sql = "SELECT rid, vector FROM vector WHERE rid >= ? AND rid < ? ORDER BY rid"
        rows = conn.execute(sql, (day * _DAY, (day + 1) * _DAY)).fetchall()
        rids = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
        self._days[day] = _Day(rids, _signs(_directions([row[1] for row in rows]) - mean))
        return self._days[day]


def _mean(conn: sqlite3.Connection, rids: Ints) -> Vectors:
    some = rids[:: max(1, len(rids) // _SAMPLE)].tolist()
    rows = [conn.execute("SELECT vector FROM vector WHERE rid = ?", (rid,)).fetchone() for rid in some]
    found = _directions([row[0] for row in rows if row])
    return np.asarray(found.mean(axis=0) if len(found) else np.zeros(DIMENSIONS), dtype=np.float32)


def _directions(vectors: Sequence[bytes]) -> Vectors:
    """(vectors x dimensions), each of length one."""
    table = np.frombuffer(b"".join(vectors), dtype=np.int8).reshape(-1, DIMENSIONS).astype(np.float32)
    table /= np.sqrt(np.einsum("ij,ij->i", table, table))[:, np.newaxis]
    return table


def _signs(rows: Vectors) -> Signs:
    packed: Signs = np.packbits(rows > 0, axis=1).view(np.uint64)
    return packed
