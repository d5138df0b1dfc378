"""Agreement is what the literature says it is: against scikit-learn, against distances counted by hand."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from nlp.agreement import agreement, alpha, kappa, masi
from nlp.labelled import Item

pairs = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=2, max_size=30)


def topics(*names: str) -> frozenset[str]:
    return frozenset(names)


@given(pairs)
@settings(max_examples=60, deadline=None)
def test_kappa_is_that_of_scikit_learn(read: list[tuple[str, str]]) -> None:
    one, other = [a for a, _ in read], [b for _, b in read]
    assume(len({*one, *other}) > 1)
    found = kappa(one, other, draws=20)
    assert found.value == pytest.approx(cohen_kappa_score(one, other), abs=1e-4)
    assert found.low <= found.high


def test_kappa_of_nothing_and_of_one_label() -> None:
    assert kappa([], []).value == 0
    assert kappa(["a", "a"], ["a", "a"]).value == 1


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        (topics("a"), topics("a"), 0),
        (topics("a"), topics("b"), 1),
        (topics("a"), topics("a", "b"), 1 - 1 / 2 * 2 / 3),
        (topics("a", "b"), topics("a", "c"), 1 - 1 / 3 * 1 / 3),
        (topics(), topics(), 0),
    ],
)
def test_masi(one: frozenset[str], other: frozenset[str], distance: float) -> None:
    assert masi(one, other) == pytest.approx(distance)
    assert masi(other, one) == pytest.approx(distance)


def test_alpha() -> None:
    a, b = topics("a"), topics("b")
    assert alpha([a, b, a], [a, b, a]) == 1
    # Four values of a, two of b: two readings of three differ in one; by chance 2 * 4 * 2 / 30 of the pairs differ.
    assert alpha([a, b, a], [a, b, b]) == pytest.approx(1 - (1 / 3) / (18 / 30), abs=1e-4)
    assert alpha([a, a], [a, a]) == 1
    assert alpha([], []) == 0


def test_readings_meet_by_address_and_only_where_both_say_something() -> None:
    one = {
        "1": Item(id="1", relevance=2, topics=("land",), sentiment="negative"),
        "2": Item(id="2", relevance=0, topics=("other",)),
        "3": Item(id="3", relevance=1, topics=("land", "economy"), sentiment="neutral"),
        "4": Item(id="4", relevance=1),
    }
    other = {**one, "3": Item(id="3", relevance=2, topics=("land",), sentiment="negative")}
    del other["4"]
    found = agreement(one, other)
    assert found["items"] == 3
    assert found["kappa"]["relevance"]["items"] == 3
    assert found["kappa"]["sentiment"]["items"] == 2
    assert found["kappa"]["main_topic"]["value"] == 1
    assert 0 < found["alpha"]["topics"]["value"] < 1
