"""Linear text models without pickle: TF-IDF n-grams, one linear separator per label, calibrated probabilities.

A model is a folder: `weights.npz` (float16), `vocabulary.txt` (one n-gram a line), `card.json` (what it is, from which
data, how good). Training is reproducible to the bit on one machine.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from nlp.features import Floats, Grams, counts, inverse_frequency, vocabulary, weighted, with_copies
from nlp.text import exact


class ModelError(ValueError):
    """A model folder is missing, incomplete or of a format that this version cannot read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to train. `features`: size of the chi2-selected vocabulary; `least`: texts that must hold an n-gram."""

    multi: bool = False
    words: int = 2
    chars: tuple[int, int] | None = None
    domains: bool = False
    features: int = 20_000
    least: int = 2
    strength: float = 0.5
    balanced: bool = False
    folds: int = 5

    @property
    def grams(self) -> Grams:
        return Grams(self.words, self.chars, self.domains)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearModel:
    """A trained model. `weights`: (vocabulary x labels); `slope`, `offset`: margin -> probability, for each label."""

    labels: tuple[str, ...]
    settings: Settings
    index: dict[str, int]
    inverse: Floats
    weights: Floats
    bias: Floats
    slope: Floats
    offset: Floats
    thresholds: Floats
    card: dict[str, Any] = field(default_factory=dict)

    @property
    def version(self) -> str:
        return str(self.card.get("version", "0"))

    def scores(self, texts: Sequence[str]) -> Floats:
        """(texts x labels) probabilities for texts of any spelling; rows add up to 1 unless labels may combine."""
        return self.scores_of([exact(text) for text in texts])

    def scores_of(self, exact_texts: Sequence[str]) -> Floats:
        """`scores` for texts that have been through `exact`."""
        if not exact_texts:
            return np.zeros((0, len(self.labels)))
        matrix = weighted(counts(exact_texts, self.settings.grams, self.index), self.inverse)
        return _probabilities(matrix @ self.weights + self.bias, self.slope, self.offset, self.settings.multi)

    def decide(self, row: Floats) -> list[tuple[str, float]]:
        """Labels with scores, best first: all of them, or for a multi-label model those above their thresholds."""
        order = np.argsort(-row, kind="stable")
        ranked = [(self.labels[i], round(float(row[i]), 4)) for i in order]
        if not self.settings.multi:
            return ranked
        margins = row - self.thresholds
        return [pair for i, pair in zip(order, ranked, strict=True) if margins[i] >= 0] or ranked[:1]

    def save(self, folder: Path, card: dict[str, Any] | None = None) -> None:
        """Writes the folder; `card` is added to what the model says of itself (labels, settings, version)."""
        folder.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(
            folder / "weights.npz",
            weights=self.weights.astype(np.float16),
            inverse=self.inverse.astype(np.float16),
            bias=self.bias.astype(np.float32),
            slope=self.slope.astype(np.float32),
            offset=self.offset.astype(np.float32),
            thresholds=self.thresholds.astype(np.float32),
        )
        words = sorted(self.index, key=self.index.__getitem__)
        (folder / "vocabulary.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
        digest = hashlib.sha256((folder / "weights.npz").read_bytes()).hexdigest()
        own = {"version": digest[:12], "labels": list(self.labels), "settings": asdict(self.settings)}
        text = json.dumps({**self.card, **(card or {}), **own}, ensure_ascii=False, indent=1)
        (folder / "card.json").write_text(text + "\n", encoding="utf-8")


def load(folder: Path) -> LinearModel:
    """The model in a folder. Raises ModelError when it is not there or cannot be read."""
    try:
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        words = (folder / "vocabulary.txt").read_text(encoding="utf-8").splitlines()
        with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
            values = {name: arrays[name].astype(np.float64) for name in arrays.files}
        settings = Settings(**{**card["settings"], "chars": tuple(card["settings"]["chars"] or ()) or None})
        index = {word: i for i, word in enumerate(words)}
        return LinearModel(labels=tuple(card["labels"]), settings=settings, index=index, card=card, **values)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"no readable model in {folder}: {error}") from error


def _probabilities(margins: Floats, slope: Floats, offset: Floats, multi: bool) -> Floats:
    scores = 1.0 / (1.0 + np.exp(-np.clip(margins * slope + offset, -30, 30)))
    if not multi:
        scores = scores / np.maximum(scores.sum(axis=1, keepdims=True), 1e-9)
    return np.asarray(scores)


def train(
    texts: Sequence[str],
    labels: Sequence[Collection[str]],
    settings: Settings,
    *,
    known: Sequence[Collection[str] | None] | None = None,
    weights: Sequence[float] | None = None,
) -> LinearModel:
    """Trains on texts with their labels (one each unless `settings.multi`).

    `known`: for a text whose labels are only partly known, the labels that it speaks for (present or absent);
    None for a text that was labelled in full. `weights`: how much each text counts.
    Raises ValueError when there are fewer than two labels or a label has fewer than two texts.
    """
    names, truth, mask = _targets(labels, known)
    copies = with_copies(texts)
    truth2, mask2 = np.vstack([truth, truth]), np.vstack([mask, mask])
    importance = np.tile(np.asarray(weights if weights is not None else np.ones(len(texts))), 2)
    words = vocabulary(copies, settings.grams, settings.least)
    matrix = counts(copies, settings.grams, {word: i for i, word in enumerate(words)})
    chosen = _select(matrix, truth2, mask2, settings.features)
    matrix = csr_matrix(matrix[:, chosen])
    inverse = inverse_frequency(matrix).astype(np.float16).astype(np.float64)  # as it will be stored
    matrix = weighted(matrix, inverse)
    margins = _out_of_fold(matrix, truth2, mask2, importance, settings)
    slope, offset = _calibrate(margins, truth2, mask2)
    thresholds = _thresholds(_probabilities(margins, slope, offset, settings.multi), truth2, mask2)
    coefficients, bias = _separate(matrix, truth2, mask2, importance, settings)
    return LinearModel(
        labels=tuple(names),
        settings=settings,
        index={words[column]: i for i, column in enumerate(chosen)},
        inverse=inverse,
        weights=coefficients.astype(np.float16).astype(np.float64),
        bias=bias,
        slope=slope,
        offset=offset,
        thresholds=thresholds,
    )


def _targets(
    labels: Sequence[Collection[str]], known: Sequence[Collection[str] | None] | None
) -> tuple[list[str], Floats, Floats]:
    """Label names, (texts x labels) 0/1 truth, and the same shape of what is known at all."""
    names = sorted({label for each in labels for label in each})
    if len(names) < 2:
        raise ValueError("training needs at least two different labels")
    truth = np.array([[name in each for name in names] for each in labels], dtype=np.float64)
    mask = np.ones_like(truth)
    for row, spoken in enumerate(known or ()):
        if spoken is not None:
            mask[row] = [name in spoken for name in names]
    rare = [name for name, count in zip(names, truth.sum(axis=0), strict=True) if count < 2]
    if rare:
        raise ValueError(f"too few texts to learn from, at least two each: {', '.join(rare)}")
    return names, truth, mask


def _select(matrix: csr_matrix, truth: Floats, mask: Floats, features: int) -> list[int]:
    """Columns that tell labels apart best: the largest chi2 over the labels, in column order."""
    from sklearn.feature_selection import chi2

    if matrix.shape[1] <= features:
        return list(range(matrix.shape[1]))
    best = np.zeros(matrix.shape[1])
    for column in range(truth.shape[1]):
        rows = mask[:, column] > 0
        if truth[rows, column].any() and not truth[rows, column].all():
            scores, _ = chi2(matrix[rows], truth[rows, column])
            best = np.maximum(best, np.nan_to_num(scores))
    order = np.lexsort((np.arange(len(best)), -best))
    return sorted(int(i) for i in order[:features])


def _separate(
    matrix: csr_matrix, truth: Floats, mask: Floats, importance: Floats, settings: Settings
) -> tuple[Floats, Floats]:
    """One linear separator for each label: (features x labels) coefficients and biases."""
    from sklearn.svm import LinearSVC

    coefficients, biases = [], []
    for column in range(truth.shape[1]):
        rows = mask[:, column] > 0
        separator = LinearSVC(
            C=settings.strength, class_weight="balanced" if settings.balanced else None, random_state=7, max_iter=3000
        )
        target = truth[rows, column]
        if len(set(target)) < 2:
            coefficients.append(np.zeros(matrix.shape[1]))
            biases.append(-1.0)
            continue
        separator.fit(matrix[rows], target, sample_weight=importance[rows])
        coefficients.append(separator.coef_[0])
        biases.append(float(separator.intercept_[0]))
    return np.array(coefficients).T, np.array(biases)


def _out_of_fold(matrix: csr_matrix, truth: Floats, mask: Floats, importance: Floats, settings: Settings) -> Floats:
    """Margins of each text from separators that did not see it (nor its unaccented copy)."""
    half = matrix.shape[0] // 2
    folds = np.tile(np.random.default_rng(7).permutation(half) % settings.folds, 2)
    margins = np.zeros_like(truth)
    for fold in range(settings.folds):
        held, rest = folds == fold, folds != fold
        coefficients, bias = _separate(matrix[rest], truth[rest], mask[rest], importance[rest], settings)
        margins[held] = matrix[held] @ coefficients + bias
    return margins


def _calibrate(margins: Floats, truth: Floats, mask: Floats) -> tuple[Floats, Floats]:
    """Platt's sigmoid for each label, from margins on unseen texts."""
    from sklearn.linear_model import LogisticRegression

    slope, offset = np.ones(truth.shape[1]), np.zeros(truth.shape[1])
    for column in range(truth.shape[1]):
        rows = mask[:, column] > 0
        target = truth[rows, column]
        if 0 < target.sum() < len(target):
            sigmoid = LogisticRegression(C=100.0).fit(margins[rows, column : column + 1], target)
            slope[column], offset[column] = sigmoid.coef_[0, 0], sigmoid.intercept_[0]
    return slope, offset


def _thresholds(scores: Floats, truth: Floats, mask: Floats) -> Floats:
    """For each label the score from which giving it is best for F1, drawn towards the common one when rare."""
    grid = np.arange(0.15, 0.66, 0.025)
    full = mask.min(axis=1) > 0

    def f1(columns: slice, level: float) -> float:
        given, true = scores[full, columns] >= level, truth[full, columns] > 0
        return float(2 * (given & true).sum() / max(1, given.sum() + true.sum()))

    common = max(grid, key=lambda level: f1(slice(None), level))
    result = []
    for column in range(truth.shape[1]):
        here = slice(column, column + 1)
        best = max(grid, key=lambda level: f1(here, level))
        trust = truth[full, column].sum() / (truth[full, column].sum() + 60)
        result.append(trust * best + (1 - trust) * common)
    return np.array(result)
