"""Scores of the room's components on labelled items: precision and recall, F1, B-cubed, agreement."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime
from itertools import combinations
from pathlib import Path
from typing import Any

from nlp.annotate import Annotator
from nlp.annotation import Document
from nlp.linear import LinearModel
from nlp.places import PlaceFinder
from nlp.province import Province
from nlp.relevance import SecondLayer, judge
from nlp.stories import Settings, cluster, story_item
from nlp.train import model_text

GOLD = "qt_gold_2025-08.jsonl"


def gold_items(data: Path) -> list[tuple[Document, datetime, dict[str, Any]]]:
    """The validation items: document, time, labels. Never for training."""
    records = [json.loads(line) for line in (data / GOLD).read_text(encoding="utf-8").splitlines()]
    return [
        (Document(id=r["url"], title=r["title"], lead=r["summary"]), datetime.fromisoformat(r["published_at"]), r)
        for r in records
    ]


def precision_recall(truth: Sequence[bool], given: Sequence[bool]) -> dict[str, float]:
    """`precision`, `recall` and `f1` of a yes-or-no decision."""
    both = sum(t and g for t, g in zip(truth, given, strict=True))
    precision, recall = both / max(1, sum(given)), both / max(1, sum(truth))
    return {"precision": round(precision, 4), "recall": round(recall, 4), "f1": round(_harmonic(precision, recall), 4)}


def _harmonic(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def macro_f1(truth: Sequence[str], given: Sequence[str]) -> float:
    """Mean F1 over the labels that occur."""
    scores = [
        precision_recall([t == label for t in truth], [g == label for g in given])["f1"]
        for label in sorted(set(truth) | set(given))
    ]
    return round(sum(scores) / max(1, len(scores)), 4)


def micro_f1(truth: Iterable[set[str]], given: Iterable[set[str]]) -> float:
    """F1 over all labels of all items together."""
    hit = total = 0
    for true, got in zip(truth, given, strict=True):
        hit += len(true & got)
        total += len(true) + len(got)
    return round(2 * hit / max(1, total), 4)


def b_cubed(truth: Sequence[Hashable], given: Sequence[Hashable]) -> float:
    """B-cubed F1 of a clustering."""
    size_true, size_given = Counter(truth), Counter(given)
    both = Counter(zip(truth, given, strict=True))
    precision = sum(n * n / size_given[g] for (_, g), n in both.items()) / max(1, len(truth))
    recall = sum(n * n / size_true[t] for (t, _), n in both.items()) / max(1, len(truth))
    return round(_harmonic(precision, recall), 4)


def pairwise_f1(truth: Sequence[Hashable], given: Sequence[Hashable]) -> float:
    """F1 over the pairs of items that are put together."""

    def pairs(names: Sequence[Hashable]) -> set[tuple[int, int]]:
        groups: dict[Hashable, list[int]] = defaultdict(list)
        for place, name in enumerate(names):
            groups[name].append(place)
        return {pair for members in groups.values() for pair in combinations(members, 2)}

    one, other = pairs(truth), pairs(given)
    return round(2 * len(one & other) / max(1, len(one) + len(other)), 4)


def gold_topics(data: Path, model: LinearModel) -> dict[str, float]:
    """Micro-F1 of the topics given and accuracy of the main one, on the validation items."""
    items = gold_items(data)
    rows = model.scores([model_text(d.title, d.lead, "") for d, _, _ in items])
    given = [[code for code, _ in model.decide(row)][:3] for row in rows]
    truth = [r for _, _, r in items]
    main = sum(codes[0] in (r.get("main") or r["topics"][:1]) for codes, r in zip(given, truth, strict=True))
    f1 = micro_f1([set(r["topics"]) for r in truth], [set(codes) for codes in given])
    return {"micro_f1": f1, "main_accuracy": round(main / len(items), 4), "items": len(items)}


def gold_sentiment(data: Path, model: LinearModel) -> dict[str, float]:
    """Macro-F1 and accuracy of sentiment on the validation items that carry one."""
    items = [(d, r["sentiment"]) for d, _, r in gold_items(data) if r["sentiment"]]
    rows = model.scores([model_text(d.title, d.lead, "") for d, _ in items])
    given = [model.labels[int(row.argmax())] for row in rows]
    truth = [label for _, label in items]
    accuracy = sum(t == g for t, g in zip(truth, given, strict=True)) / len(items)
    return {"macro_f1": macro_f1(truth, given), "accuracy": round(accuracy, 4), "items": len(items)}


def gold_relevance(data: Path, province: Province, layer: SecondLayer | None = None) -> dict[str, dict[str, float]]:
    """Precision and recall of “concerns the province at all” (1 or 2) and of “is about it” (2)."""
    finder = PlaceFinder(province)
    pairs = [(r["relevance"], judge(d, finder.find(d.text), province, layer).label) for d, _, r in gold_items(data)]
    return {
        "any": precision_recall([t >= 1 for t, _ in pairs], [g >= 1 for _, g in pairs]),
        "about": precision_recall([t == 2 for t, _ in pairs], [g == 2 for _, g in pairs]),
    }


def gold_stories(data: Path, annotator: Annotator, settings: Settings | None = None) -> dict[str, float]:
    """B-cubed and pairwise F1 of the stories found in one pass over the validation items."""
    items = gold_items(data)
    annotations = annotator.annotate_many(d for d, _, _ in items)
    pairs = zip(items, annotations, strict=True)
    told = [story_item(d, at, annotation, annotator.province) for (d, at, _), annotation in pairs]
    given = [a.story_id for a in cluster(told, settings)]
    truth = [r["story"] for _, _, r in items]
    return {"b_cubed_f1": b_cubed(truth, given), "pairwise_f1": pairwise_f1(truth, given), "items": len(items)}
