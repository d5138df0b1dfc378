"""Parts of the judgement: the clock, what sort of issue it is, states without flicker, replays and their score."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from bench.rising import score
from monitor.rising import Evidence, Weights, rising_issues
from monitor.rising.backtest import Backtest, Happening, read_happenings
from monitor.rising.baseline import learn_growth
from monitor.rising.evidence import hours
from monitor.rising.groups import Group
from monitor.rising.memory import Memory
from monitor.rising.outages import Outages
from monitor.rising.replay import RUN_UP, replay
from monitor.rising.season import Season, day_kind
from monitor.rising.sorts import sort_of
from monitor.rising.states import Life
from monitor.rising.surprise import Clock, Judged
from monitor.rising.watch import Watch
from tests.monitor.test_issues import AT, burst, quiet_days, told

MIDNIGHT = datetime(2026, 11, 16, 17, tzinfo=UTC)  # of Tuesday in Việt Nam


def people(count: int, *, mood: str = "negative", copy: bool = False) -> list[Evidence]:
    return [
        told(
            n, 10 - n * 0.1, story="chuyen", kind="social", source="mang", voice=f"#{n}", sentiment=mood,
            copy=copy and n > 0,
        )
        for n in range(count)
    ]  # fmt: skip


def test_an_hour_at_noon_is_longer_than_one_at_night_and_a_working_day_than_a_holiday() -> None:
    season = Season.learn([], hours(MIDNIGHT), hours(MIDNIGHT) + 24 * 60)
    noon, night = hours(MIDNIGHT) + 10, hours(MIDNIGHT) + 2
    assert season.at(noon + 1) - season.at(noon) > 3 * (season.at(night + 1) - season.at(night))
    new_year = hours(datetime(2026, 12, 31, 17, tzinfo=UTC))
    day = season.at(new_year + 24) - season.at(new_year)
    assert day < season.at(new_year - 24) - season.at(new_year - 48)
    assert day_kind(datetime(2027, 2, 6).date()) == "holiday"


def test_a_source_that_cannot_be_read_slows_the_clock() -> None:
    start = hours(MIDNIGHT)
    every = [told(n, 0, story=f"a{n}", source="a", at=MIDNIGHT + timedelta(hours=n)) for n in range(24 * 14)]
    other = [
        told(n, 0, story=f"b{n}", source="b", at=MIDNIGHT + timedelta(hours=n))
        for n in range(24 * 14)
        if not 24 * 7 <= n < 24 * 9
    ]
    evidence = sorted([*every, *other], key=lambda e: e.at)
    season = Season.learn(evidence, start, start + 24 * 14)
    whole, half = (season.at(start + d * 24 + 24) - season.at(start + d * 24) for d in (1, 8))
    assert half == pytest.approx(whole / 2, rel=0.15)


def test_near_equal_texts_from_many_accounts_are_described_as_such() -> None:
    kind, why = sort_of(people(8, copy=True), "story")
    assert kind == "campaign_like"
    assert why.startswith("8 tài khoản")


def test_many_people_and_no_newsroom_is_not_yet_told_by_anybody_official() -> None:
    assert sort_of(people(7, mood="neutral"), "story")[0] == "rumour_like"
    assert sort_of([*people(7, mood="neutral"), told(9, 1, story="chuyen")], "story")[0] == "event"


def test_angry_people_complain() -> None:
    kind, why = sort_of(people(9), "topic_place")
    assert kind == "complaint"
    assert "9 người dân" in why


def test_a_state_does_not_flicker_while_the_pace_jumps() -> None:
    life = Life("x")
    for step in range(200):
        at = step * 0.25
        life.look(at, 0.1 if step % 2 else 0.25, 5, 1, 3.0 if step % 3 else 0.5, at)
    assert len(life.changes) <= 50 / 4 + 1
    assert "closed" not in [change.state for change in life.changes]


def test_an_issue_closes_when_nobody_tells_it_and_is_reopened_under_its_name() -> None:
    life = Life("x")
    life.look(0, 0.01, 5, 1, 3, 0)
    life.look(31, 0.01, 5, 1, 0, 0)
    assert (life.state, life.open) == ("closed", False)
    life.look(100, 0.01, 5, 1, 3, 100)
    assert life.state == "reopened"
    assert [change.state for change in life.changes] == ["emerging", "closed", "reopened"]


def test_a_replay_tells_when_an_issue_was_first_shown_and_never_looks_ahead() -> None:
    evidence = sorted(quiet_days() + burst(count=12, hours=20), key=lambda e: (e.at, e.id))
    happening = Happening(AT, "lũ", ("lu-",))
    test, cut = Backtest([happening]), Backtest()
    for at, issues in replay(evidence, AT - timedelta(hours=24), AT, run_up=RUN_UP):
        test.take(at, issues)
    middle = AT - timedelta(hours=10)
    known = [e for e in evidence if e.at <= middle]
    for at, issues in replay(known, AT - timedelta(hours=24), middle, run_up=RUN_UP):
        cut.take(at, issues)
    [flood] = [shown for shown in test.shown() if shown.id == "lu"]
    assert AT - timedelta(hours=20) < flood.first < AT - timedelta(hours=8)
    assert {s.id: s.first for s in cut.shown()} == {s.id: s.first for s in test.shown() if s.first <= middle}
    [found] = test.found({e.id: e.id for e in evidence})
    assert (found.rank, found.first) == (1, flood.first)


def test_of_two_names_for_the_same_mentions_neither_hides_the_other() -> None:
    """A topic in a place that is not rare enough itself is shown by a rare term that tells the same mentions."""
    flood = [told(n, 5 - n, story=f"lu-{n}", source=f"bao-{n}", topic="disaster") for n in range(4)]
    topic, term = Group("topic_place", "disaster@x"), Group("term", "term:mưa lũ")
    for e in flood:
        topic.add(e, hours(e.at), 1.0)
        term.add(e, hours(e.at), 1.0)
    watch = Watch()
    watch.add(flood)
    watch.look(hours(AT))
    assert watch.baseline is not None
    judged = [Judged(topic, 6.0, 4.0, 0.3, 0.6, 4.0), Judged(term, 72.0, 4.0, 0.02, 0.08, 4.0)]
    [chosen], absorbed = watch._distinct(judged, Clock.of(watch.baseline, hours(AT)))
    assert (chosen.group.id, chosen.chance) == ("disaster@x", 0.08)
    assert absorbed == {"disaster@x": ["term:mưa lũ"]}


def test_what_no_story_of_the_past_did_so_soon_is_rarer_than_its_model_says() -> None:
    """Sixty stories that a second outlet told two days later say little about one that has two within the hour."""
    growth = learn_growth([([0.0, 50.0], [1.0, 1.0])] * 60, days=28)
    assert growth.calibrated(0.1, age=1.0, further=1.0) == pytest.approx(0.04)
    assert growth.calibrated(0.1, age=60.0, further=1.0) > 0.1
    assert growth.calibrated(1e-6, age=1.0, further=9.0) == pytest.approx(1e-6, rel=1e-3), "the past is too short"


def test_topics_in_places_share_the_errors_that_may_be_made_and_no_more() -> None:
    """What is expected of all of them together is what is told: their parts of the budget add up to one."""
    draw = Random(1)
    topics, places = ("disaster", "security", "health", "traffic"), tuple(f"xa-{n}" for n in range(20))
    common = [1 / n for n in range(1, 21)]
    past = [
        told(n, hour, story=f"s{n}", topic=draw.choices(topics, (8, 4, 2, 1))[0],
             places=tuple(draw.choices(places, common)))
        for n, hour in enumerate(sorted((draw.uniform(0, 28 * 24) for _ in range(600)), reverse=True))
    ]  # fmt: skip
    watch = Watch()
    watch.add(past)
    watch.look(hours(AT))
    assert watch.baseline is not None
    rates, base = watch.baseline.rates["topic_place"], watch.baseline
    priors = {f"{t}@{p}": base.voices * base.topics[t] * base.places[p] for t in base.topics for p in base.places}
    expected = sum(rates.expected(key, prior, 24.0)[0] for key, prior in priors.items())
    assert expected == pytest.approx(base.voices * 24.0, rel=0.1)


def test_a_rare_word_in_texts_on_unlike_topics_is_no_issue() -> None:
    group = Group("term", "term:khoảnh khắc")
    for n, topic in enumerate(("health", "security", "tourism", "economy")):
        e = told(n, 5 - n, story=f"s{n}", source=f"bao-{n}", topic=topic)
        group.add(e, hours(e.at), 1.0)
    watch = Watch()
    watch.look(hours(AT))
    assert watch.baseline is not None
    chosen, _ = watch._distinct([Judged(group, 24.0, 4.0, 0.02, 0.05, 4.0)], Clock.of(watch.baseline, hours(AT)))
    assert chosen == []


def forum_days(days: int = 10) -> list[Evidence]:
    """A forum that people write to every half hour and an outlet every hour, until the midnight that is looked back
    on."""
    forum = [
        told(n, 0.25 + n * 0.5, story=f"d{n}", source="dien-dan", kind="forum", voice=f"#{n}") for n in range(days * 48)
    ]
    return sorted(
        [*forum, *(told(n, 0.4 + n, story=f"b{n}", source="bao") for n in range(days * 24))], key=lambda e: e.at
    )


def test_a_source_that_falls_silent_slows_the_clock_hours_later_not_first_the_next_midnight() -> None:
    midnight = hours(AT)
    season = Season.learn(forum_days(), midnight - 240, midnight)
    heard = [("bao", midnight + n) for n in range(20)]
    outages = Outages(season)
    outages.hear(heard)
    assert outages.season(midnight + 1).at(midnight + 1) == season.at(midnight + 1), "a pause is no outage"
    at = midnight + 14
    slow = outages.season(at)
    ordinary, read = season.at(at) - season.at(midnight), slow.at(at) - slow.at(midnight)
    assert read == pytest.approx(ordinary / 3), "two of three mentions came from the forum"
    outages.hear([("dien-dan", midnight + 15)])
    after = outages.season(midnight + 20)
    later = season.at(midnight + 20) - season.at(midnight + 16)
    assert after.at(midnight + 20) - after.at(midnight + 16) == pytest.approx(later)
    assert after.at(at) - after.at(midnight) == pytest.approx(read), "what was missed stays missed"
    outages.hear([("dien-dan", midnight + 7)])
    assert outages.season(midnight + 20).at(at) == pytest.approx(season.at(at)), "what was missed came in after all"


def test_what_is_told_while_much_cannot_be_read_is_judged_by_what_can() -> None:
    """The same six tellings of an outlet's story are rarer while two thirds of all mentions do not come in."""
    fire = [told(n, -(14 - n), story="chay", source=f"bao-{n}") for n in range(6)]
    rest = [told(n, -n, story=f"b-{n}", source="bao") for n in range(15)]
    forum = [told(n, -n * 0.5, story=f"dd-{n}", source="dien-dan", kind="forum", voice=f"#m{n}") for n in range(1, 30)]
    expected = []
    for today in ([*fire, *rest], [*fire, *rest, *forum]):
        watch = Watch()
        watch.add(sorted([*forum_days(), *today], key=lambda e: e.at))
        watch.look(hours(AT) + 15)
        assert watch.baseline is not None
        expected.append(watch.baseline.season.at(hours(AT) + 15) - watch.baseline.season.at(hours(AT)))
    assert expected[0] < expected[1] / 2


def test_an_everyday_word_in_texts_of_some_days_is_no_issue_but_a_rare_one_is() -> None:
    """So many texts of any day have the word “dự án”, whatever they are about; hardly any has “vỡ đập”."""
    ordinary = [
        told(n, 24 + n * 0.5, story=f"thuong-{n}", source=f"bao-{n % 9}", topic=("economy", "health")[n % 2],
             places=(f"xa-{n % 7}",))
        for n in range(1200)
    ]  # fmt: skip

    def rising(term: str) -> list[str]:
        days = [told(n, 60 - n * 18, story=f"nay-{n}", source=f"bao-{n}", terms=(term,)) for n in range(4)]
        return [issue.id for issue in rising_issues(ordinary + days, AT)]

    assert rising("vỡ đập") == ["term:vỡ đập"]
    assert rising("dự án") == []


def test_a_file_of_happenings_that_cannot_be_read_says_what_it_should_hold(tmp_path: Path) -> None:
    file = tmp_path / "h.json"
    file.write_text('[{"at": "2026-05-01T20:00", "what": "x"}]')
    with pytest.raises(ValueError, match="words"):
        read_happenings(file)


def test_most_of_what_is_planted_in_a_stream_is_found_and_no_flood_leads() -> None:
    """One of the twenty streams of `python -m bench.rising`, looked at every four hours."""
    result = score(1, step=4.0)
    assert sum(result.found.values()) >= sum(result.planted.values()) - 1
    assert result.led_by_floods == 0
    assert result.false <= 4


def test_a_mention_that_comes_late_and_changes_in_the_same_batch_counts_once_as_it_is_now() -> None:
    first, *rest = people(4)
    memory = Memory(Weights())
    memory.add(rest)
    memory.add([first, replace(first, sentiment="positive")])
    assert [e.sentiment for e in memory.evidence if e.id == first.id] == ["positive"]
    assert list(memory.times) == sorted(hours(e.at) for e in memory.evidence)
    assert len(memory) == len(memory.evidence) == 4
