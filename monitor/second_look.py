"""The second look at what the models doubted, taken once a relevant post has its sentence vector.

Nothing waits for it: a post is annotated, grouped and indexed by the first models, and some seconds later those whose
topics or sentiment were in doubt are decided anew with what their text means. What people said stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.engine import Connection

from monitor.annotated import annotation_of, document
from monitor.archive import ArchivedPost
from monitor.change_log import tell
from monitor.database import annotation_rows, posts
from nlp.annotate import Annotator
from nlp.annotation import Annotation
from nlp.embedder import Embeddings

LookAgain = Callable[[Connection, Sequence[ArchivedPost], Embeddings, str], None]

_AMENDED = ("sentiment", "sentiment_scores", "sentence", "topics", "models")
_AMEND = (
    update(annotation_rows)
    .where(annotation_rows.c.post_id == bindparam("of_id"))
    .values({name: bindparam(f"its_{name}") for name in _AMENDED})
)


def second_look(annotator: Callable[[], Annotator]) -> LookAgain:
    """Decides anew in an open transaction; the annotator is asked for when something was in doubt."""

    def look(connection: Connection, chosen: Sequence[ArchivedPost], vectors: Embeddings, embedder: str) -> None:
        doubted = _doubted(connection, chosen)
        rows = [place for place, post in enumerate(chosen) if post.id in doubted]
        if not rows or not annotator().second_reads(embedder):
            return
        before = [doubted[chosen[place].id] for place in rows]
        documents = [document(chosen[place], local=False) for place in rows]
        after = annotator().look_again(documents, before, vectors[rows])
        _amend(connection, {annotation.id: annotation for annotation in after})
        for place, old, new in zip(rows, before, after, strict=True):
            if new.topics != old.topics:
                _tell_replies(connection, chosen[place].post.canonical_url, old, new)

    return look


def _doubted(connection: Connection, chosen: Sequence[ArchivedPost]) -> dict[str, Annotation]:
    """Annotations with something in doubt, of those posts whose text is still the one that has this vector."""
    p = posts.c
    query = (
        select(annotation_rows, p.revision)
        .join(posts, p.id == annotation_rows.c.post_id)
        .where(p.id.in_([post.id for post in chosen]), p.outcome == "annotated")
    )
    revisions = {post.id: post.revision for post in chosen}
    found = connection.execute(query).all()
    known = {row.post_id: annotation_of(row) for row in found if row.revision == revisions[row.post_id]}
    return {id: annotation for id, annotation in known.items() if annotation.doubted}


def _amend(connection: Connection, changed: Mapping[str, Annotation]) -> None:
    connection.execute(_AMEND, [_values(annotation) for annotation in changed.values()])
    tell(connection, list(changed), "metadata")


def _values(annotation: Annotation) -> dict[str, Any]:
    mood = annotation.sentiment
    return {
        "of_id": annotation.id,
        "its_sentiment": mood.label if mood else None,
        "its_sentiment_scores": mood.scores if mood else {},
        "its_sentence": mood.sentence if mood else "",
        "its_topics": [asdict(topic) for topic in annotation.topics],
        "its_models": annotation.models,
    }


def _tell_replies(connection: Connection, url: str, old: Annotation, new: Annotation) -> None:
    """Replies that had taken their topics from a post, and replies to these, take its new ones."""
    p, rows = posts.c, annotation_rows.c
    was, now = ([asdict(topic) for topic in each.topics] for each in (old, new))
    parents = [url]
    while parents:
        query = select(p.id, p.canonical_url, rows.topics, rows.models).join(posts, p.id == rows.post_id)
        found = [row for row in connection.execute(query.where(p.parent_url.in_(parents))) if row.topics == was]
        taken = [row for row in found if "labels" not in row.models]
        for row in taken:
            connection.execute(update(annotation_rows).where(rows.post_id == row.id).values(topics=now))
        tell(connection, [row.id for row in taken], "metadata")
        parents = [row.canonical_url for row in taken]
