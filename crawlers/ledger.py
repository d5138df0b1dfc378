"""One pass over one source, accounted: which URLs were found, how each ended, what the archive said of each post."""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from statistics import median

from crawlers.extract.canonical import host
from crawlers.outcomes import ROBOTS
from crawlers.plan import Sighting
from crawlers.post import Post
from crawlers.sink import CrawlResult, CrawlState, Settled, Sink, SourceState, Stored, UrlOutcome, Validators
from crawlers.source import Source

logger = logging.getLogger(__name__)
# What may end differently next time; every other outcome is final until the URL is due for a revisit.
TRANSIENT: frozenset[UrlOutcome] = frozenset({"error", "blocked", "refused"})
_FAILED: frozenset[UrlOutcome] = frozenset({"error", "blocked", "too_large"})


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class DiscoveryPage:
    """A discovery page of this pass: what it led to, and what the server gave to ask again conditionally."""

    validators: Validators | None = None
    urls: set[str] = field(default_factory=set)
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class _Pending:
    """A settled URL and its posts, on their way to state and sink."""

    settled: Settled
    posts: tuple[Post, ...] = ()


class Ledger:
    """The books of one pass. Every accepted URL is settled exactly once; `close` settles what was left over."""

    def __init__(self, source: Source, sink: Sink, state: CrawlState, clock: Callable[[], datetime] = utc_now) -> None:
        self.source = source
        self.state = state
        self.clock = clock
        self.started_at = clock()
        self.pages: dict[str, DiscoveryPage] = {}
        self.stopped: dict[str, tuple[UrlOutcome, str]] = {}
        self.discovery_errors: list[str] = []
        self.not_modified = 0
        self.fetched = 0
        self.requests = 0
        self.first_stage: Counter[str] = Counter()
        self.control: list[str] = []
        self.left: list[datetime] = []
        self.sightings: list[Sighting] = []
        self.latencies: list[float] = []
        self.key_problem = ""
        self.problem = ""  # what makes the whole pass useless
        self.spent = ""  # which limit of the service is used up
        self.note = ""  # why a pass that went well has not read everything
        self.resume_at: datetime | None = None
        self._sink = sink
        self._known: dict[str, UrlOutcome | None] = {}
        # Filled by the loop while a thread empties it: a queue whose ends are safe, never swapped for another.
        self._pending: deque[_Pending] = deque()
        self._flushing = threading.Lock()
        self._open: dict[str, None] = {}
        self._settled: dict[str, UrlOutcome] = {}
        self._stored: Counter[str] = Counter()
        self._methods: Counter[str] = Counter()
        self._asked: Counter[bool] = Counter()
        self._robots = 0
        self._pages_refused = 0

    def look_up(self, urls: Iterable[str]) -> None:
        """Reads the known outcomes of these URLs in one go, before they are accepted one by one."""
        wanted = dict.fromkeys(urls)
        self._known |= wanted | self.state.known_outcomes(wanted)

    def accept(self, url: str, page: str | None = None, *, again: bool = False) -> bool:
        """Whether to fetch this article URL now; then it is open until settled. `again` fetches known ones too."""
        if page is not None:
            self.pages.setdefault(page, DiscoveryPage()).urls.add(url)
        if url in self._open or url in self._settled:
            return False
        known = None if again else self._outcome(url)
        if known is not None and known not in TRANSIENT:
            return False
        # Looking again has a budget of its own: it must not keep new articles out, nor they it.
        if self._asked[again] >= self.source.politeness.max_articles:
            # Left undiscovered, so that the next pass finds it again.
            if page is not None:
                self.pages[page].truncated = True
            return False
        self._asked[again] += 1
        self._open[url] = None
        return True

    def is_new(self, url: str) -> bool:
        """Whether nothing is known of this URL yet."""
        return url not in self._open and url not in self._settled and self._outcome(url) is None

    def skip(self, url: str, reason: str) -> None:
        """Settles a URL that is new but not wanted, without a fetch."""
        if self.is_new(url):
            self._open[url] = None
            self.settle(url, "skipped", reason)

    def settle(self, url: str, outcome: UrlOutcome, reason: str = "") -> None:
        """The URL's one outcome of this pass; a second one is ignored."""
        if url in self._settled:
            return
        self._open.pop(url, None)
        self._settled[url] = outcome
        self._robots += reason == ROBOTS
        self._pending.append(_Pending(Settled(url, outcome, reason)))

    def archive(self, url: str, posts: Sequence[Post], validators: Validators | None = None, reason: str = "") -> None:
        """Settles an article's URL as archived; its posts go to the sink with the next `flush`."""
        if url in self._settled:
            return
        self._open.pop(url, None)
        self._settled[url] = "archived"
        self._pending.append(_Pending(Settled(url, "archived", reason, validators), tuple(posts)))

    @property
    def pending(self) -> int:
        """URLs settled since the last flush."""
        return len(self._pending)

    def flush(self) -> None:
        """Writes what was settled: posts first, so that a crash in between only asks for a page again."""
        flush([self])

    def _take(self) -> list[_Pending]:
        return [self._pending.popleft() for _ in range(len(self._pending))]

    def _stored_alone(self, pending: _Pending) -> Settled:
        try:
            self._count(pending.posts, self._sink.store_many(pending.posts) if pending.posts else [])
        except Exception as error:  # a failing archive must not end the pass
            logger.exception("archiving %s", pending.settled.url)
            self._settled[pending.settled.url] = "error"
            return Settled(pending.settled.url, "error", f"kho lưu không nhận bài ({type(error).__name__})")
        return pending.settled

    def _count(self, posts: Sequence[Post], stored: Sequence[Stored]) -> None:
        self._stored.update(stored)
        self._methods.update(post.method for post in posts)

    def _outcome(self, url: str) -> UrlOutcome | None:
        return self._known[url] if url in self._known else self.state.outcome(url)

    def store(self, post: Post) -> None:
        self._stored[self._sink.store(post)] += 1
        self._methods[post.method] += 1

    def keep(self, posts: Sequence[Post]) -> None:
        """Stores posts that a page brought whole, and settles their URLs; durable on return."""
        self.look_up(post.canonical_url for post in posts)
        stored = self._sink.store_many(posts) if posts else []
        self._count(posts, stored)
        for post, change in zip(posts, stored, strict=True):
            if change != "unchanged" or self._outcome(post.canonical_url) != "archived":
                self.settle(post.canonical_url, "archived")
        self.flush()

    def wait_until(self, moment: datetime) -> None:
        """The server wants no more requests before then."""
        self.resume_at = max(moment, self.resume_at or moment)

    def page_read(self, url: str) -> None:
        """A discovery page was read."""
        self.pages.setdefault(url, DiscoveryPage())
        self.state.set_outcome(self.source.id, url, "listing")

    def page_failed(self, url: str, outcome: UrlOutcome, reason: str) -> None:
        self.discovery_errors.append(reason)
        self._robots += reason == ROBOTS
        self._pages_refused += outcome in ("refused", "blocked")
        if url in self.pages:
            self.pages[url].validators = None
        self.state.set_outcome(self.source.id, url, outcome, reason)

    def stop_host(self, url: str, outcome: UrlOutcome, reason: str) -> None:
        """No more requests to this URL's host in this pass."""
        self.stopped.setdefault(host(url), (outcome, reason))

    def close(self) -> None:
        for url in list(self._open):
            self.settle(url, "error", "lượt thu thập dừng trước khi tải trang này")
        self.flush()
        for url, page in self.pages.items():
            # A 304 next time would hide what this pass found and failed to fetch.
            done = not page.truncated and all(self._done(each) for each in page.urls)
            if page.validators is not None and done:
                self.state.remember_validators(url, page.validators)

    def result(self, requests: int, problem: str = "") -> CrawlResult:
        """The pass, counted. `problem`: what ended it early, in Vietnamese."""
        outcomes = Counter(self._settled.values())
        state, message = self._judge(outcomes, problem or self.problem)
        return CrawlResult(
            source=self.source.id, started_at=self.started_at, finished_at=self.clock(), state=state,
            message=message, requests=requests, not_modified=self.not_modified, discovered=len(self._settled),
            fetched=self.fetched, new=self._stored["new"], revised=self._stored["revised"],
            unchanged=self._stored["unchanged"], refused=outcomes["refused"],
            failed=sum(outcomes[each] for each in _FAILED), methods=dict(self._methods),
            outcomes={str(name): number for name, number in outcomes.items()}, robots=self._robots,
            pages_refused=self._pages_refused, resume_at=self.resume_at,
            latency=round(median(self.latencies), 3) if self.latencies else None,
            first_stage=dict(self.first_stage), control=tuple(self.control), left=tuple(self.left),
            sightings=tuple(self.sightings),
        )  # fmt: skip

    def _done(self, url: str) -> bool:
        outcome = self._settled.get(url) or self.state.outcome(url)
        return outcome is not None and outcome not in ("error", "blocked")

    def _judge(self, outcomes: Counter[UrlOutcome], problem: str) -> tuple[SourceState, str]:
        blocked = next((reason for outcome, reason in self.stopped.values() if outcome == "blocked"), None)
        if blocked is not None:
            return "blocked", blocked
        if self.key_problem:
            return "needs_key", self.key_problem
        if problem:
            return "failing", problem
        if self.discovery_errors and not self.pages:
            return "failing", self.discovery_errors[0]
        if self.spent:
            return "partial", self.spent
        failed = sum(outcomes[each] for each in _FAILED)
        if self.discovery_errors:
            count = len(self.discovery_errors)
            return "partial", f"{count} trang phát hiện bài không đọc được: {self.discovery_errors[0]}"
        if failed:
            return "partial", f"{failed} bài chưa tải được trong lượt này"
        return "ok", self.note


def flush(ledgers: Sequence[Ledger]) -> None:
    """Writes what passes of one crawl settled: the posts of all in one transaction, then the outcomes in another."""
    with ExitStack() as locks:
        for ledger in ledgers:
            locks.enter_context(ledger._flushing)
        batches = {ledger: ledger._take() for ledger in ledgers}
        try:
            settled = {ledger.source.id: each for ledger, each in _stored(batches).items() if each}
            if settled:
                ledgers[0].state.set_outcomes(settled)
        except Exception:
            for ledger, batch in batches.items():
                ledger._pending.extendleft(reversed(batch))  # storing twice changes nothing
            raise


def _stored(batches: Mapping[Ledger, Sequence[_Pending]]) -> dict[Ledger, list[Settled]]:
    """Hands the posts to the sink: all at once or, when it does not take one of them, each URL's by themselves."""
    posts = {ledger: [post for each in batch for post in each.posts] for ledger, batch in batches.items()}
    together = [post for theirs in posts.values() for post in theirs]
    try:
        stored = iter(next(iter(batches))._sink.store_many(together) if together else ())
    except Exception:
        return {ledger: [ledger._stored_alone(each) for each in batch] for ledger, batch in batches.items()}
    for ledger, theirs in posts.items():
        ledger._count(theirs, list(islice(stored, len(theirs))))
    return {ledger: [each.settled for each in batch] for ledger, batch in batches.items()}
