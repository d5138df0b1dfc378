"""YouTube Data API v3: a channel's uploads, their figures, and the comments below them.

https://developers.google.com/youtube/v3/docs (channels, playlistItems, videos, commentThreads, comments: 1 unit a call;
search.list has a quota of its own and is not for watching). The day of the quota begins at midnight in California.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from crawlers.channels.reading import at, count, counts, identity, moment, records, spoken, text
from crawlers.channels.session import Reply, Session, Tolerance, Trouble, account_call
from crawlers.channels.stream import Page, follow
from crawlers.post import Post
from crawlers.source import Channel

BASE = "https://www.googleapis.com/youtube/v3"
CALIFORNIA = ZoneInfo("America/Los_Angeles")
TALKED_ABOUT = timedelta(days=14)  # how long a video's comments are watched
VIDEOS_A_CALL = 50
MOST_REPLY_PAGES = 20  # of one thread in one pass
# error.errors[].reason, and ErrorInfo.reason of newer answers.
_QUOTA = frozenset({"quotaExceeded", "dailyLimitExceeded"})
_PAUSE = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"})
_KEY = frozenset({"keyInvalid", "keyExpired", "accessNotConfigured", "ipRefererBlocked", "API_KEY_INVALID"})
_CLOSED = {
    "commentsDisabled": "video đã tắt bình luận",
    "videoNotFound": "video không còn",
    "playlistNotFound": "danh sách video không còn",
    "channelNotFound": "không có kênh này",
}


async def read(session: Session, channel: Channel) -> None:
    """Uploads first, then the figures of recent videos, then comments where there are more than were read."""
    uploads = await _uploads(session, channel.account)
    videos = _watched(session.recall("videos"), session.now)

    async def page(token: str | None) -> Page:
        paging = {"pageToken": token} if token else {}
        params = {"part": "snippet,contentDetails", "playlistId": uploads, "maxResults": "50"}
        record = (await session.get(account_call(session, "/playlistItems", params, paging=paging, units=1))).json()
        found = parse_uploads(record, session.source.id)
        for id, published in uploaded(record).items():
            if session.now - published < TALKED_ABOUT:
                videos.setdefault(id, {"at": published.isoformat(), "read": 0})
        session.remember("videos", videos)
        return found

    await follow(session, "uploads", page)
    if channel.comments:
        tolerance = Tolerance()
        for id, number in (await _talked_about(session, videos)).items():
            await _comments(session, id, number, videos, tolerance)


async def _uploads(session: Session, account: str) -> str:
    """The playlist of a channel's uploads; asked for once."""
    known = session.recall("channel")
    if known.get("account") == account:
        return str(known["uploads"])
    by = {"id": account} if account.startswith("UC") else {"forHandle": account}
    reply = await session.get(account_call(session, "/channels", {"part": "contentDetails", **by}, units=1))
    found = identity(at(reply.json(), "items", 0, "contentDetails", "relatedPlaylists", "uploads"))
    if not found:
        raise Trouble("gone", _CLOSED["channelNotFound"])
    session.remember("channel", {"account": account, "uploads": found})
    return found


def _watched(known: Mapping[str, Any], now: datetime) -> dict[str, dict[str, Any]]:
    """The videos still watched: id -> when published and how many comments were read."""
    return {id: each for id, each in known.items() if now - datetime.fromisoformat(each["at"]) < TALKED_ABOUT}


async def _talked_about(session: Session, videos: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Keeps the figures of the watched videos; gives those with more comments than were read, and how many."""
    ids, wanted = list(videos), dict[str, int]()
    for start in range(0, len(ids), VIDEOS_A_CALL):
        query = {"part": "snippet,statistics", "id": ",".join(ids[start : start + VIDEOS_A_CALL])}
        record = (await session.get(account_call(session, "/videos", query, units=1))).json()
        session.keep(parse_videos(record, session.source.id))
        for item in records(at(record, "items")):
            id, number = identity(item.get("id")), count(at(item, "statistics", "commentCount")) or 0
            if id in videos and number > videos[id]["read"]:
                wanted[id] = number
    return wanted


async def _comments(
    session: Session, video: str, number: int, videos: dict[str, dict[str, Any]], tolerance: Tolerance
) -> None:
    """The comments of one video; one whose comments are closed or cannot be read holds up no other."""
    params = {"part": "snippet,replies", "videoId": video, "order": "time", "textFormat": "plainText"}

    async def page(token: str | None) -> Page:
        paging = {"pageToken": token} if token else {}
        call = account_call(session, "/commentThreads", {**params, "maxResults": "100"}, paging=paging, units=1)
        record = (await session.get(call)).json()
        for thread in records(at(record, "items")):
            await _replies(session, thread, video)
        return parse_comments(record, session.source.id, video)

    try:
        await follow(session, f"comments:{video}", page)
        tolerance.went_well()
    except Trouble as found:
        if not tolerance.bears(found):
            raise
        session.trouble(account_call(session, "/commentThreads", params).page, found)
        if found.kind != "gone":
            return  # asked again by the next pass
    videos[video]["read"] = number
    session.remember("videos", videos)


async def _replies(session: Session, thread: Mapping[str, Any], video: str) -> None:
    """Keeps the replies that the thread did not bring along."""
    id = identity(at(thread, "snippet", "topLevelComment", "id"))
    along = len(list(records(at(thread, "replies", "comments"))))
    if not id or (count(at(thread, "snippet", "totalReplyCount")) or 0) <= along:
        return
    token = ""
    for _ in range(MOST_REPLY_PAGES):
        params = {"part": "snippet", "parentId": id, "maxResults": "100", "textFormat": "plainText"}
        paging = {"pageToken": token} if token else {}
        record = (await session.get(account_call(session, "/comments", params, paging=paging, units=1))).json()
        replies = records(at(record, "items"))
        session.keep([post for each in replies if (post := _comment(each, session.source.id, video))])
        token = identity(at(record, "nextPageToken"))
        if not token:
            return


def judge(reply: Reply) -> Trouble | None:
    """What is wrong with an answer; None for one to read. Error shape: {error: {code, message, errors: [{reason}]}}."""
    if reply.status < 400:
        return None
    try:
        record = reply.json()
    except Trouble:
        record = None
    reasons = {identity(each.get("reason")) for each in records(at(record, "error", "errors"))}
    reasons |= {identity(each.get("reason")) for each in records(at(record, "error", "details"))}
    if reasons & _QUOTA:
        return Trouble("quota", "YouTube báo đã hết hạn mức trong ngày", next_day(reply.at))
    if reasons & _PAUSE or reply.status == 429:
        return Trouble("error", "YouTube yêu cầu giảm tốc độ", reply.at + timedelta(minutes=5))
    for reason, words in _CLOSED.items():
        if reason in reasons:
            return Trouble("gone", words)
    if "invalidPageToken" in reasons:
        return Trouble("cursor", "mã trang đã cũ")
    if reasons & _KEY or reply.status == 401 or "API key" in text(at(record, "error", "message")):
        return Trouble("key", "YouTube không nhận khóa truy cập")
    return None


def next_day(now: datetime) -> datetime:
    """When the next day of the quota begins."""
    tomorrow = now.astimezone(CALIFORNIA).date() + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=CALIFORNIA)


def uploaded(record: Any) -> dict[str, datetime]:
    """Video -> publication, of a page of the uploads; private and deleted ones have none and are left out."""
    found = {}
    for item in records(at(record, "items")):
        id = identity(at(item, "contentDetails", "videoId"))
        published = moment(at(item, "contentDetails", "videoPublishedAt"))
        if id and published:
            found[id] = published
    return found


def parse_uploads(record: Any, source: str) -> Page:
    """A page of playlistItems."""
    found = []
    for item in records(at(record, "items")):
        id, published = identity(at(item, "contentDetails", "videoId")), at(item, "contentDetails", "videoPublishedAt")
        if id and moment(published):
            found.append(_video(id, at(item, "snippet"), source, moment(published), {}))
    times = [moment(at(item, "snippet", "publishedAt")) for item in records(at(record, "items"))]
    token = identity(at(record, "nextPageToken")) or None
    return Page(tuple(each for each in found if each), tuple(each for each in times if each), token)


def parse_videos(record: Any, source: str) -> list[Post]:
    """The videos of an answer of videos.list, with their figures."""
    found = []
    for item in records(at(record, "items")):
        figures = at(item, "statistics")
        reactions = counts(
            views=at(figures, "viewCount"), likes=at(figures, "likeCount"), comments=at(figures, "commentCount")
        )
        published = moment(at(item, "snippet", "publishedAt"))
        found.append(_video(identity(item.get("id")), at(item, "snippet"), source, published, reactions))
    return [each for each in found if each]


def parse_comments(record: Any, source: str, video: str) -> Page:
    """A page of commentThreads: each thread's first comment and the replies that came along."""
    posts, times = list[Post | None](), []
    for thread in records(at(record, "items")):
        top = at(thread, "snippet", "topLevelComment")
        times.append(moment(at(top, "snippet", "publishedAt")))
        posts += [_comment(each, source, video) for each in (top, *records(at(thread, "replies", "comments")))]
    token = identity(at(record, "nextPageToken")) or None
    return Page(tuple(each for each in posts if each), tuple(each for each in times if each), token)


def _video(id: str, snippet: Any, source: str, published: datetime | None, reactions: dict[str, int]) -> Post | None:
    title = spoken(at(snippet, "title"))
    if not id or not title:
        return None
    url = f"https://www.youtube.com/watch?v={id}"
    return Post(
        url=url, canonical_url=url, source=source, kind="video", title=title, body=spoken(at(snippet, "description")),
        author=text(at(snippet, "channelTitle")) or None, published_at=published, method="api:youtube",
        reactions=reactions,
    )  # fmt: skip


def _comment(record: Any, source: str, video: str) -> Post | None:
    id, snippet = identity(at(record, "id")), at(record, "snippet")
    body = spoken(at(snippet, "textOriginal") or at(snippet, "textDisplay"))
    if not id or not body:
        return None
    parent = f"https://www.youtube.com/watch?v={video}"
    url = f"{parent}&lc={id}"
    return Post(
        url=url, canonical_url=url, source=source, kind="comment", body=body, method="api:youtube", parent_url=parent,
        author=text(at(snippet, "authorDisplayName")) or None, published_at=moment(at(snippet, "publishedAt")),
        reactions=counts(likes=at(snippet, "likeCount")),
    )  # fmt: skip
