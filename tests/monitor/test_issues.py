"""What rises, what does not, and why it is said to rise."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from monitor.rising import Evidence, Figures, Weights, reason, rising_issues
from monitor.rising.evidence import hours as hours_of
from monitor.rising.groups import Group
from monitor.rising.issue import hourly
from monitor.rising.tail import tail

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def voices(evidence: list[Evidence], kind: str = "story") -> float:
    group = Group(kind, "x")  # type: ignore[arg-type]
    for e in evidence:
        group.add(e, hours_of(e.at), Weights().of(e))
    return group.sums[-1]


OUTLETS = ("qtnm", "dhtt", "tntb", "dsvn", "pldn", "antt", "tnvn")


def told(
    number: int,
    hours: float,
    *,
    story: str,
    source: str = "qtnm",
    kind: str = "news",
    voice: str = "",
    **changed: object,
) -> Evidence:
    values: dict[str, object] = {
        "id": f"{story}-{number}",
        "at": AT - timedelta(hours=hours),
        "source": source,
        "kind": kind,
        "voice": voice or source,
        "relevance": 2,
        "sentiment": "neutral",
        "topic": "economy",
        "places": (),
        "story": story,
        "copy": False,
    }
    return Evidence(**(values | changed))  # type: ignore[arg-type]


def quiet_days(seed: int = 1) -> list[Evidence]:
    """Three weeks of ordinary stories: six a day, one to three tellings each."""
    chance = random.Random(seed)
    found = []
    for story in range(126):
        start = chance.uniform(12, 21 * 24)
        for number in range(chance.choice((1, 1, 1, 2, 2, 3))):
            hours = max(start - chance.uniform(0, 10) * number, 0.5)
            found.append(told(number, hours, story=f"quiet{story}", source=chance.choice(OUTLETS)))
    return found


def burst(story: str = "lu", count: int = 9, hours: float = 20, **changed: object) -> list[Evidence]:
    pause = hours / count
    return [
        told(n, hours - n * pause, story=story, source=OUTLETS[n % len(OUTLETS)], sentiment="negative", **changed)
        for n in range(count)
    ]


def test_a_story_that_many_outlets_tell_leads() -> None:
    [first, *_] = rising_issues(quiet_days() + burst(), AT)
    assert first.id == "lu"
    assert first.figures.sources == 7
    assert first.figures.negative_share == 1
    assert first.figures.ratio > 2


@pytest.mark.parametrize("seed", range(10))
def test_quiet_days_bring_at_most_one_issue(seed: int) -> None:
    assert len(rising_issues(quiet_days(seed), AT)) <= 1


def test_nothing_published_after_the_moment_is_used() -> None:
    moment = AT - timedelta(hours=15)
    everything = quiet_days() + burst(count=12)
    until_then = [e for e in everything if e.at <= moment]
    assert rising_issues(everything, moment) == rising_issues(until_then, moment)


def test_copies_are_no_voices() -> None:
    copies = [*burst(count=1), *burst(count=9, copy=True)[1:]]
    assert voices(copies) == 1
    assert "lu" not in [issue.id for issue in rising_issues(quiet_days() + copies, AT)]


def test_one_outlet_that_writes_often_is_not_many_voices() -> None:
    flood = [told(n, 3 - n * 0.1, story="mot-bao", source="tnvn") for n in range(20)]
    assert "mot-bao" not in [issue.id for issue in rising_issues(quiet_days() + flood, AT)]


def test_one_angry_person_is_one_voice() -> None:
    angry = [told(n, 5 - n * 0.2, story="mot-nguoi", kind="comment", source="forum", voice="#a") for n in range(15)]
    assert voices(angry) == 0.5


def test_a_story_is_measured_against_its_own_past() -> None:
    """A running event that is told eight times a day, every day, does not rise."""
    running = [told(n, 240 - n * 3, story="keo-dai", source=OUTLETS[n % 7]) for n in range(80)]
    assert "keo-dai" not in [issue.id for issue in rising_issues(quiet_days() + running, AT)]


def growing(days: float = 8, double: float = 48) -> list[Evidence]:
    """A story told once in two days at first, twice as often every two days, by outlets and people in turn."""
    found: list[Evidence] = []
    age, pause = 0.0, 48.0
    while age < days * 24:
        n = len(found)
        changed = {} if n % 2 else {"kind": "forum", "source": "forum", "voice": f"#{n}"}
        found.append(
            told(n, days * 24 - age, story="lon-dan", sentiment="negative", **{"source": OUTLETS[n % 7], **changed})
        )
        age += pause
        pause = max(48.0 * 2 ** (-age / double), 3.0)
    return found


def test_a_complaint_that_grows_slowly_for_days_is_shown_while_it_grows() -> None:
    evidence = quiet_days() + growing()
    for hours_before in (36, 12, 0):
        shown = [issue.id for issue in rising_issues(evidence, AT - timedelta(hours=hours_before))]
        assert "lon-dan" in shown, hours_before


def test_small_complaints_about_one_service_in_one_place_rise_together() -> None:
    complaints = [
        told(
            n, 9 - n * 0.6, story=f"don-le-{n}", kind="forum", source="forum", voice=f"#{n}",
            topic="public_services", places=("nam-dong-ha",), sentiment="negative",
        )
        for n in range(14)
    ]  # fmt: skip
    [first, *_] = rising_issues(quiet_days() + complaints, AT)
    assert (first.kind, first.id) == ("topic_place", "public_services@nam-dong-ha")
    assert first.figures.people == 14


def test_a_story_and_its_topic_in_its_place_are_one_issue() -> None:
    found = rising_issues(quiet_days() + burst(topic="disaster", places=("huong-lap",)), AT)
    assert [issue.id for issue in found if "lu" in issue.stories] == ["lu"]


def test_counts_are_judged_by_a_negative_binomial() -> None:
    """Against figures computed by hand: mean 2, dispersion 2, so p = 1/2 and P(X = k) = (k + 1) / 2^(k + 2)."""
    exact = 1 - sum((k + 1) / 2 ** (k + 2) for k in range(4))
    assert tail(4, 2, 2) == pytest.approx(exact)
    assert tail(0, 2, 2) == 1


def test_the_reason_is_one_vietnamese_sentence_of_the_figures() -> None:
    figures = Figures(6, 13, 15, 13.0, 2.1, 6.2, 9, 3, 2, 0.615)
    assert reason(figures) == (
        "15 lượt nhắc (kể cả 2 bài chép lại) trong 6 giờ, gấp 6,2 lần thường lệ, 9 nguồn tin, "
        "3 người lên tiếng, 61,5 % tiêu cực."
    )


def test_hours_are_counted_oldest_first() -> None:
    times = [AT - timedelta(minutes=5), AT - timedelta(minutes=59), AT - timedelta(hours=2, minutes=1), AT]
    assert hourly(map(hours_of, times), hours_of(AT), count=3) == (1, 0, 3)
