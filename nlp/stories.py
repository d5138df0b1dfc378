"""Groups posts into stories as they come in: one pass, no look back, the same result for the same order of posts.

A post joins the live story that it resembles most: the cosine to the story's centre and to its closest posts, fading
with the time between them. A near-copy (MinHash) joins its original's story and is marked as a copy. A new story
takes its id from its first post.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Any

import numpy as np

from nlp.annotation import Document
from nlp.features import Floats
from nlp.similar import fingerprint_of, overlap
from nlp.text import fold
from nlp.vectors import Background, Vector, matrix, vector, word_hashes

_BATCH = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`join`: likeness from which a post joins a story; `copy`: shared shingles from which it is a copy.

    Times in hours: posts further than `window` from a story's last post never join it; likeness halves in `half_life`.
    """

    join: float = 0.15
    copy: float = 0.5
    window: float = 96.0
    half_life: float = 96.0
    centre: float = 0.5
    keep: int = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryItem:
    """A post as the clusterer reads it. `published_at` is aware; `fingerprint` as in `Annotation`, or empty."""

    id: str
    published_at: datetime
    title: str = ""
    text: str = ""
    fingerprint: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Assignment:
    """The story of a post, and the earlier post that it copies."""

    id: str
    story_id: str
    duplicate_of: str | None


@dataclass(slots=True)
class _Member:
    id: str
    hour: float
    vector: Vector
    fingerprint: tuple[int, ...]
    story: str = ""
    original: str | None = None


@dataclass(slots=True)
class _Story:
    """`likeness`: sum of the cosines between its live members (itself included), the square of its centre's length."""

    id: str
    first: float
    last: float
    members: list[_Member] = field(default_factory=list)
    likeness: float = 0.0


def story_id(first: str) -> str:
    """The id of the story that a post begins: stable, the same wherever it is computed."""
    return "s" + hashlib.sha256(first.encode()).hexdigest()[:15]


class StoryClusterer:
    """Holds the live stories. Feed it posts in the order they became known; `state` and `restore` survive a restart."""

    def __init__(self, settings: Settings | None = None, background: Background | None = None) -> None:
        self.settings = settings or Settings()
        self._background = background or Background.shipped()
        self._stories: dict[str, _Story] = {}
        self._recent: deque[float] = deque(maxlen=25)
        self._now = float("-inf")

    def add(self, item: StoryItem) -> Assignment:
        """The story of one post."""
        return self.add_many([item])[0]

    def add_many(self, items: Iterable[StoryItem]) -> list[Assignment]:
        """The stories of many posts, in order; the same result as one by one, but much faster."""
        assigned: list[Assignment] = []
        batch = list(items)
        for start in range(0, len(batch), _BATCH):
            assigned += self._add_batch([self._member(item) for item in batch[start : start + _BATCH]])
        return assigned

    def restore(self, items: Iterable[tuple[StoryItem, str, str | None]]) -> None:
        """Posts with the story and original they were given before: puts a new clusterer where an old one was.

        Restored posts do not move the clock: what comes next may lie between them.
        """
        for item, story, original in items:
            member = self._member(item)
            self._join(member, story, original, self._cosines_to(story, member))

    def state(self) -> list[dict[str, Any]]:
        """The live posts as plain data (JSON can hold it); `from_state` makes the clusterer again."""
        return [
            {
                "id": m.id,
                "hour": m.hour,
                "story": m.story,
                "original": m.original,
                "fingerprint": list(m.fingerprint),
                "buckets": m.vector.buckets.tolist(),
                "weights": [round(float(weight), 5) for weight in m.vector.weights],
            }
            for story in self._stories.values()
            for m in story.members
        ]

    @classmethod
    def from_state(cls, state: Iterable[dict[str, Any]], settings: Settings | None = None) -> StoryClusterer:
        """A clusterer as `state` left it."""
        clusterer = cls(settings)
        for plain in state:
            held = Vector(np.array(plain["buckets"], np.int64), np.array(plain["weights"], np.float32))
            member = _Member(plain["id"], plain["hour"], held, tuple(plain["fingerprint"]))
            cosines = clusterer._cosines_to(plain["story"], member)
            clusterer._join(member, plain["story"], plain["original"], cosines)
        return clusterer

    def _member(self, item: StoryItem) -> _Member:
        title, words = word_hashes(fold(item.title)), word_hashes(fold(f"{item.title}\n{item.text}"))
        built = vector(words, self._background, keep=self.settings.keep, repeat=title if len(title) else None)
        signature = item.fingerprint or fingerprint_of(words)
        return _Member(item.id, item.published_at.timestamp() / 3600, built, signature)

    def _add_batch(self, members: list[_Member]) -> list[Assignment]:
        self._forget()
        live = [m for story in self._stories.values() for m in story.members]
        everyone = [*live, *members]
        cosines = (matrix([m.vector for m in members]) @ matrix([m.vector for m in everyone]).T).toarray()
        places = {id(m): i for i, m in enumerate(everyone)}
        return [self._place(m, cosines[row], places) for row, m in enumerate(members)]

    def _place(self, member: _Member, cosines: Floats, places: dict[int, int]) -> Assignment:
        """The best story for one post, given its cosines to everyone live and to its batch."""
        window = self.settings.window
        best, best_score, original = "", self.settings.join, None
        for story in self._stories.values():
            if member.hour - story.last > window or story.first - member.hour > window:
                continue
            near = cosines[[places[id(m)] for m in story.members]]
            top = float(near.max())
            if top > 0.4 and (copied := self._copied(member, story, near)):
                best, original = story.id, copied
                break
            score = self._likeness(story, near, top) * self._fading(member.hour, story.last)
            if score > best_score:
                best, best_score = story.id, score
        best = best or story_id(member.id)
        story_now = self._stories.get(best)
        near = cosines[[places[id(m)] for m in story_now.members]] if story_now else np.zeros(0)
        self._join(member, best, original, near)
        # The median of what came last: one post with a date in the future must not end all stories.
        self._recent.append(member.hour)
        self._now = max(self._now, median(self._recent))
        return Assignment(member.id, best, original)

    def _likeness(self, story: _Story, near: Floats, top: float) -> float:
        centre = float(near.sum()) / float(np.sqrt(story.likeness))
        return self.settings.centre * centre + (1 - self.settings.centre) * top

    def _fading(self, hour: float, last: float) -> float:
        return float(0.5 ** (max(0.0, abs(hour - last)) / self.settings.half_life))

    def _copied(self, member: _Member, story: _Story, near: Floats) -> str | None:
        """The original that a post copies: the earliest post of the story that shares enough with it."""
        for other, cosine in zip(story.members, near, strict=True):
            if cosine > 0.4 and overlap(member.fingerprint, other.fingerprint) >= self.settings.copy:
                return other.original or other.id
        return None

    def _cosines_to(self, story: str, member: _Member) -> Floats:
        known = self._stories.get(story)
        return np.array([member.vector.cosine(m.vector) for m in known.members]) if known else np.zeros(0)

    def _join(self, member: _Member, story: str, original: str | None, near: Floats) -> None:
        member.story, member.original = story, original
        joined = self._stories.setdefault(story, _Story(story, member.hour, member.hour))
        joined.likeness += 1.0 + 2.0 * float(near.sum())
        joined.members.append(member)
        joined.first, joined.last = min(joined.first, member.hour), max(joined.last, member.hour)

    def _forget(self) -> None:
        """Drops the stories that nothing can join any more."""
        gone = [s.id for s in self._stories.values() if self._now - s.last > self.settings.window]
        for story in gone:
            del self._stories[story]


def cluster(documents: Sequence[tuple[Document, datetime]], settings: Settings | None = None) -> list[Assignment]:
    """Stories of a whole collection, in the order given; behind `duluan cluster`."""
    order = sorted(range(len(documents)), key=lambda i: (documents[i][1], i))
    clusterer = StoryClusterer(settings)
    items = [story_item(*documents[i]) for i in order]
    found = dict(zip(order, clusterer.add_many(items), strict=True))
    return [found[i] for i in range(len(documents))]


def story_item(document: Document, published_at: datetime, fingerprint: tuple[int, ...] = ()) -> StoryItem:
    """A document as the clusterer reads it: headline, lead and the beginning of the body."""
    text = "\n".join(part for part in (document.lead, document.body[:2000]) if part)
    return StoryItem(
        id=document.id, published_at=published_at, title=document.title, text=text, fingerprint=fingerprint
    )


def central(texts: Sequence[str]) -> int:
    """Index of the text closest to all others: the headline that names a story. The first of equals; -1 for none."""
    if not texts:
        return -1
    background = Background.shipped()
    rows = matrix([vector(word_hashes(fold(text)), background) for text in texts])
    closeness = np.asarray((rows @ rows.T).sum(axis=1)).ravel()
    return int(np.argmax(np.round(closeness, 5)))
