"""What is wrong with a source: blocked, dead, drifting, flooding, silent. Pure; at most one alarm, the gravest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

import numpy as np
from scipy.special import bdtr, betaln

from monitor.health.baseline import FEWEST, Baseline, baseline
from monitor.health.days import local_day
from monitor.health.evidence import Evidence, Facts
from monitor.wording import number, percent

AlarmKind = Literal["blocked", "dead", "drifting", "flooding", "silent"]
# A source in good order drifts or floods so much less often than once in ten thousand days: with 40 sources that is a
# false alarm in eight months.
RARE = 1e-4
# Every post begins a stretch that may become a silence, so the more a source brings the rarer one must be to be said:
# one in 200 spans of four weeks, which with 40 sources is again a false alarm in some months; and it must hold more
# empty days than any of the last four weeks, save where chance is out of the question.
SILENCES, MOST_ORDINARY_SILENCE = 0.005, 5e-3
FEWEST_POSTS = 15  # in four weeks; of a source that brings less nobody knows how long it may rest
LONGER, CERTAIN = 1.25, 1e-6
SHORTEST_SILENCE = timedelta(hours=24)
DEAD_AFTER, DEAD_FAILURES = timedelta(hours=24), 3
# People answer an event with a storm of words, which is what rising issues are for; a newsroom has only so many hands.
FLOOD_RATIO, STORM_RATIO, SMALLEST_FLOOD = 4.0, 12.0, 40
# Few texts tell soon in a busy source and late in a quiet one: a change is looked for in the last day, three and seven.
RECENT, EARLIER_DAYS = (1, 3, 7), 28
FORTNIGHT = 14  # of a source that brings less than that in a week
FEWEST_TEXTS, FEWEST_EARLIER = 4, 8
# Texts a rule may miss are often of one day (a photo series), so three count only when they are of several.
FEWEST_OF_DAYS = 3
# Before a source has shown its own: a rule that is right misses one text in a hundred, with the weight of ten texts.
_MISSED, _PRIOR_TEXTS = 0.01, 10.0
_REFUSALS = frozenset({"refused", "blocked"})


@dataclass(frozen=True, slots=True)
class Alarm:
    """`since`: when it began, as far as is known; `reason`: a Vietnamese clause with its figures."""

    kind: AlarmKind
    since: datetime | None
    reason: str


def alarm(evidence: Evidence, now: datetime) -> Alarm | None:
    """The gravest thing that is wrong; None for a source in good order, or one too new to tell."""
    return (
        _blocked(evidence, now)
        or _dead(evidence, now)
        or _drifting(evidence, local_day(now))
        or _flooding(evidence, now)
        or _silent(evidence, now)
    )


def ordinary(evidence: Evidence, now: datetime) -> Baseline | None:
    """What the source ordinarily brings, from its days up to its last sign of life: a silence is no part of it."""
    if evidence.newest_at is None:
        return None
    return baseline(evidence.per_day, min(local_day(evidence.newest_at), local_day(now)) - timedelta(days=1))


def _blocked(evidence: Evidence, now: datetime) -> Alarm | None:
    if evidence.state == "blocked":
        return Alarm("blocked", evidence.last_success_at, evidence.message)
    for days in RECENT:
        recent, earlier = _halves(evidence, local_day(now), days)
        refused, before = _refused(recent), _refused(earlier)
        if sum(recent.outcomes.values()) >= FEWEST_TEXTS and refused >= 0.5 and before < 0.1 and earlier.outcomes:
            return Alarm("blocked", None, f"{percent(refused)} địa chỉ bị từ chối, trước đây {percent(before)}")
    return None


def _refused(facts: Facts) -> float:
    total = sum(facts.outcomes.values())
    return sum(number for name, number in facts.outcomes.items() if name in _REFUSALS) / total if total else 0.0


def _dead(evidence: Evidence, now: datetime) -> Alarm | None:
    if evidence.state != "failing" or evidence.failures < DEAD_FAILURES:
        return None
    since = evidence.last_success_at or evidence.first_run_at
    if since is None or now - since < DEAD_AFTER:
        return None
    hours = round((now - since) / timedelta(hours=1))
    long = f"{number(hours // 24)} ngày" if hours >= 48 else f"{number(hours)} giờ"
    return Alarm("dead", since, f"không đọc được đã {long}: {evidence.message}")


def _drifting(evidence: Evidence, today: date) -> Alarm | None:
    for days in RECENT:
        recent, earlier = _halves(evidence, today, days)
        found = _off_the_rule(evidence, today, days) or _without_text(recent, earlier)
        if found is not None or _reads_well(evidence.family, recent):
            return found  # what was read last speaks louder than what was read before it
    return _off_the_rule(evidence, today, FORTNIGHT) if _texts(recent) < FEWEST_TEXTS else None


def _halves(evidence: Evidence, today: date, days: int) -> tuple[Facts, Facts]:
    """The last days, and the four weeks before them."""
    begin = today - timedelta(days=days + EARLIER_DAYS - 1)
    return evidence.back(today, days), evidence.between(begin, today - timedelta(days=days))


def _texts(facts: Facts) -> int:
    return sum(facts.methods.values())


def _reads_well(family: str | None, facts: Facts) -> bool:
    texts = _texts(facts)
    return family is not None and texts >= FEWEST_TEXTS and _matched(family, facts) >= 0.8 * (texts + facts.empty)


def _off_the_rule(evidence: Evidence, today: date, days: int) -> Alarm | None:
    """The rule of the source's family matched before the last days and matches no longer."""
    recent, earlier = _halves(evidence, today, days)
    family, texts, before = evidence.family, _texts(recent), _texts(earlier)
    if family is None or before < FEWEST_EARLIER:
        return None
    if texts < FEWEST_TEXTS and (texts < FEWEST_OF_DAYS or evidence.days_with_texts(today, days) < 2):
        return None
    matched, matched_before = _matched(family, recent), _matched(family, earlier)
    share = matched_before / before
    if share < 0.8 or matched / texts >= 0.5 or _chance(matched, texts, matched_before, before) >= RARE:
        return None
    reason = f"quy tắc {family} chỉ còn khớp {percent(matched / texts)} số bài, trước đây {percent(share)}"
    return Alarm("drifting", None, reason)


def _chance(matched: int, texts: int, matched_before: int, before: int) -> float:
    """The chance that a rule as good as it was matches so few or fewer: beta-binomial, its share only as well known as
    the texts before tell it."""
    a, b = _MISSED * _PRIOR_TEXTS + before - matched_before, (1 - _MISSED) * _PRIOR_TEXTS + matched_before
    missed = np.arange(texts - matched, texts + 1)
    ways = -betaln(missed + 1, texts - missed + 1) - np.log(texts + 1)
    return float(np.exp(ways + betaln(missed + a, texts - missed + b) - betaln(a, b)).sum())


def _matched(family: str, facts: Facts) -> int:
    return sum(count for method, count in facts.methods.items() if method.split("@")[0] == f"family:{family}")


def _without_text(recent: Facts, earlier: Facts) -> Alarm | None:
    """Pages are answered and hold no text any more."""
    texts, before = recent.empty + sum(recent.methods.values()), earlier.empty + sum(earlier.methods.values())
    if texts < FEWEST_TEXTS or before < FEWEST_EARLIER:
        return None
    share, ordinary_share = recent.empty / texts, max(earlier.empty / before, 1 / before)
    if share < 0.5 or 1 - bdtr(recent.empty - 1, texts, min(ordinary_share, 0.99)) >= RARE:
        return None
    return Alarm(
        "drifting", None, f"{percent(share)} trang không còn bài đọc được, trước đây {percent(ordinary_share)}"
    )


def _flooding(evidence: Evidence, now: datetime) -> Alarm | None:
    # What a first pass finds was published over weeks and is seen in one day.
    if evidence.first_run_at is None or now - evidence.first_run_at < timedelta(days=FEWEST):
        return None
    today = local_day(now)
    usual = baseline(evidence.per_day, today - timedelta(days=2))
    since = now - timedelta(days=1)
    if usual is None or evidence.recent < SMALLEST_FLOOD:
        return None
    mean = usual.expected(since, now)
    ratio = STORM_RATIO if evidence.people else FLOOD_RATIO
    if evidence.recent < ratio * mean or usual.flood(evidence.recent, since, now) >= RARE:
        return None
    return Alarm("flooding", since, f"{number(evidence.recent)} bài trong 24 giờ, thường {number(round(mean))} bài")


def _silent(evidence: Evidence, now: datetime) -> Alarm | None:
    newest, usual = evidence.newest_at, ordinary(evidence, now)
    if newest is None or usual is None or usual.posts < FEWEST_POSTS or now - newest < SHORTEST_SILENCE:
        return None
    chance = usual.silence(newest, now)
    if evidence.state not in ("ok", "partial") or chance >= min(MOST_ORDINARY_SILENCE, SILENCES / usual.posts):
        return None
    empty_days = (local_day(now) - local_day(newest)).days - 1
    if empty_days <= LONGER * (usual.longest - 1) and chance >= CERTAIN:
        return None
    days = (now - newest) / timedelta(days=1)
    long = f"{number(int(days))} ngày" if days >= 2 else f"{number(round(days * 24))} giờ"
    return Alarm("silent", newest, f"không có bài mới đã {long}, thường {_rate(usual.rate)}")


def _rate(rate: float) -> str:
    return f"{number(round(rate))} bài mỗi ngày" if rate >= 1 else f"{number(round(rate * 7))} bài mỗi tuần"
