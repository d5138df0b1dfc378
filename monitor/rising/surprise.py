"""How unusual a group is at a moment: the days that ordinary traffic needs to bring its like by chance.

Every group is judged in four windows against what is ordinary (`Baseline`). The tail probability is multiplied by the
number of such comparisons that an average day makes (Bonferroni over groups and windows), which gives the number of
times a day that chance alone would show as much. That controls what the officer sees: at a limit of 0.2 a day chance
shows one issue in five days. Topics in places share these errors by how much each is usually told (weighted Bonferroni,
Genovese, Roeder & Wasserman 2006): where more is told, more happens.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from monitor.rising.baseline import FINISHED, Baseline
from monitor.rising.groups import Group
from monitor.rising.tail import tail
from nlp.terms import usual_share

WINDOWS = (1.0, 6.0, 24.0, 72.0, 168.0)
LATELY, RECENT = 2, 3  # of WINDOWS: the last day, by which issues are ranked, and what an issue tells
# The week is for stories that have grown for days, as long as they grow.
INDEPENDENT = 2.0  # the windows of a story lie within one another: four are worth two comparisons
SLIDING = 3.0  # a window over a topic in a place begins at any moment: worth three that follow one another
MIN_VOICES = 2.0
OWN_PAST = 168.0  # hours before the window that say how often a running story is told
STEADY = 6.0  # largest shape: even a long story varies more from day to day than chance
SCHOOLED = 120.0  # hours of the past without which nobody can say how often a topic is told in a place
LEAST = 0.02  # voices that are expected of anything in any window
KEY = 0.2  # of texts that hold an everyday word have it as a key term: .26 of the RSS stream's, .14 of the sandbox's
NOTHING = 300.0


@dataclass(frozen=True, slots=True)
class Judged:
    """`chance`: how often a day ordinary traffic brings as much; `heard` voices against `expected` in the window.

    `lately`: voices of the last day, one at least.
    """

    group: Group
    window: float
    heard: float
    expected: float
    chance: float
    lately: float

    @property
    def surprise(self) -> float:
        """Powers of ten below once a day: 1 is once in ten days, 2 once in a hundred."""
        return -math.log10(max(self.chance, 10**-NOTHING))

    @property
    def weight(self) -> float:
        """What issues are ranked by: thrice the voices now count as much as being ten times as rare."""
        return self.surprise + 2 * math.log10(self.lately)


@dataclass(frozen=True)
class Clock:
    """One moment, with the activity in each window before it."""

    at: float
    tick: float
    starts: tuple[float, ...]
    start_ticks: tuple[float, ...]

    @classmethod
    def of(cls, baseline: Baseline, at: float) -> Clock:
        starts = tuple(at - window for window in WINDOWS)
        return cls(at, baseline.season.at(at), starts, tuple(map(baseline.season.at, starts)))


def judge(group: Group, baseline: Baseline, clock: Clock) -> Judged | None:
    """The window in which the group is least ordinary; None when too few told it."""
    last = group.first_after(clock.at)
    if group.sums[last] - group.sums[group.first_after(clock.starts[RECENT])] < MIN_VOICES:
        return None
    lately = max(group.sums[last] - group.sums[group.first_after(clock.starts[LATELY])], 1.0)
    best: Judged | None = None
    for n, window in enumerate(WINDOWS):
        first = group.first_after(clock.starts[n])
        heard = group.sums[last] - group.sums[first]
        if heard < MIN_VOICES or (n > RECENT and (group.kind != "story" or not _grows(group, clock, last))):
            continue
        if group.kind != "story" and baseline.rates[group.kind].length < SCHOOLED:
            return None
        if group.kind == "story":
            chance, expected = _story(group, baseline, clock, n, first, heard)
        else:
            chance, expected = _key(group, baseline, clock, n, first, last)
        if chance < (best.chance if best else math.inf) and group.several(first, last):
            best = Judged(group, window, heard, expected, chance, lately)
    return best


def _grows(group: Group, clock: Clock, last: int) -> bool:
    """Whether the last day and the last three told at least their share of the week (by the clock)."""
    ends = group.sums[last], clock.tick
    week = ends[0] - group.sums[group.first_after(clock.starts[-1])], ends[1] - clock.start_ticks[-1]
    return all(
        (ends[0] - group.sums[group.first_after(clock.starts[n])]) * week[1]
        >= week[0] * (ends[1] - clock.start_ticks[n])
        for n in (LATELY, RECENT)
    )


def _story(group: Group, baseline: Baseline, clock: Clock, n: int, first: int, heard: float) -> tuple[float, float]:
    season = baseline.season
    growth = baseline.people if group.evidence[0].by_people else baseline.newsroom
    born = season.at(group.times[0])
    activity = clock.tick - clock.start_ticks[n]
    begun = first == 0
    known = growth.at(0.0 if begun else clock.start_ticks[n] - born)
    coming = growth.at(clock.tick - born) - known
    comparisons = growth.a_day * INDEPENDENT
    if begun:  # the first voice makes the story: it is no surprise
        start = group.weights[0] or 1.0
        mean = max(coming, LEAST)
        chance = growth.calibrated(tail(heard - start, mean, growth.shape), clock.tick - born, heard - start)
        return chance * comparisons, start + mean
    before = max(group.sums[first] - group.weights[0], 0.0)
    shape = growth.shape + before
    mean = coming * shape / (growth.shape + known)
    own = _own_pace(group, baseline, clock, n, first) * activity
    if own > mean and clock.starts[n] - group.times[0] >= FINISHED:
        comparisons = baseline.running * _a_day(n)
    mean = max(mean, own, LEAST)
    if heard <= mean:
        return math.inf, mean
    return tail(heard, mean, min(shape, STEADY)) * comparisons, mean


def _a_day(n: int) -> float:
    """Windows of this length a day that differ enough to be comparisons of their own."""
    return max(24 / WINDOWS[n], 1.0) * SLIDING


def _own_pace(group: Group, baseline: Baseline, clock: Clock, n: int, first: int) -> float:
    """Voices an average hour over the week before the window, or since the story began."""
    since = max(group.times[0], clock.starts[n] - OWN_PAST)
    told = group.sums[first] - group.sums[group.first_after(since - 1e-9)]
    length = clock.start_ticks[n] - baseline.season.at(since)
    return told / max(length, clock.tick - clock.start_ticks[n], 1.0)


def _unit(group: Group, first: int, last: int) -> float:
    """The size of a typical voice: ten people at a half each are ten events, not five (scaled Poisson)."""
    weights = group.weights[first:last]
    return sum(weight * weight for weight in weights) / (sum(weights) or 1.0) or 1.0


def _key(group: Group, baseline: Baseline, clock: Clock, n: int, first: int, last: int) -> tuple[float, float]:
    heard = group.sums[last] - group.sums[first]
    activity = clock.tick - clock.start_ticks[n]
    mean, shape = _ordinary_key(group, baseline, activity)
    if heard <= mean:
        return math.inf, mean
    unit = _unit(group, first, last)
    chance = tail(heard / unit, mean / unit, shape)
    if group.kind == "topic_place":
        rivals = chance * baseline.voices * activity / mean
    else:
        rivals = baseline.rates[group.kind].rivals(chance, WINDOWS[n], MIN_VOICES)
    return max(rivals, chance) * _a_day(n), mean


def _ordinary_key(group: Group, baseline: Baseline, activity: float) -> tuple[float, float]:
    prior = 0.0
    if group.kind == "topic_place":
        topic, _, place = group.id.partition("@")
        prior = baseline.voices * baseline.topics.get(topic, 0.0) * baseline.places.get(place, 0.0)
    rates = baseline.rates[group.kind]
    mean, shape = rates.expected(group.id, prior, activity)
    if group.kind == "term":  # an everyday word is in so many texts whatever they are about
        everyday = baseline.voices * activity * KEY * usual_share(group.id.removeprefix("term:"))
        if everyday > mean:
            return everyday, everyday / (rates.spread - 1.0)
    return mean, shape


def by_surprise(judged: Iterable[Judged]) -> list[Judged]:
    return sorted(judged, key=lambda j: (-j.surprise, j.group.kind != "story", j.group.id))


def band(group: Group, baseline: Baseline, at: float, count: int) -> tuple[float, ...]:
    """Voices an hour that 19 of 20 ordinary groups of this kind stay below, over the last hours, oldest first."""
    season = baseline.season
    ticks = [season.at(at - hour) for hour in range(count, -1, -1)]
    born = season.at(group.times[0])
    ordinary = baseline.people if group.evidence[0].by_people else baseline.newsroom
    limits = []
    for low, high in pairwise(ticks):
        if group.kind == "story":
            age = max(high - born, 0.0)
            mean = max(ordinary.at(age) - ordinary.at(max(low - born, 0.0)), ordinary.at(high - low) / 10)
            shape = ordinary.shape
        else:
            mean, shape = _ordinary_key(group, baseline, high - low)
        limits.append(_quantile(max(mean, 1e-3), shape))
    return tuple(limits)


def _quantile(mean: float, shape: float) -> float:
    """The smallest count, in halves, that chance reaches in fewer than one of twenty cases."""
    count = 0.5
    while tail(count, mean, shape) > 0.05:
        count += 0.5
    return count
