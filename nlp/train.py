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
from nlp.linear import LinearModel, Settings, load, train
from nlp.text import spell_out

Task = Literal["relevance", "topics", "sentiment"]
TASKS: tuple[Task, ...] = ("relevance", "topics", "sentiment")
_BODY_WORDS = 200  # of a body: what a post is about is said at its beginning


class DataError(ValueError):
    """A line of a data file is not usable; the message names file, line and reason."""


@dataclass(frozen=True, slots=True)
class Example:
    id: str
    text: str
    labels: tuple[str, ...]


def model_text(title: str, lead: str, body: str, kind: str = "news") -> str:
    """What a classifier reads of a post: title, lead, the beginning of the body; teencode of social posts spelt out."""
    limit = _BODY_WORDS if title or lead else 2 * _BODY_WORDS
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


def _text(record: Mapping[str, Any]) -> str:
    part = {key: str(record.get(key) or "") for key in ("title", "lead", "summary", "body", "text", "kind")}
    lead = part["lead"] or part["summary"]
    return model_text(part["title"], lead, part["body"] or part["text"], part["kind"] or "news")


def read_examples(path: Path) -> list[Example]:
    """The labelled posts of a file. Raises DataError for a line without text or labels."""
    examples = []
    for number, record in read_records(path):
        given = record["labels"] if record.get("labels") is not None else record.get("label")
        labels = given if isinstance(given, list) else [given]
        names = tuple(
            str(label["label"] if isinstance(label, dict) else label) for label in labels if label is not None
        )
        text = _text(record)
        if not names:
            raise DataError(f"{path}:{number}: no labels")
        if not text.strip():
            raise DataError(f"{path}:{number}: no text")
        examples.append(Example(str(record.get("id") or number), text, names))
    return examples


def train_task(task: Task, data: Path, out: Path, settings: Settings | None = None) -> dict[str, Any]:
    """Trains a model for a task, writes model and card to `out` and returns the card.

    Texts with more than one label anywhere make a multi-label model. Scores in the card are on texts held out by
    cross-validation. Raises DataError for a bad line, ValueError when the labels are too few to learn from.
    """
    examples = read_examples(data)
    multi = any(len(example.labels) > 1 for example in examples)
    few = min(5, max(2, len(examples) // 20))
    settings = settings or Settings(multi=multi, folds=few, least=1 if len(examples) < 300 else 2)
    texts, labels = [example.text for example in examples], [example.labels for example in examples]
    model = train(texts, labels, settings)
    card = {
        "task": task,
        "data": [{"file": data.name, "sha256": hashlib.sha256(data.read_bytes()).hexdigest(), "texts": len(examples)}],
        "scores": cross_validate(texts, labels, settings),
        "licence": "as the data",
        "trained_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    model.save(out, card)
    return dict(load(out).card)


def cross_validate(texts: Sequence[str], labels: Sequence[tuple[str, ...]], settings: Settings) -> dict[str, float]:
    """Scores on held-out thirds: `main_accuracy`, `micro_f1` of the labels given, number of texts."""
    folds = np.random.default_rng(11).permutation(len(texts)) % 3
    main = hit = given = true = 0
    for fold in range(3):
        rest = [i for i in range(len(texts)) if folds[i] != fold]
        held = [i for i in range(len(texts)) if folds[i] == fold]
        try:
            model = train([texts[i] for i in rest], [labels[i] for i in rest], settings)
        except ValueError:  # a label too rare to be left out of a third
            return {"texts": float(len(texts))}
        for row, i in zip(model.scores([texts[i] for i in held]), held, strict=True):
            ranked = [name for name, _ in model.decide(row)]
            chosen = set(ranked if settings.multi else ranked[:1])
            main += ranked[0] in labels[i]
            hit += len(chosen & set(labels[i]))
            given, true = given + len(chosen), true + len(labels[i])
    scores = {"main_accuracy": main / len(texts), "micro_f1": 2 * hit / max(1, given + true)}
    return {**{name: round(score, 4) for name, score in scores.items()}, "texts": float(len(texts))}


def predict(folder: Path, file: Path, batch: int = 512) -> Iterator[dict[str, Any]]:
    """For each line of a JSONL file of posts: `id` and `labels` ({`label`, `score`}, best first), in order.

    Raises ModelError for an unreadable model, DataError for an unreadable line.
    """
    model = load(folder)
    records = read_records(file)
    while chunk := list(islice(records, batch)):
        scores = model.scores([_text(record) for _, record in chunk])
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
