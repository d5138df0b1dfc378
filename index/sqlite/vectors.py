"""The mentions nearest in meaning: every vector of the selection is compared, 20,000 in some 20 ms."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from index.port import DIMENSIONS
from index.sqlite.columns import Columns
from index.sqlite.select import Selection, size
from index.sqlite.vocabulary import Ints

_CHUNK = 20_000  # vectors in memory at a time, 40 MB with what is counted from them
Scores = npt.NDArray[np.float64]


def nearest(
    conn: sqlite3.Connection, columns: Columns, selection: Selection, vector: bytes, limit: int
) -> list[tuple[str, float]]:
    """Ids of mentions with their cosines, highest first; of equals the newest."""
    best_rids, best = np.empty(0, dtype=np.int64), np.empty(0)
    wanted = np.frombuffer(vector, dtype=np.int8).astype(np.float32)
    for rids, vectors in _vectors(conn, columns, selection):
        best_rids = np.concatenate([best_rids, rids])
        best = np.concatenate([best, _cosines(vectors, wanted)])
        keep = np.lexsort((-best_rids, -best))[:limit]
        best_rids, best = best_rids[keep], best[keep]
    ids = [conn.execute("SELECT id FROM mention WHERE rid = ?", (rid,)).fetchone()[0] for rid in best_rids.tolist()]
    return list(zip(ids, best.tolist(), strict=True))


def _vectors(
    conn: sqlite3.Connection, columns: Columns, selection: Selection
) -> Iterator[tuple[Ints, npt.NDArray[np.float32]]]:
    """The vectors of a selection, some at a time."""
    if not size(selection):
        return
    rids = columns.rids[selection]
    sql = "SELECT rid, vector FROM vector WHERE rid BETWEEN ? AND ? ORDER BY rid"
    cursor = conn.execute(sql, (int(rids[0]), int(rids[-1])))
    while rows := cursor.fetchmany(_CHUNK):
        found = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
        table = np.frombuffer(b"".join(row[1] for row in rows), dtype=np.int8).reshape(-1, DIMENSIONS)
        if not isinstance(selection, slice):
            inside = rids[np.minimum(np.searchsorted(rids, found), len(rids) - 1)] == found
            found, table = found[inside], table[inside]
        yield found, table.astype(np.float32)


def _cosines(vectors: npt.NDArray[np.float32], wanted: npt.NDArray[np.float32]) -> Scores:
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors)) * np.linalg.norm(wanted)
    found: Scores = (vectors @ wanted / lengths).astype(np.float64)
    return found
