"""Which words a set of mentions has more than all mentions have: the same for all engines, from samples they draw.

Terms are runs of one to four words, as a Vietnamese word is mostly two syllables. Each engine samples by `Mention`
ids (`index.values.pick`), so the same mentions are looked at everywhere and the answers are equal. Score: JLH, the
difference of the two shares times their quotient, as Elasticsearch's `significant_terms` has it.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from index.ast import Node, positive_texts
from index.port import Analyzer, Mention, Term

SAMPLE = 500  # mentions of the set
BACKGROUND = 1500  # mentions of the whole index
_READ = 4000  # characters of a body
_LONGEST = 4  # words
_LEAST = 3  # mentions that must have a term
_EVERYWHERE = 0.35  # a word in more of all mentions than this is a function word
_TAKEN_IN = 0.7  # a term that stands mostly inside of a longer one is left out
_FRESH = 600.0  # seconds that the background of a large index is remembered

Counts = Counter[str]


@dataclass(frozen=True, slots=True)
class Sample:
    """In how many of `size` mentions each term stands."""

    size: int
    counts: Counts

    def share(self, term: str) -> float:
        return self.counts[term] / self.size if self.size else 0.0


def sampled(mentions: Iterable[Mention], analyzer: Analyzer) -> Sample:
    counts: Counts = Counter()
    size = 0
    for size, mention in enumerate(mentions, 1):  # noqa: B007
        counts.update(_terms(mention, analyzer))
    return Sample(size, counts)


def _terms(mention: Mention, analyzer: Analyzer) -> set[str]:
    found: set[str] = set()
    for text in (mention.title, mention.lead, mention.body[:_READ]):
        words = analyzer.exact(text).split()
        found.update(words)
        for length in range(2, _LONGEST + 1):
            found.update(map(" ".join, zip(*(words[at:] for at in range(length)), strict=False)))
    return found


class Background:
    """The sample of the whole index, remembered for some minutes once it is large enough not to change much."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[float, Sample] | None = None

    def get(self, draw: Callable[[], Sample]) -> Sample:
        with self._lock:
            if self._known is not None and time.monotonic() - self._known[0] < _FRESH:
                return self._known[1]
            sample = draw()
            self._known = (time.monotonic(), sample) if sample.size >= BACKGROUND else None
            return sample


def significant(node: Node, found: Sample, all_of_them: Sample, analyzer: Analyzer, limit: int) -> list[Term]:
    """The terms of a set, most telling first; those that the query itself names are left out."""
    if not found.size:
        return []
    asked = [analyzer.fold(text.text) for text in positive_texts(node)]
    scored = [
        Term(term, _jlh(share, usual), share, usual)
        for term, count in found.counts.items()
        if count >= _LEAST and (share := count / found.size) > (usual := _usual(term, all_of_them))
        if _tells(term, all_of_them)
    ]
    scored.sort(key=lambda term: (-term.score, term.text))
    return _whole(scored, found.counts, asked, analyzer, limit)


def _usual(term: str, sample: Sample) -> float:
    return (sample.counts[term] + 0.5) / (sample.size + 1)


def _jlh(share: float, usual: float) -> float:
    return (share - usual) * share / usual


def _tells(term: str, sample: Sample) -> bool:
    """Neither a number nor a single letter, and no function word at either end."""
    words = term.split()
    if all(word.isdigit() or len(word) < 2 for word in words):
        return False
    return not any(sample.share(word) > _EVERYWHERE for word in (words[0], words[-1]))


def _whole(terms: Sequence[Term], counts: Counts, asked: Sequence[str], analyzer: Analyzer, limit: int) -> list[Term]:
    """The first ones, without terms that stand mostly inside of a longer one, and without what was asked for."""
    inside: set[str] = set()
    for term in terms:
        words = term.text.split()
        for length in range(1, len(words)):
            parts = (" ".join(words[at : at + length]) for at in range(len(words) - length + 1))
            inside.update(part for part in parts if counts[term.text] >= _TAKEN_IN * counts[part])
    kept: list[Term] = []
    for term in terms:
        if len(kept) >= limit:
            break
        folded = f" {analyzer.fold(term.text)} "
        if term.text in inside or any(folded in f" {text} " or f" {text} " in folded for text in asked):
            continue
        if not any(_continues(term.text.split(), other.text.split()) for other in kept):
            kept.append(term)
    return kept


def _continues(one: list[str], other: list[str]) -> bool:
    """Whether the end of either is the beginning of the other, by two words or more: two cuts from one longer run."""
    return any(
        first[-size:] == second[:size]
        for first, second in ((one, other), (other, one))
        for size in range(2, min(len(one), len(other)))
    )
