"""Watches evidence as it comes in, in order of time, and says at any moment what rises.

`Watch` holds groups, the day's baseline and the lives of issues. Fed with the past and asked hour by hour it replays
the past; fed by the worker after each batch it goes on from there. It never looks ahead.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from monitor.rising.baseline import FINISHED, Baseline
from monitor.rising.evidence import Evidence, Weights, hours
from monitor.rising.groups import VIETNAM_MIDNIGHT, Group, Kind, keys
from monitor.rising.learning import DAY, LEARNT, learn
from monitor.rising.memory import Memory
from monitor.rising.outages import Outages
from monitor.rising.season import Season
from monitor.rising.states import QUIET, REOPENS, STAY, Life
from monitor.rising.surprise import MIN_VOICES, RECENT, WINDOWS, Clock, Judged, by_surprise, judge

KEPT = LEARNT + FINISHED + 2 * DAY
PACE = 12.0  # hours over which the pace is taken
SHARED = 0.5  # an issue that shares more than this part of its mentions with better ones is the same
# Powers of ten by which a topic in a place, or a term, must be more surprising than a story that tells the same.
BEHIND: Mapping[Kind, float] = {"story": 0.0, "topic_place": 1.0, "term": 2.0}
RARE = 1.0  # voices in three days below which a topic is rarely told in a place
MISLED, MISLED_LEAST = 0.1, 20  # part of the known past, and mentions
NEAR = 10.0  # times a day that chance may bring as much of what is looked at again though nobody tells it
HELD = 1.0  # powers of ten by which another must be more surprising to take an open issue's mentions from it


@dataclass(frozen=True)
class Seen:
    """An open issue at a moment; `absorbed` names issues of which it tells most."""

    life: Life
    judged: Judged
    absorbed: tuple[str, ...]


class Watch:
    """See the module. `weights` say what a voice counts."""

    def __init__(self, weights: Weights | None = None) -> None:
        self._memory = Memory(weights or Weights())
        self._near: set[str] = set()  # groups that are told now, or are not far from being surprising
        self._lives: dict[str, Life] = {}
        self._baseline: Baseline | None = None
        self._outages: Outages | None = None
        self._learnt = -math.inf
        self._schooled = self._late = 0

    @property
    def baseline(self) -> Baseline | None:
        return self._baseline

    def add(self, evidence: Iterable[Evidence]) -> None:
        """Further mentions, or known ones that changed. Those that come late are put where they belong."""
        told = list(evidence)
        new = self._memory.add(told, self._learnt - KEPT)
        if self._outages:
            self._outages.hear((e.source, hours(e.at)) for e in told)
        self._late += sum(time < self._learnt for time in new)

    def drop(self, ids: Iterable[str]) -> None:
        """Mentions that are no more: erased, or no longer about the province."""
        self._memory.drop(ids)

    def refresh(self, evidence: Sequence[Evidence], since: float, until: float) -> None:
        """All mentions with since < time <= until, read again: what is new, changed or gone among them."""
        there = {e.id for e in evidence}
        self.drop([e.id for e in self._memory.between(since, until) if e.id not in there])
        self.add(evidence)

    @property
    def known(self) -> int:
        """How many mentions it holds."""
        return len(self._memory)

    @property
    def misled(self) -> bool:
        """Whether so much of the past came to light since the baseline was learnt that it must be lived again."""
        return self._late > max(MISLED * self._schooled, MISLED_LEAST)

    def look(self, at: float, *, in_passing: bool = False) -> list[Seen]:
        """The open issues at a moment (hours since 1970), the most surprising first.

        `in_passing`: the baseline of the last look will do.
        """
        if self._baseline is None or not in_passing:
            self._learn(at)
        assert self._baseline is not None
        assert self._outages is not None
        if (season := self._outages.season(at)) is not self._baseline.season:
            self._baseline = replace(self._baseline, season=season)
        self._inherit()
        clock = Clock.of(self._baseline, at)
        found = self._judge(clock, self._baseline)
        chosen, absorbed = self._distinct([judged for judged in found if judged.chance <= STAY], clock)
        seen = []
        for judged in chosen:
            id = judged.group.id
            life = self._lives.get(id) or Life(id)
            self._step(life, judged, clock)
            if life.changes:
                self._lives[id] = life
            if life.open:
                seen.append(Seen(life, judged, tuple(absorbed.get(id, ()))))
        self._leave({judged.group.id for judged in chosen}, found, clock)
        return seen

    def _judge(self, clock: Clock, baseline: Baseline) -> list[Judged]:
        """What was told since the last look, and what was not far from being surprising then.

        Other groups need no look: as long as nobody tells them they only become more ordinary.
        """
        memory = self._memory
        wanted = self._near | memory.touched | {id for id, life in self._lives.items() if life.open}
        memory.touched.clear()
        groups = [group for id in wanted if (group := memory.groups.get(id)) and group.sums[-1] >= MIN_VOICES]
        live = [group for group in groups if group.times[-1] > clock.at - QUIET]
        found = [judged for group in live if (judged := judge(group, baseline, clock))]
        self._near = {judged.group.id for judged in found if judged.chance <= NEAR}
        return found

    def _inherit(self) -> None:
        """A story that was merged away leaves its life to the one that has its mentions now."""
        for old, new in self._memory.moved.items():
            heir = self._lives.get(new)
            if old in self._lives and old not in self._memory.groups and not (heir and heir.open):
                life = self._lives.pop(old)
                life.id = new
                self._lives[new] = life
        self._memory.moved.clear()

    def lives(self) -> dict[str, Life]:
        return self._lives

    def group(self, id: str) -> Group | None:
        return self._memory.groups.get(id)

    def _step(self, life: Life, judged: Judged, clock: Clock) -> None:
        group = judged.group
        last = group.first_after(clock.at)
        life.look(
            clock.at, judged.chance, judged.heard, judged.expected, pace(group, self._season, clock.at),
            group.times[last - 1],
        )  # fmt: skip

    def _leave(self, chosen: set[str], found: Sequence[Judged], clock: Clock) -> None:
        """Open issues that are no longer surprising, or that others tell, go their way to being closed."""
        judged = {j.group.id: j for j in found}
        for id, life in self._lives.items():
            if not life.open or id in chosen:
                continue
            group, j = self._memory.groups.get(id), judged.get(id)
            if group is None:  # its mentions went to another story
                life.look(clock.at, math.inf, 0.0, 0.0, 0.0, -math.inf)
                continue
            heard, expected = (j.heard, j.expected) if j else (0.0, 0.0)
            last = group.times[group.first_after(clock.at) - 1]
            life.look(clock.at, math.inf, heard, expected, pace(group, self._season, clock.at), last)

    @property
    def _season(self) -> Season:
        assert self._baseline is not None
        return self._baseline.season

    def _distinct(self, judged: Sequence[Judged], clock: Clock) -> tuple[list[Judged], dict[str, list[str]]]:
        """The best first, without those that mostly tell the same mentions; open issues hold what they have.

        What is absorbed lends its surprise: of two names for the same mentions neither may hide the other.
        """
        held = {j.group.id: HELD * self._is_open(j.group.id) - BEHIND[j.group.kind] for j in judged}
        order = sorted(by_surprise(judged), key=lambda j: -(j.surprise + held[j.group.id]))
        chosen: list[Judged] = []
        owner: dict[str, str] = {}
        about: dict[str, str] = {}  # topic and place of what was chosen -> issue
        absorbed: dict[str, list[str]] = {}
        lent: dict[str, float] = {}
        for j in order:
            ids = _told(j, clock)
            owners = Counter(owner[id] for id in ids if id in owner)
            own = j.group.kind == "story" or _of_itself(j, clock)
            if sum(owners.values()) > SHARED * len(ids):
                best = owners.most_common(1)[0][0]
                absorbed.setdefault(best, []).append(j.group.id)
                lent[best] = min(lent.get(best, math.inf), j.chance if own else math.inf)
                continue
            if not own:
                continue
            pair = self._pair(j, clock) if j.group.kind == "story" else None
            if pair in about:
                absorbed.setdefault(about[pair], []).append(j.group.id)
                continue
            if pair is not None:
                about[pair] = j.group.id
            chosen.append(j)
            for id in ids:
                owner.setdefault(id, j.group.id)
        chosen = [replace(j, chance=min(j.chance, lent.get(j.group.id, math.inf))) for j in chosen]
        return by_surprise(chosen), absorbed

    def _pair(self, judged: Judged, clock: Clock) -> str | None:
        """The topic in a place that a story is about, where it is rarely told: two stories on it are one matter."""
        assert self._baseline is not None
        group = judged.group
        first, last = group.first_after(clock.at - WINDOWS[RECENT]), group.first_after(clock.at)
        told = Counter(key for e in group.evidence[first:last] for kind, key in keys(e) if kind == "topic_place")
        if not told:
            return None
        pair, count = max(told.items(), key=lambda item: (item[1], item[0]))
        usual = self._baseline.rates["topic_place"].rate(pair) * (clock.tick - clock.start_ticks[RECENT])
        return pair if count > SHARED * (last - first) and usual < RARE else None

    def _is_open(self, id: str) -> bool:
        life = self._lives.get(id)
        return life is not None and life.open

    # what is ordinary

    def _learn(self, at: float) -> None:
        midnight = math.floor((at - VIETNAM_MIDNIGHT) / DAY) * DAY + VIETNAM_MIDNIGHT
        if midnight == self._learnt:
            return
        self._forget(midnight)
        memory = self._memory
        memory.rest(midnight)
        self._baseline = learn(memory, midnight)
        self._outages = Outages(self._baseline.season)
        self._outages.hear((e.source, hours(e.at)) for e in memory.evidence[bisect_left(memory.times, midnight) :])
        self._near = {id for id, group in memory.groups.items() if group.times[-1] > at - QUIET}
        self._learnt = midnight
        self._schooled, self._late = len(memory.evidence), 0

    def _forget(self, midnight: float) -> None:
        oldest = midnight - KEPT
        if self._memory.times and self._memory.times[0] < oldest - DAY:
            self._memory.forget(oldest)
            kept = midnight - REOPENS - DAY
            self._lives = {id: life for id, life in self._lives.items() if life.open or life.closed_at >= kept}


def pace(group: Group, season: Season, at: float) -> float:
    """Mentions without copies an average hour, over the last twelve hours; a night does not slow it."""
    last, first = group.first_after(at), group.first_after(at - PACE)
    told = sum(not e.copy for e in group.evidence[first:last])
    return told / max(season.at(at) - season.at(at - PACE), 2.0)


def _told(judged: Judged, clock: Clock) -> list[str]:
    group = judged.group
    first, last = group.first_after(clock.at - WINDOWS[RECENT]), group.first_after(clock.at)
    return [e.id for e in group.evidence[first:last]]


def _of_itself(judged: Judged, clock: Clock) -> bool:
    """Whether a topic in a place, or a term, is a matter of its own.

    Where one story makes most of it, the story rises or nothing does; a rare word in texts on unlike topics is none.
    """
    group = judged.group
    told = group.evidence[group.first_after(clock.at - judged.window) : group.first_after(clock.at)]
    stories = Counter(e.story for e in told if e.story)
    topics = Counter(e.topic for e in told if e.topic)
    one_story = max(stories.values(), default=0) > SHARED * len(told)
    return not one_story and (group.kind != "term" or max(topics.values(), default=0) > SHARED * len(told))
