"""Groups posts into stories as they come in: one pass, no look back, the same result for the same order of posts.

A post joins the live story that it resembles most: half by its words (TF-IDF), half by its meaning (latent
directions, seen from the centre of what came lately), both to the story's centre and to its closest post, fading with
time. A near-copy (MinHash) joins its original's story and is marked as a copy. A story's id comes from its first post.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from nlp.annotation import PEOPLE, Annotation, Document, Place
from nlp.features import Floats
from nlp.latent import Latent
from nlp.live import Live, Member
from nlp.province import Province
from nlp.similar import SIZE, fingerprint_of
from nlp.text import fold
from nlp.vectors import Background, Hashes, Vector, matrix, vector, word_hashes

_BATCH = 256
_READ = 2000  # characters of a body that tell what it is about
_NARROW = 3  # units that a former district or a landmark may lie in and still say where something happened
_HEADLINE_WORDS, _WHOLE_WORDS = 45, 120  # up to the first a text is headline and lead, from the second on whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`join`: likeness from which a post joins a story; `copy`: share of shingles from which it is a copy.

    Times in hours: a story that nothing joined for `window` is over; likeness halves in `half_life`. `centre`: how
    much the story's centre counts against its closest post. `keep`: heaviest words of a post that are compared.
    `least`: words below which nothing is called a copy. `unseen`: posts that the first centre counts for.
    """

    join: float = 0.31
    copy: float = 0.5
    window: float = 96.0
    half_life: float = 96.0
    centre: float = 0.5
    keep: int = 120
    least: int = 8
    unseen: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryItem:
    """A post as the clusterer reads it. `published_at` is aware; `fingerprint` as in `Annotation`, or empty.

    `places`: ids of the units and landmarks it names, wider than none of them; `whole`: 0 when only headline and lead
    are known, 1 when the whole text is.
    """

    id: str
    published_at: datetime
    title: str = ""
    text: str = ""
    fingerprint: tuple[int, ...] = ()
    places: frozenset[str] = frozenset()
    whole: float = 0.0


@dataclass(frozen=True, slots=True)
class Assignment:
    """The story of a post, and the earlier post that it copies."""

    id: str
    story_id: str
    duplicate_of: str | None


def story_id(first: str) -> str:
    """The id of the story that a post begins: the same wherever it is computed."""
    return "s" + hashlib.sha256(first.encode()).hexdigest()[:15]


class StoryClusterer:
    """Holds the live stories. Feed it posts in the order they became known; `restore` survives a restart."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self._background = Background.shipped()
        self._latent = Latent.shipped()
        self._live = Live(self._latent.dimensions, self.settings.unseen)

    def add(self, item: StoryItem) -> Assignment:
        """The story of one post."""
        return self.add_many([item])[0]

    def add_many(self, items: Iterable[StoryItem]) -> list[Assignment]:
        """The stories of many posts, in order; the same as one by one, but much faster."""
        batch = list(items)
        assigned: list[Assignment] = []
        for start in range(0, len(batch), _BATCH):
            assigned += self._add_batch([self._member(item) for item in batch[start : start + _BATCH]])
        return assigned

    def restore(self, items: Iterable[tuple[StoryItem, str, str | None]]) -> None:
        """Recent posts with the story and the original they were given: puts a new clusterer where an old one was."""
        for item, story, original in items:
            member = self._member(item)
            member.story, member.original = story, original
            known = [m for m in self._live.members if m.story == story]
            likeness = sum(max(0.0, member.vector.cosine(m.vector)) for m in known)
            self._live.add(member, likeness, restored=True)

    def _member(self, item: StoryItem) -> Member:
        title, words = word_hashes(fold(item.title)), word_hashes(fold(f"{item.title}\n{item.text}"))
        full = vector(words, self._background, keep=400, repeat=title if len(title) else None)
        signature = item.fingerprint or fingerprint_of(words)
        return Member(
            id=item.id,
            hour=item.published_at.timestamp() / 3600,
            vector=full.heaviest(self.settings.keep),
            latent=self._latent.of(full),
            fingerprint=signature if len(words) >= self.settings.least and len(signature) == SIZE else (),
            places=item.places,
            whole=item.whole,
        )

    def _add_batch(self, members: list[Member]) -> list[Assignment]:
        """Cosines of all words in one product, then one post after the other."""
        self._live.forget(self.settings.window)
        before: list[Vector] = [m.vector for m in self._live.members]
        own = [m.vector for m in members]
        cosines = (matrix(own) @ matrix(before + own).T).toarray()
        return [self._place(m, cosines[row, : len(self._live.members)]) for row, m in enumerate(members)]

    def _place(self, member: Member, words: Floats) -> Assignment:
        """Finds the story of one post, given the cosine of its words to every live post."""
        live = self._live
        alike = live.alike(member, words)
        near = alike * live.reachable(member.hour, self.settings.window)
        copied = live.copied(member, self.settings.copy)
        if copied is not None:
            member.story, member.original = copied.story, copied.original or copied.id
        else:
            member.story = self._best(member, near) or story_id(member.id)
        live.add(member, float(alike[live.rows_of(member.story)].clip(min=0).sum()))
        return Assignment(member.id, member.story, member.original)

    def _best(self, member: Member, near: Floats) -> str:
        """The story a post belongs to, "" when it begins its own."""
        if not len(near):
            return ""
        total, top, likeness, last = self._live.by_story(near)
        pull = self.settings.centre
        score = pull * total / np.sqrt(np.maximum(likeness, 1.0)) + (1 - pull) * top
        score *= 0.5 ** (np.maximum(0.0, member.hour - last) / self.settings.half_life)
        best = int(np.argmax(score))
        return self._live.story_names[best] if score[best] > self.settings.join else ""


def cluster(items: Sequence[StoryItem], settings: Settings | None = None) -> list[Assignment]:
    """Stories of a whole collection, answered in the order given, found in the order of time (`duluan cluster`)."""
    order = sorted(range(len(items)), key=lambda i: (items[i].published_at, i))
    found = StoryClusterer(settings).add_many(items[i] for i in order)
    by_place = dict(zip(order, found, strict=True))
    return [by_place[i] for i in range(len(items))]


def story_item(document: Document, published_at: datetime, annotation: Annotation, province: Province) -> StoryItem:
    """A document as the clusterer reads it: headline, lead, the beginning of the body, and the places it names."""
    text = "\n".join(part for part in (document.lead, document.body[:_READ]) if part)
    return StoryItem(
        id=document.id,
        published_at=published_at,
        title=document.title,
        text=text,
        fingerprint=annotation.fingerprint,
        places=_event_places(annotation.places, province),
        whole=_whole(document),
    )


def _event_places(places: Iterable[Place], province: Province) -> frozenset[str]:
    """Today's units that the places lie in; what spreads over many units does not tell one event from another."""
    units = (province.today(place.id) for place in places if place.level != "province")
    return frozenset(unit.id for several in units if len(several) <= _NARROW for unit in several)


def _whole(document: Document) -> float:
    if document.kind in PEOPLE:
        return 1.0  # a post of a line or two is whole as it is
    words = len(document.text.split())
    return min(1.0, max(0.0, (words - _HEADLINE_WORDS) / (_WHOLE_WORDS - _HEADLINE_WORDS)))


def central(texts: Sequence[str]) -> int:
    """Index of the text closest to all others: the headline that names a story. The first of equals, -1 for none."""
    if not texts:
        return -1
    known = Background.shipped()
    hashes: list[Hashes] = [word_hashes(fold(text)) for text in texts]
    rows = matrix([vector(each, known) for each in hashes])
    closeness = np.asarray((rows @ rows.T).sum(axis=1)).ravel()
    return int(np.argmax(np.round(closeness, 5)))
