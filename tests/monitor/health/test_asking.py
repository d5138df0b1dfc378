"""When a source is asked again: adaptive cadence, circuit breaker, and what passes leave in the archive."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from crawlers.sink import CrawlResult
from crawlers.source import Discovery, Source
from monitor.archive import Archive
from monitor.database import open_engine
from monitor.health.baseline import Baseline
from monitor.health.book import evidence
from monitor.health.breaker import LONGEST_PAUSE, OPENS_AFTER, Breaker
from monitor.health.cadence import FASTEST, OWNED_SLOWEST, SLOWEST, cadence
from monitor.health.days import local_day
from monitor.migrate import migrate
from monitor.source_memory import SourceMemory
from monitor.wording import VIETNAM
from tests.monitor.texts import FLOOD, article

NOON = datetime(2026, 11, 23, 12, tzinfo=VIETNAM)
NIGHT = datetime(2026, 11, 23, 1, tzinfo=VIETNAM)
EVERY = timedelta(minutes=30)


def usual(rate: float) -> Baseline:
    return Baseline(rate, {"working": 1.0, "saturday": 0.8, "sunday": 0.7}, 5.0, round(rate * 28), 1)


def asked(rate: float | None, now: datetime = NOON, *, owned: bool = False) -> timedelta:
    return cadence(EVERY, usual(rate) if rate is not None else None, now, owned=owned)


def test_the_more_a_source_brings_the_oftener_it_is_asked() -> None:
    pauses = [asked(rate) for rate in (400, 100, 20, 3, 0.7, 0.01)]
    assert pauses == sorted(pauses)
    assert pauses[0] == FASTEST
    assert pauses[-1] == SLOWEST
    assert timedelta(minutes=20) < asked(20) < timedelta(minutes=60)


def test_a_source_of_the_province_is_asked_every_quarter_hour_while_people_are_awake() -> None:
    for hour in range(6, 22):
        assert asked(0.05, NOON.replace(hour=hour), owned=True) <= OWNED_SLOWEST
    assert asked(0.05, NIGHT, owned=True) == timedelta(hours=5)
    assert asked(None, NOON, owned=True) == OWNED_SLOWEST
    assert asked(0.05, NOON) == SLOWEST


def test_at_night_a_pause_ends_when_news_is_due_again() -> None:
    assert asked(20, NIGHT) > asked(20, NOON)
    assert NIGHT + asked(20, NIGHT) < NIGHT.replace(hour=8)


def test_what_nobody_knows_yet_is_asked_as_its_record_says() -> None:
    assert asked(None) == EVERY
    assert cadence(timedelta(seconds=15), usual(3), NOON, owned=True) == timedelta(seconds=15)


def test_the_breaker_opens_after_failures_in_a_row_and_one_good_pass_closes_it() -> None:
    breaker, now = Breaker(), NOON
    for _ in range(OPENS_AFTER - 1):
        breaker = breaker.after(False, now)
    assert breaker.state(now) == "closed"
    breaker = breaker.after(False, now)
    assert breaker.state(now) == "open"
    assert breaker.state(now + breaker.pause) == "half_open"
    probe = now + breaker.pause
    again = breaker.after(False, probe)
    assert again.state(probe) == "open"
    assert again.pause == 2 * breaker.pause
    assert again.after(True, probe) == Breaker()
    for _ in range(30):
        again = again.after(False, probe)
    assert again.pause == LONGEST_PAUSE


class Clock:
    def __init__(self) -> None:
        self.now = NOON.astimezone(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_engine(f"sqlite:///{tmp_path / 'archive.sqlite'}")
    migrate(made, tmp_path / "lock")
    yield made
    made.dispose()


def result(clock: Clock, state: str, **more: object) -> CrawlResult:
    return CrawlResult(
        source="bao.example", state=state, started_at=clock.now, finished_at=clock.now, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_failing_source_rests_and_is_probed_once(engine: Engine) -> None:
    clock = Clock()
    memory = SourceMemory(engine, clock=clock)
    tried = 0
    for _ in range(24 * 60):
        if memory.due(["bao.example"]):
            tried += 1
            memory.finished(result(clock, "failing"), timedelta(minutes=5))
        clock.now += timedelta(minutes=1)
    health = memory.health()["bao.example"]
    assert health.opened_at is not None
    assert tried < 12  # 288 at its cadence
    clock.now = max(clock.now, health.due_at or clock.now)
    memory.finished(result(clock, "ok"), timedelta(minutes=5))
    recovered = memory.health()["bao.example"]
    assert (recovered.failures, recovered.opened_at) == (0, None)
    assert recovered.due_at == clock.now + timedelta(minutes=5)


def test_a_server_that_named_a_time_is_not_asked_before(engine: Engine) -> None:
    clock = Clock()
    memory = SourceMemory(engine, clock=clock)
    until = clock.now + timedelta(hours=9)
    memory.finished(result(clock, "partial", resume_at=until), timedelta(minutes=5))
    assert memory.health()["bao.example"].due_at == until


def test_passes_add_up_by_day_and_come_back_as_evidence(engine: Engine) -> None:
    clock = Clock()
    memory, archive = SourceMemory(engine, clock=clock), Archive(engine, author_key=b"k", clock=clock)
    source = Source(
        id="bao.example", name="Báo", home="https://bao.example/", family="vccorp",
        discovery=Discovery(listings=("https://bao.example/",)),
    )  # fmt: skip
    archive.store_many([article(f"lu-{n}", FLOOD, clock.now - timedelta(hours=n)) for n in range(1, 31)])
    more = {"requests": 10, "not_modified": 4, "latency": 0.2, "methods": {"family:vccorp@2": 3}}
    memory.finished(result(clock, "ok", new=3, outcomes={"archived": 3, "empty": 1}, **more), EVERY)
    memory.finished(result(clock, "failing", outcomes={"archived": 1}, **more), EVERY)
    clock.now += timedelta(days=1)
    left = (*[clock.now - timedelta(hours=5)] * 4, clock.now - timedelta(days=9))
    memory.finished(result(clock, "ok", robots=2, first_stage={"skipped": 5}, left=left, **more), EVERY)
    found = evidence(engine, [source], clock.now)["bao.example"]
    today = local_day(clock.now)
    yesterday = found.facts[today - timedelta(days=1)]
    assert (yesterday.runs, yesterday.worked, yesterday.requests, yesterday.not_modified) == (2, 1, 20, 8)
    assert yesterday.outcomes == {"archived": 4, "empty": 1}
    assert yesterday.methods == {"family:vccorp@2": 6}
    assert yesterday.mean_latency == pytest.approx(0.2)
    assert found.facts[today].robots == 2
    assert found.per_day[today] == 4, "articles left by their title are signs of life too"
    assert found.per_day[today - timedelta(days=9)] == 1, "each on the day of its publication, not of our pass"
    assert found.newest_at == clock.now - timedelta(hours=5)
    assert sum(found.per_day.values()) == 35
    assert found.recent == 0
    assert evidence(engine, [source] * 9, clock.now)["bao.example"] == found
