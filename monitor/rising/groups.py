"""Mentions of one story, of one topic in one place or of one term, and how many independent voices told them.

Copies are no voices. A person counts once in three days. An outlet counts once in an hour, and each time again
within a day half of the time before, so that no outlet alone ever makes two. In what is no single story, each story
is halved in the same way: many small ones weigh more than a large one, which rises by itself.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Literal

from monitor.rising.evidence import Evidence

Kind = Literal["story", "topic_place", "term"]

PERSON_PAUSE = 72.0
OUTLET_PAUSE = 1.0
OUTLET_RECOVERS = 24.0
STORY_RECOVERS = 72.0
MATTERS = max(PERSON_PAUSE, OUTLET_RECOVERS, STORY_RECOVERS)  # hours that a voice bears upon those after it
FEW = 16  # entries from which it is worth while to clear a group of voices that no longer matter
NOTHING: dict[str, list[float]] = {}  # shared, never written to
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

    A million mentions make some hundred thousand groups, most of them of one entry: what they hold is packed.
    """

    __slots__ = ("_due", "_per_story", "_told", "evidence", "id", "kind", "sums", "times", "weights")

    def __init__(self, kind: Kind, id: str) -> None:
        self.kind, self.id = kind, id
        self.evidence: list[Evidence] = []
        self.times, self.weights, self.sums = array("d"), array("d"), array("d", (0.0,))
        # When each voice and each story counted, as far back as that bears upon what comes; None: to be recalled.
        self._told: dict[str, list[float]] | None = None
        self._per_story: dict[str, list[float]] = NOTHING
        self._due = 0  # entries from which that is recalled anew, without what no longer matters

    def add(self, e: Evidence, time: float, weight: float) -> None:
        """The next mention, its hour, and what it weighs by itself; none may be older than the last."""
        if e.copy:
            weight = 0.0
        elif self.times:  # most groups have a single entry
            if self._told is None or len(self.times) >= self._due:
                self._recall(time)
            assert self._told is not None
            weight = self._weight(e, time, weight, self._told)
        self.evidence.append(e)
        self.times.append(time)
        self.weights.append(weight)
        self.sums.append(self.sums[-1] + weight)

    def _weight(self, e: Evidence, time: float, weight: float, voices: dict[str, list[float]]) -> float:
        """What it weighs after those before it; who told it, and when, is noted for those after it."""
        if told := voices.get(e.voice):
            people = e.by_people
            if time - told[-1] < (PERSON_PAUSE if people else OUTLET_PAUSE):
                return 0.0
            if not people:
                weight *= 0.5 ** (len(told) - bisect_left(told, time - OUTLET_RECOVERS))
        if self.kind != "story" and e.story is not None and (before := self._per_story.get(e.story)):
            weight *= 0.5 ** (len(before) - bisect_left(before, time - STORY_RECOVERS))
        if weight:
            self._count(e, time, voices)
        return weight

    def _recall(self, time: float) -> None:
        """The voices and stories that counted, not longer before a moment than it matters."""
        self._told, self._per_story = {}, NOTHING if self.kind == "story" else {}
        count, first = len(self.times), bisect_left(self.times, time - MATTERS)
        for n in range(first, count):
            if self.weights[n] > 0:
                self._count(self.evidence[n], self.times[n], self._told)
        self._due = count + 2 * (count - first) + FEW

    def _count(self, e: Evidence, time: float, told: dict[str, list[float]]) -> None:
        told.setdefault(e.voice, []).append(time)
        if self.kind != "story" and e.story is not None:
            self._per_story.setdefault(e.story, []).append(time)

    def rest(self) -> None:
        """Lets go of what can be recalled when somebody tells it again."""
        self._told, self._per_story = None, NOTHING

    def cut(self, first: int) -> None:
        """Takes the entries from an index on away, as if they had never come."""
        del self.evidence[first:], self.times[first:], self.weights[first:], self.sums[first + 1 :]
        self.rest()

    def forget(self, oldest: float) -> None:
        """Takes entries older than a moment away; of a story its birth is needed as long as it is told."""
        if self.kind != "story" and self.times[0] < oldest:
            first = bisect_left(self.times, oldest)
            del self.evidence[:first], self.times[:first], self.weights[:first], self.sums[:first]
            self.rest()

    def by_day(self, since: int, until: int) -> dict[int, float]:
        """Voices by day (`day_of`) in [since, until), of days that have any."""
        first = bisect_left(self.times, since * 24 + VIETNAM_MIDNIGHT)
        last = bisect_left(self.times, until * 24 + VIETNAM_MIDNIGHT)
        found: dict[int, float] = {}
        for n in range(first, last):
            if weight := self.weights[n]:
                day = day_of(self.times[n])
                found[day] = found.get(day, 0.0) + weight
        return found

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
