"""Near-verbatim copies: what one outlet makes of another's article with little work of its own."""

from __future__ import annotations

from sandbox.content import Telling
from sandbox.writing import chance

OPENINGS = ("Theo {name}, ", "Theo tin từ {name}, ", "Theo phản ánh của {name}, ")


def copied_body(source: Telling, source_name: str, seed: str) -> tuple[str, ...]:
    """The source's paragraphs with "Theo ..." in front and one inner paragraph dropped or joined to the next.

    The same seed gives the same copy.
    """
    first, *rest = source.body
    opening = OPENINGS[chance(seed, "opening") % len(OPENINGS)].format(name=source_name)
    return (opening + _inside_sentence(first), *_shortened(rest, seed))


def _inside_sentence(paragraph: str) -> str:
    """Lower the first letter unless the paragraph seems to begin with a name, a figure or a quotation."""
    words = paragraph.split()
    begins_with_name = len(words) < 2 or words[1][:1].isupper() or not words[0][1:].islower()
    return paragraph if begins_with_name else paragraph[0].lower() + paragraph[1:]


def _shortened(rest: list[str], seed: str) -> list[str]:
    if len(rest) < 2:
        return rest
    at = chance(seed, "place") % (len(rest) - 1)
    if chance(seed, "drop") % 2:
        return rest[:at] + rest[at + 1 :]
    return [*rest[:at], f"{rest[at]} {rest[at + 1]}", *rest[at + 2 :]]
