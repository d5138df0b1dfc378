"""What relevant posts mean: sentence vectors kept in the archive, and the posts that resemble one.

Vectors are made after everything else, newest posts first and a few seconds at a time, so that nothing waits for them.
Without the extra `semantic`, likeness falls back to the shipped table of latent directions and words.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal

import numpy as np
from sqlalchemy import Engine, func, select
from sqlalchemy.engine import Connection

from index.port import points
from index.values import batches
from monitor.archive import Archive
from monitor.change_log import tell
from monitor.database import CHUNK, READ_ONLY, annotation_rows, embeddings, insert_or, posts
from monitor.second_look import LookAgain
from nlp.alike import LEAST, Topics, cosines, likeness
from nlp.annotation import Document
from nlp.embedder import Embedder, Embeddings, embedding_text, load_embedder, pack, quantised, unpack
from nlp.latent import Latent
from nlp.text import fold
from nlp.vectors import Background, vector, word_hashes

BATCH = 16  # posts embedded at a time: about a second on one core
AROUND = timedelta(days=180)  # posts that are compared lie this near
MOST = 20_000  # vectors that are compared here; where there are more, the index names those that are nearest
CENTRE = 1_000  # of the newest, that say with these what all have in common
ENOUGH = 0.5  # share of the posts that must have a vector: the likeliest of a handful is like nothing
MOST_WORDS = 2_000  # texts that are compared where there are no vectors
NEAREST = 400  # posts close in meaning whose topics are looked at
How = Literal["meaning", "words"]
Nearest = Callable[[bytes, datetime, datetime], list[str]]


@dataclass(frozen=True, slots=True)
class Similar:
    """A post that resembles another: how much in meaning and topics, 0-1."""

    id: str
    score: float


class Meaning:
    """Keeps the vectors of one archive and compares with them. Safe to use from several threads."""

    def __init__(
        self,
        engine: Engine,
        archive: Archive,
        embedder: Embedder | None = None,
        nearest: Nearest = lambda *_: [],
        look_again: LookAgain = lambda *_: None,
    ) -> None:
        """`nearest` asks the index, for times that hold more vectors than are compared here.

        `look_again` is told of new vectors, in the transaction that keeps them.
        """
        self.engine = engine
        self._nearest = nearest
        self._look_again = look_again
        self._archive = archive
        self._given = embedder
        self._lock = threading.Lock()

    @property
    def embedder(self) -> Embedder | None:
        return self._given or load_embedder()

    def _read(self) -> Connection:
        return self.engine.connect().execution_options(**READ_ONLY)

    def fill(self, seconds: float) -> int:
        """Embeds relevant posts that have no vector of this version, newest first. Returns how many."""
        embedder = self.embedder
        if embedder is None:
            return 0
        done, end = 0, time.monotonic() + seconds
        with self._lock:
            while time.monotonic() < end and (missing := self._missing(embedder.version)):
                self._keep(embedder, missing)
                done += len(missing)
        return done

    def _missing(self, version: str) -> list[str]:
        rows, e = annotation_rows.c, embeddings.c
        known = (e.post_id == rows.post_id) & (e.version == version)
        query = (
            select(rows.post_id)
            .outerjoin(embeddings, known)
            .where(rows.relevance >= 1, e.post_id.is_(None))
            .order_by(rows.counted_at.desc(), rows.post_id)
        )
        with self._read() as connection:
            return list(connection.scalars(query.limit(BATCH)))

    def _keep(self, embedder: Embedder, ids: Sequence[str]) -> None:
        found = self._archive.get(ids)
        known = [found[id] for id in ids if id in found]
        vectors = embedder.embed([_text(p.id, p.post.title, p.post.lead, p.post.body) for p in known])
        values = [
            {"post_id": p.id, "version": embedder.version, "counted_at": p.counted_at, "vector": row}
            for p, row in zip(known, pack(vectors), strict=True)
        ]
        if not values:
            return
        with self.engine.begin() as connection:
            # A post may be gone by now, with all that was kept of it.
            there = set(connection.scalars(select(posts.c.id).where(posts.c.id.in_(ids))))
            statement = insert_or(connection, embeddings)
            changed = {name: statement.excluded[name] for name in ("version", "counted_at", "vector")}
            upsert = statement.on_conflict_do_update(index_elements=["post_id"], set_=changed)
            if rows := [value for value in values if value["post_id"] in there]:
                connection.execute(upsert, rows)
                tell(connection, there, "metadata")
                still = [place for place, p in enumerate(known) if p.id in there]
                self._look_again(connection, [known[n] for n in still], vectors[still], embedder.version)

    def vectors(self, ids: Iterable[str]) -> dict[str, bytes]:
        """The vectors of these posts as the index keeps them; those that have none are absent."""
        e, found = embeddings.c, dict[str, bytes]()
        with self._read() as connection:
            for some in batches(ids, CHUNK):
                for row in connection.execute(select(e.post_id, e.vector).where(e.post_id.in_(some))):
                    found[row.post_id] = quantised(row.vector)
        return {id: vector for id, vector in found.items() if points(vector)}

    def similar(self, id: str, limit: int = 10) -> tuple[How, list[Similar]]:
        """Posts that mean the same as one, likeliest first, none of its own story; how they were compared.

        Raises KeyError for a post that is not there.
        """
        post = self._archive.get([id])[id]
        text = (id, post.post.title, post.post.lead, post.post.body)
        near = (post.counted_at - AROUND, post.counted_at + AROUND)
        embedder = self.embedder
        if embedder is not None:
            own = self._own(embedder, id)
            nearest = self._beyond(embedder, own, near) if own is not None else []
            ids, vectors = self._vectors(embedder, near, CENTRE if nearest else MOST)
            if nearest or len(ids) >= ENOUGH * self._relevant(near, most=MOST):
                own = embedder.embed([_text(*text)])[0] if own is None else own
                ids, vectors = self._with(embedder, nearest, ids, vectors)
                return "meaning", self._ranked(id, ids, vectors, own, limit)
        ids, vectors = self._words(near)
        return "words", self._ranked(id, ids, vectors, _latent(*text), limit)

    def _relevant(self, near: tuple[datetime, datetime], most: int) -> int:
        """How many relevant posts lie in a time, counted up to `most`."""
        rows = annotation_rows.c
        some = select(rows.post_id).where(rows.relevance >= 1, rows.counted_at.between(*near)).limit(most)
        with self._read() as connection:
            return int(connection.scalar(select(func.count()).select_from(some.subquery())) or 0)

    def _own(self, embedder: Embedder, id: str) -> Embeddings | None:
        """The vector that a post has."""
        e = embeddings.c
        query = select(e.vector).where(e.post_id == id, e.version == embedder.version)
        with self._read() as connection:
            row = connection.scalar(query)
        return None if row is None else unpack([row], embedder.dimensions)[0]

    def _beyond(self, embedder: Embedder, own: Embeddings, near: tuple[datetime, datetime]) -> list[str]:
        """What the index finds nearest, where a time holds more vectors than are compared here."""
        e = embeddings.c
        some = select(e.counted_at).where(e.version == embedder.version, e.counted_at.between(*near)).limit(MOST)
        with self._read() as connection:
            many = connection.scalar(select(func.count()).select_from(some.subquery())) == MOST
        return self._nearest(quantised(pack(own[np.newaxis])[0]), *near) if many else []

    def _vectors(self, embedder: Embedder, near: tuple[datetime, datetime], most: int) -> tuple[list[str], Embeddings]:
        """The newest of a time."""
        e = embeddings.c
        query = (
            select(e.post_id, e.vector)
            .where(e.version == embedder.version, e.counted_at.between(*near))
            .order_by(e.counted_at.desc())
        )
        with self._read() as connection:
            rows = connection.execute(query.limit(most)).all()
        return [row.post_id for row in rows], unpack([row.vector for row in rows], embedder.dimensions)

    def _with(
        self, embedder: Embedder, others: Iterable[str], ids: list[str], vectors: Embeddings
    ) -> tuple[list[str], Embeddings]:
        """Besides these vectors those of other posts."""
        e, others = embeddings.c, set(others) - set(ids)
        if not others:
            return ids, vectors
        # Versions are told apart here: as a condition SQLite would go through all vectors that have this one.
        query = select(e.post_id, e.vector, e.version).where(e.post_id.in_(others))
        with self._read() as connection:
            rows = [row for row in connection.execute(query) if row.version == embedder.version]
        found = unpack([row.vector for row in rows], embedder.dimensions)
        return [*ids, *(row.post_id for row in rows)], np.concatenate([vectors, found])

    def _words(self, near: tuple[datetime, datetime]) -> tuple[list[str], Embeddings]:
        rows, p = annotation_rows.c, posts.c
        query = (
            select(p.id, p.title, p.lead, func.substr(p.body, 1, 400))
            .join(annotation_rows, rows.post_id == p.id)
            .where(rows.relevance >= 1, rows.counted_at.between(*near))
            .order_by(rows.counted_at.desc())
        )
        with self._read() as connection:
            found = connection.execute(query.limit(MOST_WORDS)).all()
        if not found:
            return [], np.zeros((0, Latent.shipped().dimensions), dtype=np.float32)
        return [row[0] for row in found], np.stack([_latent(*row) for row in found])

    def _ranked(self, id: str, ids: list[str], vectors: Embeddings, own: Embeddings, limit: int) -> list[Similar]:
        if not ids:
            return []
        close = cosines(vectors, own)
        near = {ids[n]: float(close[n]) for n in np.argsort(-close, kind="stable")[:NEAREST] if close[n] > 0}
        story, topics, told = self._told(id, near)
        scores = {
            other: likeness(near[other], topics, theirs)
            for other, (its_story, theirs) in told.items()
            if other != id and (its_story is None or its_story != story)
        }
        named = [other for other, score in scores.items() if score >= LEAST]
        best = sorted(named, key=lambda other: (-scores[other], other))
        return [Similar(other, round(scores[other], 4)) for other in best[:limit]]

    def _told(self, id: str, ids: Iterable[str]) -> tuple[str | None, Topics, dict[str, tuple[str | None, Topics]]]:
        """Story and topics of a post, and of others."""
        rows = annotation_rows.c
        query = select(rows.post_id, rows.story_id, rows.topics).where(rows.post_id.in_([*ids, id]))
        with self._read() as connection:
            told: dict[str, tuple[str | None, Topics]] = {
                row.post_id: (row.story_id, {topic["code"]: float(topic["score"]) for topic in row.topics})
                for row in connection.execute(query)
            }
        story, topics = told.get(id, (None, {}))
        return story, topics, told


def _text(id: str, title: str, lead: str, body: str) -> str:
    return embedding_text(Document(id=id, title=title, lead=lead, body=body))


@lru_cache(maxsize=MOST_WORDS + 1000)  # the same neighbours are asked for with every page of a mention
def _latent(id: str, title: str, lead: str, body: str) -> Embeddings:
    words = word_hashes(fold(_text(id, title, lead, body)))
    return Latent.shipped().of(vector(words, Background.shipped()))
