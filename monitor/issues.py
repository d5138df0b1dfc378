"""What is rising: stories, and topics in a place, that are told far more than is usual.

Pure functions from evidence (annotated posts, light) to issues. Every group is judged in three windows. What is
usual is the larger of two figures: what an ordinary group of its kind gets in such a window, and what the group itself
got before.
Counts are taken as negative binomial (a Poisson whose rate varies; Greenwood & Yule 1920); the tail probability is
multiplied by the number of windows, and its negative logarithm is the score. Copies are no voices, a person counts
once, and one outlet counts once in six hours.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from scipy.special import betainc

from monitor.wording import decimal, percent

WINDOWS = (timedelta(hours=6), timedelta(hours=24), timedelta(hours=72))
HISTORY = timedelta(days=28)
OUTLET_PAUSE = timedelta(hours=6)  # one outlet's next article within this time is the same voice
FRESH = timedelta(hours=30)  # a group that nobody told within this time is not rising
PERSON_WEIGHT = 0.5  # a person's post against an outlet's article
MINOR_WEIGHT = 0.5  # a mention where the province is one of several
MIN_VOICES = 3.0
# Chance below 20 %: on eight months of three national outlets (bench/rss.py) that is an issue on 30 evenings of 248,
# each a real event; at 5 % the floods of autumn 2025 stay below it, told in many small stories as they were.
MIN_SCORE = 0.7
PEOPLE = frozenset({"social", "forum", "comment"})
SHARED = 0.5  # an issue that shares more than this part of its mentions with a better one is the same issue
ORDINARY_AT_LEAST = 12  # groups needed before the province's own figures replace the prior below
PRIOR_MEAN, PRIOR_DISPERSION = 1.6, 6.0  # of the sandbox and the RSS stream of 2025-26, 24 h

Kind = Literal["story", "topic_place"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One annotated post as far as counting needs it; `at` is aware UTC."""

    id: str
    at: datetime
    source: str
    kind: str
    voice: str  # the outlet, or the person's hash
    relevance: int
    sentiment: str | None
    topic: str | None
    places: tuple[str, ...]
    story: str | None
    copy: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """`now` counts the mentions of the window without copies, `mentions` with them.

    `voices` are those who told it (see `voices`), `expected` how many are usual, `ratio` the one to the other.
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

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Issue:
    """A story or a topic in a place that trends. `ids` are the mentions of the window, newest first."""

    id: str
    kind: Kind
    score: float
    since: datetime
    figures: Figures
    ids: tuple[str, ...]
    topic: str | None
    places: tuple[str, ...]
    stories: tuple[str, ...]
    curve: tuple[int, ...]  # mentions an hour over the last 48 hours, oldest first

    @property
    def reason(self) -> str:
        return reason(self.figures)


def reason(figures: Figures) -> str:
    """Why it rose, as one Vietnamese sentence made of the figures."""
    told = f"{figures.now} lượt nhắc trong {figures.window_hours} giờ"
    ratio = f"gấp {decimal(figures.ratio)} lần thường lệ" if figures.ratio >= 1.2 else "nhiều hơn thường lệ"
    parts = [f"{told}, {ratio}", f"{figures.sources} nguồn tin"]
    if figures.people:
        parts.append(f"{figures.people} người lên tiếng")
    if figures.copies:
        parts.append(f"{figures.copies} bài chép lại không tính")
    return ", ".join([*parts, f"{percent(figures.negative_share)} tiêu cực"]) + "."


def rising_issues(evidence: Iterable[Evidence], at: datetime, *, limit: int = 10) -> list[Issue]:
    """The issues that rise at a moment, best first. Uses only evidence with `at - HISTORY < e.at <= at`."""
    seen = sorted((e for e in evidence if at - HISTORY < e.at <= at), key=lambda e: (e.at, e.id))
    stories = _score_all("story", _group(seen, lambda e: [e.story] if e.story else []), at)
    pairs = _score_all("topic_place", _group(seen, _topic_places), at)
    candidates = stories + [pair for pair in pairs if not _is_one_story(pair, seen)]
    return _distinct(sorted(candidates, key=lambda issue: (-issue.score, issue.id)))[:limit]


def voices(evidence: Sequence[Evidence]) -> float:
    """How many told it: outlets (once in six hours) and people (once, at a lower weight); copies do not count."""
    total = 0.0
    last: dict[str, datetime] = {}
    people: dict[str, float] = {}
    for e in evidence:
        weight = 1.0 if e.relevance >= 2 else MINOR_WEIGHT
        if e.copy:
            continue
        if e.kind in PEOPLE:
            people[e.voice] = max(people.get(e.voice, 0.0), weight * PERSON_WEIGHT)
        elif e.voice not in last or e.at - last[e.voice] >= OUTLET_PAUSE:
            last[e.voice] = e.at
            total += weight
    return total + sum(people.values())


def tail(count: float, mean: float, dispersion: float) -> float:
    """P(X >= count) of a negative binomial with this mean and dispersion (variance = mean + mean^2 / dispersion)."""
    if count <= 0:
        return 1.0
    return float(betainc(count, dispersion, mean / (mean + dispersion)))


@dataclass(frozen=True, slots=True)
class _Ordinary:
    """Mean and dispersion of the voices that a group of this kind gets in the first window of its life."""

    mean: float
    dispersion: float


def _group(evidence: Iterable[Evidence], keys: Callable[[Evidence], Iterable[str | None]]) -> dict[str, list[Evidence]]:
    groups: dict[str, list[Evidence]] = defaultdict(list)
    for e in evidence:
        for key in keys(e):
            if key is not None:
                groups[key].append(e)
    return groups


def _topic_places(e: Evidence) -> list[str]:
    return [f"{e.topic}@{place}" for place in e.places[:3]] if e.topic and e.topic != "other" else []


def _score_all(kind: Kind, groups: Mapping[str, list[Evidence]], at: datetime) -> list[Issue]:
    ordinary = {window: _ordinary(groups.values(), at, window) for window in WINDOWS}
    live = ((key, group) for key, group in groups.items() if group[-1].at > at - FRESH)
    scored = (_score(kind, key, group, at, ordinary) for key, group in live)
    return [issue for issue in scored if issue is not None]


def _ordinary(groups: Iterable[Sequence[Evidence]], at: datetime, window: timedelta) -> _Ordinary:
    first = [group for group in groups if group[0].at <= at - window]
    sizes = sorted(voices([e for e in group if e.at < group[0].at + window]) for group in first)
    if len(sizes) < ORDINARY_AT_LEAST:
        scale = math.sqrt(window / timedelta(hours=24))
        return _Ordinary(PRIOR_MEAN * scale, PRIOR_DISPERSION)
    cap = sizes[int(0.95 * (len(sizes) - 1))]  # earlier peaks must not make the next one look ordinary
    sizes = [min(size, cap) for size in sizes]
    mean = max(sum(sizes) / len(sizes), 0.5)
    variance = sum((size - mean) ** 2 for size in sizes) / (len(sizes) - 1)
    dispersion = mean * mean / (variance - mean) if variance > mean else math.inf
    return _Ordinary(mean, min(max(dispersion, 1.0), 20.0))


def _score(
    kind: Kind, key: str, group: list[Evidence], at: datetime, ordinary: Mapping[timedelta, _Ordinary]
) -> Issue | None:
    best: tuple[float, timedelta, float, float] | None = None
    for window in WINDOWS:
        inside = [e for e in group if e.at > at - window]
        heard = voices(inside)
        if heard < MIN_VOICES or len({e.voice for e in inside if not e.copy}) < 2:
            continue
        expected = max(ordinary[window].mean, _own_past(group, at, window))
        score = -math.log10(max(tail(heard, expected, ordinary[window].dispersion) * len(WINDOWS), 1e-300))
        if best is None or score > best[0]:
            best = (score, window, heard, expected)
    if best is None or best[0] < MIN_SCORE:
        return None
    return _issue(kind, key, group, at, *best)


def _own_past(group: Sequence[Evidence], at: datetime, window: timedelta) -> float:
    """Voices that the group had in a window of this length, on average over its life before this window."""
    before = [e for e in group if e.at <= at - window]
    if not before:
        return 0.0
    length = max((at - window) - before[0].at, window)
    return voices(before) * (window / length)


def _issue(
    kind: Kind,
    key: str,
    group: list[Evidence],
    at: datetime,
    score: float,
    window: timedelta,
    heard: float,
    expected: float,
) -> Issue:
    inside = [e for e in group if e.at > at - window]
    return Issue(
        id=key,
        kind=kind,
        score=round(score, 2),
        since=_since(group, at),
        figures=_figures(inside, window, heard, expected),
        ids=tuple(e.id for e in reversed(inside)),
        topic=_most_common(e.topic for e in inside),
        places=tuple(place for place, _ in Counter(p for e in inside for p in e.places).most_common(3)),
        stories=tuple(story for story, _ in Counter(e.story for e in inside if e.story).most_common()),
        curve=hourly([e.at for e in group], at, hours=48),
    )


def _figures(inside: Sequence[Evidence], window: timedelta, heard: float, expected: float) -> Figures:
    own = [e for e in inside if not e.copy]
    judged = [e for e in inside if e.sentiment]
    negative = sum(e.sentiment == "negative" for e in judged)
    return Figures(
        window_hours=round(window / timedelta(hours=1)),
        now=len(own),
        mentions=len(inside),
        voices=heard,
        expected=round(expected, 1),
        ratio=round(heard / expected, 1),
        sources=len({e.source for e in inside}),
        people=len({e.voice for e in own if e.kind in PEOPLE}),
        copies=len(inside) - len(own),
        negative_share=round(negative / len(judged), 3) if judged else 0.0,
    )


def _since(group: Sequence[Evidence], at: datetime) -> datetime:
    """When it became more than one story among others: the moment of the third voice within the longest window."""
    inside = [e for e in group if e.at > at - WINDOWS[-1]]
    for position in range(len(inside)):
        if voices(inside[: position + 1]) >= MIN_VOICES:
            return inside[position].at
    return inside[-1].at


def hourly(times: Iterable[datetime], at: datetime, *, hours: int) -> tuple[int, ...]:
    """How many of these moments lie in each of the last hours before `at`, oldest first."""
    counts = [0] * hours
    for time in times:
        age = int((at - time) / timedelta(hours=1))
        if 0 <= age < hours:
            counts[hours - 1 - age] += 1
    return tuple(counts)


def _most_common(values: Iterable[str | None]) -> str | None:
    counted = Counter(value for value in values if value)
    return max(sorted(counted), key=lambda value: counted[value], default=None)


def _is_one_story(pair: Issue, evidence: Sequence[Evidence]) -> bool:
    inside = set(pair.ids)
    per_story = Counter(e.story for e in evidence if e.id in inside and e.story)
    return bool(per_story) and max(per_story.values()) > SHARED * len(inside)


def _distinct(candidates: Iterable[Issue]) -> list[Issue]:
    kept: list[Issue] = []
    for issue in candidates:
        ids = set(issue.ids)
        if all(len(ids & set(better.ids)) <= SHARED * len(ids) for better in kept):
            kept.append(issue)
    return kept
