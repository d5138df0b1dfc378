"""Near-duplicates: a MinHash signature of 64 x 32 bit over folded word shingles, and the overlap two of them imply."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlp.text import fold
from nlp.vectors import Hashes, word_hashes

SIZE = 64
SHINGLE = 4  # words; a copy with a word changed in every twelve still shares half of them
_DRAWS = np.random.default_rng(20_251_101)
_FACTORS = _DRAWS.integers(1, 2**63, size=SIZE, dtype=np.uint64) | np.uint64(1)
_OFFSETS = _DRAWS.integers(0, 2**63, size=SIZE, dtype=np.uint64)
_PRIMES = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5], dtype=np.uint64)


def fingerprint(text: str) -> tuple[int, ...]:
    """Signature of a text of any spelling: 64 numbers below 2**32; () for a text without words."""
    return fingerprint_of(word_hashes(fold(text)))


def fingerprint_of(words: Hashes) -> tuple[int, ...]:
    """`fingerprint` from the hashes of the folded words."""
    if not len(words):
        return ()
    wide = words.astype(np.uint64)
    size = min(SHINGLE, len(wide))
    shingles = np.zeros(len(wide) - size + 1, dtype=np.uint64)
    for place in range(size):
        shingles += wide[place : place + len(shingles)] * _PRIMES[place]
    shingles ^= shingles >> np.uint64(29)
    drawn: NDArray[np.uint64] = (shingles[:, None] * _FACTORS + _OFFSETS) >> np.uint64(32)
    return tuple(drawn.min(axis=0).tolist())


def overlap(one: Sequence[int], other: Sequence[int]) -> float:
    """Estimated Jaccard overlap of two texts' shingles, 0-1 (standard error .06); 0 when one is empty."""
    if not one or not other:
        return 0.0
    return sum(a == b for a, b in zip(one, other, strict=True)) / SIZE


def overlaps(one: Sequence[int], others: NDArray[np.uint32]) -> NDArray[np.float64]:
    """`overlap` with each row of a (texts x 64) array."""
    if not one or not len(others):
        return np.zeros(len(others))
    return np.asarray((others == np.array(one, dtype=np.uint32)).mean(axis=1))
