"""The mentions that a watch knows, in order of time, and the groups they form."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from monitor.rising.evidence import Evidence, Weights, hours
from monitor.rising.groups import MATTERS, Group, keys

FEW = 1000  # changes that are put in place one by one; more are sorted in


@dataclass(slots=True)
class Broken:
    """What is no longer true of a group since a moment, and what came late to it."""

    since: float
    late: list[Evidence] = field(default_factory=list)


class Memory:
    """`evidence` in order of time with `times` beside it (hours since 1970), `groups` by id.

    `touched` are the groups that changed since somebody last emptied it; `moved` the stories whose mentions went to
    another, with that one.
    """

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._by_id: dict[str, Evidence] = {}
        self.evidence: list[Evidence] = []
        self.times = array("d")
        self.groups: dict[str, Group] = {}
        self.touched: set[str] = set()
        self.moved: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, evidence: Iterable[Evidence], since: float = -math.inf) -> list[float]:
        """Further mentions, or known ones that changed; none older than `since`. Returns the times of what was new.

        Those that come late are put where they belong.
        """
        broken: dict[str, Broken] = {}
        late: list[Evidence] = []
        gone: list[Evidence] = []
        new = []
        for e in evidence:
            time, known = hours(e.at), self._by_id.get(e.id)
            if known == e or time < since:
                continue
            new.append(time)
            if known is not None:
                _break(broken, known)
                if known.story and e.story and known.story != e.story:
                    self.moved[known.story] = e.story
                gone.append(known)
            self._by_id[e.id] = e
            if not self.times or self.times[-1] <= time:
                self.evidence.append(e)
                self.times.append(time)
            else:
                late.append(e)
            self._group(e, time, broken)
        self._put_in(late)  # first: what is gone again may have come late in the same batch
        self._take_out(gone)
        self._mend(broken)
        return new

    def _group(self, e: Evidence, time: float, broken: dict[str, Broken]) -> None:
        weight = self._weights.of(e)
        for kind, key in keys(e):
            group = self.groups.get(key)
            if group is None:
                group = self.groups[key] = Group(kind, key)
            if key in broken or (group.times and group.times[-1] > time):
                found = broken.setdefault(key, Broken(time))
                found.since = min(found.since, time)
                found.late.append(e)
            else:
                group.add(e, time, weight)
            self.touched.add(key)

    def drop(self, ids: Iterable[str]) -> None:
        """Mentions that are no more: erased, or no longer about the province."""
        gone = [self._by_id.pop(id) for id in ids if id in self._by_id]
        self._take_out(gone)
        broken: dict[str, Broken] = {}
        for e in gone:
            _break(broken, e)
        self._mend(broken)

    def between(self, since: float, until: float) -> list[Evidence]:
        """Mentions with since < time <= until."""
        return self.evidence[bisect_right(self.times, since) : bisect_right(self.times, until)]

    def forget(self, oldest: float) -> None:
        """Mentions older than a moment, and groups that nobody told since."""
        first = bisect_left(self.times, oldest)
        for e in self.evidence[:first]:
            if self._by_id.get(e.id) is e:
                del self._by_id[e.id]
        del self.evidence[:first], self.times[:first]
        self.groups = {key: group for key, group in self.groups.items() if group.times[-1] >= oldest}
        for group in self.groups.values():
            group.forget(oldest)

    def rest(self, at: float) -> None:
        """Groups that nobody told lately let go of what they can recall."""
        for group in self.groups.values():
            if group.times[-1] < at - MATTERS:
                group.rest()

    def _take_out(self, gone: Sequence[Evidence]) -> None:
        if len(gone) > FEW:
            self.evidence = [e for e in self.evidence if self._by_id.get(e.id) is e]
            self.times = array("d", (hours(e.at) for e in self.evidence))
            return
        for e in gone:
            place = bisect_left(self.times, hours(e.at))
            while self.evidence[place] is not e:
                place += 1
            del self.evidence[place], self.times[place]

    def _put_in(self, late: Sequence[Evidence]) -> None:
        if len(late) > FEW:
            self.evidence = sorted([*self.evidence, *late], key=_order)
            self.times = array("d", (hours(e.at) for e in self.evidence))
            return
        for e in late:
            place = bisect_right(self.times, hours(e.at))
            self.evidence.insert(place, e)
            self.times.insert(place, hours(e.at))

    def _mend(self, broken: Mapping[str, Broken]) -> None:
        """Builds groups again to which something came late or from which something went, from that moment on."""
        for key, found in broken.items():
            group = self.groups[key]
            self.touched.add(key)
            first = bisect_left(group.times, found.since)
            there = {e.id: e for e in (*group.evidence[first:], *found.late) if self._by_id.get(e.id) is e}
            group.cut(first)
            for e in sorted(there.values(), key=_order):
                group.add(e, hours(e.at), self._weights.of(e))
            if not group.times:
                del self.groups[key]


def _break(broken: dict[str, Broken], e: Evidence) -> None:
    """Notes the groups that a mention leaves."""
    time = hours(e.at)
    for _, key in keys(e):
        found = broken.setdefault(key, Broken(time))
        found.since = min(found.since, time)


def _order(e: Evidence) -> tuple[datetime, str]:
    return e.at, e.id
