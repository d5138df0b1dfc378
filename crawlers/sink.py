"""What a crawl needs from outside: a place for posts (`Sink`) and a memory between runs (`CrawlState`).

`monitor.archive` implements both on the archive's database; `MemorySink` serves tests, `duluan extract` and benchmarks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from crawlers.plan import Sighting
from crawlers.post import Post

Stored = Literal["new", "revised", "unchanged"]
UrlOutcome = Literal[
    "archived", "withdrawn", "listing", "refused", "not_found", "empty", "error", "blocked", "skipped", "too_large"
]
SourceState = Literal["ok", "partial", "blocked", "failing", "needs_key", "unknown"]


@dataclass(frozen=True, slots=True)
class Validators:
    """What the server gave for conditional requests."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """How a URL ended, and what to ask for it again with."""

    url: str
    outcome: UrlOutcome
    reason: str = ""
    validators: Validators | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlResult:
    """One pass over one source, counted. `state` says how the pass ended, `message` why (Vietnamese, for people).

    `outcomes`: how the URLs of the pass ended; `robots`: how many of them robots.txt closed; `latency`: the median time
    to an answer in seconds; `pages_refused`: feeds, listings and calls that were refused or blocked. `resume_at`: the
    server wants no requests before (its Retry-After, a spent quota).
    """

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
    outcomes: dict[str, int] = field(default_factory=dict)
    robots: int = 0
    pages_refused: int = 0
    latency: float | None = None
    resume_at: datetime | None = None
    # The first stage of relevance: how many articles it left, let through, sampled; which the samples are.
    first_stage: dict[str, int] = field(default_factory=dict)
    control: tuple[str, ...] = ()
    # When the articles it left were published, as far as their source says: they too show that it publishes.
    left: tuple[datetime, ...] = ()
    sightings: tuple[Sighting, ...] = ()


class Sink(Protocol):
    def store(self, post: Post) -> Stored:
        """Keeps the post, durable on return; the canonical URL is the key, a changed text a new revision."""

    def store_many(self, posts: Sequence[Post]) -> list[Stored]:
        """As `store`, all at once or, when it raises, none."""


class CrawlState(Protocol):
    """Memory between runs, by source id. Durable on return."""

    def validators(self, url: str) -> Validators | None: ...

    def remember_validators(self, url: str, validators: Validators) -> None: ...

    def outcome(self, url: str) -> UrlOutcome | None:
        """The last outcome of this discovered URL; None when it was never fetched."""

    def known_outcomes(self, urls: Iterable[str]) -> dict[str, UrlOutcome]:
        """The last outcomes of those of these URLs that have one."""

    def set_outcome(self, source: str, url: str, outcome: UrlOutcome, reason: str = "") -> None: ...

    def set_outcomes(self, settled: Mapping[str, Iterable[Settled]]) -> None:
        """As `set_outcome`, by source and all at once, with the validators that the articles came with."""

    def due_for_revisit(self, source: str, now: datetime) -> list[str]:
        """Article URLs of the source that are to be fetched again to notice edits."""

    def recall(self, source: str, stream: str) -> dict[str, Any]:
        """How far a list of the source was read, as `remember` kept it; empty at first."""

    def remember(self, source: str, stream: str, value: Mapping[str, Any]) -> None:
        """Keeps plain JSON values."""

    def spend(self, service: str, day: str, units: int, budget: int) -> bool:
        """Takes units of a service's quota of that day; False, and nothing taken, when the budget has fewer left."""

    def articles(self, source: str, since: datetime) -> list[tuple[str, datetime]]:
        """Articles of the source that concern the province: canonical URL and publication, newest first."""


class MemorySink:
    """A sink and crawl state in memory."""

    def __init__(self) -> None:
        self.posts: dict[str, Post] = {}
        self.outcomes: dict[str, tuple[UrlOutcome, str]] = {}
        self.streams: dict[tuple[str, str], dict[str, Any]] = {}
        self.spent: dict[tuple[str, str], int] = {}
        self._validators: dict[str, Validators] = {}

    def store(self, post: Post) -> Stored:
        known = self.posts.get(post.canonical_url)
        self.posts[post.canonical_url] = post
        if known is None:
            return "new"
        same = (known.title, known.lead, known.body) == (post.title, post.lead, post.body)
        return "unchanged" if same else "revised"

    def store_many(self, posts: Sequence[Post]) -> list[Stored]:
        return [self.store(post) for post in posts]

    def validators(self, url: str) -> Validators | None:
        return self._validators.get(url)

    def remember_validators(self, url: str, validators: Validators) -> None:
        self._validators[url] = validators

    def outcome(self, url: str) -> UrlOutcome | None:
        known = self.outcomes.get(url)
        return known[0] if known else None

    def known_outcomes(self, urls: Iterable[str]) -> dict[str, UrlOutcome]:
        return {url: self.outcomes[url][0] for url in urls if url in self.outcomes}

    def set_outcome(self, source: str, url: str, outcome: UrlOutcome, reason: str = "") -> None:
        self.outcomes[url] = (outcome, reason)

    def set_outcomes(self, settled: Mapping[str, Iterable[Settled]]) -> None:
        for source, theirs in settled.items():
            for each in theirs:
                self.set_outcome(source, each.url, each.outcome, each.reason)
                if each.validators is not None:
                    self.remember_validators(each.url, each.validators)

    def due_for_revisit(self, source: str, now: datetime) -> list[str]:
        return []

    def recall(self, source: str, stream: str) -> dict[str, Any]:
        return dict(self.streams.get((source, stream), {}))

    def remember(self, source: str, stream: str, value: Mapping[str, Any]) -> None:
        self.streams[source, stream] = json.loads(json.dumps(dict(value)))

    def spend(self, service: str, day: str, units: int, budget: int) -> bool:
        used = self.spent.get((service, day), 0)
        if used + units > budget:
            return False
        self.spent[service, day] = used + units
        return True

    def articles(self, source: str, since: datetime) -> list[tuple[str, datetime]]:
        dated = ((post.canonical_url, post.published_at) for post in self.posts.values() if post.source == source)
        return sorted(((url, at) for url, at in dated if at and at >= since), key=lambda each: each[1], reverse=True)
