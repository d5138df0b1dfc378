"""The archive keeps every post once, under its canonical URL, with exactly one outcome."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from crawlers.post import Post
from monitor.archive import Archive, IdTaken, post_id
from monitor.database import open_engine, posts
from monitor.migrate import migrate

pytestmark = pytest.mark.postgresql
NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


def make_archive(url: str, folder: Path) -> Archive:
    engine = open_engine(url)
    migrate(engine, folder / "lock")
    return Archive(engine, author_key=b"khoa", clock=lambda: NOW)


@pytest.fixture
def archive(archive_url: str, tmp_path: Path) -> Iterator[Archive]:
    made = make_archive(archive_url, tmp_path)
    yield made
    made.engine.dispose()


def post(name: str = "a", **changed: object) -> Post:
    url = f"https://bao.example/{name}.htm"
    values: dict[str, object] = {"url": url, "canonical_url": url, "source": "bao.example", "title": f"Tin {name}"}
    return Post(**(values | {"body": "Nước sông Hiếu lên nhanh trong đêm."} | changed))  # type: ignore[arg-type]


def test_same_text_twice_is_one_post(archive: Archive) -> None:
    assert archive.store(post()) == "new"
    assert archive.store(post()) == "unchanged"
    assert archive.outcomes() == {"new": 1, "annotated": 0, "irrelevant": 0, "failed": 0}


def test_the_same_url_twice_in_one_batch_is_one_post(archive: Archive) -> None:
    assert archive.store_many([post(), post(), post(body="Nước đã rút.")]) == ["new", "unchanged", "revised"]


def test_changed_text_is_a_revision_that_waits_again(archive: Archive) -> None:
    archive.store(post(body="12 ngôi nhà tốc mái."))
    [waiting] = archive.waiting(10)
    archive.mark_failed(waiting, "thử")
    assert archive.store(post(body="15 ngôi nhà tốc mái.")) == "revised"
    [again] = archive.waiting(10)
    assert (again.revision, again.post.body) == (2, "15 ngôi nhà tốc mái.")
    assert [r.body for r in archive.revisions(again.id)] == ["12 ngôi nhà tốc mái."]


def test_a_text_revised_while_it_was_processed_goes_on_waiting(archive: Archive) -> None:
    archive.store(post())
    [taken] = archive.waiting(1)
    archive.store(post(body="Bản sửa."))
    archive.mark_failed(taken, "bản cũ")
    assert archive.outcomes()["new"] == 1


def test_waiting_posts_come_in_the_order_of_publication(archive: Archive) -> None:
    for hours in (3, 1, 2):
        archive.store(post(str(hours), published_at=NOW - timedelta(hours=hours)))
    assert [waiting.post.title for waiting in archive.waiting(10)] == ["Tin 3", "Tin 2", "Tin 1"]


def test_a_date_in_the_future_counts_when_it_was_seen(archive: Archive) -> None:
    archive.store(post(published_at=NOW + timedelta(days=2)))
    assert archive.waiting(1)[0].counted_at == NOW


def test_names_of_people_who_comment_are_kept_only_as_a_keyed_hash(archive: Archive) -> None:
    archive.store(post("tin", author="Minh Sơn"))
    archive.store(post("binh-luan", kind="comment", author="khesanh_coffee"))
    authors = {waiting.post.kind: waiting.post.author for waiting in archive.waiting(10)}
    assert authors["news"] == "Minh Sơn"
    assert authors["comment"] is not None
    assert authors["comment"].startswith("#")
    assert "khesanh" not in authors["comment"]


def test_an_id_of_another_post_is_refused_and_nothing_of_the_batch_is_kept(archive: Archive) -> None:
    archive.store(post("a", id="7"))
    with pytest.raises(IdTaken):
        archive.store_many([post("b"), post("c", id="7")])
    assert archive.outcomes()["new"] == 1


@pytest.mark.parametrize(
    "odd", ["a\x00b", "a\ud83db", "a\uffffb", "😀"], ids=["NUL", "half a pair", "noncharacter", "emoji"]
)
def test_odd_characters_do_not_stop_a_batch(archive: Archive, odd: str) -> None:
    batch = [post("a"), post("b", title=odd, lead=odd, body=odd, author=odd, section=odd, tags=(odd,)), post("c")]
    assert archive.store_many(batch) == ["new", "new", "new"]
    assert archive.store_many(batch) == ["unchanged", "unchanged", "unchanged"]
    assert len(archive.waiting(10)) == 3


def test_the_id_comes_from_the_canonical_url(archive: Archive) -> None:
    archive.store(post())
    assert archive.waiting(1)[0].id == post_id("https://bao.example/a.htm")


def test_failed_posts_keep_their_reason_and_wait_again_when_asked(archive: Archive) -> None:
    archive.store(post())
    archive.mark_failed(archive.waiting(1)[0], "ValueError: chữ hỏng")
    assert [failed.reason for failed in archive.failed()] == ["ValueError: chữ hỏng"]
    assert archive.retry_failed() == 1
    assert archive.waiting(1)[0].attempts == 1


def test_posts_a_day_are_counted_by_days_in_viet_nam(archive: Archive) -> None:
    archive.store(post("a", published_at=datetime(2026, 11, 18, 16, 59, tzinfo=UTC)))  # 23:59 on the 18th
    archive.store(post("b", published_at=datetime(2026, 11, 18, 17, 0, tzinfo=UTC)))  # midnight
    found = archive.posts_per_day(NOW - timedelta(days=7), ["bao.example", "other.example"])
    assert found == {"bao.example": {"2026-11-18": 1, "2026-11-19": 1}}


def test_killed_while_storing_loses_nothing_that_was_confirmed(archive_url: str, tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from tests.monitor.test_archive import make_archive, post
        archive = make_archive(sys.argv[1], Path(sys.argv[2]))
        for number in range(100000):
            archive.store(post(str(number)))
            print(number, flush=True)
        """
    )
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", script, archive_url, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=root
    )
    assert process.stdout is not None
    confirmed = [int(next(process.stdout)) for _ in range(200)][-1]
    process.send_signal(signal.SIGKILL)
    confirmed = max([confirmed, *(int(line) for line in process.stdout.read().split("\n")[:-1])])
    stored = make_archive(archive_url, tmp_path).outcomes()["new"]
    assert stored in (confirmed + 1, confirmed + 2)


def test_old_posts_about_elsewhere_and_old_revisions_are_forgotten_and_all_else_is_kept(archive: Archive) -> None:
    for name, days in (("cu", 800), ("moi", 3)):
        archive.store(post(name, published_at=NOW - timedelta(days=days)))
        archive.store(post(name, published_at=NOW - timedelta(days=days), body="Bản sửa."))
    archive.store(post("cho", published_at=NOW - timedelta(days=800)))
    ids = {each.post.title: each.id for each in archive.waiting(10)}
    with archive.engine.begin() as connection:
        done = update(posts).where(posts.c.id.in_([ids["Tin cu"], ids["Tin moi"]]))
        connection.execute(done.values(outcome="irrelevant"))
    assert len(archive.forget_old_texts(timedelta(days=730))) == 1
    assert set(archive.get(list(ids.values()))) == {ids["Tin moi"], ids["Tin cho"]}
    assert len(archive.revisions(ids["Tin moi"])) == 1
