"""Annotations and stories beside the archive's posts: kept, read back, and joined into mentions and evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sqlalchemy import Engine, bindparam, func, select, tuple_, update
from sqlalchemy.engine import Connection, Row

from index.port import Mention
from monitor.archive import CHUNK, ArchivedPost, Outcome, insert_or, utc_now
from monitor.change_log import tell
from monitor.database import READ_ONLY, annotation_rows, embeddings, posts, stories
from monitor.story_changes import apply_changes
from nlp.annotation import Annotation, Document, Entity, Place, Relevance, SentimentResult, Topic
from nlp.language import language

if TYPE_CHECKING:  # SciPy costs seconds: who only reads does not load it
    from nlp.regroup import Change


@dataclass(frozen=True, slots=True)
class Annotated:
    """A post with its annotation, its story and the post it copies."""

    post: ArchivedPost
    annotation: Annotation
    story_id: str | None = None
    duplicate_of: str | None = None

    @property
    def outcome(self) -> Outcome:
        return "annotated" if self.annotation.relevance.label else "irrelevant"


@dataclass(frozen=True, slots=True)
class Story:
    """A cluster of mentions of one event. `mentions` counts all of them, copies too."""

    id: str
    title: str
    first_at: datetime
    last_at: datetime
    mentions: int


def document(post: ArchivedPost, *, local: bool) -> Document:
    """What the annotator reads of a post."""
    p = post.post
    return Document(id=post.id, title=p.title, lead=p.lead, body=p.body, kind=p.kind, local=local)


def mention(annotated: Annotated, vector: bytes | None = None) -> Mention:
    """What the index holds of an annotated post; `vector` says what it means, as the index keeps it."""
    post, annotation = annotated.post, annotated.annotation
    return Mention(
        id=post.id,
        url=post.post.url,
        source=post.post.source,
        kind=post.post.kind,
        title=post.post.title,
        lead=post.post.lead,
        body=post.post.body,
        author=post.post.author,
        published_at=post.counted_at,
        relevance=annotation.relevance.label,
        sentiment=annotation.sentiment.label if annotation.sentiment else None,
        topics=tuple(topic.code for topic in annotation.topics),
        places=tuple(dict.fromkeys(place.id for place in annotation.places)),
        story=annotated.story_id,
        duplicate_of=annotated.duplicate_of,
        seen_at=post.first_seen_at.replace(microsecond=0),
        lang=language("\n".join((post.post.title, post.post.lead, post.post.body))),
        vector=vector,
    )


class Grouping(NamedTuple):
    """The story of a post and the earlier post that it copies."""

    story_id: str
    duplicate_of: str | None


class Headline(NamedTuple):
    """A post as far as naming its story needs it. `copy`: the text is another post's."""

    id: str
    kind: str
    title: str
    body: str
    at: datetime
    copy: bool


class AnnotationStore:
    """Annotations by post, and the stories they form."""

    def __init__(self, engine: Engine, *, min_relevance: int = 1) -> None:
        self.engine = engine
        self._min_relevance = min_relevance  # from which on the index holds a post as a mention

    def _read(self) -> Connection:
        return self.engine.connect().execution_options(**READ_ONLY)

    def record(self, batch: Sequence[Annotated], titles: dict[str, str], changes: Sequence[Change] = ()) -> None:
        """Keeps annotations, gives each post its outcome, brings the stories up to date and tells the index of it, in
        one transaction.

        A post that was revised meanwhile goes on waiting. `titles` names the stories that got a title. `changes`:
        merges and splits that move posts recorded before.
        """
        now = utc_now()
        with self.engine.begin() as connection:
            known = _known_among(connection, [annotated.post.id for annotated in batch])
            before = {story for _, story in known.values() if story} | apply_changes(connection, changes, now)
            if batch:
                statement = insert_or(connection, annotation_rows)
                changed = {c.name: statement.excluded[c.name] for c in annotation_rows.c if c.name != "post_id"}
                upsert = statement.on_conflict_do_update(index_elements=["post_id"], set_=changed)
                connection.execute(upsert, [_row(annotated) for annotated in batch])
                connection.execute(_MARK, [_marked(annotated, now) for annotated in batch])
                _outdate_vectors(connection, [a.post.id for a in batch if a.annotation.doubted])
                self._tell(connection, batch, {id: relevance for id, (relevance, _) in known.items()})
            _refresh_stories(connection, titles, before - titles.keys())

    def _tell(self, connection: Connection, batch: Sequence[Annotated], before: dict[str, int]) -> None:
        """The index knows the text of a post that it holds: whoever changed the text told it so (`Archive`)."""
        least = self._min_relevance
        metadata, whole = [], []
        for annotated in batch:
            id, wanted = annotated.post.id, annotated.annotation.relevance.label >= least
            if wanted and before.get(id, -1) >= least:
                metadata.append(id)
            elif wanted or id in before:
                whole.append(id)
        tell(connection, metadata, "metadata")
        tell(connection, whole)

    def get(self, ids: Sequence[str]) -> dict[str, Row[Any]]:
        """Raw annotation rows by post id."""
        found: dict[str, Row[Any]] = {}
        with self._read() as connection:
            for start in range(0, len(ids), CHUNK):
                query = select(annotation_rows).where(annotation_rows.c.post_id.in_(ids[start : start + CHUNK]))
                found.update({row.post_id: row for row in connection.execute(query)})
        return found

    def annotations(self, ids: Sequence[str]) -> dict[str, Annotation]:
        return {id: annotation_of(row) for id, row in self.get(ids).items()}

    def annotated(self, archived: Mapping[str, ArchivedPost]) -> dict[str, Annotated]:
        """These posts with annotation and story, those that have an annotation."""
        rows = self.get(list(archived))
        return {
            id: Annotated(archived[id], annotation_of(row), row.story_id, row.duplicate_of) for id, row in rows.items()
        }

    def stories_of(self, ids: Sequence[str]) -> dict[str, Grouping]:
        """The stories of these posts, for those that have one."""
        rows = annotation_rows.c
        found: dict[str, Grouping] = {}
        with self._read() as connection:
            for start in range(0, len(ids), CHUNK):
                wanted = rows.post_id.in_(ids[start : start + CHUNK]) & rows.story_id.is_not(None)
                query = select(rows.post_id, rows.story_id, rows.duplicate_of).where(wanted)
                found |= {id: Grouping(story, original) for id, story, original in connection.execute(query)}
        return found

    def grouped(self, after: tuple[datetime, str], until: datetime, limit: int) -> dict[str, Grouping]:
        """Posts with a story, replies left out, that follow `after` (a time and an id) and lie before `until`: by id,
        oldest first."""
        rows = annotation_rows.c
        query = (
            select(rows.post_id, rows.story_id, rows.duplicate_of)
            .join(posts, posts.c.id == rows.post_id)
            .where(rows.story_id.is_not(None), posts.c.parent_url.is_(None))
            .where(rows.counted_at >= after[0], tuple_(rows.counted_at, rows.post_id) > tuple_(*after))
            .where(rows.counted_at < until)
            .order_by(rows.counted_at, rows.post_id)
            .limit(limit)
        )
        with self._read() as connection:
            return {id: Grouping(story, original) for id, story, original in connection.execute(query)}

    def every(self, size: int, *, min_relevance: int) -> Iterator[list[tuple[str, Annotation, Grouping | None]]]:
        """All annotations of at least this relevance in batches, oldest first, each with its story."""
        rows = annotation_rows.c
        query = select(annotation_rows).where(rows.relevance >= min_relevance).order_by(rows.counted_at, rows.post_id)
        after: tuple[datetime, str] | None = None
        while True:
            rest = query.where(tuple_(rows.counted_at, rows.post_id) > tuple_(*after)) if after else query
            with self._read() as connection:
                batch = connection.execute(rest.limit(size)).all()
            if not batch:
                return
            after = (batch[-1].counted_at, batch[-1].post_id)
            yield [
                (row.post_id, annotation_of(row), Grouping(row.story_id, row.duplicate_of) if row.story_id else None)
                for row in batch
            ]

    def any_grouped_from(self, moment: datetime) -> bool:
        rows = annotation_rows.c
        query = select(rows.post_id).where(rows.story_id.is_not(None), rows.counted_at >= moment).limit(1)
        with self._read() as connection:
            return connection.execute(query).first() is not None

    def headlines(self, story_ids: Sequence[str], each: int) -> dict[str, list[Headline]]:
        """Titles (or the beginnings of untitled texts) of a story's first posts, at most `each` a story."""
        rows, p = annotation_rows.c, posts.c
        place = func.row_number().over(partition_by=rows.story_id, order_by=(rows.counted_at, rows.post_id))
        text = func.substr(p.body, 1, 200)
        columns = (rows.post_id, p.kind, p.title, text, rows.counted_at, rows.duplicate_of)
        found: dict[str, list[Headline]] = {}
        with self._read() as connection:
            for start in range(0, len(story_ids), CHUNK):
                numbered = (
                    select(rows.story_id, *columns, place.label("place"))
                    .join(posts, p.id == rows.post_id)
                    .where(rows.story_id.in_(story_ids[start : start + CHUNK]))
                    .subquery()
                )
                for row in connection.execute(select(numbered).where(numbered.c.place <= each)):
                    found.setdefault(row[0], []).append(
                        Headline(row[1], row[2], row[3], row[4], row[5], row[6] is not None)
                    )
        return found

    def stories(self, ids: Iterable[str]) -> dict[str, Story]:
        wanted = list(ids)
        found: dict[str, Story] = {}
        with self._read() as connection:
            for start in range(0, len(wanted), CHUNK):
                query = select(stories).where(stories.c.id.in_(wanted[start : start + CHUNK]))
                found.update({row.id: Story(*row) for row in connection.execute(query)})
        return found

    def stories_between(self, since: datetime | None, until: datetime | None, limit: int = 200) -> list[Story]:
        """Stories that were told within [since, until), the most told first."""
        query = select(stories).order_by(stories.c.mentions.desc(), stories.c.last_at.desc(), stories.c.id)
        if since:
            query = query.where(stories.c.last_at >= since)
        if until:
            query = query.where(stories.c.first_at < until)
        with self._read() as connection:
            return [Story(*row) for row in connection.execute(query.limit(limit))]

    def terms(self, since: datetime, until: datetime, limit: int = 30) -> list[tuple[str, int]]:
        """Key terms by the number of relevant posts that have them."""
        query = select(annotation_rows.c.terms).where(
            annotation_rows.c.relevance >= 1,
            annotation_rows.c.counted_at >= since,
            annotation_rows.c.counted_at < until,
        )
        with self._read() as connection:
            return Counter(term for terms in connection.scalars(query) for term in terms).most_common(limit)


# A post that was revised while it was processed keeps waiting.
_MARK = (
    update(posts)
    .where(posts.c.id == bindparam("of_id"), posts.c.revision == bindparam("of_revision"))
    .values(outcome=bindparam("its_outcome"), reason=bindparam("its_reason"), processed_at=bindparam("now"))
)


def _outdate_vectors(connection: Connection, ids: Sequence[str]) -> None:
    """Vectors of these posts are made again, and with them the second look at what is in doubt (`second_look`)."""
    for start in range(0, len(ids), CHUNK):
        some = embeddings.c.post_id.in_(ids[start : start + CHUNK])
        connection.execute(update(embeddings).where(some).values(version=""))


def _marked(annotated: Annotated, now: datetime) -> dict[str, Any]:
    return {
        "of_id": annotated.post.id,
        "of_revision": annotated.post.revision,
        "its_outcome": annotated.outcome,
        "its_reason": annotated.annotation.relevance.reason,
        "now": now,
    }


def _row(annotated: Annotated) -> dict[str, Any]:
    annotation = annotated.annotation
    sentiment = annotation.sentiment
    return {
        "post_id": annotated.post.id,
        "counted_at": annotated.post.counted_at,
        "relevance": annotation.relevance.label,
        "relevance_score": annotation.relevance.score,
        "reason": annotation.relevance.reason,
        "sentiment": sentiment.label if sentiment else None,
        "sentiment_scores": sentiment.scores if sentiment else {},
        "sentence": sentiment.sentence if sentiment else "",
        "topics": [asdict(topic) for topic in annotation.topics],
        "places": [asdict(place) for place in annotation.places],
        "terms": list(annotation.terms),
        "entities": [asdict(entity) for entity in annotation.entities],
        "fingerprint": np.asarray(annotation.fingerprint, dtype="<u4").tobytes(),
        "models": annotation.models,
        "story_id": annotated.story_id,
        "duplicate_of": annotated.duplicate_of,
    }


def annotation_of(row: Row[Any]) -> Annotation:
    """The annotation in a row of the table."""
    sentiment = SentimentResult(row.sentiment, row.sentiment_scores, row.sentence) if row.sentiment else None
    return Annotation(
        id=row.post_id,
        relevance=Relevance(row.relevance, row.relevance_score, row.reason),
        places=tuple(Place(**place) for place in row.places),
        topics=tuple(Topic(**topic) for topic in row.topics),
        sentiment=sentiment,
        terms=tuple(row.terms),
        entities=tuple(Entity(**entity) for entity in row.entities),
        fingerprint=tuple(int(value) for value in np.frombuffer(row.fingerprint, dtype="<u4")),
        models=row.models,
    )


def _known_among(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[int, str | None]]:
    """Relevance and story of those posts that were annotated before."""
    rows = annotation_rows.c
    found: dict[str, tuple[int, str | None]] = {}
    for start in range(0, len(ids), CHUNK):
        query = select(rows.post_id, rows.relevance, rows.story_id).where(rows.post_id.in_(ids[start : start + CHUNK]))
        found |= {id: (relevance, story) for id, relevance, story in connection.execute(query)}
    return found


def _refresh_stories(connection: Connection, titles: dict[str, str], left: set[str]) -> None:
    """Brings these stories' figures up to date; one that all its posts have `left` is no more."""
    ids = sorted(titles.keys() | left)
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        rows = annotation_rows.c
        query = select(rows.story_id, func.min(rows.counted_at), func.max(rows.counted_at), func.count())
        counted = connection.execute(query.where(rows.story_id.in_(part)).group_by(rows.story_id)).all()
        for id, first_at, last_at, count in counted:
            values = {"first_at": first_at, "last_at": last_at, "mentions": count}
            if id in left:
                connection.execute(update(stories).where(stories.c.id == id).values(**values))
                continue
            values["title"] = titles[id]
            statement = insert_or(connection, stories).values(id=id, **values)
            connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))
        gone = set(part) - {id for id, *_ in counted}
        connection.execute(stories.delete().where(stories.c.id.in_(gone)))
