"""Linear models: they learn, they are the same after a trip to disk, they read unaccented text."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nlp.linear import LinearModel, ModelError, Settings, load, train

FLOOD = ["nước lũ lên nhanh ngập đường", "mưa lớn gây sạt lở núi", "bão vào làm tốc mái nhà", "lũ quét cuốn trôi cầu"]
SCHOOL = [
    "học sinh đến trường khai giảng",
    "thầy cô dạy lớp mới",
    "trường học thi tốt nghiệp",
    "giáo viên chấm bài thi",
]
TEXTS = [f"{text} {extra}" for text in FLOOD + SCHOOL for extra in ("hôm qua", "sáng nay", "tuần trước", "")]
LABELS = [("flood",)] * 16 + [("school",)] * 16
SETTINGS = Settings(least=1, folds=3)


@pytest.fixture(scope="module")
def model() -> LinearModel:
    return train(TEXTS, LABELS, SETTINGS)


def test_it_learns_and_reads_without_accents(model: LinearModel) -> None:
    scores = model.scores(
        ["Lũ lên, sạt lở nhiều nơi", "lu len, sat lo nhieu noi", "Trường học khai giảng", "truong hoc khai giang"]
    )
    best = [model.decide(row)[0][0] for row in scores]
    assert best == ["flood", "flood", "school", "school"]
    assert np.allclose(scores.sum(axis=1), 1)


def test_the_more_copies_without_accents_count_the_surer_they_are_read() -> None:
    weak, strong = (train(TEXTS, LABELS, replace(SETTINGS, plain=plain)) for plain in (0.01, 4.0))
    flood = weak.labels.index("flood")
    sure = [float(model.scores(["lu quet sat lo hom qua"])[0, flood]) for model in (weak, strong)]
    assert sure[1] > sure[0] > 0.5


def test_text_without_accents_is_also_read_with_those_it_likely_had(model: LinearModel) -> None:
    twice = replace(model, settings=replace(SETTINGS, restore=True))
    bare, restored, accented = "sat lo nui", "sạt lở núi", "sạt lở núi sáng nay"
    expected = (model.margins_of([bare]) + model.margins_of([restored])) / 2
    assert np.allclose(twice.margins_of([accented, bare])[1], expected)
    assert np.allclose(twice.margins_of([accented]), model.margins_of([accented]))


def test_what_an_ngram_says_of_a_label_alone_counts_too() -> None:
    plain, weighed = (train(TEXTS, LABELS, replace(SETTINGS, bayes=bayes)) for bayes in (False, True))
    word = plain.index["trường"]
    share = [abs(model.weights[word, 0]) / np.abs(model.weights[:, 0]).sum() for model in (plain, weighed)]
    assert share[1] > share[0], "it stands in most texts of one label and in none of the other"
    assert [weighed.decide(row)[0][0] for row in weighed.scores(["lũ lên", "thi tốt nghiệp"])] == ["flood", "school"]


def test_with_one_calibration_for_all_the_highest_margin_decides() -> None:
    pooled = train(TEXTS + ["chợ họp"] * 2, [*LABELS, ("market",), ("market",)], replace(SETTINGS, pooled=True))
    texts = ["lũ họp trường", "chợ khai giảng", "nước thầy"]
    margins, scores = pooled.margins_of(texts), pooled.scores(texts)
    assert len(set(pooled.slope)) == len(set(pooled.offset)) == 1
    assert (margins.argmax(axis=1) == scores.argmax(axis=1)).all()


def test_disk_changes_nothing(model: LinearModel, tmp_path: Path) -> None:
    model.save(tmp_path, {"licence": "test"})
    again = load(tmp_path)
    assert np.allclose(again.scores(TEXTS), model.scores(TEXTS), atol=1e-5)
    assert again.card["licence"] == "test"
    assert again.version != "0"


def test_training_is_reproducible_to_the_bit(tmp_path: Path) -> None:
    for name in ("a", "b"):
        train(TEXTS, LABELS, SETTINGS).save(tmp_path / name)
    for file in ("weights.npz", "vocabulary.txt", "card.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_labels_may_combine() -> None:
    both = [f"{one} {two}" for one in FLOOD for two in SCHOOL]
    texts, labels = TEXTS + both, [*LABELS, *[("flood", "school")] * len(both)]
    multi = train(texts, labels, Settings(multi=True, least=1, folds=3))
    given = {label for label, _ in multi.decide(multi.scores(["lũ ngập đường, trường học hoãn khai giảng"])[0])}
    assert given == {"flood", "school"}


def test_one_label_is_all_there_is() -> None:
    model = train(["a b", "b c", "c d"], [("one",)] * 3, SETTINGS)
    assert [model.decide(row)[0] for row in model.scores(["a b", "gì đó khác"])] == [("one", 1.0)] * 2


def test_a_label_of_one_text_is_learnt_too() -> None:
    texts, labels = [*TEXTS, "bóng đá đêm qua"], [*LABELS, ("sport",)]
    model = train(texts, labels, SETTINGS)
    assert model.labels == ("flood", "school", "sport")
    own, other = model.scores(["bóng đá đêm qua", "lũ quét cuốn trôi cầu"])[:, 2]
    assert own > 2 * other


def test_no_texts_are_no_training() -> None:
    with pytest.raises(ValueError, match="texts with labels"):
        train([], [], SETTINGS)


def test_unreadable_models(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        load(tmp_path)
    (tmp_path / "card.json").write_text(json.dumps({"labels": []}))
    with pytest.raises(ModelError):
        load(tmp_path)


def test_models_that_were_damaged_or_mixed_up(model: LinearModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    weights, words = tmp_path / "weights.npz", tmp_path / "vocabulary.txt"
    whole, known = weights.read_bytes(), words.read_text(encoding="utf-8")
    for cut in (0, 100, len(whole) // 2):
        weights.write_bytes(whole[:cut])
        with pytest.raises(ModelError):
            load(tmp_path)
    weights.write_bytes(whole)
    words.write_text(known.partition("\n")[2], encoding="utf-8")
    with pytest.raises(ModelError, match="another vocabulary"):
        load(tmp_path)


def test_empty_input(model: LinearModel) -> None:
    assert model.scores([]).shape == (0, 2)
    assert model.scores(["", "🙂"]).shape == (2, 2)


@pytest.mark.parametrize("step", range(3))
def test_a_killed_training_leaves_no_mixture(
    model: LinearModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    model.save(tmp_path)
    other = replace(model, weights=-model.weights)
    steps = iter(range(3))
    real = Path.replace

    def killed(self: Path, target: Path) -> Path:
        if next(steps) == step:
            raise KeyboardInterrupt
        return real(self, target)

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        other.save(tmp_path)
    with pytest.raises(ModelError):
        load(tmp_path)
    monkeypatch.undo()
    other.save(tmp_path)
    assert load(tmp_path).version != "0"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["card.json", "vocabulary.txt", "weights.npz"]


def test_training_that_cannot_write_its_weights_leaves_the_old_model(
    model: LinearModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.save(tmp_path)
    before = load(tmp_path).version

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match="no space"):
        replace(model, weights=-model.weights).save(tmp_path)
    assert load(tmp_path).version == before
