"""Relevance: first what is spelled as typed, then what has the words side by side, then bm25 with title before lead
before body and a little for recency."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from index.sqlite.plan import Match, Plan, positive_matches
from index.sqlite.schema import SHIFT
from index.sqlite.select import Scores, Selection, Selector
from index.sqlite.vocabulary import Ints

_RECENCY = 0.2  # the newest mention gains a fifth of its score ...
_FADING = 14 * 86400.0  # ... and this many seconds later a third of that is left
_KEPT = 64


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
    selector: Selector, plan: Plan, strict: Plan | None, near: Sequence[Match], run: slice, selection: Selection
) -> Ranking:
    """Orders a selection. `strict` is the plan that demands accents as typed, None when none were; `near` finds the
    pairs of words that were typed side by side."""
    columns = selector.columns
    positions = np.arange(selection.start, selection.stop) if isinstance(selection, slice) else selection
    scores = np.zeros(len(columns))
    for match in positive_matches(plan):
        hits, values = selector.scored(match, run)
        scores[hits] += values
    found = scores[positions]
    if len(columns):
        age = (int(columns.rids[-1]) >> SHIFT) - (columns.rids[positions] >> SHIFT)
        found *= 1.0 + _RECENCY * np.exp(-age / _FADING)
    if len(positions):
        step = _step(found)
        for match in near:
            found += step * np.isin(positions, selector.hits(match, run), assume_unique=True)
        if strict is not None:
            found += step * (len(near) + 1) * _is_exact(selector, strict, positions)
    found = np.round(found, 12)
    order = np.lexsort((-positions, -found))
    return Ranking(secrets.token_hex(4), columns.rids[positions[order]], found[order])


def _step(scores: Scores) -> float:
    """More than the whole range of scores: what gains a step comes first, whatever else."""
    return float(np.ceil(scores.max() - min(scores.min(), 0.0))) + 1.0


def _is_exact(selector: Selector, strict: Plan, positions: Ints) -> Ints:
    exact = selector.select(strict, positions)
    return np.isin(positions, np.arange(exact.start, exact.stop) if isinstance(exact, slice) else exact).astype(
        np.int64
    )


def after(ranking: Ranking, score: float, rid: int) -> int:
    """Where a page goes on in a ranking that was made anew: behind this score and row id."""
    behind = (ranking.scores < score) | ((ranking.scores == score) & (ranking.rids < rid))
    return int(np.argmax(behind)) if behind.any() else len(ranking.rids)
