"""How good labels are: precision, recall, F1, calibration, and how sure one may be of each figure.

Works on `Case`s: what is true and what a model gave for one item. Intervals come from the bootstrap (Efron 1979) over
groups of items, since reports of one story are right or wrong together; two models are compared on the same draws
(paired bootstrap, Koehn 2004).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
DRAWS = 1000
ENOUGH = 10  # items of a label from which it counts in a macro average
_SEED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One item. `truth`: its labels, the main one first; `given`: the model's, best first; `scores`: label -> 0-1."""

    id: str
    truth: tuple[str, ...]
    given: tuple[str, ...]
    scores: dict[str, float]
    group: str = ""
    main: tuple[str, ...] = ()
    slices: tuple[tuple[str, str], ...] = ()
    shown: str = ""

    @property
    def right(self) -> bool:
        """Whether the model's first label is the main one (or one of those that may be)."""
        return bool(self.given) and self.given[0] in (self.main or self.truth[:1])


class Interval(NamedTuple):
    """A figure and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


class LabelScore(NamedTuple):
    label: str
    precision: Interval
    recall: Interval
    f1: Interval
    items: int


class Bin(NamedTuple):
    """Predictions of about one confidence: how sure they were on average, and how many of them were right."""

    sure: float
    right: float
    cases: int


class Difference(NamedTuple):
    """New less old, its interval, and the share of draws in which the sign was the other one."""

    value: float
    low: float
    high: float
    doubt: float

    @property
    def real(self) -> bool:
        return self.low > 0 or self.high < 0


class Counts:
    """Hits, labels given and labels true for each group of cases: (groups x labels), so that draws are one product."""

    def __init__(self, cases: Sequence[Case], labels: Sequence[str] | None = None) -> None:
        self.labels = list(labels) if labels is not None else labels_of(cases)
        column = {label: place for place, label in enumerate(self.labels)}
        rows = {group: row for row, group in enumerate(dict.fromkeys(_group(case, i) for i, case in enumerate(cases)))}
        shape = (len(rows), len(self.labels))
        self.hits, self.given, self.true = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self.items, self.right = np.zeros(len(rows)), np.zeros(len(rows))
        for i, case in enumerate(cases):
            row = rows[_group(case, i)]
            for label in set(case.truth) & column.keys():
                self.true[row, column[label]] += 1
            for label in set(case.given) & column.keys():
                self.given[row, column[label]] += 1
            for label in set(case.truth) & set(case.given) & column.keys():
                self.hits[row, column[label]] += 1
            self.items[row] += 1
            self.right[row] += case.right

    def draws(self, count: int = DRAWS) -> Array:
        """(1 + draws x groups) weights: first everything once, then groups drawn with replacement."""
        groups = len(self.items)
        if not groups:
            return np.zeros((1 + count, 0))
        drawn = np.random.default_rng(_SEED).multinomial(groups, np.full(groups, 1 / groups), size=count)
        return np.vstack([np.ones(groups), drawn])


def _group(case: Case, place: int) -> str:
    return case.group or f"\x00{place}"


def labels_of(cases: Sequence[Case]) -> list[str]:
    """Every label that is true or given somewhere, sorted."""
    return sorted({label for case in cases for label in (*case.truth, *case.given)})


def _ratio(above: Array, below: Array) -> Array:
    return np.divide(above, below, out=np.zeros_like(above, dtype=np.float64), where=below > 0)


Measure = Callable[[Counts, Array], Array]  # counts and (draws x groups) weights -> one figure a draw


def micro_f1(counts: Counts, weights: Array) -> Array:
    """F1 over all labels of all items together."""
    hits, both = weights @ counts.hits.sum(axis=1), weights @ (counts.given + counts.true).sum(axis=1)
    return _ratio(2 * hits, both)


def macro_f1(counts: Counts, weights: Array, least: int = 1) -> Array:
    """Mean F1 over the labels that are true of at least `least` items (of all that occur, when none is)."""
    chosen = counts.true.sum(axis=0) >= least
    if not chosen.any():
        chosen[:] = True
    f1 = _ratio(2 * (weights @ counts.hits), weights @ (counts.given + counts.true))
    return np.asarray(f1[:, chosen].mean(axis=1)) if chosen.size else np.zeros(len(weights))


def accuracy(counts: Counts, weights: Array) -> Array:
    """Share of items whose first label is right."""
    return _ratio(weights @ counts.right, weights @ counts.items)


def interval(values: Array) -> Interval:
    """The first value, with the 2.5 and 97.5 percentiles of the others."""
    low, high = np.percentile(values[1:], [2.5, 97.5]) if len(values) > 1 else (values[0], values[0])
    return Interval(*(round(float(value), 4) for value in (values[0], low, high)))


def measured(cases: Sequence[Case], measure: Measure, draws: int = DRAWS) -> Interval:
    """One figure of the cases; zeros when there are none."""
    if not cases:
        return Interval(0.0, 0.0, 0.0)
    counts = Counts(cases)
    return interval(measure(counts, counts.draws(draws)))


def by_label(cases: Sequence[Case], labels: Sequence[str] | None = None, draws: int = DRAWS) -> list[LabelScore]:
    """Precision, recall and F1 of each label (of those that occur)."""
    counts = Counts(cases, labels)
    weights = counts.draws(draws)
    hits, given, true = weights @ counts.hits, weights @ counts.given, weights @ counts.true
    precision, recall, f1 = _ratio(hits, given), _ratio(hits, true), _ratio(2 * hits, given + true)
    return [
        LabelScore(label, interval(precision[:, i]), interval(recall[:, i]), interval(f1[:, i]), int(true[0, i]))
        for i, label in enumerate(counts.labels)
    ]


def by_slice(cases: Sequence[Case]) -> list[tuple[tuple[str, str], list[Case]]]:
    """The cases of each value of each slice, sorted; a case lies in one value of every slice it has."""
    parts: dict[tuple[str, str], list[Case]] = {}
    for case in cases:
        for each in case.slices:
            parts.setdefault(each, []).append(case)
    return sorted(parts.items())


def confusion(cases: Sequence[Case]) -> tuple[list[str], NDArray[np.int64]]:
    """Labels, and how often a main label (row) was given as another (column), first labels only."""
    labels = sorted({case.truth[0] for case in cases} | {case.given[0] for case in cases if case.given})
    column = {label: place for place, label in enumerate(labels)}
    table = np.zeros((len(labels), len(labels)), dtype=np.int64)
    for case in cases:
        if case.given:
            table[column[case.truth[0]], column[case.given[0]]] += 1
    return labels, table


def reliability(cases: Sequence[Case], bins: int = 10) -> list[Bin]:
    """How sure the first label was against how often it was right, in bins of equal width; empty ones left out."""
    sure = np.array([case.scores.get(case.given[0], 0.0) for case in cases if case.given])
    right = np.array([case.right for case in cases if case.given], dtype=np.float64)
    place = np.minimum((sure * bins).astype(int), bins - 1) if len(sure) else np.zeros(0, dtype=int)
    found = []
    for number in range(bins):
        inside = place == number
        if inside.any():
            found.append(Bin(float(sure[inside].mean()), float(right[inside].mean()), int(inside.sum())))
    return found


def calibration_error(bins: Sequence[Bin]) -> float:
    """Expected calibration error: mean distance of confidence and accuracy, weighed by the bins' sizes."""
    total = sum(each.cases for each in bins)
    return round(sum(each.cases * abs(each.sure - each.right) for each in bins) / max(1, total), 4)


def worst(cases: Sequence[Case], most: int = 20) -> list[Case]:
    """The wrong first labels that the model was surest of."""
    wrong = [case for case in cases if case.given and not case.right]
    return sorted(wrong, key=lambda case: (-case.scores.get(case.given[0], 0.0), case.id))[:most]


def difference(new: Sequence[Case], old: Sequence[Case], measure: Measure, draws: int = DRAWS) -> Difference:
    """How much better `new` is than `old` on the same items, in the same order, by a paired bootstrap.

    Raises ValueError when the two are not about the same items.
    """
    if [case.id for case in new] != [case.id for case in old]:
        raise ValueError("two models can only be compared on the same items")
    if not new:
        return Difference(0.0, 0.0, 0.0, 1.0)
    labels = sorted({*labels_of(new), *labels_of(old)})
    one, other = Counts(new, labels), Counts(old, labels)
    weights = one.draws(draws)
    values = measure(one, weights) - measure(other, weights)
    doubt = float(np.mean(values[1:] <= 0 if values[0] > 0 else values[1:] >= 0))
    return Difference(*interval(values), doubt=round(doubt, 4))
