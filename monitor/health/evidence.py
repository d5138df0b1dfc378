"""What is known of one source when its health is judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Facts:
    """What the passes of one or several days counted. `outcomes` of URLs, `methods` that found texts."""

    runs: int = 0
    worked: int = 0
    requests: int = 0
    not_modified: int = 0
    discovered: int = 0
    fetched: int = 0
    new: int = 0
    revised: int = 0
    passed_over: int = 0
    robots: int = 0
    pages_refused: int = 0
    latency: float = 0.0
    answered: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)
    methods: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: Facts) -> Facts:
        added: dict[str, Any] = {
            name: getattr(self, name) + getattr(other, name)
            for name in self.__slots__
            if name not in ("outcomes", "methods")
        }
        outcomes, methods = Counter(self.outcomes), Counter(self.methods)
        outcomes.update(other.outcomes)
        methods.update(other.methods)
        return Facts(**added, outcomes=dict(outcomes), methods=dict(methods))

    @property
    def mean_latency(self) -> float | None:
        """Seconds to an answer."""
        return self.latency / self.answered if self.answered else None

    @property
    def empty(self) -> int:
        return self.outcomes.get("empty", 0)


@dataclass(frozen=True, slots=True)
class Evidence:
    """`per_day`: posts (and articles passed over by their title) by day; `facts`: passes by day.

    `newest_at`: the last sign of life; `state`, `failures`, `last_success_at`: as the last pass left them;
    `first_run_at`: since when we look; `recent`: posts of the last 24 hours; `people`: a forum or network, no newsroom.
    """

    family: str | None
    per_day: Mapping[date, int]
    facts: Mapping[date, Facts]
    newest_at: datetime | None
    state: str = "unknown"
    message: str = ""
    failures: int = 0
    last_run_at: datetime | None = None
    last_success_at: datetime | None = None
    first_run_at: datetime | None = None
    recent: int = 0
    people: bool = False

    def between(self, first: date, last: date) -> Facts:
        """The facts of these days together, both included."""
        total = Facts()
        for day, facts in self.facts.items():
            if first <= day <= last:
                total += facts
        return total

    def back(self, today: date, days: int) -> Facts:
        """The facts of the last days, today included."""
        return self.between(today - timedelta(days=days - 1), today)

    def days_with_texts(self, today: date, days: int) -> int:
        """On how many of the last days, today included, texts were read."""
        first = today - timedelta(days=days - 1)
        return sum(any(facts.methods.values()) for day, facts in self.facts.items() if first <= day <= today)
