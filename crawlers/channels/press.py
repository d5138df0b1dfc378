"""Readers' comments below articles of four newspapers, by the endpoints their own pages use.

Unofficial and unversioned (shapes: facts of 2026), so each is off until somebody switches its source on. Only articles
that concern the province are asked about, more often while they are young.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from crawlers.channels.reading import at, count, counts, identity, moment, records, spoken_html, text
from crawlers.channels.session import Call, Reply, Session, Tolerance, Trouble
from crawlers.extract.text import Node, clean, paragraphs, parse, remove
from crawlers.post import Post
from crawlers.source import Channel

WATCHED = timedelta(days=3)
# An article of this age is asked about again after this pause.
_PAUSES = (
    (timedelta(hours=6), timedelta(minutes=30)),
    (timedelta(days=1), timedelta(hours=2)),
    (WATCHED, timedelta(hours=8)),
)
MOST_PAGES = 20  # of one article's comments, and of one comment's replies
_VIETNAM = timezone(timedelta(hours=7))


@dataclass(frozen=True, slots=True)
class Below:
    """Where comments stand: the source that reads them, the article's canonical URL, its number at the outlet."""

    source: str
    article: str
    number: str


@dataclass(frozen=True, slots=True)
class Batch:
    """A page of comments with the replies it brings; `partly`: comments with more replies than it brings."""

    posts: tuple[Post, ...] = ()
    partly: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outlet:
    """`number` finds the article's number in its path; `comments` and `replies` make the call for a page (from 0)."""

    base: str
    number: re.Pattern[str]
    comments: Callable[[str, Below, int], Call]
    parse: Callable[[Reply, Below], Batch]
    replies: Callable[[str, Below, str, int], Call] | None = None


async def read(session: Session, channel: Channel) -> None:
    outlet, asked = OUTLETS[channel.service], session.recall("asked")
    articles = session.articles(channel.account, session.now - WATCHED)
    known = {url for url, _ in articles}
    asked = {url: when for url, when in asked.items() if url in known}
    tolerance = Tolerance()
    for url, published in articles:
        number = outlet.number.search(urlsplit(url).path)
        if number is None or not _due(asked.get(url), session.now - published, session.now):
            continue
        below = Below(session.source.id, url, number[1])
        try:
            await _article(session, outlet, below)
            tolerance.went_well()
        except Trouble as found:
            if not tolerance.bears(found):
                raise
            session.trouble(outlet.comments(session.base, below, 0).page, found)
        asked[url] = session.now.isoformat()
        session.remember("asked", asked)


def _due(asked: str | None, age: timedelta, now: datetime) -> bool:
    if asked is None:
        return True
    pause = next((pause for limit, pause in _PAUSES if age < limit), _PAUSES[-1][1])
    return now - datetime.fromisoformat(asked) >= pause


async def _article(session: Session, outlet: Outlet, below: Below) -> None:
    partly = await _pages(session, outlet, below, partial(outlet.comments, session.base, below))
    if outlet.replies is not None:
        for comment in partly:
            await _pages(session, outlet, below, partial(outlet.replies, session.base, below, comment))


async def _pages(session: Session, outlet: Outlet, below: Below, call: Callable[[int], Call]) -> list[str]:
    """Keeps page after page until one brings nothing new. Returns the comments with more replies."""
    seen, partly = set[str](), list[str]()
    for page in range(MOST_PAGES):
        batch = outlet.parse(await session.get(call(page)), below)
        fresh = [post for post in batch.posts if post.canonical_url not in seen]
        if not fresh:
            break
        seen |= {post.canonical_url for post in fresh}
        session.keep(fresh)
        partly += batch.partly
    return partly


def judge(reply: Reply) -> Trouble | None:
    return None


def _post(below: Below, id: str, body: str, author: str, written: datetime | None, likes: Any, parent: str) -> Post:
    url = f"{below.article}#comment-{id}"
    return Post(
        url=url, canonical_url=url, source=below.source, kind="comment", body=body, author=author or None,
        published_at=written, method="api:comments", parent_url=parent, reactions=counts(likes=likes),
    )  # fmt: skip


def _json(reply: Reply, *path: str) -> Any:
    """The list at this path of the answer. Raises Trouble when there is none."""
    found = at(reply.json(), *path)
    if not isinstance(found, list):
        raise Trouble("malformed", "máy chủ trả về dữ liệu không đúng dạng")
    return found


# VnExpress: {error, data: {total, items: [{comment_id, content, full_name, creation_time, userlike,
# replys: {total, items}}]}}


def _vnexpress(base: str, below: Below, page: int) -> Call:
    params = {"objectid": below.number, "objecttype": "1", "siteid": "1000000", "sort": "like", "limit": "24"}
    return Call(f"{base}/index/get", params, {"offset": str(page * 24)})


def _vnexpress_replies(base: str, below: Below, comment: str, page: int) -> Call:
    params = {"objectid": below.number, "objecttype": "1", "siteid": "1000000", "id": comment, "limit": "24"}
    return Call(f"{base}/index/getreplay", params, {"offset": str(page * 24)})


def parse_vnexpress(reply: Reply, below: Below) -> Batch:
    if at(reply.json(), "data") == []:  # how it says that an article has none
        return Batch()
    posts, partly = [], []
    for item in records(_json(reply, "data", "items")):
        along = list(records(at(item, "replys", "items")))
        if (count(at(item, "replys", "total")) or 0) > len(along) and identity(item.get("comment_id")):
            partly.append(identity(item.get("comment_id")))
        for each in (item, *along):
            id, body = identity(each.get("comment_id")), spoken_html(each.get("content"))
            if id and body:
                written, author = moment(each.get("creation_time")), text(each.get("full_name"))
                posts.append(_post(below, id, body, author, written, each.get("userlike"), below.article))
    return Batch(tuple(posts), tuple(partly))


# Tuổi Trẻ: {Success, Data: "<JSON text of a list>"}; replies in child_comments


def _tuoitre(base: str, below: Below, page: int) -> Call:
    params = {"objId": below.number, "objType": "1", "sort": "2", "pagesize": "20"}
    return Call(f"{base}/api/getlist-comment.api", params, {"pageindex": str(page + 1)})


def parse_tuoitre(reply: Reply, below: Below) -> Batch:
    data = at(reply.json(), "Data")
    if data in (None, ""):
        return Batch()
    if isinstance(data, str):
        data = Reply(reply.status, reply.headers, data, reply.at).json()
    if not isinstance(data, list):
        raise Trouble("malformed", "máy chủ trả về dữ liệu không đúng dạng")
    posts = []
    for item in records(data):
        for each in (item, *records(item.get("child_comments"))):
            id, body = identity(each.get("id")), spoken_html(each.get("content"))
            if id and body:
                written, author = moment(each.get("published_date")), text(each.get("sender_fullname"))
                posts.append(_post(below, id, body, author, written, _sum(each.get("reactions")), below.article))
    return Batch(tuple(posts))


def _sum(reactions: Any) -> int | None:
    """All kinds of reactions together; Tuổi Trẻ numbers the kinds."""
    if not isinstance(reactions, Mapping):
        return None
    return sum(number for value in reactions.values() if (number := count(value)) is not None)


# Thanh Niên: a fragment of HTML, .item.box_cm[data-cmid], replies inside as .item-reply; times as MM/DD/YYYY HH:MM:SS

_WORDS = (".item-content", ".cm-content", ".content-comment", ".contentcomment", ".content", "p")
_NAMES = (".item-name", ".name", ".user-name", "h4", "strong")
_LIKES = (".count-like", ".like-count", ".item-liked", ".number-like")
_TIMES = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}) (\d{1,2}):(\d{2})(?::(\d{2}))?")


def _thanhnien(base: str, below: Below, page: int) -> Call:
    params = {"NewsID": below.number, "Order": "like", "pageSize": "24", "iObjectType": "1", "SiteName": "thanhnien"}
    return Call(f"{base}/api/ajax/ListComment.htm", params, {"page": str(page + 1)}, fragment=True)


def parse_thanhnien(reply: Reply, below: Below) -> Batch:
    tree = parse(f"<body>{reply.text}</body>")
    posts = []
    for node in tree.css(".item.box_cm[data-cmid]"):
        replies = [_comment_node(each, below) for each in node.css(".item-reply[data-cmid]")]
        remove(node, (".item-reply",))
        posts += [each for each in (_comment_node(node, below), *replies) if each]
    return Batch(tuple(posts))


def _comment_node(node: Node, below: Below) -> Post | None:
    id = identity(node.attributes.get("data-cmid"))
    author = _first(node, _NAMES)
    words = next((found for selector in _WORDS if (found := node.css_first(selector))), None)
    body = spoken_html(words.html if words else "", _NAMES)
    stamps = (_TIMES.search(each.attributes.get("title") or "") for each in node.css("[title]"))
    stamp = next((each for each in stamps if each), None)
    if not id or not body:
        return None
    return _post(below, id, body, author, _american(stamp), _first(node, _LIKES), below.article)


def _first(node: Node, selectors: tuple[str, ...]) -> str:
    found = next((found for selector in selectors if (found := node.css_first(selector))), None)
    return clean(" ".join(paragraphs(found))) if found else ""


def _american(match: re.Match[str] | None) -> datetime | None:
    if match is None:
        return None
    month, day, year, hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=_VIETNAM).astimezone(UTC)
    except ValueError:
        return None


# VietNamNet: {status, data: {comments: [{commentId, commentContent, createdDate, totalLike, userName, totalAnswer}]}};
# replies by the same call with ParentId


def _vietnamnet(base: str, below: Below, page: int) -> Call:
    params = {"ObjectId": below.number, "WebsiteId": "000003", "PageSize": "24"}
    return Call(f"{base}/api/Comment/Gets", params, {"PageIndex": str(page)})


def _vietnamnet_replies(base: str, below: Below, comment: str, page: int) -> Call:
    params = {"ObjectId": below.number, "WebsiteId": "000003", "PageSize": "24", "ParentId": comment}
    return Call(f"{base}/api/Comment/Gets", params, {"PageIndex": str(page)})


def parse_vietnamnet(reply: Reply, below: Below) -> Batch:
    posts, partly = [], []
    for item in records(_json(reply, "data", "comments")):
        id, body = identity(item.get("commentId")), spoken_html(item.get("commentContent"))
        if not id or not body:
            continue
        written, author = moment(item.get("createdDate")), text(item.get("userName"))
        posts.append(_post(below, id, body, author, written, item.get("totalLike"), below.article))
        if count(item.get("totalAnswer")):
            partly.append(id)
    return Batch(tuple(posts), tuple(partly))


_NUMBER_HTM = re.compile(r"-(\d{15,20})\.htm$")
_NUMBER_HTML = re.compile(r"-(\d{6,9})\.html$")
OUTLETS: Mapping[str, Outlet] = {
    "vnexpress-comments": Outlet(
        "https://usi-saas.vnexpress.net", _NUMBER_HTML, _vnexpress, parse_vnexpress, _vnexpress_replies
    ),
    "tuoitre-comments": Outlet("https://id.tuoitre.vn", _NUMBER_HTM, _tuoitre, parse_tuoitre),
    "thanhnien-comments": Outlet("https://eth2.cnnd.vn", _NUMBER_HTM, _thanhnien, parse_thanhnien),
    "vietnamnet-comments": Outlet(
        "https://comment.vietnamnet.vn", _NUMBER_HTML, _vietnamnet, parse_vietnamnet, _vietnamnet_replies
    ),
}
