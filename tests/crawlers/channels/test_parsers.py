"""Parsers of services' answers take anything: no answer, however odd, breaks them or brings a post without words."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlers.channels import bluesky, facebook, mastodon, press, youtube
from crawlers.channels.reading import moment, spoken
from crawlers.channels.session import Reply, Trouble
from crawlers.post import Post

NAMES = {
    *("items", "id", "snippet", "contentDetails", "videoId", "videoPublishedAt", "title", "publishedAt", "statistics"),
    *("viewCount", "topLevelComment", "replies", "comments", "textOriginal", "authorDisplayName", "likeCount", "data"),
    *("nextPageToken", "message", "created_time", "permalink_url", "reactions", "summary", "total_count", "paging"),
    *(
        "cursors",
        "after",
        "next",
        "feed",
        "post",
        "uri",
        "record",
        "text",
        "createdAt",
        "reason",
        "indexedAt",
        "cursor",
    ),
    *("author", "handle", "did", "content", "account", "acct", "created_at", "spoiler_text", "comment_id", "replys"),
    *("total", "Data", "child_comments", "sender_fullname", "commentId", "commentContent", "createdDate", "totalLike"),
    *("totalAnswer", "error", "errors", "code"),
}
leaves = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from(["2026-11-23T08:00:00Z", "at://did:plc:a/app.bsky.feed.post/3k", "9" * 400, "12", "\ud800"])
)  # fmt: skip
records = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(NAMES)), inner, max_size=6),
    max_leaves=25,
)
BELOW = press.Below("thu", "https://bao.example/a-1234567.html", "1234567")


def posts_of(record: Any) -> list[Post]:
    reply = Reply(200, {}, json.dumps(record), datetime.now(UTC))
    found: list[Post] = []
    for parse in (
        lambda: youtube.parse_uploads(record, "thu").posts,
        lambda: tuple(youtube.parse_videos(record, "thu")),
        lambda: youtube.parse_comments(record, "thu", "v").posts,
        lambda: facebook.parse_feed(record, "thu").posts,
        lambda: facebook.parse_comments(record, "thu", "1_2", "https://www.facebook.com/1_2").posts,
        lambda: mastodon.parse_timeline(record, "thu", "https://mastodon.example").posts,
        lambda: bluesky.parse_feed(record, "thu").posts,
        lambda: press.parse_vnexpress(reply, BELOW).posts,
        lambda: press.parse_tuoitre(reply, BELOW).posts,
        lambda: press.parse_thanhnien(reply, BELOW).posts,
        lambda: press.parse_vietnamnet(reply, BELOW).posts,
    ):
        with suppress(Trouble):
            found += parse()
    return found


@given(records)
@settings(max_examples=120, deadline=None)
def test_any_answer_gives_posts_with_words_or_none(record: Any) -> None:
    for post in posts_of(record):
        assert post.has_text
        assert post.canonical_url.startswith("https://")
        assert all(isinstance(number, int) and number >= 0 for number in post.reactions.values())


@given(records, st.integers(100, 599))
@settings(max_examples=60, deadline=None)
def test_any_answer_can_be_judged(record: Any, status: int) -> None:
    for text in (json.dumps(record), "{", "", "[" * 5_000):
        reply = Reply(status, {"x-app-usage": text}, text, datetime.now(UTC))
        for judge in (youtube.judge, facebook.judge, mastodon.judge, bluesky.judge, press.judge):
            found = judge(reply)
            assert found is None or found.reason


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("@ban.doc Đường này xấu quá", "Đường này xấu quá"),
        ("Gửi về hopthu@ubnd.example nhé", "Gửi về hopthu@ubnd.example nhé"),
        ("@ai@may.example nói đúng\n\n  rồi  ", "nói đúng\nrồi"),
        ("Giá 20.000đ @ chợ", "Giá 20.000đ @ chợ"),
    ],
)
def test_who_is_addressed_is_not_kept(text: str, words: str) -> None:
    assert spoken(text) == words


@pytest.mark.parametrize("value", [None, True, "", "hôm qua lúc nào đó", float("nan"), float("inf"), 10**30, -(10**30)])
def test_times_that_are_none(value: Any) -> None:
    assert moment(value) is None
