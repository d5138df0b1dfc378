"""Alarms of a source: what must be found, and what must not be called wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from monitor.health.alarms import alarm
from monitor.health.baseline import baseline
from monitor.health.days import kind, local_day, shares
from monitor.health.evidence import Evidence, Facts
from monitor.wording import VIETNAM

MONDAY = datetime(2026, 11, 23, 9, tzinfo=VIETNAM)  # no holiday for weeks around
FACTORS = {"working": 1.0, "saturday": 0.7, "sunday": 0.5, "holiday": 0.2}


def days(rate: float, last: date, count: int = 28) -> Counter[date]:
    """So many posts a day as an ordinary source brings, by the kind of day."""
    span = [last - timedelta(days=back) for back in range(count)]
    return Counter({day: round(rate * FACTORS[kind(day)]) for day in span})


def source(rate: float, newest: datetime, now: datetime, **more: object) -> Evidence:
    made = Evidence(
        family="vccorp", per_day=days(rate, local_day(newest)), facts={}, newest_at=newest, state="ok",
        last_success_at=now, last_run_at=now, first_run_at=now - timedelta(days=40),
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rate", "quiet", "found"),
    [
        (40.0, timedelta(hours=30), True),
        (40.0, timedelta(hours=14), False),  # overnight
        (5.0, timedelta(days=3), True),
        (5.0, timedelta(hours=26), False),
        (1.0, timedelta(days=4), False),
        (1.0, timedelta(days=14), True),
    ],
)
def test_silence_is_measured_against_what_the_source_ordinarily_brings(
    rate: float, quiet: timedelta, found: bool
) -> None:
    now = MONDAY + timedelta(days=3)
    raised = alarm(source(rate, now - quiet, now), now)
    assert (raised is not None and raised.kind == "silent") == found


def test_a_weekend_is_no_silence_for_an_office_that_rests_on_weekends() -> None:
    office = Counter({day: 0 if kind(day) in ("saturday", "sunday") else 4 for day in days(4, MONDAY.date())})
    friday = MONDAY - timedelta(days=3) + timedelta(hours=7)
    evidence = replace(source(4, friday, MONDAY), per_day=office)
    assert alarm(evidence, MONDAY) is None
    assert alarm(evidence, MONDAY + timedelta(days=2)) is not None


def test_tet_is_no_silence_and_a_silence_that_outlasts_it_is_one() -> None:
    before = datetime(2027, 2, 3, 17, tzinfo=VIETNAM)
    evidence = source(6, before, before)
    last = max(day for day in (date(2027, 2, 4) + timedelta(days=n) for n in range(12)) if kind(day) == "holiday")
    end = datetime(last.year, last.month, last.day, 20, tzinfo=VIETNAM)
    assert end - before > timedelta(days=5)
    assert alarm(replace(evidence, last_success_at=end), end) is None
    later = end + timedelta(days=4)
    raised = alarm(replace(evidence, last_success_at=later), later)
    assert raised is not None
    assert raised.kind == "silent"


def test_a_source_too_new_to_know_is_left_in_peace() -> None:
    new = replace(source(9, MONDAY - timedelta(days=5), MONDAY), per_day=days(9, MONDAY.date() - timedelta(days=5), 6))
    assert alarm(new, MONDAY) is None
    assert alarm(replace(new, per_day=Counter(), newest_at=None), MONDAY) is None


def test_a_source_that_cannot_be_read_is_not_called_silent() -> None:
    assert alarm(source(40, MONDAY - timedelta(days=5), MONDAY, state="failing", failures=1), MONDAY) is None


def test_a_flood_is_far_more_than_usual_and_no_first_pass() -> None:
    flooded = source(20, MONDAY, MONDAY, recent=400)
    raised = alarm(flooded, MONDAY)
    assert raised is not None
    assert (raised.kind, raised.reason) == ("flooding", "400 bài trong 24 giờ, thường 13 bài")
    assert alarm(replace(flooded, recent=40), MONDAY) is None
    assert alarm(replace(flooded, recent=100, people=True), MONDAY) is None, "a storm of replies is no fault"
    assert alarm(replace(flooded, people=True), MONDAY) is not None
    assert alarm(replace(flooded, first_run_at=MONDAY - timedelta(days=1)), MONDAY) is None
    assert alarm(replace(flooded, per_day=days(1, MONDAY.date()), recent=30), MONDAY) is None


def facts(matched: int, other: int, empty: int = 0) -> Facts:
    methods = {"family:vccorp@2": matched, "trafilatura": other}
    return Facts(runs=1, worked=1, outcomes={"archived": matched + other, "empty": empty}, methods=methods)


def drifting(before: Facts, after: Facts, **more: object) -> str | None:
    today = MONDAY.date()
    booked = {today - timedelta(days=back): before for back in range(4, 30)} | {today: after}
    raised = alarm(source(20, MONDAY, MONDAY, facts=booked, **more), MONDAY)
    return raised.kind if raised else None


def test_a_rule_that_stops_matching_is_drift() -> None:
    assert drifting(facts(10, 0), facts(0, 8)) == "drifting"
    assert drifting(facts(10, 0), facts(8, 1)) is None
    assert drifting(facts(10, 0), facts(0, 3)) is None  # too few to tell
    assert drifting(facts(3, 7), facts(1, 9)) is None  # never matched well
    assert drifting(facts(10, 0), facts(0, 8), family=None) is None


def by_days(before: Facts, *recent: Facts) -> str | None:
    """Four weeks of one kind of day, then these, today last."""
    today, count = MONDAY.date(), len(recent)
    booked = {today - timedelta(days=back): before for back in range(count, count + 28)}
    booked |= {today - timedelta(days=count - 1 - n): each for n, each in enumerate(recent)}
    raised = alarm(source(20, MONDAY, MONDAY, facts=booked), MONDAY)
    return raised.kind if raised else None


def test_three_texts_of_several_days_tell_that_a_rule_stopped_matching_and_three_of_one_day_do_not() -> None:
    assert by_days(facts(1, 0), facts(0, 2), facts(0, 0), facts(0, 1)) == "drifting"
    assert by_days(facts(1, 0), facts(0, 0), facts(0, 0), facts(0, 3)) is None, "a photo series"
    assert by_days(facts(1, 0), facts(0, 0), facts(0, 1), facts(0, 1)) is None
    assert by_days(facts(9, 1), facts(0, 1), facts(0, 1), facts(0, 1)) is None, "a rule that misses now and then"


def test_of_a_source_that_brings_little_a_fortnight_is_looked_at() -> None:
    nothing, quiet = facts(0, 0), [facts(0, 1), *[facts(0, 0)] * 5]
    assert by_days(facts(1, 0), *quiet, *quiet) is None
    assert by_days(facts(1, 0), *quiet, *quiet, facts(0, 1)) == "drifting"
    assert by_days(facts(1, 0), *quiet, *quiet, *[nothing] * 3) is None


def test_what_is_read_well_again_is_no_drift_any_more() -> None:
    assert by_days(facts(5, 0), *[facts(0, 5)] * 5, facts(4, 0)) is None
    assert by_days(facts(5, 0), *[facts(0, 5)] * 5, facts(1, 0)) == "drifting"


def test_pages_without_text_are_drift() -> None:
    assert drifting(facts(10, 0), facts(1, 0, empty=9)) == "drifting"
    assert drifting(facts(8, 0, empty=2), facts(8, 0, empty=3)) is None


def test_a_challenge_is_said_at_once_and_refusals_when_they_prevail() -> None:
    blocked = source(20, MONDAY, MONDAY, state="blocked", message="trang chặn máy thu thập")
    raised = alarm(blocked, MONDAY)
    assert raised is not None
    assert (raised.kind, raised.reason) == ("blocked", "trang chặn máy thu thập")
    refused = Facts(runs=1, worked=1, outcomes={"archived": 2, "refused": 8}, methods={"family:vccorp@2": 2})
    assert drifting(facts(10, 0), refused) == "blocked"


def test_a_source_is_dead_after_a_day_of_failures_not_before() -> None:
    failing = source(20, MONDAY, MONDAY, state="failing", failures=5, message="không tìm thấy tên miền")
    gone = replace(failing, last_success_at=MONDAY - timedelta(hours=30))
    raised = alarm(gone, MONDAY)
    assert raised is not None
    assert (raised.kind, raised.reason) == ("dead", "không đọc được đã 30 giờ: không tìm thấy tên miền")
    assert alarm(replace(gone, failures=2), MONDAY) is None
    assert alarm(replace(gone, last_success_at=MONDAY - timedelta(hours=20)), MONDAY) is None


def test_one_storm_is_not_what_is_ordinary() -> None:
    stormy = days(5, MONDAY.date())
    stormy[MONDAY.date() - timedelta(days=6)] = 300
    calm, shaken = baseline(days(5, MONDAY.date()), MONDAY.date()), baseline(stormy, MONDAY.date())
    assert calm is not None
    assert shaken is not None
    assert shaken.rate < 1.6 * calm.rate


def test_a_stretch_is_cut_into_days_of_viet_nam() -> None:
    since = datetime(2026, 11, 20, 12, tzinfo=VIETNAM)
    found = dict(shares(since, since + timedelta(days=2)))
    assert list(found) == [date(2026, 11, 20), date(2026, 11, 21), date(2026, 11, 22)]
    assert found[date(2026, 11, 21)] == pytest.approx(1)
    assert sum(found.values()) == pytest.approx(2)
