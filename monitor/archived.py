"""A post as the archive keeps it: what of it can be stored, what makes it another revision, and back from its row."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy.engine import Row

from crawlers.post import Post, Quality

Outcome = Literal["new", "annotated", "irrelevant", "failed"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
_ADDRESSES = ("id", "url", "canonical_url", "parent_url", "source", "method")
# Characters; several times what real texts have. A headline of a megabyte would stand in every list.
_LONGEST = {"title": 1_000, "lead": 10_000, "body": 500_000, "author": 200, "section": 200}


@dataclass(frozen=True, slots=True)
class ArchivedPost:
    """A post with what the archive adds; `post.id` is set."""

    post: Post
    revision: int
    first_seen_at: datetime
    changed_at: datetime
    counted_at: datetime
    outcome: Outcome
    reason: str
    attempts: int
    withdrawn_at: datetime | None = None

    @property
    def id(self) -> str:
        assert self.post.id is not None
        return self.post.id


@dataclass(frozen=True, slots=True)
class Revision:
    """An earlier text of a post."""

    number: int
    title: str
    lead: str
    body: str
    replaced_at: datetime


def post_id(canonical_url: str) -> str:
    """The deterministic id of a post: the first 20 hex digits of SHA-256 over its canonical URL."""
    return hashlib.sha256(canonical_url.encode()).hexdigest()[:20]


def storable(post: Post) -> Post:
    """The post without what no database keeps: NUL, and halves of surrogate pairs (emoji cut in two); texts bounded."""
    changed: dict[str, Any] = {name: _text(value) for name in _ADDRESSES if (value := getattr(post, name))}
    changed |= {name: _text(value)[:most] for name, most in _LONGEST.items() if (value := getattr(post, name))}
    return replace(post, tags=tuple(map(_text, post.tags)), **changed)


def _text(value: str) -> str:
    return value.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")


def content_hash(post: Post) -> str:
    """Of title, lead and body: another one is another revision."""
    text = "\x1f".join((post.title, post.lead, post.body))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def archived(row: Row[Any]) -> ArchivedPost:
    """The post of a row of `posts`."""
    post = Post(
        id=row.id,
        url=row.url,
        canonical_url=row.canonical_url,
        source=row.source,
        kind=row.kind,
        title=row.title,
        lead=row.lead,
        body=row.body,
        author=row.author,
        published_at=row.published_at,
        updated_at=row.updated_at,
        section=row.section,
        tags=tuple(row.tags),
        method=row.method,
        quality=Quality(row.quality["score"], tuple(row.quality["reasons"])),
        parent_url=row.parent_url,
        reactions=row.reactions,
    )
    return ArchivedPost(
        post,
        row.revision,
        row.first_seen_at,
        row.changed_at,
        row.counted_at,
        row.outcome,
        row.reason,
        row.attempts,
        row.withdrawn_at,
    )
