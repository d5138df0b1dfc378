"""Trains a classifier from a JSONL file of labelled posts, and predicts with it; behind `duluan train` and `predict`.

Lines: `id`, `title`, `lead` (or `summary`), `body` or `text`, and `labels` (a list) or `label`. Any set of labels.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np

from nlp import metrics
from nlp.adapt import adapted
from nlp.annotation import PEOPLE
from nlp.embedder import load_embedder
from nlp.linear import LinearModel, Settings, load, train
from nlp.metrics import Case
from nlp.text import fold, is_unaccented, spell_out, unaccent

Task = Literal["relevance", "topics", "sentiment"]
TASKS: tuple[Task, ...] = ("relevance", "topics", "sentiment")
SHIPPED = "shipped"  # what commands call the model that comes with the product
_BODY_WORDS = 200  # of a body: what a post is about is said at its beginning
_WHOLE = 600  # of a body, for sets of people's own: twice that without a title
_LEAD = 65  # words of a headline and lead: about 300 characters
_FEW, _LARGE = 1_000, 10_000  # texts under which embeddings help; texts from which held-out parts may be small
_SEEN = "seen.npy"  # what a model learnt from, so that nobody tests it with that
_KNOWN_BY = 300  # letters that tell texts apart


class DataError(ValueError):
    """A line of a data file is not usable; the message names file, line and reason."""


@dataclass(frozen=True, slots=True)
class Example:
    """A text to learn from, as the classifier reads it. `mark`: of the post (`mark`), whatever is read of it."""

    id: str
    text: str
    labels: tuple[str, ...]
    kind: str = "news"
    mark: int = 0


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
    with path.open("rb") as lines:
        for number, raw in enumerate(lines, 1):
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
                record = json.loads(line) if line.strip() else None
            except UnicodeDecodeError as error:
                raise DataError(f"{path}:{number}: not UTF-8") from error
            except (ValueError, RecursionError) as error:
                raise DataError(f"{path}:{number}: not JSON ({error})") from error
            if not line.strip():
                continue
            if not isinstance(record, dict):
                raise DataError(f"{path}:{number}: not an object")
            yield number, record


def _text(record: Mapping[str, Any], read: int = _BODY_WORDS) -> str:
    part = {key: str(record.get(key) or "") for key in ("title", "lead", "summary", "body", "text", "kind")}
    lead = part["lead"] or part["summary"]
    return model_text(part["title"], lead, part["body"] or part["text"], part["kind"] or "news", read)


def read_examples(path: Path, task: Task = "topics", read: int = _WHOLE) -> list[Example]:
    """The labelled posts of a file: `labels`, `label`, or the task's own field as in the records of `labels attach`.

    A line whose label is null is left out: somebody was asked and did not say. Raises DataError for a line without
    text or labels.
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
        if not names and any(name in record for name in ("labels", "label", task)):
            continue
        if not names:
            raise DataError(f"{path}:{number}: no labels")
        if not text.strip():
            raise DataError(f"{path}:{number}: no text")
        kind = str(record.get("kind") or "news")
        examples.append(Example(str(record.get("id") or number), text, names, kind, _mark_of(record)))
    return examples


def _mark_of(record: Mapping[str, Any]) -> int:
    part = {key: str(record.get(key) or "") for key in ("title", "lead", "summary", "body", "text")}
    return mark(part["title"], part["lead"] or part["summary"], part["body"] or part["text"])


def mark(title: str, lead: str, body: str) -> int:
    """64 bits that a post has in common with its copies, whatever accents, capitals and spaces they have."""
    text = fold(f"{title} {lead} {body[: 2 * _KNOWN_BY]}")[:_KNOWN_BY]
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def seen(folder: Path) -> frozenset[int]:
    """Marks of the posts that a model learnt from; empty when it does not say."""
    try:
        return frozenset(np.load(folder / _SEEN, allow_pickle=False).tolist())
    except (OSError, ValueError):
        return frozenset()


def train_task(task: Task, data: Path, out: Path, base: LinearModel | None = None) -> dict[str, Any]:
    """Trains a model for a task, writes model and card to `out` and returns the card.

    Texts with more than one label anywhere make a multi-label model. With `base` it goes on from that model instead
    (`nlp.adapt`). Scores in the card are on texts that were held out. Raises DataError for a bad line, a file without
    any, or a label that `base` does not know.
    """
    examples = read_examples(data, task, base.settings.read if base else _WHOLE)
    if not examples:
        raise DataError(f"{data}: no labelled texts")
    learn = partial(_continued, base) if base else partial(learnt, settings=fitting(examples))
    try:
        model, scores = learn(examples), hold_out(examples, learn)
    except ValueError as error:
        raise DataError(f"{data}: {error}") from error
    card = {
        "task": task,
        "data": [{"file": data.name, "sha256": hashlib.sha256(data.read_bytes()).hexdigest(), "texts": len(examples)}],
        "scores": scores,
        "licence": "as the data",
        "date": _today(),
    }
    if base:
        card["base"] = {name: base.card.get(name) for name in ("task", "version", "data", "licence", "date")}
    replace(model, card={}).save(out, card)
    np.save(out / _SEEN, np.array(sorted({example.mark for example in examples}), dtype=np.uint64))
    return dict(load(out).card)


def _today() -> str:
    """The day in UTC, or that of SOURCE_DATE_EPOCH: the one thing of a trained folder that is not its data's."""
    at = os.environ.get("SOURCE_DATE_EPOCH", "")
    moment = datetime.fromtimestamp(int(at), UTC) if at.isdecimal() else datetime.now(UTC)
    return f"{moment:%Y-%m-%d}"


def fitting(examples: Sequence[Example]) -> Settings:
    """Settings for a set of its size: few texts lean on sentence embeddings where the extra is installed."""
    count = len(examples)
    few = count < _FEW and load_embedder() is not None
    multi = any(len(example.labels) > 1 for example in examples)
    return Settings(
        multi=multi,
        folds=min(5, max(2, count // 20)) if count < _LARGE else 1,
        least=1 if count < 300 else 2 if count < _LARGE else 3,
        features=20_000 if count < _LARGE else 300_000,
        strength=0.5 if count < _LARGE else 0.25,
        read=_WHOLE,
        second=0.5,
        restore=_mostly_accented(examples),
        pooled=count >= _LARGE and not multi,
        bayes=count >= _LARGE,
        meaning=(2.0 if count < 300 else 1.0) if few else 0.0,
    )


def _mostly_accented(examples: Sequence[Example]) -> bool:
    return sum(is_unaccented(example.text) for example in examples) < len(examples) / 2


def learnt(examples: Sequence[Example], settings: Settings) -> LinearModel:
    """A model of the examples; each long text is learnt once more as its beginning alone, to know headlines too."""
    texts, groups = [example.text for example in examples], list(range(len(examples)))
    for place, example in enumerate(examples):
        words = example.text.split(None, _LEAD)
        if len(words) > _LEAD and len(words[_LEAD]) > 2 * len(" ".join(words[:_LEAD])) // 3:
            texts.append(" ".join(words[:_LEAD]))
            groups.append(place)
    return train(texts, [examples[place].labels for place in groups], settings, groups=groups)


def _continued(base: LinearModel, examples: Sequence[Example]) -> LinearModel:
    return adapted(base, [example.text for example in examples], [example.labels for example in examples])


def hold_out(examples: Sequence[Example], learn: Callable[[Sequence[Example]], LinearModel]) -> dict[str, Any]:
    """Scores on texts held out (thirds in turn; a fifth of a large set): as given, by slice, and without accents."""
    parts, tried = (3, 3) if len(examples) < _LARGE else (5, 1)
    folds = np.random.default_rng(11).permutation(len(examples)) % parts
    written: list[Case] = []
    plain: list[Case] = []
    for fold_ in range(tried):
        rest = [example for example, f in zip(examples, folds, strict=True) if f != fold_]
        held = [example for example, f in zip(examples, folds, strict=True) if f == fold_]
        if not rest or not held:
            continue
        model = learn(rest)
        written += _answers(model, [example.text for example in held], held)
        plain += _answers(model, [unaccent(example.text) for example in held], held)
    bins = metrics.reliability(written)
    return {
        "texts": len(written),
        **_figures(written),
        "labels": [
            {"label": s.label, "texts": s.items} | {n: getattr(s, n).value for n in ("precision", "recall", "f1")}
            for s in metrics.by_label(written, draws=1)
        ],
        "slices": [
            {"slice": name, "value": value, "texts": len(part), **_figures(part)}
            for (name, value), part in metrics.by_slice(written)
        ],
        "unaccented": _figures(plain),
        "calibration_error": metrics.calibration_error(bins),
    }


def _answers(model: LinearModel, texts: Sequence[str], held: Sequence[Example]) -> Iterator[Case]:
    for row, example in zip(model.scores(texts), held, strict=True):
        ranked = [name for name, _ in model.decide(row)]
        yield Case(
            id=example.id,
            truth=example.labels,
            given=tuple(ranked if model.settings.multi else ranked[:1]),
            scores=dict(zip(model.labels, map(float, row), strict=True)),
            slices=(
                ("kind", "people" if example.kind in PEOPLE else "news"),
                ("spelling", "unaccented" if is_unaccented(example.text) else "accented"),
            ),
        )


def _figures(cases: Sequence[Case]) -> dict[str, float]:
    measures = {"main_accuracy": metrics.accuracy, "micro_f1": metrics.micro_f1, "macro_f1": metrics.macro_f1}
    return {name: metrics.measured(cases, measure, 1).value for name, measure in measures.items()}


def predict(folder: Path, file: Path, batch: int = 512) -> Iterator[dict[str, Any]]:
    """For each line of a JSONL file of posts: `id` and `labels` ({`label`, `score`}, best first), in order.

    Raises ModelError for an unreadable model, DataError for an unreadable line before anything is predicted.
    """
    model = load(folder)
    for _ in read_records(file):
        pass
    records = read_records(file)
    while chunk := list(islice(records, batch)):
        scores = model.scores([_text(record, model.settings.read) for _, record in chunk])
        for (number, record), row in zip(chunk, scores, strict=True):
            labels = [{"label": name, "score": score} for name, score in model.decide(row)]
            yield {"id": str(record.get("id") or number), "labels": labels}


def load_model(task: Task, models: Path | None) -> LinearModel | None:
    """The model of a task: from `models/<task>` when it is there, else the shipped one; None when there is none."""
    for folder in (models / task if models else None, shipped_folder(task)):
        if folder is not None and (folder / "card.json").is_file():
            return load(folder)
    return None


def shipped_folder(task: str) -> Path:
    """Where the model that comes with the product lies."""
    return Path(__file__).parent / "models" / task
