"""A person's word about a post: kept, stronger than the models, undone, and gone with the post."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from crawlers.post import Post
from monitor.database import posts
from monitor.installation import Installation
from monitor.labels.records import Bad, Label, Read, corrected, read_labels, standing
from monitor.labels.store import LabelError, LabelStore
from monitor.labels.tables import labels
from monitor.process import Processor
from nlp.annotation import Annotation, Relevance
from tests.monitor.texts import COFFEE, FLOOD, article, thread

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


def label(url: str, *, hours: int = 0, **said: Any) -> Label:
    return Label(canonical_url=url, by="lan", at=NOW + timedelta(hours=hours), **said)


def flood() -> Post:
    return article("lu-song-hieu", FLOOD, NOW)


def annotation(installation: Installation, post: Post) -> Annotation:
    (found,) = installation.archive.by_url([post.canonical_url]).values()
    return installation.annotations.annotations([found.id])[found.id]


def test_a_correction_is_in_archive_and_index_after_the_next_processing(installation: Installation) -> None:
    post = flood()
    installation.archive.store(post)
    Processor(installation).run()
    assert annotation(installation, post).topics[0].code == "disaster"
    LabelStore(installation.engine).add([label(post.canonical_url, topics=("welfare",), sentiment="positive")])
    assert Processor(installation).run().total == 1
    after = annotation(installation, post)
    assert [(topic.code, topic.score) for topic in after.topics] == [("welfare", 1.0)]
    assert after.sentiment is not None
    assert after.sentiment.label == "positive"
    assert after.relevance.label == 2, "nobody said anything of it"
    (mention,) = installation.index.get([after.id])
    assert (mention.topics, mention.sentiment) == (("welfare",), "positive")


def test_a_correction_survives_processing_everything_again(installation: Installation) -> None:
    post = flood()
    installation.archive.store(post)
    LabelStore(installation.engine).add([label(post.canonical_url, sentiment="neutral")])
    for _ in range(2):
        installation.archive.process_again()
        Processor(installation).run()
        found = annotation(installation, post).sentiment
        assert found is not None
        assert found.label == "neutral"


def test_what_people_call_relevant_is_told_in_full_and_what_they_call_irrelevant_leaves(
    installation: Installation,
) -> None:
    ours, theirs = article("gia-ca-phe", COFFEE, NOW), flood()
    installation.archive.store_many([ours, theirs])
    Processor(installation).run()
    store = LabelStore(installation.engine)
    store.add([label(ours.canonical_url, relevance=2), label(theirs.canonical_url, relevance=0)])
    Processor(installation).run()
    assert annotation(installation, ours).relevance == Relevance(2, 1.0, "cán bộ gán nhãn")
    assert annotation(installation, ours).topics
    assert annotation(installation, ours).sentiment
    assert installation.index.ids() >= {annotation(installation, ours).id}
    assert annotation(installation, theirs).id not in installation.index.ids()


def test_replies_take_the_corrected_relevance_of_their_parent(installation: Installation) -> None:
    first, *replies = thread(NOW)
    installation.archive.store_many([first, *replies])
    LabelStore(installation.engine).add([label(first.canonical_url, relevance=0)])
    Processor(installation).run()
    assert annotation(installation, first).relevance.label == 0


def test_a_label_may_come_before_its_post(installation: Installation) -> None:
    post = flood()
    LabelStore(installation.engine).add([label(post.canonical_url, sentiment="positive")])
    installation.archive.store(post)
    Processor(installation).run()
    found = annotation(installation, post).sentiment
    assert found is not None
    assert found.label == "positive"


def test_the_latest_word_wins_for_each_thing_by_itself_and_can_be_taken_back(installation: Installation) -> None:
    store, url = LabelStore(installation.engine), "https://a.vn/1"
    first, second = store.add(
        [
            label(url, hours=2, topics=("health",), sentiment="negative"),
            label(url, hours=5, sentiment="neutral"),
        ]
    )
    store.add([label(url, hours=1, topics=("land",))])  # an older word that came later
    stands = store.standing([url])[url]
    assert (stands.topics, stands.sentiment, stands.relevance) == (("health",), "neutral", None)
    store.undo(second, by="minh")
    assert store.standing([url])[url].sentiment == "negative"
    store.undo(first, by="minh")
    assert store.standing([url])[url].topics == ("land",)
    assert len(store.of(url)) == 5, "nothing is ever changed or removed"
    for number in (second, 99):
        with pytest.raises(LabelError):
            store.undo(number, by="minh")


def test_undone_labels_leave_the_post_to_the_models(installation: Installation) -> None:
    post, store = flood(), LabelStore(installation.engine)
    installation.archive.store(post)
    (number,) = store.add([label(post.canonical_url, topics=("land",))])
    Processor(installation).run()
    store.undo(number, by="lan")
    assert Processor(installation).run().total == 1
    assert annotation(installation, post).topics[0].code == "disaster"


@pytest.mark.parametrize("labelled_first", [True, False])
def test_erasing_a_post_erases_its_labels(installation: Installation, labelled_first: bool) -> None:
    post, store = flood(), LabelStore(installation.engine)
    said = [label(post.canonical_url, sentiment="neutral")]
    if labelled_first:
        store.add(said)
    installation.archive.store(post)
    if not labelled_first:
        store.add(said)
    Processor(installation).run()
    with installation.engine.begin() as connection:
        connection.execute(delete(posts))
        assert connection.scalar(select(func.count()).select_from(labels)) == 0


def test_forgetting_by_address_reaches_labels_without_a_post(installation: Installation) -> None:
    store = LabelStore(installation.engine)
    (number, _) = store.add([label("https://a.vn/1", relevance=0), label("https://a.vn/2", relevance=1)])
    store.undo(number, by="lan")
    assert store.forget(["https://a.vn/1"]) == 1
    assert [said.canonical_url for said in store.every()] == ["https://a.vn/2"]


GOOD = {"url": "https://a.vn/1?utm_source=x", "topics": ["health", "welfare"], "by": "lan", "at": "2026-11-01"}


def read(tmp_path: Path, *records: object) -> list[Read | Bad]:
    path = tmp_path / "labels.jsonl"
    path.write_text(
        "\n".join(r if isinstance(r, str) else json.dumps(r, ensure_ascii=False) for r in records), encoding="utf-8"
    )
    return list(read_labels(path, by="", now=NOW))


def test_reading_a_file_of_labels(tmp_path: Path) -> None:
    (one,) = read(tmp_path, {**GOOD, "certainty": "unsure", "guideline": 1, "title": "text is let through unread"})
    assert isinstance(one, Read)
    assert one.label == Label(
        canonical_url="https://a.vn/1",
        topics=("health", "welfare"),
        by="lan",
        at=datetime(2026, 10, 31, 17, tzinfo=UTC),
        sure=False,
    )


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("{", "không phải JSON"),
        ("[1]", "không phải một đối tượng"),
        ({**GOOD, "url": ""}, "cần id hoặc url"),
        ({**GOOD, "url": "javascript:alert(1)"}, "url không hợp lệ"),
        ({**GOOD, "topics": ["weather"]}, "không có lĩnh vực weather"),
        ({**GOOD, "topics": ["other", "land"]}, "other không đi cùng"),
        ({**GOOD, "topics": ["land", "land"]}, "không trùng nhau"),
        ({**GOOD, "topics": None}, "không có nhãn nào"),
        ({**GOOD, "sentiment": "angry"}, "sentiment: phải là negative"),
        ({**GOOD, "relevance": 3}, "relevance: phải là 0, 1 hoặc 2"),
        ({**GOOD, "by": ""}, "không biết ai gán nhãn"),
        ({**GOOD, "at": "hôm qua"}, "hôm qua"),
    ],
)
def test_bad_lines_say_file_line_and_reason_and_the_rest_goes_in(tmp_path: Path, record: object, reason: str) -> None:
    bad, good = read(tmp_path, record, GOOD)
    assert isinstance(bad, Bad)
    assert bad.line == 1
    assert bad.file.endswith("labels.jsonl")
    assert reason in bad.reason
    assert isinstance(good, Read)
    assert good.line == 2


def test_agreeing_with_the_machine_keeps_its_reason() -> None:
    before = Annotation(id="1", relevance=Relevance(2, 0.9, "địa danh trong tiêu đề: xã Lệ Thủy"))
    said = standing([label("https://a.vn/1", relevance=2)])
    assert said is not None
    assert corrected(before, said).relevance == Relevance(2, 1.0, "địa danh trong tiêu đề: xã Lệ Thủy")
    assert before.models == {}, "the machine's own record is not written to"
