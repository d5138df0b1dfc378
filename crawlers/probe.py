"""Looks at a source once, politely, and tells what is there: robots, feeds, sitemaps, article links, a sample Post.

Serves whoever adds a source: `probe` over the network under all rules of a crawl, `try_page` on a saved page.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import scrapy
import yaml
from scrapy import Request
from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.http import Response, TextResponse
from scrapy.settings import Settings

from crawlers.extract import threads
from crawlers.extract.article import read_document
from crawlers.extract.canonical import host, join
from crawlers.extract.families import by_listing, by_markup
from crawlers.extract.feeds import Item, parse_feed
from crawlers.extract.listing import links
from crawlers.extract.sitemaps import newest, parse_sitemap
from crawlers.extract.text import Document, Tree, plain
from crawlers.families import family
from crawlers.ledger import Ledger
from crawlers.outcomes import ending
from crawlers.pages import worth_keeping
from crawlers.post import Post
from crawlers.run import CrawlSettings, install_reactor, scrapy_settings
from crawlers.sink import MemorySink
from crawlers.source import Discovery, Source
from crawlers.spiders.source import charset

FEED_LINKS = 'link[rel~=alternate][type="application/rss+xml"], link[rel~=alternate][type="application/atom+xml"]'
FEEDS, SITEMAPS, SAMPLES = 3, 2, 3  # looked at
GOOD = 0.7  # quality from which a sample proves the source


@dataclass(frozen=True, slots=True)
class Way:
    """One way to articles: a feed, a sitemap or a listing, with how many it names and the newest date among them."""

    kind: str
    url: str
    articles: int = 0
    newest: datetime | None = None
    problem: str = ""


@dataclass(slots=True)
class Report:
    """What was found. `problems` (Vietnamese) is empty for a source that is proven: a sample was read well."""

    url: str
    id: str = ""
    robots: str = ""
    declared_family: str | None = None
    families: list[str] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)
    sample: Post | None = None
    problems: list[str] = field(default_factory=list)
    requests: int = 0

    @property
    def proven(self) -> bool:
        return self.sample is not None and not self.problems

    def record(self) -> str | None:
        """A record for the registry, to be completed by whoever adds it; None where nothing leads to articles."""
        named = {
            way.kind: [each.url for each in self.ways if each.kind == way.kind and each.articles] for way in self.ways
        }
        if not any(named.values()):
            return None
        recognised = (self.sample.method.removeprefix("family:").split("@")[0] if self.sample else "").strip()
        known = recognised if family(recognised) else (self.families[0] if self.families else None)
        record = {
            "id": host(self.url).removeprefix("www.").replace(":", "-"),
            "name": host(self.url),
            "home": self.url,
            **({"family": known} if known else {}),
            "discovery": {kind: urls for kind, urls in named.items() if urls},
            "every_minutes": 30,
            "grade": "A" if self.proven else "D",
            "note": f"Đã thử ngày {datetime.now(UTC):%d/%m/%Y} bằng duluan source check.",
            "legal": "",
        }
        return yaml.safe_dump([record], allow_unicode=True, sort_keys=False, width=120)


async def probe(url: str, source: Source | None, settings: CrawlSettings) -> Report:
    """One look at the address, or at a source of the registry. Never raises for what the site does."""
    install_reactor()
    report = Report(url, source.id if source else "", declared_family=source.family if source else None)
    looked_at = source or Source(id="probe", name=host(url), home=url, discovery=Discovery(listings=(url,)))
    memory = MemorySink()
    ledger = Ledger(looked_at, memory, memory)
    options = scrapy_settings(looked_at, replace(settings, retries=0))
    crawler = Crawler(_Probe, options)
    await AsyncCrawlerRunner(Settings()).crawl(crawler, ledger=ledger, report=report)
    report.requests = ledger.requests
    if report.sample is None and not report.problems:
        report.problems.append("không tìm thấy bài nào để thử")
    return report


def try_page(html: bytes, url: str, source: Source | None) -> Report:
    """The same of a saved page, without the network: what family it resembles, its links, its Post."""
    page = Document(html)
    report = Report(url, source.id if source else "", declared_family=source.family if source else None)
    report.families = _families(page.tree)
    found = links(html, url, source)
    if found:
        report.ways.append(Way("listings", url, len(found)))
    _judge(report, read_document(page, url, source, datetime.now(UTC))[0])
    if report.sample is None and len(found) >= SAMPLES:
        report.problems.clear()  # a listing holds no article of its own
    return report


class _Probe(scrapy.Spider):
    """Asks one after the other; what fails becomes a line of the report."""

    name = "probe"

    def __init__(self, ledger: Ledger, report: Report, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ledger = ledger
        self.report = report
        self.source: Source | None = ledger.source if report.id else None

    async def start(self) -> AsyncIterator[Any]:
        await self._look()
        for request in list[Request]():
            yield request

    async def _look(self) -> None:
        sitemaps = await self._robots()
        home = await self._get(self.report.url)
        if isinstance(home, str):
            self.report.problems.append(f"trang chủ: {home}")
            return
        tree = Document(home.body, charset(home)).tree
        self.report.families = _families(tree)
        found = self.source.discovery if self.source else _found(tree, home.url, sitemaps)
        candidates = [item for url in found.feeds[:FEEDS] for item in await self._feed(url)]
        for url in found.sitemaps[:SITEMAPS]:
            candidates += await self._sitemap(url)
        listings = dict.fromkeys((*found.listings[:SITEMAPS], self.report.url))
        for url in listings:
            candidates += await self._listing(url, home)
        await self._samples(list(dict.fromkeys(item.url for item in candidates)))

    async def _robots(self) -> tuple[str, ...]:
        parts = urlsplit(self.report.url)
        answer = await self._get(f"{parts.scheme}://{parts.netloc}/robots.txt", robots=True)
        if isinstance(answer, str):
            self.report.robots = f"không có ({answer})"
            return ()
        lines = [line.strip() for line in answer.body[:500_000].decode("utf-8", "replace").splitlines()]
        named = [join(answer.url, line[8:]) for line in lines if line.lower().startswith("sitemap:")]
        closed = sum(line.lower().startswith("disallow:") and line[9:].strip() != "" for line in lines)
        self.report.robots = f"có, {closed} dòng cấm" if closed else "có, không cấm gì"
        return tuple(url for url in named if url)

    async def _feed(self, url: str) -> list[Item]:
        return await self._way("feeds", url, lambda response: parse_feed(response.body, response.url))

    async def _sitemap(self, url: str) -> list[Item]:
        answer = await self._get(url)
        if isinstance(answer, str):
            self.report.ways.append(Way("sitemaps", url, problem=answer))
            return []
        found = parse_sitemap(answer.body, answer.url)
        for shard in newest(found.shards, 1):
            inner = await self._get(shard.url)
            if not isinstance(inner, str):
                found = parse_sitemap(inner.body, inner.url)
        return self._told("sitemaps", url, list(found.pages))

    async def _listing(self, url: str, home: Response) -> list[Item]:
        def read(response: Response) -> list[Item]:
            if messages := self._messages(response):
                return messages
            found = links(response.body, response.url, self.source)
            return [Item(link.url, link.title) for link in found]

        if url == self.report.url:
            return self._told("listings", url, read(home))
        return await self._way("listings", url, read)

    def _messages(self, response: Response) -> list[Item]:
        """A channel's preview holds its messages itself, whole: the newest is the sample."""
        page = Document(response.body, charset(response))
        found = threads.posts(page, response.url, self.source, datetime.now(UTC))
        messages = [post for post in found if post.kind == "social"]
        if messages:
            _judge(self.report, messages[-1])
        return [Item(post.canonical_url, post.title, published=post.published_at) for post in messages]

    async def _way(self, kind: str, url: str, read: Callable[[Response], list[Item]]) -> list[Item]:
        answer = await self._get(url)
        if isinstance(answer, str):
            self.report.ways.append(Way(kind, url, problem=answer))
            return []
        return self._told(kind, url, read(answer))

    def _told(self, kind: str, url: str, items: list[Item]) -> list[Item]:
        dates = [item.published for item in items if item.published]
        problem = "" if items else "không có bài"
        self.report.ways.append(Way(kind, url, len(items), max(dates, default=None), problem))
        return items

    async def _samples(self, urls: list[str]) -> None:
        """Reads a few articles and keeps the best; the page that fails is told only when none is good."""
        if self.report.proven:
            return
        for url in urls[:SAMPLES]:
            answer = await self._get(url)
            if isinstance(answer, str):
                self.report.problems.append(f"{url}: {answer}")
                continue
            posts = read_document(Document(answer.body, charset(answer)), answer.url, self.source, datetime.now(UTC))
            _judge(self.report, posts[0])
            if self.report.proven:
                return

    async def _get(self, url: str, *, robots: bool = False) -> Response | str:
        """The answer, or in Vietnamese why there is none."""
        meta: dict[str, Any] = {"download_slot": self.ledger.source.id}
        if robots:
            meta["dont_obey_robotstxt"] = True
        try:
            assert self.crawler.engine is not None
            response = await self.crawler.engine.download_async(Request(url, meta=meta, dont_filter=True))
        except Exception as error:  # whatever the site does is what we are here to tell
            return ending(error)[1]
        if response.status != 200:
            return f"máy chủ trả lời {response.status}"
        return response if isinstance(response, TextResponse) or response.body else "trang trống"


def _found(tree: Tree, url: str, sitemaps: tuple[str, ...]) -> Discovery:
    """What a site offers by itself: feeds that its front page names, sitemaps that robots.txt names."""
    addresses = (join(url, node.attributes.get("href") or "") for node in tree.css(FEED_LINKS))
    feeds = tuple(dict.fromkeys(address for address in addresses if address))
    return Discovery(feeds=feeds, sitemaps=sitemaps)


def _families(tree: Tree) -> list[str]:
    return list(dict.fromkeys(each.name for each in (*by_markup(tree), *by_listing(tree))))


def _judge(report: Report, post: Post) -> None:
    """Takes the post as the sample when it is better than the one before; says what is wrong with it."""
    if not worth_keeping(post):
        report.problems.append(f"{post.url}: trang không có bài")
        return
    if report.sample is not None and report.sample.quality.score >= post.quality.score:
        return
    report.sample = replace(post, title=plain(post.title))
    wanted = report.declared_family
    report.problems.clear()
    if post.quality.score < GOOD:
        report.problems.append(f"bài đọc chưa tốt ({post.quality.score:g}): {', '.join(post.quality.reasons)}")
    if wanted and not post.method.startswith(f"family:{wanted}"):
        report.problems.append(f"quy tắc {wanted} không khớp, bài được đọc bằng {post.method}")
