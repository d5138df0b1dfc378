"""The front door: everything the interface promises of one post, for any text."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.annotate import Annotator
from nlp.annotation import SENTIMENTS, TOPICS, Document

FLOOD = Document(
    id="1",
    title="Mưa lớn làm sạt lở đường ở xã Hướng Phùng, ba nhà bị vùi",
    lead="Đêm qua mưa lớn gây sạt lở nghiêm trọng tại xã Hướng Phùng, tỉnh Quảng Trị.",
    body="Ba ngôi nhà bị vùi lấp, hai người bị thương nặng. Chính quyền đang sơ tán người dân khỏi vùng nguy hiểm.",
)
PRAISE = Document(
    id="2", kind="comment", body="cam on thay co o truong Ba Don, con em tien bo nhieu lam, tuyet voi", local=True
)
FAR = Document(id="3", title="Giá vàng ở Hà Nội tăng", lead="Vàng miếng tăng mạnh phiên sáng.")


@pytest.fixture(scope="module")
def annotator() -> Annotator:
    return Annotator.load()


def test_a_post_of_the_province(annotator: Annotator) -> None:
    annotation = annotator.annotate(FLOOD)
    assert annotation.relevance.label == 2
    assert [place.name for place in annotation.places] == ["xã Hướng Phùng", "tỉnh Quảng Trị"]
    assert annotation.topics[0].code == "disaster"
    assert annotation.sentiment is not None
    assert annotation.sentiment.label == "negative"
    assert annotation.sentiment.sentence in FLOOD.text
    assert "Quảng Trị" not in annotation.terms
    assert {"topics", "sentiment", "places", "relevance"} <= set(annotation.models)


def test_a_comment_without_accents(annotator: Annotator) -> None:
    annotation = annotator.annotate(PRAISE)
    assert annotation.topics[0].code == "education"
    assert annotation.sentiment is not None
    assert annotation.sentiment.label == "positive"


def test_irrelevant_posts_are_spared_unless_everything_is_asked(annotator: Annotator) -> None:
    plain, full = annotator.annotate(FAR), annotator.annotate(FAR, everything=True)
    assert (plain.relevance.label, plain.topics, plain.sentiment) == (0, (), None)
    assert full.topics[0].code == "economy"
    assert full.sentiment is not None


def test_many_are_the_same_as_one_by_one(annotator: Annotator) -> None:
    documents = [FLOOD, FAR, PRAISE, Document(id="4")]
    assert annotator.annotate_many(documents) == [annotator.annotate(document) for document in documents]


def test_record(annotator: Annotator) -> None:
    record = json.loads(json.dumps(annotator.annotate(FLOOD).as_json(), ensure_ascii=False))
    assert set(record) == {"id", "relevance", "places", "topics", "sentiment", "terms", "entities", "models"}
    assert set(record["places"][0]) == {"id", "name", "level", "surface", "start", "end"}
    assert abs(sum(record["sentiment"]["scores"].values()) - 1) < 0.001


def test_unknown_province() -> None:
    with pytest.raises(FileNotFoundError):
        Annotator.load("atlantis")


words = st.sampled_from(
    ["xã Lệ Thủy", "Quảng Trị", "mưa", "lũ", "Đông Hà Nội", "ko", "đẹp quáaaa", "\u200b", "<p>", "🙂", "\n"]
)
texts = st.lists(st.one_of(words, st.text(max_size=6)), max_size=15).map(" ".join)


@given(title=texts, body=texts, kind=st.sampled_from(["news", "comment"]), form=st.sampled_from(["NFC", "NFD"]))
@settings(max_examples=60, deadline=None)
def test_any_text_is_annotated(annotator: Annotator, title: str, body: str, kind: str, form: str) -> None:
    body = unicodedata.normalize(form, body)  # type: ignore[arg-type]
    document = Document(id="x", title=title, body=body, kind=kind)
    annotation = annotator.annotate(document, everything=True)
    for place in annotation.places:
        assert document.text[place.start : place.end] == place.surface
    assert all(topic.code in TOPICS for topic in annotation.topics)
    assert len(annotation.topics) <= 3
    assert annotation.sentiment is None or annotation.sentiment.label in SENTIMENTS
    assert len(annotation.fingerprint) in (0, 64)
