"""What a query that was read may have meant instead: offered beside its results, never done unasked."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from index.ast import And, Text, bare_words
from index.port import QueryError
from index.query import parse

_OR = re.compile(r"(?<!\S)hoặc(?!\S)")


class Hint(NamedTuple):
    """`phrase`: the words side by side; `or`: a small "hoặc" that was looked for as a word. `query` is what to try."""

    kind: Literal["phrase", "or"]
    query: str


def hints(query: str) -> list[Hint]:
    """Other ways to read a query. Raises QueryError when it cannot be read at all."""
    tree = parse(query)
    found = []
    if isinstance(tree, And) and bare_words(tree):
        words = [item.text for item in tree.items if isinstance(item, Text)]
        if "hoặc" not in words and _is_read(phrase := f'"{" ".join(words)}"'):
            found.append(Hint("phrase", phrase))
    if _OR.search(query) and '"' not in query and _is_read(wider := _OR.sub("HOẶC", query)):
        found.append(Hint("or", wider))
    return found


def _is_read(query: str) -> bool:
    try:
        parse(query)
    except QueryError:
        return False
    return True
