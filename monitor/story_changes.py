"""Merges and splits of stories in the archive: posts move, the index is told, and an old id still leads somewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Engine, select, update
from sqlalchemy.engine import Connection

from monitor.change_log import tell
from monitor.database import CHUNK, READ_ONLY, annotation_rows, posts, story_changes

if TYPE_CHECKING:  # brings scipy.cluster, which reading commands do without
    from nlp.regroup import Change

_FOLLOW = 20  # merges of merges that are followed


@dataclass(frozen=True, slots=True)
class StoryEvent:
    """What happened to a story: `other` was merged into it, or it was split from `other`; with how many posts."""

    kind: str
    story: str
    other: str
    posts: int
    at: datetime


def apply_changes(connection: Connection, changes: Sequence[Change], now: datetime) -> set[str]:
    """Moves the posts of merged and split stories within a transaction. Returns the stories whose figures changed.

    What the index must be told is written in the same transaction, so that a crash loses nothing.
    """
    for change in changes:
        moved = _posts(connection, change)
        for start in range(0, len(moved), CHUNK):
            chosen = annotation_rows.c.post_id.in_(moved[start : start + CHUNK])
            connection.execute(update(annotation_rows).where(chosen).values(story_id=change.story))
        tell(connection, moved, "metadata")
        row = {"kind": change.kind, "story_id": change.story, "other_id": change.other, "posts": len(moved), "at": now}
        connection.execute(story_changes.insert().values(**row))
    return {id for change in changes for id in (change.story, change.other)}


def _posts(connection: Connection, change: Change) -> list[str]:
    """Posts that move, replies with the posts that they answer."""
    rows = annotation_rows.c
    query = select(rows.post_id).where(rows.story_id == change.other)
    if change.kind == "merge":
        return sorted(connection.scalars(query))
    parents = posts.alias()
    answers = (
        query.join(posts, posts.c.id == rows.post_id).join(parents, parents.c.canonical_url == posts.c.parent_url)
    )  # fmt: skip
    found: set[str] = set()
    for start in range(0, len(change.posts), CHUNK):
        part = change.posts[start : start + CHUNK]
        found.update(connection.scalars(query.where(rows.post_id.in_(part))))
        found.update(connection.scalars(answers.where(parents.c.id.in_(part))))
    return sorted(found)


class StoryHistory:
    """Reads what became of stories."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def today(self, story: str) -> str:
        """The story that an id stands for now: itself, or the one that it was merged into."""
        merges = (
            select(story_changes.c.story_id).where(story_changes.c.kind == "merge").order_by(story_changes.c.id.desc())
        )
        with self.engine.connect().execution_options(**READ_ONLY) as connection:
            for _ in range(_FOLLOW):
                into = connection.scalar(merges.where(story_changes.c.other_id == story).limit(1))
                if into is None or into == story:
                    break
                story = into
        return story

    def of(self, story: str) -> list[StoryEvent]:
        """Merges into a story and splits from or into it, oldest first."""
        c = story_changes.c
        query = (
            select(c.kind, c.story_id, c.other_id, c.posts, c.at)
            .where((c.story_id == story) | ((c.other_id == story) & (c.kind == "split")))
            .order_by(c.id)
        )
        with self.engine.connect().execution_options(**READ_ONLY) as connection:
            return [StoryEvent(*row) for row in connection.execute(query)]
