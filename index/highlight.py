"""Marks what matched, in the text as it was written. Shared by all engines; gives plain text and spans, never markup.

The original text is cut into words, each is analyzed alone, and the query's words are looked for among the results,
so spans are exact however the original spells its accents.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from index.ast import Node, Text, positive_texts
from index.port import Analyzer, Highlight

SNIPPET = 240
_REMEMBERED = 200_000  # words
_LONGEST = 20_000  # characters of a body that are searched for the best place
# A word with its combining marks and the invisible characters that web pages put inside words.
_INSIDE = "\u0300-\u036f\u00ad\u200b-\u200f\u2060\ufeff"
_WORD = re.compile(f"(?:[^\\W_][{_INSIDE}]*)+")
# No analyzer makes none of such a word; other letters and marks are analyzed each word alone.
_PLAIN = re.compile("[0-9A-Za-zÀ-ÖØ-öø-ƿẠ-ỹ]+")
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


class _Form(dict[str, str]):
    """A form of each word met so far. A plain look-up, as a page of results asks for thousands of words."""

    def __init__(self, analyze: Callable[[str], str]) -> None:
        super().__init__()
        self._analyze = analyze

    def __missing__(self, word: str) -> str:
        if len(self) >= _REMEMBERED:
            self.clear()
        return self.setdefault(word, self._analyze(word))

    def of(self, words: list[str]) -> list[str]:
        unknown = [word for word in words if word not in self]
        if len(unknown) > 1 and len(self) + len(unknown) < _REMEMBERED:
            self._learn([word for word in dict.fromkeys(unknown) if _PLAIN.fullmatch(word)])
        return list(map(self.__getitem__, words))

    def _learn(self, words: list[str]) -> None:
        """Analyzes many words at once, which costs a tenth, where each of them remains one."""
        forms = self._analyze(" ".join(words)).split()
        if len(forms) == len(words):
            self.update(zip(words, forms, strict=True))


class _Words:
    """The words of a text in order: both forms, and (told only when asked) where each stands in the original."""

    def __init__(self, text: str, exact: _Form, fold: _Form) -> None:
        self.text = text
        self._parts: list[int] | None = None
        found = _WORD.findall(text)
        self.exact: list[str] = exact.of(found)
        self.fold: list[str] = fold.of(found)
        # Hardly any text has a run of letters that is no word, or more than one.
        if "" in self.exact or " " in "".join(self.exact):
            counts = [len(form.split()) for form in self.exact]
            self._parts = counts
            self.exact = " ".join(self.exact).split()
            self.fold = [fold[part] for part in self.exact]

    @cached_property
    def spans(self) -> list[Span]:
        found = [match.span() for match in _WORD.finditer(self.text)]
        if self._parts is None:
            return found
        return [span for span, count in zip(found, self._parts, strict=True) for _ in range(count)]


class Highlighter:
    """Highlights for one engine; remembers the forms of words, as a province's news uses few different ones."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self._exact, self._fold = _Form(analyzer.exact), _Form(analyzer.fold)

    def for_query(self, node: Node) -> QueryHighlighter:
        patterns = (self._pattern(text) for text in positive_texts(node))
        return QueryHighlighter(self, [pattern for pattern in patterns if pattern.words])

    def _pattern(self, text: Text) -> _Pattern:
        typed = tuple(self._analyzer.exact(text.text).split())
        fold = tuple(self._analyzer.fold(text.text).split())
        return _Pattern(typed if text.exact else fold, typed, text.exact, text.prefix, text.field == "title")

    def words(self, text: str) -> _Words:
        return _Words(text, self._exact, self._fold)


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

    def frequencies(self, texts: Sequence[tuple[str, float]]) -> tuple[int, list[float]]:
        """How many words the texts have, title first, and how often each text of the query stands in them, weighed."""
        known = [(self._highlighter.words(text[:_LONGEST]), weight) for text, weight in texts]
        found = [
            sum(_often(pattern, words) * weight for words, weight in known[: 1 if pattern.title_only else None])
            for pattern in self._patterns
        ]
        return sum(len(words.fold) for words, _ in known), found

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


def _often(pattern: _Pattern, words: _Words) -> int:
    forms = words.exact if pattern.exact else words.fold
    return sum(_stands(pattern, forms, at) for at in _starts(pattern, forms))


def _starts(pattern: _Pattern, forms: list[str]) -> Iterable[int]:
    first, last = pattern.words[0], len(forms) - len(pattern.words)
    if len(pattern.words) == 1 and pattern.prefix:
        return (at for at, form in enumerate(forms) if form.startswith(first))
    return _places(first, forms, last)


def _places(word: str, forms: list[str], last: int) -> Iterator[int]:
    at = -1
    with contextlib.suppress(ValueError):  # no more of them
        while (at := forms.index(word, at + 1)) <= last:
            yield at


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
