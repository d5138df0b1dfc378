"""Mastodon tags and Bluesky feeds: open, paged, limited; robots.txt is asked as for any page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crawlers.sink import MemorySink
from tests.crawlers.channels.standin import StandIn, ago, channel, from_now, run, said, standing_in
from tests.crawlers.server import Answer, Seen

TAG = "/api/v1/timelines/tag/quangtri"
FEED = "/xrpc/app.bsky.feed.getAuthorFeed"


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with standing_in() as made:
        yield made


def status(number: int, words: str, created: str, **more: Any) -> dict[str, Any]:
    return {
        "id": str(1000 + number), "created_at": created, "visibility": "public", "reblog": None, "spoiler_text": "",
        "url": f"https://mastodon.example/@nguoiviet/{number}", "content": f"<p>{words}</p>",
        "account": {"acct": "nguoiviet@mastodon.example", "display_name": "Người Viết"},
        "favourites_count": 5, "reblogs_count": 1, "replies_count": 0,
    } | more  # fmt: skip


def timeline(standin: StandIn, statuses: list[dict[str, Any]], size: int = 40) -> None:
    """Newest first; `max_id` below, the next page named by a Link header, limits in X-RateLimit-*."""

    def answer(query: dict[str, str], seen: Seen) -> Answer:
        below = [each for each in statuses if int(each["id"]) < int(query.get("max_id", "9" * 18))]
        page = below[: min(size, int(query["limit"]))]
        headers = {"X_RateLimit_Limit": "300", "X_RateLimit_Remaining": "299", "X_RateLimit_Reset": ago(minutes=-5)}
        if len(below) > len(page):
            older, newer = f"{standin.url}{TAG}?max_id={page[-1]['id']}", f"{standin.url}{TAG}?min_id={page[0]['id']}"
            headers["Link"] = f'<{older}>; rel="next", <{newer}>; rel="prev"'
        return said(page, **headers)

    standin.handlers[TAG] = answer


def test_a_tag_is_read_page_by_page_and_no_address_holds_the_writers_name(standin: StandIn) -> None:
    words = '<a href="https://x.example/@ai" class="u-url mention">@<span>ai</span></a> Mưa lớn ở Hướng Hóa, đường trơn'
    timeline(standin, [status(n, words, ago(hours=10 - n)) for n in range(9, 0, -1)], size=4)
    memory = MemorySink()
    result = run(memory, channel(standin, "mastodon", "quangtri"))
    assert (result.state, result.new) == ("ok", 9)
    assert [each.get("max_id") for each in standin.asked(TAG)] == [None, "1006", "1002"]
    post = memory.posts[f"{standin.url}/statuses/1009"]
    assert (post.body, post.kind) == ("Mưa lớn ở Hướng Hóa, đường trơn", "social")
    assert post.reactions == {"likes": 5, "shares": 1, "comments": 0}
    assert all("nguoiviet" not in url for url in memory.posts)
    standin.calls.clear()
    assert run(memory, channel(standin, "mastodon", "quangtri")).new == 0
    assert len(standin.calls) == 1


def test_boosts_and_what_is_not_public_are_left_out(standin: StandIn) -> None:
    timeline(standin, [
        status(3, "Chuyển tiếp", ago(hours=1), reblog={"id": "1"}),
        status(2, "Chỉ cho bạn bè", ago(hours=1), visibility="private"),
        status(1, "Chợ Đông Hà họp lại từ hôm nay", ago(hours=2)),
    ])  # fmt: skip
    memory = MemorySink()
    run(memory, channel(standin, "mastodon", "quangtri"))
    assert [post.body for post in memory.posts.values()] == ["Chợ Đông Hà họp lại từ hôm nay"]


def test_a_server_that_wants_a_login_is_a_refusal(standin: StandIn) -> None:
    standin.next_answers = [said({"error": "This method requires an authenticated user"}, 422)]
    result = run(MemorySink(), channel(standin, "mastodon", "quangtri"))
    assert (result.state, "đăng nhập" in result.message) == ("failing", True)


def test_a_spent_limit_waits_until_it_is_reset(standin: StandIn) -> None:
    now = datetime.now(UTC)
    standin.next_answers = [
        said({"error": "Too many requests"}, 429, X_RateLimit_Reset=f"{now + timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}")
    ]
    result = run(MemorySink(), channel(standin, "mastodon", "quangtri"))
    assert timedelta(minutes=4) < from_now(result.resume_at) < timedelta(minutes=6)
    reset = str(int((now + timedelta(minutes=9)).timestamp()))
    standin.next_answers = [said({"error": "RateLimitExceeded"}, 429, RateLimit_Reset=reset)]
    result = run(MemorySink(), channel(standin, "bluesky", "baothu.example"))
    assert timedelta(minutes=8) < from_now(result.resume_at) < timedelta(minutes=10)


def test_robots_close_an_open_api_as_they_close_a_page(standin: StandIn) -> None:
    timeline(standin, [status(1, "Chợ Đông Hà họp lại", ago(hours=2))])
    standin.site.page("/robots.txt", "User-agent: *\nDisallow: /api/\n", Content_Type="text/plain")
    result = run(MemorySink(), channel(standin, "mastodon", "quangtri"))
    assert (result.state, result.message, result.robots) == ("failing", "robots.txt không cho phép", 1)
    assert standin.calls == []


def test_requests_to_inner_addresses_are_refused(standin: StandIn) -> None:
    result = run(MemorySink(), channel(standin, "mastodon", "quangtri"), allow_private=False)
    assert (result.state, result.message) == ("failing", "địa chỉ nội bộ")
    assert standin.site.seen == []


def feed_item(number: int, words: str, created: str, **more: Any) -> dict[str, Any]:
    post = {
        "uri": f"at://did:plc:thu/app.bsky.feed.post/3k{number}", "indexedAt": created,
        "author": {"did": "did:plc:thu", "handle": "baothu.example"},
        "record": {"$type": "app.bsky.feed.post", "text": words, "createdAt": created},
        "likeCount": 8, "repostCount": 2, "replyCount": 1,
    }  # fmt: skip
    return {"post": post} | more


def author_feed(standin: StandIn, items: list[dict[str, Any]], size: int = 100) -> None:
    def answer(query: dict[str, str], seen: Seen) -> Answer:
        if query["actor"] != "baothu.example":
            return said({"error": "InvalidRequest", "message": "Profile not found"}, 400)
        start = int(query.get("cursor", "0"))
        end = start + min(size, int(query["limit"]))
        return said({"feed": items[start:end]} | ({"cursor": str(end)} if end < len(items) else {}))

    standin.handlers[FEED] = answer


def test_an_author_feed_is_read_without_what_is_only_passed_on(standin: StandIn) -> None:
    repost = {"reason": {"$type": "app.bsky.feed.defs#reasonRepost", "indexedAt": ago(hours=1)}}
    pin = {"reason": {"$type": "app.bsky.feed.defs#reasonPin"}}
    author_feed(standin, [
        feed_item(9, "Bài ghim về lịch phát sóng", ago(days=60), **pin),
        feed_item(8, "Của người khác", ago(days=3), **repost),
        *(feed_item(n, f"Tin sáng số {n}: nước sông Hiếu đang rút", ago(hours=20 - n)) for n in range(7, 0, -1)),
    ], size=3)  # fmt: skip
    memory = MemorySink()
    result = run(memory, channel(standin, "bluesky", "baothu.example"))
    assert (result.state, result.new) == ("ok", 7), "a pinned post of old must not end the reading"
    post = memory.posts["https://bsky.app/profile/did:plc:thu/post/3k7"]
    assert (post.kind, post.reactions) == ("social", {"likes": 8, "shares": 2, "comments": 1})
    standin.calls.clear()
    run(memory, channel(standin, "bluesky", "baothu.example"))
    assert len(standin.calls) == 1


def test_an_account_that_is_not_there_is_said(standin: StandIn) -> None:
    author_feed(standin, [])
    result = run(MemorySink(), channel(standin, "bluesky", "khongco.example"))
    assert (result.state, result.message) == ("failing", "không có tài khoản Bluesky này")


def test_a_feed_of_another_shape_is_malformed_not_empty(standin: StandIn) -> None:
    for bad in (said({"items": []}), said([]), said("xin chào")):
        standin.next_answers = [bad]
        result = run(MemorySink(), channel(standin, "bluesky", "baothu.example"))
        assert result.state in ("failing", "partial")
        assert "không đúng dạng" in result.message
