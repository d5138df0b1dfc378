"""Text into sparse counts of syllable n-grams (and optionally of letter n-grams), without any pickled state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from nlp.text import exact, fold_of

Floats = NDArray[np.float64]
DOMAINS = frozenset({"xxnews", "xxsocial"})


@dataclass(frozen=True, slots=True)
class Grams:
    """Which n-grams a model reads: up to `words` syllables, and letter n-grams of `chars` sizes inside a syllable.

    `domains`: each n-gram once more for the text's domain, so that a word may mean something else in comments.
    """

    words: int = 2
    chars: tuple[int, int] | None = None
    domains: bool = False

    def of(self, exact_text: str) -> list[str]:
        """All n-grams of a text that has been through `exact`; letter n-grams begin with “~”.

        A first word of `DOMAINS` is no word of the text: it says which domain the text is of.
        """
        syllables = exact_text.split()
        domain = syllables.pop(0) if syllables and syllables[0] in DOMAINS else ""
        found = list(syllables)
        for size in range(2, self.words + 1):
            found += map(" ".join, zip(*(syllables[shift:] for shift in range(size)), strict=False))
        if self.chars:
            for syllable in syllables:
                found += _letters(syllable, *self.chars)
        if self.domains and domain:
            mark = domain[2] + "~"
            found += [mark + gram for gram in found]
        return found


_cache: dict[tuple[str, int, int], list[str]] = {}


def _letters(syllable: str, low: int, high: int) -> list[str]:
    """Letter n-grams of one syllable with its borders; remembered, since a language has few syllables."""
    key = (syllable, low, high)
    known = _cache.get(key)
    if known is None:
        padded = f"_{syllable[:20]}_"
        known = [
            "~" + padded[start : start + size]
            for size in range(low, high + 1)
            for start in range(len(padded) - size + 1)
        ]
        if len(_cache) < 200_000:
            _cache[key] = known
    return known


def with_copies(texts: Sequence[str]) -> list[str]:
    """Exact texts followed by their unaccented copies: a classifier that saw both reads both."""
    accented = [exact(text) for text in texts]
    return accented + [fold_of(text) for text in accented]


def vocabulary(texts: Iterable[str], grams: Grams, least: int) -> list[str]:
    """N-grams of exact texts that occur in at least `least` of them, sorted."""
    seen: Counter[str] = Counter()
    for text in texts:
        seen.update(set(grams.of(text)))
    return sorted(gram for gram, count in seen.items() if count >= least)


def counts(texts: Iterable[str], grams: Grams, index: Mapping[str, int]) -> csr_matrix:
    """(texts x vocabulary) matrix of 1 + log(count), for exact texts."""
    columns: list[int] = []
    starts = [0]
    get = index.get
    for text in texts:
        columns += [column for column in map(get, grams.of(text)) if column is not None]
        starts.append(len(columns))
    matrix = csr_matrix(
        (np.ones(len(columns), dtype=np.float64), np.asarray(columns, dtype=np.int32), np.asarray(starts)),
        shape=(len(starts) - 1, len(index)),
    )
    matrix.sum_duplicates()
    np.log(matrix.data, out=matrix.data)
    matrix.data += 1.0
    return matrix


def inverse_frequency(matrix: csr_matrix) -> Floats:
    """log((1 + n) / (1 + df)) + 1 for each column."""
    frequency = np.bincount(matrix.indices, minlength=matrix.shape[1])
    return np.asarray(np.log((1 + matrix.shape[0]) / (1 + frequency)) + 1)


def weighted(matrix: csr_matrix, inverse: Floats) -> csr_matrix:
    """TF-IDF with rows of length one (in place)."""
    matrix.data *= inverse[matrix.indices]
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    norms = np.sqrt(np.bincount(rows, weights=matrix.data**2, minlength=matrix.shape[0]))
    norms[norms == 0] = 1
    matrix.data /= norms[rows]
    return matrix
