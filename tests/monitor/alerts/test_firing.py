"""When a rule fires, and that what is tried on the past is what would have happened."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from monitor.alerts.firing import AGAIN, ALL, Match, firings, in_order, replay
from monitor.alerts.rule import QuietHours, Rule, conditions
from tests.monitor.alerts.matches import NOON, match


def rule(**values: Any) -> Rule:
    return Rule(**{"name": "Lũ", "query": "lũ"} | values)


def subjects(rule: Rule, *matches: Match) -> list[str]:
    return [firing.subject for firing in firings(rule, in_order(matches), NOON)]


def test_each_story_is_judged_by_itself() -> None:
    found = subjects(rule(min_count=2), match("a", 1), match("b", 2), match("c", 1, "chay"))
    assert found == ["lu"]


def test_mentions_without_a_story_are_subjects_of_their_own() -> None:
    assert sorted(subjects(rule(), match("a", 1, None), match("b", 2, None))) == ["a", "b"]


def test_all_mentions_together_add_up_over_stories() -> None:
    assert subjects(rule(per="all", min_count=2), match("a", 1), match("b", 2, "chay")) == [ALL]


def test_copies_are_no_voices() -> None:
    assert subjects(rule(min_count=2), match("a", 1), match("b", 1, copy=True)) == []


def test_only_the_window_counts_and_nothing_later() -> None:
    assert subjects(rule(min_count=2, window_hours=6), match("a", 1), match("old", 6.01), match("later", -1)) == []


def test_negative_share_is_of_those_that_were_judged() -> None:
    mixed = [match("a", 1), match("b", 1, sentiment=None), match("c", 1, sentiment="positive")]
    assert subjects(rule(negative_share=0.5), *mixed) == ["lu"]
    assert subjects(rule(negative_share=0.6), *mixed) == []


def test_a_ratio_is_against_the_rules_own_last_28_days() -> None:
    usual = [match(f"u{day}", 24 * day, f"s{day}") for day in range(2, 30)]  # one a day
    burst = [match(f"b{n}", n, "burst") for n in range(5)]
    assert subjects(rule(per="all", min_ratio=4), *usual, *burst) == [ALL]
    assert subjects(rule(per="all", min_ratio=6), *usual, *burst) == []


def test_a_first_mention_is_one_that_nobody_made_in_30_days() -> None:
    first = rule(first_mention=True)
    assert subjects(first, match("a", 1)) == ["lu"]
    assert subjects(first, match("a", 1), match("before", 24 * 20)) == []
    assert subjects(first, match("a", 1), match("long before", 24 * 40)) == ["lu"]


def test_the_newest_mention_leads_and_the_first_names() -> None:
    (found,) = firings(rule(), in_order([match("first", 5), match("last", 1)]), NOON)
    assert found.ids == ("last", "first")
    assert (found.first_at, found.last_at) == (NOON - timedelta(hours=5), NOON - timedelta(hours=1))
    assert found.title == "Tin first"


def test_a_trial_fires_once_a_subject_until_a_day_of_silence() -> None:
    told = [match("a", 100), match("b", 99), match("c", 98), match("again", 50)]
    found = replay(rule(min_count=1), in_order(told), NOON - timedelta(days=30), NOON)
    assert [firing.ids[0] for _, firing in found] == ["a", "again"]


matches = st.lists(
    st.builds(
        match,
        st.uuids().map(str),
        st.floats(0, 24 * 20),
        st.sampled_from(["lu", "chay", None]),
        sentiment=st.sampled_from(["negative", "positive", None]),
        copy=st.booleans(),
    ),
    max_size=25,
).map(in_order)


@given(matches, st.sampled_from(["story", "all"]), st.integers(1, 4), st.booleans())
def test_a_trial_finds_exactly_what_watching_would_have_found(
    told: list[Match], per: str, least: int, first: bool
) -> None:
    watched = rule(per=per, min_count=least, first_mention=first, window_hours=48)
    since = NOON - timedelta(days=20)
    last: dict[str, Any] = {}
    expected = []
    for each in told:
        for firing in firings(watched, told, each.at):
            newest = last.get(firing.subject)
            if each.at > since and (newest is None or firing.last_at - newest > AGAIN):
                expected.append((each.at, firing.subject))
            last[firing.subject] = firing.last_at
    found = [(at, firing.subject) for at, firing in replay(watched, told, since, NOON)]
    assert {subject for _, subject in found} == {subject for _, subject in expected}


@pytest.mark.parametrize(
    "values",
    [
        {"query": ""},
        {"basis": "issue"},
        {"min_ratio": 3.0},
        {"min_score": 0.5},
        {"window_hours": 0},
        {"window_hours": 169},
        {"escalate_after_minutes": 15},
        {"escalate_to": ("n-1",)},
        {"negative_share": 1.5},
        {"recipients": ("../x",)},
        {"name": " "},
        {"unknown": 1},
    ],
)
def test_a_rule_that_cannot_work_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        rule(**values)


def test_a_snoozed_or_disabled_rule_sleeps() -> None:
    assert not rule(snoozed_until=NOON + timedelta(hours=1)).is_awake(NOON)
    assert rule(snoozed_until=NOON).is_awake(NOON)
    assert not rule(enabled=False).is_awake(NOON)


@pytest.mark.parametrize(
    ("local_hour", "ends_in"), [(21.99, None), (22, 8), (23.5, 6.5), (0, 6), (5.5, 0.5), (6, None), (12, None)]
)
def test_quiet_hours_reach_over_midnight_in_viet_nam(local_hour: float, ends_in: float | None) -> None:
    at = NOON + timedelta(hours=local_hour - 12)
    ends = QuietHours().ends(at)
    assert ends == (None if ends_in is None else at + timedelta(hours=ends_in))


def test_urgent_rules_are_never_held() -> None:
    night = NOON + timedelta(hours=12)
    assert rule().held_until(night) is not None
    assert rule(priority="urgent").held_until(night) is None


def test_conditions_are_said_in_one_phrase() -> None:
    said = conditions(rule(min_count=3, window_hours=6, negative_share=0.5))
    assert said == "từ 3 lượt nhắc trong 6 giờ, tính mỗi vụ việc, tiêu cực từ 50 %"
