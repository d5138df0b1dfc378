"""`Post`: one published text as a spider or an import found it, before anybody judged what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Literal, get_args

Kind = Literal["news", "social", "forum", "comment", "video", "document"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Quality:
    """How far the extraction can be trusted: score 0..1 and the reasons that lowered it."""

    score: float = 1.0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One published text. Times are aware; `body` is paragraphs separated by a newline, the lead not repeated.

    `canonical_url` is the key in the archive; `method` names what found the text ("family:vccorp", "trafilatura",
    "feed", "import", ...). `parent_url` is the canonical URL of the post a comment or reply belongs to. `reactions` are
    counts (likes, shares, comments, views), never who reacted.
    """

    url: str
    canonical_url: str
    source: str
    kind: Kind = "news"
    title: str = ""
    lead: str = ""
    body: str = ""
    author: str | None = None
    published_at: datetime | None = None
    updated_at: datetime | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    method: str = ""
    quality: Quality = field(default_factory=Quality)
    parent_url: str | None = None
    id: str | None = None
    reactions: Mapping[str, int] = field(default_factory=dict)

    @property
    def has_text(self) -> bool:
        return bool(self.title.strip() or self.lead.strip() or self.body.strip())

    def as_json(self) -> dict[str, Any]:
        """The "Post out" record of the interface: plain JSON values, times as RFC 3339 in UTC with Z."""
        record: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, datetime):
                value = value.astimezone(UTC).isoformat().replace("+00:00", "Z")
            elif isinstance(value, tuple):
                value = list(value)
            elif isinstance(value, Mapping):
                value = dict(value)
            elif isinstance(value, Quality):
                value = {"score": round(value.score, 3), "reasons": list(value.reasons)}
            record[each.name] = value
        return record


def missing_text(record: Mapping[str, Any]) -> bool:
    """Whether a "Post in" record has none of title, lead (or summary), body."""
    return not any(str(record.get(name) or "").strip() for name in ("title", "lead", "summary", "body"))
