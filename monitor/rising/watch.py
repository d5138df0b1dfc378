"""Watches evidence as it comes in, in order of time, and says at any moment what rises.

`Watch` holds groups, the day's baseline and the lives of issues. Fed with the past and asked hour by hour it replays
the past; fed by the worker after each batch it goes on from there. It never looks ahead.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.rising.baseline import FINISHED, Baseline, learn_growth, learn_rates, shares
from monitor.rising.evidence import Evidence, Weights, hours, moment
from monitor.rising.groups import PLACES, Group, Kind, keys
from monitor.rising.season import Season
from monitor.rising.states import QUIET, REOPENS, STAY, Life
from monitor.rising.surprise import MIN_VOICES, RECENT, WINDOWS, Clock, Judged, by_surprise, judge

DAY = 24.0
VIETNAM_MIDNIGHT = 17.0  # in UTC
LEARNT = 28 * DAY  # of the past, for what is ordinary
KEPT = LEARNT + FINISHED + 2 * DAY
RUNNING = 1.0  # the least number of stories that run on a day: the one that is looked at
PACE = 12.0  # hours over which the pace is taken
SHARED = 0.5  # an issue that shares more than this part of its mentions with better ones is the same
# Powers of ten by which a topic in a place, or a term, must be more surprising than a story that tells the same.
BEHIND: Mapping[Kind, float] = {"story": 0.0, "topic_place": 1.0, "term": 2.0}
RARE = 1.0  # voices in three days below which a topic is rarely told in a place
MISLED, MISLED_LEAST = 0.1, 20  # part of the known past, and mentions
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
        self._weights = weights or Weights()
        self._evidence: list[Evidence] = []
        self._by_id: dict[str, Evidence] = {}
        self._groups: dict[str, Group] = {}
        self._live: dict[str, Group] = {}
        self._lives: dict[str, Life] = {}
        self._moved: dict[str, str] = {}  # story -> the one that its mentions went to
        self._baseline: Baseline | None = None
        self._learnt = -math.inf
        self._schooled = self._late = 0

    @property
    def baseline(self) -> Baseline | None:
        return self._baseline

    def add(self, evidence: Iterable[Evidence]) -> None:
        """Further mentions, or known ones that changed. Those that come late are put where they belong."""
        broken: dict[str, list[Evidence]] = {}
        in_order = True
        for e in evidence:
            known = self._by_id.get(e.id)
            if known == e or hours(e.at) < self._learnt - KEPT:
                continue
            if known is not None:
                broken.update((key, broken.get(key, [])) for _, key in keys(known))
                if known.story and e.story and known.story != e.story:
                    self._moved[known.story] = e.story
                in_order = False
            self._by_id[e.id] = e
            self._late += hours(e.at) < self._learnt
            in_order = in_order and (not self._evidence or self._evidence[-1].at <= e.at)
            self._evidence.append(e)
            for kind, key in keys(e):
                group = self._groups.setdefault(key, Group(kind, key))
                if key in broken or (group.times and group.evidence[-1].at > e.at):
                    broken.setdefault(key, []).append(e)
                else:
                    group.add(e, self._weights)
                self._live[key] = group
        if not in_order:
            self._evidence = sorted((e for e in self._evidence if self._by_id[e.id] is e), key=_order)
        self._mend(broken)

    def drop(self, ids: Iterable[str]) -> None:
        """Mentions that are no more: erased, or no longer about the province."""
        gone = [self._by_id.pop(id) for id in ids if id in self._by_id]
        if gone:
            self._evidence = [e for e in self._evidence if e.id in self._by_id]
            self._mend({key: [] for e in gone for _, key in keys(e)})

    def refresh(self, evidence: Sequence[Evidence], since: float) -> None:
        """All mentions later than a moment, read again: what is new, changed or gone among them."""
        there = {e.id for e in evidence}
        self.drop([e.id for e in reversed(self._evidence) if hours(e.at) > since and e.id not in there])
        self.add(evidence)

    def _mend(self, broken: Mapping[str, Sequence[Evidence]]) -> None:
        """Builds groups again to which something came late or from which something went."""
        for key, late in broken.items():
            old = self._groups[key]
            left = [e for e in old.evidence if self._by_id.get(e.id) is e and key in {k for _, k in keys(e)}]
            left = list({e.id: e for e in (*left, *late) if self._by_id.get(e.id) is e}.values())
            if not left:
                del self._groups[key]
                self._live.pop(key, None)
                continue
            group = self._groups[key] = Group(old.kind, key)
            for e in sorted(left, key=_order):
                group.add(e, self._weights)
            if key in self._live:
                self._live[key] = group

    @property
    def known(self) -> int:
        """How many mentions it holds."""
        return len(self._by_id)

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
        self._inherit()
        self._live = {key: group for key, group in self._live.items() if group.times[-1] > at - QUIET}
        clock = Clock.of(self._baseline, at)
        told = [group for group in self._live.values() if group.sums[-1] >= MIN_VOICES]
        found = [judged for group in told if (judged := judge(group, self._baseline, clock))]
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

    def _inherit(self) -> None:
        """A story that was merged away leaves its life to the one that has its mentions now."""
        for old, new in self._moved.items():
            heir = self._lives.get(new)
            if old in self._lives and old not in self._groups and not (heir and heir.open):
                life = self._lives.pop(old)
                life.id = new
                self._lives[new] = life
        self._moved.clear()

    def lives(self) -> dict[str, Life]:
        return self._lives

    def group(self, id: str) -> Group | None:
        return self._groups.get(id)

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
            group, j = self._groups.get(id), judged.get(id)
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
        self._baseline = learn(self._evidence, self._groups.values(), midnight)
        self._learnt = midnight
        self._schooled, self._late = len(self._evidence), 0

    def _forget(self, midnight: float) -> None:
        oldest = midnight - KEPT
        if not self._evidence or hours(self._evidence[0].at) >= oldest - DAY:
            return
        self._evidence = [e for e in self._evidence if hours(e.at) >= oldest]
        self._by_id = {e.id: e for e in self._evidence}
        self._groups = {key: group for key, group in self._groups.items() if group.times[-1] >= oldest}
        kept = midnight - REOPENS - DAY
        self._lives = {id: life for id, life in self._lives.items() if life.open or life.closed_at >= kept}


def _order(e: Evidence) -> tuple[datetime, str]:
    return e.at, e.id


def pace(group: Group, season: Season, at: float) -> float:
    """Mentions without copies an average hour, over the last twelve hours; a night does not slow it."""
    last, first = group.first_after(at), group.first_after(at - PACE)
    told = sum(not e.copy for e in group.evidence[first:last])
    return told / max(season.at(at) - season.at(at - PACE), 2.0)


def learn(evidence: Sequence[Evidence], groups: Iterable[Group], until: float) -> Baseline:
    """What was ordinary in the four weeks before a moment."""
    since = max(until - LEARNT, hours(evidence[0].at)) if evidence else until - DAY
    first, end = moment(since), moment(until)
    past = [e for e in evidence if first <= e.at < end]
    season = Season.learn(past, since, until)
    stories: dict[bool, list[tuple[list[float], list[float]]]] = {True: [], False: []}
    daily: dict[str, dict[str, dict[int, float]]] = {"topic_place": {}, "term": {}}
    running = 0
    for group in groups:
        if group.kind == "story":
            running += _days_run(group, since, until)
            if since - FINISHED <= group.times[0] < until - FINISHED:
                stories[group.newsroom >= until].append(_grown(group, season, until))
        elif group.times[-1] >= since:
            by_day = _by_day(group, since, until)
            if by_day:
                daily[group.kind][group.id] = by_day
    length = season.at(until) - season.at(since)
    days = (season.at(until - FINISHED) - season.at(since - FINISHED)) / DAY
    if evidence and hours(evidence[0].at) > since - FINISHED:
        days = (season.at(until - FINISHED) - season.at(hours(evidence[0].at))) / DAY
    rates = {kind: learn_rates(values, length) for kind, values in daily.items()}
    voices = sum(rates["topic_place"].told.values()) / max(length, DAY)
    return Baseline(
        season,
        learn_growth(stories[False], days),
        learn_growth(stories[True], days),
        max(running * DAY / max(until - since, DAY), RUNNING),
        rates,
        shares(e.topic for e in past if e.topic),
        shares(place for e in past for place in e.places[:PLACES]),
        voices,
    )


def _grown(group: Group, season: Season, until: float) -> tuple[list[float], list[float]]:
    """Ages and weights of a story's voices; what was told after `until` is not known yet."""
    born = season.at(group.times[0])
    told = [n for n in range(len(group.times)) if (n == 0 or group.weights[n] > 0) and group.times[n] < until]
    return [season.at(group.times[n]) - born for n in told], [group.weights[n] for n in told]


def _days_run(group: Group, since: float, until: float) -> int:
    """On how many days a story was told after it had told most of what an ordinary one does."""
    first = group.first_after(max(since, group.times[0] + FINISHED))
    return len({int((time - VIETNAM_MIDNIGHT) // DAY) for time in group.times[first : group.first_after(until)]})


def _by_day(group: Group, since: float, until: float) -> dict[int, float]:
    by_day: dict[int, float] = {}
    for n in range(group.first_after(since), len(group.times)):
        if group.times[n] >= until:
            break
        if group.weights[n] > 0:
            day = int((group.times[n] - VIETNAM_MIDNIGHT) // DAY)
            by_day[day] = by_day.get(day, 0.0) + group.weights[n]
    return by_day


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
