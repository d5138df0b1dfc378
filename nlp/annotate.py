"""The room's front door: `Annotator.load().annotate(document) -> Annotation`.

Components in order: places, relevance, fingerprint; then for relevant posts topics, sentiment, key terms, entities.
Classifiers work on whole batches, so `annotate_many` is much faster than a loop over `annotate`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nlp.annotation import TOPICS, Annotation, Document, Place, Topic
from nlp.entities import EntityReader
from nlp.linear import LinearModel
from nlp.places import Findings, PlaceFinder
from nlp.province import Province
from nlp.relevance import judge
from nlp.relevance_layer import Layer, OwnModel, load_relevance
from nlp.sentiment import SentimentReader
from nlp.similar import fingerprint_of
from nlp.terms import key_terms
from nlp.text import exact_of, fold_of, normalise
from nlp.train import load_model, model_text
from nlp.vectors import word_hashes

_MOST_TOPICS = 3
_ENOUGH = 40  # words of a body from which it is its own fingerprint


class Annotator:
    """All components with their models, loaded once and used for every post (not shared between threads)."""

    def __init__(
        self,
        province: Province,
        topics: LinearModel | None,
        sentiment: LinearModel | None,
        relevance: Layer | OwnModel | None = None,
    ) -> None:
        self.province = province
        self._places = PlaceFinder(province)
        self._entities = EntityReader(province)
        wholes = [province.unit, *(unit for unit in province.former if unit.type == province.unit.type)]
        self._common = frozenset(unit.short.lower() for unit in wholes)
        self._topics = topics
        self._sentiment = SentimentReader(sentiment) if sentiment else None
        self._relevance = relevance
        rules = f"rules-2+{relevance.version}" if relevance else "rules-2"
        self.models = {"places": f"{province.id}-{province.version}", "relevance": rules}
        if topics:
            self.models["topics"] = topics.version
        if sentiment:
            self.models["sentiment"] = sentiment.version

    @classmethod
    def load(cls, province: str = "quangtri", models: Path | None = None) -> Annotator:
        """The annotator of a province; `models` holds retrained folders, one a task, that come before the shipped ones.

        Raises FileNotFoundError for an unknown province, ModelError for a model that cannot be read.
        """
        topics, sentiment = load_model("topics", models), load_model("sentiment", models)
        return cls(Province.load(province), topics, sentiment, load_relevance(models))

    def annotate(self, document: Document, *, everything: bool = False) -> Annotation:
        """One post; see `annotate_many`."""
        return self.annotate_many([document], everything=everything)[0]

    def annotate_many(self, documents: Iterable[Document], *, everything: bool = False) -> list[Annotation]:
        """Many posts, in order; `everything` gives irrelevant posts topics, sentiment, terms and entities too."""
        batch = list(documents)
        texts = [_Text.of(document) for document in batch]
        annotations = [self._locate(document, text) for document, text in zip(batch, texts, strict=True)]
        wanted = [i for i, a in enumerate(annotations) if everything or a.relevance.label > 0]
        chosen = [batch[i] for i in wanted]
        heads = [exact_of(model_text(texts[i].front, "", texts[i].body, batch[i].kind)) for i in wanted]
        topics = self._topics_of(heads)
        moods = self._sentiment.read(chosen, heads) if self._sentiment else [None] * len(chosen)
        for i, codes, mood in zip(wanted, topics, moods, strict=True):
            terms = key_terms(f"{texts[i].front}\n{texts[i].body}", skip=self._common)
            entities = self._entities.read(batch[i].text)
            annotations[i] = replace(annotations[i], topics=codes, sentiment=mood, terms=terms, entities=entities)
        return annotations

    def _locate(self, document: Document, text: _Text) -> Annotation:
        """What needs no classifier."""
        findings = self._places.find(document.text, local=document.local)
        return Annotation(
            id=document.id,
            relevance=judge(document, findings, self.province, self._relevance),
            places=_first_mentions(findings),
            fingerprint=_fingerprint(text),
            models=self.models,
        )

    def _topics_of(self, heads: Sequence[str]) -> list[tuple[Topic, ...]]:
        if self._topics is None:
            return [()] * len(heads)
        most = _MOST_TOPICS if self._topics.settings.multi else 1
        return [_topics(self._topics.decide(row), most) for row in self._topics.scores_of(heads)]


class _Text(NamedTuple):
    """A document through `normalise`: title and lead, body."""

    front: str
    body: str

    @classmethod
    def of(cls, document: Document) -> _Text:
        front = "\n".join(part for part in (document.title, document.lead) if part)
        return cls(normalise(front), normalise(document.body))


def _fingerprint(text: _Text) -> tuple[int, ...]:
    """Signature of what an outlet copies: the body when there is enough of it, else the whole text."""
    body = word_hashes(fold_of(exact_of(text.body)))
    if len(body) >= _ENOUGH:
        return fingerprint_of(body)
    return fingerprint_of(np.concatenate([word_hashes(fold_of(exact_of(text.front))), body]))


def _topics(ranked: list[tuple[str, float]], most: int) -> tuple[Topic, ...]:
    """The first few, the main one first; “other” never beside another."""
    known = [(code, score) for code, score in ranked if code in TOPICS] or ranked
    if known[0][0] == "other":
        known = known[:1]
    return tuple(Topic(code, score) for code, score in known if code != "other" or len(known) == 1)[:most]


def _first_mentions(findings: Findings) -> tuple[Place, ...]:
    """Each place once, where it is named first."""
    seen: dict[str, Place] = {}
    for hit in findings.hits:
        seen.setdefault(hit.place.id, hit.place)
    return tuple(seen.values())
