"""The life of an issue: it emerges, rises, peaks, fades, is closed, and may be reopened.

A change needs more than a moment: an issue comes at one limit and goes at a looser one, and stays in a state for four
hours at least, so that nothing flickers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

State = Literal["emerging", "rising", "peaking", "fading", "closed", "reopened"]

ENTER = 0.2  # times a day that chance may bring as much when an issue is first shown
CLEAR = 0.02  # from here on it rises, no longer emerges
STAY = 1.5  # as long as chance is rarer than this it stays
LEAVING = 3.0  # hours above that limit after which it is closed
QUIET = 30.0  # hours without a mention after which it is closed
DWELL = 4.0
SETTLED = 6.0  # hours without a new height after which it has peaked
HALF, MOST = 0.45, 0.9  # of the greatest pace: below the first it fades, above the second it rises again
REOPENS = 14 * 24.0  # hours within which a closed issue is the same when it comes back


@dataclass(frozen=True, slots=True)
class Change:
    """A change of state with the figures that made it."""

    at: float
    state: State
    chance: float
    heard: float
    expected: float
    pace: float


@dataclass
class Life:
    """One issue's life so far. `pace`: mentions an average hour, over twelve hours."""

    id: str
    state: State = "emerging"
    since: float = 0.0
    peak: float = 0.0
    peak_at: float = 0.0
    left_at: float | None = None
    changes: list[Change] = field(default_factory=list)

    @property
    def open(self) -> bool:
        return bool(self.changes) and self.state != "closed"

    @property
    def closed_at(self) -> float:
        return self.changes[-1].at

    def look(self, at: float, chance: float, heard: float, expected: float, pace: float, last_told: float) -> None:
        """Takes note of what is seen at a moment; `chance` is inf when the group is not surprising at all."""
        if not self.open:
            if chance <= ENTER:
                again = self.changes and at - self.closed_at <= REOPENS
                self.peak, self.peak_at, self.left_at = pace, at, None
                self.since = last_told
                self._to("reopened" if again else "emerging", at, chance, heard, expected, pace)
            return
        if pace > self.peak:
            self.peak, self.peak_at = pace, at
        self.left_at = None if chance <= STAY else at if self.left_at is None else self.left_at
        if at - last_told > QUIET or (self.left_at is not None and at - self.left_at >= LEAVING):
            self._to("closed", at, chance, heard, expected, pace)
            return
        wanted = self._wanted(at, chance, pace)
        at_once = self.state in ("emerging", "reopened") and wanted == "rising"
        if wanted != self.state and (at_once or at - self.changes[-1].at >= DWELL):
            self._to(wanted, at, chance, heard, expected, pace)

    def _wanted(self, at: float, chance: float, pace: float) -> State:
        settled = at - self.peak_at >= SETTLED
        if self.state in ("emerging", "reopened"):
            if settled and pace < HALF * self.peak:
                return "fading"
            return "rising" if chance <= CLEAR else self.state
        if self.state == "rising":
            return "rising" if not settled else "fading" if pace < HALF * self.peak else "peaking"
        if self.state == "peaking":
            return "rising" if not settled else "fading" if pace < HALF * self.peak else "peaking"
        return "rising" if pace >= MOST * self.peak else "fading"

    def _to(self, state: State, at: float, chance: float, heard: float, expected: float, pace: float) -> None:
        self.state = state
        self.changes.append(Change(at, state, chance, heard, expected, pace))
