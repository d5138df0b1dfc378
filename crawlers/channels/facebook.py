"""Facebook Pages by the Graph API: a page's feed and the comments below its posts.

https://developers.facebook.com/docs/graph-api (/{page}/feed, /{post}/comments, cursors). Who wrote is never asked for:
`from` is in no list of fields. Apps with Page Public Content Access get comments without ids.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from crawlers.channels.reading import at, count, counts, identity, moment, records, spoken, text
from crawlers.channels.session import Reply, Session, Tolerance, Trouble, account_call
from crawlers.channels.stream import Page, follow
from crawlers.extract.canonical import host
from crawlers.extract.threads import shortened
from crawlers.post import Post
from crawlers.source import Channel

BASE = "https://graph.facebook.com/v23.0"
TALKED_ABOUT = timedelta(days=14)
_FEED = (
    "id,message,created_time,permalink_url,shares,"
    "reactions.limit(0).summary(total_count),comments.limit(0).summary(total_count)"
)
_COMMENTS = "id,message,created_time,like_count,comment_count"
# https://developers.facebook.com/docs/graph-api/guides/error-handling and .../overview/rate-limiting
_TOKEN = frozenset({102, 190})
_RIGHTS = frozenset({3, 10, *range(200, 300)})
_LIMITS = frozenset({4, 17, 32, 341, 613, *range(80000, 80015)})
_EXPIRED = 463
_PAUSE = timedelta(hours=1)  # limits are counted over an hour
_USAGE = ("x-business-use-case-usage", "x-app-usage", "x-page-usage")
_EPOCH = datetime.fromtimestamp(0, UTC)


async def read(session: Session, channel: Channel) -> None:
    """The feed, then the comments of recent posts that have more of them than were read."""
    heard = session.recall("comments")
    waiting: dict[str, tuple[str, int]] = {}

    async def page(token: str | None) -> Page:
        paging = {"after": token} if token else {}
        call = account_call(session, f"/{channel.account}/feed", {"fields": _FEED, "limit": "50"}, paging=paging)
        record = (await session.get(call)).json()
        for id, url, number in discussed(record):
            created = moment(at(_item(record, id), "created_time"))
            if created and session.now - created < TALKED_ABOUT and number > int(heard.get(id, 0)):
                waiting[id] = (url, number)
        return parse_feed(record, session.source.id)

    await follow(session, "feed", page)
    if channel.comments:
        tolerance = Tolerance()
        for id, (url, number) in waiting.items():
            if not await _comments(session, id, url, tolerance):
                continue
            heard = {**dict(list(heard.items())[-500:]), id: number}
            session.remember("comments", heard)


async def _comments(session: Session, post: str, parent: str, tolerance: Tolerance) -> bool:
    """The comments of one post; trouble with them holds up no other post. False: they are still to be read."""
    params = {"fields": _COMMENTS, "filter": "stream", "order": "reverse_chronological", "limit": "100"}

    async def page(token: str | None) -> Page:
        paging = {"after": token} if token else {}
        record = (await session.get(account_call(session, f"/{post}/comments", params, paging=paging))).json()
        return parse_comments(record, session.source.id, post, parent)

    try:
        await follow(session, f"comments:{post}", page)
        tolerance.went_well()
    except Trouble as found:
        if not tolerance.bears(found):
            raise
        session.trouble(account_call(session, f"/{post}/comments", params).page, found)
        return found.kind == "gone"
    return True


def judge(reply: Reply) -> Trouble | None:
    """What is wrong with an answer; None for one to read. Errors are {error: {code, error_subcode, message}}."""
    try:
        error = at(reply.json(), "error")
    except Trouble:
        return None
    if not isinstance(error, dict):
        return None
    code, subcode = count(error.get("code")), count(error.get("error_subcode"))
    if code in _TOKEN:
        ran_out = subcode == _EXPIRED or "expired" in text(error.get("message"))
        words = "khóa truy cập Facebook đã hết hạn" if ran_out else "Facebook không nhận khóa truy cập"
        return Trouble("key", f"{words} (mã {code})")
    if code in _RIGHTS:
        return Trouble("key", f"khóa truy cập Facebook không có quyền đọc trang này (mã {code})")
    if code in _LIMITS:
        wait = _wait(reply.headers)
        return Trouble("quota", f"đã hết hạn mức Facebook (mã {code})", reply.at + wait)
    if code == 100 and subcode == 33:
        return Trouble("gone", "trang hoặc bài không còn, hoặc không công khai")
    if code == 100 and "cursor" in text(error.get("message")).lower():
        return Trouble("cursor", "mã trang đã cũ")
    return Trouble("error", f"Facebook báo lỗi (mã {code})")


def _wait(headers: Mapping[str, str]) -> timedelta:
    """How long until calls are taken again: `estimated_time_to_regain_access` (minutes) of the usage headers."""
    longest = 0
    for name in _USAGE:
        try:
            usage = Reply(200, {}, headers.get(name, "null"), _EPOCH).json()
        except Trouble:
            continue
        for uses in usage.values() if isinstance(usage, dict) else ():
            for use in records(uses):
                longest = max(longest, count(use.get("estimated_time_to_regain_access")) or 0)
    return timedelta(minutes=min(longest, 24 * 60)) if longest else _PAUSE


def discussed(record: Any) -> list[tuple[str, str, int]]:
    """Post id, its address, how many comments it has; of a page of the feed."""
    found = []
    for item in records(at(record, "data")):
        id, number = identity(item.get("id")), count(at(item, "comments", "summary", "total_count")) or 0
        if id and number:
            found.append((id, _address(item, id), number))
    return found


def _item(record: Any, id: str) -> Any:
    return next((item for item in records(at(record, "data")) if item.get("id") == id), None)


def parse_feed(record: Any, source: str) -> Page:
    """A page of /{page}/feed. Posts without words of their own (a shared picture) are left out."""
    posts, times = [], []
    for item in records(at(record, "data")):
        id, body, created = identity(item.get("id")), spoken(item.get("message")), moment(item.get("created_time"))
        if created:
            times.append(created)
        if not id or not body:
            continue
        url = _address(item, id)
        reactions = counts(
            reactions=at(item, "reactions", "summary", "total_count"),
            comments=at(item, "comments", "summary", "total_count"),
            shares=at(item, "shares", "count"),
        )
        posts.append(Post(
            url=url, canonical_url=f"https://www.facebook.com/{id}", source=source, kind="social",
            title=shortened(body.split("\n")[0]), body=body, published_at=created, method="api:facebook",
            reactions=reactions,
        ))  # fmt: skip
    return Page(tuple(posts), tuple(times), _after(record))


def parse_comments(record: Any, source: str, post: str, parent: str) -> Page:
    """A page of /{post}/comments; a comment without an id is known by its post, its time and its words."""
    posts, times = [], []
    canonical = f"https://www.facebook.com/{post}"
    for item in records(at(record, "data")):
        body, created = spoken(item.get("message")), moment(item.get("created_time"))
        if created:
            times.append(created)
        if not body:
            continue
        id = identity(item.get("id")).rpartition("_")[2] or _anonymous(post, text(item.get("created_time")), body)
        posts.append(Post(
            url=f"{parent}{'&' if '?' in parent else '?'}comment_id={id}", canonical_url=f"{canonical}?comment_id={id}",
            source=source, kind="comment", body=body, published_at=created, method="api:facebook",
            parent_url=canonical, reactions=counts(likes=item.get("like_count"), comments=item.get("comment_count")),
        ))  # fmt: skip
    return Page(tuple(posts), tuple(times), _after(record))


def _anonymous(post: str, created: str, body: str) -> str:
    return "x" + hashlib.sha256(f"{post}\x1f{created}\x1f{body}".encode()).hexdigest()[:16]


def _address(item: Mapping[str, Any], id: str) -> str:
    """The post's own address when it is one of Facebook; an answer may not send readers elsewhere."""
    url = text(item.get("permalink_url"))
    trusted = url.startswith("https://") and (host(url) == "facebook.com" or host(url).endswith(".facebook.com"))
    return url if trusted else f"https://www.facebook.com/{id}"


def _after(record: Any) -> str | None:
    """The next page's cursor. `paging.next` holds the token of the app, so it is only asked whether it is there."""
    more = at(record, "paging", "next")
    return identity(at(record, "paging", "cursors", "after")) or None if more else None
