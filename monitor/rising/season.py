"""The clock of ordinary activity: an hour at noon of a working day is long, one at night or on Tết is short.

Counts are judged on this clock instead of the wall's. On it the province's ordinary news has an even pace, whatever
the hour, the day of the week or the holiday, and while an outlet cannot be read the clock goes slower by its share
(the time-rescaling theorem, Brown et al. 2002). One unit is an average hour with all outlets.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from monitor.rising.evidence import Evidence, hours, moment
from monitor.rising.holidays import public_holidays
from monitor.wording import in_vietnam

Floats = NDArray[np.float64]

# What a day looks like before the province's own figures speak: the 119,581 items of three outlets, 2025-10 to 2026-06.
HOURS = (
    *(0.4, 0.2, 0.15, 0.1, 0.35, 0.75, 0.65, 0.9, 1.55, 1.5, 1.6, 1.45),
    *(1.3, 1.0, 1.45, 1.45, 1.5, 1.3, 1.05, 1.35, 1.35, 0.95, 0.65, 0.4),
)
DAYS = {"working": 1.0, "saturday": 0.92, "sunday": 0.81, "holiday": 0.76}
PRIOR_HOURS, PRIOR_DAYS = 150.0, 4.0  # mentions and days that these figures count for
SILENCE = 1e-4  # a source that is quiet for longer than chance explains this often could not be read
REGULAR = 1.0  # mentions a day from which a source's silence says something


@dataclass(frozen=True, slots=True)
class Regular:
    """A source that tells often enough for its silence to say something.

    `share` of all mentions; `longest` that it is silent by chance, in average hours; `last` told, in hours since 1970.
    """

    share: float
    longest: float
    last: float


@dataclass(frozen=True, slots=True)
class Outage:
    """A source that could not be read between two moments (hours since 1970); `until` None: it still cannot."""

    source: str
    since: float
    until: float | None = None


def day_kind(day: date) -> str:
    if day in public_holidays():
        return "holiday"
    return {5: "saturday", 6: "sunday"}.get(day.weekday(), "working")


class Season:
    """Activity between two moments, in average hours. Beyond both ends the clock goes on by the profile.

    `rates`: of each hour from `start` on, with all outlets; `covered`: what share of it was read.
    """

    def __init__(
        self,
        start: int,
        rates: Floats,
        covered: Floats | None = None,
        regular: Mapping[str, Regular] | None = None,
        outages: Iterable[Outage] = (),
    ) -> None:
        self._start, self._rates = start, rates
        self._covered = np.ones(len(rates)) if covered is None else covered
        self.regular: Mapping[str, Regular] = regular or {}
        read = self._covered.copy()
        for outage in outages:
            end = None if outage.until is None else max(math.floor(outage.until) - start, 0)
            read[max(math.ceil(outage.since) - start, 0) : end] -= self.regular[outage.source].share
        self._total: Floats = np.concatenate([[0.0], np.cumsum(rates * np.maximum(read, 0.1))])
        self._list: list[float] = self._total.tolist()

    def without(self, outages: Iterable[Outage]) -> Season:
        """The same clock, slower while these sources could not be read; any it was slowed by before do not count."""
        return Season(self._start, self._rates, self._covered, self.regular, outages)

    @classmethod
    def learn(
        cls,
        evidence: Sequence[Evidence],
        since: float,
        until: float,
        ahead: float = 48.0,
        times: Sequence[float] | None = None,
    ) -> Season:
        """From evidence in time order within [since, until); the clock then goes on for `ahead` hours.

        `times`: of the evidence, if they are known already.
        """
        at = times if times is not None else [hours(e.at) for e in evidence]
        start, end = math.floor(since), math.ceil(until + ahead)
        local = [in_vietnam(moment(hour + 0.5)) for hour in range(start, end)]
        kinds = [day_kind(each.date()) for each in local]
        seen = _seen(evidence, at, since, until)
        by_hour = _hours([local[h - start].hour for h in seen])
        by_day = _days(evidence, seen, since, until)
        rates = np.array([by_hour[each.hour] * by_day[kind] for each, kind in zip(local, kinds, strict=True)])
        return cls(start, rates, *_coverage(evidence, at, rates, start, until))

    def at(self, hour: float) -> float:
        """The clock's time at an hour since 1970."""
        place = hour - self._start
        if place <= 0:
            return place
        last = len(self._list) - 1
        if place >= last:
            return self._list[last] + (place - last)
        whole = int(place)
        low = self._list[whole]
        return low + (self._list[whole + 1] - low) * (place - whole)

    def many(self, hour: Floats) -> Floats:
        ends = np.arange(len(self._total), dtype=float) + self._start
        return np.interp(hour, ends, self._total)


def _seen(evidence: Sequence[Evidence], times: Sequence[float], since: float, until: float) -> list[int]:
    """The hours of mentions, each story once an hour, so that one storm does not make its hours look ordinary."""
    told = {(int(at), e.story or e.id) for e, at in zip(evidence, times, strict=True) if not e.copy}
    return [hour for hour, _ in told if since <= hour < until]


def _hours(seen: Sequence[int]) -> Floats:
    prior = np.array(HOURS) / np.mean(HOURS)
    counts = np.bincount(seen, minlength=24) if seen else np.zeros(24)
    found = counts + PRIOR_HOURS * prior / 24
    return np.asarray(found / found.mean(), dtype=np.float64)


def _days(evidence: Sequence[Evidence], seen: Sequence[int], since: float, until: float) -> dict[str, float]:
    """How much of a working day each kind of day has, scaled so that a week has seven average days."""
    counts: dict[date, int] = defaultdict(int)
    for hour, told in Counter(seen).items():
        counts[in_vietnam(moment(hour)).date()] += told
    first = in_vietnam(evidence[0].at).date() if evidence else in_vietnam(moment(until)).date()
    last = in_vietnam(moment(until)).date()
    by_kind: dict[str, list[int]] = {kind: [] for kind in DAYS}
    day = max(first, in_vietnam(moment(since)).date()) + timedelta(days=1)  # the first one may be cut
    while day < last:
        by_kind[day_kind(day)].append(counts[day])
        day += timedelta(days=1)
    working = by_kind["working"]
    usual = float(np.median(working)) if working else 0.0
    factors = {}
    for kind, prior in DAYS.items():
        days = [min(count, 3 * usual) for count in by_kind[kind]] if usual else []
        factors[kind] = (prior * PRIOR_DAYS + sum(days) / usual if days else prior * PRIOR_DAYS) / (
            PRIOR_DAYS + len(days)
        )
    week = (5 * factors["working"] + factors["saturday"] + factors["sunday"]) / 7
    return {kind: factor / week for kind, factor in factors.items()}


def _coverage(
    evidence: Sequence[Evidence], times: Sequence[float], rates: Floats, start: int, until: float
) -> tuple[Floats, dict[str, Regular]]:
    """Hour by hour the share of the ordinary flow that comes from sources that could be read, but for outages that may
    last on (`monitor.rising.outages`); and the regular sources."""
    covered, regular = np.ones(len(rates)), {}
    if not evidence:
        return covered, {}
    clock = Season(start, rates)
    by_source: dict[str, list[float]] = defaultdict(list)
    for e, at in zip(evidence, times, strict=True):
        by_source[e.source].append(at)
    total = len(evidence)
    span = clock.at(until) - clock.at(times[0])
    for source, told in by_source.items():
        if len(told) / max(span, 1.0) * 24 < REGULAR or len(told) < 20:
            continue
        ends = np.array(told)
        gaps = np.diff(clock.many(np.array([*told, until])))
        usual = float(np.median(gaps)) / math.log(2)  # of the exponential: outages do not move the median
        longest = max(-math.log(SILENCE) * max(usual, float(np.mean(gaps)) / 2), 6.0)
        regular[source] = Regular(len(told) / total, longest, told[-1])
        for n in np.nonzero(gaps[:-1] > longest)[0]:
            low, high = math.ceil(ends[n]) - start, math.floor(ends[n + 1]) - start
            covered[low:high] -= len(told) / total
    return covered, regular
