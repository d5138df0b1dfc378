"""An issue as it is told: figures, the reason in one sentence, what sort it is, its states and its curve."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.rising.baseline import Baseline
from monitor.rising.evidence import Evidence, moment
from monitor.rising.groups import Kind
from monitor.rising.sorts import Sort, sort_of
from monitor.rising.states import Change, State
from monitor.rising.surprise import RECENT, WINDOWS, band
from monitor.rising.watch import Seen
from monitor.wording import decimal, percent, within

CURVE = 48  # hours


@dataclass(frozen=True, slots=True)
class Figures:
    """`now` counts the mentions of the window without copies, `mentions` with them.

    `voices` are those who told it (`monitor.rising.groups`), `expected` how many are usual, `ratio` the one to the
    other. `negative_share_before` is the share of the window before, None when nobody spoke. `chance`: times a day
    that ordinary traffic brings as much.
    """

    window_hours: int
    now: int
    mentions: int
    voices: float
    expected: float
    ratio: float
    sources: int
    people: int
    copies: int
    negative_share: float
    official: int = 0
    negative_share_before: float | None = None
    chance: float | None = None

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class StateChange:
    """When an issue came into a state, and the figures that made it so."""

    at: datetime
    state: State
    chance: float | None
    voices: float
    expected: float
    pace: float

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Issue:
    """A story, a topic in a place or a term that trends. `ids` are the mentions of the window, newest first.

    `score`, 0 to 1, says how surely it is more than chance; by `weight` issues are ranked. `curve` and `usual` are
    hourly over the last 48 hours, oldest first: mentions, and what 19 of 20 ordinary hours stay below. `absorbed` are
    issues that tell the same mentions.
    """

    id: str
    kind: Kind
    score: float
    since: datetime
    figures: Figures
    ids: tuple[str, ...]
    topic: str | None
    places: tuple[str, ...]
    stories: tuple[str, ...]
    curve: tuple[int, ...]
    usual: tuple[float, ...] = ()
    state: State = "rising"
    sort: Sort = "event"
    sort_reason: str = ""
    absorbed: tuple[str, ...] = ()
    changes: tuple[StateChange, ...] = ()
    at: datetime | None = None
    weight: float = 0.0

    @property
    def reason(self) -> str:
        return reason(self.figures)


def reason(figures: Figures) -> str:
    """Why it rose, as one Vietnamese sentence made of the figures; its first is what the link under it counts."""
    copies = f" (kể cả {figures.copies} bài chép lại)" if figures.copies else ""
    told = f"{figures.mentions} lượt nhắc{copies} trong {within(figures.window_hours)}"
    ratio = f"gấp {decimal(figures.ratio)} lần thường lệ" if figures.ratio >= 1.2 else "nhiều hơn thường lệ"
    parts = [f"{told}, {ratio}", f"{figures.sources} nguồn tin"]
    if figures.people:
        parts.append(f"{figures.people} người lên tiếng")
    sentence = ", ".join([*parts, f"{percent(figures.negative_share)} tiêu cực"])
    return f"{sentence}{_rarity(figures.chance)}."


def _rarity(chance: float | None) -> str:
    if chance is None:
        return ""
    days = 1 / max(chance, 1e-9)
    if days >= 365:
        return "; ngày thường hơn một năm mới gặp một lần"
    return f"; ngày thường khoảng {round(days)} ngày mới gặp một lần" if days >= 2 else ""


def score(chance: float, lately: float) -> float:
    """How surely it is more than chance, 0 to 1, the more so the more voices tell it now; falls as its weight does.

    With one voice it is the chance that an ordinary day brings nothing like it (Poisson: none when `chance` are
    expected).
    """
    return round(math.exp(-chance / lately**2), 4)


def issue(seen: Seen, baseline: Baseline, at: float) -> Issue:
    """What is told of an open issue; figures are of the window in which it is least ordinary."""
    judged = seen.judged
    group, window = judged.group, judged.window
    last, first = group.first_after(at), group.first_after(at - window)
    inside, before = group.evidence[first:last], group.evidence[group.first_after(at - 2 * window) : first]
    recent = group.evidence[group.first_after(at - WINDOWS[RECENT]) : last]
    told_as, why = sort_of(recent, group.kind)
    return Issue(
        id=group.id,
        kind=group.kind,
        score=score(judged.chance, judged.lately),
        since=moment(seen.life.since),
        figures=_figures(inside, before, window, judged.heard, judged.expected, judged.chance),
        ids=tuple(e.id for e in reversed(inside)),
        topic=_most_common(e.topic for e in inside),
        places=tuple(place for place, _ in Counter(p for e in inside for p in e.places).most_common(3)),
        stories=tuple(story for story, _ in Counter(e.story for e in inside if e.story).most_common()),
        curve=hourly(group.times[:last], at, count=CURVE),
        usual=band(group, baseline, at, CURVE),
        state=seen.life.state,
        sort=told_as,
        sort_reason=why,
        absorbed=seen.absorbed,
        changes=tuple(map(state_change, seen.life.changes)),
        at=moment(at),
        weight=round(judged.weight, 2),
    )


def state_change(change: Change) -> StateChange:
    chance = change.chance if math.isfinite(change.chance) else None
    return StateChange(
        moment(change.at), change.state, chance, change.heard, round(change.expected, 2), round(change.pace, 2)
    )


def _figures(
    inside: Sequence[Evidence],
    before: Sequence[Evidence],
    window: float,
    heard: float,
    expected: float,
    chance: float,
) -> Figures:
    own = [e for e in inside if not e.copy]
    return Figures(
        window_hours=round(window),
        now=len(own),
        mentions=len(inside),
        voices=round(heard, 2),
        expected=round(expected, 1),
        ratio=round(heard / max(expected, 0.1), 1),
        sources=len({e.source for e in inside}),
        people=len({e.voice for e in own if e.by_people}),
        copies=len(inside) - len(own),
        negative_share=round(_negative(inside) or 0.0, 3),
        official=len({e.source for e in inside if e.official}),
        negative_share_before=None if (share := _negative(before)) is None else round(share, 3),
        chance=float(f"{chance:.3g}"),
    )


def _negative(evidence: Sequence[Evidence]) -> float | None:
    judged = [e for e in evidence if e.sentiment]
    return sum(e.sentiment == "negative" for e in judged) / len(judged) if judged else None


def hourly(times: Iterable[float], at: float, *, count: int) -> tuple[int, ...]:
    """How many of these moments lie in each of the last hours before `at`, oldest first."""
    counts = [0] * count
    for time in times:
        age = int(at - time)
        if 0 <= age < count and time <= at:
            counts[count - 1 - age] += 1
    return tuple(counts)


def _most_common(values: Iterable[str | None]) -> str | None:
    counted = Counter(value for value in values if value)
    return max(sorted(counted), key=lambda value: counted[value], default=None)
