"""The archive: every post ever collected, the system of record. The sink that crawls and imports write to.

A post is keyed by its canonical URL and has exactly one outcome: new (waits), annotated, irrelevant or failed.
Whatever is stored here survives a crash; everything else can be made from it again.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, bindparam, exists, func, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError

from crawlers.post import Kind, Post
from crawlers.sink import Stored
from monitor.archived import OUTCOMES as OUTCOMES
from monitor.archived import ArchivedPost as ArchivedPost
from monitor.archived import Outcome as Outcome
from monitor.archived import Revision as Revision
from monitor.archived import archived, content_hash, storable
from monitor.archived import post_id as post_id
from monitor.change_log import tell
from monitor.database import CHUNK as CHUNK
from monitor.database import READ_ONLY, annotation_rows, posts, revisions, stories
from monitor.database import insert_or as insert_or
from monitor.database import utc_now as utc_now

WRITTEN_BY_PEOPLE: frozenset[Kind] = frozenset({"social", "forum", "comment"})
FUTURE_TOLERANCE = timedelta(hours=1)
RACES = 3  # that a batch may lose against other machines before it is given up


class IdTaken(ValueError):
    """An import gave an id that another post already has."""


class Archive:
    """Posts, revisions and outcomes in SQL. One instance serves many threads."""

    def __init__(self, engine: Engine, *, author_key: bytes, clock: Callable[[], datetime] = utc_now) -> None:
        self.engine = engine
        self._author_key = author_key
        self._clock = clock

    def read(self) -> Connection:
        """A connection for reading; used as a context manager."""
        return self.engine.connect().execution_options(**READ_ONLY)

    # storing

    def store(self, post: Post) -> Stored:
        """Keeps one post. Raises IdTaken when its given id belongs to another post."""
        return self.store_many([post])[0]

    def store_many(self, batch: Sequence[Post]) -> list[Stored]:
        """Keeps posts in one transaction, in order. Raises IdTaken (nothing of the batch is kept then).

        Another machine may store the same new addresses at the same moment: whoever comes second reads again what is
        known, and finds them unchanged.
        """
        batch = [storable(post) for post in batch]
        for _ in range(RACES):
            try:
                return self._stored(batch)
            except (DBAPIError, IdTaken) as error:
                if not _lost_a_race(error):
                    raise
        return self._stored(batch)

    def _stored(self, batch: Sequence[Post]) -> list[Stored]:
        now = self._clock()
        with self.engine.begin() as connection:
            storing = _Storing(connection, _known(connection, [post.canonical_url for post in batch]))
            _lock(connection, batch, storing.known)
            results = [self._store(storing, post, now) for post in batch]
            storing.flush()
        return results

    def _store(self, storing: _Storing, post: Post, now: datetime) -> Stored:
        digest, known = content_hash(post), storing.known.get(post.canonical_url)
        if known is None:
            row = self._new_row(post, digest, now)
            storing.new.append(row)
            storing.known[post.canonical_url] = _Known(row["id"], 1, digest)
            return "new"
        if post.reactions and known.id:
            storing.flush()
            reactions = update(posts).where(posts.c.id == known.id).values(reactions=dict(post.reactions))
            storing.connection.execute(reactions)
        if known.content_hash == digest:
            return "unchanged"
        storing.flush()
        if not self._revise(storing.connection, post, known, digest, now):
            return "unchanged"
        storing.known[post.canonical_url] = _Known(known.id, known.revision + 1, digest)
        return "revised"

    def _new_row(self, post: Post, digest: str, now: datetime) -> dict[str, Any]:
        return {
            **self._content(post, now),
            "id": post.id or post_id(post.canonical_url),
            "canonical_url": post.canonical_url,
            "source": post.source,
            "kind": post.kind,
            "author": self._author(post),
            "parent_url": post.parent_url,
            "reactions": dict(post.reactions),
            "content_hash": digest,
            "revision": 1,
            "first_seen_at": now,
            "changed_at": now,
            "outcome": "new",
            "reason": "",
            "attempts": 0,
        }

    def _content(self, post: Post, now: datetime) -> dict[str, Any]:
        published = post.published_at
        return {
            "url": post.url,
            "title": post.title,
            "lead": post.lead,
            "body": post.body,
            "published_at": published,
            "counted_at": published if published and published <= now + FUTURE_TOLERANCE else now,
            "updated_at": post.updated_at,
            "section": post.section,
            "tags": list(post.tags),
            "method": post.method,
            "quality": {"score": post.quality.score, "reasons": list(post.quality.reasons)},
        }

    def _author(self, post: Post) -> str | None:
        if post.author is None or post.kind not in WRITTEN_BY_PEOPLE:
            return post.author
        return "#" + hmac.new(self._author_key, post.author.encode(), hashlib.sha256).hexdigest()[:16]

    def _revise(self, connection: Connection, post: Post, known: _Known, digest: str, now: datetime) -> bool:
        """Whether the text changed: another machine may have found the same change first."""
        old = connection.execute(select(posts).where(posts.c.id == known.id).with_for_update()).one()
        if old.content_hash == digest:
            return False
        earlier = {
            "post_id": old.id,
            "revision": old.revision,
            "title": old.title,
            "lead": old.lead,
            "body": old.body,
            "published_at": old.published_at,
            "replaced_at": now,
        }
        connection.execute(insert_or(connection, revisions).values(**earlier).on_conflict_do_nothing())
        content = self._content(replace(post, published_at=post.published_at or old.published_at), now)
        if post.published_at is None and old.published_at is None:
            content["counted_at"] = old.counted_at
        changed = {
            "content_hash": digest,
            "revision": old.revision + 1,
            "changed_at": now,
            "outcome": "new",
            "attempts": 0,
        }
        connection.execute(update(posts).where(posts.c.id == old.id).values(**content, **changed))
        tell(connection, [old.id])
        return True

    # the queue

    def waiting(self, limit: int, since: datetime | None = None) -> list[ArchivedPost]:
        """Posts that wait, oldest publication first, so that stories grow in the order things were told.

        Forums show whole minutes: of one moment, replies come after what they answer. `since`: only of this time; a
        reply to an older post that waits itself is left out.
        """
        order = (posts.c.counted_at, posts.c.parent_url.is_not(None), posts.c.id)
        query = select(posts).where(posts.c.outcome == "new").order_by(*order).limit(limit)
        if since is not None:
            parent = posts.alias()
            before = (parent.c.outcome == "new") & (parent.c.counted_at < since)
            answers_one = exists().where(parent.c.canonical_url == posts.c.parent_url, before)
            query = query.where(posts.c.counted_at >= since, posts.c.parent_url.is_(None) | ~answers_one)
        with self.read() as connection:
            return [archived(row) for row in connection.execute(query)]

    def newest_waiting(self, before: datetime | None = None) -> datetime | None:
        """The time of the newest post that waits, of those before a moment."""
        query = select(func.max(posts.c.counted_at)).where(posts.c.outcome == "new")
        with self.read() as connection:
            found: datetime | None = connection.scalar(
                query if before is None else query.where(posts.c.counted_at < before)
            )
            return found

    def outcomes(self) -> dict[Outcome, int]:
        """How many posts have each outcome; all four are named."""
        with self.read() as connection:
            counted = connection.execute(select(posts.c.outcome, func.count()).group_by(posts.c.outcome))
            return dict.fromkeys(OUTCOMES, 0) | {row[0]: row[1] for row in counted}

    def mark_failed(self, post: ArchivedPost, reason: str) -> None:
        """Sets a post aside with the reason; it is tried again only when asked."""
        values = {
            "outcome": "failed",
            "reason": reason,
            "attempts": post.attempts + 1,
            "processed_at": self._clock(),
        }
        with self.engine.begin() as connection:
            same_text = (posts.c.id == post.id) & (posts.c.revision == post.revision)
            connection.execute(update(posts).where(same_text).values(**values))

    def retry_failed(self) -> int:
        """Lets failed posts wait again. Returns how many."""
        with self.engine.begin() as connection:
            retried = update(posts).where(posts.c.outcome == "failed").values(outcome="new", reason="")
            return connection.execute(retried).rowcount

    def process_again(self) -> int:
        """Lets every post wait again and be grouped anew, as after a change of models. Returns how many."""
        with self.engine.begin() as connection:
            connection.execute(update(annotation_rows).values(story_id=None, duplicate_of=None))
            connection.execute(stories.delete())
            return connection.execute(update(posts).values(outcome="new", reason="", attempts=0)).rowcount

    # reading

    def get(self, ids: Sequence[str]) -> dict[str, ArchivedPost]:
        """The posts of these ids that exist."""
        return {found.id: found for found in self._select(posts.c.id, ids)}

    def by_url(self, canonical_urls: Sequence[str]) -> dict[str, ArchivedPost]:
        return {found.post.canonical_url: found for found in self._select(posts.c.canonical_url, canonical_urls)}

    def _select(self, column: Any, values: Sequence[str]) -> Iterable[ArchivedPost]:
        with self.read() as connection:
            for start in range(0, len(values), CHUNK):
                query = select(posts).where(column.in_(values[start : start + CHUNK]))
                yield from [archived(row) for row in connection.execute(query)]

    def last_processed(self) -> datetime | None:
        """When a post was last given an outcome."""
        with self.read() as connection:
            moment: datetime | None = connection.scalar(select(func.max(posts.c.processed_at)))
            return moment

    def failed(self, limit: int = 50) -> list[ArchivedPost]:
        query = select(posts).where(posts.c.outcome == "failed").order_by(posts.c.processed_at.desc()).limit(limit)
        with self.read() as connection:
            return [archived(row) for row in connection.execute(query)]

    def revisions(self, post: str) -> list[Revision]:
        """Earlier texts of a post, oldest first."""
        query = select(revisions).where(revisions.c.post_id == post).order_by(revisions.c.revision)
        with self.read() as connection:
            return [Revision(r.revision, r.title, r.lead, r.body, r.replaced_at) for r in connection.execute(query)]

    def posts_per_day(self, since: datetime, sources: Iterable[str]) -> dict[str, dict[str, int]]:
        """source -> day in Việt Nam (ISO) -> posts published that day, since a moment; for those that have any."""
        with self.read() as connection:
            return posts_by_day(connection, sources, since)

    def totals_by_source(self) -> dict[str, dict[str, int]]:
        """source -> outcome -> posts."""
        query = select(posts.c.source, posts.c.outcome, func.count()).group_by(posts.c.source, posts.c.outcome)
        found: dict[str, dict[str, int]] = {}
        with self.read() as connection:
            for source, outcome, count in connection.execute(query):
                found.setdefault(source, {})[outcome] = count
        return found

    def forget_old_texts(self, keep: timedelta) -> list[str]:
        """Deletes irrelevant posts and earlier revisions older than `keep`. Returns the ids of the posts."""
        limit = self._clock() - keep
        with self.engine.begin() as connection:
            connection.execute(revisions.delete().where(revisions.c.replaced_at < limit))
            old = (posts.c.outcome == "irrelevant") & (posts.c.counted_at < limit)
            gone = list(connection.scalars(select(posts.c.id).where(old)))
            tell(connection, gone)
            for start in range(0, len(gone), CHUNK):
                part = gone[start : start + CHUNK]
                connection.execute(annotation_rows.delete().where(annotation_rows.c.post_id.in_(part)))
                connection.execute(posts.delete().where(posts.c.id.in_(part)))
            return gone


def posts_by_day(
    connection: Connection, sources: Iterable[str], since: datetime, until: datetime | None = None
) -> dict[str, dict[str, int]]:
    """source -> day in Việt Nam (ISO) -> posts that count in [since, until]; for those that have any.

    Source by source: all that is asked then stands in one index. Asked for together, a million posts are looked up.
    """
    day = func.date(posts.c.counted_at, "+7 hours")
    if connection.dialect.name == "postgresql":
        day = func.to_char(func.timezone("Asia/Ho_Chi_Minh", posts.c.counted_at), "YYYY-MM-DD")
    wanted = (posts.c.source == bindparam("id")) & (posts.c.counted_at >= since)
    query = select(day, func.count()).where(wanted, *([posts.c.counted_at <= until] if until else [])).group_by(day)
    counted: dict[str, dict[str, int]] = {}
    for id in sources:
        if days := connection.execute(query, {"id": id}).tuples().all():
            counted[id] = dict(days)
    return counted


@dataclass(frozen=True, slots=True)
class _Known:
    id: str
    revision: int
    content_hash: str


@dataclass(slots=True)
class _Storing:
    """A batch on its way into the tables; new rows go in together."""

    connection: Connection
    known: dict[str, _Known]
    new: list[dict[str, Any]] = field(default_factory=list)

    def flush(self) -> None:
        rows, self.new = self.new, []
        if not rows:
            return
        for row in _taken(self.connection, rows):
            raise IdTaken(f"id {row['id']!r} đã thuộc về một bài khác")
        # In one order everywhere: two machines that store the same addresses must not wait for each other.
        self.connection.execute(insert(posts), sorted(rows, key=lambda row: str(row["canonical_url"])))


def _lock(connection: Connection, batch: Sequence[Post], known: Mapping[str, _Known]) -> None:
    """Takes the rows that the batch is going to change, in one order everywhere."""
    changing = {
        known[post.canonical_url].id
        for post in batch
        if post.canonical_url in known
        and (post.reactions or known[post.canonical_url].content_hash != content_hash(post))
    }
    ids = sorted(changing)
    for start in range(0, len(ids), CHUNK):
        rows = select(posts.c.id).where(posts.c.id.in_(ids[start : start + CHUNK])).order_by(posts.c.id)
        connection.execute(rows.with_for_update())


def _lost_a_race(error: Exception) -> bool:
    """Whether another transaction took the same address or id first, or both waited for each other."""
    deadlock = getattr(getattr(error, "orig", None), "sqlstate", None) == "40P01"
    return deadlock or isinstance(error, IntegrityError | IdTaken)


def _taken(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows whose id another post has, in the archive or earlier in the batch."""
    ids = [row["id"] for row in rows]
    taken: set[str] = set()
    for start in range(0, len(ids), CHUNK):
        taken |= set(connection.scalars(select(posts.c.id).where(posts.c.id.in_(ids[start : start + CHUNK]))))
    found = []
    for row in rows:
        if row["id"] in taken:
            found.append(row)
        taken.add(row["id"])
    return found


def _known(connection: Connection, canonical_urls: Sequence[str]) -> dict[str, _Known]:
    found = {}
    for start in range(0, len(canonical_urls), CHUNK):
        query = select(posts.c.canonical_url, posts.c.id, posts.c.revision, posts.c.content_hash)
        for row in connection.execute(query.where(posts.c.canonical_url.in_(canonical_urls[start : start + CHUNK]))):
            found[row.canonical_url] = _Known(row.id, row.revision, row.content_hash)
    return found
