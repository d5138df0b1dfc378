"""YouTube: uploads, figures, comments and replies; quota, errors, paging, what is remembered between passes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from crawlers.channels.youtube import next_day
from crawlers.sink import MemorySink
from crawlers.source import Politeness, Source
from tests.crawlers.channels.standin import (
    KEY,
    NOW,
    StandIn,
    Youtube,
    ago,
    channel,
    run,
    said,
    standing_in,
    youtube_error,
)
from tests.crawlers.server import Answer

WATCH = "https://www.youtube.com/watch?v="


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with standing_in() as made:
        yield made


@pytest.fixture
def tube(standin: StandIn) -> Youtube:
    made = Youtube()
    made.upload("vid1", "Nước lũ rút, người dân Cồn Sẻ dọn bùn", ago(days=3))
    made.upload("vid2", "Cầu Thạch Hãn thông xe một chiều", ago(hours=5))
    made.install(standin)
    return made


def source(standin: StandIn, **more: object) -> Source:
    return channel(standin, "youtube", "UCthu", kind="video", **more)


def test_uploads_with_their_figures_and_comments_reach_the_sink(standin: StandIn, tube: Youtube) -> None:
    tube.comment("vid2", "c1", "@truyenhinhthu Cầu thông xe rồi mà đường dẫn còn xấu quá!", ago(hours=2))
    memory = MemorySink()
    result = run(memory, source(standin))
    assert (result.state, result.new) == ("ok", 3)
    video, comment = memory.posts[WATCH + "vid2"], memory.posts[WATCH + "vid2&lc=c1"]
    assert (video.kind, video.title, video.author) == ("video", "Cầu Thạch Hãn thông xe một chiều", "Truyền hình Thử")
    assert video.reactions == {"views": 1520, "likes": 37, "comments": 1}
    assert (comment.kind, comment.parent_url, comment.author) == ("comment", WATCH + "vid2", "@nguoi.xem")
    assert comment.body == "Cầu thông xe rồi mà đường dẫn còn xấu quá!"
    assert comment.reactions == {"likes": 3}
    assert comment.published_at == NOW - timedelta(hours=2)


def test_a_second_pass_asks_for_the_newest_page_only_and_for_no_comments_that_are_read(
    standin: StandIn, tube: Youtube
) -> None:
    tube.comment("vid2", "c1", "Chờ cây cầu này lâu lắm rồi.", ago(hours=2))
    memory = MemorySink()
    run(memory, source(standin))
    standin.calls.clear()
    result = run(memory, source(standin))
    assert [path for path, _ in standin.calls] == ["/playlistItems", "/videos"]
    assert (result.new, result.state) == (0, "ok")
    tube.comment("vid2", "c2", "Buổi tối chưa có đèn, đi phải cẩn thận.", ago(minutes=5))
    assert run(memory, source(standin)).new == 1


def test_every_page_is_followed_down_to_the_age_that_counts(standin: StandIn, tube: Youtube) -> None:
    tube.page_size = 2
    for day in range(4, 60, 4):
        tube.videos.append({"id": f"old{day}", "title": f"Bản tin ngày thứ {day}", "at": ago(days=day)})
    memory = MemorySink()
    run(memory, source(standin))
    known = {post.canonical_url.removeprefix(WATCH) for post in memory.posts.values()}
    assert known == {"vid1", "vid2", *(f"old{day}" for day in range(4, 36, 4))}
    assert len(standin.asked("/playlistItems")) <= 7


def test_a_pass_that_breaks_off_leaves_no_gap(standin: StandIn, tube: Youtube) -> None:
    tube.page_size = 2
    tube.videos = [{"id": f"v{n}", "title": f"Bản tin số {n}", "at": ago(hours=n)} for n in range(1, 11)]
    memory = MemorySink()
    first = run(memory, source(standin, politeness=Politeness(max_articles=3), api={"comments": False}))
    assert (first.new, first.message) == (4, "còn trang chưa đọc, lượt sau đọc tiếp")
    for n in (12, 11):
        tube.videos.insert(0, {"id": f"new{n}", "title": f"Bản tin mới {n}", "at": ago(minutes=n)})
    for _ in range(4):
        run(memory, source(standin, politeness=Politeness(max_articles=3), api={"comments": False}))
    assert len(memory.posts) == 12


def test_a_page_token_that_went_stale_is_made_up_for_from_the_top(standin: StandIn, tube: Youtube) -> None:
    tube.page_size = 2
    tube.videos = [{"id": f"v{n}", "title": f"Bản tin số {n}", "at": ago(hours=n)} for n in range(1, 7)]
    memory = MemorySink()
    asked = source(standin, api={"comments": False})
    memory.remember(asked.id, "uploads", {"mark": ago(minutes=1), "gaps": [{"next": "cu-ky", "until": ago(days=20)}]})
    result = run(memory, asked)
    assert len(memory.posts) == 6
    assert result.state == "partial"
    assert memory.recall(asked.id, "uploads")["gaps"] == []


def test_replies_that_a_thread_does_not_bring_along_are_asked_for(standin: StandIn, tube: Youtube) -> None:
    tube.comment("vid2", "c1", "Đường vào cầu ngập khi mưa.", ago(hours=4))
    for n in range(6):
        tube.reply("c1", f"c1.r{n}", f"Bên tôi cũng thấy vậy, lần thứ {n}.", ago(hours=3 - n / 4))
    memory = MemorySink()
    run(memory, source(standin))
    replies = [post for url, post in memory.posts.items() if "&lc=c1.r" in url]
    assert len(replies) == 6
    assert {post.parent_url for post in replies} == {WATCH + "vid2"}


def test_closed_comments_of_one_video_hold_up_no_other(standin: StandIn, tube: Youtube) -> None:
    tube.comment("vid1", "a", "Dọn bùn xong cần nước sạch.", ago(hours=2))
    tube.comment("vid2", "b", "Cầu đẹp.", ago(hours=2))
    tube.closed.add("vid2")
    memory = MemorySink()
    result = run(memory, source(standin))
    assert WATCH + "vid1&lc=a" in memory.posts
    assert (result.state, "video đã tắt bình luận" in result.message) == ("partial", True)


def test_a_video_whose_comments_the_service_cannot_read_holds_up_no_other_and_is_asked_again(
    standin: StandIn, tube: Youtube
) -> None:
    tube.comment("vid1", "a", "Dọn bùn xong cần nước sạch.", ago(hours=2))
    tube.comment("vid2", "b", "Cầu đẹp.", ago(hours=2))
    threads = standin.handlers["/commentThreads"]
    standin.handlers["/commentThreads"] = lambda query, seen: (
        youtube_error(400, "processingFailure") if query["videoId"] == "vid2" else threads(query, seen)
    )
    memory = MemorySink()
    assert run(memory, source(standin)).state == "partial"
    assert WATCH + "vid1&lc=a" in memory.posts
    standin.handlers["/commentThreads"] = threads
    assert run(memory, source(standin)).state == "ok"
    assert WATCH + "vid2&lc=b" in memory.posts


def test_without_a_key_the_source_says_so_and_nothing_is_asked(standin: StandIn, tube: Youtube) -> None:
    memory = MemorySink()
    result = run(memory, source(standin), keys={})
    assert (result.state, result.message, result.requests) == ("needs_key", "cần khóa truy cập", 0)
    assert standin.calls == []
    assert memory.outcomes == {}


def test_a_key_that_is_not_valid_is_a_matter_of_the_key(standin: StandIn, tube: Youtube) -> None:
    from pydantic import SecretStr

    result = run(MemorySink(), source(standin), keys={"youtube_key": SecretStr("sai")})
    assert (result.state, result.message) == ("needs_key", "YouTube không nhận khóa truy cập")


def test_the_key_stands_in_no_url_and_in_nothing_that_is_kept(standin: StandIn, tube: Youtube) -> None:
    memory = MemorySink()
    result = run(memory, source(standin))
    kept = repr((memory.posts, memory.outcomes, memory.streams, result))
    assert KEY not in kept
    assert all(KEY not in seen.path for seen in standin.site.seen)


def test_a_key_is_not_sent_on_through_a_redirect(standin: StandIn, tube: Youtube) -> None:
    with standing_in() as elsewhere:
        standin.next_answers = [Answer("", 302, {"Location": f"{elsewhere.url}/bat-khoa"})]
        result = run(MemorySink(), source(standin))
        assert elsewhere.site.seen == []
    assert result.state == "failing"


def test_units_are_counted_and_the_budget_of_the_day_is_kept_by_all_channels_together(
    standin: StandIn, tube: Youtube
) -> None:
    memory = MemorySink()
    run(memory, source(standin), youtube_budget=4)  # channels, playlistItems, videos
    assert list(memory.spent.values()) == [3]
    other = channel(standin, "youtube", "@truyenhinhthu", id="youtube.khac")
    result = run(memory, other, youtube_budget=4)
    assert (result.state, result.message) == ("partial", "đã dùng hết hạn mức 4 đơn vị của ngày")
    assert result.resume_at is not None
    assert result.resume_at > NOW
    assert list(memory.spent.values()) == [4]
    assert len(standin.calls) == 4


def test_a_spent_quota_waits_for_the_next_day_in_california(standin: StandIn, tube: Youtube) -> None:
    standin.next_answers = [youtube_error(403, "quotaExceeded")]
    result = run(MemorySink(), source(standin))
    assert (result.state, result.message) == ("partial", "YouTube báo đã hết hạn mức trong ngày")
    assert result.resume_at == next_day(NOW)
    local = next_day(NOW).astimezone(ZoneInfo("America/Los_Angeles"))
    assert (local.hour, local.minute) == (0, 0)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (Answer('{"items": [{"snip', 200, {"Content-Type": "application/json"}), "JSON hỏng hoặc bị cắt"),
        (Answer("[" * 200_000, 200, {"Content-Type": "application/json"}), "JSON hỏng hoặc bị cắt"),
        (Answer("<html>xin chào</html>"), "JSON hỏng hoặc bị cắt"),
        (said({"error": {"code": 403, "errors": [{"reason": "rateLimitExceeded"}]}}, 403), "giảm tốc độ"),
        (said({}, 401), "không nhận khóa"),
    ],
)
def test_answers_that_cannot_be_read_end_the_pass_and_the_next_one_has_everything(
    standin: StandIn, tube: Youtube, bad: Answer, words: str
) -> None:
    tube.page_size = 1
    for number in range(3):  # the bad answer comes at each place in turn
        memory = MemorySink()
        standin.calls.clear()
        standin.faults = {number: bad}
        assert words in run(memory, source(standin)).message
        standin.faults = {}
        run(memory, source(standin))
        assert set(memory.posts) == {WATCH + "vid1", WATCH + "vid2"}


def test_a_server_in_trouble_is_asked_again_after_a_pause_and_then_left_to_the_next_pass(
    standin: StandIn, tube: Youtube
) -> None:
    standin.next_answers = [said({}, 500), said({}, 503, Retry_After="0")]
    memory = MemorySink()
    assert run(memory, source(standin)).state == "ok"
    standin.next_answers = [said({}, 429, Retry_After="3600")]
    result = run(memory, source(standin))
    assert "3600 giây" in result.message
    assert result.resume_at is not None
    assert result.resume_at - NOW > timedelta(minutes=59)


def test_a_channel_that_is_not_there_is_said(standin: StandIn, tube: Youtube) -> None:
    result = run(MemorySink(), channel(standin, "youtube", "@khong-co-that"))
    assert (result.state, result.message) == ("failing", "không có kênh này")
