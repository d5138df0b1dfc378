"""Sparse TF-IDF vectors of folded syllable 1-2-grams, against a small shipped table of how common each is.

Everything is hashed with our own arithmetic (the same on every machine and run): a word to 32 bit, a pair of words to
the 32-bit mix of both, and these to one of 2**20 buckets.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # scipy costs a third of a second and 12 MB: who only asks how common a word is does not load it
    from scipy.sparse import csr_matrix

Hashes = NDArray[np.uint32]
BITS = 20
BUCKETS = 1 << BITS
_STEPS = 12  # steps of the stored table in a doubling of the frequency
_ONE, _TWO = np.uint32(0x9E3779B1), np.uint32(0x85EBCA77)
_words: dict[str, int] = {}


def word_hashes(folded: str) -> Hashes:
    """One 32-bit hash for each word of a folded (or exact) text."""
    known = _words
    hashes = []
    for word in folded.split():
        value = known.get(word)
        if value is None:
            value = zlib.crc32(word.encode())
            if len(known) < 300_000:
                known[word] = value
        hashes.append(value)
    return np.array(hashes, dtype=np.uint32)


def pair_hashes(words: Hashes) -> Hashes:
    """One hash for each pair of neighbours: length of `words` less one."""
    mixed = words[:-1] * _ONE
    return (mixed ^ (mixed >> np.uint32(15))) * _TWO + words[1:] * _ONE


def buckets(hashes: Hashes) -> NDArray[np.int64]:
    """Bucket numbers below 2**20 of word or pair hashes."""
    mixed = (hashes ^ (hashes >> np.uint32(16))) * _TWO
    return ((mixed ^ (mixed >> np.uint32(13))) >> np.uint32(32 - BITS)).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """How many of `texts` background texts hold something of a bucket: `frequency[bucket]`."""

    texts: int
    frequency: NDArray[np.float32]

    @classmethod
    def shipped(cls, kind: str = "folded") -> Background:
        """A table of `models/background`, read once: of `folded` words, or of `exact` ones with their accents."""
        return _shipped(kind)

    def rarity(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        """log((1 + texts) / (1 + frequency)) of buckets."""
        return np.asarray(np.log((1.0 + self.texts) / (1.0 + self.frequency[places])), dtype=np.float32)


def pack(texts: int, frequency: NDArray[np.int64]) -> dict[str, NDArray[np.uint8] | NDArray[np.int64]]:
    """The table as it is stored: eight bits a bucket on a logarithmic scale."""
    steps = np.round(np.log2(1 + frequency) * _STEPS).clip(0, 255).astype(np.uint8)
    return {"steps": steps, "texts": np.array([texts])}


@lru_cache(maxsize=2)
def _shipped(kind: str) -> Background:
    with np.load(Path(__file__).parent / "models" / "background" / f"{kind}.npz", allow_pickle=False) as stored:
        frequency = np.exp2(stored["steps"].astype(np.float32) / _STEPS) - 1
        return Background(int(stored["texts"][0]), frequency.astype(np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class Vector:
    """A sparse vector of length one: sorted `buckets` with their `weights`."""

    buckets: NDArray[np.int64]
    weights: NDArray[np.float32]

    def heaviest(self, keep: int) -> Vector:
        """The vector of its `keep` heaviest buckets, of length one again."""
        if len(self.buckets) <= keep:
            return self
        chosen = np.sort(np.lexsort((self.buckets, -self.weights))[:keep])
        weights = self.weights[chosen]
        return Vector(self.buckets[chosen], weights / np.float32(np.sqrt(weights @ weights)))

    def cosine(self, other: Vector) -> float:
        """Cosine of the two, 0-1."""
        _, mine, theirs = np.intersect1d(self.buckets, other.buckets, assume_unique=True, return_indices=True)
        return float(self.weights[mine] @ other.weights[theirs])


def vector(words: Hashes, background: Background, *, keep: int = 120, repeat: Hashes | None = None) -> Vector:
    """The vector of a text from its word hashes; `repeat`: words that count twice (the headline); `keep` heaviest."""
    parts = [words, pair_hashes(words)]
    if repeat is not None:
        parts += [repeat, pair_hashes(repeat)]
    found, counts = np.unique(np.concatenate([buckets(part) for part in parts]), return_counts=True)
    weights = (1 + np.log(counts)) * background.rarity(found)
    length = float(np.sqrt(weights @ weights))
    return Vector(found, (weights / length if length else weights).astype(np.float32)).heaviest(keep)


def matrix(vectors: Sequence[Vector]) -> csr_matrix:
    """(vectors x buckets) matrix, so that a product of two gives all cosines at once."""
    from scipy.sparse import csr_matrix

    starts = np.concatenate([[0], np.cumsum([len(each.buckets) for each in vectors])]).astype(np.int64)
    columns = np.concatenate([np.zeros(0, dtype=np.int64), *(each.buckets for each in vectors)])
    weights = np.concatenate([np.zeros(0, dtype=np.float32), *(each.weights for each in vectors)])
    return csr_matrix((weights, columns, starts), shape=(len(vectors), BUCKETS))
