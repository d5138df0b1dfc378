"""What changed between two texts of a post, as people read it: words taken out, words put in, a little around them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Literal

from monitor.archive import ArchivedPost, Revision

Operation = Literal["same", "removed", "added"]
Part = Literal["title", "lead", "body"]
PARTS: tuple[Part, ...] = ("title", "lead", "body")
AROUND = 8  # unchanged words shown on each side of a change
MOST_WORDS = 3_000  # of one changed paragraph; longer ones count as replaced whole
LONGEST = 600  # characters of one piece
MOST_PIECES = 60
_WORDS = re.compile(r"\S+\s*|\n")


@dataclass(frozen=True, slots=True)
class Change:
    """A piece of the text before or after; `same` pieces are only what stands around changes."""

    part: Part
    operation: Operation
    text: str


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit of a post: the text's number before it, until when that stood, and what changed."""

    revision: Revision
    changes: tuple[Change, ...]


def edits(post: ArchivedPost, earlier: Sequence[Revision]) -> list[Edit]:
    """The post's edits, oldest first."""
    now = Revision(post.revision, post.post.title, post.post.lead, post.post.body, post.changed_at)
    return [Edit(before, changes(before, after)) for before, after in pairwise([*earlier, now])]


def changes(before: Revision, after: Revision) -> tuple[Change, ...]:
    """What changed in title, lead and body; bounded in length."""
    found: list[Change] = []
    for part in PARTS:
        old, new = getattr(before, part), getattr(after, part)
        if old != new:
            found += [Change(part, operation, text) for operation, text in word_changes(old, new)]
    return tuple(found[:MOST_PIECES])


def word_changes(old: str, new: str) -> Iterator[tuple[Operation, str]]:
    """Changed words with some unchanged ones around; paragraphs first, so that long texts stay cheap."""
    lines = SequenceMatcher(None, old.splitlines(), new.splitlines(), autojunk=False)
    before, after = old.splitlines(), new.splitlines()
    for tag, a, b, c, d in lines.get_opcodes():
        if tag != "equal":
            yield from _in_paragraphs("\n".join(before[a:b]), "\n".join(after[c:d]))


def _in_paragraphs(old: str, new: str) -> Iterator[tuple[Operation, str]]:
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    if len(before) + len(after) > MOST_WORDS:
        yield from _replaced(old, new)
        return
    bare = SequenceMatcher(None, [each.strip() for each in before], [each.strip() for each in after], autojunk=False)
    if before and after and bare.ratio() < 0.3:
        yield from _replaced(old, new)
        return
    blocks = bare.get_opcodes()
    for number, (tag, a, b, c, d) in enumerate(blocks):
        if tag == "equal":
            yield "same", _clipped(before[a:b], first=number == 0, last=number == len(blocks) - 1)
        else:
            yield from _replaced("".join(before[a:b]), "".join(after[c:d]))


def _replaced(old: str, new: str) -> Iterator[tuple[Operation, str]]:
    if old.strip():
        yield "removed", _short(old)
    if new.strip():
        yield "added", _short(new)


def _clipped(words: Sequence[str], *, first: bool, last: bool) -> str:
    """Unchanged words next to a change: after the one before, before the one that follows."""
    room = AROUND if first or last else 2 * AROUND
    if len(words) <= room:
        return "".join(words)
    head = [] if first else words[:AROUND]
    tail = [] if last else words[-AROUND:]
    return "".join(head) + "… " + "".join(tail)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST].rsplit(None, 1)[0] + "…"
