"""A model is taught a few labels more: it learns them, keeps what it knew, and is the same to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.adapt import adapted
from nlp.linear import LinearModel, Settings, train
from tests.nlp.test_linear import LABELS, TEXTS

NEW = ["cà phê được mùa", "hồ tiêu mất giá", "ca cao lên giá", "cà phê rớt giá hôm qua"]


@pytest.fixture(scope="module")
def base() -> LinearModel:
    return train([*TEXTS, *NEW], [*LABELS, *[("school",)] * 4], Settings(least=1, folds=3))


def best(model: LinearModel, texts: list[str]) -> list[str]:
    return [model.labels[int(row.argmax())] for row in model.scores(texts)]


def test_it_learns_what_it_is_taught_and_keeps_the_rest(base: LinearModel) -> None:
    taught = adapted(base, NEW, [("flood",)] * 4)
    assert best(base, NEW) == ["school"] * 4
    assert best(taught, NEW) == ["flood"] * 4
    assert best(taught, ["ca phe duoc mua"]) == ["flood"], "also without accents"
    assert best(taught, TEXTS) == best(base, TEXTS)


def test_the_more_it_agrees_the_less_it_moves(base: LinearModel) -> None:
    taught = adapted(base, TEXTS[:4], LABELS[:4])
    moved = float(np.abs(taught.weights - base.weights).max())
    assert moved < float(np.abs(adapted(base, NEW, [("flood",)] * 4).weights - base.weights).max()) / 2


def test_teaching_is_the_same_to_the_bit(base: LinearModel) -> None:
    one, other = (adapted(base, NEW, [("flood",)] * 4) for _ in range(2))
    assert one.weights.tobytes() == other.weights.tobytes()
    assert one.bias.tobytes() == other.bias.tobytes()


def test_a_label_it_does_not_know(base: LinearModel) -> None:
    with pytest.raises(ValueError, match="does not know sport"):
        adapted(base, ["bóng đá"], [("sport",)])
