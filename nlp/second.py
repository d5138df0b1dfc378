"""A second look at what a first model doubts: its scores beside the sentence embedding, one logistic model a task.

The first model reads words, the embedding knows texts that say the same in other words. Learnt from what the first
model says of texts that it did not see; used only where the first model's best score is under `doubt`, so that it
costs an embedding for a part of the relevant posts and nothing elsewhere (`python -m bench.meaning`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nlp.embedder import Embeddings
from nlp.features import Floats
from nlp.linear import LinearModel, ModelError, seen_from, thresholds_for

FOLDER = Path(__file__).parent / "models" / "second"
_WORDS, _SURE = 1 / 3, 1e-5  # how much the first model's log odds count beside the embedding; where they end


@dataclass(frozen=True, slots=True, eq=False)
class SecondLook:
    """`weights`: (labels + dimensions x labels), of a first model of this `first` version and the engine `embedder`.

    `doubt`: the best score of the first model below which it is asked. `thresholds`: of labels that combine.
    """

    first: str
    embedder: str
    multi: bool
    doubt: float
    weights: Floats
    bias: Floats
    centre: Floats
    thresholds: Floats
    version: str = ""

    def doubts(self, scores: Floats) -> bool:
        """Whether a first model that gave these scores should be helped."""
        return bool(scores.max() < self.doubt)

    def scores(self, first: Floats, vectors: Embeddings) -> Floats:
        """(texts x labels) from the first model's scores and the texts' embeddings."""
        margins = _table(first, vectors, self.centre) @ self.weights + self.bias
        if self.multi:
            return np.asarray(1.0 / (1.0 + np.exp(-np.clip(margins, -30, 30))))
        raised = np.exp(margins - margins.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))

    def save(self, path: Path) -> None:
        arrays = {name: getattr(self, name).astype(np.float16) for name in ("weights", "bias", "centre", "thresholds")}
        path.parent.mkdir(exist_ok=True)
        names = np.array([self.first, self.embedder])
        np.savez_compressed(path, names=names, doubt=np.array([self.doubt]), multi=np.array([self.multi]), **arrays)


def load_second(task: str, first: LinearModel | None, folder: Path = FOLDER) -> SecondLook | None:
    """The shipped second look at a task; None where there is none for just this first model.

    Raises ModelError for a file that cannot be read.
    """
    path = folder / f"{task}.npz"
    if first is None or not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            parts = {name: stored[name].astype(np.float64) for name in ("weights", "bias", "centre", "thresholds")}
            version, embedder = (str(name) for name in stored["names"])
            doubt, multi = float(stored["doubt"][0]), bool(stored["multi"][0])
    except (OSError, KeyError, ValueError) as error:
        raise ModelError(f"no readable second look in {path}: {error}") from error
    if version != first.version:
        return None
    own = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    return SecondLook(version, embedder, multi, doubt, **parts, version=own)


def _table(first: Floats, vectors: Embeddings, centre: Floats) -> Floats:
    sure = np.clip(first, _SURE, 1 - _SURE)
    return np.hstack([_WORDS * np.log(sure / (1 - sure)), seen_from(centre, vectors.astype(np.float64))])


def learn(
    first: LinearModel, unseen: Floats, vectors: Embeddings, labels: Sequence[Sequence[str]], settings: SecondSettings
) -> SecondLook:
    """Learns from the first model's scores of texts that it did not see, in order of `first.labels`."""
    from sklearn.linear_model import LogisticRegression

    centre = vectors.mean(axis=0).astype(np.float16).astype(np.float64)
    table = _table(unseen, vectors, centre)
    table[:, len(first.labels) :] *= settings.meaning
    truth = np.array([[name in each for name in first.labels] for each in labels])
    multi = first.settings.multi
    if multi:
        counted = np.array([[_counted(name, each, first.settings.second) for name in first.labels] for each in labels])
        models = [
            LogisticRegression(max_iter=3000).fit(table, truth[:, column], sample_weight=counted[:, column])
            for column in range(len(first.labels))
        ]
        weights, bias = np.array([m.coef_[0] for m in models]).T, np.array([m.intercept_[0] for m in models])
    else:
        model = LogisticRegression(max_iter=3000).fit(table, truth.argmax(axis=1))
        weights, bias = model.coef_.T, model.intercept_
        if len(first.labels) == 2:  # scikit-learn then keeps the second label alone
            weights, bias = np.hstack([-weights, weights]) / 2, np.append(-bias, bias) / 2
    weights[len(first.labels) :] *= settings.meaning
    none = np.zeros(len(first.labels))
    look = SecondLook(first.version, settings.embedder, multi, settings.doubt, weights, bias, centre, none)
    return replace(
        look, thresholds=thresholds_for(look.scores(unseen, vectors), truth.astype(float)) if multi else none
    )


def _counted(name: str, labels: Sequence[str], second: float) -> float:
    return second if name in labels[1:] else 1.0


@dataclass(frozen=True, slots=True)
class SecondSettings:
    """`meaning`: weight of the embedding beside the scores; `doubt`: see `SecondLook`."""

    embedder: str
    meaning: float
    doubt: float
