"""Gives annotated posts their stories: the online clusterer, fed from the archive whenever its memory does not reach.

Posts arrive roughly, never exactly, in the order of publication: a late source brings what others told days ago. So a
batch is cut into spans of at most a day, and for each span the clusterer must know everything within its window before
and after; where it does not, it is built again from the archive.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.annotated import Annotated, AnnotationStore, Headline, document
from monitor.archive import Archive, ArchivedPost
from monitor.records import first_words
from nlp.annotation import Annotation
from nlp.province import Province
from nlp.regroup import Change
from nlp.stories import Settings, StoryClusterer, StoryItem, Told, headline, story_item

WINDOW = timedelta(hours=Settings().window)
SPAN = timedelta(hours=24)
READ = 1000  # posts that are read at a time when the clusterer's memory is rebuilt
FOREVER = datetime.max.replace(tzinfo=UTC)
HEADLINES = 40  # of a story, the first, among which the one that names it is chosen


class StoryKeeper:
    """Stories for posts of one archive. Holds no truth of its own: it may be thrown away at any time."""

    def __init__(self, archive: Archive, annotations: AnnotationStore, province: Province) -> None:
        self._archive = archive
        self._province = province
        self._annotations = annotations
        self._clusterer = StoryClusterer()
        self._known_from, self._known_until = FOREVER, FOREVER

    def assign(self, batch: Sequence[Annotated]) -> tuple[list[Annotated], list[Change]]:
        """The batch with stories, ordered by time, and the changes of stories that the archive must be told.

        Posts that had a story keep it, or go where it went; replies go to their parents'.
        """
        ordered = sorted(batch, key=lambda a: (a.post.counted_at, a.post.post.parent_url is not None, a.post.id))
        before = self._annotations.stories_of([a.post.id for a in ordered])
        done = {id: replace(a, **before[id]._asdict()) for a in ordered if (id := a.post.id) in before}
        changes: list[Change] = []
        for span in _spans([a for a in ordered if a.post.id not in before and a.post.post.parent_url is None]):
            assigned = self._assign_span(span)
            new = self._clusterer.changes()
            done = {id: _moved(a, new) for id, a in done.items()} | {a.post.id: a for a in assigned}
            changes += new
        return self._with_replies([done.get(a.post.id, a) for a in ordered], changes), changes

    def titles(self, batch: Sequence[Annotated], changes: Sequence[Change] = ()) -> dict[str, str]:
        """The title of each story of the batch and of those that changed: see `nlp.stories.headline`."""
        wanted = {a.story_id for a in batch if a.story_id} | {id for c in changes for id in (c.story, c.other)}
        told = {a.post.id: a for a in batch}
        headlines: dict[str, list[Headline]] = {}
        for story, posts in self._annotations.headlines(sorted(wanted), HEADLINES).items():
            for post in posts:
                if post.id not in told:
                    headlines.setdefault(_story_after(story, post.id, changes), []).append(post)
        for a in batch:
            if a.story_id:
                headlines.setdefault(a.story_id, []).append(_headline(a))
        return {story: _title(posts) for story, posts in headlines.items()}

    def _assign_span(self, span: Sequence[Annotated]) -> list[Annotated]:
        first, last = span[0].post.counted_at, span[-1].post.counted_at
        if first - WINDOW < self._known_from or last + WINDOW > self._known_until:
            self._rebuild(first - WINDOW, last + WINDOW)
        items = [self._item(a.post, a.annotation) for a in span]
        assigned = self._clusterer.add_many(items)
        self._known_from = max(self._known_from, first - WINDOW)  # the clusterer forgets what is older
        return [
            replace(a, story_id=given.story_id, duplicate_of=given.duplicate_of)
            for a, given in zip(span, assigned, strict=True)
        ]

    def _item(self, post: ArchivedPost, annotation: Annotation) -> StoryItem:
        return story_item(document(post, local=False), post.counted_at, annotation, self._province)

    def _rebuild(self, since: datetime, until: datetime) -> None:
        self._clusterer = StoryClusterer()
        known = self._annotations.grouped(since, until)
        told = self._annotations.stories({grouping.story_id for grouping in known.values()})
        self._clusterer.restore(
            ((item, *known[item.id]) for item in self._items(list(known))),
            begun={id: story.first_at for id, story in told.items()},
        )
        self._known_from = since
        self._known_until = until if self._annotations.any_grouped_after(until) else FOREVER

    def _items(self, ids: Sequence[str]) -> Iterator[StoryItem]:
        """Some at a time: eight days of a large archive are tens of thousands of whole texts."""
        for start in range(0, len(ids), READ):
            some = ids[start : start + READ]
            posts, annotations = self._archive.get(some), self._annotations.annotations(some)
            yield from (self._item(posts[id], annotations[id]) for id in some)

    def _with_replies(self, batch: Sequence[Annotated], changes: Sequence[Change]) -> list[Annotated]:
        """Replies join the story of the post they answer; one whose parent has none stays without."""
        parents = {url for a in batch if (url := a.post.post.parent_url)}
        archived = self._archive.by_url(sorted(parents))
        known = self._annotations.stories_of([post.id for post in archived.values()])
        stories = {
            url: _story_after(known[post.id].story_id, post.id, changes)
            for url, post in archived.items()
            if post.id in known
        }
        done = []
        for a in batch:
            if (url := a.post.post.parent_url) and a.story_id is None and a.annotation.relevance.label:
                a = replace(a, story_id=stories.get(url))
            if a.story_id:
                stories[a.post.post.canonical_url] = a.story_id
            done.append(a)
        return done


def _spans(ordered: Sequence[Annotated]) -> Iterator[list[Annotated]]:
    span: list[Annotated] = []
    for a in ordered:
        if span and a.post.counted_at - span[0].post.counted_at > SPAN:
            yield span
            span = []
        span.append(a)
    if span:
        yield span


def _story_after(story: str, post: str, changes: Sequence[Change]) -> str:
    """Where a post of a story is after these changes."""
    for change in changes:
        if change.other == story and (change.kind == "merge" or post in change.posts):
            story = change.story
    return story


def _moved(annotated: Annotated, changes: Sequence[Change]) -> Annotated:
    if annotated.story_id is None:
        return annotated
    return replace(annotated, story_id=_story_after(annotated.story_id, annotated.post.id, changes))


def _headline(a: Annotated) -> Headline:
    post = a.post.post
    return Headline(a.post.id, post.kind, post.title, post.body, a.post.counted_at, a.duplicate_of is not None)


def _title(posts: Sequence[Headline]) -> str:
    """News before what people wrote, titles before first words."""
    told = [post for post in posts if post.kind == "news" and post.title] or [post for post in posts if post.title]
    told = told or list(posts)
    titles = [Told(post.title or first_words(post.body), post.at, post.copy) for post in told]
    return titles[headline(titles)].title if titles else ""
