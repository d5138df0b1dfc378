"""Readers' comments of four newspapers: only below articles that concern us, with replies, without names in URLs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from crawlers.post import Post
from crawlers.sink import MemorySink
from crawlers.source import REGISTRY, load_sources
from tests.crawlers.channels.standin import NOW, StandIn, channel, run, said, standing_in
from tests.crawlers.server import Answer, Seen

HTML = "https://bao-thu.example/cau-thach-han-thong-xe-4812345.html"
HTM = "https://bao-thu.example/cau-thach-han-thong-xe-20261123080000123.htm"


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with standing_in() as made:
        yield made


def archive(*urls: str, age: timedelta = timedelta(hours=1)) -> MemorySink:
    memory = MemorySink()
    for url in urls:
        at = datetime.now(NOW.tzinfo) - age
        memory.store(Post(url=url, canonical_url=url, source="bao-thu.example", title="Cầu", published_at=at))
    return memory


def comments(memory: MemorySink) -> dict[str, Post]:
    return {url.partition("#comment-")[2]: post for url, post in memory.posts.items() if "#comment-" in url}


def test_vnexpress_comments_with_replies_it_brings_and_replies_it_does_not(standin: StandIn) -> None:
    def item(id: int, words: str, **more: Any) -> dict[str, Any]:
        return {
            "comment_id": str(id), "content": words, "full_name": "Bạn Đọc", "userlike": 6,
            "creation_time": int((NOW - timedelta(minutes=40)).timestamp()), "replys": {"total": 0, "items": []},
        } | more  # fmt: skip

    many = {"total": 3, "items": [item(11, "Đồng ý, chờ lâu quá.")]}
    top = [item(10, "Cầu xong rồi, <b>mừng</b> quá!<br>Còn đường dẫn?", replys=many), item(20, "Bao giờ có đèn?")]

    def get(query: dict[str, str], seen: Seen) -> Answer:
        assert (query["objectid"], query["siteid"], query["objecttype"]) == ("4812345", "1000000", "1")
        start = int(query["offset"])
        return said({"error": 0, "data": {"total": 2, "items": top[start : start + int(query["limit"])]}})

    def replies(query: dict[str, str], seen: Seen) -> Answer:
        assert query["id"] == "10"
        found = [item(11, "Đồng ý, chờ lâu quá."), item(12, "Tuần sau."), item(13, "Chưa chắc.")]
        return said({"error": 0, "data": {"items": found[int(query["offset"]) :]}})

    standin.handlers |= {"/index/get": get, "/index/getreplay": replies}
    memory = archive(HTML)
    result = run(memory, channel(standin, "vnexpress-comments", "bao-thu.example", kind="comment"))
    assert result.state == "ok"
    found = comments(memory)
    assert sorted(found) == ["10", "11", "12", "13", "20"]
    assert found["10"].body == "Cầu xong rồi, mừng quá!\nCòn đường dẫn?"
    assert (found["10"].kind, found["10"].parent_url, found["10"].author) == ("comment", HTML, "Bạn Đọc")
    assert found["10"].reactions == {"likes": 6}
    assert found["10"].published_at == NOW - timedelta(minutes=40)


def test_an_article_without_comments_is_no_fault(standin: StandIn) -> None:
    standin.handlers["/index/get"] = lambda query, seen: said({"error": 0, "iscomment": 0, "data": []})
    result = run(archive(HTML), channel(standin, "vnexpress-comments", "bao-thu.example"))
    assert (result.state, result.new) == ("ok", 0)


def test_tuoitre_comments_lie_in_a_text_of_json(standin: StandIn) -> None:
    child = {"id": "b2", "content": "Cảm ơn bạn", "sender_fullname": "B", "published_date": "2026-11-22T10:30:00"}
    first = {
        "id": "b1", "content": "Sạt lở gần nhà tôi, chưa thấy ai đến xem.", "sender_fullname": "A",
        "published_date": "2026-11-22T10:00:00", "reactions": {"1": 4, "3": 2}, "child_comments": [child],
    }  # fmt: skip

    def get(query: dict[str, str], seen: Seen) -> Answer:
        assert query["objId"] == "20261123080000123"
        data = [first] if query["pageindex"] == "1" else []
        return said({"Success": True, "Data": json.dumps(data)})

    standin.handlers["/api/getlist-comment.api"] = get
    memory = archive(HTM)
    run(memory, channel(standin, "tuoitre-comments", "bao-thu.example"))
    found = comments(memory)
    assert sorted(found) == ["b1", "b2"]
    assert found["b1"].reactions == {"likes": 6}
    assert found["b1"].published_at == datetime(2026, 11, 22, 10, tzinfo=timezone(timedelta(hours=7)))


def test_thanhnien_comments_are_a_fragment_of_html(standin: StandIn) -> None:
    fragment = (
        '<div class="item box_cm" data-cmid="501"><p class="item-name">Người Kể</p>'
        '<div class="item-content">Bến xe mới rộng nhưng thiếu ghế.</div>'
        '<span class="time-ago" title="11/22/2026 09:15:00">hôm qua</span><span class="count-like">7</span>'
        '<div class="item-reply" data-cmid="502"><p class="item-name">Người Đáp</p>'
        '<div class="item-content">Đúng vậy.</div><span title="11/22/2026 10:00:00"></span></div></div>'
    )

    def get(query: dict[str, str], seen: Seen) -> Answer:
        assert (query["NewsID"], query["SiteName"]) == ("20261123080000123", "thanhnien")
        return Answer(fragment if query["page"] == "1" else "<div></div>")

    standin.handlers["/api/ajax/ListComment.htm"] = get
    memory = archive(HTM)
    run(memory, channel(standin, "thanhnien-comments", "bao-thu.example"))
    found = comments(memory)
    assert (found["501"].body, found["502"].body) == ("Bến xe mới rộng nhưng thiếu ghế.", "Đúng vậy.")
    assert found["501"].published_at == datetime(2026, 11, 22, 9, 15, tzinfo=timezone(timedelta(hours=7)))
    assert (found["501"].author, found["501"].reactions) == ("Người Kể", {"likes": 7})


def test_vietnamnet_replies_come_by_their_parents_number(standin: StandIn) -> None:
    def item(id: int, words: str, answers: int = 0) -> dict[str, Any]:
        return {
            "commentId": id, "commentContent": words, "createdDate": "2026-11-22T08:00:00", "totalLike": 1,
            "userName": "Độc giả", "totalAnswer": answers,
        }  # fmt: skip

    def get(query: dict[str, str], seen: Seen) -> Answer:
        assert (query["ObjectId"], query["WebsiteId"]) == ("4812345", "000003")
        of = {"": [item(1, "Giá vé tăng quá cao.", 1)], "1": [item(2, "Tăng từ đầu tháng rồi.")]}
        found = of[query.get("ParentId", "")] if query["PageIndex"] == "0" else []
        return said({"status": True, "data": {"comments": found}})

    standin.handlers["/api/Comment/Gets"] = get
    memory = archive(HTML)
    run(memory, channel(standin, "vietnamnet-comments", "bao-thu.example"))
    assert sorted(comments(memory)) == ["1", "2"]


def test_articles_are_asked_about_less_often_as_they_grow_old(standin: StandIn) -> None:
    standin.handlers["/index/get"] = lambda query, seen: said({"error": 0, "data": []})
    asked = channel(standin, "vnexpress-comments", "bao-thu.example")
    memory = archive(HTML, age=timedelta(hours=30))
    run(memory, asked)
    run(memory, asked)
    assert len(standin.calls) == 1
    memory.remember(asked.id, "asked", {HTML: (NOW - timedelta(hours=9)).isoformat()})
    run(memory, asked)
    assert len(standin.calls) == 2
    older = archive(HTML, age=timedelta(days=4))
    run(older, asked)
    assert len(standin.calls) == 2


def test_one_article_whose_comments_cannot_be_read_holds_up_no_other(standin: StandIn) -> None:
    other = HTML.replace("4812345", "4812346")

    def get(query: dict[str, str], seen: Seen) -> Answer:
        if query["objectid"] == "4812346":
            return Answer("{hỏng", 200, {"Content-Type": "application/json"})
        item = {"comment_id": "1", "content": "Ý kiến của tôi.", "creation_time": int(NOW.timestamp())}
        return said({"data": {"total": 1, "items": [item] if query["offset"] == "0" else []}})

    standin.handlers["/index/get"] = get
    memory = archive(other, HTML)
    result = run(memory, channel(standin, "vnexpress-comments", "bao-thu.example"))
    assert len(comments(memory)) == 1
    assert result.state == "partial"


def test_an_endpoint_that_fails_for_one_article_is_asked_about_others_and_left_when_it_fails_for_all(
    standin: StandIn,
) -> None:
    urls = [HTML.replace("4812345", f"481234{n}") for n in range(6)]
    broken = {"4812340", "4812341"}

    def get(query: dict[str, str], seen: Seen) -> Answer:
        if query["objectid"] in broken:
            return said({}, 500)
        item = {"comment_id": query["objectid"], "content": "Ý kiến của tôi.", "creation_time": int(NOW.timestamp())}
        return said({"data": {"total": 1, "items": [item] if query["offset"] == "0" else []}})

    standin.handlers["/index/get"] = get
    memory = archive(*urls)
    result = run(memory, channel(standin, "vnexpress-comments", "bao-thu.example"), retries=0)
    assert (len(comments(memory)), result.state) == (4, "partial")
    broken |= {url[-12:-5] for url in urls}
    standin.calls.clear()
    run(archive(*urls), channel(standin, "vnexpress-comments", "bao-thu.example"), retries=0)
    assert len(standin.calls) == 3


def test_readers_comments_are_off_until_somebody_switches_them_on() -> None:
    found = [each for each in load_sources(REGISTRY).values() if each.discovery.channel is not None]
    readers = [each for each in found if each.discovery.channel and each.discovery.channel.service.endswith("comments")]
    assert len(readers) == 4
    assert not any(each.enabled for each in readers)
