"""The live posts of the story clusterer as growing arrays, so that one post is compared with all in a few steps."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from nlp.features import Floats
from nlp.latent import Row
from nlp.similar import SIZE, overlaps
from nlp.vectors import Vector

# Cosine of words below which likeness of meaning is only likeness of subject: between headlines, between whole texts
# (which use more words, so that two newsrooms share a smaller part of them).
_SHARED_HEADLINES, _SHARED_TEXTS = 0.1, 0.02
_PLACE = 0.3  # what naming the same places adds between whole texts; headlines name too few places to tell events apart
_MEMORY = 2000.0  # posts after which what was seen counts for a third in the centre


@dataclass(slots=True, kw_only=True)
class Member:
    """One live post; `fingerprint` is () when the text is too short to be a copy of anything.

    `whole`: 0 when only headline and lead are known, 1 when the whole text is.
    """

    id: str
    hour: float
    vector: Vector
    latent: Row
    fingerprint: tuple[int, ...]
    places: frozenset[str] = frozenset()
    whole: float = 0.0
    story: str = ""
    original: str | None = None


class Live:
    """Live posts and their stories, and the centre of all posts seen lately."""

    def __init__(self, dimensions: int, unseen: float) -> None:
        self.members: list[Member] = []
        self.story_names: list[str] = []
        self._sum = np.zeros(dimensions)
        self._seen = 0.0
        self._unseen = unseen
        self._recent: deque[float] = deque(maxlen=25)
        self.now = float("-inf")  # the hour that what came last was told at
        self._numbers: dict[str, int] = {}
        self._likeness, self._first, self._last = np.zeros(64), np.zeros(64), np.zeros(64)  # by story
        self._size = 0
        self._whole = np.zeros(64)
        self._places = np.ones(64)
        self._square = np.zeros(64)
        self._named: dict[str, list[int]] = {}
        self._latent = np.zeros((64, dimensions), np.float32)
        self._story = np.zeros(64, np.int64)
        self._prints = np.zeros((64, SIZE), np.uint32)
        self._printed = np.zeros(64, bool)

    def alike(self, member: Member, words: Floats, rows: NDArray[np.int64] | None = None) -> Floats:
        """Likeness of a post to each live one: half by words, half by meaning as seen from the centre, and places.

        `words`: cosines of the words; `rows`: only these of the live posts.
        """
        chosen = slice(0, self._size) if rows is None else rows
        latent, square = self._latent[chosen], self._square[chosen]
        centre = ((self._sum + member.latent) / (self._seen + 1 + self._unseen)).astype(np.float32)
        own = member.latent - centre
        # (a - centre) . (b - centre) multiplied out: no copy of all rows for every post.
        offset = latent @ centre
        lengths = np.sqrt(np.maximum(square - 2 * offset + centre @ centre, 0.0) * (own @ own))
        meaning = (latent @ own - centre @ own) / np.maximum(lengths, 1e-6)
        known = (square > 0) & bool(member.latent.any())
        mixed = np.where(known, 0.5 * words + 0.5 * meaning, words)
        whole = np.minimum(self._whole[chosen], member.whole)
        shared = _SHARED_HEADLINES - (_SHARED_HEADLINES - _SHARED_TEXTS) * whole
        return np.where(words > shared, mixed + _PLACE * whole * self._same_places(member)[chosen], 0.3 * words)

    def _same_places(self, member: Member) -> Floats:
        """Cosine of the sets of places that a post and each live one name; 0 where one names none."""
        common = np.zeros(self._size)
        for place in member.places:
            common[self._named.get(place, [])] += 1.0
        return common / np.sqrt(np.maximum(self._places[: self._size] * len(member.places), 1.0))

    def reachable(self, hour: float, window: float) -> NDArray[np.bool_]:
        """Which live posts belong to stories that a post of that hour may join."""
        stories = len(self.story_names)
        open_stories = (hour - self._last[:stories] <= window) & (self._first[:stories] - hour <= window)
        return np.asarray(open_stories[self._story[: self._size]], dtype=bool)

    def copied(self, member: Member, share: float, since: float = float("-inf")) -> Member | None:
        """The earliest live post that a post copies, of stories that were told at this hour or later."""
        if not member.fingerprint or not self._size:
            return None
        equal = overlaps(member.fingerprint, self._prints[: self._size]) * self._printed[: self._size]
        found = np.flatnonzero(equal >= share)
        return next((self.members[row] for row in found.tolist() if self._last[self._story[row]] >= since), None)

    def by_story(self, near: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """For each story: sum and maximum of likeness over its posts, likeness within it, hour of its last post."""
        story = self._story[: self._size]
        stories = len(self.story_names)
        total = np.zeros(stories)
        np.add.at(total, story, near)
        top = np.zeros(stories)
        np.maximum.at(top, story, near)
        return total, top, self._likeness[:stories], self._last[:stories]

    def rows_of(self, story: str) -> NDArray[np.int64]:
        """Places of the live posts of a story."""
        return np.flatnonzero(self._story[: self._size] == self._numbers.get(story, -1))

    def move(self, rows: Iterable[int], story: str, likeness: Callable[[Sequence[int]], float]) -> None:
        """Gives live posts to a story, new or known. `likeness`: its sum over all pairs of some posts.

        A story that nothing is left of goes; the figures of those that changed are made anew.
        """
        moved = list(rows)
        left = {self.members[row].story for row in moved} - {story}
        for row in moved:
            self.members[row].story = story
        if story not in self._numbers:
            self._begin(story, np.inf, -np.inf)
        self._story[moved] = self._numbers[story]
        for name in sorted({story, *left}):
            number, members = self._numbers[name], self.rows_of(name)
            hours = [self.members[row].hour for row in members]
            self._likeness[number] = likeness([int(row) for row in members]) if hours else 0.0
            self._last[number] = max(hours, default=-np.inf)  # a story without posts is the first to be forgotten
        own = self._numbers[story]
        self._first[own] = min(self._first[own], *(self.members[row].hour for row in moved))

    def age(self, story: str) -> tuple[float, str]:
        """When a story began, and its id: what says which of two is the older."""
        return float(self._first[self._numbers[story]]), story

    def begun(self, story: str, hour: float) -> None:
        """A live story began earlier than its live posts say."""
        number = self._numbers[story]
        self._first[number] = min(self._first[number], hour)

    def add(self, member: Member, likeness: float, *, restored: bool = False) -> None:
        """Takes in a post whose story is known; `likeness`: its sum over the story's posts.

        A restored post does not move the clock: what comes next may lie between restored ones.
        """
        number = self._numbers.get(member.story)
        if number is None:
            number = self._begin(member.story, member.hour, member.hour)
        self._likeness[number] += 1.0 + 2.0 * likeness
        self._first[number] = min(self._first[number], member.hour)
        self._last[number] = max(self._last[number], member.hour)
        self._append(member, number)
        fade = 1.0 - 1.0 / _MEMORY
        self._sum = self._sum * fade + member.latent
        self._seen = self._seen * fade + 1.0
        if not restored:
            # The median of what came last: one post with a date in the future must not end all stories.
            self._recent.append(member.hour)
            self.now = max(self.now, float(median(self._recent)))

    def _begin(self, story: str, first: float, last: float) -> int:
        number = self._numbers[story] = len(self.story_names)
        self.story_names.append(story)
        if number == len(self._first):
            for name in ("_likeness", "_first", "_last"):
                array = getattr(self, name)
                setattr(self, name, np.concatenate([array, np.zeros_like(array)]))
        self._likeness[number], self._first[number], self._last[number] = 0.0, first, last
        return number

    def _append(self, member: Member, number: int) -> None:
        if self._size == len(self._story):
            for name in ("_latent", "_story", "_prints", "_printed", "_whole", "_places", "_square"):
                array = getattr(self, name)
                setattr(self, name, np.concatenate([array, np.zeros_like(array)]))
        self._latent[self._size] = member.latent
        self._square[self._size] = float(member.latent @ member.latent)
        self._story[self._size] = number
        if member.fingerprint:
            self._prints[self._size] = member.fingerprint
            self._printed[self._size] = True
            member.fingerprint = ()  # the array has it now; as numbers of Python it is half of a post's memory
        self._whole[self._size], self._places[self._size] = member.whole, max(len(member.places), 1)
        for place in member.places:
            self._named.setdefault(place, []).append(self._size)
        self.members.append(member)
        self._size += 1

    def forget(self, window: float) -> None:
        """Drops the posts of stories that nothing can join any more."""
        with np.errstate(invalid="ignore"):  # nothing told yet, and a story whose posts all went to another
            alive = self.now - self._last[: len(self.story_names)] <= window
        if alive.all():
            return
        kept = [m for m in self.members if alive[self._numbers[m.story]]]
        stories = [name for name, lives in zip(self.story_names, alive, strict=True) if lives]
        rows = alive[self._story[: self._size]]
        self.members, self.story_names = kept, stories
        for name in ("_likeness", "_first", "_last"):
            array = getattr(self, name)
            array[: len(stories)] = array[: len(alive)][alive]
        self._numbers = {name: number for number, name in enumerate(stories)}
        self._size = len(kept)
        for name in ("_latent", "_prints", "_printed", "_whole", "_places", "_square"):
            array = getattr(self, name)
            array[: self._size] = array[: len(rows)][rows]
        self._printed[self._size :] = False
        self._story[: self._size] = [self._numbers[m.story] for m in kept]
        self._named = {}
        for row, member in enumerate(kept):
            for place in member.places:
                self._named.setdefault(place, []).append(row)
