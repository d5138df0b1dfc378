"""Which posts are worth a person's label: those the models doubt most, or a fair sample to judge the models by."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Engine, Row, select

from monitor.archive import Archive, ArchivedPost
from monitor.database import READ_ONLY, annotation_rows, posts
from monitor.labels.store import LabelStore
from monitor.labels.tables import labels

Task = Literal["relevance", "topics", "sentiment"]
By = Literal["doubt", "chance"]
_LOOKED_AT = 5_000  # newest posts that are chosen from


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A post to label. `guess`: what the models say, best first; `doubt`: 0-1."""

    post: ArchivedPost
    guess: list[str]
    doubt: float

    def as_json(self, task: Task) -> dict[str, Any]:
        """A line of a label file that a person completes."""
        post = self.post.post
        told = {"url": post.canonical_url, "kind": post.kind, "published_at": self.post.counted_at.isoformat()}
        text = {"title": post.title, "lead": post.lead, "body": post.body}
        return {**told, **text, "guess": self.guess, "doubt": round(self.doubt, 4), task: None}


def suggested(engine: Engine, archive: Archive, task: Task, limit: int, by: By = "doubt") -> list[Suggestion]:
    """Posts that nobody labelled yet for a task, at most one of a story, copies left out.

    `doubt`: the least certain first, to learn from; `chance`: a fair sample of the newest, to judge by. Answers that a
    person has looked at tell how good the models are only when chance chose the posts.
    """
    ranked = sorted(_doubts(engine, task), key=lambda each: _order(each, by))
    stories: set[str] = set()
    chosen: list[tuple[str, list[str], float]] = []
    labelled = _labelled(engine, task)
    for id, story, guess, doubt in ranked:
        if id in labelled or (story and story in stories):
            continue
        stories.add(story or id)
        chosen.append((id, guess, doubt))
        if len(chosen) == limit:
            break
    found = archive.get([id for id, *_ in chosen])
    return [Suggestion(found[id], guess, doubt) for id, guess, doubt in chosen if id in found]


Doubted = tuple[str, str | None, list[str], float]  # post, its story, the guess, the doubt


def _order(each: Doubted, by: By) -> tuple[float, str]:
    drawn = hashlib.sha256(each[0].encode()).hexdigest()
    return (0.0 if by == "chance" else -each[3], drawn)


def _doubts(engine: Engine, task: Task) -> list[Doubted]:
    rows = annotation_rows.c
    query = select(annotation_rows).where(rows.duplicate_of.is_(None)).order_by(rows.counted_at.desc(), rows.post_id)
    if task != "relevance":
        query = query.where(rows.relevance >= 1)
    with engine.connect().execution_options(**READ_ONLY) as connection:
        return [_doubted(row, task) for row in connection.execute(query.limit(_LOOKED_AT))]


def _doubted(row: Row[Any], task: Task) -> Doubted:
    if task == "relevance":
        sure = row.relevance_score if row.relevance else 1 - row.relevance_score
        return row.post_id, row.story_id, [str(row.relevance)], 1 - sure
    if task == "sentiment":
        scores = row.sentiment_scores or {}
        return (
            row.post_id,
            row.story_id,
            sorted(scores, key=lambda name: -scores[name]),
            1 - max(scores.values(), default=0),
        )
    codes = [topic["code"] for topic in row.topics]
    return row.post_id, row.story_id, codes, 1 - max((topic["score"] for topic in row.topics), default=0)


def _labelled(engine: Engine, task: Task) -> set[str]:
    """The posts about which somebody has said something for the task."""
    query = select(posts.c.canonical_url, posts.c.id).join(labels, labels.c.post_id == posts.c.id).distinct()
    with engine.connect().execution_options(**READ_ONLY) as connection:
        address = dict(connection.execute(query).tuples().all())
    said = LabelStore(engine).standing(list(address))
    return {address[url] for url, standing in said.items() if getattr(standing, task) is not None}
