"""How far two readers of the same guideline agree: Cohen's kappa, and Krippendorff's alpha where labels combine.

Cohen 1960; Krippendorff 2004 with the MASI distance of sets (Passonneau 2006). Intervals by bootstrap over items.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from nlp.labelled import Item
from nlp.metrics import DRAWS, Interval, interval

_SEED = 5


def kappa(one: Sequence[Hashable], other: Sequence[Hashable], draws: int = DRAWS) -> Interval:
    """Cohen's kappa of two readings of the same items; 1 when both always say the same one thing, 0 without items."""
    if not one:
        return Interval(0.0, 0.0, 0.0)
    names = {name: place for place, name in enumerate(dict.fromkeys([*one, *other]))}
    first = np.array([names[name] for name in one])
    second = np.array([names[name] for name in other])
    weights = _draws(len(one), draws)
    same = weights @ (first == second) / len(one)
    marks = np.eye(len(names))
    chance = ((weights @ marks[first]) * (weights @ marks[second])).sum(axis=1) / len(one) ** 2
    return interval(np.where(chance < 1, (same - chance) / np.maximum(1 - chance, 1e-12), 1.0))


def masi(one: frozenset[str], other: frozenset[str]) -> float:
    """Distance of two sets, 0-1: Jaccard, and how one lies to the other (Passonneau 2006)."""
    if not one and not other:
        return 0.0
    both = len(one & other)
    lies = 1.0 if one == other else 2 / 3 if one <= other or other <= one else 1 / 3 if both else 0.0
    return 1 - lies * both / len(one | other)


def alpha(one: Sequence[frozenset[str]], other: Sequence[frozenset[str]]) -> float:
    """Krippendorff's alpha of two readings with the MASI distance; 1 where there is nothing to differ in."""
    if not one:
        return 0.0
    values = Counter([*one, *other])
    total = sum(values.values())
    apart = sum(values[a] * values[b] * masi(a, b) for a in values for b in values)
    expected = apart / (total * (total - 1))
    observed = sum(masi(a, b) for a, b in zip(one, other, strict=True)) / len(one)
    return round(1 - observed / expected, 6) if expected else 1.0


def agreement(one: Mapping[str, Item], other: Mapping[str, Item]) -> dict[str, Any]:
    """What two readings agree in, on the items that both labelled (by address or id), as plain JSON.

    Sentiment counts where both gave one: an item that does not concern the province has none.
    """
    shared = sorted(one.keys() & other.keys())
    pairs = [(one[key], other[key]) for key in shared]
    told: dict[str, list[tuple[Hashable, Hashable]]] = {
        "relevance": [(a.relevance, b.relevance) for a, b in pairs if None not in (a.relevance, b.relevance)],
        "sentiment": [(a.sentiment, b.sentiment) for a, b in pairs if a.sentiment and b.sentiment],
        "main_topic": [(a.topics[0], b.topics[0]) for a, b in pairs if a.topics and b.topics],
    }
    sets = [(frozenset(a.topics), frozenset(b.topics)) for a, b in pairs if a.topics and b.topics]
    return {
        "items": len(shared),
        "kappa": {
            name: {"items": len(each), **kappa([a for a, _ in each], [b for _, b in each])._asdict()}
            for name, each in told.items()
            if len({label for pair in each for label in pair}) > 1
        },
        "alpha": {"topics": {"items": len(sets), "value": alpha([a for a, _ in sets], [b for _, b in sets])}},
    }


def _draws(items: int, draws: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """(1 + draws x items) weights: everything once, then items drawn with replacement."""
    drawn = np.random.default_rng(_SEED).multinomial(items, np.full(items, 1 / items), size=draws)
    return np.vstack([np.ones(items), drawn])
