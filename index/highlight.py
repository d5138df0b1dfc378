"""Marks what matched, in the text as it was written. Shared by all engines; gives plain text and spans, never markup.

The original text is cut into words, each is analyzed alone, and the query's words are looked for among the results,
so spans are exact however the original spells its accents.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from index.ast import Node, Text, positive_texts
from index.port import Analyzer, Highlight

SNIPPET = 240
_LONGEST = 20_000  # characters of a body that are searched for the best place
# A word with its combining marks and the invisible characters that web pages put inside words.
_INSIDE = "\u0300-\u036f\u00ad\u200b-\u200f\u2060\ufeff"
_WORD = re.compile(f"(?:[^\\W_][{_INSIDE}]*)+")
_SPACE = re.compile(r"\s")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Pattern:
    """Words to find side by side. `typed` are the exact forms, which count more when a snippet is chosen."""

    words: tuple[str, ...]
    typed: tuple[str, ...]
    exact: bool
    prefix: bool
    title_only: bool


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of a text in order: both forms, and where each stands in the original."""

    exact: list[str]
    fold: list[str]
    spans: list[Span]


class Highlighter:
    """Highlights for one engine; remembers the forms of words, as a province's news uses few different ones."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self._forms = lru_cache(maxsize=100_000)(self._analyze)

    def _analyze(self, word: str) -> tuple[tuple[str, str], ...]:
        exact = self._analyzer.exact(word)
        return tuple((part, self._analyzer.fold(part)) for part in exact.split())

    def for_query(self, node: Node) -> QueryHighlighter:
        patterns = (self._pattern(text) for text in positive_texts(node))
        return QueryHighlighter(self, [pattern for pattern in patterns if pattern.words])

    def _pattern(self, text: Text) -> _Pattern:
        typed = tuple(self._analyzer.exact(text.text).split())
        fold = tuple(self._analyzer.fold(text.text).split())
        return _Pattern(typed if text.exact else fold, typed, text.exact, text.prefix, text.field == "title")

    def words(self, text: str) -> _Words:
        words = _Words([], [], [])
        for match in _WORD.finditer(text):
            for exact, fold in self._forms(match.group()):
                words.exact.append(exact)
                words.fold.append(fold)
                words.spans.append(match.span())
        return words


class QueryHighlighter:
    """Highlights for the hits of one query."""

    def __init__(self, highlighter: Highlighter, patterns: Sequence[_Pattern]) -> None:
        self._highlighter, self._patterns = highlighter, patterns

    def title(self, text: str) -> Highlight:
        """The whole title."""
        found = self._find(text, self._patterns)
        return Highlight(text, _joined(span for span, _ in found))

    def snippet(self, lead: str, body: str) -> Highlight:
        """About `SNIPPET` characters of lead or body around the place where most of the query stands together."""
        patterns = [pattern for pattern in self._patterns if not pattern.title_only]
        best: tuple[float, str, Span, list[tuple[Span, float]]] | None = None
        for text in (lead, body[:_LONGEST]):
            found = self._find(text, patterns)
            if found:
                start, end, weight = _densest(found)
                if best is None or weight > best[0]:
                    best = weight, text, (start, end), found
        if best is None:
            return _cut(lead or body, (0, 0), ())
        return _cut(best[1], best[2], _joined(span for span, _ in best[3]))

    def _find(self, text: str, patterns: Sequence[_Pattern]) -> list[tuple[Span, float]]:
        """Every match: where it is and how much it counts."""
        if not patterns or not text:
            return []
        words = self._highlighter.words(text)
        found = [match for pattern in patterns for match in _matches(pattern, words)]
        return sorted(found)


def _matches(pattern: _Pattern, words: _Words) -> list[tuple[Span, float]]:
    forms = words.exact if pattern.exact else words.fold
    size = len(pattern.words)
    found = []
    for at in _starts(pattern, forms):
        if _stands(pattern, forms, at):
            typed = tuple(words.exact[at : at + size - pattern.prefix]) == pattern.typed[: size - pattern.prefix]
            span = words.spans[at][0], words.spans[at + size - 1][1]
            found.append((span, size * (1.0 if typed else 0.6)))
    return found


def _starts(pattern: _Pattern, forms: list[str]) -> Iterable[int]:
    first, last = pattern.words[0], len(forms) - len(pattern.words)
    if len(pattern.words) == 1 and pattern.prefix:
        return (at for at, form in enumerate(forms) if form.startswith(first))
    return (at for at, form in enumerate(forms) if form == first and at <= last)


def _stands(pattern: _Pattern, forms: list[str], at: int) -> bool:
    wanted, here = pattern.words, forms[at : at + len(pattern.words)]
    if pattern.prefix:
        return len(here) == len(wanted) and here[:-1] == list(wanted[:-1]) and here[-1].startswith(wanted[-1])
    return here == list(wanted)


def _densest(found: Sequence[tuple[Span, float]]) -> tuple[int, int, float]:
    """The window of a snippet's length with the most weight; different words count more than repeated ones."""
    best = (0, 0, -1.0)
    first, total = 0, 0.0
    for last, ((_, end), weight) in enumerate(found):
        total += weight
        while end - found[first][0][0] > SNIPPET and first < last:
            total -= found[first][1]
            first += 1
        if total > best[2] + 1e-9:
            best = found[first][0][0], end, total
    return best


def _joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Overlapping spans as one, in order."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return tuple(joined)


def _cut(text: str, window: Span, spans: Sequence[Span]) -> Highlight:
    """A piece of the text around the window, cut between words, with dots where something was left out."""
    spare = max(0, SNIPPET - (window[1] - window[0]))
    start = max(0, window[0] - spare // 3)
    end = min(len(text), max(window[1], start + SNIPPET))
    start = max(0, min(start, end - SNIPPET))
    start, end = _between_words(text, start, end, window)
    before, after = ("… " if start else ""), (" …" if end < len(text) else "")
    shift = len(before) - start
    kept = tuple((a + shift, b + shift) for a, b in spans if start <= a and b <= end)
    return Highlight(before + _SPACE.sub(" ", text[start:end]) + after, kept)


def _between_words(text: str, start: int, end: int, window: Span) -> Span:
    """Moves both edges inwards to the next space, but not into the window; what has no spaces is cut anywhere."""
    if start and not text[start - 1].isspace():
        space = _SPACE.search(text, start, max(start, window[0]))
        start = space.end() if space else start
    while start < window[0] and text[start].isspace():
        start += 1
    if end < len(text) and not text[end].isspace():
        at = max((text.rfind(space, max(window[1], start), end) for space in " \n\t\u00a0"), default=-1)
        end = at if at > start else end
    while end > max(window[1], start) and text[end - 1].isspace():
        end -= 1
    return start, end
