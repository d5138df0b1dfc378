"""Runs crawls: `crawl` inside a running asyncio loop, `run` and `crawl_now` without one, any number of times.

Scrapy's reactor is bound to one loop for the life of the process: `install_reactor` first, in that loop.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from pydantic import SecretStr
from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.settings import Settings

from crawlers.channels import key_needed
from crawlers.extract.canonical import host
from crawlers.ledger import Ledger, utc_now
from crawlers.plan import Plan
from crawlers.sink import CrawlResult, CrawlState, Sink
from crawlers.source import Source
from crawlers.spiders import ChannelSpider, SourceSpider
from crawlers.writing import Writer

logger = logging.getLogger(__name__)
T = TypeVar("T")
# Parts of Scrapy that do nothing for us on every request: a quarter of the loop's time.
_UNUSED_ON_THE_WAY = tuple(
    f"scrapy.downloadermiddlewares.{name}"
    for name in ("httpauth.HttpAuthMiddleware", "offsite.OffsiteMiddleware", "stats.DownloaderStats")
)
_UNUSED_BEFORE_THE_SPIDER = tuple(
    f"scrapy.spidermiddlewares.{name}"
    for name in (
        "start.StartSpiderMiddleware", "referer.RefererMiddleware", "depth.DepthMiddleware",
        "urllength.UrlLengthMiddleware", "metacopy.MetaCopyDetectionMiddleware",
    )
)  # fmt: skip
_UNUSED_EXTENSIONS = ("scrapy.extensions.corestats.CoreStats", "scrapy.extensions.logcount.LogCount")
LEAN: Mapping[str, Any] = {
    "DOWNLOADER_MIDDLEWARES": dict.fromkeys(_UNUSED_ON_THE_WAY),
    "SPIDER_MIDDLEWARES": dict.fromkeys(_UNUSED_BEFORE_THE_SPIDER),
    "EXTENSIONS": dict.fromkeys(_UNUSED_EXTENSIONS),
    "STATS_CLASS": "scrapy.statscollectors.DummyStatsCollector",  # the ledger counts
    "CONCURRENT_ITEMS": 1,  # as many tasks for each response; ours yield requests only
    # First found, first asked: discovery pages in the registry's order, articles in the feed's, newest first.
    "SCHEDULER_MEMORY_QUEUE": "scrapy.squeues.FifoMemoryQueue",
    "SCHEDULER_PRIORITY_QUEUE": "scrapy.pqueues.ScrapyPriorityQueue",  # a crawler has one download slot, its source's
    "METAREFRESH_ENABLED": False,
    "WARN_ON_GENERATOR_RETURN_VALUE": False,  # a check of every callback at every response; mypy says the same once
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
    "MEMUSAGE_ENABLED": False,
    "LOGSTATS_INTERVAL": 0,
    "STATS_DUMP": False,
    "LOG_ENABLED": False,
}
_RECEIVED = 1 << 19  # bytes
NO_KEY = "cần khóa truy cập"
OnResult = Callable[[CrawlResult], None]


@dataclass(frozen=True, slots=True)
class CrawlSettings:
    """How to crawl. Times in seconds, sizes in bytes.

    `delay_factor` multiplies each source's own pause (0 for the sandbox); `allow_private` lets requests reach loopback
    and private networks (the sandbox); `backoff` is the first pause after a fault, `patience` after a 429 or 503, both
    doubled with each; `pass_seconds` ends a pass that takes longer. `keys`: keys of services by the
    name of their setting; `youtube_budget`: units of the YouTube API that may be spent in a day. `clock`: another
    than ours lets a simulation read a web of other days.
    """

    user_agent: str = "DuLuan/0.1"
    contact: str = ""
    allow_private: bool = False
    timeout: float = 20.0
    max_bytes: int = 5_000_000
    delay_factor: float = 1.0
    retries: int = 2
    backoff: float = 2.0
    patience: float = 30.0
    max_retry_after: float = 60.0
    sources_at_once: int = 8
    pass_seconds: float = 900.0
    keys: Mapping[str, SecretStr] = field(default_factory=dict)
    youtube_budget: int = 9_000
    clock: Callable[[], datetime] = utc_now
    plan: Plan = field(default_factory=Plan)

    @property
    def agent(self) -> str:
        """The User-Agent header: the product and where to reach whoever runs it."""
        return f"{self.user_agent} (+{self.contact})" if self.contact else self.user_agent

    def key(self, name: str | None) -> str | None:
        """A service's key in the clear; None when it has none."""
        found = self.keys.get(name) if name else None
        return found.get_secret_value() if found else None


def install_reactor() -> None:
    """Binds Scrapy's reactor to the running loop (or to a new one when none runs) and starts it. Idempotent.

    Raises RuntimeError when another loop or another kind of reactor holds the process already.
    """
    if "twisted.internet.reactor" in sys.modules:
        _check_loop()
        return
    from twisted.internet import asyncioreactor

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        loop = asyncio.new_event_loop()
    asyncioreactor.install(loop)  # type: ignore[no-untyped-call]
    reactor: Any = _reactor()
    # Threads of the resolver must not keep the process alive after its work is done.
    reactor.getThreadPool().threadFactory = partial(threading.Thread, daemon=True)
    reactor.startRunning(installSignalHandlers=False)
    _read_more_at_once()
    _quiet()


async def crawl(
    sources: Sequence[Source],
    sink: Sink,
    state: CrawlState,
    settings: CrawlSettings | None = None,
    on_result: OnResult | None = None,
) -> list[CrawlResult]:
    """One polite pass over each source, in their order in the answer; a source that fails never stops another.

    Sources of one host take turns, others run side by side. `on_result` is called as each source ends.
    """
    install_reactor()
    settings = settings or CrawlSettings()
    runner = AsyncCrawlerRunner(Settings())
    gate = asyncio.Semaphore(settings.sources_at_once)
    writer = Writer()
    results: dict[str, CrawlResult] = {}

    async def turn(group: list[Source]) -> None:
        async with gate:
            for source in group:
                result = await _pass(runner, source, Ledger(source, sink, state, settings.clock), settings, writer)
                results[source.id] = result
                if on_result is not None:
                    on_result(result)

    await asyncio.gather(*(turn(group) for group in _by_host(sources)))
    return [results[source.id] for source in sources]


def crawl_now(
    sources: Sequence[Source],
    sink: Sink,
    state: CrawlState,
    settings: CrawlSettings | None = None,
    on_result: OnResult | None = None,
) -> list[CrawlResult]:
    """`crawl` for callers without a loop. Raises RuntimeError inside a running loop."""
    return run(crawl(sources, sink, state, settings, on_result))


def run(work: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` on the reactor's own loop, any number of times in a process. Raises RuntimeError inside a loop."""
    install_reactor()
    loop: asyncio.AbstractEventLoop = _reactor()._asyncioEventloop
    return loop.run_until_complete(work)


def scrapy_settings(source: Source, settings: CrawlSettings) -> dict[str, Any]:
    """Scrapy's settings for one source; numbers beside middlewares are their place between engine (0) and network."""
    polite = source.politeness
    delay = polite.delay * settings.delay_factor
    return {
        **LEAN,
        "USER_AGENT": settings.agent,
        "ROBOTSTXT_OBEY": True,
        "ROBOTSTXT_USER_AGENT": settings.user_agent.split("/")[0],
        "DOWNLOADER_MIDDLEWARES": {
            "crawlers.middlewares.RobotsRule": 110,
            "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
            **LEAN["DOWNLOADER_MIDDLEWARES"],
            "crawlers.middlewares.BackoffRule": 550,
            "crawlers.middlewares.ConditionalRule": 560,
            # After unpacking and before retries: a challenge is often a 403 or 503 that must not be asked again.
            "crawlers.middlewares.ChallengeRule": 570,
            "crawlers.middlewares.LatencyRule": 940,
            # Last before the network: sees redirects, robots.txt and the proxy.
            "crawlers.middlewares.AddressRule": 950,
        },
        # No more under way than the host takes: a request waiting inside Scrapy would miss that the host was stopped.
        "CONCURRENT_REQUESTS": polite.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": polite.concurrency,
        "DOWNLOAD_DELAY": delay,
        "DOWNLOAD_TIMEOUT": settings.timeout,
        "DOWNLOAD_MAXSIZE": settings.max_bytes,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_VERIFY_CERTIFICATES": source.verify_tls,
        "AUTOTHROTTLE_ENABLED": delay > 0,
        "AUTOTHROTTLE_START_DELAY": delay,
        "AUTOTHROTTLE_MAX_DELAY": max(30.0, delay),
        "AUTOTHROTTLE_TARGET_CONCURRENCY": float(polite.concurrency),
        "RETRY_TIMES": settings.retries,
        "RETRY_GIVE_UP_LOG_LEVEL": "DEBUG",
        "REDIRECT_MAX_TIMES": 5,
        "CLOSESPIDER_TIMEOUT": settings.pass_seconds,
        "DULUAN_ALLOW_PRIVATE": settings.allow_private,
        "DULUAN_BACKOFF": settings.backoff,
        "DULUAN_PATIENCE": settings.patience,
        "DULUAN_MAX_RETRY_AFTER": settings.max_retry_after,
    }


async def _pass(
    runner: AsyncCrawlerRunner, source: Source, ledger: Ledger, settings: CrawlSettings, writer: Writer
) -> CrawlResult:
    channel = source.discovery.channel
    arguments: dict[str, Any] = {"ledger": ledger}
    if channel is not None:
        needed = key_needed(channel)
        key = settings.key(needed)
        if needed is not None and key is None:
            ledger.key_problem = NO_KEY
            return ledger.result(0)
        arguments |= {"key": key, "budget": settings.youtube_budget}
    else:
        arguments |= {"plan": settings.plan, "writer": writer}
    crawler = Crawler(SourceSpider if channel is None else ChannelSpider, scrapy_settings(source, settings))
    problem = ""
    try:
        await runner.crawl(crawler, **arguments)
    except Exception as error:  # whatever it is, it is this source's and no other's
        logger.exception("source %s", source.id)
        problem = f"lượt thu thập lỗi ({type(error).__name__}: {error})"
        ledger.close()
    return ledger.result(ledger.requests, problem)


def _by_host(sources: Sequence[Source]) -> list[list[Source]]:
    groups: dict[str, list[Source]] = {}
    for source in sources:
        groups.setdefault(host(source.home) or source.id, []).append(source)
    return list(groups.values())


def _reactor() -> Any:
    from twisted.internet import reactor

    return reactor


def _check_loop() -> None:
    loop = getattr(_reactor(), "_asyncioEventloop", None)
    try:
        running: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
    except RuntimeError:
        running = None
    if loop is None or (running is not None and running is not loop):
        raise RuntimeError(
            "Scrapy's reactor is bound to another event loop: call install_reactor in the loop that crawls"
        )


def _read_more_at_once() -> None:
    """Each part of a page costs its way through Twisted and Scrapy; 64 KiB, Twisted's own, make five of a big one."""
    from twisted.internet import tcp

    tcp.Connection.bufferSize = _RECEIVED


def _quiet() -> None:
    for name in ("scrapy", "twisted", "protego", "filelock"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # Whatever a site does is booked as its outcome; it must not fill our log with tracebacks.
    logging.getLogger("scrapy.downloadermiddlewares.robotstxt").setLevel(logging.CRITICAL)
