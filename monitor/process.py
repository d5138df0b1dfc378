"""Takes waiting posts through annotate, stories and index; each post ends with exactly one outcome.

The order makes a crash harmless: first the index is written, then the archive marks the posts in one transaction. A post
whose mark is missing is simply taken again; ids and story ids are deterministic, so writing twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from monitor.annotated import Annotated, document
from monitor.archive import ArchivedPost
from monitor.installation import Installation
from nlp.annotation import Annotation
from nlp.stories import StoryClusterer

BATCH = 200
INDEX_TRIES = 5


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
        pairs = zip((self.annotated, self.irrelevant, self.failed), other.parts, strict=True)
        return Processed(*(mine + theirs for mine, theirs in pairs))

    @property
    def parts(self) -> tuple[int, int, int]:
        return self.annotated, self.irrelevant, self.failed


class Processor:
    """Works through the archive's queue. One processor at a time per installation; it may be killed at any moment."""

    def __init__(self, installation: Installation) -> None:
        self._it = installation
        self._clusterer: StoryClusterer | None = None

    def run(self, progress: Callable[[int], None] | None = None) -> Processed:
        """Takes posts until none waits. Raises IndexUnavailable when the index stays away; the posts go on waiting."""
        done = Processed()
        while batch := self._it.archive.waiting(BATCH):
            step = self._take(batch)
            done += step
            if progress:
                progress(step.total)
        return done

    def _take(self, batch: Sequence[ArchivedPost]) -> Processed:
        annotated, failed = self._annotate(batch)
        grouped = self._into_stories(self._with_parents(annotated))
        self._write(grouped)
        titles = {a.story_id: self._stories.title(a.story_id) for a in grouped if a.story_id}
        self._it.annotations.record(grouped, titles)
        relevant = sum(a.outcome == "annotated" for a in grouped)
        return Processed(relevant, len(grouped) - relevant, failed)

    # annotate

    def _annotate(self, batch: Sequence[ArchivedPost]) -> tuple[list[Annotated], int]:
        try:
            return self._understand(batch), 0
        except Exception:  # one bad text must not hold up the others: find it
            return self._annotate_singly(batch)

    def _annotate_singly(self, batch: Sequence[ArchivedPost]) -> tuple[list[Annotated], int]:
        good: list[Annotated] = []
        for post in batch:
            try:
                good += self._understand([post])
            except Exception as error:  # any failure of a model is this post's outcome, kept with its reason
                self._it.archive.mark_failed(post, f"{type(error).__name__}: {error}")
        return good, len(batch) - len(good)

    def _understand(self, batch: Sequence[ArchivedPost]) -> list[Annotated]:
        """Replies are judged in full: whether they concern the province is for their parent to say."""
        annotator, everything = self._it.annotator, self._it.settings.index_irrelevant
        found: dict[str, Annotation] = {}
        for replies in (False, True):
            part = [post for post in batch if (post.post.parent_url is not None) == replies]
            documents = [document(post, local=self._it.is_local(post.post.source)) for post in part]
            for annotation in annotator.annotate_many(documents, everything=everything or replies):
                found[annotation.id] = annotation
        return [Annotated(post, found[post.id]) for post in batch]

    # replies take from their parents what they leave unsaid

    def _with_parents(self, batch: Sequence[Annotated]) -> list[Annotated]:
        parents = self._parents(batch)
        done: list[Annotated] = []
        for annotated in batch:
            parent = parents.get(annotated.post.post.parent_url or "")
            inherited = (
                replace(annotated, annotation=reply_annotation(annotated.annotation, parent)) if parent else annotated
            )
            parents[annotated.post.post.canonical_url] = inherited.annotation
            done.append(inherited)
        return done

    def _parents(self, batch: Sequence[Annotated]) -> dict[str, Annotation]:
        """Annotations of the archive's posts that this batch replies to, by canonical URL."""
        wanted = {a.post.post.parent_url for a in batch if a.post.post.parent_url}
        posts = self._it.archive.by_url(sorted(wanted))
        annotations = self._it.annotations.annotations([post.id for post in posts.values()])
        return {url: annotations[post.id] for url, post in posts.items() if post.id in annotations}
