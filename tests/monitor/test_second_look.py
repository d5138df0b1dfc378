"""The second look in the archive: taken with a post's vector, told to the index, never over what people said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitor.archive import post_id
from monitor.indexer import Indexer
from monitor.installation import Installation
from monitor.process import Processor, of_reply
from monitor.verify import verify
from nlp.annotate import Annotator
from nlp.annotation import Annotation, Relevance, SentimentResult, Topic
from nlp.embedder import Embeddings
from tests.monitor.texts import FLOOD, STATION, article

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
ID = post_id("https://bao.example/bai-0.htm")
NEW = SentimentResult("positive", {"negative": 0.1, "neutral": 0.1, "positive": 0.8}, "Tốt.")


class Vectors:
    version = "cheap-1"
    dimensions = 3

    def __init__(self) -> None:
        self.asked = 0

    def embed(self, texts: Sequence[str]) -> Embeddings:
        self.asked += len(texts)
        return np.ones((len(texts), 3), dtype=np.float32)


class Unsure:
    """The installation's annotator, which doubts the sentiment and topics of everything and then calls it praise."""

    def __init__(self, annotator: Annotator) -> None:
        self._annotator = annotator
        self.province = annotator.province

    def annotate_many(self, documents: Sequence[object], *, everything: bool = False) -> list[Annotation]:
        found = self._annotator.annotate_many(documents, everything=everything)  # type: ignore[arg-type]
        return [replace(a, models={**a.models, "doubted": "topics sentiment"}) for a in found]

    def second_reads(self, version: str) -> bool:
        return version == Vectors.version

    def look_again(
        self, documents: Sequence[object], annotations: Sequence[Annotation], vectors: Embeddings
    ) -> list[Annotation]:
        done = []
        for annotation in annotations:
            models = annotation.settled("topics", "sentiment")
            topics = (Topic("tourism", 0.9),) if "topics" in annotation.doubted else annotation.topics
            mood = NEW if "sentiment" in annotation.doubted else annotation.sentiment
            done.append(replace(annotation, topics=topics, sentiment=mood, models=models | {"sentiment": "second"}))
        return done


@pytest.fixture
def unsure(installation: Installation) -> Installation:
    installation.__dict__["annotator"] = Unsure(installation.annotator)
    installation.meaning._given = Vectors()
    told = [article("bai-0", FLOOD, NOW), article("bai-1", STATION, NOW - timedelta(days=9))]
    installation.archive.store_many(told)
    Processor(installation).run()
    return installation


def test_what_was_doubted_is_decided_with_the_vector_and_the_index_hears_of_it(unsure: Installation) -> None:
    before = unsure.annotations.annotations([ID])[ID]
    assert before.doubted == ("topics", "sentiment")
    unsure.meaning.fill(5)
    after = unsure.annotations.annotations([ID])[ID]
    assert after.sentiment == NEW
    assert [topic.code for topic in after.topics] == ["tourism"]
    assert after.doubted == ()
    assert after.models["sentiment"] == "second"
    assert (after.places, after.terms, after.relevance) == (before.places, before.terms, before.relevance)
    Indexer(unsure).run()
    assert unsure.index.get([ID])[0].sentiment == "positive"
    assert verify(unsure).sound


def test_a_post_that_is_annotated_again_is_looked_at_again(unsure: Installation) -> None:
    unsure.meaning.fill(5)
    unsure.archive.process_again()
    Processor(unsure).run()
    assert unsure.annotations.annotations([ID])[ID].doubted
    unsure.meaning.fill(5)
    assert unsure.annotations.annotations([ID])[ID].sentiment == NEW


def test_a_post_that_was_edited_meanwhile_waits_for_its_new_text(unsure: Installation) -> None:
    before = unsure.annotations.annotations([ID])[ID]
    edited = {**FLOOD, "body": FLOOD["body"] + " Đã sửa."}

    class Slow(Vectors):
        def embed(self, texts: Sequence[str]) -> Embeddings:
            unsure.archive.store_many([article("bai-0", edited, NOW)])
            return super().embed(texts)

    unsure.meaning._given = Slow()
    unsure.meaning.fill(0.001)
    assert unsure.annotations.annotations([ID])[ID] == before


def test_topics_that_a_reply_has_from_its_parent_are_not_in_doubt() -> None:
    models = {"topics": "1", "sentiment": "1", "doubted": "topics sentiment"}
    parent = Annotation(id="p", relevance=Relevance(2, 1.0, "tên"), topics=(Topic("health", 0.9),))
    reply = Annotation(id="r", relevance=Relevance(0, 0.1, "không"), topics=(Topic("land", 0.2),), models=models)
    told = of_reply(reply, parent)
    assert (told.topics, told.doubted) == (parent.topics, ("sentiment",))
    alone = of_reply(reply, replace(parent, topics=()))
    assert (alone.topics, alone.doubted) == (reply.topics, ("topics", "sentiment"))
