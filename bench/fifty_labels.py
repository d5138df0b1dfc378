"""What a few labels of people's own are worth: the learning curve of `duluan train`.

    python -m bench.fifty_labels [--data ../shared/data] [--task sentiment] [--sizes 50 100 200] [--draws 3] [--meaning]

The hardest honest case: the model in use knows only one kind of text (news or social), people label some of the other
kind, and what is tested is held out by time and story (`nlp.labelled`) and of that other kind. Printed is macro-F1
(topics: micro-F1), the mean of a few draws, of

- the model in use, as it is;
- one trained on the new labels alone (`duluan train`; `--meaning` with sentence embeddings, as where the extra is
  installed: slow);
- the model in use taught the new labels (`duluan train --base`);
- one trained on the old and the new labels together, for whoever has the old texts.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from nlp import metrics
from nlp.adapt import adapted
from nlp.annotation import PEOPLE
from nlp.evaluation import examine, of_model, truth
from nlp.labelled import Item
from nlp.linear import LinearModel, Settings, train
from nlp.models.build import collection
from nlp.train import Example, fitting, learnt, model_text


def score(model: LinearModel, task: str, items: Sequence[Item]) -> float:
    measure = metrics.micro_f1 if task == "topics" else metrics.macro_f1
    return metrics.measured(examine(task, items, of_model(model)).cases, measure, 1).value


def text(item: Item) -> str:
    return model_text(item.title, item.lead, item.body, item.kind)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--task", choices=("topics", "sentiment"), default="sentiment")
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 100, 200])
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--meaning", action="store_true")
    given = parser.parse_args()
    known, task = collection(given.data), given.task
    settings = Settings(multi=task == "topics", strength=0.5, features=36_000, domains=True, folds=3, second=0.5)

    def learn(items: Sequence[Item]) -> LinearModel:
        return train([text(item) for item in items], [truth(item, task) for item in items], settings)

    def alone(items: Sequence[Item]) -> LinearModel:
        examples = [Example(item.id, text(item), truth(item, task)) for item in items]
        chosen = fitting(examples)
        return learnt(examples, chosen if given.meaning else replace(chosen, meaning=0.0))

    for name, people in (("news; labels of social texts", True), ("social texts; labels of news", False)):
        old = [i for i in known.side("train") if truth(i, task) and (i.kind in PEOPLE) != people]
        pool = [i for i in known.side("train") if truth(i, task) and (i.kind in PEOPLE) == people]
        asked = [i for i in known.side("test") if truth(i, task) and (i.kind in PEOPLE) == people]
        base = learn(old)
        print(
            f"{task}: a model of {len(old)} {name}, tested on {len(asked)}: {score(base, task, asked):.3f}", flush=True
        )
        for size in given.sizes:
            found: dict[str, list[float]] = {}
            for draw in range(given.draws):
                chosen = [pool[i] for i in np.random.default_rng(draw).choice(len(pool), size, replace=False)]
                taught = adapted(base, [text(i) for i in chosen], [truth(i, task) for i in chosen])
                ways = {"alone": alone(chosen), "taught": taught, "together": learn([*old, *chosen])}
                for way, model in ways.items():
                    found.setdefault(way, []).append(score(model, task, asked))
            print(
                f"  {size} labels: " + ", ".join(f"{way} {np.mean(each):.3f}" for way, each in found.items()),
                flush=True,
            )


if __name__ == "__main__":
    main()
