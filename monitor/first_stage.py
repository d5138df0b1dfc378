"""The first stage of relevance: may an article concern the province, by its title and summary alone?

Asked before a national outlet's article is fetched, so it errs towards yes: every name that the province or a place of
it has or had, and words of its region, weather, borders, roads and offices. What it loses is measured by a control
group that is fetched all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import ahocorasick
import yaml

from nlp.province import Province, Unit
from nlp.text import exact, fold

REGIONS = Path(__file__).parent / "regions"


class FirstStage:
    """Callable: text -> whether it may concern the province. Pure once made; one serves all threads."""

    def __init__(self, province: Province) -> None:
        self._exact = _automaton({*map(exact, names(province)), *map(exact, region_words(province.id))})
        # Texts typed without accents: only the names that stay clear then.
        self._folded = _automaton({*province.folded, fold(province.unit.short)})

    def __call__(self, text: str) -> bool:
        words = exact(text)
        return _holds(self._exact, words) or _holds(self._folded, fold(words))


def names(province: Province) -> Iterator[str]:
    """Written names that speak for the province, loose ones included; of common names the form with its unit."""
    yield from province.nicknames
    for unit in province.entries:
        yield unit.name
        if unit.trust != "prefix":
            yield from (each for each in (unit.short, *unit.aliases) if _is_telling(each, unit))


def region_words(province: str) -> list[str]:
    """The words of `regions/<province>.yaml`; none for a province without such a file."""
    file = REGIONS / f"{province}.yaml"
    return [str(word) for word in yaml.safe_load(file.read_text(encoding="utf-8"))] if file.exists() else []


def _is_telling(name: str, unit: Unit) -> bool:
    """A name of one syllable is every second word."""
    return len(exact(name).split()) > 1 or unit.trust == "name"


def _automaton(words: Iterable[str]) -> ahocorasick.Automaton:
    made = ahocorasick.Automaton()
    for word in words:
        if word:
            made.add_word(f" {word} ", True)
    made.make_automaton()
    return made


def _holds(automaton: ahocorasick.Automaton, words: str) -> bool:
    return next(automaton.iter(f" {words} "), None) is not None
