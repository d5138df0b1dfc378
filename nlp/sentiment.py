"""Sentiment of a post and the sentence that carries it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nlp.annotation import SENTIMENTS, Document, Sentiment, SentimentResult
from nlp.features import Floats
from nlp.linear import LinearModel, ModelError
from nlp.text import exact_of, place_tones, sentences
from nlp.train import in_domain

_READ = 8  # sentences of a post that are looked at
_LONGEST = 320  # characters of the sentence that is shown
_SHORT = 4  # words that a sentence must have to carry anything


class SentimentReader:
    """Reads sentiment off a linear model: the label from title, lead and beginning, the sentence by its own score.

    Raises ModelError for a model that does not know the three sentiments.
    """

    def __init__(self, model: LinearModel) -> None:
        if missing := set(SENTIMENTS) - set(model.labels):
            raise ModelError(f"the sentiment model does not know {', '.join(sorted(missing))}")
        self._model = model
        # Sentences are only compared with each other: no need to put accents back.
        self._apart = replace(model, settings=replace(model.settings, restore=False))
        self._columns = [model.labels.index(name) for name in SENTIMENTS]

    def read(
        self, documents: Sequence[Document], heads: Sequence[str], whole: Floats | None = None
    ) -> list[SentimentResult | None]:
        """One result per document; `heads`: what the classifier reads of each, through `exact`.

        `whole`: (documents x labels of the model) scores known better than by the model alone.
        """
        whole = (self._model.scores_of(heads) if whole is None else whole)[:, self._columns]
        pieces: list[str] = []
        marked: list[str] = []
        spans: list[tuple[int, int]] = []
        for document in documents:
            found = _candidates(document)
            spans.append((len(pieces), len(pieces) + len(found)))
            pieces.extend(found)
            # Only compared with each other, so tone marks are all the normalising they need.
            marked.extend(exact_of(in_domain(place_tones(piece), document.kind)) for piece in found)
        parts = self._apart.scores_of(marked)[:, self._columns]
        return [
            _result(row, pieces[start:end], parts[start:end]) if heads[i] else None
            for i, (row, (start, end)) in enumerate(zip(whole, spans, strict=True))
        ]


def _candidates(document: Document) -> list[str]:
    """The first sentences that are long enough to say something; for a comment, whatever there is."""
    found = [s.text[:_LONGEST] for s in sentences(document.text[:3000])]
    told = [sentence for sentence in found if len(sentence.split()) >= _SHORT]
    return (told or found)[:_READ]


def _result(row: Floats, pieces: list[str], parts: Floats) -> SentimentResult:
    best = int(np.argmax(row))
    label: Sentiment = SENTIMENTS[best]
    scores = {str(name): round(float(score), 4) for name, score in zip(SENTIMENTS, row, strict=True)}
    # Title and lead come first in `pieces`: they win unless a later sentence says it clearly better.
    early = np.linspace(0.06, 0.0, num=len(pieces)) if pieces else np.zeros(0)
    sentence = pieces[int(np.argmax(parts[:, best] + early))] if pieces else ""
    return SentimentResult(label, scores, sentence)
