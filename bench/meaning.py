"""What sentence embeddings would add to topics and sentiment: for every post, and for those the models doubt.

    python -m bench.meaning [--data ../shared/data] [--train 600] [--doubt 0.6]

Two models of the same labels (a sample of the train side), without and with the embedding beside the n-grams, and
both on what is held out by time and story: the first alone, the second alone, and the first with the second for posts
whose best score is below `--doubt`. Printed are micro-F1 (topics) and macro-F1 (sentiment) with the difference's
interval by paired bootstrap, and what a post costs. Needs the extra `semantic`; minutes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from nlp import metrics
from nlp.embedder import load_embedder
from nlp.evaluation import Given, examine, of_model, truth
from nlp.labelled import Item
from nlp.linear import LinearModel, Settings, train
from nlp.metrics import Case
from nlp.models.build import collection
from nlp.train import model_text


def text(item: Item) -> str:
    return model_text(item.title, item.lead, item.body, item.kind)


def both(words: LinearModel, meaning: LinearModel, doubt: float, asked: list[int]) -> object:
    """Labels by words, and by meaning as well where the words' best score is below `doubt`."""

    def predict(items: Sequence[Item]) -> list[Given]:
        found = of_model(words)(items)
        unsure = [i for i, (_, scores) in enumerate(found) if max(scores.values()) < doubt]
        asked.append(len(unsure))
        for place, better in zip(unsure, of_model(meaning)([items[i] for i in unsure]), strict=True):
            found[place] = better
        return found

    return predict


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--train", type=int, default=600)
    parser.add_argument("--doubt", type=float, default=0.6)
    given = parser.parse_args()
    embedder = load_embedder()
    if embedder is None:
        print("the extra `semantic` is not installed: nothing to measure")
        return
    started = time.perf_counter()
    embedder.embed(["Mưa lớn gây ngập nhiều tuyến đường ở phường Đông Hà sáng nay " * 3] * 16)
    print(f"one embedding: {(time.perf_counter() - started) / 16 * 1000:.0f} ms", flush=True)
    known = collection(given.data)
    for task in ("sentiment", "topics"):
        pool = [item for item in known.side("train") if truth(item, task)]
        drawn = np.random.default_rng(3).permutation(len(pool))[: given.train]
        learnt = [pool[i] for i in sorted(drawn)]
        asked = [item for item in known.side("test") if truth(item, task)]
        settings = Settings(multi=task == "topics", strength=0.5, features=36_000, domains=True, folds=3, second=0.5)
        texts, labels = [text(item) for item in learnt], [truth(item, task) for item in learnt]
        words, meaning = train(texts, labels, settings), train(texts, labels, replace(settings, meaning=1.0))
        measure = metrics.micro_f1 if task == "topics" else metrics.macro_f1
        plain = examine(task, asked, of_model(words)).cases
        counted: list[int] = []
        ways: dict[str, tuple[Case, ...]] = {
            "with meaning": examine(task, asked, of_model(meaning)).cases,
            f"with meaning below {given.doubt:g}": examine(
                task,
                asked,
                both(words, meaning, given.doubt, counted),  # type: ignore[arg-type]
            ).cases,
        }
        value = metrics.measured(plain, measure, 1).value
        print(f"{task}, {len(learnt)} labels, {len(asked)} held out: words alone {value:.3f}", flush=True)
        for name, cases in ways.items():
            by = metrics.difference(cases, plain, measure)
            print(f"  {name}: {metrics.measured(cases, measure, 1).value:.3f} ({by.low:+.3f} to {by.high:+.3f})")
        print(f"  doubted: {counted[0]} of {len(asked)}", flush=True)


if __name__ == "__main__":
    main()
