"""A clusterer and the time of which it knows every story: a window that slides forward over the archive.

What lies within eight days of a post must be known before the post is given a story, and reading eight days of a large
archive takes half a minute. So it is read a thousand posts at a time, and the next post a little later only needs what
lies between.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.annotated import Annotated, AnnotationStore, document
from monitor.archive import Archive, ArchivedPost
from nlp.annotation import Annotation
from nlp.province import Province
from nlp.regroup import Change
from nlp.stories import Settings, StoryClusterer, StoryItem, story_item

WINDOW = timedelta(hours=Settings().window)
SPAN = timedelta(hours=24)  # of posts that are given stories together; what came so much late needs nothing read anew
READ = 1000  # posts that are read at a time
FOREVER = datetime.max.replace(tzinfo=UTC)
_LINGER = SPAN + timedelta(hours=2)


class Reach:
    """Knows the grouped posts of [since, until). Holds no truth of its own: it may be thrown away at any time."""

    def __init__(self, archive: Archive, annotations: AnnotationStore, province: Province, first: datetime) -> None:
        """`first`: the time of the first post that is going to be given a story."""
        self._archive, self._annotations, self._province = archive, annotations, province
        self._clusterer = StoryClusterer(linger=_LINGER / timedelta(hours=1))
        self.since = self.until = first - WINDOW - _LINGER
        self._read_to = (self.since, "")

    def near(self, first: datetime) -> bool:
        """Whether a post of this time is better served here than by reading everything around it anew."""
        return self.since + WINDOW <= first and first - WINDOW - _LINGER <= self.until

    def holds(self, ids: Collection[str]) -> bool:
        """Whether one of these posts has a story here."""
        return self._clusterer.holds(ids)

    def serves(self, last: datetime) -> bool:
        """Whether enough is known to give stories to posts up to this time."""
        return last + WINDOW <= self.until

    def read_on(self, last: datetime) -> None:
        """Reads a thousand posts more, at most those that posts up to this time need."""
        target = last + WINDOW
        known = self._annotations.grouped(self._read_to, target, READ)
        begun = self._annotations.stories({grouping.story_id for grouping in known.values()})
        items = list(self._items(list(known)))
        self._clusterer.restore(
            ((item, *known[item.id]) for item in items), begun={id: story.first_at for id, story in begun.items()}
        )
        if len(known) == READ:
            self._read_to = (items[-1].published_at, items[-1].id)
            self.until = items[-1].published_at
        else:
            self._read_to = (target, "")
            self.until = target if self._annotations.any_grouped_from(target) else FOREVER

    def assign(self, span: Sequence[Annotated]) -> tuple[list[Annotated], list[Change]]:
        """These posts with their stories, and what became of other stories by them."""
        given = self._clusterer.add_many([self._item(a.post, a.annotation) for a in span])
        remembered = self._clusterer.remembers_from() * 3600
        if remembered > self.since.timestamp():
            self.since = datetime.fromtimestamp(remembered, UTC)
        told = [
            replace(a, story_id=each.story_id, duplicate_of=each.duplicate_of)
            for a, each in zip(span, given, strict=True)
        ]
        return told, self._clusterer.changes()

    def learn(self, told: Sequence[Annotated], changes: Sequence[Change]) -> None:
        """What another reach gave stories to, as far as it lies within the time that is known here."""
        known = [a for a in told if self.since <= a.post.counted_at < self.until]
        begun = self._annotations.stories({str(a.story_id) for a in known})
        self._clusterer.restore(
            ((self._item(a.post, a.annotation), str(a.story_id), a.duplicate_of) for a in known),
            begun={id: story.first_at for id, story in begun.items()},
        )
        self._clusterer.follow(changes)

    def _items(self, ids: Sequence[str]) -> Iterator[StoryItem]:
        posts, annotations = self._archive.get(ids), self._annotations.annotations(ids)
        return (self._item(posts[id], annotations[id]) for id in ids)

    def _item(self, post: ArchivedPost, annotation: Annotation) -> StoryItem:
        return story_item(document(post, local=False), post.counted_at, annotation, self._province)
