"""Puts a model or our components to labelled items and reports how good they are, slice by slice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from nlp import metrics
from nlp.annotate import Annotator
from nlp.annotation import PEOPLE, Annotation, Document
from nlp.labelled import Item
from nlp.linear import LinearModel
from nlp.metrics import Case, Interval
from nlp.text import is_unaccented, unaccent
from nlp.train import model_text

Given = tuple[tuple[str, ...], dict[str, float]]  # labels given, best first, and the score of each
Predict = Callable[[Sequence[Item]], list[Given]]
_SHOWN = 160  # characters of a text that a report shows
_MONTH = "%Y-%m"


@dataclass(frozen=True, slots=True)
class Exam:
    """The answers of one model: `cases` as the texts were written, `plain` the same without accents."""

    task: str
    multi: bool
    cases: tuple[Case, ...]
    plain: tuple[Case, ...]


def truth(item: Item, task: str) -> tuple[str, ...]:
    """What the item's labels say for a task, the main one first; () when they say nothing."""
    if item.labels:
        return item.labels
    if task == "relevance":
        return () if item.relevance is None else (str(item.relevance),)
    if task == "sentiment":
        return (item.sentiment,) if item.sentiment else ()
    return item.topics


def of_model(model: LinearModel) -> Predict:
    """Labels by a trained model."""

    def predict(items: Sequence[Item]) -> list[Given]:
        rows = model.scores([model_text(i.title, i.lead, i.body, i.kind, model.settings.read) for i in items])
        found = []
        for row in rows:
            ranked = model.decide(row)
            given = tuple(label for label, _ in (ranked[:3] if model.settings.multi else ranked[:1]))
            found.append((given, dict(zip(model.labels, map(float, row), strict=True))))
        return found

    return predict


def of_annotator(annotator: Annotator, task: str, *, again: bool = True) -> Predict:
    """Labels as the product gives them, all components together; `again`: with the second look where it can be had."""

    def predict(items: Sequence[Item]) -> list[Given]:
        documents = [i.document for i in items]
        found = understood(annotator, documents, again=again and task != "relevance")
        return [_given(annotation, task) for annotation in found]

    return predict


def understood(annotator: Annotator, documents: Sequence[Document], *, again: bool = True) -> list[Annotation]:
    """Everything of the documents, relevant or not; `again`: with the second look, where the extra is installed."""
    found = annotator.annotate_many(documents, everything=True)
    return annotator.settle(documents, found) if again else found


def _given(annotation: Annotation, task: str) -> Given:
    if task == "relevance":
        found = annotation.relevance
        sure = found.score if found.label else 1 - found.score
        return (str(found.label),), {str(found.label): sure}
    if task == "sentiment":
        mood = annotation.sentiment
        return ((mood.label,), dict(mood.scores)) if mood else ((), {})
    return tuple(t.code for t in annotation.topics), {t.code: t.score for t in annotation.topics}


def examine(task: str, items: Sequence[Item], predict: Predict, groups: Sequence[str] | None = None) -> Exam:
    """Answers for the items that have a label for the task. `groups`: the story or situation of each item."""
    named = groups if groups is not None else [""] * len(items)
    asked = [(item, group) for item, group in zip(items, named, strict=True) if truth(item, task) and item.has_text]
    chosen = [item for item, _ in asked]
    written, folded = predict(chosen), predict([_without_accents(item) for item in chosen])
    make = partial(_cases, task, chosen, [group for _, group in asked])
    multi = any(len(truth(item, task)) > 1 for item in chosen)
    return Exam(task, multi, make(written), make(folded))


def _cases(task: str, items: Sequence[Item], groups: Sequence[str], answers: Iterable[Given]) -> tuple[Case, ...]:
    return tuple(
        Case(
            id=item.id,
            truth=truth(item, task),
            given=given,
            scores=scores,
            group=group,
            slices=_slices(item),
            shown=item.document.text[:_SHOWN].replace("\n", " | "),
        )
        for item, group, (given, scores) in zip(items, groups, answers, strict=True)
    )


def _slices(item: Item) -> tuple[tuple[str, str], ...]:
    kind = "people" if item.kind in PEOPLE else "news"
    spelling = "unaccented" if is_unaccented(item.document.text) else "accented"
    month = item.published_at.strftime(_MONTH) if item.published_at else ""
    found = [("kind", kind), ("spelling", spelling), ("month", month), ("certainty", "sure" if item.sure else "unsure")]
    return tuple((name, value) for name, value in found if value)


def _without_accents(item: Item) -> Item:
    return replace(item, title=unaccent(item.title), lead=unaccent(item.lead), body=unaccent(item.body))


def headline(task: str, multi: bool) -> dict[str, metrics.Measure]:
    """The figures that sum a task up."""
    macro = partial(metrics.macro_f1, least=metrics.ENOUGH) if multi else metrics.macro_f1
    if task == "relevance":
        return {"accuracy": metrics.accuracy, "macro_f1": macro}
    if multi:
        return {"micro_f1": metrics.micro_f1, "macro_f1": macro, "main_accuracy": metrics.accuracy}
    return {"accuracy": metrics.accuracy, "macro_f1": macro}


def report(exam: Exam) -> dict[str, Any]:
    """Everything there is to say of a model's answers, as plain JSON."""
    measures = headline(exam.task, exam.multi)
    bins = metrics.reliability(_asked_by_score(exam))
    names, table = metrics.confusion(exam.cases)
    return {
        "task": exam.task,
        "items": len(exam.cases),
        "groups": len({case.group or case.id for case in exam.cases}),
        "scores": _scores(exam.cases, measures) | _relevance(exam),
        "labels": [
            {"label": s.label, "items": s.items}
            | {name: _plain(getattr(s, name)) for name in ("precision", "recall", "f1")}
            for s in metrics.by_label(exam.cases)
        ],
        "slices": _by_slice(exam.cases, measures),
        "unaccented": _scores(exam.plain, measures) | {"loss": _loss(exam, measures)},
        "confusion": {"labels": names, "rows": table.tolist()},
        "calibration": {
            "error": metrics.calibration_error(bins),
            "bins": [{name: round(value, 4) for name, value in each._asdict().items()} for each in bins],
        },
        "worst": [
            {
                "id": case.id,
                "truth": list(case.truth),
                "given": list(case.given),
                "score": round(case.scores.get(case.given[0], 0.0), 4),
                "text": case.shown,
            }
            for case in metrics.worst(exam.cases)
        ],
    }


def compare(new: Exam, old: Exam) -> list[dict[str, Any]]:
    """How much better `new` is than `old` at each headline figure, and whether the difference is real."""
    found = []
    for name, measure in headline(new.task, new.multi).items():
        by = metrics.difference(new.cases, old.cases, measure)
        before = metrics.measured(old.cases, measure).value
        after = metrics.measured(new.cases, measure).value
        plain = {part: round(value, 4) for part, value in by._asdict().items()}
        found.append({"measure": name, "old": before, "new": after, **plain, "real": by.real})
    return found


def _scores(cases: Sequence[Case], measures: dict[str, metrics.Measure]) -> dict[str, Any]:
    return {name: _plain(metrics.measured(cases, measure)) for name, measure in measures.items()}


def _relevance(exam: Exam) -> dict[str, Any]:
    """Precision and recall of “concerns the province at all” and of “is about it”."""
    if exam.task != "relevance" or not exam.cases:
        return {}
    found = {}
    for name, yes in (("any", {"1", "2"}), ("about", {"2"})):
        cases = [replace(case, truth=_as(case.truth, yes), given=_as(case.given, yes), main=()) for case in exam.cases]
        (score,) = metrics.by_label(cases, ["yes"])
        found[name] = {"precision": _plain(score.precision), "recall": _plain(score.recall), "f1": _plain(score.f1)}
    return found


def _asked_by_score(exam: Exam) -> Sequence[Case]:
    """The cases with that as right of which the score speaks: a topic's, that it is one of the item's."""
    if exam.task == "relevance":
        return _at_all(exam.cases)
    return [replace(case, main=case.truth) for case in exam.cases] if exam.multi else exam.cases


def _at_all(cases: Sequence[Case]) -> list[Case]:
    """“Concerns the province at all”: the question that the score of relevance answers."""
    yes = {"1", "2"}
    return [
        replace(case, truth=_as(case.truth, yes), given=_as(case.given, yes), main=(), scores=_renamed(case, yes))
        for case in cases
    ]


def _renamed(case: Case, yes: set[str]) -> dict[str, float]:
    """The score of the answer given, or of both answers together where a model tells all three."""
    found = {"yes": 0.0, "no": 0.0}
    for label, score in case.scores.items():
        found["yes" if label in yes else "no"] += score
    return found


def _as(labels: tuple[str, ...], yes: set[str]) -> tuple[str, ...]:
    return ("yes",) if labels and labels[0] in yes else ("no",)


def _loss(exam: Exam, measures: dict[str, metrics.Measure]) -> dict[str, float]:
    """How much worse the same texts are read without their accents."""
    return {
        name: round(metrics.measured(exam.cases, m).value - metrics.measured(exam.plain, m).value, 4)
        for name, m in measures.items()
    }


def _by_slice(cases: Sequence[Case], measures: dict[str, metrics.Measure]) -> list[dict[str, Any]]:
    order = ("kind", "spelling", "certainty", "month")
    return [
        {"slice": name, "value": value, "items": len(part), **_scores(part, measures)}
        for (name, value), part in sorted(metrics.by_slice(cases), key=lambda pair: order.index(pair[0][0]))
    ]


def _plain(found: Interval) -> dict[str, float]:
    return found._asdict()
