"""Trains a classifier from a JSONL file of labelled posts, and predicts with it; behind `duluan train` and `predict`.

Lines: `id`, `title`, `lead` (or `summary`), `body` or `text`, and `labels` (a list) or `label`. Any set of labels.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np

from nlp.annotation import PEOPLE
from nlp.embedder import load_embedder
from nlp.linear import LinearModel, Settings, load, train
from nlp.text import spell_out, unaccent

Task = Literal["relevance", "topics", "sentiment"]
TASKS: tuple[Task, ...] = ("relevance", "topics", "sentiment")
_BODY_WORDS = 200  # of a body: what a post is about is said at its beginning
_WHOLE = 600  # of a body, for sets of people's own: twice that without a title
_LEAD = 65  # words of a headline and lead: about 300 characters
_FEW, _LARGE = 1_000, 10_000  # texts under which embeddings help; texts from which held-out parts may be small


class DataError(ValueError):
    """A line of a data file is not usable; the message names file, line and reason."""


@dataclass(frozen=True, slots=True)
class Example:
    id: str
    text: str
    labels: tuple[str, ...]


def model_text(title: str, lead: str, body: str, kind: str = "news", read: int = _BODY_WORDS) -> str:
    """What a classifier reads of a post: title, lead, `read` words of the body; teencode of social posts spelt out."""
    limit = read if title or lead else 2 * read
    words = body.split(None, limit)[:limit]
    text = ". ".join(part for part in (title, lead, " ".join(words)) if part)
    return in_domain(text, kind) if text else ""


def in_domain(text: str, kind: str) -> str:
    """A text marked as news or as a social post, for models that tell the two apart."""
    return f"xxsocial {spell_out(text)}" if kind in PEOPLE else f"xxnews {text}"


def read_records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Numbered JSON objects of a file, one a line. Raises DataError for a line that is none."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except ValueError as error:
                raise DataError(f"{path}:{number}: not JSON ({error})") from error
            if not isinstance(record, dict):
                raise DataError(f"{path}:{number}: not an object")
            yield number, record


def _text(record: Mapping[str, Any], read: int = _BODY_WORDS) -> str:
    part = {key: str(record.get(key) or "") for key in ("title", "lead", "summary", "body", "text", "kind")}
    lead = part["lead"] or part["summary"]
    return model_text(part["title"], lead, part["body"] or part["text"], part["kind"] or "news", read)


def read_examples(path: Path, task: Task = "topics", read: int = _WHOLE) -> list[Example]:
    """The labelled posts of a file: `labels`, `label`, or the task's own field as in the records of `labels attach`.

    Raises DataError for a line without text or labels.
    """
    examples = []
    for number, record in read_records(path):
        given = next((record[name] for name in ("labels", "label", task) if record.get(name) is not None), None)
        labels = given if isinstance(given, list) else [given]
        names = tuple(
            str(label.get("label", label.get("code")) if isinstance(label, dict) else label)
            for label in labels
            if label is not None
        )
        text = _text(record, read)
        if not names:
            raise DataError(f"{path}:{number}: no labels")
        if not text.strip():
            raise DataError(f"{path}:{number}: no text")
        examples.append(Example(str(record.get("id") or number), text, names))
    return examples


def train_task(task: Task, data: Path, out: Path, settings: Settings | None = None) -> dict[str, Any]:
    """Trains a model for a task, writes model and card to `out` and returns the card.

    Texts with more than one label anywhere make a multi-label model. Scores in the card are on texts that were held
    out. Raises DataError for a bad line or a file without any.
    """
    examples = read_examples(data, task)
    if not examples:
        raise DataError(f"{data}: no labelled texts")
    settings = settings or fitting(examples)
    card = {
        "task": task,
        "data": [{"file": data.name, "sha256": hashlib.sha256(data.read_bytes()).hexdigest(), "texts": len(examples)}],
        "scores": hold_out(examples, settings),
        "licence": "as the data",
        "trained_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    learnt(examples, settings).save(out, card)
    return dict(load(out).card)


def fitting(examples: Sequence[Example]) -> Settings:
    """Settings for a set of its size: few texts lean on sentence embeddings where the extra is installed."""
    count = len(examples)
    few = count < _FEW and load_embedder() is not None
    return Settings(
        multi=any(len(example.labels) > 1 for example in examples),
        folds=min(5, max(2, count // 20)) if count < _LARGE else 1,
        least=1 if count < 300 else 2 if count < _LARGE else 3,
        features=20_000 if count < _LARGE else 80_000,
        read=_WHOLE,
        second=0.5,
        meaning=(2.0 if count < 300 else 1.0) if few else 0.0,
    )


def learnt(examples: Sequence[Example], settings: Settings) -> LinearModel:
    """A model of the examples; each long text is learnt once more as its beginning alone, to know headlines too."""
    texts, groups = [example.text for example in examples], list(range(len(examples)))
    for place, example in enumerate(examples):
        words = example.text.split(None, _LEAD)
        if len(words) > _LEAD and len(words[_LEAD]) > 2 * len(" ".join(words[:_LEAD])) // 3:
            texts.append(" ".join(words[:_LEAD]))
            groups.append(place)
    return train(texts, [examples[place].labels for place in groups], settings, groups=groups)


def hold_out(examples: Sequence[Example], settings: Settings) -> dict[str, Any]:
    """Scores on texts held out (thirds in turn; a fifth of a large set): as given, and without accents."""
    parts, tried = (3, 3) if len(examples) < _LARGE else (5, 1)
    folds = np.random.default_rng(11).permutation(len(examples)) % parts
    tally: dict[str, list[float]] = {"as_given": [0.0] * 4, "unaccented": [0.0] * 4}
    for fold in range(tried):
        rest = [example for example, f in zip(examples, folds, strict=True) if f != fold]
        held = [example for example, f in zip(examples, folds, strict=True) if f == fold]
        if not rest or not held:
            continue
        model = learnt(rest, settings)
        for name, texts in (("as_given", [e.text for e in held]), ("unaccented", [unaccent(e.text) for e in held])):
            found = _tally(model, texts, held)
            tally[name] = [one + other for one, other in zip(tally[name], found, strict=True)]
    scores = {
        name: {"main_accuracy": _share(t[0], t[3]), "micro_f1": _share(2 * t[1], t[2])} for name, t in tally.items()
    }
    return {**scores["as_given"], "unaccented": scores["unaccented"], "texts": int(tally["as_given"][3])}


def _tally(model: LinearModel, texts: Sequence[str], held: Sequence[Example]) -> list[float]:
    """Main labels right, labels right, labels given and true, texts."""
    found = [0.0, 0.0, 0.0, float(len(held))]
    for row, example in zip(model.scores(texts), held, strict=True):
        ranked = [name for name, _ in model.decide(row)]
        chosen = set(ranked if model.settings.multi else ranked[:1])
        found[0] += ranked[0] == example.labels[0]
        found[1] += len(chosen & set(example.labels))
        found[2] += len(chosen) + len(set(example.labels))
    return found


def _share(part: float, whole: float) -> float:
    return round(part / max(1.0, whole), 4)


def predict(folder: Path, file: Path, batch: int = 512) -> Iterator[dict[str, Any]]:
    """For each line of a JSONL file of posts: `id` and `labels` ({`label`, `score`}, best first), in order.

    Raises ModelError for an unreadable model, DataError for an unreadable line.
    """
    model = load(folder)
    records = read_records(file)
    while chunk := list(islice(records, batch)):
        scores = model.scores([_text(record, model.settings.read) for _, record in chunk])
        for (number, record), row in zip(chunk, scores, strict=True):
            labels = [{"label": name, "score": score} for name, score in model.decide(row)]
            yield {"id": str(record.get("id") or number), "labels": labels}


def load_model(task: Task, models: Path | None) -> LinearModel | None:
    """The model of a task: from `models/<task>` when it is there, else the shipped one; None when there is none."""
    shipped = Path(__file__).parent / "models"
    for folder in (models, shipped):
        if folder is not None and (folder / task / "card.json").is_file():
            return load(folder / task)
    return None
