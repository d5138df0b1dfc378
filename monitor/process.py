"""Takes waiting posts through annotate, stories and index; each post ends with exactly one outcome.

The order makes a crash harmless: first the index is written, then the archive marks the posts in one transaction. A post
whose mark is missing is simply taken again; ids and story ids are deterministic, so writing twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from nlp.stories import StoryClusterer

from monitor.annotated import Annotated, document
from monitor.archive import ArchivedPost
from monitor.installation import Installation
from nlp.annotation import Annotation, Document

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
        inherited = self._inherit(annotated)
        grouped = self._group(inherited)
        self._write(grouped)
        titles = {a.story_id: self.clusterer.title(a.story_id) for a in grouped if a.story_id}
        self._it.annotations.record(grouped, titles)
        relevant = sum(a.outcome == "annotated" for a in grouped)
        return Processed(relevant, len(grouped) - relevant, failed)

    @property
    def clusterer(self) -> StoryClusterer:
        """Fed again from the archive after a start, so that stories go on where they were."""
        if self._clusterer is None:
            self._clusterer = StoryClusterer()
        return self._clusterer

    def _annotate(self, batch: Sequence[ArchivedPost]) -> tuple[list[Annotated], int]:
        documents = [document(post, local=self._it.is_local(post.post.source)) for post in batch]
        try:
            results = self._understand(documents)
            return [Annotated(post, result) for post, result in zip(batch, results, strict=True)], 0
        except Exception:  # one bad text must not hold up the others: find it
            return self._annotate_singly(batch, documents)

    def _annotate_singly(
        self, batch: Sequence[ArchivedPost], documents: Iterable[Document]
    ) -> tuple[list[Annotated], int]:
        good: list[Annotated] = []
        for post, one in zip(batch, documents, strict=True):
            try:
                good.append(Annotated(post, self._understand([one])[0]))
            except Exception as error:  # any failure of a model is this post's outcome, kept with its reason
                self._it.archive.mark_failed(post, f"{type(error).__name__}: {error}")
        return good, len(batch) - len(good)

    def _understand(self, documents: Sequence[Document]) -> list[Annotation]:
        return self._it.annotator.annotate_many(documents, everything=self._it.settings.index_irrelevant)
