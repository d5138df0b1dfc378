"""How often one key, session or address may ask: a token bucket each, in this process's memory."""

from __future__ import annotations

import math
import time
from threading import Lock

MOST_KNOWN = 10_000


class Limits:
    """`per_minute` requests at once, refilled evenly; 0 means no limit."""

    def __init__(self, per_minute: int) -> None:
        self._most, self._rate = float(per_minute), per_minute / 60
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = Lock()

    def take(self, who: str) -> int | None:
        """None: go on. Else the whole seconds to wait."""
        if not self._most:
            return None
        now = time.monotonic()
        with self._lock:
            left, at = self._left.get(who, (self._most, now))
            left = min(self._most, left + (now - at) * self._rate)
            if left < 1:
                return math.ceil((1 - left) / self._rate)
            self._left[who] = (left - 1, now)
            if len(self._left) > MOST_KNOWN:
                self._drop_full(now)
        return None

    def _drop_full(self, now: float) -> None:
        """Forgets those whose bucket is full again."""
        full = [who for who, (left, at) in self._left.items() if left + (now - at) * self._rate >= self._most]
        for who in full or list(self._left)[: MOST_KNOWN // 10]:
            del self._left[who]
