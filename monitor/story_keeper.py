"""Gives annotated posts their stories: online clusterers, fed from the archive whenever their memory does not reach.

Posts arrive roughly, never exactly, in the order of publication: a late source brings what others told days ago. So a
batch is cut into spans of at most a day, and for each span a clusterer must know everything within its window before
and after (`Reach`). One of them stays with the present while another goes through what is old.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from monitor.annotated import Annotated, AnnotationStore, Headline
from monitor.archive import Archive, ArchivedPost
from monitor.records import first_words
from monitor.story_reach import FOREVER, SPAN, Reach
from nlp.province import Province
from nlp.regroup import Change
from nlp.stories import Told, headline

HEADLINES = 40  # of a story, the first, among which the one that names it is chosen
REACHES = 2


class StoryKeeper:
    """Stories for posts of one archive. Holds no truth of its own: it may be thrown away at any time."""

    def __init__(self, archive: Archive, annotations: AnnotationStore, province: Province) -> None:
        self._archive = archive
        self._province = province
        self._annotations = annotations
        self._reaches: list[Reach] = []  # the one that was used last stands last

    def ready(self, batch: Sequence[ArchivedPost]) -> int:
        """How many of these posts, ordered by time, can be given stories without reading on from their first one on.

        Where it is none, some of what that needs is read, about a second's work: ask again, if nothing newer waits.
        """
        known = self._annotations.stories_of([post.id for post in batch])
        new = {p.id: p.counted_at for p in batch if p.id not in known and p.post.parent_url is None}
        if not new:
            return len(batch)
        if any(reach.holds(new) for reach in self._reaches):
            self._reaches = []  # the archive took away the stories that it had given: nothing remembered is true
        first, last = min(new.values()), max(new.values())
        reach = self._reach(first)
        if not reach.serves(last):
            reach.read_on(last)
        return sum(reach.serves(post.counted_at) for post in batch) if reach.serves(first) else 0

    def rest(self) -> None:
        """Nothing waits any more: only what the next posts are likely to need is remembered."""
        self._reaches = [reach for reach in self._reaches if reach.until == FOREVER][-1:]

    def assign(self, batch: Sequence[Annotated]) -> tuple[list[Annotated], list[Change]]:
        """The batch with stories, ordered by time, and the changes of stories that the archive must be told.

        Posts that had a story keep it, or go where it went; replies go to their parents'.
        """
        ordered = sorted(batch, key=lambda a: (a.post.counted_at, a.post.post.parent_url is not None, a.post.id))
        before = self._annotations.stories_of([a.post.id for a in ordered])
        done = {id: replace(a, **before[id]._asdict()) for a in ordered if (id := a.post.id) in before}
        changes: list[Change] = []
        for span in _spans([a for a in ordered if a.post.id not in before and a.post.post.parent_url is None]):
            assigned, new = self._assign_span(span)
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

    def _assign_span(self, span: Sequence[Annotated]) -> tuple[list[Annotated], list[Change]]:
        first, last = span[0].post.counted_at, span[-1].post.counted_at
        reach = self._reach(first)
        while not reach.serves(last):
            reach.read_on(last)
        assigned, changes = reach.assign(span)
        for other in self._reaches[:-1]:
            other.learn(assigned, changes)
        return assigned, changes

    def _reach(self, first: datetime) -> Reach:
        """The one for posts from this time on. In place of which a new one comes: never the only one at the present."""
        found = next((reach for reach in reversed(self._reaches) if reach.near(first)), None)
        if found is None:
            found = Reach(self._archive, self._annotations, self._province, first)
            if len(self._reaches) == REACHES:
                self._reaches.remove(next((r for r in self._reaches if r.until != FOREVER), self._reaches[0]))
        else:
            self._reaches.remove(found)
        self._reaches.append(found)
        return found

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
