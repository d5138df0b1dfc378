"""`status` and `sources` tell the truth about what runs, what waits and how each source does."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, update

from crawlers.sink import CrawlResult
from monitor.archive import utc_now
from monitor.database import processes
from monitor.health.book import newest_posts
from monitor.installation import Installation
from monitor.process import Processor
from monitor.status import GONE_AFTER, beat, leave, source_statuses, status
from tests.monitor.conftest import Open
from tests.monitor.texts import COFFEE, FLOOD, STATION, article

EVERY = timedelta(minutes=15)
SOURCE = """
- {{id: {id}, name: "{name}", home: "https://{id}/", enabled: {enabled}, discovery: {{listings: ["https://{id}/"]}}}}
"""


@pytest.fixture
def watched(open_installation: Open, tmp_path: Path) -> Installation:
    file = tmp_path / "nguon.yaml"
    records = [
        ("bao.example", "Báo Nhà", "true"),
        ("khac.example", "Báo Khác", "true"),
        ("tat.example", "Tắt", "false"),
    ]
    file.write_text("".join(SOURCE.format(id=id, name=name, enabled=on) for id, name, on in records), encoding="utf-8")
    return open_installation(sources=file)


def ended(it: Installation, source: str, state: str, message: str = "") -> None:
    now = datetime.now(UTC)
    result = CrawlResult(source=source, state=state, message=message, started_at=now, finished_at=now)  # type: ignore[arg-type]
    it.memory.finished(result, EVERY)


def states(it: Installation) -> dict[str, str]:
    return {source.id: source.state for source in source_statuses(it)}


def test_a_new_installation_has_nothing_and_says_so(watched: Installation) -> None:
    found = status(watched)
    assert found.processes == ()
    assert found.outcomes == {"new": 0, "annotated": 0, "irrelevant": 0, "failed": 0}
    assert (found.indexed, found.sources_ok, found.sources_watched) == (0, 0, 2)
    assert found.newest_post_at is found.updated_at is found.oldest_waiting_at is None


def test_what_waits_and_what_is_done_is_counted(watched: Installation) -> None:
    now = datetime.now(UTC)
    watched.archive.store_many(
        [article("lu", FLOOD, now - timedelta(hours=5)), article("cf", COFFEE, now - timedelta(hours=2))]
    )
    Processor(watched).run()
    watched.archive.store(article("tram", STATION, now - timedelta(hours=3)))
    found = status(watched)
    assert found.outcomes == {"new": 1, "annotated": 1, "irrelevant": 1, "failed": 0}
    assert found.indexed == 1
    assert found.newest_post_at == now - timedelta(hours=2)
    assert found.oldest_waiting_at is not None
    assert found.updated_at is not None
    assert now <= found.updated_at <= found.oldest_waiting_at <= found.at


def test_a_process_that_beats_is_alive_and_says_what_it_does(watched: Installation) -> None:
    began = datetime.now(UTC) - timedelta(hours=1)
    beat(watched.engine, "worker", "đang chờ", started_at=began)
    beat(watched.engine, "worker", "đang thu thập Nhà", started_at=began)
    [worker] = status(watched).processes
    assert (worker.name, worker.pid, worker.doing) == ("worker", os.getpid(), "đang thu thập Nhà")
    assert worker.alive
    assert worker.started_at == began


def test_a_process_that_stopped_beating_is_shown_as_gone(watched: Installation) -> None:
    beat(watched.engine, "worker", "đang chờ", started_at=datetime.now(UTC))
    with watched.engine.begin() as connection:
        connection.execute(update(processes).values(beat_at=datetime.now(UTC) - GONE_AFTER - timedelta(seconds=1)))
    assert not status(watched).processes[0].alive


def test_a_process_that_left_in_order_is_not_shown(watched: Installation) -> None:
    beat(watched.engine, "worker", "đang chờ", started_at=datetime.now(UTC))
    leave(watched.engine, "worker")
    assert status(watched).processes == ()


def test_a_source_never_visited_is_unknown_and_one_switched_off_is_off(watched: Installation) -> None:
    assert states(watched) == {"bao.example": "unknown", "khac.example": "unknown", "tat.example": "off"}


@pytest.mark.parametrize("state", ["ok", "partial", "blocked", "failing"])
def test_a_source_is_in_the_state_that_its_last_run_left(watched: Installation, state: str) -> None:
    ended(watched, "bao.example", state, "vì sao")
    [found] = [source for source in source_statuses(watched) if source.id == "bao.example"]
    assert (found.state, found.message) == (state, "vì sao")


def test_sources_that_need_a_look_come_first(watched: Installation) -> None:
    ended(watched, "bao.example", "ok")
    ended(watched, "khac.example", "blocked")
    assert [source.id for source in source_statuses(watched)] == ["khac.example", "bao.example", "tat.example"]
    assert status(watched).sources_ok == 1


def test_a_source_that_works_but_brings_nothing_for_days_is_silent(watched: Installation) -> None:
    now = datetime.now(UTC)
    ended(watched, "bao.example", "ok")
    for back in range(12, 40):  # far enough for any week of holidays
        told = [article(f"lu-{back}-{n}", FLOOD, now - timedelta(days=back, hours=n)) for n in range(5)]
        watched.archive.store_many(told)
    [found] = [source for source in source_statuses(watched) if source.id == "bao.example"]
    assert found.state == "silent"
    assert found.message.startswith("không có bài mới đã 12 ngày, thường ")
    assert found.alarm is not None
    assert found.alarm.since == now - timedelta(days=12)
    watched.archive.store(article("tram", STATION, now - timedelta(hours=1)))
    assert states(watched)["bao.example"] == "ok"


def test_a_blocked_source_is_blocked_however_long_it_is_silent(watched: Installation) -> None:
    ended(watched, "bao.example", "blocked")
    watched.archive.store(article("lu", FLOOD, datetime.now(UTC) - timedelta(days=9)))
    assert states(watched)["bao.example"] == "blocked"


def test_posts_and_those_that_concern_the_province_are_counted_by_source(watched: Installation) -> None:
    now = datetime.now(UTC)
    watched.archive.store_many([article("lu", FLOOD, now), article("cf", COFFEE, now)])
    Processor(watched).run()
    [found] = [source for source in source_statuses(watched) if source.id == "bao.example"]
    assert (found.posts, found.relevant) == (2, 1)


def test_the_newest_post_of_a_source_is_one_step_into_an_index(installation: Installation) -> None:
    """Asked for all sources together, every post of the archive is read: a million of them take seconds."""
    if installation.engine.dialect.name != "sqlite":
        pytest.skip("how SQLite plans it")
    asked: list[tuple[str, object]] = []
    event.listen(installation.engine, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
    with installation.archive.read() as connection:
        assert newest_posts(connection, ["bao", "dien-dan"], utc_now()) == {}
        [(sql, parameters), _] = [each for each in asked if "max(" in each[0]]
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters).all()  # type: ignore[arg-type]
    assert [str(row[3]) for row in plan] == [
        "SEARCH posts USING COVERING INDEX posts_by_source (source=? AND counted_at<?)"
    ]
