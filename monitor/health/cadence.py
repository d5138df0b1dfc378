"""How often a source is asked: by how often it brings news, from 5 minutes to 24 hours.

Two passes for each expected post: asked more often a source answers mostly 304, less often news waits. The record's
`every_minutes` is what a source starts with, and the slowest for one of the province in waking hours is 15 minutes.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.health.baseline import Baseline
from monitor.health.days import WAKING
from monitor.wording import VIETNAM

FASTEST, SLOWEST = timedelta(minutes=5), timedelta(hours=24)
OWNED_SLOWEST = timedelta(minutes=15)
PASSES_A_POST = 2.0


def cadence(every: timedelta, usual: Baseline | None, now: datetime, *, owned: bool) -> timedelta:
    """The pause until the next pass over a source in good order.

    A record that asks for less than 5 minutes is taken at its word: it is a test's or the sandbox's.
    """
    if every < FASTEST:
        return every
    found = every if usual is None else _by_rate(usual, now)
    return min(found, _owned_slowest(now)) if owned else found


def _by_rate(usual: Baseline, now: datetime) -> timedelta:
    """How long until half a post is expected."""
    hour, expected = timedelta(hours=1), 0.0
    for passed in range(SLOWEST // hour):
        begin = now + passed * hour
        more = usual.expected(begin, begin + hour)
        if expected + more >= 1 / PASSES_A_POST:
            return max(FASTEST, passed * hour + hour * ((1 / PASSES_A_POST - expected) / more))
        expected += more
    return SLOWEST


def _owned_slowest(now: datetime) -> timedelta:
    """A quarter of an hour in waking hours; at night until they begin."""
    local = now.astimezone(VIETNAM)
    if local.hour in WAKING:
        return OWNED_SLOWEST
    morning = local.replace(hour=WAKING.start, minute=0, second=0, microsecond=0)
    return max((morning if morning > local else morning + timedelta(days=1)) - local, OWNED_SLOWEST)
