"""What a source ordinarily brings in a day, from its own 28 days: robust, with weekends and holidays, overdispersed.

Counts of one day are negative binomial: mean by the kind of day, dispersion k by moments (variance = m + m^2 / k).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import fmean, median

from scipy.special import betainc

from monitor.health.days import Kind, kind, shares

WINDOW = 28  # days
FEWEST = 10  # days without which nothing is called ordinary
# Before a source has shown its own: weekends bring less. Holidays differ most between years, so none is learnt from
# them: silence reckons with next to nothing on a holiday, a flood with an ordinary day.
_PRIOR: Mapping[Kind, float] = {"working": 1.0, "saturday": 0.8, "sunday": 0.7}
_PRIOR_DAYS = 2.0
_HOLIDAY_LOW, _HOLIDAY_HIGH = 0.1, 1.0
_LEAST_K, _MOST_K = 0.5, 50.0
# Four weeks tell little of how uneven days are; without a prior a lucky month makes a source look like clockwork.
_PRIOR_K, _PRIOR_K_DAYS = 5.0, 14.0


@dataclass(frozen=True, slots=True)
class Baseline:
    """`rate`: posts on an ordinary working day; `factors`: of it on other days; `k`: dispersion; `posts` it is made of;
    `longest`: days between two days with posts at most."""

    rate: float
    factors: Mapping[Kind, float]
    k: float
    posts: int
    longest: int

    def mean(self, day: date, *, holiday: float) -> float:
        """Posts of a whole day."""
        of = kind(day)
        return self.rate * (holiday if of == "holiday" else self.factors[of])

    def expected(self, since: datetime, until: datetime, *, holiday: float = _HOLIDAY_HIGH) -> float:
        """Posts of a stretch of time."""
        return sum(self.mean(day, holiday=holiday) * share for day, share in shares(since, until))

    def silence(self, since: datetime, until: datetime) -> float:
        """The chance that a source in good order brings nothing from `since` to `until`.

        Each day is negative binomial; the rate itself is known only as well as `posts` events tell it (its posterior is
        a gamma of that shape), which weighs against early alarms on sources that bring little.
        """
        missing = sum(
            self.k * math.log1p(self.mean(day, holiday=_HOLIDAY_LOW) * share / self.k)
            for day, share in shares(since, until)
        )
        return float((1 + missing / self.posts) ** -self.posts)

    def flood(self, count: int, since: datetime, until: datetime) -> float:
        """The chance that a source in good order brings so many or more."""
        mean = self.expected(since, until)
        if count <= 0 or mean <= 0:
            return 1.0 if count <= 0 else 0.0
        return float(betainc(count, self.k, mean / (mean + self.k)))


def baseline(per_day: Mapping[date, int], last: date) -> Baseline | None:
    """From the 28 days up to `last`; None while there are too few since the source's first post."""
    if not per_day:
        return None
    first = max(min(per_day), last - timedelta(days=WINDOW - 1))
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    counts = {day: per_day.get(day, 0) for day in days if kind(day) != "holiday"}
    if len(counts) < FEWEST:
        return None
    counts = _without_storms(counts)
    factors = _PRIOR
    for _ in range(2):  # the rate by the factors, the factors by the rate
        rate = sum(counts.values()) / sum(factors[kind(day)] for day in counts)
        if rate <= 0:
            return None
        factors = {of: _factor(of, rate, counts) for of in _PRIOR}
    return Baseline(rate, factors, _dispersion(rate, factors, counts), sum(counts.values()), _longest(per_day, days))


def _longest(per_day: Mapping[date, int], days: list[date]) -> int:
    """Days from one day with posts to the next, at most."""
    told = [day for day in days if per_day.get(day)]
    return max(((later - sooner).days for sooner, later in pairwise(told)), default=0)


def _without_storms(counts: Mapping[date, int]) -> dict[date, int]:
    """One storm must not become what is ordinary: no day counts more than five times the median and five."""
    cap = round(5 * median(counts.values()) + 5)
    return {day: min(count, cap) for day, count in counts.items()}


def _factor(of: Kind, rate: float, counts: Mapping[date, int]) -> float:
    if of == "working":
        return 1.0
    own = [count for day, count in counts.items() if kind(day) == of]
    return (_PRIOR_DAYS * _PRIOR[of] + sum(own) / rate) / (_PRIOR_DAYS + len(own))


def _dispersion(rate: float, factors: Mapping[Kind, float], counts: Mapping[date, int]) -> float:
    """k by moments over the days, each against its own mean, shrunk towards the prior's."""
    means = [rate * factors[kind(day)] for day in counts]
    excess = fmean((count - mean) ** 2 - mean for count, mean in zip(counts.values(), means, strict=True))
    square = fmean(mean**2 for mean in means)
    excess = (len(counts) * excess + _PRIOR_K_DAYS * square / _PRIOR_K) / (len(counts) + _PRIOR_K_DAYS)
    return _MOST_K if excess <= square / _MOST_K else max(_LEAST_K, square / excess)
