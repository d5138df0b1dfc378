"""Puts the accents back into text that was typed without any, so that what reads accented text can read it.

The likeliest spelling of a sentence under a bigram model of syllables (Viterbi 1967), learnt from news:
statistics only, in `models/accents`. Words that it does not know stay as they are.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlp.text import tokens, unaccent

BARE = 0.08  # share of accented letters under which a text wants restoring: teencode spelt out brings some
_ENDS = frozenset(".!?…;:\n")
_UNKNOWN: tuple[int, ...] = (-1,)
_LEAST, _PAIR_LEAST = 8, 3  # occurrences of a syllable, of a pair
_RARE = 0.002  # share of a plain syllable's occurrences from which a spelling is weighed
_STEPS = 8  # steps of the stored counts in a doubling
_TRUST = 0.9  # how much the pair counts beside the syllable alone
_NEVER = 1e-12
_LONGEST = 400  # syllables of a text that are restored: what is read of a post


@dataclass(frozen=True, slots=True, eq=False)
class Accents:
    """`counts`: of each syllable; `pairs`: first << 16 | second, sorted, each `times`; `spellings`: of a plain one.

    (Sorted numbers instead of a mapping: 3 MB instead of 60.)
    """

    syllables: Sequence[str]
    counts: Sequence[float]
    pairs: Sequence[int]
    times: bytes
    spellings: Mapping[str, tuple[int, ...]]
    total: float

    @classmethod
    def shipped(cls) -> Accents:
        """The table of `models/accents`, read when it is first asked for (0.2 s, 9 MB)."""
        return _shipped()

    def restore(self, text: str) -> str:
        """The text with accents where they are likely; words that have some, and all but letters, as they were."""
        words = tokens(text)[:_LONGEST]
        choices = [self.spellings.get(word.text.lower(), ()) for word in words]
        apart = [
            place == 0 or not _ENDS.isdisjoint(text[words[place - 1].end : word.start])
            for place, word in enumerate(words)
        ]
        pieces, done = [], 0
        for word, number in zip(words, self._likeliest(choices, apart), strict=True):
            if number >= 0:
                pieces += [text[done : word.start], _as_written(self.syllables[number], word.text)]
                done = word.end
        return "".join([*pieces, text[done:]])

    def _likeliest(self, choices: Sequence[tuple[int, ...]], apart: Sequence[bool]) -> list[int]:
        """A spelling for each word, -1 where none is known; `apart`: words before which a sentence ends."""
        counts, total, joint = self.counts, self.total, self._together
        steps: list[tuple[tuple[int, ...], list[int]]] = []
        scores, before = [0.0], _UNKNOWN
        for options, cut in zip(choices, apart, strict=True):
            options = options or _UNKNOWN
            best, ways = [], []
            for option in options:
                alone = (1 - _TRUST) * counts[option] / total if option >= 0 else _NEVER
                way, score = 0, -math.inf
                for number, previous in enumerate(before):
                    known = not cut and previous >= 0 <= option
                    chance = alone + _TRUST * joint(previous << 16 | option) / counts[previous] if known else alone
                    found = scores[number] + math.log(chance)
                    if found > score:
                        way, score = number, found
                best.append(score)
                ways.append(way)
            steps.append((options, ways))
            scores, before = best, options
        return _walked(steps, max(range(len(scores)), key=scores.__getitem__))

    def _together(self, pair: int) -> float:
        place = bisect_left(self.pairs, pair)
        return _COUNTS[self.times[place]] if place < len(self.pairs) and self.pairs[place] == pair else 0.0


_COUNTS = tuple((np.exp2(np.arange(256) / _STEPS) - 1).tolist())


def _walked(steps: Sequence[tuple[tuple[int, ...], list[int]]], last: int) -> list[int]:
    found = []
    for options, ways in reversed(steps):
        found.append(options[last])
        last = ways[last]
    return found[::-1]


def _as_written(spelling: str, word: str) -> str:
    """A spelling with the capitals of a word."""
    if word.isupper() and len(word) > 1:
        return spelling.upper()
    return spelling.capitalize() if word[:1].isupper() else spelling


def learn(texts: Iterable[str]) -> dict[str, NDArray[np.generic]]:
    """The table from accented texts through `exact`, as it is stored: syllables, and pairs that leave a choice."""
    ones: Counter[str] = Counter()
    twos: Counter[tuple[str, str]] = Counter()
    for text in texts:
        words = text.split()
        ones.update(words)
        twos.update(pairwise(words))
    common = sorted(word for word, count in ones.items() if count >= _LEAST and word.isalpha() and len(word) < 8)
    number = {word: place for place, word in enumerate(common[:65_000])}
    pairs = sorted(
        (number[one] << 16 | number[two], count)
        for (one, two), count in twos.items()
        if count >= _PAIR_LEAST and one in number and two in number
    )
    return {
        "syllables": np.array("\n".join(number).encode()),
        "counts": _small([ones[word] for word in number]),
        "pairs": np.array([pair for pair, _ in pairs], dtype=np.uint32),
        "times": _small([count for _, count in pairs]),
    }


def _small(counts: Sequence[int]) -> NDArray[np.uint8]:
    return np.round(np.log2(1 + np.array(counts, dtype=np.float64)) * _STEPS).clip(0, 255).astype(np.uint8)


def load(path: Path) -> Accents:
    """A stored table."""
    with np.load(path, allow_pickle=False) as stored:
        syllables = bytes(stored["syllables"]).decode().split("\n")
        counts = np.array(_COUNTS)[stored["counts"]]
        pairs, times = array("I", stored["pairs"].astype(np.uint32).tobytes()), stored["times"].tobytes()
    found: dict[str, list[int]] = {}
    for place in np.argsort(-counts, kind="stable").tolist():
        found.setdefault(unaccent(syllables[place]), []).append(place)
    spellings = {
        plain: tuple(n for n in each if counts[n] >= _RARE * counts[each].sum()) for plain, each in found.items()
    }
    return Accents(syllables, counts.tolist(), pairs, times, spellings, float(counts.sum()))


@lru_cache(maxsize=1)
def _shipped() -> Accents:
    return load(Path(__file__).parent / "models" / "accents" / "pairs.npz")
