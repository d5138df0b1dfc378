"""One pass over one source, accounted: which URLs were found, how each ended, what the archive said of each post."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from crawlers.extract.canonical import host
from crawlers.post import Post
from crawlers.sink import CrawlResult, CrawlState, Sink, SourceState, UrlOutcome, Validators
from crawlers.source import Source

# What may end differently next time; every other outcome is final until the URL is due for a revisit.
TRANSIENT: frozenset[UrlOutcome] = frozenset({"error", "blocked", "refused"})
_FAILED: frozenset[UrlOutcome] = frozenset({"error", "blocked", "too_large"})


@dataclass(slots=True)
class Page:
    """A discovery page of this pass: what it led to, and what the server gave to ask again conditionally."""

    validators: Validators | None = None
    urls: set[str] = field(default_factory=set)
    truncated: bool = False


class Ledger:
    """The books of one pass. Every accepted URL is settled exactly once; `close` settles what was left over."""

    def __init__(self, source: Source, sink: Sink, state: CrawlState) -> None:
        self.source = source
        self.state = state
        self.started_at = datetime.now(UTC)
        self.pages: dict[str, Page] = {}
        self.stopped: dict[str, tuple[UrlOutcome, str]] = {}
        self.discovery_errors: list[str] = []
        self.not_modified = 0
        self.fetched = 0
        self._sink = sink
        self._open: dict[str, None] = {}
        self._settled: dict[str, UrlOutcome] = {}
        self._stored: Counter[str] = Counter()
        self._methods: Counter[str] = Counter()
        self._asked = 0

    def accept(self, url: str, page: str | None = None, *, again: bool = False) -> bool:
        """Whether to fetch this article URL now; then it is open until settled. `again` fetches known ones too."""
        if page is not None:
            self.pages.setdefault(page, Page()).urls.add(url)
        if url in self._open or url in self._settled:
            return False
        known = self.state.outcome(url)
        if known is not None and known not in TRANSIENT and not again:
            return False
        if self._asked >= self.source.politeness.max_articles:
            # Left undiscovered, so that the next pass finds it again.
            if page is not None:
                self.pages[page].truncated = True
            return False
        self._asked += 1
        self._open[url] = None
        return True

    def skip(self, url: str, reason: str) -> None:
        """Settles a URL that is new but not wanted, without a fetch."""
        if url not in self._open and url not in self._settled and self.state.outcome(url) is None:
            self._open[url] = None
            self.settle(url, "skipped", reason)

    def settle(self, url: str, outcome: UrlOutcome, reason: str = "") -> None:
        """The URL's one outcome of this pass; a second one is ignored."""
        if url in self._settled:
            return
        self._open.pop(url, None)
        self._settled[url] = outcome
        self.state.set_outcome(self.source.id, url, outcome, reason)

    def store(self, post: Post) -> None:
        self._stored[self._sink.store(post)] += 1
        self._methods[post.method] += 1

    def page_read(self, url: str) -> None:
        """A discovery page was read."""
        self.pages.setdefault(url, Page())
        self.state.set_outcome(self.source.id, url, "listing")

    def page_failed(self, url: str, outcome: UrlOutcome, reason: str) -> None:
        self.discovery_errors.append(reason)
        if url in self.pages:
            self.pages[url].validators = None
        self.state.set_outcome(self.source.id, url, outcome, reason)

    def stop_host(self, url: str, outcome: UrlOutcome, reason: str) -> None:
        """No more requests to this URL's host in this pass."""
        self.stopped.setdefault(host(url), (outcome, reason))

    def close(self) -> None:
        for url in list(self._open):
            self.settle(url, "error", "lượt thu thập dừng trước khi tải trang này")
        for url, page in self.pages.items():
            # A 304 next time would hide what this pass found and failed to fetch.
            done = not page.truncated and all(self._done(each) for each in page.urls)
            if page.validators is not None and done:
                self.state.remember_validators(url, page.validators)

    def result(self, requests: int, problem: str = "") -> CrawlResult:
        """The pass, counted. `problem`: what ended it early, in Vietnamese."""
        outcomes = Counter(self._settled.values())
        state, message = self._judge(outcomes, problem)
        return CrawlResult(
            source=self.source.id, started_at=self.started_at, finished_at=datetime.now(UTC), state=state,
            message=message, requests=requests, not_modified=self.not_modified, discovered=len(self._settled),
            fetched=self.fetched, new=self._stored["new"], revised=self._stored["revised"],
            unchanged=self._stored["unchanged"], refused=outcomes["refused"],
            failed=sum(outcomes[each] for each in _FAILED), methods=dict(self._methods),
        )  # fmt: skip

    def _done(self, url: str) -> bool:
        outcome = self._settled.get(url) or self.state.outcome(url)
        return outcome is not None and outcome not in ("error", "blocked")

    def _judge(self, outcomes: Counter[UrlOutcome], problem: str) -> tuple[SourceState, str]:
        blocked = next((reason for outcome, reason in self.stopped.values() if outcome == "blocked"), None)
        if blocked is not None:
            return "blocked", blocked
        if problem:
            return "failing", problem
        if self.discovery_errors and not self.pages:
            return "failing", self.discovery_errors[0]
        failed = sum(outcomes[each] for each in _FAILED)
        if self.discovery_errors:
            count = len(self.discovery_errors)
            return "partial", f"{count} trang phát hiện bài không đọc được: {self.discovery_errors[0]}"
        if failed:
            return "partial", f"{failed} bài chưa tải được trong lượt này"
        return "ok", ""
