"""What the worker sees rise: kept up to date batch by batch, equal to a replay, with officers' actions upon it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import event

from crawlers.post import Post
from monitor.annotated import Annotated
from monitor.archive import post_id, utc_now
from monitor.database import annotation_rows, story_changes
from monitor.installation import Installation
from monitor.rising import HISTORY
from monitor.rising.live import LiveIssues
from nlp.annotation import Annotation, Relevance, SentimentResult, Topic

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
OUTLETS = ("qtnm", "dhtt", "tntb", "dsvn", "pldn", "antt", "tnvn")


def tell(it: Installation, story: str, moments: Sequence[datetime], *, relevance: int = 2) -> list[str]:
    """Puts posts of one story into the archive as annotated, one an outlet in turn. Returns their ids."""
    posts = []
    for number, at in enumerate(moments):
        url = f"https://{OUTLETS[number % 7]}.example/{story}-{number}.html"
        source = OUTLETS[number % 7]
        posts.append(
            Post(
                id=post_id(url), url=url, canonical_url=url, source=source, kind="news",
                title=f"{story} tin {number}", lead="", body="", published_at=at, method="family:test",
            )
        )  # fmt: skip
    it.archive.store_many(posts)
    kept = it.archive.get([post.id or "" for post in posts])
    annotated = [Annotated(kept[post.id or ""], _annotation(post.id or "", relevance), story) for post in posts]
    it.annotations.record(annotated, {story: f"Vụ {story}"})
    return [post.id or "" for post in posts]


def _annotation(id: str, relevance: int) -> Annotation:
    return Annotation(
        id=id,
        relevance=Relevance(relevance, 0.9, ""),  # type: ignore[arg-type]
        topics=(Topic("disaster", 0.9),),
        sentiment=SentimentResult("negative", {"negative": 0.9}, ""),
    )


@pytest.fixture
def quiet(installation: Installation) -> Installation:
    """Four weeks of ordinary stories, five a day, most told once."""
    for day in range(1, 29):
        for turn in range(5):
            at = NOW - timedelta(days=day, hours=turn * 2)
            several = 2 if (day + turn) % 5 == 0 else 1
            tell(installation, f"thuong-{day}-{turn}", [at + timedelta(hours=(1 + turn) * n) for n in range(several)])
    return installation


def live(it: Installation) -> LiveIssues:
    return LiveIssues(it.evidence, it.issue_store, it.weights)


def hours(*ago: float) -> list[datetime]:
    return [NOW - timedelta(hours=each) for each in ago]


def test_a_batch_brings_an_issue_and_the_next_one_its_figures(quiet: Installation) -> None:
    watching = live(quiet)
    assert watching.update(NOW - timedelta(hours=3)) == []
    tell(quiet, "lu", hours(2.9, 2.6, 2.4, 2.2, 2.1))
    [first] = watching.update(NOW - timedelta(hours=2))
    tell(quiet, "lu-nua", hours(1.5))
    tell(quiet, "lu", hours(2.9, 2.6, 2.4, 2.2, 2.1, 1.4, 1.2))
    [later] = watching.update(NOW - timedelta(hours=1))
    assert (first.id, later.id) == ("lu", "lu")
    assert (first.figures.now, later.figures.now) == (5, 7)
    assert first.since == later.since


def test_what_the_worker_saw_is_what_is_read_and_what_a_replay_finds(quiet: Installation) -> None:
    tell(quiet, "lu", hours(2.9, 2.6, 2.4, 2.2, 2.1))
    seen = live(quiet).update(NOW)
    now = quiet.issue_store.now()
    assert now is not None
    assert (now.at, now.issues) == (NOW, seen)
    assert [issue.id for issue in quiet.issues(NOW + timedelta(seconds=30))] == ["lu"]
    [replayed] = quiet.issues(NOW + timedelta(minutes=10))
    assert (replayed.id, replayed.figures.voices, replayed.since) == ("lu", seen[0].figures.voices, seen[0].since)


def test_the_worker_begins_in_short_steps_and_then_sees_what_it_sees_at_once(
    quiet: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a million mentions beginning takes half a minute; between two steps posts are processed."""
    tell(quiet, "lu", hours(2.9, 2.6, 2.4, 2.2, 2.1))
    monkeypatch.setattr("monitor.rising.live.SLICE", 0.0)
    monkeypatch.setattr("monitor.rising.live.utc_now", lambda: NOW)
    watching, turns = live(quiet), 0
    while quiet.issue_store.now() is None:
        watching.turn(changed=True)
        turns += 1
    assert turns > 40
    now = quiet.issue_store.now()
    assert now is not None
    assert [(i.id, i.figures) for i in now.issues] == [(i.id, i.figures) for i in live(quiet).update(NOW)]


def test_recent_posts_are_read_again_part_by_part_within_ten_minutes(quiet: Installation) -> None:
    """What changes without having been processed again: a story merged by itself, a post erased."""
    watching = live(quiet)
    tell(quiet, "lu", hours(2.9, 2.6, 2.4, 2.2, 2.1))
    assert [issue.id for issue in watching.update(NOW)] == ["lu"]
    with quiet.engine.begin() as connection:
        rows = annotation_rows.c
        connection.execute(annotation_rows.update().where(rows.story_id == "lu").values(story_id="khac"))
    seen = [[issue.id for issue in watching.update(NOW + timedelta(minutes=n))] for n in range(1, 12)]
    assert seen[-1] == ["khac"]


def test_a_large_archives_last_look_stands_in_while_a_worker_begins_again(
    quiet: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says since when: to judge a hundred thousand mentions would take each reader a quarter of a minute."""
    monkeypatch.setattr("monitor.rising.live.utc_now", lambda: NOW)
    looked = NOW - timedelta(hours=9)
    tell(quiet, "lu", hours(10, 10.2, 10.4, 10.6, 10.8, 11))
    before = live(quiet).update(looked)
    tell(quiet, "chay", hours(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7))
    ids = {issue.id for issue in before}
    assert "lu" in ids
    small = quiet.look(NOW)
    assert (small.at, "chay" in {issue.id for issue in small.issues}) == (NOW, True), "a small archive is judged anew"
    monkeypatch.setattr("monitor.rising.live.FEW", 1)
    found = quiet.look(NOW)
    assert (found.at, {issue.id for issue in found.issues}) == (looked, ids)
    assert "chay" in {issue.id for issue in quiet.issues(NOW, patient=True)}, "a command waits"
    monkeypatch.setattr("monitor.rising.live.utc_now", lambda: NOW + timedelta(hours=1))
    assert "chay" in {issue.id for issue in quiet.issues(NOW)}, "a past moment is judged by what was known then"


def test_a_large_archive_that_nobody_judged_yet_says_so(quiet: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(quiet, "lu", hours(2.9, 2.6, 2.4, 2.2, 2.1))
    monkeypatch.setattr("monitor.rising.live.utc_now", lambda: NOW)
    monkeypatch.setattr("monitor.rising.live.FEW", 1)
    found = quiet.look(NOW)
    assert (found.at, found.issues) == (None, [])
    monkeypatch.setattr("monitor.installation.utc_now", lambda: NOW)
    monkeypatch.setattr("monitor.installation.FEW", 1)
    assert quiet.rose(NOW - timedelta(days=1)) is None
    live(quiet).update(NOW)
    assert [issue.id for issue in quiet.look(NOW).issues] == ["lu"]


def test_how_many_rose_at_a_moment_before_is_known_from_what_was_kept(
    quiet: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The overview compares with yesterday; a replay for it would read five weeks again."""
    tell(quiet, "lu", hours(26.9, 26.6, 26.4, 26.2, 26.1))
    live(quiet).update(NOW)
    monkeypatch.setattr("monitor.installation.utc_now", lambda: NOW)
    yesterday = NOW - timedelta(days=1)
    assert [issue.id for issue in quiet.issues(yesterday)] == ["lu"]
    monkeypatch.setattr(quiet.evidence, "between", None)
    assert (quiet.rose(yesterday), quiet.rose(NOW - timedelta(days=2))) == (1, 0)
    quiet.issue_store.act("lu", "mute", "", "lan", yesterday)
    assert quiet.rose(yesterday) == 0, "who is hidden is not counted"


def test_changes_of_state_are_kept_once_whoever_watches(quiet: Installation) -> None:
    tell(quiet, "lu", hours(9, 8.7, 8.4, 8.2, 8))
    live(quiet).update(NOW - timedelta(hours=7))
    live(quiet).update(NOW - timedelta(hours=6.9))
    first = live(quiet)
    first.update(NOW)
    first.update(NOW + timedelta(hours=40))
    states = [change.state for change in quiet.issue_store.changes("lu")]
    assert states[0] in ("emerging", "rising")
    assert states[-1] == "closed"
    assert all(one != next for one, next in pairwise(states))


def test_a_post_that_came_late_or_moved_to_another_story_counts_where_it_belongs(quiet: Installation) -> None:
    watching = live(quiet)
    tell(quiet, "lu", hours(2.9, 2.6, 2.4))
    watching.update(NOW - timedelta(hours=1))
    late = tell(quiet, "lu-khac", hours(2.8, 2.5, 2.3, 2.2, 2.0))
    watching.update(NOW - timedelta(minutes=50))
    kept = quiet.archive.get(late)
    moved = [Annotated(kept[id], _annotation(id, 2), "lu") for id in late]
    quiet.annotations.record(moved, {"lu": "Vụ lũ"})
    [issue] = watching.update(NOW - timedelta(minutes=40))
    assert (issue.id, issue.figures.mentions) == ("lu", 8)


def test_a_post_that_is_no_longer_about_the_province_counts_no_more(quiet: Installation) -> None:
    watching = live(quiet)
    ids = tell(quiet, "lu", hours(2.9, 2.6, 2.4, 2.2, 2.1))
    assert watching.update(NOW - timedelta(hours=1))
    kept = quiet.archive.get(ids)
    quiet.annotations.record([Annotated(kept[id], _annotation(id, 0)) for id in ids[1:]], {})
    assert watching.update(NOW + timedelta(hours=6)) == []


def test_a_replay_of_the_archive_is_the_same_when_what_came_later_is_cut_away(quiet: Installation) -> None:
    tell(quiet, "lu", hours(20, 19.5, 19, 18.7, 18.5, 9, 8.5, 8, 3, 2))
    tell(quiet, "chay", hours(6, 5.8, 5.5, 5.2, 5))
    since, cut = NOW - timedelta(hours=24), NOW - timedelta(hours=7)
    whole = {at: issues for at, issues in quiet.issue_history(since, NOW) if at <= cut}
    asked = quiet.issues(cut)
    with quiet.engine.begin() as connection:
        connection.execute(annotation_rows.delete().where(annotation_rows.c.counted_at > cut))
    assert dict(quiet.issue_history(since, cut)) == whole
    assert quiet.issues(cut) == asked
    assert any(issue.id == "lu" for issues in whole.values() for issue in issues)


def test_an_officers_actions_hold_from_then_on_and_can_be_undone(quiet: Installation) -> None:
    tell(quiet, "lu", hours(2.9, 2.6, 2.4, 2.2, 2.1))
    store = quiet.issue_store
    muted = store.act("lu", "mute", "", "Lan", NOW - timedelta(minutes=30))
    assert [issue.id for issue in quiet.issues(NOW - timedelta(hours=1))] == ["lu"]
    assert quiet.issues(NOW) == []
    assert store.undo(muted, "Minh", NOW + timedelta(minutes=1))
    assert not store.undo(muted, "Minh", NOW + timedelta(minutes=2))
    assert quiet.issues(NOW) == []
    assert [issue.id for issue in quiet.issues(NOW + timedelta(minutes=5))] == ["lu"]
    assert [(action.by, action.undone_by) for action in store.actions("lu")] == [("Lan", "Minh")]


def test_merged_issues_are_told_as_one_and_pinned_ones_first(quiet: Installation) -> None:
    tell(quiet, "lu", hours(2.9, 2.6, 2.4, 2.2, 2.1, 2.0, 1.9))
    tell(quiet, "chay", hours(2.8, 2.5, 2.3, 2.2, 2.0))
    assert [issue.id for issue in quiet.issues(NOW)] == ["lu", "chay"]
    store, soon = quiet.issue_store, NOW + timedelta(minutes=1)
    pinned = store.act("chay", "pin", "", "Lan", NOW)
    assert [issue.id for issue in quiet.issues(soon)] == ["chay", "lu"]
    store.undo(pinned, "Lan", NOW)
    store.act("chay", "merge", "lu", "Lan", NOW)
    [one] = quiet.issues(soon)
    assert one.id == "lu"
    assert set(one.stories) == {"lu", "chay"}


def test_a_past_that_comes_to_light_later_corrects_what_was_taken_for_rising(installation: Installation) -> None:
    """The first pass over an outlet brings today before last month: against nothing, everything seems to rise."""
    watching = live(installation)
    tell(installation, "thuong", hours(2.9, 2.6, 2.4))
    watching.update(NOW)
    for day in range(1, 25):
        for turn in range(3):
            at = NOW - timedelta(days=day, hours=turn * 2)
            tell(installation, f"cu-{day}-{turn}", [at + timedelta(minutes=20 * n) for n in range(4)])
    assert "thuong" not in [issue.id for issue in watching.update(NOW + timedelta(minutes=1))]
    kept = installation.issue_store.changes("thuong")
    assert not kept or kept[-1].state == "closed"


def test_a_story_that_was_merged_away_leaves_its_life_and_what_was_done_to_it(quiet: Installation) -> None:
    watching = live(quiet)
    ids = tell(quiet, "moi", hours(2.9, 2.6, 2.4, 2.2, 2.1))
    tell(quiet, "cu", hours(30))
    [before] = watching.update(NOW - timedelta(hours=1))
    quiet.issue_store.act("moi", "known", "xã đã báo", "Lan", NOW - timedelta(minutes=59))
    kept = quiet.archive.get(ids)
    quiet.annotations.record([Annotated(kept[id], _annotation(id, 2), "cu") for id in ids], {"cu": "Vụ cũ"})
    with quiet.engine.begin() as connection:
        connection.execute(story_changes.insert().values(kind="merge", story_id="cu", other_id="moi", posts=5, at=NOW))
    [after] = watching.update(NOW - timedelta(minutes=50))
    assert (before.id, after.id) == ("moi", "cu")
    assert after.since == before.since
    assert quiet.issue_store.changes("cu")[0].at == before.changes[0].at
    assert [action.value for action in quiet.issue_store.in_force(NOW)["cu"]] == ["xã đã báo"]
    assert [action.value for action in quiet.issue_store.actions("cu")] == ["xã đã báo"]


def test_what_was_annotated_lately_is_found_by_when_that_was(installation: Installation) -> None:
    """Not by looking through all mentions of five weeks after each batch, which may be a hundred thousand."""
    if installation.engine.dialect.name != "sqlite":
        pytest.skip("how SQLite plans it")
    asked: list[str] = []
    event.listen(installation.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    now = utc_now()
    installation.evidence.processed_since(now, now - HISTORY, now)
    sql = next(each for each in asked if "annotations" in each).replace("?", "''")
    with installation.archive.read() as connection:
        plan = " ".join(str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}"))
    assert "posts_by_processed_at" in plan
    assert "annotations_by_time" not in plan
