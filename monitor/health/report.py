"""The health of every source of an installation as one answer: states, alarms, breakers, figures of four weeks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.health.alarms import Alarm, alarm, ordinary
from monitor.health.baseline import WINDOW, Baseline
from monitor.health.breaker import Breaker
from monitor.health.breaker import State as BreakerState
from monitor.health.days import local_day
from monitor.health.evidence import Evidence, Facts


@dataclass(frozen=True, slots=True)
class Health:
    """`four_weeks`: what passes counted; `usual`: what is ordinary, None while too little is known."""

    alarm: Alarm | None
    breaker: BreakerState
    usual: Baseline | None
    four_weeks: Facts
    recent: int
    expected: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What people are shown of four weeks; shares 0..1, None where there is nothing to take a share of.

    `usual`: posts on an ordinary working day; `recent` and `expected`: of the last 24 hours; `latency`: seconds to an
    answer; `discovered`: URLs and posts met, of which `archived` are kept.
    """

    usual: float | None = None
    recent: int = 0
    expected: float | None = None
    requests: int = 0
    unchanged: float | None = None
    empty: float | None = None
    by_rule: float | None = None
    latency: float | None = None
    refused: int = 0
    robots: int = 0
    passed_over: int = 0
    discovered: int = 0
    archived: int = 0


def figures(health: Health) -> Figures:
    """Pure."""
    facts = health.four_weeks
    texts = sum(facts.methods.values())
    by_rule = sum(count for method, count in facts.methods.items() if method.startswith(("family:", "api:")))
    return Figures(
        usual=round(health.usual.rate, 2) if health.usual else None,
        recent=health.recent,
        expected=health.expected,
        requests=facts.requests,
        unchanged=_share(facts.not_modified, facts.requests),
        empty=_share(facts.empty, facts.empty + texts),
        by_rule=_share(by_rule, texts),
        latency=round(facts.mean_latency, 3) if facts.mean_latency is not None else None,
        refused=facts.outcomes.get("refused", 0) + facts.outcomes.get("blocked", 0) + facts.pages_refused,
        robots=facts.robots,
        passed_over=facts.passed_over,
        discovered=facts.discovered,
        archived=facts.outcomes.get("archived", 0),
    )


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def health(evidence: Mapping[str, Evidence], breakers: Mapping[str, Breaker], now: datetime) -> dict[str, Health]:
    """Each source's health, by id. Pure."""
    return {id: _health(each, breakers.get(id, Breaker()), now) for id, each in evidence.items()}


def _health(evidence: Evidence, breaker: Breaker, now: datetime) -> Health:
    usual = ordinary(evidence, now)
    return Health(
        alarm=alarm(evidence, now),
        breaker=breaker.state(now),
        usual=usual,
        four_weeks=evidence.back(local_day(now), WINDOW),
        recent=evidence.recent,
        expected=round(usual.expected(now - timedelta(days=1), now), 2) if usual else None,
    )
