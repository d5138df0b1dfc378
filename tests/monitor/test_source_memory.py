"""What the collector remembers: when a source is due, how it does, what became of each URL, what to look at again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawlers.post import Post
from crawlers.sink import CrawlResult, Settled, Validators
from monitor.installation import Installation
from monitor.source_memory import MAX_BACK_OFF, REVISITS, SourceMemory
from tests.monitor.conftest import Open

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
EVERY = timedelta(minutes=15)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory(installation: Installation, clock: Clock) -> SourceMemory:
    return SourceMemory(installation.engine, revisited={"nha.example": REVISITS}, clock=clock)


@pytest.fixture
def ended(memory: SourceMemory, clock: Clock) -> Callable[..., None]:
    """Ends a run of a source at this moment in this state."""

    def end(source: str = "a.example", state: str = "ok", message: str = "", **counts: int) -> None:
        times = {"started_at": clock.now - timedelta(seconds=40), "finished_at": clock.now}
        result = CrawlResult(source=source, state=state, message=message, **times, **counts)  # type: ignore[arg-type]
        memory.finished(result, EVERY)

    return end


Ended = Callable[..., None]


def due(memory: SourceMemory, *ids: str) -> list[str]:
    return memory.due(dict.fromkeys(ids, EVERY))


# when a source is due


def test_a_source_never_visited_is_due_before_all_others(memory: SourceMemory, clock: Clock, ended: Ended) -> None:
    ended("cu.example")
    clock.pass_by(hours=1)
    assert due(memory, "cu.example", "moi.example") == ["moi.example", "cu.example"]


def test_a_visited_source_is_due_again_after_its_cadence(memory: SourceMemory, clock: Clock, ended: Ended) -> None:
    ended()
    clock.pass_by(minutes=14)
    assert due(memory, "a.example") == []
    clock.pass_by(minutes=1)
    assert due(memory, "a.example") == ["a.example"]


def test_whoever_waits_longest_comes_first(memory: SourceMemory, clock: Clock, ended: Ended) -> None:
    for name in ("c.example", "a.example", "b.example"):
        ended(name)
        clock.pass_by(minutes=1)
    clock.pass_by(hours=1)
    assert due(memory, "a.example", "b.example", "c.example") == ["c.example", "a.example", "b.example"]


def test_only_the_sources_asked_about_are_due(memory: SourceMemory, clock: Clock, ended: Ended) -> None:
    ended("xoa.example")
    clock.pass_by(hours=1)
    assert due(memory, "a.example") == ["a.example"]


@pytest.mark.parametrize("state", ["failing", "blocked"])
def test_a_source_that_does_not_work_is_asked_ever_more_rarely(
    memory: SourceMemory, clock: Clock, ended: Ended, state: str
) -> None:
    pauses = []
    for _ in range(8):
        ended(state=state)
        found = memory.health()["a.example"].due_at
        assert found is not None
        pauses.append(found - clock.now)
    assert pauses[:3] == [EVERY * 2, EVERY * 4, EVERY * 8]
    assert pauses[-1] == MAX_BACK_OFF


def test_a_source_that_works_again_is_due_by_its_cadence_again(
    memory: SourceMemory, clock: Clock, ended: Ended
) -> None:
    for state in ("failing", "failing", "partial"):
        ended(state=state)
    assert memory.health()["a.example"].failures == 0
    assert memory.health()["a.example"].due_at == clock.now + EVERY


def test_a_slow_cadence_is_never_made_faster_by_failures(memory: SourceMemory, clock: Clock) -> None:
    result = CrawlResult(source="a.example", state="failing", started_at=NOW, finished_at=NOW)
    memory.finished(result, timedelta(days=1))
    assert memory.health()["a.example"].due_at == clock.now + timedelta(days=1)


def test_a_source_can_be_made_due_at_once(memory: SourceMemory, ended: Ended) -> None:
    ended()
    memory.make_due(["a.example"])
    assert due(memory, "a.example") == ["a.example"]


# health


def test_health_keeps_the_last_success_and_the_last_news_through_failures(
    memory: SourceMemory, clock: Clock, ended: Ended
) -> None:
    ended(new=3)
    clock.pass_by(hours=1)
    ended()
    clock.pass_by(hours=1)
    ended(state="failing", message="máy chủ trả lời 503")
    health = memory.health()["a.example"]
    assert (health.state, health.message, health.failures) == ("failing", "máy chủ trả lời 503", 1)
    assert health.last_new_at == NOW
    assert health.last_success_at == NOW + timedelta(hours=1)
    assert health.last_run_at == NOW + timedelta(hours=2)


def test_a_source_that_never_worked_has_no_last_success(memory: SourceMemory, ended: Ended) -> None:
    ended(state="blocked", message="trang hỏi xác minh trình duyệt")
    assert memory.health()["a.example"].last_success_at is None


def test_runs_are_kept_newest_first_with_their_counts_and_dropped_when_old(
    memory: SourceMemory, clock: Clock, ended: Ended
) -> None:
    ended(new=1)
    clock.pass_by(days=61)
    ended(new=2, requests=9)
    assert [run.counts["new"] for run in memory.last_runs("a.example")] == [2, 1]
    assert memory.drop_old_runs() == 1
    [left] = memory.last_runs("a.example")
    assert left.counts["requests"] == 9


# URLs


def test_a_url_has_its_last_outcome(memory: SourceMemory) -> None:
    assert memory.outcome("https://a.example/1.htm") is None
    memory.set_outcome("a.example", "https://a.example/1.htm", "error", "máy chủ trả lời 503")
    memory.set_outcome("a.example", "https://a.example/1.htm", "archived")
    memory.set_outcome("a.example", "https://a.example/2.htm", "refused", "robots.txt không cho phép")
    assert memory.outcome("https://a.example/1.htm") == "archived"
    assert memory.url_outcomes("a.example") == {"archived": 1, "refused": 1}
    assert memory.refusals("a.example") == [("https://a.example/2.htm", "refused", "robots.txt không cho phép")]


def test_validators_are_remembered_and_replaced(memory: SourceMemory) -> None:
    assert memory.validators("https://a.example/") is None
    memory.remember_validators("https://a.example/", Validators('"một"', None))
    memory.remember_validators("https://a.example/", Validators('"hai"', "Fri, 20 Nov 2026 03:00:00 GMT"))
    assert memory.validators("https://a.example/") == Validators('"hai"', "Fri, 20 Nov 2026 03:00:00 GMT")


# looking again for edits


def test_articles_of_the_province_s_outlets_are_looked_at_again_ever_more_rarely_and_then_left(
    memory: SourceMemory, clock: Clock
) -> None:
    url = "https://nha.example/lu.htm"
    visits = []
    memory.set_outcome("nha.example", url, "archived")
    for _ in range(1000):
        clock.pass_by(hours=1)
        if memory.due_for_revisit("nha.example", clock.now):
            visits.append(clock.now)
            memory.set_outcome("nha.example", url, "archived", "không đổi")
    assert len(visits) == len(REVISITS)
    assert [after - before for before, after in zip([NOW, *visits], visits, strict=False)] == list(REVISITS)


def test_articles_of_other_outlets_are_not_looked_at_again(memory: SourceMemory, clock: Clock) -> None:
    memory.set_outcome("a.example", "https://a.example/lu.htm", "archived")
    clock.pass_by(days=30)
    assert memory.due_for_revisit("a.example", clock.now) == []


def test_a_page_of_the_province_s_outlets_without_a_text_is_looked_at_again(memory: SourceMemory, clock: Clock) -> None:
    url = "https://nha.example/tin-nong.htm"
    memory.set_outcome("nha.example", url, "empty", "trang không có bài")
    memory.set_outcome("a.example", "https://a.example/video.htm", "empty")
    clock.pass_by(hours=1)
    assert memory.due_for_revisit("nha.example", clock.now) == [url]
    assert memory.due_for_revisit("a.example", clock.now) == []
    memory.set_outcome("nha.example", url, "archived")
    clock.pass_by(hours=6)
    assert memory.due_for_revisit("nha.example", clock.now) == [url]


def test_pages_that_gave_no_article_are_not_looked_at_again(memory: SourceMemory, clock: Clock) -> None:
    for number, outcome in enumerate(("listing", "not_found", "skipped", "refused")):
        memory.set_outcome("nha.example", f"https://nha.example/{number}.htm", outcome)  # type: ignore[arg-type]
    clock.pass_by(days=30)
    assert memory.due_for_revisit("nha.example", clock.now) == []


def test_the_article_that_has_waited_longest_is_looked_at_first(memory: SourceMemory, clock: Clock) -> None:
    for number in (2, 1, 3):
        memory.set_outcome("nha.example", f"https://nha.example/{number}.htm", "archived")
        clock.pass_by(minutes=1)
    clock.pass_by(hours=2)
    found = memory.due_for_revisit("nha.example", clock.now)
    assert [url[-5] for url in found] == ["2", "1", "3"]


def test_threads_are_looked_at_again_within_minutes_and_other_pages_of_strangers_never(
    open_installation: Open, tmp_path: Path
) -> None:
    file = tmp_path / "nguon.yaml"
    record = '- {{id: {0}, name: {0}, kind: {1}, owned: {2}, home: "https://{0}/", discovery: {{listings: ["https://{0}/"]}}}}\n'
    kinds = [("dien-dan", "forum", "false"), ("nha", "news", "true"), ("la", "news", "false")]
    file.write_text("".join(record.format(*each) for each in kinds))
    memory = open_installation(sources=file).memory
    for id, *_ in kinds:
        memory.set_outcome(id, f"https://{id}/1", "archived")
    now = datetime.now(UTC)
    due = {
        minutes: [id for id, *_ in kinds if memory.due_for_revisit(id, now + timedelta(minutes=minutes))]
        for minutes in (0, 10, 90)
    }
    assert due == {0: [], 10: ["dien-dan"], 90: ["dien-dan", "nha"]}


# pages that went, came back, or whose server had a bad moment


def stored(installation: Installation, url: str = "https://nha.example/bai.htm") -> str:
    post = Post(url=url, canonical_url=url, source="nha.example", title="Bài", body="Nội dung")
    installation.archive.store(post)
    return url


def withdrawn_at(installation: Installation, url: str) -> datetime | None:
    return installation.archive.by_url([url])[url].withdrawn_at


def test_a_post_whose_page_is_gone_is_marked_and_stands_again_when_it_is_back(
    memory: SourceMemory, installation: Installation, clock: Clock
) -> None:
    url = stored(installation)
    memory.set_outcome("nha.example", url, "archived")
    clock.pass_by(hours=1)
    memory.set_outcome("nha.example", url, "withdrawn", "đã gỡ: máy chủ trả lời 404")
    assert withdrawn_at(installation, url) == clock.now
    gone = clock.now
    clock.pass_by(hours=6)
    assert memory.due_for_revisit("nha.example", clock.now) == [url]
    memory.set_outcome("nha.example", url, "withdrawn", "đã gỡ: máy chủ trả lời 404")
    assert withdrawn_at(installation, url) == gone
    memory.set_outcome("nha.example", url, "archived")
    assert withdrawn_at(installation, url) is None


def test_a_bad_moment_of_the_server_does_not_end_the_visits(memory: SourceMemory, clock: Clock) -> None:
    memory.set_outcome("nha.example", "https://nha.example/a", "archived")
    clock.pass_by(hours=1)
    memory.set_outcome("nha.example", "https://nha.example/a", "error", "máy chủ trả lời 502")
    assert memory.outcome("https://nha.example/a") == "archived"
    assert memory.due_for_revisit("nha.example", clock.now) == []
    clock.pass_by(hours=1)
    assert memory.due_for_revisit("nha.example", clock.now) == ["https://nha.example/a"]


def test_more_than_fifty_pages_are_looked_at_again_in_one_pass(memory: SourceMemory, clock: Clock) -> None:
    memory.set_outcomes({"nha.example": [Settled(f"https://nha.example/{n}", "archived") for n in range(120)]})
    clock.pass_by(hours=1)
    assert len(memory.due_for_revisit("nha.example", clock.now)) == 120
