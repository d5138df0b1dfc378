"""`ChannelSpider`: one pass over one channel of an API. The connectors know what to ask; this fetches it politely."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import scrapy
from scrapy import Request
from scrapy.http import Response, TextResponse

from crawlers.channels import SERVICES, youtube
from crawlers.channels.session import Call, Reply, Trouble
from crawlers.channels.stream import OLDEST
from crawlers.ledger import Ledger
from crawlers.middlewares import retry_after
from crawlers.outcomes import Stopped, ending
from crawlers.post import Post
from crawlers.sink import UrlOutcome
from crawlers.source import Source

_OUTCOMES: dict[str, UrlOutcome] = {"gone": "not_found", "refused": "refused", "key": "refused"}
_PATIENCE = timedelta(seconds=30)  # after a 429 or 503 that names no time


class ChannelSpider(scrapy.Spider):
    """The session of a connector (`crawlers.channels.session.Session`) on Scrapy's downloader.

    Requests go through every rule of `run.scrapy_settings`. One with a key is an API call under the service's terms and
    not a crawl: robots.txt, which speaks to crawlers, is asked for all others. The key travels in a header, is never
    sent on through a redirect, and stands in no URL, log or archive.
    """

    name = "channel"

    def __init__(self, ledger: Ledger, key: str | None = None, budget: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ledger = ledger
        self.source: Source = ledger.source
        assert self.source.discovery.channel is not None
        self.channel = self.source.discovery.channel
        self.service = SERVICES[self.channel.service]
        self.base = (self.channel.base or self.service.base).rstrip("/")
        self.now = ledger.started_at
        self._header = self.service.header(key) if key and self.service.header else None
        self._budget = budget
        self._asked = 0

    async def start(self) -> AsyncIterator[Any]:
        await self._read()
        return
        yield  # what Scrapy takes for a list of requests; there are none, each is awaited where it is needed

    def closed(self, reason: str) -> None:
        self.ledger.close()

    @property
    def _private_allowed(self) -> bool:
        return self.crawler.settings.getbool("DULUAN_ALLOW_PRIVATE")

    # crawlers.channels.session.Session

    async def get(self, call: Call) -> Reply:
        """Raises Trouble."""
        if self._asked >= self.source.politeness.max_articles:
            raise Trouble("enough", "còn trang chưa đọc, lượt sau đọc tiếp")
        if call.units and not self._spend(call.units):
            raise Trouble("quota", f"đã dùng hết hạn mức {self._budget} đơn vị của ngày", youtube.next_day(self.now))
        if self._header and not self.base.startswith("https://") and not self._private_allowed:
            raise Trouble("key", "khóa truy cập chỉ được gửi qua https")
        self._asked += 1
        request = self._request(call)
        try:
            response = await self._download(request)
            reply = _reply(response)
            self._judge(response, reply)
            if not call.fragment:
                reply.json()
        except Trouble as found:
            if found.kind not in ("gone", "key", "quota", "malformed"):
                self.trouble(call.page, found)
            raise
        self.ledger.page_read(call.page)
        return reply

    def keep(self, posts: Sequence[Post]) -> None:
        old = [post for post in posts if post.published_at is not None and post.published_at < self.now - OLDEST]
        for post in old:
            self.skip(post.canonical_url, "bài cũ hơn 35 ngày")
        self.ledger.keep([post for post in posts if post not in old])

    def skip(self, url: str, reason: str) -> None:
        self.ledger.skip(url, reason)

    def trouble(self, page: str, found: Trouble) -> None:
        self.ledger.page_failed(page, _OUTCOMES.get(found.kind, "error"), found.reason)

    def recall(self, stream: str) -> dict[str, Any]:
        return self.ledger.state.recall(self.source.id, stream)

    def remember(self, stream: str, value: Mapping[str, Any]) -> None:
        if value != self.recall(stream):
            self.ledger.state.remember(self.source.id, stream, value)

    def articles(self, source: str, since: datetime) -> list[tuple[str, datetime]]:
        return self.ledger.state.articles(source, since)

    # inside

    async def _read(self) -> None:
        try:
            await self.service.read(self, self.channel)
        except Trouble as found:
            self._ended(found)
        except Exception as error:  # a connector that breaks ends its own pass and no other
            self.logger.exception("channel %s", self.source.id)
            self.ledger.page_failed(self.base, "error", f"lỗi khi đọc kênh ({type(error).__name__})")

    def _request(self, call: Call) -> Request:
        meta: dict[str, Any] = {"download_slot": self.source.id}
        headers = {"Accept": "application/json, text/html;q=0.5"}
        if self._header is not None:
            meta |= {"dont_redirect": True, "dont_obey_robotstxt": True, "keyed": True}
            headers[self._header[0]] = self._header[1]
        return Request(call.url, headers=headers, meta=meta, dont_filter=True)

    async def _download(self, request: Request) -> Response:
        assert self.crawler.engine is not None
        try:
            response = await self.crawler.engine.download_async(request)
        except Stopped as error:
            raise Trouble("refused" if error.outcome == "refused" else "error", error.reason) from error
        except Exception as error:
            outcome, reason = ending(error)
            raise Trouble("refused" if outcome == "refused" else "error", reason) from error
        again = int((response.request or request).meta.get("retry_times", 0))
        if self._budget and again:
            self._spend(again)  # invalid and repeated requests cost as much
        return response

    def _judge(self, response: Response, reply: Reply) -> None:
        """Raises Trouble for an answer that is none: first as the service says it, then by the HTTP status."""
        found = self.service.judge(reply)
        if found is None and (reply.status < 200 or reply.status >= 300):
            found = _by_status(response, reply)
        if found is not None:
            raise found

    def _spend(self, units: int) -> bool:
        day = self.now.astimezone(youtube.CALIFORNIA).date().isoformat()
        return self.ledger.state.spend(self.channel.service, day, units, self._budget)

    def _ended(self, found: Trouble) -> None:
        if found.kind == "key":
            self.ledger.key_problem = found.reason
        if found.kind == "quota":
            self.ledger.spent = found.reason
        if found.kind == "enough":
            self.ledger.note = found.reason
        if found.until is not None:
            self.ledger.wait_until(found.until)
        if found.kind == "gone":
            self.ledger.problem = found.reason
        if found.kind == "malformed":
            self.trouble(self.base, found)


def _reply(response: Response) -> Reply:
    headers = {
        name.decode("latin-1").lower(): b", ".join(values).decode("latin-1")
        for name, values in response.headers.items()
    }
    # APIs answer in UTF-8, whatever a header says of it; a page of bytes is read as far as it can be.
    text = response.text if isinstance(response, TextResponse) else response.body.decode("utf-8", "replace")
    return Reply(response.status, headers, text, datetime.now(UTC))


def _by_status(response: Response, reply: Reply) -> Trouble:
    if reply.status in (404, 410):
        return Trouble("gone", f"máy chủ trả lời {reply.status}")
    if reply.status in (401, 403, 451):
        return Trouble("refused", f"máy chủ từ chối ({reply.status})")
    if reply.status in (429, 503):
        wait = retry_after(response, reply.at)
        pause = _PATIENCE if wait is None else timedelta(seconds=min(wait, 86_400))
        return Trouble("error", f"máy chủ yêu cầu giảm tốc độ ({reply.status})", reply.at + pause)
    return Trouble("error", f"máy chủ trả lời {reply.status}")
