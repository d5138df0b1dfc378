"""Mentions of one story, of one topic in one place or of one term, and how many independent voices told them.

Copies are no voices. A person counts once in three days. An outlet counts once in an hour, and each time again
within a day half of the time before, so that no outlet alone ever makes two. In what is no single story, each story
is halved in the same way: many small ones weigh more than a large one, which rises by itself.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Literal

from monitor.rising.evidence import Evidence, Weights, hours

Kind = Literal["story", "topic_place", "term"]

PERSON_PAUSE = 72.0
OUTLET_PAUSE = 1.0
OUTLET_RECOVERS = 24.0
STORY_RECOVERS = 72.0
VIETNAM_MIDNIGHT = 17.0  # in UTC
PLACES = 3  # of one mention, the first ones
UNTOLD = frozenset({"other"})  # topics that say nothing


def day_of(time: float) -> int:
    """The number of a day in Việt Nam."""
    return int((time - VIETNAM_MIDNIGHT) // 24)


def keys(e: Evidence) -> Iterator[tuple[Kind, str]]:
    """The groups that a mention belongs to."""
    if e.story is not None:
        yield "story", e.story
    if e.topic and e.topic not in UNTOLD:
        for place in e.places[:PLACES]:
            yield "topic_place", f"{e.topic}@{place}"
    for term in e.terms:
        yield "term", f"term:{term}"


class Group:
    """Entries in time order with the running sum of their voices. Times in hours since 1970.

    `daily`: voices by day (`day_of`), of what is no story.
    """

    __slots__ = ("_last", "_per_story", "daily", "evidence", "id", "kind", "sums", "times", "weights")

    def __init__(self, kind: Kind, id: str) -> None:
        self.kind, self.id = kind, id
        self.evidence: list[Evidence] = []
        self.times: list[float] = []
        self.weights: list[float] = []
        self.sums: list[float] = [0.0]
        self.daily: dict[int, float] = {}
        self._last: dict[str, list[float]] = {}
        self._per_story: dict[str, list[float]] = {}

    def add(self, e: Evidence, weights: Weights) -> None:
        """The next mention; none may be older than the last."""
        time = hours(e.at)
        weight = 0.0 if e.copy else self._weight(e, time, weights)
        self.evidence.append(e)
        self.times.append(time)
        self.weights.append(weight)
        self.sums.append(self.sums[-1] + weight)
        if weight and self.kind != "story":
            day = day_of(time)
            self.daily[day] = self.daily.get(day, 0.0) + weight

    def _weight(self, e: Evidence, time: float, weights: Weights) -> float:
        weight = weights.of(e)
        told = self._last.setdefault(e.voice, [])
        if e.by_people:
            if told and time - told[-1] < PERSON_PAUSE:
                return 0.0
        else:
            if told and time - told[-1] < OUTLET_PAUSE:
                return 0.0
            weight *= 0.5 ** (len(told) - bisect_left(told, time - OUTLET_RECOVERS))
        if self.kind != "story" and e.story is not None:
            before = self._per_story.setdefault(e.story, [])
            weight *= 0.5 ** (len(before) - bisect_left(before, time - STORY_RECOVERS))
            before.append(time)
        told.append(time)
        return weight

    def first_after(self, time: float) -> int:
        """Index of the first entry later than a moment."""
        return bisect_right(self.times, time)

    def voices(self, since: float, until: float) -> float:
        """Voices in (since, until]."""
        return self.sums[self.first_after(until)] - self.sums[self.first_after(since)]

    def several(self, first: int, last: int) -> bool:
        """Whether different voices count among the entries [first, last)."""
        voice: str | None = None
        for n in range(first, last):
            if self.weights[n] > 0:
                if voice is not None and self.evidence[n].voice != voice:
                    return True
                voice = self.evidence[n].voice
        return False
