"""Stand-ins that answer as the services' documentation says: same paths, paging, errors and limits, own sentences."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from crawlers.run import CrawlSettings, crawl_now
from crawlers.sink import CrawlResult, MemorySink
from crawlers.source import Source
from tests.crawlers.server import Answer, Seen, Site, serving

NOW = datetime.now(UTC).replace(microsecond=0)
KEY = "khoa-bi-mat-cua-may-nay"


def from_now(moment: datetime | None) -> timedelta:
    """How far off a moment is: measured now, a long run may have loaded this module long ago."""
    assert moment is not None
    return moment - datetime.now(UTC)


def ago(**before: float) -> str:
    return (NOW - timedelta(**before)).strftime("%Y-%m-%dT%H:%M:%SZ")


def said(value: Any, status: int = 200, **headers: str) -> Answer:
    named = {name.replace("_", "-"): each for name, each in headers.items()}
    return Answer(json.dumps(value), status, {"Content-Type": "application/json; charset=UTF-8"} | named)


Handler = Callable[[dict[str, str], Seen], Answer]


@dataclass
class StandIn:
    """One service: `handlers` by path, `next_answers` before any of them, `faults` at a call's number (from 0).

    `calls` says what was asked.
    """

    site: Site
    handlers: dict[str, Handler] = field(default_factory=dict)
    next_answers: list[Answer] = field(default_factory=list)
    faults: dict[int, Answer] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.site.url

    def answer(self, seen: Seen) -> Answer:
        parts = urlsplit(seen.path)
        if parts.path == "/robots.txt":
            return Answer("", 404)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.calls.append((parts.path, query))
        if fault := self.faults.get(len(self.calls) - 1):
            return fault
        if self.next_answers:
            return self.next_answers.pop(0)
        handler = self.handlers.get(parts.path)
        return handler(query, seen) if handler else said({"error": {"code": 404, "message": "not found"}}, 404)

    def asked(self, path: str) -> list[dict[str, str]]:
        return [query for called, query in self.calls if called == path]


class _AnyPath(dict[str, Callable[[Seen], Answer]]):
    def __init__(self, answer: Callable[[Seen], Answer]) -> None:
        super().__init__()
        self._answer = answer

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key) or self._answer


@contextmanager
def standing_in() -> Iterator[StandIn]:
    with serving() as site:
        made = StandIn(site)
        site.routes = _AnyPath(made.answer)
        yield made


def channel(standin: StandIn, service: str, account: str, **more: Any) -> Source:
    record = {
        "id": f"{service}.thu", "name": f"Kênh thử {service}", "home": standin.url, "kind": "social",
        "discovery": {"channel": {"service": service, "account": account, "base": standin.url} | more.pop("api", {})},
    }  # fmt: skip
    return Source.model_validate(record | more)


def settings(**more: Any) -> CrawlSettings:
    from pydantic import SecretStr

    keys = {"youtube_key": SecretStr(KEY), "facebook_token": SecretStr(KEY)}
    given = {
        "allow_private": True,
        "delay_factor": 0,
        "backoff": 0.02,
        "patience": 0,
        "timeout": 5,
        "keys": keys,
    } | more
    return CrawlSettings(**given)


def run(memory: MemorySink, source: Source, **more: Any) -> CrawlResult:
    (result,) = crawl_now([source], memory, memory, settings(**more))
    return result


@dataclass
class Youtube:
    """https://developers.google.com/youtube/v3/docs: one channel, newest upload first, comments newest first."""

    videos: list[dict[str, Any]] = field(default_factory=list)
    comments: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    replies: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    page_size: int = 50

    def upload(self, id: str, title: str, published: str) -> None:
        self.videos.insert(0, {"id": id, "title": title, "at": published})

    def comment(self, video: str, id: str, words: str, published: str, author: str = "@nguoi.xem") -> None:
        self.comments.setdefault(video, []).insert(0, _comment(id, words, published, author))

    def reply(self, to: str, id: str, words: str, published: str) -> None:
        self.replies.setdefault(to, []).append(_comment(id, words, published, "@nguoi.tra.loi"))

    def install(self, standin: StandIn) -> None:
        for path, handler in {
            "/channels": self._channels, "/playlistItems": self._uploads, "/videos": self._videos,
            "/commentThreads": self._threads, "/comments": self._replies,
        }.items():  # fmt: skip
            standin.handlers[path] = _keyed(handler)

    def _channels(self, query: dict[str, str], seen: Seen) -> Answer:
        if query.get("id", query.get("forHandle")) not in ("UCthu", "@truyenhinhthu"):
            return said({"kind": "youtube#channelListResponse", "pageInfo": {"totalResults": 0}})
        return said({"items": [{"id": "UCthu", "contentDetails": {"relatedPlaylists": {"uploads": "UUthu"}}}]})

    def _uploads(self, query: dict[str, str], seen: Seen) -> Answer:
        items = [
            {
                "snippet": {
                    "publishedAt": each["at"], "title": each["title"], "description": f"Phóng sự: {each['title']}.",
                    "channelTitle": "Truyền hình Thử", "resourceId": {"videoId": each["id"]},
                },
                "contentDetails": {"videoId": each["id"], "videoPublishedAt": each["at"]},
            }
            for each in self.videos
        ]  # fmt: skip
        return self._paged(items, query)

    def _videos(self, query: dict[str, str], seen: Seen) -> Answer:
        wanted = query["id"].split(",")
        assert len(wanted) <= 50
        found = [each for each in self.videos if each["id"] in wanted]
        return said({"items": [self._figures(each) for each in found]})

    def _figures(self, video: dict[str, Any]) -> dict[str, Any]:
        threads = self.comments.get(video["id"], [])
        number = len(threads) + sum(len(self.replies.get(each["id"], [])) for each in threads)
        statistics = {"viewCount": "1520", "likeCount": "37", "commentCount": str(number)}
        snippet = {
            "title": video["title"], "description": f"Phóng sự: {video['title']}.", "publishedAt": video["at"],
            "channelTitle": "Truyền hình Thử",
        }  # fmt: skip
        return {"id": video["id"], "snippet": snippet, "statistics": statistics}

    def _threads(self, query: dict[str, str], seen: Seen) -> Answer:
        if query["videoId"] in self.closed:
            return youtube_error(403, "commentsDisabled")
        items = [
            {
                "id": each["id"],
                "snippet": {"topLevelComment": each, "totalReplyCount": len(self.replies.get(each["id"], []))},
                "replies": {"comments": self.replies.get(each["id"], [])[:2]},
            }
            for each in self.comments.get(query["videoId"], [])
        ]
        return self._paged(items, query)

    def _replies(self, query: dict[str, str], seen: Seen) -> Answer:
        return self._paged(self.replies.get(query["parentId"], []), query)

    def _paged(self, items: list[dict[str, Any]], query: dict[str, str]) -> Answer:
        token = query.get("pageToken", "")
        if token and not token.startswith("CAU"):
            return youtube_error(400, "invalidPageToken")
        start = int(token.removeprefix("CAU") or 0)
        size = min(self.page_size, int(query.get("maxResults", "5")))
        page = {"items": items[start : start + size], "pageInfo": {"totalResults": len(items)}}
        return said(page | ({"nextPageToken": f"CAU{start + size}"} if start + size < len(items) else {}))


def _comment(id: str, words: str, published: str, author: str) -> dict[str, Any]:
    snippet = {
        "textOriginal": words, "textDisplay": words, "authorDisplayName": author, "likeCount": 3,
        "authorChannelUrl": f"http://www.youtube.com/{author}", "publishedAt": published,
    }  # fmt: skip
    return {"id": id, "snippet": snippet}


def _keyed(handler: Handler) -> Handler:
    def checked(query: dict[str, str], seen: Seen) -> Answer:
        assert "key" not in query, "the key must not stand in a URL"
        if seen.headers.get("x-goog-api-key") != KEY:
            error = {
                "code": 400,
                "message": "API key not valid. Please pass a valid API key.",
                "details": [{"reason": "API_KEY_INVALID"}],
            }
            return said({"error": error}, 400)
        return handler(query, seen)

    return checked


def youtube_error(status: int, reason: str) -> Answer:
    return said({"error": {"code": status, "message": reason, "errors": [{"reason": reason}]}}, status)
