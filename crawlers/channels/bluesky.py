"""Bluesky: the public feed of one account, an outlet or an office.

https://docs.bsky.app/docs/api/app-bsky-feed-get-author-feed (open; searching posts needs an app password and is not
done). Limits come as ratelimit-remaining and ratelimit-reset (seconds since 1970).
"""

from __future__ import annotations

from typing import Any

from crawlers.channels.reading import at, counts, identity, moment, records, spoken, text
from crawlers.channels.session import Reply, Session, Trouble, account_call
from crawlers.channels.stream import Page, follow
from crawlers.extract.threads import shortened
from crawlers.post import Post
from crawlers.source import Channel

BASE = "https://public.api.bsky.app"


async def read(session: Session, channel: Channel) -> None:
    async def page(token: str | None) -> Page:
        params = {"actor": channel.account, "filter": "posts_no_replies", "limit": "100"}
        paging = {"cursor": token} if token else {}
        call = account_call(session, "/xrpc/app.bsky.feed.getAuthorFeed", params, paging=paging)
        return parse_feed((await session.get(call)).json(), session.source.id)

    await follow(session, "feed", page)


def judge(reply: Reply) -> Trouble | None:
    """Errors are {error: name, message}."""
    if reply.status < 400:
        return None
    try:
        name = text(at(reply.json(), "error"))
    except Trouble:
        return None
    if name in ("BlockedActor", "BlockedByActor", "AccountTakedown", "AccountDeactivated"):
        return Trouble("gone", "tài khoản Bluesky này không còn công khai")
    if name == "InvalidRequest":
        message = text(at(reply.json(), "message"))
        if "cursor" in message.lower():
            return Trouble("cursor", "mã trang đã cũ")
        return Trouble("gone", "không có tài khoản Bluesky này")
    if name in ("AuthMissing", "AuthenticationRequired", "InvalidToken"):
        return Trouble("refused", "Bluesky chỉ cho người đã đăng nhập xem")
    return None


def parse_feed(record: Any, source: str) -> Page:
    """A page of getAuthorFeed, without what the account only passed on. Ordered by when the service indexed a post."""
    if not isinstance(at(record, "feed"), list):
        raise Trouble("malformed", "máy chủ trả về dữ liệu không đúng dạng")
    posts, times = [], []
    for item in records(at(record, "feed")):
        post, passed_on = at(item, "post"), at(item, "reason", "indexedAt")
        shown = moment(passed_on) or moment(at(post, "indexedAt"))
        # A pinned post stands on top whatever its age: its time says nothing about the place in the feed.
        if shown and not text(at(item, "reason", "$type")).endswith("reasonPin"):
            times.append(shown)
        if passed_on:
            continue
        found = _post(post, source)
        if found is not None:
            posts.append(found)
    return Page(tuple(posts), tuple(times), identity(at(record, "cursor")) or None)


def _post(record: Any, source: str) -> Post | None:
    author, _, key = text(at(record, "uri")).removeprefix("at://").partition("/app.bsky.feed.post/")
    body = spoken(at(record, "record", "text"))
    if not author.startswith("did:") or not key.isalnum() or not body:
        return None
    url = f"https://bsky.app/profile/{author}/post/{key}"
    reactions = counts(
        likes=at(record, "likeCount"), shares=at(record, "repostCount"), comments=at(record, "replyCount")
    )
    return Post(
        url=url, canonical_url=url, source=source, kind="social", title=shortened(body.split("\n")[0]), body=body,
        author=text(at(record, "author", "handle")) or None, method="api:bluesky", reactions=reactions,
        published_at=moment(at(record, "record", "createdAt")) or moment(at(record, "indexedAt")),
    )  # fmt: skip
