"""What sentence embeddings add to topics and sentiment where the models doubt, and what they cost.

    python -m bench.meaning [--data ../shared/data] [--labels N]

The shipped models without and with their second look, on what is held out by time and story and on gold: micro-F1
(topics) or macro-F1 (sentiment), the difference with its interval by paired bootstrap, the share of posts in doubt.
With `--labels` instead: two models of a sample of so many of our labels, without and with the embedding beside the
n-grams, as `duluan train` makes them of small sets. Needs the extra `semantic`; minutes.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.nlp import gold, part_of
from nlp import metrics
from nlp.annotate import Annotator
from nlp.embedder import load_embedder
from nlp.evaluate import gold_items
from nlp.evaluation import Exam, Predict, examine, of_annotator, of_model, truth
from nlp.labelled import Item
from nlp.linear import Settings, train
from nlp.models.build import collection
from nlp.train import model_text

TASKS = ("topics", "sentiment")


def text(item: Item) -> str:
    return model_text(item.title, item.lead, item.body, item.kind)


def sets(data: Path) -> dict[str, tuple[list[Item], list[str]]]:
    """Items with the story of each."""
    known = collection(data)
    place = known.split.test
    return {
        "held out": ([known.items[i] for i in place], [known.groups[i] for i in place]),
        "gold": (gold(data), [str(record["story"]) for *_, record in gold_items(data)]),
    }


def compared(name: str, task: str, before: Exam, after: Exam) -> str:
    measure = metrics.micro_f1 if task == "topics" else metrics.macro_f1
    old, new = (metrics.measured(exam.cases, measure, 1).value for exam in (before, after))
    plain = metrics.measured(after.plain, measure, 1).value
    by = metrics.difference(after.cases, before.cases, measure)
    return (
        f"{name:<24} {task:<10} {old:.3f} -> {new:.3f} ({by.low:+.3f} to {by.high:+.3f}), without accents {plain:.3f}"
    )


def parts(name: str, exams: tuple[Exam, Exam]) -> Iterator[tuple[str, tuple[Exam, Exam]]]:
    if name == "gold":
        yield name, exams
        return
    for words, kind in (("news", "news"), ("social", "people")):
        yield f"{name}, {words}", (part_of(exams[0], kind), part_of(exams[1], kind))


def shipped(data: Path) -> None:
    annotator = Annotator.load()
    for name, (items, groups) in sets(data).items():
        annotations = annotator.annotate_many([item.document for item in items], everything=True)
        shares = [sum(task in a.doubted for a in annotations) / len(items) for task in TASKS]
        some = sum(bool(a.doubted) for a in annotations) / len(items)
        print(f"{name}: in doubt topics {shares[0]:.2f}, sentiment {shares[1]:.2f}, either {some:.2f}", flush=True)
        for task in TASKS:
            exams = tuple(
                examine(task, items, of_annotator(annotator, task, again=again), groups) for again in (False, True)
            )
            for part, (before, after) in parts(name, (exams[0], exams[1])):
                print(compared(part, task, before, after), flush=True)


def small(data: Path, labels: int) -> None:
    known = collection(data)
    for task in TASKS:
        pool = [item for item in known.side("train") if truth(item, task)]
        drawn = np.random.default_rng(3).permutation(len(pool))[:labels]
        learnt = [pool[i] for i in sorted(drawn)]
        asked = [item for item in known.side("test") if truth(item, task)]
        settings = Settings(multi=task == "topics", features=36_000, folds=3, second=0.5)
        texts, given = [text(item) for item in learnt], [truth(item, task) for item in learnt]
        ways: list[Predict] = [of_model(train(texts, given, replace(settings, meaning=m))) for m in (0.0, 1.0)]
        before, after = (examine(task, asked, way) for way in ways)
        print(compared(f"{len(learnt)} labels", task, before, after), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--labels", type=int, default=0)
    given = parser.parse_args()
    embedder = load_embedder()
    if embedder is None:
        print("the extra `semantic` is not installed: nothing to measure")
        return 1
    started = time.process_time()
    embedder.embed(["Mưa lớn gây ngập nhiều tuyến đường ở phường Đông Hà sáng nay " * 3] * 16)
    print(f"one embedding: {(time.process_time() - started) / 16 * 1000:.0f} ms of a core", flush=True)
    small(given.data, given.labels) if given.labels else shipped(given.data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
