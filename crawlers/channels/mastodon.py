"""Mastodon: the public timeline of a tag on one server.

https://docs.joinmastodon.org/methods/timelines/ (tag: `max_id` pages back, `Link` names the next page) and
https://docs.joinmastodon.org/api/rate-limits/ (300 calls in 5 minutes, X-RateLimit-Remaining and -Reset).
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from crawlers.channels.reading import at, counts, identity, moment, records, spoken_html, text
from crawlers.channels.session import Reply, Session, Trouble, account_call
from crawlers.channels.stream import Page, follow
from crawlers.extract.threads import shortened
from crawlers.post import Post
from crawlers.source import Channel

BASE = "https://mastodon.social"
_NEXT = re.compile(r'<([^<>]+)>\s*;[^,<]*\brel="?next"?')
_ADDRESSED = (".mention:not(.hashtag)", ".invisible", ".quote-inline")


async def read(session: Session, channel: Channel) -> None:
    async def page(token: str | None) -> Page:
        paging = {"max_id": token} if token else {}
        path = f"/api/v1/timelines/tag/{quote(channel.account, safe='')}"
        reply = await session.get(account_call(session, path, {"limit": "40"}, paging=paging))
        return parse_timeline(reply.json(), session.source.id, session.base, reply.headers.get("link", ""))

    await follow(session, "tag", page)


def judge(reply: Reply) -> Trouble | None:
    if reply.status in (401, 403, 422):
        return Trouble("refused", "máy chủ Mastodon này chỉ cho người đã đăng nhập xem")
    return None


def next_id(link: str) -> str | None:
    """The `max_id` of the next page out of a Link header; None on the last page."""
    match = _NEXT.search(link[:4_000])
    if match is None:
        return None
    found = parse_qs(urlsplit(match[1]).query).get("max_id", [""])[0]
    return found if found.isalnum() and len(found) <= 40 else None


def parse_timeline(record: Any, source: str, base: str, link: str = "") -> Page:
    """A page of statuses. Only public ones that are no boosts; an answer is a list, anything else is malformed.

    The address is the status's number on the server that was asked: its own would hold the writer's name.
    """
    if not isinstance(record, list):
        raise Trouble("malformed", "máy chủ trả về dữ liệu không đúng dạng")
    posts, times = [], []
    for status in records(record):
        id, created = identity(status.get("id")), moment(status.get("created_at"))
        if created:
            times.append(created)
        if not id or status.get("reblog") or status.get("visibility", "public") != "public":
            continue
        warning = text(status.get("spoiler_text"))
        body = "\n".join(part for part in (warning, spoken_html(status.get("content"), _ADDRESSED)) if part)
        if not body:
            continue
        url = f"{base.rstrip('/')}/statuses/{id}"
        reactions = counts(
            likes=status.get("favourites_count"), shares=status.get("reblogs_count"),
            comments=status.get("replies_count"),
        )  # fmt: skip
        posts.append(Post(
            url=url, canonical_url=url, source=source, kind="social", title=shortened(body.split("\n")[0]), body=body,
            author=text(at(status, "account", "acct")) or None, published_at=created, method="api:mastodon",
            reactions=reactions,
        ))  # fmt: skip
    return Page(tuple(posts), tuple(times), next_id(link))
