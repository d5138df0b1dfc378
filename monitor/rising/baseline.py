"""What is ordinary: how an ordinary story grows, how often a topic in a place or a term is told.

Learnt once a day from the four weeks before that day, robust to earlier peaks. Everything runs on the clock of
`Season`.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np

from monitor.rising.season import Season
from monitor.rising.tail import tail

AGES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)  # ends of the age bins, in average hours
# An ordinary story's further voices by age, before the province's own figures speak: sandbox and RSS stream, 2025-26.
GROWTH = (0.05, 0.10, 0.20, 0.35, 0.55, 0.75, 0.9, 1.0, 1.05)
FINISHED = 72.0  # hours of age from which a story has told most of what it will; it then runs at a pace of its own
PRIOR_STORIES = 12.0
PRIOR_SHAPE = 0.8
HEAVY = 0.5  # newsworthiness has a heavier tail than a gamma of the same variance (bench/rising.py)
CAPPED = 0.98  # stories above this quantile count as this tall: earlier peaks must not make the next look ordinary
PRIOR_KEY = 0.5  # voices that the expectation from topic and place alone counts for
TRUST = 4.0  # gamma shape of how much the model's tail errs: by half of itself (standard deviation)
SHAPES = (0.25, 8.0)
SPREAD = (1.1, 3.0)  # bounds of variance over mean of a key's daily voices


@dataclass(frozen=True)
class Growth:
    """An ordinary story: further voices after its first by age, and how much stories differ (gamma shape).

    `reached`: the further voices that the `stories` learnt from had at each of AGES, smallest first; those that had
    none are left out.
    """

    total: tuple[float, ...]  # at AGES
    shape: float
    a_day: float  # stories that begin on an average day
    stories: int = 0
    reached: tuple[Sequence[float], ...] = ()

    def at(self, age: float) -> float:
        """Further voices that an ordinary story has had at this age, in average hours."""
        if age <= 0:
            return 0.0
        n = bisect_right(AGES, age)
        if n == len(AGES):
            return self.total[-1]
        low_age, low = (AGES[n - 1], self.total[n - 1]) if n else (0.0, 0.0)
        return low + (self.total[n] - low) * (age - low_age) / (AGES[n] - low_age)

    def calibrated(self, chance: float, age: float, further: float) -> float:
        """The model's chance of so many further voices at this age, mended by how many stories of the past had them.

        The ratio of the true chance to the model's is gamma distributed around one and the count is Poisson; this is
        the posterior mean (gamma-Poisson shrinkage, DuMouchel 1999). Chances that the past is too short for stay.
        """
        if not self.reached:
            return chance
        had = self.reached[min(bisect_left(AGES, age), len(AGES) - 1)]
        count = len(had) - bisect_left(had, further)
        return chance * (TRUST + count) / (TRUST + self.stories * chance)


def learn_growth(stories: Sequence[tuple[Sequence[float], Sequence[float]]], days: float) -> Growth:
    """From finished stories, each the ages of its voices (the first at 0) and their weights; over `days` days."""
    prior = np.array(GROWTH)
    if not stories:
        return Growth(GROWTH, PRIOR_SHAPE, 1.0)
    sizes = np.array([sum(weights) - weights[0] for _, weights in stories])
    cap = max(float(np.quantile(sizes, CAPPED)), 1.0)
    by_age = np.zeros(len(AGES))
    had = np.zeros((len(stories), len(AGES)))
    for number, ((ages, weights), size) in enumerate(zip(stories, sizes, strict=True)):
        scale = min(1.0, cap / size) if size > 0 else 0.0
        for age, weight in zip(ages[1:], weights[1:], strict=True):
            n = bisect_right(AGES, age)
            if n < len(AGES):
                by_age[n] += weight * scale
                had[number, n] += weight
    count = len(stories)
    total = (np.cumsum(by_age) + PRIOR_STORIES * prior) / (count + PRIOR_STORIES)
    capped = np.minimum(sizes, cap)
    mean, variance = float(capped.mean()), float(capped.var())
    found = mean * mean / (variance - mean) if variance > mean > 0 else SHAPES[1]
    shape = (count * min(found, SHAPES[1]) + PRIOR_STORIES * PRIOR_SHAPE) / (count + PRIOR_STORIES)
    reached = tuple(array("d", np.sort(column[column > 0])) for column in np.cumsum(had, axis=1).T)
    shape = float(np.clip(HEAVY * shape, *SHAPES))
    return Growth(tuple(total.tolist()), shape, max(count / max(days, 1.0), 0.2), count, reached)


# How likely keys reach a count, smallest first; how many keys there are up to each, and the sum of their likelihoods.
Reaches = tuple[list[float], list[int], list[float]]


@dataclass(frozen=True, eq=False)
class KeyRates:
    """Voices an average hour of each key (a topic in a place, or a term), and their spread."""

    told: Mapping[str, float]
    length: float  # average hours that were counted
    spread: float
    levels: tuple[tuple[float, int], ...]  # how many keys were told so many times
    _known: dict[float, Reaches] = field(default_factory=dict, repr=False)

    @property
    def keys(self) -> int:
        return sum(count for _, count in self.levels)

    def rate(self, key: str) -> float:
        """Voices an average hour that the key had."""
        return self.told.get(key, 0.0) / self.length

    def rivals(self, chance: float, activity: float, least: float) -> float:
        """Keys that show something of this tail probability by chance, in one window of so much activity.

        A key that hardly ever reaches `least` voices cannot show it more often than it reaches them (Tarone 1990).
        """
        reaches, counts, sums = self._reaches(activity, least)
        first = bisect_left(reaches, chance)
        return sums[first] + chance * (counts[-1] - counts[first])

    def _reaches(self, activity: float, least: float) -> Reaches:
        if activity not in self._known:
            found = sorted((self._reach(told, activity, least), count) for told, count in self.levels)
            counts = [0, *accumulate(count for _, count in found)]
            sums = [0.0, *accumulate(reach * count for reach, count in found)]
            self._known[activity] = ([reach for reach, _ in found], counts, sums)
        return self._known[activity]

    def _reach(self, told: float, activity: float, least: float) -> float:
        shape = PRIOR_KEY + told
        mean = shape / self.length * activity
        return tail(least, mean, min(shape, mean / (self.spread - 1.0)))

    def expected(self, key: str, prior: float, activity: float) -> tuple[float, float]:
        """Mean and shape of the voices in a window of so much activity; `prior`: voices an hour by topic and place.

        Gamma prior, Poisson counts: the prediction is negative binomial; its shape is widened by the spread that the
        province's keys show from day to day.
        """
        prior = max(prior, 1e-4)
        shape = PRIOR_KEY + self.told.get(key, 0.0)
        mean = shape / (PRIOR_KEY / prior + self.length) * activity
        return mean, min(shape, mean / (self.spread - 1.0))


def learn_rates(daily: Mapping[str, Mapping[int, float]], length: float) -> KeyRates:
    """From each key's voices by day; `length`: average hours in these days."""
    days = max(length / 24, 1.0)
    told: dict[str, float] = {}
    excess = usual = 0.0
    for key, by_day in daily.items():
        total = sum(by_day.values())
        cap = 2.0 + 2.0 * total / days
        values = [min(value, cap) for value in by_day.values()]
        told[key] = sum(values)
        mean = told[key] / days
        excess += sum((value - mean) ** 2 for value in values) + (days - len(values)) * mean * mean
        usual += told[key]
    spread = float(np.clip(excess / usual, *SPREAD)) if usual > 30 else 1.5
    levels = Counter(round(value) for value in told.values())
    levels[0] += max(20 - len(told), 0)
    return KeyRates(told, max(length, 24.0), spread, tuple(sorted(levels.items())))


def shares(values: Iterable[str]) -> dict[str, float]:
    counted: dict[str, int] = {}
    for value in values:
        counted[value] = counted.get(value, 0) + 1
    total = sum(counted.values()) or 1
    return {value: count / total for value, count in counted.items()}


@dataclass(frozen=True)
class Baseline:
    season: Season
    newsroom: Growth  # of stories that an outlet began
    people: Growth  # of stories that a person's post began: most stay alone
    running: float  # stories that are told on an average day although they began days before
    rates: Mapping[str, KeyRates]  # by kind of key
    topics: Mapping[str, float]  # share of all mentions
    places: Mapping[str, float]
    voices: float  # voices an average hour over all keys
