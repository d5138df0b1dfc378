"""Facebook Pages: feed, comments by cursors, tokens that run out, limits of the Graph API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from crawlers.sink import MemorySink
from crawlers.source import Source
from tests.crawlers.channels.standin import KEY, StandIn, ago, channel, from_now, run, said, standing_in
from tests.crawlers.server import Answer, Seen

PAGE = "123456"


@dataclass
class Graph:
    """The Graph API as documented: `after` cursors, `paging.next` only when there is more, errors with codes."""

    posts: list[dict[str, Any]] = field(default_factory=list)
    comments: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    page_size: int = 50
    with_ids: bool = True

    def post(self, number: int, message: str | None, created: str) -> None:
        id = f"{PAGE}_{number}"
        self.posts.insert(0, {"id": id, "message": message, "created_time": created})
        self.comments[id] = []

    def comment(self, number: int, id: int, message: str, created: str) -> None:
        made = {"id": f"{number}_{id}", "message": message, "created_time": created, "like_count": 2}
        self.comments[f"{PAGE}_{number}"].insert(0, made | {"comment_count": 0, "from": {"name": "Ai Đó", "id": "9"}})

    def install(self, standin: StandIn) -> None:
        standin.handlers[f"/{PAGE}/feed"] = self._feed
        for post in self.posts:
            standin.handlers[f"/{post['id']}/comments"] = self._comments

    def _feed(self, query: dict[str, str], seen: Seen) -> Answer:
        assert "from" not in query["fields"]
        items = [
            {
                **each, "permalink_url": f"https://www.facebook.com/trangthu/posts/{each['id'].split('_')[1]}",
                "reactions": {"summary": {"total_count": 12}}, "shares": {"count": 4},
                "comments": {"summary": {"total_count": len(self.comments[each["id"]])}},
            }
            for each in self.posts
        ]  # fmt: skip
        return self._paged(items, query, seen)

    def _comments(self, query: dict[str, str], seen: Seen) -> Answer:
        assert (query["filter"], query["order"]) == ("stream", "reverse_chronological")
        id = seen.path.split("/")[1].split("?")[0]
        # What is not in `fields` does not come: no names.
        kept = ("id", "message", "created_time", "like_count", "comment_count")[0 if self.with_ids else 1 :]
        return self._paged([{name: each[name] for name in kept} for each in self.comments[id]], query, seen)

    def _paged(self, items: list[dict[str, Any]], query: dict[str, str], seen: Seen) -> Answer:
        assert "access_token" not in query
        if seen.headers.get("authorization") != f"Bearer {KEY}":
            return error(190, message="Invalid OAuth access token.")
        start = int(query.get("after", "QVF0").removeprefix("QVF") or 0)
        end = start + min(self.page_size, int(query["limit"]))
        paging: dict[str, Any] = {"cursors": {"before": f"QVF{start}", "after": f"QVF{end}"}}
        if end < len(items):
            paging["next"] = f"https://graph.facebook.com/x?access_token={KEY}&after=QVF{end}"
        return said({"data": items[start:end], "paging": paging if items else {}})


def error(code: int, status: int = 400, subcode: int | None = None, message: str = "", **headers: str) -> Answer:
    record: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1"}
    if subcode is not None:
        record["error_subcode"] = subcode
    return said({"error": record}, status, **headers)


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with standing_in() as made:
        yield made


@pytest.fixture
def graph(standin: StandIn) -> Graph:
    made = Graph()
    made.post(1, "Phường Đồng Hới cắt nước từ 22 giờ đêm nay để sửa đường ống.\nMong bà con thông cảm.", ago(days=2))
    made.post(2, "Lịch tiếp công dân tuần này của xã Bố Trạch.", ago(hours=6))
    made.install(standin)
    return made


def source(standin: StandIn, **more: object) -> Source:
    return channel(standin, "facebook", PAGE, **more)


def test_posts_and_comments_reach_the_sink_without_anybodys_name(standin: StandIn, graph: Graph) -> None:
    graph.comment(1, 77, "Cắt nước mà không báo trước, @TranVanThu ơi", ago(days=1))
    memory = MemorySink()
    result = run(memory, source(standin))
    assert (result.state, result.new) == ("ok", 3)
    post = memory.posts[f"https://www.facebook.com/{PAGE}_1"]
    assert post.url == "https://www.facebook.com/trangthu/posts/1"
    assert (post.title, post.kind) == ("Phường Đồng Hới cắt nước từ 22 giờ đêm nay để sửa đường ống.", "social")
    assert post.reactions == {"reactions": 12, "comments": 1, "shares": 4}
    comment = memory.posts[f"https://www.facebook.com/{PAGE}_1?comment_id=77"]
    assert (comment.parent_url, comment.author) == (post.canonical_url, None)
    assert comment.body == "Cắt nước mà không báo trước, ơi"
    assert "Ai Đó" not in repr(memory.posts)


def test_comments_without_ids_are_kept_once(standin: StandIn, graph: Graph) -> None:
    graph.with_ids = False
    graph.comment(1, 77, "Cắt nước mà không báo trước.", ago(days=1))
    memory = MemorySink()
    run(memory, source(standin))
    graph.comment(1, 78, "Đã có nước lại rồi.", ago(hours=1))
    run(memory, source(standin))
    assert sorted(post.body for post in memory.posts.values() if post.kind == "comment") == [
        "Cắt nước mà không báo trước.", "Đã có nước lại rồi.",
    ]  # fmt: skip


def test_cursors_are_followed_and_what_was_read_is_not_asked_for_again(standin: StandIn, graph: Graph) -> None:
    graph.page_size = 2
    for number in range(3, 9):
        graph.post(number, f"Thông báo số {number} của ủy ban.", ago(hours=6 - number / 2))
        graph.install(standin)
    for n in range(5):
        graph.comment(8, n, f"Ý kiến thứ {n} của người dân.", ago(minutes=50 - n))
    memory = MemorySink()
    assert run(memory, source(standin)).new == 13
    assert [each.get("after") for each in standin.asked(f"/{PAGE}/feed")] == [None, "QVF2", "QVF4", "QVF6"]
    standin.calls.clear()
    assert run(memory, source(standin)).new == 0
    assert standin.asked(f"/{PAGE}_8/comments") == []


def test_a_post_whose_comments_cannot_be_read_holds_up_no_other_and_is_asked_again(
    standin: StandIn, graph: Graph
) -> None:
    for number in (1, 2):
        graph.comment(number, number, f"Ý kiến dưới bài {number}.", ago(hours=1))
    comments = standin.handlers[f"/{PAGE}_2/comments"]
    standin.handlers[f"/{PAGE}_2/comments"] = lambda query, seen: error(1, 500, message="An unknown error occurred")
    memory = MemorySink()
    assert run(memory, source(standin), retries=0).state == "partial"
    assert {post.body for post in memory.posts.values() if post.kind == "comment"} == {"Ý kiến dưới bài 1."}
    standin.handlers[f"/{PAGE}_2/comments"] = comments
    assert run(memory, source(standin)).state == "ok"
    assert len([post for post in memory.posts.values() if post.kind == "comment"]) == 2


def test_a_post_without_words_is_left_out(standin: StandIn, graph: Graph) -> None:
    graph.post(3, None, ago(hours=1))
    graph.install(standin)
    assert run(MemorySink(), source(standin)).new == 2


@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        (error(190, 401, 463, "Session has expired"), "needs_key", "khóa truy cập Facebook đã hết hạn (mã 190)"),
        (error(190, 400, None, "Invalid OAuth access token."), "needs_key", "Facebook không nhận khóa"),
        (error(10, 403, None, "requires Page Public Content Access"), "needs_key", "không có quyền đọc trang này"),
        (error(100, 400, 33, "Unsupported get request"), "failing", "không còn, hoặc không công khai"),
        (error(2, 200, None, "Service temporarily unavailable"), "failing", "Facebook báo lỗi (mã 2)"),
        (said([1, 2]), "ok", ""),
    ],
)
def test_errors_are_said_as_what_they_are(
    standin: StandIn, graph: Graph, answer: Answer, state: str, words: str
) -> None:
    standin.next_answers = [answer]
    result = run(MemorySink(), source(standin))
    assert result.state == state
    assert words in result.message


def test_a_spent_limit_waits_as_long_as_facebook_says(standin: StandIn, graph: Graph) -> None:
    usage = f'{{"{PAGE}": [{{"type": "pages", "call_count": 100, "estimated_time_to_regain_access": 17}}]}}'
    standin.next_answers = [error(32, 403, message="Page request limit reached", X_Business_Use_Case_Usage=usage)]
    result = run(MemorySink(), source(standin))
    assert (result.state, result.message) == ("partial", "đã hết hạn mức Facebook (mã 32)")
    assert timedelta(minutes=16) < from_now(result.resume_at) < timedelta(minutes=18)


def test_the_token_of_paging_links_is_never_kept(standin: StandIn, graph: Graph) -> None:
    graph.page_size = 1
    memory = MemorySink()
    run(memory, source(standin))
    assert KEY not in repr((memory.posts, memory.outcomes, memory.streams))
    assert all(KEY not in seen.path for seen in standin.site.seen)


def test_without_a_token_nothing_happens(standin: StandIn, graph: Graph) -> None:
    result = run(MemorySink(), source(standin), keys={})
    assert (result.state, result.message) == ("needs_key", "cần khóa truy cập")
    assert standin.site.seen == []
