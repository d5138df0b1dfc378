"""Which subjects a rule fires for at a moment, and for which it would have fired in the past. Pure functions."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from monitor.alerts.rule import Rule

USUAL = timedelta(days=28)  # what a rule's matches are compared with
UNHEARD = timedelta(days=30)  # without a match for so long, the next one is a first mention
LEAST_USUAL = 0.5  # mentions a window; below it a ratio says nothing
AGAIN = timedelta(days=1)  # a subject of which nothing was heard for so long is told anew
ALL = "all"


@dataclass(frozen=True, slots=True)
class Match:
    """A mention that a rule's query found, as far as judging needs it; `at` is aware UTC."""

    id: str
    at: datetime
    story: str | None
    sentiment: str | None
    voice: str
    copy: bool
    title: str = ""

    @property
    def subject(self) -> str:
        return self.story or self.id


@dataclass(frozen=True, slots=True)
class Counts:
    """`count` without copies, `mentions` with them; `usual` mentions in such a window, None when not asked for."""

    window_hours: int
    count: int
    mentions: int
    voices: int
    negative_share: float
    usual: float | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Firing:
    """A rule's conditions hold for a subject: a story, an issue or `all` matches. `ids` newest first."""

    subject: str
    ids: tuple[str, ...]
    first_at: datetime
    last_at: datetime
    counts: Counts
    title: str = ""


def history(rule: Rule) -> timedelta:
    """How far back before a moment the matches must reach for `firings` at it."""
    past = [USUAL] if rule.min_ratio is not None else []
    past += [UNHEARD] if rule.first_mention else []
    return rule.window + max(past, default=timedelta(0))


def firings(rule: Rule, matches: Sequence[Match], at: datetime) -> list[Firing]:
    """The subjects for which the rule's conditions hold at this moment; later matches are not looked at.

    `matches` are in time order and reach back by `history(rule)`.
    """
    earlier, inside = _cut(rule, matches, [match.at for match in matches], at)
    found = (_firing(rule, subject, group, earlier) for subject, group in _subjects(rule, inside))
    return [firing for firing in found if firing is not None]


def replay(rule: Rule, matches: Sequence[Match], since: datetime, until: datetime) -> list[tuple[datetime, Firing]]:
    """When the rule would have fired in (since, until], once a subject: the moment and what held then.

    `matches` are in time order and reach back to `since - history(rule)`. A subject that was not matched for a day
    may fire again.
    """
    times = [match.at for match in matches]
    fired: dict[str, datetime] = {}
    found: list[tuple[datetime, Firing]] = []
    for match in matches[bisect_right(times, since) : bisect_right(times, until)]:
        earlier, inside = _cut(rule, matches, times, match.at)
        subject = ALL if rule.per == "all" else match.subject
        group = [other for other in inside if rule.per == "all" or other.subject == subject]
        if (firing := _firing(rule, subject, group, earlier)) is None:
            continue
        last = fired.get(subject)
        fired[subject] = firing.last_at
        if last is None or firing.last_at - last > AGAIN:
            found.append((match.at, firing))
    return found


def _cut(
    rule: Rule, matches: Sequence[Match], times: Sequence[datetime], at: datetime
) -> tuple[Sequence[Match], Sequence[Match]]:
    """The matches before the window that ends at this moment, as far back as the rule looks, and those inside."""
    low, high = bisect_right(times, at - rule.window), bisect_right(times, at)
    return matches[bisect_left(times, at - history(rule)) : low], matches[low:high]


def _subjects(rule: Rule, matches: Sequence[Match]) -> Iterator[tuple[str, list[Match]]]:
    if rule.per == "all":
        if matches:
            yield ALL, list(matches)
        return
    groups: dict[str, list[Match]] = {}
    for match in matches:
        groups.setdefault(match.subject, []).append(match)
    yield from groups.items()


def _firing(rule: Rule, subject: str, group: Sequence[Match], earlier: Sequence[Match]) -> Firing | None:
    counts = _counts(rule, group, earlier)
    if counts.count < rule.min_count:
        return None
    if rule.negative_share is not None and counts.negative_share < rule.negative_share:
        return None
    if rule.min_ratio is not None and counts.count < rule.min_ratio * max(counts.usual or 0.0, LEAST_USUAL):
        return None
    if rule.first_mention and any(rule.per == "all" or match.subject == subject for match in earlier):
        return None
    newest_first = sorted(group, key=lambda match: (match.at, match.id), reverse=True)
    title = next((match.title for match in reversed(newest_first) if match.title), "")
    ids = tuple(match.id for match in newest_first)
    return Firing(subject, ids, newest_first[-1].at, newest_first[0].at, counts, title)


def _counts(rule: Rule, group: Sequence[Match], earlier: Sequence[Match]) -> Counts:
    own = [match for match in group if not match.copy]
    judged = [match for match in group if match.sentiment]
    negative = sum(match.sentiment == "negative" for match in judged)
    usual = None
    if rule.min_ratio is not None:
        usual = sum(not match.copy for match in earlier) * (rule.window / (history(rule) - rule.window))
    return Counts(
        window_hours=rule.window_hours,
        count=len(own),
        mentions=len(group),
        voices=len({match.voice for match in own}),
        negative_share=round(negative / len(judged), 3) if judged else 0.0,
        usual=None if usual is None else round(usual, 1),
    )


def in_order(matches: Iterable[Match]) -> list[Match]:
    """Matches as `firings` and `replay` want them."""
    return sorted(matches, key=lambda match: (match.at, match.id))
