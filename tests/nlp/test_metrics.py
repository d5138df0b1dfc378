"""Figures are right: against scikit-learn, against cases counted by hand, and their intervals mean what they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support
from sklearn.preprocessing import MultiLabelBinarizer

from nlp import metrics
from nlp.metrics import Bin, Case

LABELS = ["a", "b", "c"]
names = st.lists(st.sampled_from(LABELS), min_size=1, max_size=3, unique=True).map(tuple)


def case(number: int, truth: tuple[str, ...], given: tuple[str, ...], sure: float = 0.9, group: str = "") -> Case:
    return Case(id=str(number), truth=truth, given=given, scores={given[0]: sure} if given else {}, group=group)


@given(pairs=st.lists(st.tuples(names, names), min_size=1, max_size=40))
@settings(max_examples=50, deadline=None)
def test_figures_are_those_of_scikit_learn(pairs: list[tuple[tuple[str, ...], tuple[str, ...]]]) -> None:
    cases = [case(i, truth, found) for i, (truth, found) in enumerate(pairs)]
    marks = MultiLabelBinarizer(classes=LABELS)
    true, found = marks.fit_transform([p[0] for p in pairs]), marks.transform([p[1] for p in pairs])
    seen = [i for i, label in enumerate(LABELS) if true[:, i].any() or found[:, i].any()]
    assert metrics.measured(cases, metrics.micro_f1, 5).value == pytest.approx(
        f1_score(true, found, average="micro"), abs=1e-4
    )
    with_truth = [i for i in seen if true[:, i].any()]
    assert metrics.measured(cases, metrics.macro_f1, 5).value == pytest.approx(
        f1_score(true, found, average=None, zero_division=0)[with_truth].mean(), abs=1e-4
    )
    first = [p[0][0] for p in pairs], [p[1][0] for p in pairs]
    assert metrics.measured(cases, metrics.accuracy, 5).value == pytest.approx(accuracy_score(*first), abs=1e-4)
    expected = precision_recall_fscore_support(true, found, zero_division=0)
    for score in metrics.by_label(cases, draws=5):
        place = LABELS.index(score.label)
        figures = [score.precision.value, score.recall.value, score.f1.value]
        assert figures == pytest.approx([expected[part][place] for part in range(3)], abs=1e-4)
        assert score.items == true[:, place].sum()
    order, table = metrics.confusion(cases)
    assert table.tolist() == confusion_matrix(*first, labels=order).tolist()


def test_macro_counts_labels_with_enough_items_only() -> None:
    cases = [case(i, ("a",), ("a",)) for i in range(12)] + [case(99, ("b",), ("a",))]
    counts = metrics.Counts(cases)
    assert metrics.macro_f1(counts, counts.draws(1), least=10)[0] == pytest.approx(24 / 25)
    assert metrics.macro_f1(counts, counts.draws(1), least=1)[0] == pytest.approx(12 / 25)
    assert metrics.macro_f1(counts, counts.draws(1), least=50)[0] == pytest.approx(12 / 25), "no label has enough: all"


def test_any_of_several_main_labels_is_right() -> None:
    assert Case(id="1", truth=("a", "b"), given=("b",), scores={}, main=("a", "b")).right
    assert not case(1, ("a", "b"), ("b",)).right
    assert not case(1, ("a",), ()).right


def test_intervals_hold_the_figure_and_shrink_with_items() -> None:
    def width(count: int) -> float:
        cases = [case(i, ("a",), ("a",) if i % 4 else ("b",)) for i in range(count)]
        found = metrics.measured(cases, metrics.accuracy)
        assert found.low <= found.value <= found.high
        return found.high - found.low

    assert width(1600) < width(100) / 2
    # 95 % of a binomial of p = .75, n = 1600: 4.2 points wide
    assert width(1600) == pytest.approx(0.042, abs=0.006)


def test_items_of_one_story_count_as_one_draw() -> None:
    alone = [case(i, ("a",), ("a",) if i < 50 else ("b",)) for i in range(100)]
    together = [case(i, c.truth, c.given, group=str(i % 50 // 10 + 10 * (i >= 50))) for i, c in enumerate(alone)]
    one, other = (metrics.measured(cases, metrics.accuracy) for cases in (alone, together))
    assert one.value == other.value
    assert other.high - other.low > 1.5 * (one.high - one.low)


def test_reliability_and_its_error() -> None:
    cases = [case(i, ("a",), ("a",), 0.95) for i in range(9)] + [case(9, ("a",), ("b",), 0.95)]
    cases += [case(10, ("a",), ("a",), 0.52), case(11, ("a",), ("b",), 0.58)]
    bins = metrics.reliability(cases)
    assert [(round(b.sure, 3), b.right, b.cases) for b in bins] == [(0.55, 0.5, 2), (0.95, 0.9, 10)]
    assert metrics.calibration_error(bins) == pytest.approx((10 * 0.05 + 2 * 0.05) / 12, abs=1e-4)
    assert metrics.reliability([case(1, ("a",), ("a",), 1.0)]) == [Bin(1.0, 1.0, 1)]


def test_worst_are_the_wrong_ones_that_were_sure() -> None:
    cases = [case(1, ("a",), ("b",), 0.6), case(2, ("a",), ("b",), 0.9), case(3, ("a",), ("a",), 1.0)]
    assert [c.id for c in metrics.worst(cases)] == ["2", "1"]


def test_a_large_difference_is_real_and_a_small_one_is_not() -> None:
    rng = np.random.default_rng(3)
    truth = [("a",) if x else ("b",) for x in rng.random(400) < 0.5]

    def answers(right: float, seed: int) -> list[Case]:
        good = np.random.default_rng(seed).random(400) < right
        return [case(i, t, t if g else ("c",)) for i, (t, g) in enumerate(zip(truth, good, strict=True))]

    better = metrics.difference(answers(0.9, 1), answers(0.7, 2), metrics.accuracy)
    assert better.real
    assert better.low > 0
    assert better.doubt < 0.01
    assert metrics.difference(answers(0.7, 2), answers(0.9, 1), metrics.accuracy).high < 0
    same = metrics.difference(answers(0.80, 1), answers(0.80, 2), metrics.accuracy)
    assert not same.real
    assert same.doubt > 0.02


def test_a_model_is_no_better_than_itself() -> None:
    cases = [case(i, ("a",), ("a",) if i % 3 else ("b",)) for i in range(60)]
    found = metrics.difference(cases, cases, metrics.macro_f1)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)
    assert not found.real


def test_pairing_sees_what_two_intervals_do_not() -> None:
    """Ten of 200 items better and none worse: each interval holds the other figure, yet the difference is real."""
    old = [case(i, ("a",), ("a",) if i < 120 else ("b",)) for i in range(200)]
    new = [case(i, ("a",), ("a",) if i < 130 else ("b",)) for i in range(200)]
    assert metrics.measured(old, metrics.accuracy).high > metrics.measured(new, metrics.accuracy).value
    assert metrics.difference(new, old, metrics.accuracy).real


def test_other_items_are_no_comparison() -> None:
    with pytest.raises(ValueError, match="same items"):
        metrics.difference([case(1, ("a",), ("a",))], [case(2, ("a",), ("a",))], metrics.accuracy)


def test_nothing_is_measured_of_nothing() -> None:
    assert metrics.measured([], metrics.micro_f1) == (0.0, 0.0, 0.0)
    assert metrics.difference([], [], metrics.accuracy).real is False
    assert metrics.calibration_error([]) == 0.0
