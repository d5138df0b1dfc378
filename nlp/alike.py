"""What resembles a post: how close two texts are in meaning, and whether they are about the same topics.

Sentence vectors alone put texts close that share a place, an office and the tone of a report; topics tell a landslide
from the land prices of the same commune (`python -m bench.similar`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nlp.embedder import Embeddings

LEAST = 0.45  # likeness below which posts are not called similar: of the same topics, or very close
_TOPICS = 0.8  # how much agreeing topics count beside the cosine
_CENTRED = 20  # vectors from which their centre says what all have in common

Topics = Mapping[str, float]  # codes with their scores


def cosines(vectors: Embeddings, own: Embeddings) -> Embeddings:
    """(rows,) cosine of each row with `own`, both seen from the rows' centre."""
    centre = vectors.mean(axis=0) if len(vectors) > _CENTRED else np.zeros_like(own)
    rows, mine = vectors - centre, own - centre
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(mine)
    return np.asarray(rows @ mine / np.maximum(lengths, 1e-6), dtype=np.float32)


def agreement(one: Topics, other: Topics) -> float:
    """Cosine of two posts' topics by score, 0-1; 0 where one has none."""
    shared = sum(score * other.get(code, 0.0) for code, score in one.items())
    lengths = _length(one) * _length(other)
    return shared / lengths if lengths else 0.0


def _length(topics: Topics) -> float:
    return float(np.sqrt(sum(score * score for score in topics.values())))


def likeness(cosine: float, one: Topics, other: Topics) -> float:
    """Meaning and topics together, 0-1; meaning alone where a post has no topics."""
    close = max(0.0, cosine)
    return (close + _TOPICS * agreement(one, other)) / (1 + _TOPICS) if one and other else close
