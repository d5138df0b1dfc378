"""Honest splits of labelled items: what is tested lies after what is trained, and no group is on both sides.

A group is what two items share that would let a model remember instead of understand: the story of two reports, the
situation that two social texts were written from, a near-copy. All functions answer with positions in the list given.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from nlp.features import Grams, counts, vocabulary
from nlp.text import fold

ALIKE = 0.5  # share of folded 1-2-grams from which two texts say nearly the same


@dataclass(frozen=True, slots=True)
class Split:
    """Positions to train on and to test on. `dropped`: before the cut, but of a story that goes on after it."""

    train: tuple[int, ...]
    test: tuple[int, ...]
    dropped: tuple[int, ...] = ()


def by_time(times: Sequence[datetime], groups: Sequence[Hashable], share: float = 0.2) -> Split:
    """The newest `share` of the items for testing, the rest for training.

    An item after the cut whose group began before it is tested by nobody: it is `dropped`, so every tested group is
    new and every tested item later than every trained one. Raises ValueError unless 0 < share < 1.
    """
    if not 0 < share < 1:
        raise ValueError("share must lie between 0 and 1")
    if not times:
        return Split((), ())
    cut = sorted(times)[min(len(times) - 1, round(len(times) * (1 - share)))]
    return _at(times, groups, cut, None)


def forward(times: Sequence[datetime], groups: Sequence[Hashable], folds: int = 4) -> list[Split]:
    """Cross-validation over time: each fold is trained on everything before its stretch of time and tested on it.

    The first 1/(folds + 1) of the items is only trained on. Raises ValueError for fewer than one fold.
    """
    if folds < 1:
        raise ValueError("at least one fold")
    ordered = sorted(times)
    cuts = [ordered[len(ordered) * (step + 1) // (folds + 1)] for step in range(folds)] if ordered else []
    ends = [*cuts[1:], None]
    return [_at(times, groups, cut, end) for cut, end in zip(cuts, ends, strict=bool(cuts))] if cuts else []


def _at(times: Sequence[datetime], groups: Sequence[Hashable], cut: datetime, end: datetime | None) -> Split:
    known = {group for time, group in zip(times, groups, strict=True) if time < cut}
    train: list[int] = []
    test: list[int] = []
    dropped: list[int] = []
    for place, (time, group) in enumerate(zip(times, groups, strict=True)):
        if time < cut:
            train.append(place)
        elif end is None or time < end:
            (dropped if group in known else test).append(place)
    return Split(tuple(train), tuple(test), tuple(dropped))


def by_group(groups: Sequence[Hashable], every: int = 5, first: int = 0) -> Split:
    """Whole groups for testing, one of `every` in the order of their first item (from number `first`).

    For items without a time; neighbours in the list may share what they are about, so groups should be runs of them.
    """
    order = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    held = [order[group] % every == first % every for group in groups]
    return Split(tuple(i for i, h in enumerate(held) if not h), tuple(i for i, h in enumerate(held) if h))


def runs(ids: Sequence[str], length: int = 10) -> list[str]:
    """Names each item's run of `length` neighbours written one after the other: “s2-0017” -> “s2/1”.

    Items whose ids end in no number are runs of their own.
    """
    names = []
    for id in ids:
        stem, _, number = id.rpartition("-")
        names.append(f"{stem}/{(int(number) - 1) // length}" if number.isdecimal() else id)
    return names


def near_duplicates(texts: Sequence[str], alike: float = ALIKE) -> list[tuple[int, int]]:
    """Pairs of texts whose folded syllable 1-2-grams overlap (Jaccard) by at least `alike`."""
    grams = Grams(2)
    folded = [fold(text) for text in texts]
    words = vocabulary(folded, grams, 1)
    table = counts(folded, grams, {word: place for place, word in enumerate(words)})
    table.data[:] = 1.0
    sizes = np.diff(table.indptr)
    shared = (table @ table.T).tocoo()
    above = shared.row < shared.col
    row, column, both = shared.row[above], shared.col[above], shared.data[above]
    close = both >= alike * (sizes[row] + sizes[column] - both)
    return sorted(zip(row[close].tolist(), column[close].tolist(), strict=True))


def joined(groups: Sequence[Hashable], pairs: Iterable[tuple[int, int]]) -> list[int]:
    """Group numbers after the groups of each pair have become one."""
    parent: dict[Hashable, Hashable] = {group: group for group in groups}

    def root(group: Hashable) -> Hashable:
        while parent[group] != group:
            parent[group] = parent[parent[group]]
            group = parent[group]
        return group

    for one, other in pairs:
        parent[root(groups[other])] = root(groups[one])
    number: dict[Hashable, int] = {}
    return [number.setdefault(root(group), len(number)) for group in groups]


def overlap(split: Split, key: Callable[[int], Hashable]) -> set[Hashable]:
    """What `key` gives for items of both sides: empty for an honest split."""
    return {key(place) for place in split.train} & {key(place) for place in split.test}
