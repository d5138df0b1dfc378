"""Groups posts into stories as they come in: one pass, the same result for the same order of posts.

A post joins the live story that it resembles most: half by its words (TF-IDF), half by its meaning (latent
directions, seen from the centre of what came lately), both to the story's centre and to its closest post, fading with
time. A near-copy (MinHash) joins its original's story and is marked as a copy. A story's id comes from its first post.
A post that belongs to two stories may show that they are one: the younger is merged into the older. A story that has
fallen into two events is split.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from nlp.annotation import PEOPLE, Annotation, Document, Place
from nlp.features import Floats
from nlp.latent import Latent
from nlp.live import Live, Member
from nlp.province import Province
from nlp.regroup import Change, closeness, fallen_apart, likeness
from nlp.similar import SIZE, fingerprint_of
from nlp.text import fold
from nlp.vectors import Background, Hashes, Vector, matrix, vector, word_hashes

_BATCH = 256
_READ = 2000  # characters of a body that tell what it is about
_SPLIT_FROM = 6  # posts of a story from which it may be two
_NARROW = 3  # units that a former district or a landmark may lie in and still say where something happened
_HEADLINE_WORDS, _WHOLE_WORDS = 45, 120  # up to the first a text is headline and lead, from the second on whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`join`: likeness from which a post joins a story; `copy`: share of shingles from which it is a copy.

    Times in hours: a story that nothing joined for `window` is over; likeness halves in `half_life`. `centre`: how
    much the story's centre counts against its closest post. `keep`: heaviest words of a post that are compared.
    `least`: words below which nothing is called a copy. `unseen`: posts that the first centre counts for. `merge`:
    closeness from which two stories are one; `split`: likeness below which two parts of one are two.
    """

    join: float = 0.29
    copy: float = 0.5
    window: float = 96.0
    half_life: float = 96.0
    centre: float = 0.5
    keep: int = 120
    least: int = 8
    unseen: float = 5.0
    merge: float = 0.24
    split: float = 0.1


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

    def __init__(self, settings: Settings | None = None, *, linger: float = 0.0) -> None:
        """`linger`: hours for which posts of stories that are over are remembered, for posts that come late."""
        self.settings, self._linger = settings or Settings(), linger
        self._background = Background.shipped()
        self._latent = Latent.shipped()
        self._live = Live(self._latent.dimensions, self.settings.unseen)
        self._changes: list[Change] = []

    def add(self, item: StoryItem) -> Assignment:
        """The story of one post."""
        return self.add_many([item])[0]

    def add_many(self, items: Iterable[StoryItem]) -> list[Assignment]:
        """The stories of many posts, in order, as they stand after the last; the same as one by one, but faster."""
        members = [self._member(item) for item in items]
        for start in range(0, len(members), _BATCH):
            self._add_batch(members[start : start + _BATCH])
        return [Assignment(m.id, m.story, m.original) for m in members]

    def changes(self) -> list[Change]:
        """Merges and splits since this was asked last, in order: they reach posts that were answered before."""
        changes, self._changes = self._changes, []
        return changes

    def holds(self, ids: Collection[str]) -> bool:
        """Whether one of these posts is remembered."""
        return any(member.id in ids for member in self._live.members)

    def remembers_from(self) -> float:
        """The hour since 1970 from which on every post that it was told of is remembered."""
        return self._live.now - self.settings.window - self._linger

    def follow(self, changes: Iterable[Change]) -> None:
        """Merges and splits that another clusterer of the same stories made, as far as they are known here."""
        for change in changes:
            rows = self._live.rows_of(change.other).tolist()
            if change.kind == "split":
                rows = [row for row in rows if self._live.members[row].id in change.posts]
            if rows:
                self._live.move(rows, change.story, self._inner)

    def restore(
        self, items: Iterable[tuple[StoryItem, str, str | None]], begun: Mapping[str, datetime] | None = None
    ) -> None:
        """Recent posts with the story and the original they were given: puts a new clusterer where an old one was.

        `begun`: when their stories began, where that was before the first of these posts.
        """
        for item, story, original in items:
            member = self._member(item)
            member.story, member.original = story, original
            known = (self._live.members[row] for row in self._live.rows_of(story))
            likeness = sum(max(0.0, member.vector.cosine(m.vector)) for m in known)
            self._live.add(member, likeness, restored=True)
        for story, at in (begun or {}).items():
            self._live.begun(story, at.timestamp() / 3600)

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

    def _add_batch(self, members: list[Member]) -> None:
        """Cosines of all words in one product, then one post after the other."""
        self._live.forget(self.settings.window + self._linger)
        before: list[Vector] = [m.vector for m in self._live.members]
        own = [m.vector for m in members]
        cosines = (matrix(own) @ matrix(before + own).T).toarray()
        for row, member in enumerate(members):
            self._place(member, cosines[row, : len(self._live.members)])

    def _place(self, member: Member, words: Floats) -> None:
        """Finds the story of one post, given the cosine of its words to every live post."""
        live = self._live
        alike = live.alike(member, words)
        near = alike * live.reachable(member.hour, self.settings.window)
        copied = live.copied(member, self.settings.copy, member.hour - self.settings.window)
        stories = self._fitting(member, near)
        if copied is not None:
            member.story, member.original = copied.story, copied.original or copied.id
        else:
            member.story = stories[0] if stories else story_id(member.id)
        live.add(member, float(alike[live.rows_of(member.story)].clip(min=0).sum()))
        if copied is None and stories:
            self._merge(member, stories[1:3])
            self._split(member.story)

    def _merge(self, member: Member, bridged: Sequence[str]) -> None:
        """Merges the stories that a post belongs to as well, when they are as close as posts of one story."""
        for other in bridged:
            if closeness(self._live, member.story, other) < self.settings.merge:
                continue
            older, younger = sorted((member.story, other), key=self._live.age)
            self._live.move(self._live.rows_of(younger), older, self._inner)
            self._changes.append(Change("merge", older, younger))

    def _split(self, story: str) -> None:
        """Splits a story whose later posts tell of something else."""
        rows = self._live.rows_of(story)
        if len(rows) < _SPLIT_FROM or len(rows) % 2:
            return
        if leaving := fallen_apart(self._live, story, self.settings.split):
            members = [self._live.members[row] for row in leaving]
            new = story_id(min(members, key=lambda m: (m.hour, m.id)).id)
            self._live.move(leaving, new, self._inner)
            self._changes.append(Change("split", new, story, tuple(m.id for m in members)))

    def _inner(self, rows: Sequence[int]) -> float:
        """Sum of likeness over all pairs of live posts, each with itself too."""
        return float(likeness(self._live, rows).sum())

    def _fitting(self, member: Member, near: Floats) -> list[str]:
        """The stories a post belongs to, the likeliest first; none when it begins its own."""
        if not len(near):
            return []
        total, top, likeness, last = self._live.by_story(near)
        pull = self.settings.centre
        score = pull * total / np.sqrt(np.maximum(likeness, 1.0)) + (1 - pull) * top
        score *= 0.5 ** (np.maximum(0.0, member.hour - last) / self.settings.half_life)
        able = np.flatnonzero(score > self.settings.join)
        order = able[np.argsort(-score[able], kind="stable")[:3]]
        return [self._live.story_names[number] for number in order]


def cluster(items: Sequence[StoryItem], settings: Settings | None = None) -> list[Assignment]:
    """Stories of a whole collection, answered in the order given, found in the order of time (`duluan cluster`)."""
    order = sorted(range(len(items)), key=lambda i: (items[i].published_at, i))
    found = StoryClusterer(settings).add_many([items[i] for i in order])
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


_EARLY = 36.0  # hours in which a headline loses half of its claim to name the story
_COMMENT = re.compile(
    r"^\s*(?:[\"“'‘«]|\[|góc nhìn|ý kiến|bình luận|xem nhanh|điểm tin|tin tức|nhìn lại|ảnh|video|infographic)"
    r"|[?|]|\.\.\.\s*$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Told:
    """A headline as far as naming a story needs it: when it was told, and whether it is another post's text."""

    title: str
    at: datetime
    copy: bool = False


def headline(told: Sequence[Told]) -> int:
    """Index of the headline that names a story, -1 for none: close to all others, early, a report of its own.

    Closeness (mean cosine of the words) counts less with the hours after the first report, for a copy, and for what
    comments instead of telling: questions, quotations, round-ups.
    """
    if not told:
        return -1
    closeness = _closeness([each.title for each in told])
    first = min(each.at for each in told)
    weights = [
        0.5 ** min(1.0, (each.at - first).total_seconds() / 3600 / _EARLY)
        * (0.8 if each.copy else 1.0)
        * (0.6 if _COMMENT.search(each.title) else 1.0)
        for each in told
    ]
    return int(np.argmax(np.round(closeness * np.array(weights), 5)))


def _closeness(texts: Sequence[str]) -> Floats:
    """Mean cosine of each text to all."""
    known = Background.shipped()
    hashes: list[Hashes] = [word_hashes(fold(text)) for text in texts]
    rows = matrix([vector(each, known) for each in hashes])
    return np.asarray((rows @ rows.T).mean(axis=1), dtype=np.float64).ravel()
