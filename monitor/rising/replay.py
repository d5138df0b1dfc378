"""Any moment of the past from the evidence alone: what rose then, by what was known then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

import numpy as np

from monitor.rising.evidence import Evidence, Weights, hours, moment
from monitor.rising.issue import Issue, issue
from monitor.rising.watch import KEPT, Seen, Watch

RUN_UP = 5 * 24  # hours before a moment that are lived through, so that states have their past
HISTORY = timedelta(hours=KEPT + RUN_UP)
STEP = 1.0
MOST = 100  # issues that are told of one moment
FINE, COARSE = 24.0, 3.0  # the run-up is lived through hour by hour for its last day, in longer steps before


def rising_issues(
    evidence: Iterable[Evidence], at: datetime, *, limit: int = 10, weights: Weights | None = None
) -> list[Issue]:
    """The issues that rise at a moment, best first. Uses only evidence with `at - HISTORY < e.at <= at`."""
    seen = sorted((e for e in evidence if at - HISTORY < e.at <= at), key=lambda e: (e.at, e.id))
    *_, (_, issues) = replay(seen, at, at, weights=weights, run_up=RUN_UP)
    return issues[:limit]


def replay(
    evidence: Sequence[Evidence],
    since: datetime,
    until: datetime,
    *,
    step: float = STEP,
    run_up: float = 0.0,
    weights: Weights | None = None,
    watch: Watch | None = None,
) -> Iterator[tuple[datetime, list[Issue]]]:
    """The issues at each step from `since` to `until`, from evidence in time order; nothing later is known to any.

    `run_up`: hours before `since` that are lived through without being told.
    """
    eyes = watch or Watch(weights)
    for at, found in live_through(evidence, since, until, step, run_up, eyes):
        if found is not None:
            yield moment(at), told(found, eyes, at)


def live_through(
    evidence: Sequence[Evidence], since: datetime, until: datetime, step: float, run_up: float, eyes: Watch
) -> Iterator[tuple[float, list[Seen] | None]]:
    """Each moment with what is seen, None while it is only lived through."""
    fed = 0
    for at, is_told in _moments(hours(since), hours(until), step, run_up):
        now = fed
        while now < len(evidence) and hours(evidence[now].at) <= at:
            now += 1
        eyes.add(evidence[fed:now])
        fed = now
        found = eyes.look(at, in_passing=not is_told)
        yield at, found if is_told else None


def _moments(since: float, until: float, step: float, run_up: float) -> Iterator[tuple[float, bool]]:
    """Each moment, and whether it is told or only lived through."""
    yield from ((since - ago, False) for ago in np.arange(run_up, FINE, -COARSE))
    yield from ((since - ago, False) for ago in np.arange(min(run_up, FINE), 0.0, -STEP))
    steps = int((until - since) / step + 1e-9)
    yield from ((since + n * step, True) for n in range(steps + 1))


def told(seen: Sequence[Seen], watch: Watch, at: float) -> list[Issue]:
    """Open issues as they are told, those of most weight first."""
    assert watch.baseline is not None
    order = sorted(seen, key=lambda s: (-s.judged.weight, s.judged.group.id))
    return [issue(each, watch.baseline, at) for each in order[:MOST]]
