"""Takes waiting posts through annotate and stories; each post ends with exactly one outcome.

One transaction keeps a batch's annotations, marks its posts and notes in the change log what the index must be told
(`monitor.indexer` tells it). A batch that was cut short is simply taken again.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.annotated import Annotated, document
from monitor.archive import ArchivedPost, utc_now
from monitor.indexer import Indexer
from monitor.installation import Installation
from monitor.labels.records import Standing, corrected
from monitor.labels.store import LabelStore
from monitor.story_keeper import StoryKeeper
from nlp.annotation import Annotation, Relevance

BATCH = 200
FRESH = timedelta(days=1)  # posts no older go before all others
MONTH = timedelta(days=28)
CUT_SHORT = object()  # a run that did not end in order: its memory of stories may hold posts that the archive does not
Said = Mapping[str, Standing]  # canonical URL -> what people say of the post


@dataclass(frozen=True, slots=True)
class Processed:
    """What one call did; the three sum up to the posts taken."""

    annotated: int = 0
    irrelevant: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        return self.annotated + self.irrelevant + self.failed

    def __add__(self, other: Processed) -> Processed:
        return Processed(
            self.annotated + other.annotated, self.irrelevant + other.irrelevant, self.failed + other.failed
        )


class Processor:
    """Works through the archive's queue. One works at a time in an installation; it may be killed at any moment."""

    def __init__(self, installation: Installation) -> None:
        self._it = installation
        self._stories = StoryKeeper(installation.archive, installation.annotations, installation.province)
        self._labels = LabelStore(installation.engine)
        self._indexer = Indexer(installation)
        self._last_seen: object = None
        # What the models said of posts that wait until enough of the past is known: id, revision, whether in full.
        self._understood: dict[tuple[str, int, bool], Annotation] = {}

    def run(
        self,
        progress: Callable[[int], None] | None = None,
        *,
        stopping: Callable[[], bool] = lambda: False,
        index: bool = True,
    ) -> Processed:
        """Takes posts until none waits, or until `stopping` after a batch; the others go on waiting.

        With `index` the index is told of them before this returns. Raises IndexUnavailable when it stays away: then
        the posts are done, and what the index must be told waits in the change log.
        """
        done = Processed()
        with self._alone():
            while not stopping() and (batch := self._next()):
                step = self._take(batch)
                done += step
                if progress and step.total:
                    progress(step.total)
            self._understood.clear()
            if not stopping():
                self._stories.rest()
        if index and not stopping():
            self._indexer.run()
        return done

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Waits for another processor of this data folder; what it grouped meanwhile is not in our memory."""
        with (self._it.settings.data / "process.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if self._it.archive.last_processed() != self._last_seen:
                self._stories = StoryKeeper(self._it.archive, self._it.annotations, self._it.province)
            self._last_seen = CUT_SHORT
            yield
            self._last_seen = self._it.archive.last_processed()

    def behind(self, since: datetime) -> bool:
        """Whether posts of this time still wait, besides the new ones."""
        newest = self._it.archive.newest_waiting(before=utc_now() - FRESH)
        return newest is not None and newest >= since

    def _next(self) -> list[ArchivedPost]:
        """What is taken next: posts of the last day; then, month by month, the newest first, what is older. Within
        each it goes by time, so that stories grow in the order things were told."""
        archive = self._it.archive
        batch = archive.waiting(BATCH, utc_now() - FRESH)
        newest = None if batch else archive.newest_waiting()
        while not batch and newest is not None:
            batch = archive.waiting(BATCH, newest - MONTH)
            newest = archive.newest_waiting(before=newest - MONTH)
        return batch

    def _take(self, batch: Sequence[ArchivedPost]) -> Processed:
        """Those of the batch, from its first post on, for which enough of the past is known. Where that is none, some
        was read for them: whoever asks again looks first whether anything newer came."""
        said = self._said(batch)
        annotated, failed = self._annotate(batch, said)
        inherited = self._with_parents(annotated, said)
        wanted = [a for a in inherited if self._is_wanted(a)]
        ready = self._stories.ready([a.post for a in wanted])
        if ready < len(wanted):
            inherited = inherited[: next(n for n, a in enumerate(inherited) if a is wanted[ready])]
        else:
            self._understood.clear()
        if inherited:
            grouped, changes = self._stories.assign(wanted[:ready])
            unwanted = [a for a in inherited if not self._is_wanted(a)]
            self._it.annotations.record([*grouped, *unwanted], self._stories.titles(grouped, changes), changes)
        relevant = sum(a.outcome == "annotated" for a in inherited)
        return Processed(relevant, len(inherited) - relevant, failed)

    def _is_wanted(self, annotated: Annotated) -> bool:
        return annotated.annotation.relevance.label >= self._it.min_relevance

    def _said(self, batch: Sequence[ArchivedPost]) -> Said:
        said = self._labels.standing([post.post.canonical_url for post in batch])
        if said:
            self._labels.meet({p.post.canonical_url: p.id for p in batch if p.post.canonical_url in said})
        return said

    # annotate

    def _annotate(self, batch: Sequence[ArchivedPost], said: Said) -> tuple[list[Annotated], int]:
        try:
            return self._understand(batch, said), 0
        except Exception:  # one bad text must not hold up the others: find it
            return self._annotate_singly(batch, said)

    def _annotate_singly(self, batch: Sequence[ArchivedPost], said: Said) -> tuple[list[Annotated], int]:
        good: list[Annotated] = []
        for post in batch:
            try:
                good += self._understand([post], said)
            except Exception as error:  # any failure of a model is this post's outcome, kept with its reason
                self._it.archive.mark_failed(post, f"{type(error).__name__}: {error}")
        return good, len(batch) - len(good)

    def _understand(self, batch: Sequence[ArchivedPost], said: Said) -> list[Annotated]:
        """Replies are judged in full: whether they concern the province is for their parent to say, or for a person."""
        annotator, everything = self._it.annotator, self._it.settings.index_irrelevant
        known = self._understood
        keys = {
            post.id: (post.id, post.revision, bool(post.post.parent_url) or post.post.canonical_url in said)
            for post in batch
        }
        for in_full in (False, True):
            part = [post for post in batch if (key := keys[post.id])[2] == in_full and key not in known]
            documents = [document(post, local=self._it.is_local(post.post.source)) for post in part]
            for annotation in annotator.annotate_many(documents, everything=everything or in_full):
                known[keys[annotation.id]] = annotation
        return [Annotated(post, known[keys[post.id]]) for post in batch]

    # replies take from their parents what they leave unsaid

    def _with_parents(self, batch: Sequence[Annotated], said: Said) -> list[Annotated]:
        """Each with what it takes from its parent; what a person said of it stands above both."""
        parents = self._parents(batch)
        done: list[Annotated] = []
        for annotated in batch:
            parent = parents.get(annotated.post.post.parent_url or "")
            url, annotation = annotated.post.post.canonical_url, annotated.annotation
            annotation = of_reply(annotation, parent) if parent else annotation
            inherited = replace(annotated, annotation=corrected(annotation, said[url]) if url in said else annotation)
            parents[url] = inherited.annotation
            done.append(inherited)
        return done

    def _parents(self, batch: Sequence[Annotated]) -> dict[str, Annotation]:
        """Annotations of the archive's posts that this batch replies to, by canonical URL."""
        wanted = {a.post.post.parent_url for a in batch if a.post.post.parent_url}
        posts = self._it.archive.by_url(sorted(wanted))
        annotations = self._it.annotations.annotations([post.id for post in posts.values()])
        return {url: annotations[post.id] for url, post in posts.items() if post.id in annotations}


def of_reply(reply: Annotation, parent: Annotation) -> Annotation:
    """A reply's annotation: it concerns what its parent concerns; its feeling is its own."""
    if reply.relevance.label >= parent.relevance.label:
        relevance = reply.relevance
    else:
        relevance = Relevance(parent.relevance.label, parent.relevance.score, f"trả lời bài: {parent.relevance.reason}")
    topics, models = (parent.topics, reply.settled("topics")) if parent.topics else (reply.topics, reply.models)
    return replace(reply, relevance=relevance, places=reply.places or parent.places, topics=topics, models=models)
