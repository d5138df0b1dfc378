"""What counting needs to know of a post, and how much each post weighs as a voice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

PEOPLE = frozenset({"social", "forum", "comment"})


@dataclass(frozen=True, slots=True)
class Evidence:
    """One annotated post as far as counting needs it; `at` is aware UTC, `official`: its source is the province's."""

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
    official: bool = False
    terms: tuple[str, ...] = ()

    @property
    def by_people(self) -> bool:
        return self.kind in PEOPLE


@dataclass(frozen=True, slots=True)
class Weights:
    """What a voice counts against an outlet's article (1): the province's own outlets, people, mentions in passing."""

    official: float = 1.0
    person: float = 0.5
    minor: float = 0.5  # the province is one of several that the post is about

    def of(self, e: Evidence) -> float:
        weight = self.person if e.by_people else self.official if e.official else 1.0
        return weight * (1.0 if e.relevance >= 2 else self.minor)


def hours(moment: datetime) -> float:
    """Hours since 1970, the clock of all counting."""
    return moment.timestamp() / 3600


def moment(hour: float) -> datetime:
    return datetime.fromtimestamp(hour * 3600, UTC)
