"""What the rules of relevance leave open, learnt from labelled headlines: about the province, or only set there?

Reads headline and lead with place names replaced by their kind (“xxprovince”, “xxelsewhere”), and what the rules saw;
two logistic regressions answer “concerns the province at all” and “is about it”. Used for news that name a place of
ours up front; everything else is left to the rules.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from nlp.annotation import Document
from nlp.features import Floats, Grams, counts, inverse_frequency, vocabulary, weighted
from nlp.linear import LinearModel, ModelError, load
from nlp.places import Findings, PlaceFinder
from nlp.province import Province
from nlp.relevance import ZONES, Seen, look
from nlp.text import exact, unaccent
from nlp.train import model_text

_GRAMS = Grams(2)
_LEVELS = ("province", "commune", "former", "landmark")
_WORDS_WEIGHT = 4.0  # of the n-grams beside the rules' figures
_STRENGTH = 10.0
# What does not belong counts double when a border is set: a storm brings twice as many lists and forecasts as the
# quiet months that most labels are from.
_RARE = 2.0


@dataclass(frozen=True, slots=True)
class Layer:
    """`weights`: (n-grams and figures x 2) for “at all” and “about”; `borders`: from which probability each is said."""

    index: dict[str, int]
    inverse: Floats
    weights: Floats
    bias: Floats
    borders: Floats
    card: dict[str, Any] = field(default_factory=dict)

    @property
    def version(self) -> str:
        return str(self.card.get("version", "0"))

    def read(self, seen: Sequence[Seen]) -> Floats:
        """(documents x 2) probabilities that a post concerns the province at all, and is about it."""
        margins = _table(seen, self.index, self.inverse) @ self.weights + self.bias
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(margins, -30, 30))))

    def label(self, seen: Seen) -> tuple[int, float]:
        """The label of one post and the probability that it concerns the province at all."""
        any_, about = self.read([seen])[0]
        if any_ < self.borders[0] and about < self.borders[1]:
            return 0, float(any_)
        return (2 if about >= self.borders[1] else 1), float(any_)

    def save(self, folder: Path, card: dict[str, Any]) -> None:
        """Writes `weights.npz`, `vocabulary.txt` and `card.json`."""
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {"inverse": self.inverse, "weights": self.weights, "bias": self.bias, "borders": self.borders}
        np.savez_compressed(folder / "weights.npz", **{name: a.astype(np.float32) for name, a in arrays.items()})  # type: ignore[arg-type]
        words = sorted(self.index, key=self.index.__getitem__)
        (folder / "vocabulary.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
        digest = hashlib.sha256((folder / "weights.npz").read_bytes()).hexdigest()
        text = json.dumps({**card, "version": digest[:12], "layer": 1}, ensure_ascii=False, indent=1)
        (folder / "card.json").write_text(text + "\n", encoding="utf-8")


def load_layer(folder: Path) -> Layer:
    """The layer in a folder. Raises ModelError when it is not there or cannot be read."""
    try:
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        words = (folder / "vocabulary.txt").read_text(encoding="utf-8").splitlines()
        with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
            values = {name: arrays[name].astype(np.float64) for name in ("inverse", "weights", "bias", "borders")}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"no readable relevance layer in {folder}: {error}") from error
    return Layer(index={word: place for place, word in enumerate(words)}, card=card, **values)


class OwnModel:
    """A classifier that people trained on labels 0, 1, 2 of their own (`duluan train relevance`), as the second layer.

    Raises ModelError for a model with other labels.
    """

    def __init__(self, model: LinearModel) -> None:
        if not set(model.labels) <= {"0", "1", "2"}:
            raise ModelError(f"the relevance model gives {', '.join(model.labels)} instead of 0, 1, 2")
        self._model = model
        self.version = model.version

    def label(self, seen: Seen) -> tuple[int, float]:
        """The label of one post and the probability that it concerns the province at all."""
        document = seen.document
        text = model_text(document.title, document.lead, document.body, document.kind, self._model.settings.read)
        row = self._model.scores([text])[0]
        none = sum(p for name, p in zip(self._model.labels, row, strict=True) if name == "0")
        return int(self._model.labels[int(row.argmax())]), 1.0 - float(none)


def load_relevance(models: Path | None) -> Layer | OwnModel | None:
    """The second layer: from `models/relevance` when it is there, else the shipped one; None when there is none."""
    if models is not None and (models / "relevance" / "card.json").is_file():
        own = models / "relevance"
        return OwnModel(load(own)) if not _is_layer(own) else load_layer(own)
    shipped = Path(__file__).parent / "models" / "relevance"
    return load_layer(shipped) if (shipped / "card.json").is_file() else None


def _is_layer(folder: Path) -> bool:
    try:
        return "layer" in json.loads((folder / "card.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"no readable model in {folder}: {error}") from error


def _masked(seen: Seen) -> str:
    """The front of a post with every place name replaced by its kind."""
    spans = [(h.place.start, h.place.end, "xxorigin" if h.origin else "xx" + h.place.level) for h in seen.findings.hits]
    spans += [(other.start, other.end, "xxelsewhere") for other in seen.findings.others]
    text, pieces, done = seen.document.text, [], 0
    for start, end, kind in sorted(spans):
        if start >= done:
            pieces += [text[done:start], kind]
            done = end
    return exact(" ".join([*pieces, text[done:]]))


def _figures(seen: Seen) -> list[float]:
    """What the rules saw: where the province stands and how firmly, what else is named, and what they would say."""
    view, findings = seen.view, seen.findings
    own = [hit for zone in ZONES for hit in view.hits[zone]]
    end = len(seen.document.text)
    first = min((hit.place.start for hit in own), default=end)
    rival = min((other.start for other in findings.others), default=end)
    found: list[float] = [view.trust(zone) for zone in ZONES]
    found += [min(4, len(view.hits[zone])) / 2 for zone in ZONES]
    found += [min(4, len(view.others[zone])) / 2 for zone in ZONES]
    found += [any(hit.place.level == level for hit in own) for level in _LEVELS]
    found += [any(hit.place.level == level for hit in view.hits["title"]) for level in _LEVELS]
    found += [min(6.0, max(-1.0, seen.points)) / 2, seen.many, min(3, len(view.origins))]
    found += [len({hit.place.id for hit in own}) > 1, bool(findings.rejected), first < rival, first / (end + 1)]
    found += [len(own) / (len(own) + len(findings.others) + 1)]
    return found + [seen.label == label for label in (0, 1, 2)]


def _table(seen: Sequence[Seen], index: dict[str, int], inverse: Floats) -> csr_matrix:
    words = weighted(counts([_masked(each) for each in seen], _GRAMS, index), inverse)
    figures = csr_matrix(np.array([_figures(each) for each in seen], dtype=np.float64))
    return csr_matrix(hstack([_WORDS_WEIGHT * words, figures]))


def front_of(document: Document) -> Document:
    """Headline and lead alone."""
    return replace(document, body="")


def learn(labelled: Sequence[tuple[Document, int]], province: Province, folds: int = 4) -> Layer:
    """Learns from documents with their relevance, in the order of time; those that the rules decide alone are left out.

    The borders are set on what each fold says of the next stretch of time.
    """
    finder = PlaceFinder(province)
    rows: list[tuple[Seen, Seen, int]] = []
    for document, label in labelled:
        seen = _seen(front_of(document), finder, province)
        if seen is not None:
            plain = replace(document, title=unaccent(document.title), lead=unaccent(document.lead), body="")
            rows.append((seen, _seen(plain, finder, province) or seen, label))
    labels = np.array([label for *_, label in rows])
    cuts = [len(rows) * (step + 1) // (folds + 1) for step in range(folds + 1)]
    stretches = [(rows[:start], [row[0] for row in rows[start:end]]) for start, end in pairwise(cuts)]
    said = np.vstack([_fit(before).read(then) for before, then in stretches])
    later = labels[cuts[0] :]
    borders = [_border(said[:, 0], later >= 1, np.where(later == 0, _RARE, 1.0))]
    borders.append(_border(said[:, 1], later == 2, np.where(later == 2, 1.0, _RARE)))
    return replace(_fit(rows), borders=np.array(borders))


def _seen(document: Document, finder: PlaceFinder, province: Province) -> Seen | None:
    findings: Findings = finder.find(document.text)
    return look(document, findings, province) if findings.hits else None


def _fit(rows: Sequence[tuple[Seen, Seen, int]]) -> Layer:
    from sklearn.linear_model import LogisticRegression

    seen = [row[0] for row in rows] + [row[1] for row in rows]
    labels = np.array([row[2] for row in rows] * 2)
    words = vocabulary([_masked(each) for each in seen], _GRAMS, 5)
    index = {word: place for place, word in enumerate(words)}
    inverse = inverse_frequency(counts([_masked(each) for each in seen], _GRAMS, index))
    table = _table(seen, index, inverse)
    # Each text is there twice, so half the strength is that of texts once.
    models = [LogisticRegression(C=_STRENGTH / 2, max_iter=3000).fit(table, labels >= least) for least in (1, 2)]
    weights = np.array([model.coef_[0] for model in models]).T
    return Layer(index, inverse, weights, np.array([model.intercept_[0] for model in models]), np.array([0.5, 0.5]))


def _border(said: Floats, true: NDArray[np.bool_], counted: Floats) -> float:
    """The lowest probability, from .5, from which precision is no less than recall."""
    for border in np.arange(0.5, 0.9, 0.01):
        given = said >= border
        right = float((given & true).sum())
        if right / max(1.0, (counted * given).sum()) >= right / max(1, true.sum()):
            return round(float(border), 2)
    return 0.9
