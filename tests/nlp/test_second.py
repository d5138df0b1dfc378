"""The second look: asked only in doubt, of the model that it was learnt for, and it says what the meaning says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import nlp.annotate
from nlp.annotate import Annotator
from nlp.annotation import DOUBTED, Document
from nlp.embedder import Embeddings
from nlp.linear import LinearModel, Settings, load, train
from nlp.models.build import SECOND_LOOKS
from nlp.second import SecondSettings, learn, load_second
from nlp.train import shipped_folder

TEXTS = ["lũ lên nhanh", "mưa gây lũ", "trường khai giảng", "trường chấm thi"] * 6
LABELS: list[tuple[str, ...]] = [("flood",), ("flood",), ("school",), ("school",)] * 6
SETTINGS = SecondSettings("cheap-1", meaning=1.0, doubt=0.8)
DOUBTFUL = [Document(id=str(n), title=f"{title} ở phường Đông Hà, Quảng Trị") for n, title in enumerate(
    ["Chuyện bên bờ sông", "Người trẻ về quê làm việc", "Đêm dài", "Đổi thay", "Hàng cây trên phố", "Một ngày ở chợ"]
)]  # fmt: skip


def vectors(labels: list[tuple[str, ...]]) -> Embeddings:
    return np.array([[label == ("flood",), label == ("school",), 1] for label in labels], dtype=np.float32)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> LinearModel:
    folder = tmp_path_factory.mktemp("first")
    train(TEXTS, LABELS, Settings(least=1, folds=3)).save(folder)
    return load(folder)


def test_it_decides_by_the_meaning_where_the_words_say_nothing(first: LinearModel, tmp_path: Path) -> None:
    unseen = np.full((len(TEXTS), 2), 0.5)
    learn(first, unseen, vectors(LABELS), LABELS, SETTINGS).save(tmp_path / "topics.npz")
    look = load_second("topics", first, tmp_path)
    assert look is not None
    scores = look.scores(np.full((2, 2), 0.5), vectors([("flood",), ("school",)]))
    assert [first.labels[row.argmax()] for row in scores] == ["flood", "school"]
    assert np.allclose(scores.sum(axis=1), 1)
    assert look.doubts(np.array([0.7, 0.3]))
    assert not look.doubts(np.array([0.9, 0.1]))


def test_it_is_of_one_first_model_only(first: LinearModel, tmp_path: Path) -> None:
    learn(first, np.full((len(TEXTS), 2), 0.5), vectors(LABELS), LABELS, SETTINGS).save(tmp_path / "topics.npz")
    assert load_second("topics", replace(first, card={"version": "retrained"}), tmp_path) is None
    assert load_second("sentiment", first, tmp_path) is None


def test_what_ships_belongs_together() -> None:
    for task in SECOND_LOOKS:
        assert load_second(task, load(shipped_folder(task))) is not None, f"rebuild the second look at {task}"


def test_only_what_is_doubted_is_decided_anew() -> None:
    annotator = Annotator.load()
    before = annotator.annotate_many(DOUBTFUL)
    assert any(annotation.doubted for annotation in before)
    some = np.random.default_rng(3).normal(size=(len(before), 384)).astype(np.float32)
    after = annotator.look_again(DOUBTFUL, before, some)
    for old, new in zip(before, after, strict=True):
        assert DOUBTED not in new.models
        for task in ("topics", "sentiment"):
            asked = task in old.doubted
            assert (new.models[task] != old.models[task]) == asked, "which model answered is told"
            assert asked or getattr(new, task) == getattr(old, task)


class Engine:
    """Stands in for the vectors that the shipped second look was learnt with."""

    dimensions = 384

    def __init__(self, version: str) -> None:
        self.version, self.asked = version, 0

    def embed(self, texts: Sequence[str]) -> Embeddings:
        self.asked += len(texts)
        return np.random.default_rng(3).normal(size=(len(texts), 384)).astype(np.float32)


def test_only_doubted_relevant_posts_cost_a_vector(monkeypatch: pytest.MonkeyPatch) -> None:
    annotator = Annotator.load()
    version = next(look.embedder for look in annotator._second.values())
    elsewhere = [replace(document, title=document.title.split(" ở ")[0]) for document in DOUBTFUL]
    found = annotator.annotate_many(DOUBTFUL + elsewhere, everything=True)
    engine = Engine(version)
    monkeypatch.setattr(nlp.annotate, "load_embedder", lambda: engine)
    settled = annotator.settle(DOUBTFUL + elsewhere, found, relevant=True)
    assert engine.asked == sum(bool(a.doubted) for a in found if a.relevance.label) > 0
    assert [a.doubted for a in settled] == [a.doubted if a.relevance.label == 0 else () for a in found]


@pytest.mark.parametrize("engine", [None, Engine("another-engine")])
def test_without_its_engine_everything_stays(engine: Engine | None, monkeypatch: pytest.MonkeyPatch) -> None:
    annotator = Annotator.load()
    found = annotator.annotate_many(DOUBTFUL)
    monkeypatch.setattr(nlp.annotate, "load_embedder", lambda: engine)
    assert annotator.settle(DOUBTFUL, found) == found
    assert annotator.versions() == annotator.models


def test_irrelevant_posts_are_not_doubted() -> None:
    (annotation,) = Annotator.load().annotate_many([Document(id="1", title="Chuyện bên bờ sông ở Hà Nội")])
    assert annotation.relevance.label == 0
    assert annotation.doubted == ()
