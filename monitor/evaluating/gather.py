"""Which items a model is put to, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crawlers.extract.canonical import canonical_url
from monitor.evaluating.words import verdict
from monitor.labels.texts import Row
from nlp.annotate import Annotator
from nlp.evaluation import Exam, Predict, compare, examine, of_annotator, of_model, report, truth
from nlp.labelled import Collection, Item, read_item, shipped, with_texts
from nlp.linear import load
from nlp.train import TASKS, mark, read_records, seen

_GROUPED = 5_000  # items up to which near-copies are looked for; above it each item stands for itself


@dataclass(frozen=True, slots=True)
class Questions:
    """The items to answer. `name`: where they come from; `without_text`: labelled items that nobody has a text for.

    `seen`: items that a model was trained on, left out; with `only_seen` there were no others and they are asked.
    """

    name: str
    items: list[Item]
    groups: list[str]
    without_text: int = 0
    seen: int = 0
    only_seen: bool = False

    def unseen_by(self, *models: Path | None) -> Questions:
        """The items that none of these models was trained on: of the others no score says anything."""
        known = frozenset[int]().union(*(seen(folder) for folder in models if folder))
        new = [i for i, item in enumerate(self.items) if mark(item.title, item.lead, item.body) not in known]
        met = len(self.items) - len(new)
        if not new:
            return replace(self, seen=met, only_seen=bool(met))
        items, groups = [self.items[i] for i in new], [self.groups[i] for i in new]
        return replace(self, items=items, groups=groups, seen=met)


def from_file(path: Path) -> Questions:
    """A JSONL file of texts with labels. Raises DataError for a line that is none."""
    items = [read_item(record) for _, record in read_records(path)]
    told = [item for item in items if item.has_text]
    return Questions(path.name, told, _groups(told), len(items) - len(told))


def held_out(texts: dict[str, Row]) -> Questions:
    """Our own labels, the part that no shipped model was trained on."""
    labelled = shipped()
    known = with_texts(labelled, {item.url: texts[url] for item in labelled if (url := _address(item)) in texts})
    collection = Collection(known)
    chosen = collection.split.test
    groups = [collection.groups[i] for i in chosen]
    return Questions(
        "nhãn kèm theo, phần không dùng để huấn luyện",
        [known[i] for i in chosen],
        groups,
        len(labelled) - len(known),
    )


def addresses() -> list[str]:
    """Canonical URLs of our labels, for whoever has the texts."""
    return [_address(item) for item in shipped() if item.url]


def evaluate(predict: Predict, task: str, questions: Questions) -> Exam | None:
    """The answers for a task; None when nothing is labelled for it."""
    if not any(truth(item, task) for item in questions.items):
        return None
    return examine(task, questions.items, predict, questions.groups)


def predictor(folder: Path) -> tuple[str, str, Predict]:
    """Task, version and predictions of a trained model. Raises ModelError."""
    model = load(folder)
    return str(model.card.get("task", "topics")), model.version, of_model(model)


def components(annotator: Annotator, tasks: tuple[str, ...] = TASKS) -> dict[str, tuple[str, Predict]]:
    """Task -> version and predictions of what is installed."""
    return {task: (annotator.versions().get(task, "-"), of_annotator(annotator, task)) for task in tasks}


def told(exam: Exam, version: str, questions: Questions, old: Exam | None = None) -> dict[str, Any]:
    """The report of one task, with the comparison when there is one."""
    found = {"model": version, "data": questions.name, "without_text": questions.without_text}
    found |= {"seen": questions.seen, "only_seen": questions.only_seen, **report(exam)}
    if old is None:
        return found
    return {**found, "against": [{**each, "verdict": verdict(each)} for each in compare(exam, old)]}


def _address(item: Item) -> str:
    return canonical_url(item.url) if item.url else ""


def _groups(items: list[Item]) -> list[str]:
    if len(items) > _GROUPED:
        return [str(place) for place in range(len(items))]
    return Collection(items).groups
