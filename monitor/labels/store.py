"""Labels in the archive: added, taken back, read; never changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, insert, select, update
from sqlalchemy.engine import Connection, Row

from monitor.archive import CHUNK, utc_now
from monitor.database import READ_ONLY, posts
from monitor.labels.records import Label, Standing, standing
from monitor.labels.tables import labels


class LabelError(ValueError):
    """A label cannot be kept or taken back; the message says why, in Vietnamese."""


class LabelStore:
    """What people said of posts. A post that is in the archive waits again as soon as something new is said of it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def _read(self) -> Connection:
        return self.engine.connect().execution_options(**READ_ONLY)

    def add(self, given: Sequence[Label]) -> list[int]:
        """Keeps labels, in one transaction. Returns their numbers."""
        now, numbers = utc_now(), []
        with self.engine.begin() as connection:
            known = _ids(connection, [label.canonical_url for label in given])
            for label in given:
                row = _row(label, known.get(label.canonical_url), now)
                numbers.append(int(connection.execute(insert(labels).values(row).returning(labels.c.id)).scalar_one()))
            _let_wait(connection, list(known.values()))
        return numbers

    def undo(self, number: int, *, by: str, at: datetime | None = None) -> Label:
        """Takes a label back; what was said before it stands again.

        Raises LabelError for a label that does not exist or was taken back.
        """
        found = self._where(labels.c.id == number)
        if not found or found[0].undoes is not None:
            raise LabelError(f"không có nhãn số {number}")
        if self._where(labels.c.undoes == number):
            raise LabelError(f"nhãn số {number} đã được rút lại")
        self.add([Label(canonical_url=found[0].canonical_url, by=by, at=at or utc_now(), undoes=number)])
        return found[0]

    def of(self, canonical_url: str) -> list[Label]:
        """All that was said of a post, in the order it was added; also what was taken back, and the taking back."""
        return self._where(labels.c.canonical_url == canonical_url)

    def standing(self, canonical_urls: Sequence[str]) -> dict[str, Standing]:
        """What stands for each of these posts, for those of which something stands."""
        found: dict[str, list[Label]] = {}
        wanted = sorted(set(canonical_urls))
        for start in range(0, len(wanted), CHUNK):
            for label in self._where(labels.c.canonical_url.in_(wanted[start : start + CHUNK])):
                found.setdefault(label.canonical_url, []).append(label)
        return {url: stands for url, said in found.items() if (stands := standing(said))}

    def every(self) -> Iterator[Label]:
        """One label for each post of which something stands, by address."""
        with self._read() as connection:
            urls = list(connection.scalars(select(labels.c.canonical_url).distinct().order_by(labels.c.canonical_url)))
        for start in range(0, len(urls), CHUNK):
            stands = self.standing(urls[start : start + CHUNK])
            yield from (stands[url].together() for url in urls[start : start + CHUNK] if url in stands)

    def meet(self, arrived: dict[str, str]) -> None:
        """Ties labels that came before their posts to them (canonical URL -> id), so that erasing takes both."""
        with self.engine.begin() as connection:
            for url, id in arrived.items():
                alone = (labels.c.canonical_url == url) & labels.c.post_id.is_(None)
                connection.execute(update(labels).where(alone).values(post_id=id))

    def forget(self, canonical_urls: Sequence[str]) -> int:
        """Erases all that was said of these posts. Returns how many rows went."""
        gone = 0
        with self.engine.begin() as connection:
            for start in range(0, len(canonical_urls), CHUNK):
                part = labels.c.canonical_url.in_(canonical_urls[start : start + CHUNK])
                connection.execute(labels.delete().where(part & labels.c.undoes.is_not(None)))
                gone += connection.execute(labels.delete().where(part)).rowcount
        return gone

    def _where(self, condition: Any) -> list[Label]:
        with self._read() as connection:
            return [_label(row) for row in connection.execute(select(labels).where(condition).order_by(labels.c.id))]


def _ids(connection: Connection, urls: Sequence[str]) -> dict[str, str]:
    """Canonical URL -> id of the posts that are in the archive."""
    found: dict[str, str] = {}
    for start in range(0, len(urls), CHUNK):
        query = select(posts.c.canonical_url, posts.c.id).where(posts.c.canonical_url.in_(urls[start : start + CHUNK]))
        found |= {row.canonical_url: row.id for row in connection.execute(query)}
    return found


def _let_wait(connection: Connection, ids: Sequence[str]) -> None:
    for start in range(0, len(ids), CHUNK):
        there = posts.c.id.in_(ids[start : start + CHUNK])
        connection.execute(update(posts).where(there).values(outcome="new", reason="", attempts=0))


def _row(label: Label, post_id: str | None, now: datetime) -> dict[str, Any]:
    return {
        "canonical_url": label.canonical_url,
        "post_id": post_id,
        "relevance": label.relevance,
        "topics": list(label.topics) if label.topics else None,
        "sentiment": label.sentiment,
        "by": label.by,
        "at": label.at,
        "guideline": label.guideline,
        "certainty": "sure" if label.sure else "unsure",
        "undoes": label.undoes,
        "added_at": now,
    }


def _label(row: Row[Any]) -> Label:
    label = Label(canonical_url=row.canonical_url, by=row.by, at=row.at, undoes=row.undoes, number=row.id)
    topics = tuple(row.topics) if row.topics else None
    certain = {"guideline": row.guideline, "sure": row.certainty == "sure"}
    return replace(label, relevance=row.relevance, topics=topics, sentiment=row.sentiment, **certain)
