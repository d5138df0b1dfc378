"""Articles that a signal says an outlet has: looked for at the outlet until they are found there, counted until then.

What stays open after a while is what we miss: an article of an outlet that is watched, or an outlet that is not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Engine, func, select, update

from crawlers.plan import Sighting
from crawlers.source import Source
from monitor.archive import insert_or, utc_now
from monitor.database import READ_ONLY, posts, sightings
from nlp.text import exact

OPEN_FOR = timedelta(days=7)  # after which nobody looks any more
KEPT_FOR = timedelta(days=30)
SEARCHES = 3  # times an outlet's own search is asked for a title
GRACE = timedelta(hours=2)  # in which an outlet's feed usually brings the article by itself


@dataclass(frozen=True, slots=True)
class Missing:
    """An article known elsewhere and not found yet. `source`: the registry's id of the outlet, None for a stranger."""

    title: str
    outlet: str
    outlet_name: str
    source: str | None
    published_at: datetime | None
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class SightingFigures:
    """Of the last days: articles that signals named, those found at their outlets, those of outlets not watched."""

    seen: int
    found: int
    open: int
    unwatched: int


class Sightings:
    """Sightings in SQL, matched with the archive by outlet and title."""

    def __init__(self, engine: Engine, sources: Mapping[str, Source], clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._sources = sources
        self._clock = clock

    def record(self, signal: str, seen: Iterable[Sighting]) -> None:
        """Keeps what a signal named; what is known already stays as it is."""
        from crawlers.extract.canonical import host  # with all extractors: who only reads does without
        from crawlers.saved import source_of

        now, rows = self._clock(), {}
        watched = [source for source in self._sources.values() if source.enabled and not source.discovery.signals]
        for each in seen:
            key, outlet = title_key(each.title), host(each.outlet)
            source = source_of(each.outlet, watched)
            id = hashlib.blake2b(f"{outlet} {key}".encode(), digest_size=16).hexdigest()
            rows[id] = {
                "id": id, "signal": signal, "outlet": outlet, "outlet_name": each.outlet_name[:200],
                "source": source.id if source else None, "title": each.title[:1000], "title_key": key,
                "published_at": each.published, "seen_at": now, "searched": 0,
            }  # fmt: skip
        if rows:
            with self._engine.begin() as connection:
                connection.execute(insert_or(connection, sightings).on_conflict_do_nothing(), list(rows.values()))

    def resolve(self, source: str) -> int:
        """Marks the open sightings of this source whose article the archive has. Returns how many."""
        now = self._clock()
        wanted = select(sightings.c.id, sightings.c.title_key).where(*self._open(now), sightings.c.source == source)
        with self._engine.connect().execution_options(**READ_ONLY) as connection:
            waiting: dict[str, list[str]] = {}
            for id, key in connection.execute(wanted):
                waiting.setdefault(key, []).append(id)
            if not waiting:
                return 0
            recent = (posts.c.source == source) & (posts.c.counted_at >= now - 2 * OPEN_FOR)
            titles = connection.execute(select(posts.c.id, posts.c.title).where(recent)).all()
        found = [(id, post) for post, title in titles for id in waiting.get(title_key(title), ())]
        with self._engine.begin() as connection:
            for id, post in found:
                done = update(sightings).where(sightings.c.id == id).values(post_id=post, found_at=now)
                connection.execute(done)
        return len(found)

    def wanted(self) -> dict[str, tuple[str, ...]]:
        """Titles that the search of their outlets is to be asked for, by source."""
        now, found = self._clock(), dict[str, list[str]]()
        searching = [source.id for source in self._sources.values() if source.discovery.searches]
        query = (
            select(sightings.c.source, sightings.c.title)
            .where(*self._open(now), sightings.c.searched < SEARCHES, sightings.c.seen_at < now - GRACE)
            .where(sightings.c.source.in_(searching))
            .order_by(sightings.c.searched, sightings.c.seen_at)
        )
        with self._engine.connect().execution_options(**READ_ONLY) as connection:
            for source, title in connection.execute(query):
                found.setdefault(source, []).append(title)
        return {source: tuple(titles) for source, titles in found.items()}

    def searched(self, source: str, titles: Sequence[str]) -> None:
        """Counts that the outlet's search was asked for these."""
        keys = [title_key(title) for title in titles]
        asked = (sightings.c.source == source) & sightings.c.title_key.in_(keys)
        with self._engine.begin() as connection:
            connection.execute(update(sightings).where(asked).values(searched=sightings.c.searched + 1))

    def missing(self, limit: int = 100) -> list[Missing]:
        """What is known elsewhere and not found here, newest first; articles of the last hours may still come."""
        now = self._clock()
        query = select(sightings).where(*self._open(now), sightings.c.seen_at < now - GRACE)
        with self._engine.connect().execution_options(**READ_ONLY) as connection:
            rows = connection.execute(query.order_by(sightings.c.seen_at.desc(), sightings.c.id).limit(limit))
            return [
                Missing(row.title, row.outlet, row.outlet_name, row.source, row.published_at, row.seen_at)
                for row in rows
            ]

    def figures(self) -> SightingFigures:
        recent = sightings.c.seen_at >= self._clock() - OPEN_FOR
        known, watched = func.count(sightings.c.found_at), func.count(sightings.c.source)
        with self._engine.connect().execution_options(**READ_ONLY) as connection:
            seen, found, ours = connection.execute(select(func.count(), known, watched).where(recent)).one()
        return SightingFigures(seen=seen, found=found, open=ours - found, unwatched=seen - ours)

    def forget(self) -> None:
        with self._engine.begin() as connection:
            connection.execute(sightings.delete().where(sightings.c.seen_at < self._clock() - KEPT_FOR))

    @staticmethod
    def _open(now: datetime) -> tuple[ColumnElement[bool], ...]:
        return sightings.c.found_at.is_(None), sightings.c.seen_at >= now - OPEN_FOR


def title_key(title: str) -> str:
    """The same for titles that differ in case, punctuation and the place of tone marks only."""
    return hashlib.blake2b(exact(title).encode(), digest_size=16).hexdigest()
