"""What a crawl needs from outside: a place for posts (`Sink`) and a memory between runs (`CrawlState`).

`monitor.archive` implements both on the archive's database; `MemorySink` serves tests, `duluan extract` and benchmarks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from crawlers.post import Post

Stored = Literal["new", "revised", "unchanged"]
UrlOutcome = Literal["archived", "listing", "refused", "not_found", "empty", "error", "blocked", "skipped", "too_large"]
SourceState = Literal["ok", "partial", "blocked", "failing", "unknown"]


@dataclass(frozen=True, slots=True)
class Validators:
    """What the server gave for conditional requests."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlResult:
    """One pass over one source, counted. `state` says how the pass ended, `message` why (Vietnamese, for people)."""

    source: str
    started_at: datetime
    finished_at: datetime
    state: SourceState = "ok"
    message: str = ""
    requests: int = 0
    not_modified: int = 0
    discovered: int = 0
    fetched: int = 0
    new: int = 0
    revised: int = 0
    unchanged: int = 0
    refused: int = 0
    failed: int = 0
    methods: dict[str, int] = field(default_factory=dict)


class Sink(Protocol):
    def store(self, post: Post) -> Stored:
        """Keeps the post, durable on return; the canonical URL is the key, a changed text a new revision."""


class CrawlState(Protocol):
    """Memory between runs, by source id. Durable on return."""

    def validators(self, url: str) -> Validators | None: ...

    def remember_validators(self, url: str, validators: Validators) -> None: ...

    def outcome(self, url: str) -> UrlOutcome | None:
        """The last outcome of this discovered URL; None when it was never fetched."""

    def set_outcome(self, source: str, url: str, outcome: UrlOutcome, reason: str = "") -> None: ...

    def due_for_revisit(self, source: str, now: datetime) -> list[str]:
        """Article URLs of the source that are to be fetched again to notice edits."""


class MemorySink:
    """A sink and crawl state in memory."""

    def __init__(self) -> None:
        self.posts: dict[str, Post] = {}
        self.outcomes: dict[str, tuple[UrlOutcome, str]] = {}
        self._validators: dict[str, Validators] = {}

    def store(self, post: Post) -> Stored:
        known = self.posts.get(post.canonical_url)
        self.posts[post.canonical_url] = post
        if known is None:
            return "new"
        same = (known.title, known.lead, known.body) == (post.title, post.lead, post.body)
        return "unchanged" if same else "revised"

    def validators(self, url: str) -> Validators | None:
        return self._validators.get(url)

    def remember_validators(self, url: str, validators: Validators) -> None:
        self._validators[url] = validators

    def outcome(self, url: str) -> UrlOutcome | None:
        known = self.outcomes.get(url)
        return known[0] if known else None

    def set_outcome(self, source: str, url: str, outcome: UrlOutcome, reason: str = "") -> None:
        self.outcomes[url] = (outcome, reason)

    def due_for_revisit(self, source: str, now: datetime) -> list[str]:
        return []
