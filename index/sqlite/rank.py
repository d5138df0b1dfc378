"""Relevance: first what is spelled as typed, then what has the words side by side, then BM25 with title before lead
before body and a little for recency.

FTS5's own bm25() counts every phrase in the whole index for each query, however short the span of time: most of its
cost at a million mentions. Here all hits are put in order by where the texts stand (title, lead, anywhere), which FTS5
tells for the span alone; those that people read first then by how often they stand there and by the text's length.

BM25: Robertson and Zaragoza, The Probabilistic Relevance Framework (2009).
"""

from __future__ import annotations

import math
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from index.sqlite.plan import Match, Plan, Sought
from index.sqlite.schema import SHIFT
from index.sqlite.select import Selection, Selector, size
from index.sqlite.vocabulary import Ints

_RECENCY = 0.2  # the newest mention gains a fifth of its score ...
_FADING = 14 * 86400.0  # ... and this many seconds later a third of that is left
_KEPT = 64
_TITLE, _LEAD, _BODY = WEIGHTS = (6.0, 3.0, 1.0)
_K1, _B = 1.2, 0.75
_SURVEYED = 20_000  # mentions, the newest, that tell how rare a text is
_READ = 40  # hits, two pages of them, whose texts are read for the order among them

Scores = npt.NDArray[np.float64]
# Of the mention at a row id: its words in all, and how often each text sought stands in it, weighed.
Frequencies = Callable[[int], tuple[int, list[float]]]


@dataclass(frozen=True)
class Ranking:
    """Row ids, best first, with their scores. Kept as it was, so that later pages continue the first one."""

    token: str
    rids: Ints
    scores: Scores


class Rankings:
    """The rankings that cursors may come back for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: OrderedDict[tuple[str, str], Ranking] = OrderedDict()

    def get(self, key: str, token: str) -> Ranking | None:
        with self._lock:
            return self._items.get((key, token))

    def put(self, key: str, ranking: Ranking) -> None:
        with self._lock:
            self._items[key, ranking.token] = ranking
            while len(self._items) > _KEPT:
                self._items.popitem(last=False)


def ranked(
    selector: Selector,
    sought: Sequence[Sought],
    strict: Plan | None,
    near: Sequence[Match],
    run: slice,
    selection: Selection,
    frequencies: Frequencies,
) -> Ranking:
    """Orders a selection. `strict` finds those with the accents as typed, None when none were; `near` finds the
    pairs of words that were typed side by side."""
    columns = selector.columns
    positions = np.arange(selection.start, selection.stop) if isinstance(selection, slice) else selection
    if not len(positions):
        return Ranking(secrets.token_hex(4), columns.rids[positions], np.empty(0))
    stands = _Stands(selector, run, positions)
    surveyed = slice(max(run.start, run.stop - _SURVEYED), run.stop)
    weights = [_rarity(size(surveyed), selector.count(text.anywhere, surveyed)) for text in sought]
    found = np.zeros(len(positions))
    for text, weight in zip(sought, weights, strict=True):
        found += weight * _saturated(stands.prominence(text), 1.0)
    age = (int(columns.rids[-1]) >> SHIFT) - (columns.rids[positions] >> SHIFT)
    fresh = 1.0 + _RECENCY * np.exp(-age / _FADING)
    steps = np.zeros(len(positions))
    for match in near:
        steps += stands.where(match)
    if strict is not None:
        steps += (len(near) + 1) * stands.among(selector.select(strict, run))
    return _ordered(columns.rids[positions], found * fresh, fresh, steps, weights, frequencies)


def _ordered(
    rids: Ints, found: Scores, fresh: Scores, steps: Scores, weights: Sequence[float], frequencies: Frequencies
) -> Ranking:
    scores = np.round(found + steps * _step(found), 12)
    order = _best_first(scores)
    first, rest = order[:_READ], order[_READ:]
    if any(weights):
        told = [frequencies(rid) for rid in rids[first].tolist()]
        scores[first] = _bm25(told, weights) * fresh[first]
        scores[first] = np.round(scores[first] + steps[first] * _step(scores[first]), 12)
        if len(rest):
            scores[first] += max(0.0, scores[rest[0]] - scores[first].min() + 1.0)
        first = np.sort(first)  # by time again, as ties are told by it
        first = first[_best_first(scores[first])]
    order = np.concatenate([first, rest])
    return Ranking(secrets.token_hex(4), rids[order], scores[order])


class _Stands:
    """Where in the selection something is found; looked up in the whole run, as one hit costs as much as many."""

    def __init__(self, selector: Selector, run: slice, positions: Ints) -> None:
        self._selector, self._run, self._at = selector, run, positions - run.start

    def where(self, match: Match) -> npt.NDArray[np.bool_]:
        return self.among(self._selector.hits(match, self._run))

    def among(self, selection: Selection) -> npt.NDArray[np.bool_]:
        """For each place whether it is in this selection too."""
        start = self._run.start
        marks = np.zeros(self._run.stop - start, dtype=np.bool_)
        if isinstance(selection, slice):
            marks[selection.start - start : selection.stop - start] = True
        else:
            marks[selection - start] = True
        found: npt.NDArray[np.bool_] = marks[self._at]
        return found

    def prominence(self, text: Sought) -> Scores:
        """The weights of the places that hold the text, as if each held it once."""
        found = np.full(len(self._at), _BODY)
        if not text.needed:
            found *= self.where(text.anywhere)
        if text.lead is not None:
            found += (_LEAD - _BODY) * self.where(text.lead)
        found += (_TITLE - _BODY) * self.where(text.title)
        return found


def _rarity(among: int, hits: int) -> float:
    """Inverse document frequency at the end of the span of time that is asked for."""
    return math.log1p((among - hits + 0.5) / (hits + 0.5))


def _saturated(frequency: Scores, length: Scores | float) -> Scores:
    """BM25's share of one text; `length` is in lengths of an average mention."""
    return frequency * (_K1 + 1.0) / (frequency + _K1 * (1.0 - _B + _B * length))


def _bm25(told: Sequence[tuple[int, list[float]]], weights: Sequence[float]) -> Scores:
    lengths = np.array([length for length, _ in told], dtype=np.float64)
    lengths /= max(1.0, float(lengths.mean()))
    table = np.array([found for _, found in told], dtype=np.float64)
    shares = [weight * _saturated(column, lengths) for weight, column in zip(weights, table.T, strict=True)]
    found: Scores = np.sum(shares, axis=0, dtype=np.float64)
    return found


def _best_first(scores: Scores) -> Ints:
    """Places in descending order of score; of equal ones the last, which is the newest, comes first."""
    return (len(scores) - 1 - np.argsort(-scores[::-1], kind="stable")).astype(np.int64)


def _step(scores: Scores) -> float:
    """More than the whole range of scores: what gains a step comes first, whatever else."""
    return float(np.ceil(scores.max() - min(scores.min(), 0.0))) + 1.0


def after(ranking: Ranking, score: float, rid: int) -> int:
    """Where a page goes on in a ranking that was made anew: behind this score and row id."""
    behind = (ranking.scores < score) | ((ranking.scores == score) & (ranking.rids < rid))
    return int(np.argmax(behind)) if behind.any() else len(ranking.rids)
