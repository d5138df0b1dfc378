"""Seeded streams of a province's mentions with planted issues, and an oracle that knows the true rates.

Ordinary stories are not made by the product's model: each has a newsworthiness, outlets take it up one by one after a
lognormal delay, people comment; people also write about what bothers them, topic by place. The clock of the province
(hours, weekends, holidays) is the truth that the product has to find out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from monitor.rising.evidence import Evidence, hours, moment
from monitor.rising.holidays import public_holidays
from monitor.wording import VIETNAM, in_vietnam

Floats = NDArray[np.float64]
Planted = Literal["burst", "ramp", "complaint", "copies", "outlet", "slow", "running"]

START = datetime(2026, 3, 10, tzinfo=VIETNAM)
BETWEEN = timedelta(days=18)  # so that twenty streams see a whole year, with Tết and every other holiday of the file
DAYS, WARM = 60, 16
OUTLETS = tuple(f"bao-{n}" for n in range(12))
STRENGTH = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.45, 0.4, 0.35, 0.3, 0.25, 0.2)
TOPICS = ("traffic", "security", "economy", "government", "infrastructure", "environment", "education", "health",
          "land", "tourism", "agriculture", "public_services", "disaster")  # fmt: skip
PLACES = tuple(f"xa-{n}" for n in range(78))
STORIES_A_DAY, SMALL_TALK_A_DAY = 40.0, 90.0
WORD_OF_MOUTH = 1.6  # comments of an ordinary story per newsworthiness
PROFILE = (
    *(0.25, 0.15, 0.1, 0.1, 0.2, 0.6, 1.2, 1.7, 1.9, 1.8, 1.7, 1.5),
    *(1.0, 1.1, 1.6, 1.7, 1.6, 1.3, 1.1, 1.2, 1.3, 1.2, 0.9, 0.5),
)
SLOW, RUNNING_BEGIN = 5, 0.25  # slow ramps in a stream; running stories that begin on a day
BUDGET_DAYS = 3.0  # the oracle may be wrong once in so many days, as the product may


@dataclass
class Plant:
    """A planted issue. `key`: story id, or topic@place; `knows`: when the oracle could know (hours since 1970)."""

    kind: Planted
    key: str
    start: float
    end: float
    ids: set[str] = field(default_factory=set)
    knows: float | None = None


@dataclass(frozen=True)
class Stream:
    evidence: list[Evidence]
    plants: list[Plant]
    outage: tuple[str, float, float]
    start: float
    end: float


class TrueClock:
    """The rate of ordinary activity, an average hour being 1."""

    def __init__(self, first: float, length: int) -> None:
        self.first = first
        local = [in_vietnam(moment(first + n + 0.5)) for n in range(length)]
        rates = np.array([PROFILE[at.hour] * day_factor(at.date()) for at in local])
        self.rates: Floats = rates / rates.mean()
        self.total: Floats = np.concatenate([[0.0], np.cumsum(self.rates)])
        self.hours: Floats = np.arange(length + 1) + first

    def rate(self, hour: float) -> float:
        return float(self.rates[min(max(int(hour - self.first), 0), len(self.rates) - 1)])

    def at(self, hour: Floats | float) -> Floats:
        return np.interp(hour, self.hours, self.total)

    def when(self, tick: Floats | float) -> Floats:
        return np.interp(tick, self.total, self.hours)


def day_factor(day: date) -> float:
    if day in public_holidays():
        return 0.5
    return {5: 0.75, 6: 0.6}.get(day.weekday(), 1.0)


@dataclass(frozen=True)
class Ordinary:
    """True marginal of an ordinary story's further voices, from many of them: mean by age, gamma shape."""

    ages: Floats
    total: Floats
    shape: float


def ordinary_story(random: np.random.Generator) -> tuple[list[tuple[float, str, bool, bool]], float]:
    """Tellings (age on the clock, voice, is a person, is a copy) of one ordinary story, the first at 0."""
    worth = float(random.beta(0.6, 5.0))
    first = int(random.choice(len(OUTLETS), p=np.array(STRENGTH) / sum(STRENGTH)))
    told = [(0.0, OUTLETS[first], False, False)]
    for n, outlet in enumerate(OUTLETS):
        if n != first and random.random() < worth * STRENGTH[n]:
            told.append((float(random.lognormal(0.9, 1.0)), outlet, False, bool(random.random() < 0.2)))
    people = random.poisson(WORD_OF_MOUTH * worth * 4)
    told += [(float(random.exponential(8.0)), f"nguoi-{random.integers(4000)}", True, False) for _ in range(people)]
    return sorted(told), worth


@cache
def ordinary(count: int = 40_000) -> Ordinary:
    random = np.random.default_rng(7)
    ages = np.array([0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 72, 120.0])
    by_age = np.zeros(len(ages))
    sizes = np.zeros(count)
    for story in range(count):
        told, _ = ordinary_story(random)
        voices = [age for age, _, _, copy in told[1:] if not copy]
        sizes[story] = len(voices)
        for age in voices:
            by_age[min(int(np.searchsorted(ages, age)), len(ages) - 1)] += 1
    mean, variance = float(sizes.mean()), float(sizes.var())
    return Ordinary(np.concatenate([[0.0], ages]), np.concatenate([[0.0], np.cumsum(by_age) / count]),
                    mean * mean / (variance - mean))  # fmt: skip


def stream(seed: int) -> Stream:
    """Sixty days of one province."""
    return _Maker(seed).make()


def slow_stream(seed: int) -> Stream:
    """Sixty days with stories that run on at an even pace for weeks, and five that grow slowly for eight days."""
    return _Maker(seed).make_slow()


class _Maker:
    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.first = hours(START + BETWEEN * (seed - 1))
        self.end = self.first + DAYS * 24
        self.clock = TrueClock(self.first, (DAYS + 10) * 24)
        self.found: list[Evidence] = []
        self.place_share = self._zipf(len(PLACES), 0.9)
        self.topic_share = self._zipf(len(TOPICS), 0.7)
        self.small: Floats = np.outer(self.topic_share, self.place_share)

    def _zipf(self, count: int, power: float) -> Floats:
        found = 1.0 / np.arange(1, count + 1) ** power
        self.random.shuffle(found)
        return np.asarray(found / found.sum())

    def make(self) -> Stream:
        self.ordinary_days()
        self.small_talk()
        plants = self.plants()
        outage = self.outage()
        source, since, until = outage
        evidence = [e for e in self.found if not (e.source == source and since <= hours(e.at) < until)]
        evidence = sorted((e for e in evidence if hours(e.at) < self.end), key=lambda e: (e.at, e.id))
        for plant in plants:
            plant.knows = self.oracle(plant, [e for e in evidence if e.id in plant.ids and not e.copy])
        return Stream(evidence, plants, outage, self.first, self.end)

    def make_slow(self) -> Stream:
        self.ordinary_days()
        self.small_talk()
        days = self.random.uniform(0, DAYS - 5, self.random.poisson(RUNNING_BEGIN * DAYS))
        plants = [self.running(f"r{n}", self.first + day * 24) for n, day in enumerate(days)]
        plants += [self.slow(f"w{n}", self.first + (WARM + n * 8.5) * 24) for n in range(SLOW)]
        evidence = sorted((e for e in self.found if hours(e.at) < self.end), key=lambda e: (e.at, e.id))
        return Stream(evidence, plants, ("", self.end, self.end), self.first, self.end)

    # the ordinary

    def ordinary_days(self) -> None:
        total = float(self.clock.at(self.end))
        count = int(self.random.poisson(STORIES_A_DAY * total / 24))
        for number, tick in enumerate(np.sort(self.random.uniform(0, total, count))):
            topic = str(self.random.choice(TOPICS, p=self.topic_share))
            place = str(self.random.choice(PLACES, p=self.place_share))
            told, _ = ordinary_story(self.random)
            story, mood = f"s{number}", self.random.choice(["negative", "neutral", "positive"], p=[0.25, 0.6, 0.15])
            for age, voice, person, copy in told:
                own = f"s{number}-khac-{age:.3f}" if self.random.random() < 0.04 else story  # clustering errs
                self.tell(float(self.clock.when(tick + age)), voice, person, own, topic, place, str(mood), copy=copy)

    def small_talk(self) -> None:
        total = float(self.clock.at(self.end))
        count = int(self.random.poisson(SMALL_TALK_A_DAY * total / 24))
        pairs = self.random.choice(self.small.size, count, p=self.small.ravel())
        for number, (tick, pair) in enumerate(zip(self.random.uniform(0, total, count), pairs, strict=True)):
            topic, place = TOPICS[pair // len(PLACES)], PLACES[pair % len(PLACES)]
            mood = str(self.random.choice(["negative", "neutral", "positive"], p=[0.4, 0.4, 0.2]))
            self.tell(float(self.clock.when(tick)), self._person(), True, f"t{number}", topic, place, mood)

    def _person(self) -> str:
        return f"nguoi-{self.random.integers(4000)}"

    def tell(
        self, at: float, voice: str, person: bool, story: str, topic: str, place: str, mood: str, *, copy: bool = False
    ) -> str:
        id = f"{len(self.found):07d}"
        source = "dien-dan" if person else voice
        self.found.append(
            Evidence(
                id, moment(at), source, "forum" if person else "news", voice, 2, mood, topic, (place,), story, copy
            )
        )
        return id

    # what is planted

    def plants(self) -> list[Plant]:
        kinds: list[Planted] = ["burst"] * 4 + ["ramp"] * 2 + ["complaint"] * 3 + ["copies", "outlet"]
        self.random.shuffle(kinds)  # type: ignore[arg-type]
        gap = (DAYS - WARM - 4) * 24 / len(kinds)
        found = []
        for number, kind in enumerate(kinds):
            start = self.first + WARM * 24 + number * gap + float(self.random.uniform(0, gap * 0.3))
            found.append(getattr(self, kind)(f"p{number}", start))
        return found

    def burst(self, key: str, start: float) -> Plant:
        self.peak, self.decay = float(self.random.uniform(2.5, 8.0)), float(self.random.uniform(4.0, 8.0))
        return self._story("burst", key, start, start + 3 * self.decay, self._burst_rate(start))

    def ramp(self, key: str, start: float) -> Plant:
        double = float(self.random.uniform(10.0, 15.0))
        rate = _Ramp(start, 0.06, double)
        return self._story("ramp", key, start, start + 72, rate)

    def slow(self, key: str, start: float) -> Plant:
        """From one telling in two days to eight a day, doubling every two days."""
        return self._story("slow", key, start, start + 192, _Ramp(start, 0.02, 48.0))

    def running(self, key: str, start: float) -> Plant:
        """A trial, a building site, a shortage: told one to four times a day for weeks, never more."""
        a_day, days = float(self.random.uniform(1, 4)), float(self.random.uniform(10, 25))
        return self._story("running", key, start, start + days * 24, _Ramp(start, a_day / 24, math.inf))

    def _burst_rate(self, start: float) -> _Burst:
        return _Burst(start, self.peak, self.decay)

    def _story(self, kind: Planted, key: str, start: float, end: float, rate: _Burst | _Ramp) -> Plant:
        plant = Plant(kind, key, start, end)
        topic, place = str(self.random.choice(TOPICS)), str(self.random.choice(PLACES))
        self.rate = {**getattr(self, "rate", {}), key: rate}
        times = [start, *self._times(rate, start, end)]
        for at in times:
            person = bool(self.random.random() < 0.6)
            voice = self._person() if person else str(self.random.choice(OUTLETS, p=np.array(STRENGTH) / sum(STRENGTH)))
            copy = bool(not person and self.random.random() < 0.2)
            own = f"{key}-khac-{at:.3f}" if self.random.random() < 0.04 else key
            plant.ids.add(self.tell(at, voice, person, own, topic, place, "negative", copy=copy))
        return plant

    def _times(self, rate: _Burst | _Ramp, start: float, end: float) -> list[float]:
        """Inhomogeneous Poisson by thinning; at night people write less about anything."""
        most, at, found = rate.most(end), start, []
        while (at := at + float(self.random.exponential(1 / most))) < end:
            if self.random.random() < rate.at(at) * self.night(at) / most:
                found.append(at)
        return found

    def night(self, at: float) -> float:
        return min(1.0, 0.35 + 0.65 * self.clock.rate(at))

    def complaint(self, key: str, start: float) -> Plant:
        """Ten to eighteen people complain about one service in one place, each in words of his own."""
        quiet = np.argsort(self.small.ravel())
        pair = int(self.random.choice(quiet[len(quiet) // 3 :]))
        topic, place = TOPICS[pair // len(PLACES)], PLACES[pair % len(PLACES)]
        plant = Plant("complaint", f"{topic}@{place}", start, start + 36)
        self.rate = {**getattr(self, "rate", {}), plant.key: (start, pair)}
        count = int(self.random.integers(10, 19))
        tick, length = float(self.clock.at(start)), float(self.clock.at(start + 30) - self.clock.at(start))
        for number, age in enumerate(np.sort(self.random.uniform(0, length, count))):
            at = float(self.clock.when(tick + age))
            plant.ids.add(self.tell(at, self._person(), True, f"{key}-{number}", topic, place, "negative"))
        plant.knows = length / count  # mean pause between complaints, for the oracle
        return plant

    def copies(self, key: str, start: float) -> Plant:
        """One outlet's text in forty copies, its own and others'."""
        return self._flood("copies", key, start, copy=True)

    def outlet(self, key: str, start: float) -> Plant:
        """One outlet that writes thirty articles of its own about one thing."""
        return self._flood("outlet", key, start, copy=False)

    def _flood(self, kind: Planted, key: str, start: float, *, copy: bool) -> Plant:
        plant = Plant(kind, key, start, start + 24)
        topic, place = str(self.random.choice(TOPICS)), str(self.random.choice(PLACES))
        for n, age in enumerate(np.sort(self.random.uniform(0, 20, 40 if copy else 30))):
            voice = OUTLETS[int(self.random.integers(12))] if copy and n % 2 else OUTLETS[3]
            plant.ids.add(self.tell(start + age, voice, False, key, topic, place, "neutral", copy=copy and n > 0))
        return plant

    def outage(self) -> tuple[str, float, float]:
        start = self.first + float(self.random.uniform(WARM, DAYS - 8)) * 24
        return (OUTLETS[0] if self.random.random() < 0.5 else "dien-dan", start, start + 40.0)

    # the oracle

    def oracle(self, plant: Plant, told: list[Evidence]) -> float | None:
        """The first moment at which the likelihood ratio of the true rates pays for one error in three days.

        Wald: under ordinary traffic the ratio ever exceeds A with a chance of at most 1/A, so with N candidates a day
        A = 3 N errs once in three days.
        """
        if plant.kind in ("copies", "outlet"):
            return None
        if plant.kind == "complaint":
            return self._oracle_of_pair(plant, told)
        return self._oracle_of_story(plant, [e for e in told if e.story == plant.key])

    def _oracle_of_story(self, plant: Plant, told: list[Evidence]) -> float | None:
        rate, usual = self.rate[plant.key], ordinary()
        limit = math.log(STORIES_A_DAY * BUDGET_DAYS)
        if len(told) < 2:
            return None
        born = hours(told[0].at)
        grid = np.arange(born, plant.end, 0.05)
        planted = np.array([rate.at(t) * self.night(t) for t in grid])
        mass = np.concatenate([[0.0], np.cumsum(planted) * 0.05])
        seen: set[str] = {told[0].voice}
        ratio, count = 0.0, 0
        for e in told[1:]:
            at = hours(e.at)
            if e.voice in seen and e.by_people:
                continue
            seen.add(e.voice)
            count += 1
            age = float(self.clock.at(at) - self.clock.at(born))
            known = float(np.interp(age, usual.ages, usual.total))
            slope = (
                float(np.interp(age + 0.25, usual.ages, usual.total) - np.interp(age, usual.ages, usual.total)) / 0.25
            )
            ratio += math.log(max(rate.at(at) * self.night(at), 1e-9)) - math.log(
                max(slope * self.clock.rate(at) * (usual.shape + count - 1), 1e-9)
            )
            here = ratio - float(np.interp(at, grid, mass[:-1]))
            here += (usual.shape + count) * math.log(usual.shape + known) - usual.shape * math.log(usual.shape)
            if here > limit:
                return at
        return None

    def _oracle_of_pair(self, plant: Plant, told: list[Evidence]) -> float | None:
        start, pair = self.rate[plant.key]
        pause = plant.knows or 1.0
        usual = float(self.small.ravel()[pair]) * (SMALL_TALK_A_DAY + STORIES_A_DAY) / 24
        limit = math.log(self.small.size * BUDGET_DAYS)
        begun = float(self.clock.at(start))
        for count, e in enumerate(told, start=1):
            length = float(self.clock.at(hours(e.at))) - begun
            if count * math.log((usual + 1 / pause) / usual) - length / pause > limit:
                return hours(e.at)
        return None


@dataclass(frozen=True)
class _Burst:
    start: float
    peak: float
    decay: float

    def at(self, time: float) -> float:
        age = time - self.start
        return 0.0 if age < 0 else self.peak * min(1.0, age / 0.5) * math.exp(-age / self.decay)

    def most(self, end: float) -> float:
        return self.peak


@dataclass(frozen=True)
class _Ramp:
    start: float
    begin: float
    double: float

    def at(self, time: float) -> float:
        return min(self.begin * 2 ** ((time - self.start) / self.double), 2.5)

    def most(self, end: float) -> float:
        return self.at(end)
