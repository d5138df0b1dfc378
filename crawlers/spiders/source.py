"""`SourceSpider`: one pass over one source. Feeds, sitemaps and listings lead to articles; articles go to the sink."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import quote_plus, urlsplit

import scrapy
from scrapy import Request
from scrapy.http import Response, TextResponse
from twisted.python.failure import Failure
from w3lib.encoding import http_content_type_encoding

from crawlers.extract import canonical_url, extract_many
from crawlers.extract.canonical import host, same_site
from crawlers.extract.feeds import Item, parse_feed
from crawlers.extract.listing import is_article, links
from crawlers.extract.sitemaps import newest, parse_sitemap
from crawlers.extract.text import parse
from crawlers.extract.threads import next_page
from crawlers.families import family
from crawlers.ledger import DiscoveryPage, Ledger
from crawlers.middlewares import validators
from crawlers.outcomes import ending
from crawlers.pages import Hint
from crawlers.pages import Response as Page
from crawlers.plan import WANTED, Plan, Sighting
from crawlers.post import Post
from crawlers.readers import READERS, ReaderError
from crawlers.sink import UrlOutcome
from crawlers.source import QUERY, Source
from crawlers.writing import Writer

OLDEST = timedelta(days=35)
SHARDS = 8  # sitemaps of an index read in one pass
DEPTH = 2  # indexes inside indexes
PAGES_OF_THREAD = 5  # of one forum thread or channel in one pass
SIGNAL_QUERIES = 4
SEARCH_EVERY = timedelta(hours=1)
SEARCH_RESULTS = 30  # of one page of an outlet's search; the rest is what the page shows around them
UNRELATED = "không nói về tỉnh, xét theo tiêu đề và mô tả"
CHANNEL = "channel"  # the stream that remembers how far a channel's preview was read
T = TypeVar("T")


class SourceSpider(scrapy.Spider):
    """Every URL it accepts ends in the ledger with one outcome, whatever happens to the request."""

    name = "source"

    def __init__(self, ledger: Ledger, plan: Plan | None = None, writer: Writer | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ledger = ledger
        self.plan = plan or Plan()
        self.source: Source = ledger.source
        self.now = ledger.started_at
        self.writer = writer or Writer()

    async def start(self) -> AsyncIterator[Any]:
        found = self.source.discovery
        for callback, urls in (
            (self.parse_feed, found.feeds),
            (self.parse_sitemap, found.sitemaps),
            (self.parse_listing, found.listings),
        ):
            for url in urls:
                yield self._discovery(url, callback)
        # What an earlier pass over a channel left unread below its newest messages.
        if left := self.ledger.state.recall(self.source.id, CHANNEL).get("page"):
            yield self._request(left, self.parse_listing, {"page": left, "left": True}, conditional=False, priority=5)
        for template in found.signals:
            for query in self.plan.queries[:SIGNAL_QUERIES]:
                yield self._discovery(template.replace(QUERY, quote_plus(query)), self.parse_signal)
        for query in self._searched() if found.searches else ():
            for template in found.searches:
                yield self._discovery(template.replace(QUERY, quote_plus(query)), self.parse_search)
        for url in self.plan.links:
            if self.ledger.accept(url, again=True) and (request := self._tried(url, Hint())):
                yield request
        if self.plan.links:
            return
        for url in self.ledger.state.due_for_revisit(self.source.id, self.now):
            if self.ledger.accept(url, again=True):
                yield self._article(url, Hint(), revisit=True)

    async def parse_feed(self, response: Response, page: str) -> AsyncIterator[Request]:
        if self._unchanged(response, page):
            return
        items = await self._parsed(page, parse_feed, response.body, response.url)
        for request in self._articles(items or (), page, record_old=True):
            yield request

    async def parse_sitemap(self, response: Response, page: str, depth: int = 0) -> AsyncIterator[Request]:
        if self._unchanged(response, page):
            return
        found = await self._parsed(page, parse_sitemap, response.body, response.url)
        if found is None:
            return
        if depth < DEPTH:
            recent = [each for each in found.shards if each.modified is None or each.modified > self.now - OLDEST]
            for shard in newest(recent, SHARDS):
                yield self._discovery(shard.url, self.parse_sitemap, depth=depth + 1)
        pages = sorted(found.pages, key=lambda item: item.published or self.now - OLDEST, reverse=True)
        for request in self._articles(pages, page, record_old=False):
            yield request

    async def parse_listing(
        self, response: Response, page: str, turn: int = 1, left: bool = False
    ) -> AsyncIterator[Request]:
        if self._unchanged(response, page) or not isinstance(response, TextResponse):
            return
        if self.source.family == "telegram":
            posts = await self._parsed(page, extract_many, response.text, response.url, self.source, self.now)
            for request in self._channel(posts or [], response, page, turn, left):
                yield request
            return
        found = await self._parsed(page, links, response.text, response.url, self.source)
        for request in self._articles([Item(link.url, link.title) for link in found or ()], page, record_old=False):
            yield request

    async def parse_search(self, response: Response, page: str) -> AsyncIterator[Request]:
        """The outlet's own answer to words of ours: what it finds is fetched, whatever its title says."""
        if self._unchanged(response, page) or not isinstance(response, TextResponse):
            return
        home = self.source.home
        found = await self._parsed(page, links, response.text, response.url, self.source, home)
        items = [Item(link.url, link.title) for link in (found or ())[:SEARCH_RESULTS]]
        for request in self._articles(items, page, record_old=False, whole=True):
            yield request

    async def parse_signal(self, response: Response, page: str) -> None:
        """Notes which outlets have which articles; their addresses here are the signal's own and lead nowhere."""
        if self._unchanged(response, page):
            return
        for item in await self._parsed(page, parse_feed, response.body, response.url) or ():
            title = item.title.removesuffix(f" - {item.outlet_name}").strip()
            recent = item.published is None or item.published > self.now - OLDEST
            if title and host(item.outlet) and recent:
                self.ledger.sightings.append(Sighting(title, item.outlet, item.outlet_name, item.published))

    def _searched(self) -> tuple[str, ...]:
        """What to ask the outlet's search for in this pass; nothing while the last search is fresh."""
        memory, wanted = self.ledger.state.recall(self.source.id, "search"), self.plan.wanted.get(self.source.id, ())
        turn = int(memory.get("turn", 0))
        fresh = self.now.timestamp() < float(memory.get("at", 0)) + SEARCH_EVERY.total_seconds()
        if fresh and not wanted:
            return ()
        queries = () if fresh else self.plan.searched(self.source.id, turn)
        if not fresh:
            self.ledger.state.remember(self.source.id, "search", {"turn": turn + 1, "at": self.now.timestamp()})
        return (*queries, *wanted[:WANTED])

    async def _parsed(self, page: str, parse: Callable[..., T], *arguments: Any) -> T | None:
        """What a discovery page says, read off the loop; None for one that breaks us, which ends no pass."""
        try:
            return await asyncio.to_thread(parse, *arguments)
        except Exception as error:
            self.logger.exception("page %s", page)
            self.ledger.page_failed(page, "error", f"lỗi khi đọc trang ({type(error).__name__})")
            return None

    async def parse_article(
        self, response: Response, url: str, hint: Hint, turn: int = 1, revisit: bool = False
    ) -> AsyncIterator[Request]:
        try:
            following = await self._read(response, url, hint, revisit)
        except ReaderError as error:
            self.ledger.settle(url, "error", str(error))
            return
        except Exception as error:  # one bad page must not end the pass
            self.logger.exception("article %s", url)
            self.ledger.settle(url, "error", f"lỗi khi xử lý trang ({type(error).__name__})")
            return
        finally:
            self.writer.keep(self.ledger)
        if following is not None and turn < PAGES_OF_THREAD and self.ledger.accept(following, again=True):
            yield self._article(following, Hint(), turn=turn + 1)

    def failed(self, failure: Failure) -> None:
        """Errback of every request."""
        assert failure.value is not None
        outcome, reason = ending(failure.value)
        request: Request = failure.request  # type: ignore[attr-defined]
        url, page = request.cb_kwargs.get("url"), request.cb_kwargs.get("page")
        if url is not None:
            self._settle(url, outcome, reason, request.cb_kwargs.get("revisit", False))
        elif page is not None:
            self.ledger.page_failed(page, outcome, reason)
        self.writer.keep(self.ledger)

    def _settle(self, url: str, outcome: UrlOutcome, reason: str, revisit: bool) -> None:
        """A page that was there and is not any more was withdrawn."""
        if revisit and outcome == "not_found":
            outcome, reason = "withdrawn", f"đã gỡ: {reason}"
        self.ledger.settle(url, outcome, reason)

    async def closed(self, reason: str) -> None:
        await self.writer.finish(self.ledger)

    def _discovery(self, url: str, callback: Callable[..., Any], **more: Any) -> Request:
        return self._request(url, callback, {"page": url, **more}, conditional=True, priority=10)

    def _article(self, url: str, hint: Hint, *, revisit: bool = False, turn: int = 1) -> Request:
        arguments = {"url": url, "hint": hint, "turn": turn, "revisit": revisit}
        return self._request(url, self.parse_article, arguments, conditional=revisit, priority=-1 if revisit else 0)

    def _request(
        self, url: str, callback: Callable[..., Any], arguments: dict[str, Any], *, conditional: bool, priority: int
    ) -> Request:
        meta: dict[str, Any] = {"download_slot": self.source.id}
        if conditional:
            meta |= {"conditional": url, "handle_httpstatus_list": [304]}
        # Our own ledger tells what was asked already; Scrapy's filter would drop a URL without a word.
        return Request(
            url,
            callback=callback,
            errback=self.failed,
            cb_kwargs=arguments,
            meta=meta,
            priority=priority,
            dont_filter=True,
        )

    def _unchanged(self, response: Response, page: str) -> bool:
        """Books the discovery page; True when the server says that nothing changed."""
        self.ledger.page_read(page)
        if response.status == 304:
            return True
        self.ledger.pages[page].validators = validators(response)
        return False

    def _articles(
        self, items: Iterable[Item], page: str, *, record_old: bool, whole: bool = False
    ) -> Iterator[Request]:
        of = family(self.source.family)
        found = [(canonical_url(item.url), item) for item in items]
        self.ledger.look_up(url for url, _ in found)
        for url, item in found:
            if item.published is not None and item.published < self.now - OLDEST:
                if record_old:
                    self.ledger.skip(url, "bài cũ hơn 35 ngày")
                continue
            if not record_old and not is_article(url, of, self.source.article_url):
                continue
            stage = "" if whole or not self.ledger.is_new(url) else self._first_stage(url, item)
            if stage == "skipped":
                self.ledger.first_stage[stage] += 1
                self.ledger.left.append(min(item.published or self.now, self.now))
                self.ledger.skip(url, UNRELATED)
            elif self.ledger.accept(url, page):
                if stage:
                    self.ledger.first_stage[stage] += 1
                if stage == "control":
                    self.ledger.control.append(url)
                request = self._tried(url, Hint(item.title, item.summary, item.published))
                if request is not None:
                    yield request

    def _tried(self, url: str, hint: Hint) -> Request | None:
        """The request of an accepted article; one that Scrapy cannot make settles the URL."""
        try:
            return self._article(url, hint)
        except ValueError:
            self.ledger.settle(url, "skipped", "địa chỉ hỏng")
            return None

    def _first_stage(self, url: str, item: Item) -> str:
        """By title and summary: "passed", "skipped", "control" (fetched all the same), "" where nothing is asked.

        A title without a summary decides nothing: headlines leave out where.
        """
        if self.source.taken_whole or self.plan.concerns is None or not item.summary:
            return ""
        if self.plan.concerns(f"{item.title}\n{item.summary}"):
            return "passed"
        return "control" if self.plan.is_control(url) else "skipped"

    async def _read(self, response: Response, url: str, hint: Hint, revisit: bool) -> str | None:
        """Books the article's page and its posts; gives the next page of a thread, if there is one."""
        if response.status == 304:
            self.ledger.settle(url, "archived", "không đổi")
            return None
        if not is_page(response):
            self.ledger.settle(url, "skipped", "không phải trang HTML")
            return None
        self.ledger.fetched += 1
        if urlsplit(response.url).path in ("", "/") and urlsplit(url).path not in ("", "/"):
            self._settle(url, "not_found", "chuyển hướng về trang chủ", revisit)
            return None
        # A page that moved to another site is known by the address it was asked for: no site speaks for another.
        own = response.url if response.url == url or same_site(response.url, url) else url
        read = await READERS.read(Page(response.body, charset(response), own, self.source, self.now, hint))
        if not read.posts:
            self.ledger.settle(url, "listing" if read.is_listing else "empty", "trang không có bài")
        else:
            self.ledger.archive(url, read.posts, validators(response))
        return read.next_page

    def _channel(self, posts: list[Post], response: TextResponse, page: str, turn: int, left: bool) -> list[Request]:
        """Stores a channel's messages from its preview page; goes back while a page brings only new ones.

        The page that comes next is remembered until it was read, so a pass may end anywhere and leaves no gap. A page
        that was left says nothing by messages we know: it may have been read in part.
        """
        messages = [post for post in posts if post.kind == "social" and post.has_text]
        known = 0
        for post in messages:
            known += self.ledger.state.outcome(post.canonical_url) is not None
            self.ledger.pages.setdefault(page, DiscoveryPage()).urls.add(post.canonical_url)
            self.ledger.store(post)
            self.ledger.settle(post.canonical_url, "archived")
        earlier = next_page(parse(response.text), response.url)
        recent = any(post.published_at and post.published_at > self.now - OLDEST for post in messages)
        goes_on = recent and earlier is not None and (left or not known)
        if goes_on or left or turn > 1:
            self.ledger.state.remember(self.source.id, CHANNEL, {"page": earlier} if goes_on else {})
        if not goes_on or earlier is None or turn >= PAGES_OF_THREAD:
            return []
        return [
            self._request(
                earlier, self.parse_listing, {"page": earlier, "turn": turn + 1}, conditional=False, priority=5
            )
        ]


def charset(response: Response) -> str | None:
    """The encoding that HTTP names."""
    return http_content_type_encoding((response.headers.get("Content-Type") or b"").decode("latin-1"))


def is_page(response: Response) -> bool:
    """Whether the server calls the response a page, or calls it nothing."""
    kind = (response.headers.get("Content-Type") or b"html").decode("latin-1").lower()
    return "html" in kind or "xml" in kind or kind.startswith("text/plain")
