"""The mentions nearest in meaning. Up to some tens of thousands every vector of the selection is compared, 20,000 in
some 20 ms; of more, those that their sketches name."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from index.port import DIMENSIONS
from index.sqlite.columns import Columns
from index.sqlite.select import Selection, size
from index.sqlite.sketches import Sketches
from index.sqlite.vocabulary import Ints
from index.sqlite.writer import marks
from index.values import batches

MANY = 50_000  # mentions of a selection from which sketches choose whose vectors are compared
_CHOSEN = 4_000  # of so many mentions, or ten times of what is asked for
_CHUNK = 20_000  # vectors in memory at a time, 40 MB with what is counted from them
_IDS = 500
Scores = npt.NDArray[np.float64]
Vectors = Iterator[tuple[Ints, npt.NDArray[np.float32]]]


def nearest(
    conn: sqlite3.Connection, columns: Columns, selection: Selection, vector: bytes, limit: int, sketches: Sketches
) -> list[tuple[str, float]]:
    """Ids of mentions with their cosines, highest first; of equals the newest."""
    best_rids, best = np.empty(0, dtype=np.int64), np.empty(0)
    wanted = np.frombuffer(vector, dtype=np.int8).astype(np.float32)
    if size(selection) <= MANY:
        compared = _vectors(conn, columns, selection)
    else:
        rids = columns.rids[selection]
        compared = _chosen(conn, sketches.likely(conn, columns, rids, vector, max(_CHOSEN, 10 * limit)))
    for rids, vectors in compared:
        best_rids = np.concatenate([best_rids, rids])
        best = np.concatenate([best, _cosines(vectors, wanted)])
        keep = np.lexsort((-best_rids, -best))[:limit]
        best_rids, best = best_rids[keep], best[keep]
    ids = [conn.execute("SELECT id FROM mention WHERE rid = ?", (rid,)).fetchone()[0] for rid in best_rids.tolist()]
    return list(zip(ids, best.tolist(), strict=True))


def _vectors(conn: sqlite3.Connection, columns: Columns, selection: Selection) -> Vectors:
    """The vectors of a selection, some at a time."""
    if not size(selection):
        return
    rids = columns.rids[selection]
    sql = "SELECT rid, vector FROM vector WHERE rid BETWEEN ? AND ? ORDER BY rid"
    cursor = conn.execute(sql, (int(rids[0]), int(rids[-1])))
    while rows := cursor.fetchmany(_CHUNK):
        found, table = _table(rows)
        if not isinstance(selection, slice):
            inside = rids[np.minimum(np.searchsorted(rids, found), len(rids) - 1)] == found
            found, table = found[inside], table[inside]
        yield found, table.astype(np.float32)


def _chosen(conn: sqlite3.Connection, rids: Ints) -> Vectors:
    for some in batches(rids.tolist(), _IDS):
        sql = f"SELECT rid, vector FROM vector WHERE rid IN ({marks(some)})"  # noqa: S608
        if rows := conn.execute(sql, some).fetchall():
            found, table = _table(rows)
            yield found, table.astype(np.float32)


def _table(rows: list[tuple[int, bytes]]) -> tuple[Ints, npt.NDArray[np.int8]]:
    rids = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
    return rids, np.frombuffer(b"".join(row[1] for row in rows), dtype=np.int8).reshape(-1, DIMENSIONS)


def _cosines(vectors: npt.NDArray[np.float32], wanted: npt.NDArray[np.float32]) -> Scores:
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors)) * np.linalg.norm(wanted)
    found: Scores = (vectors @ wanted / lengths).astype(np.float64)
    return found
