"""The circuit breaker of a source: after failures in a row it opens, after a pause it lets one pass probe.

closed: asked at its cadence. open: not asked until the pause is over. half-open: one pass, and a single failure opens
it again for twice as long. A source comes back by one good pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

State = Literal["closed", "open", "half_open"]
STATE_WORDS: dict[State, str] = {"closed": "", "open": "đang nghỉ sau nhiều lần lỗi", "half_open": "sắp thử lại"}
OPENS_AFTER = 4  # failures in a row
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=30), timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Breaker:
    """`opened_at`: when it opened (None: closed); `failures`: in a row."""

    failures: int = 0
    opened_at: datetime | None = None

    def after(self, worked: bool, now: datetime) -> Breaker:
        """What it becomes by a pass that ended now."""
        if worked:
            return Breaker()
        failures = self.failures + 1
        return Breaker(failures, now if failures >= OPENS_AFTER else None)

    @property
    def pause(self) -> timedelta:
        """How long it stays open: twice as long with each failure, up to six hours."""
        if self.opened_at is None:
            return timedelta(0)
        return min(FIRST_PAUSE * 2.0 ** min(self.failures - OPENS_AFTER, 10), LONGEST_PAUSE)

    def state(self, now: datetime) -> State:
        if self.opened_at is None:
            return "closed"
        return "open" if now < self.opened_at + self.pause else "half_open"
