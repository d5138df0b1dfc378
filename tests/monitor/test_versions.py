"""Counters of what changed: no writer can forget them, and nothing that readers do not see raises them."""

from __future__ import annotations

from sqlalchemy import event, insert, select

from crawlers.post import Post
from monitor import labels, saved_searches  # noqa: F401 - their tables
from monitor.archive import utc_now
from monitor.database import metadata, posts
from monitor.installation import Installation
from monitor.people.roles import Role
from monitor.people.tables import source_switches
from monitor.process import Processor
from monitor.status import beat
from monitor.versions import MENTIONS, OTHER, POSTS, SOURCES, part_of

TITLE = "Sạt lở chia cắt quốc lộ 9 qua xã Hướng Phùng, Quảng Trị"


def post(number: int) -> Post:
    url = f"https://bao.example/{number}"
    return Post(url=url, canonical_url=url, source="bao", title=f"{TITLE} lần {number}", body=TITLE)


def test_every_table_raises_a_counter_that_was_chosen_for_it() -> None:
    """A new table raises `other`, which costs polls their 304 until somebody says what it is part of."""
    parts = {name: part_of(name) for name in metadata.tables}
    assert {name for name, part in parts.items() if part == OTHER} == set()
    assert {parts[name] for name in ("annotations", "stories", "index_changes")} == {MENTIONS}
    assert (parts["posts"], parts["source_switches"], parts["audit"]) == (POSTS, SOURCES, None)
    assert part_of("mot_bang_moi") == OTHER


def test_a_post_raises_posts_and_once_understood_mentions(installation: Installation) -> None:
    versions = installation.versions
    before = versions.now(POSTS), versions.now(MENTIONS)
    installation.archive.store(post(1))
    stored = versions.now(POSTS), versions.now(MENTIONS)
    assert stored[0] != before[0]
    assert stored[1] == before[1]
    Processor(installation).run()
    assert versions.now(MENTIONS) != stored[1]


def test_the_index_is_never_newer_than_the_counter_for_long(installation: Installation) -> None:
    """The last thing that happens to a mention on its way into the index raises the counter, too."""
    installation.archive.store(post(1))
    seen = []
    write = installation.index.upsert

    def upsert(*arguments: object, **options: object) -> object:
        done = write(*arguments, **options)  # type: ignore[arg-type]
        seen.append(installation.versions.now(MENTIONS))
        return done

    installation.index.upsert = upsert  # type: ignore[method-assign, assignment]
    Processor(installation).run()
    assert seen
    assert installation.versions.now(MENTIONS) != seen[-1]


def test_reading_beating_and_signing_in_raise_nothing(installation: Installation) -> None:
    parts = (POSTS, MENTIONS, SOURCES)
    before = installation.versions.now(*parts)
    with installation.archive.read() as connection:
        connection.execute(select(posts)).all()
    beat(installation.engine, "worker", "đang chờ", started_at=utc_now())
    installation.desk.people.add("lan", Role.viewer, by="test")
    assert installation.versions.now(*parts) == before


def test_what_was_rolled_back_raises_nothing(installation: Installation) -> None:
    before = installation.versions.now(SOURCES)
    with installation.engine.connect() as connection:
        values = {"source": "bao", "enabled": False, "by": "test", "at": utc_now(), "note": ""}
        connection.execute(insert(source_switches).values(**values))
        connection.rollback()
        connection.commit()
    assert installation.versions.now(SOURCES) == before
    installation.switches.set("bao", enabled=False, by="test")
    assert installation.versions.now(SOURCES) != before


def test_who_looks_while_a_change_is_being_committed_sees_it_afterwards(installation: Installation) -> None:
    """Its counters are kept for a second, but not beyond this process's own change."""
    versions = installation.versions
    before, seen = versions.lately(SOURCES), []
    event.listen(installation.engine, "commit", lambda _: seen.append(versions.lately(SOURCES)))
    installation.switches.set("bao", enabled=False, by="test")
    assert before in seen
    assert versions.lately(SOURCES) == versions.now(SOURCES) != before
