"""What a replay showed, issue by issue, and how it did against happenings that a person dated."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from monitor.rising.issue import Issue
from monitor.rising.states import State
from monitor.wording import parse_time


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened: when it was at its height, what, and words of which its headlines have one."""

    at: datetime
    what: str
    words: tuple[str, ...]


@dataclass
class Shown:
    """One issue over the whole replay; `closed` is None while it lasts.

    `best_rank` counts from 1, `height` is where it weighed most.
    """

    id: str
    kind: str
    first: datetime
    last: datetime
    height: Issue
    height_at: datetime
    best_rank: int
    states: list[tuple[datetime, State]] = field(default_factory=list)
    closed: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """How a happening fared: its rank at its height (None: not shown), and when it was first shown before that."""

    happening: Happening
    rank: int | None
    first: datetime | None
    issue: str | None


class Backtest:
    """Takes the steps of a replay one by one."""

    def __init__(self, happenings: Sequence[Happening] = ()) -> None:
        self._happenings = happenings
        self._shown: dict[str, Shown] = {}
        self._steps: list[tuple[datetime, list[Issue]]] = []
        self.steps = 0

    def take(self, at: datetime, issues: Sequence[Issue]) -> None:
        self.steps += 1
        here = {issue.id for issue in issues}
        for known in self._shown.values():
            known.closed = None if known.id in here else known.closed or at
        for rank, issue in enumerate(issues, start=1):
            shown = self._shown.get(issue.id)
            if shown is None:
                shown = self._shown[issue.id] = Shown(issue.id, issue.kind, at, at, issue, at, rank)
            shown.last = at
            shown.best_rank = min(shown.best_rank, rank)
            if issue.weight > shown.height.weight:
                shown.height, shown.height_at = issue, at
            shown.states += [(c.at, c.state) for c in issue.changes if not shown.states or c.at > shown.states[-1][0]]
        if self._happenings:
            self._steps.append((at, list(issues)))

    def shown(self) -> list[Shown]:
        """All issues that were shown, in order of time."""
        return sorted(self._shown.values(), key=lambda shown: (shown.first, shown.id))

    def wanted(self) -> set[str]:
        """Mentions whose titles `found` needs."""
        return {id for _, issues in self._steps for issue in issues for id in issue.ids}

    def found(self, titles: Mapping[str, str], near: float = 72.0) -> list[Found]:
        """Each happening at its height; `near`: hours before it in which it may first be shown."""
        return [self._find(happening, titles, near) for happening in self._happenings]

    def _find(self, happening: Happening, titles: Mapping[str, str], near: float) -> Found:
        rank: int | None = None
        first: datetime | None = None
        name: str | None = None
        for at, issues in self._steps:
            age = (happening.at - at).total_seconds() / 3600
            if not 0 <= age <= near:
                continue
            ranks = [n for n, issue in enumerate(issues, 1) if tells(issue, happening, titles)]
            rank = ranks[0] if ranks else None
            name = issues[ranks[0] - 1].id if ranks else name
            first = first or (at if ranks else None)
        return Found(happening, rank, first, name)


def tells(issue: Issue, happening: Happening, titles: Mapping[str, str]) -> bool:
    """Whether at least half of what it counts has one of the happening's words in its headline."""
    told = [titles[id].lower() for id in issue.ids if titles.get(id)]
    return bool(told) and sum(any(word in title for word in happening.words) for title in told) >= len(told) / 2


def read_happenings(path: Path) -> list[Happening]:
    """A JSON list of {"at", "what", "words"}. Raises ValueError with a Vietnamese message."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [
            Happening(parse_time(row["at"]), str(row["what"]), tuple(str(word).lower() for word in row["words"]))
            for row in rows
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f'{path}: cần một danh sách JSON gồm {{"at", "what", "words"}}; không đọc được: {error}'
        ) from None
