"""Sentence vectors: kept for relevant posts only, a bit at a time, gone with their post; likeness with and without."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy import text as sql

import monitor.meaning
from index.port import DIMENSIONS, MetadataChange
from monitor.archive import post_id
from monitor.database import embeddings, posts
from monitor.indexer import Indexer
from monitor.installation import Installation
from monitor.meaning import Meaning
from monitor.migrate import migrate
from monitor.process import Processor
from monitor.verify import verify
from nlp.embedder import Embeddings
from tests.monitor.texts import COFFEE, FLOOD, FLOOD_AFTER, STATION, article

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
FOREIGN = {"title": "Giá vàng thế giới lập đỉnh", "body": "Giá vàng giao ngay tăng mạnh trên sàn New York."}


class Topical:
    """Vectors with one direction for the river and one for the clinic."""

    version = "test-1"
    dimensions = DIMENSIONS

    def __init__(self) -> None:
        self.texts: list[str] = []

    def embed(self, texts: Sequence[str]) -> Embeddings:
        self.texts += texts
        raw = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for row, text in zip(raw, texts, strict=True):
            row[:3] = 1 + ("sông hiếu" in text.lower()) * 9, 1 + ("trạm y tế" in text.lower()) * 9, 1
        return raw / np.linalg.norm(raw, axis=1, keepdims=True)


@pytest.fixture
def filled(installation: Installation) -> Installation:
    told = [FLOOD, FLOOD_AFTER, COFFEE, STATION, FOREIGN]
    for n, text in enumerate(told):
        installation.archive.store_many([article(f"bai-{n}", text, NOW - timedelta(days=9 * n))])
    Processor(installation).run()
    return installation


def known(n: int) -> str:
    return post_id(f"https://bao.example/bai-{n}.htm")


def kept(installation: Installation) -> dict[str, str]:
    with installation.engine.connect() as connection:
        return dict(connection.execute(select(embeddings.c.post_id, embeddings.c.version)).tuples().all())


def test_relevant_posts_get_a_vector_once(filled: Installation) -> None:
    embedder = Topical()
    meaning = Meaning(filled.engine, filled.archive, embedder)
    assert meaning.fill(5) == 3
    assert kept(filled) == {known(n): "test-1" for n in (0, 1, 3)}
    assert not any("cà phê" in text or "vàng" in text for text in embedder.texts)
    assert meaning.fill(5) == 0


def test_no_time_means_no_work_and_a_new_version_replaces_the_old(filled: Installation) -> None:
    embedder = Topical()
    assert Meaning(filled.engine, filled.archive, embedder).fill(0) == 0
    Meaning(filled.engine, filled.archive, embedder).fill(5)
    embedder.version = "test-2"
    Meaning(filled.engine, filled.archive, embedder).fill(5)
    assert set(kept(filled).values()) == {"test-2"}


def test_a_vector_goes_with_its_post(filled: Installation) -> None:
    Meaning(filled.engine, filled.archive, Topical()).fill(5)
    with filled.engine.begin() as connection:
        connection.execute(posts.delete().where(posts.c.id == known(0)))
    assert known(0) not in kept(filled)


def test_the_index_learns_what_a_post_means_and_verify_misses_it(filled: Installation) -> None:
    filled.meaning._given = Topical()
    filled.meaning.fill(5)
    Indexer(filled).run()
    vectors = filled.meaning.vectors([known(0), known(1), known(2)])
    assert vectors.keys() == {known(0), known(1)}, "only relevant posts have one"
    assert [each.id for each in filled.index.similar(vectors[known(0)], limit=2)] == [known(0), known(1)]
    assert verify(filled).sound
    filled.index.update([MetadataChange(known(1), vector=b"")])
    assert verify(filled).stale == [known(1)]


def test_an_archive_of_before_tells_the_index_its_vectors(filled: Installation) -> None:
    """As after an upgrade: vectors in the archive, none in the index."""
    filled.meaning._given = Topical()
    filled.meaning.fill(5)
    Indexer(filled).run()
    with filled.engine.begin() as connection:
        connection.execute(sql("UPDATE alembic_version SET version_num = '0012'"))
    filled.index.update([MetadataChange(id, vector=b"") for id in (known(0), known(1), known(3))])
    migrate(filled.engine, filled.settings.data / "migrate.lock")
    Indexer(filled).run()
    assert verify(filled).sound


def test_where_more_is_kept_than_can_be_compared_the_index_knows_the_nearest(
    filled: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.meaning._given = Topical()
    filled.meaning.fill(5)
    Indexer(filled).run()
    for name in ("MOST", "CENTRE"):
        monkeypatch.setattr(monitor.meaning, name, 1)  # the newest alone, which is the post itself
    monkeypatch.setattr(monitor.meaning, "ENOUGH", 0)
    how, found = filled.meaning.similar(known(0))
    assert (how, found[0].id) == ("meaning", known(1))


def test_similar_posts_by_meaning(filled: Installation) -> None:
    meaning = Meaning(filled.engine, filled.archive, Topical())
    meaning.fill(5)
    how, found = meaning.similar(known(0))
    assert how == "meaning"
    assert found[0].id == known(1)
    assert known(0) not in [each.id for each in found]
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)


def test_the_likeliest_of_a_handful_is_not_called_similar(filled: Installation) -> None:
    meaning = Meaning(filled.engine, filled.archive, Topical())
    meaning.fill(5)
    with filled.engine.begin() as connection:
        connection.execute(embeddings.delete().where(embeddings.c.post_id != known(3)))
    how, _ = meaning.similar(known(0))
    assert how == "words", "one vector of three posts"


def test_similar_posts_by_words_where_nothing_is_installed(
    filled: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor.meaning, "load_embedder", lambda: None)
    meaning = Meaning(filled.engine, filled.archive)
    assert meaning.fill(5) == 0
    how, found = meaning.similar(known(0))
    assert how == "words"
    assert found[0].id == known(1)
    with pytest.raises(KeyError):
        meaning.similar("nobody")


def test_posts_of_the_same_story_are_not_called_similar(installation: Installation) -> None:
    for n, text in enumerate([FLOOD, FLOOD]):
        installation.archive.store_many([article(f"bai-{n}", text, NOW - timedelta(hours=n), f"bao{n}.example")])
    Processor(installation).run()
    meaning = Meaning(installation.engine, installation.archive, Topical())
    meaning.fill(5)
    assert meaning.similar(post_id("https://bao0.example/bai-0.htm")) == ("meaning", [])
