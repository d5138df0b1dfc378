"""Our rules on the way to a server and back: one concern a class, wired in `run.scrapy_settings`.

Each reads the pass's ledger from the spider. Order matters and is written where they are wired.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.exceptions import CannotResolveHostError
from scrapy.http import Response, TextResponse
from scrapy.resolver import dnscache

from crawlers.challenge import challenge
from crawlers.extract.canonical import host
from crawlers.ledger import Ledger
from crawlers.outcomes import Stopped
from crawlers.sink import Validators

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_UNICAST = ipaddress.IPv6Network("2000::/3")  # all that is given out of the public Internet
_TOO_MUCH = frozenset({429, 503})
_LONGEST_WAIT = 86_400.0  # seconds; a server that asks for more is asked again after a day
_FRESH = 300.0  # seconds an answer of the name system is believed


class _Rule:
    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    @property
    def ledger(self) -> Ledger:
        ledger = getattr(self.crawler.spider, "ledger", None)
        assert isinstance(ledger, Ledger)
        return ledger


class ChallengeRule(_Rule):
    """A host that answers with a challenge gets no more requests in this pass."""

    def process_request(self, request: Request) -> None:
        stopped = self.ledger.stopped
        if stopped and (reason := stopped.get(host(request.url))) is not None:
            raise Stopped(*reason)

    def process_response(self, request: Request, response: Response) -> Response:
        if not isinstance(response, TextResponse):
            return response
        headers = {
            name.decode("latin-1").lower(): b",".join(values).decode("latin-1")
            for name, values in response.headers.items()
        }
        kind = challenge(response.status, headers, response.body)
        if kind is not None:
            reason = f"trang chặn máy thu thập bằng thử thách ({kind})"
            self.ledger.stop_host(request.url, "blocked", reason)
            raise Stopped("blocked", reason)
        return response


class ConditionalRule(_Rule):
    """Asks "only if it changed" where the request wants it (`meta["conditional"]` = the URL it is remembered by)."""

    def process_request(self, request: Request) -> None:
        url = request.meta.get("conditional")
        known = self.ledger.state.validators(url) if url else None
        if known is None:
            return
        if known.etag:
            request.headers["If-None-Match"] = known.etag
        if known.last_modified:
            request.headers["If-Modified-Since"] = known.last_modified

    def process_response(self, request: Request, response: Response) -> Response:
        if response.status == 304 and request.meta.get("conditional"):
            self.ledger.not_modified += 1
        return response


class BackoffRule(RetryMiddleware):
    """Retries 5xx, 429 and lost connections after a growing pause; the server's Retry-After rules, within a bound.

    A host that says 429 or 503 gets no request at all for half a minute at least.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler.settings)
        self.crawler = crawler
        self._closed_until: dict[str, float] = {}  # by host, on the monotonic clock

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_request(self, request: Request) -> Coroutine[Any, Any, None] | None:
        return self._opened(host(request.url)) if self._closed_until else None

    async def _opened(self, name: str) -> None:
        while (wait := self._closed_until.get(name, 0.0) - time.monotonic()) > 0:
            await asyncio.sleep(wait)

    async def process_response(  # type: ignore[override]
        self, request: Request, response: Response
    ) -> Request | Response:
        if response.status in self.retry_http_codes:
            asked = retry_after(response, datetime.now(UTC))
            if asked is not None and asked > self.crawler.settings.getfloat("DULUAN_MAX_RETRY_AFTER"):
                reason = f"máy chủ yêu cầu chờ {asked:.0f} giây"
                self._ledger().stop_host(request.url, "error", reason)
                self._ledger().wait_until(datetime.now(UTC) + timedelta(seconds=min(asked, _LONGEST_WAIT)))
                raise Stopped("error", reason)
            if request.meta.get("retry_times", 0) < self.max_retry_times:
                await self._sit_out(request, response.status, asked)
        return super().process_response(request, response)

    async def process_exception(  # type: ignore[override]
        self, request: Request, exception: Exception
    ) -> Request | Response | None:
        if isinstance(exception, self.exceptions_to_retry) and (
            request.meta.get("retry_times", 0) < self.max_retry_times
        ):
            await asyncio.sleep(self._growing("DULUAN_BACKOFF", request))
        return super().process_exception(request, exception)

    async def _sit_out(self, request: Request, status: int, asked: float | None) -> None:
        if status in _TOO_MUCH:
            wait = max(self._growing("DULUAN_PATIENCE", request), asked or 0.0)
            self._closed_until[host(request.url)] = time.monotonic() + wait
        else:
            wait = self._growing("DULUAN_BACKOFF", request) if asked is None else asked
        await asyncio.sleep(wait)

    def _growing(self, first: str, request: Request) -> float:
        times: int = request.meta.get("retry_times", 0)
        return float(self.crawler.settings.getfloat(first)) * float(2**times)

    def _ledger(self) -> Ledger:
        ledger = getattr(self.crawler.spider, "ledger", None)
        assert isinstance(ledger, Ledger)
        return ledger


class RobotsRule(_Rule):
    """A robots.txt that cannot be had because the server fails or is asked too much closes the site for now (RFC 9309,
    2.3.1.4)."""

    def process_response(self, request: Request, response: Response) -> Response:
        of_robots = request.meta.get("dont_obey_robotstxt") and not request.meta.get("keyed")
        if of_robots and (response.status >= 500 or response.status in _TOO_MUCH):
            return response.replace(body=b"User-agent: *\nDisallow: /\n")
        return response


class LatencyRule(_Rule):
    """Books how long the server took to answer."""

    def process_response(self, request: Request, response: Response) -> Response:
        taken = request.meta.get("download_latency")
        if isinstance(taken, float):
            self.ledger.latencies.append(taken)
        return response


class AddressRule(_Rule):
    """Refuses loopback, private, link-local and other non-public addresses, redirects and robots.txt included.

    The address that was checked is put into Scrapy's DNS cache, so the connection goes to it and to no other.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._allowed = crawler.settings.getbool("DULUAN_ALLOW_PRIVATE")
        self._checked: dict[str, float] = {}

    async def process_request(self, request: Request) -> None:
        await self._judge(request)
        self.ledger.requests += 1  # what is refused here never leaves us

    async def _judge(self, request: Request) -> None:
        """Raises Stopped for an address that is not the public Internet's."""
        parts = urlsplit(request.url)
        if parts.scheme not in ("http", "https"):
            raise Stopped("refused", "không phải địa chỉ http")  # Scrapy would read file: and data: as well
        name = parts.hostname or ""
        if request.meta.get("proxy"):
            # The proxy resolves names; an address in the URL itself is still ours to judge.
            if not self._allowed and is_private(name):
                raise Stopped("refused", "địa chỉ nội bộ")
            return
        if self._checked.get(name, 0.0) > time.monotonic():
            return
        addresses = await _resolve(name)
        if not self._allowed and any(not public(address) for address in addresses):
            raise Stopped("refused", "địa chỉ nội bộ")
        dnscache[name] = addresses[0]
        self._checked[name] = time.monotonic() + _FRESH


def public(address: str) -> bool:
    """Whether the address is of the public Internet (IPv4 inside IPv6 is judged as IPv4)."""
    try:
        parsed = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour
        if parsed in _NAT64:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner is None and parsed not in _UNICAST:
            return False
        parsed = inner or parsed
    return parsed.is_global and not parsed.is_multicast


def is_private(name: str) -> bool:
    """Whether the host of an address is, by itself and without asking the name system, an inner one."""
    try:
        # As resolvers read addresses: 2130706433, 0x7f.1 and 127.1 are 127.0.0.1.
        return not public(name if ":" in name else socket.inet_ntoa(socket.inet_aton(name)))
    except OSError:
        return name == "localhost" or name.endswith(".localhost")


async def _resolve(name: str) -> list[str]:
    """The host's addresses, IPv4 first because Scrapy's resolver speaks only that. Raises CannotResolveHostError."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise CannotResolveHostError(f"{name}: {error}") from error
    found.sort(key=lambda each: each[0] != socket.AF_INET)
    addresses = [str(each[4][0]) for each in found]
    if not addresses:
        raise CannotResolveHostError(name)
    return addresses


def retry_after(response: Response, now: datetime) -> float | None:
    """Seconds the server asks to wait; None when it does not say or says nonsense."""
    text = _header(response, "Retry-After")
    if text.isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text) if text else _reset(response)
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds()) if at else None


def _reset(response: Response) -> datetime | None:
    """When a spent limit starts again: ISO 8601 (Mastodon) or seconds since 1970 (Bluesky). Raises ValueError."""
    text = _header(response, "X-RateLimit-Reset") or _header(response, "RateLimit-Reset")
    if not text:
        return None
    return datetime.fromtimestamp(int(text), UTC) if text.isdigit() else datetime.fromisoformat(text)


def _header(response: Response, name: str) -> str:
    value: Any = response.headers.get(name)
    return value.decode("latin-1").strip() if isinstance(value, bytes) else ""


def validators(response: Response) -> Validators | None:
    """What the response gives for asking again conditionally; None when nothing."""
    etag, modified = response.headers.get("ETag"), response.headers.get("Last-Modified")
    if not etag and not modified:
        return None
    return Validators(etag.decode("latin-1") if etag else None, modified.decode("latin-1") if modified else None)
