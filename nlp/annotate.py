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

from nlp.annotation import DOUBTED, TOPICS, Annotation, Document, Place, SentimentResult, Topic
from nlp.embedder import Embeddings, embedding_text, load_embedder
from nlp.entities import EntityReader
from nlp.features import Floats
from nlp.linear import LinearModel
from nlp.places import Findings, PlaceFinder
from nlp.province import Province
from nlp.relevance import judge
from nlp.relevance_layer import Layer, OwnModel, load_relevance
from nlp.second import load_second
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
        self._mood = sentiment
        self._sentiment = SentimentReader(sentiment) if sentiment else None
        self._second = {
            task: look
            for task, model in (("topics", topics), ("sentiment", sentiment))
            if (look := load_second(task, model))
        }
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
        first = {task: model.scores_of(heads) for task, model in self._firsts()}
        topics = self._topics_of(first["topics"]) if self._topics else [()] * len(chosen)
        moods = self._moods_of(chosen, heads, first["sentiment"]) if self._mood else [None] * len(chosen)
        for row, (i, codes, mood) in enumerate(zip(wanted, topics, moods, strict=True)):
            terms = key_terms(f"{texts[i].front}\n{texts[i].body}", skip=self._common)
            entities = self._entities.read(batch[i].text)
            annotations[i] = replace(annotations[i], topics=codes, sentiment=mood, terms=terms, entities=entities)
            doubted = [task for task, look in self._second.items() if heads[row] and look.doubts(first[task][row])]
            if doubted:
                annotations[i] = replace(annotations[i], models={**self.models, DOUBTED: " ".join(doubted)})
        return annotations

    def look_again(
        self, documents: Sequence[Document], annotations: Sequence[Annotation], vectors: Embeddings
    ) -> list[Annotation]:
        """The annotations with what a second look at their texts' `embedding_text` says of the tasks in doubt.

        Vectors of another engine than the second look was learnt with must not be given (`second_reads`). Safe to
        call beside `annotate_many`.
        """
        done = list(annotations)
        for task, model in self._firsts():
            rows = [i for i, annotation in enumerate(done) if task in annotation.doubted and task in self._second]
            if not rows:
                continue
            chosen = [documents[i] for i in rows]
            texts = [_Text.of(document) for document in chosen]
            heads = [exact_of(model_text(t.front, "", t.body, d.kind)) for t, d in zip(texts, chosen, strict=True)]
            look = self._second[task]
            scores = look.scores(model.scores_of(heads), vectors[rows])
            topics = self._topics_of(scores, look.thresholds) if task == "topics" else []
            moods = self._moods_of(chosen, heads, scores) if task == "sentiment" else []
            for place, i in enumerate(rows):
                models = {**done[i].settled(task), task: f"{model.version}+{look.version}"}
                if task == "topics":
                    done[i] = replace(done[i], topics=topics[place], models=models)
                else:
                    done[i] = replace(done[i], sentiment=moods[place], models=models)
        return done

    def settle(
        self, documents: Sequence[Document], annotations: Sequence[Annotation], *, relevant: bool = False
    ) -> list[Annotation]:
        """The annotations with a second look at all that is in doubt, or (`relevant`) in relevant posts alone.

        As they are where the extra `semantic` is missing. An embedding for each doubted post: some 60 ms of a core.
        """
        done, embedder = list(annotations), load_embedder()
        if embedder is None or not self.second_reads(embedder.version):
            return done
        rows = [i for i, a in enumerate(done) if a.doubted and (a.relevance.label or not relevant)]
        vectors = embedder.embed([embedding_text(documents[i]) for i in rows])
        better = self.look_again([documents[i] for i in rows], [done[i] for i in rows], vectors)
        for i, annotation in zip(rows, better, strict=True):
            done[i] = annotation
        return done

    def versions(self) -> dict[str, str]:
        """`models`, and with them the second looks that this installation can take."""
        embedder = load_embedder()
        if embedder is None or not self.second_reads(embedder.version):
            return self.models
        return self.models | {task: f"{self.models[task]}+{look.version}" for task, look in self._second.items()}

    def second_reads(self, embedder: str) -> bool:
        """Whether there is a second look, and it was learnt with vectors of this version."""
        return any(look.embedder == embedder for look in self._second.values())

    def _firsts(self) -> list[tuple[str, LinearModel]]:
        return [(task, model) for task, model in (("topics", self._topics), ("sentiment", self._mood)) if model]

    def _moods_of(
        self, documents: Sequence[Document], heads: Sequence[str], scores: Floats
    ) -> list[SentimentResult | None]:
        return self._sentiment.read(documents, heads, scores) if self._sentiment else [None] * len(documents)

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

    def _topics_of(self, scores: Floats, thresholds: Floats | None = None) -> list[tuple[Topic, ...]]:
        if self._topics is None:
            return [()] * len(scores)
        model = self._topics if thresholds is None else replace(self._topics, thresholds=thresholds)
        return [_topics(model.decide(row), _MOST_TOPICS if model.settings.multi else 1) for row in scores]


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
