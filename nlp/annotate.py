"""The room's front door: `Annotator.load().annotate(document) -> Annotation`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from nlp.annotation import Annotation, Document, Relevance


class Annotator:
    """All components with their models, loaded once and used for every post (not shared between threads)."""

    @classmethod
    def load(cls, province: str = "quangtri", models: Path | None = None) -> Annotator:
        """The annotator of a province; `models` holds retrained `topics/`, `sentiment/` before the shipped ones."""
        return cls()

    def annotate(self, document: Document, *, everything: bool = False) -> Annotation:
        """One post; see `annotate_many`."""
        return self.annotate_many([document], everything=everything)[0]

    def annotate_many(self, documents: Iterable[Document], *, everything: bool = False) -> list[Annotation]:
        """Many posts, in order; `everything` gives topics and sentiment to irrelevant posts too."""
        return [Annotation(id=d.id, relevance=Relevance(0, 0.0, "chưa xét")) for d in documents]
