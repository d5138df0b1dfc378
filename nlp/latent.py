"""Meaning in a hundred numbers: a text's TF-IDF projected on directions learnt from headlines (latent semantics).

The table holds one row of eight-bit numbers for each frequent bucket of `nlp.vectors`. It puts texts close that share
no word; half and half with plain TF-IDF it groups stories as well as sentence embeddings did, at a fraction of
the cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlp.vectors import Vector

Row = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Latent:
    """`buckets`: sorted (rows,); `directions`: (rows x dimensions)."""

    buckets: NDArray[np.int64]
    directions: NDArray[np.float32]

    @classmethod
    def shipped(cls) -> Latent:
        """The table of `models/latent`, read once."""
        return _shipped()

    @property
    def dimensions(self) -> int:
        return int(self.directions.shape[1])

    def of(self, vector: Vector) -> Row:
        """Where a vector lies: `dimensions` numbers, length one unless nothing is known of it (then zeros)."""
        places = np.searchsorted(self.buckets, vector.buckets).clip(max=len(self.buckets) - 1)
        known = self.buckets[places] == vector.buckets
        found: Row = vector.weights[known] @ self.directions[places[known]]
        length = float(np.sqrt(found @ found))
        return found / np.float32(length) if length else found


def pack(buckets: NDArray[np.int64], directions: NDArray[np.float64]) -> dict[str, NDArray[np.generic]]:
    """The table as it is stored: eight bits a number, one scale for each direction."""
    scale = np.abs(directions).max(axis=0) / 127
    small = np.round(directions / scale).astype(np.int8)
    return {"buckets": buckets.astype(np.int32), "directions": small, "scale": scale.astype(np.float32)}


@lru_cache(maxsize=1)
def _shipped() -> Latent:
    with np.load(Path(__file__).parent / "models" / "latent" / "directions.npz", allow_pickle=False) as stored:
        return Latent(stored["buckets"].astype(np.int64), stored["directions"] * stored["scale"])
