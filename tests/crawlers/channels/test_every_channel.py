"""What every connector owes whatever goes wrong on the way: it is said, the pass ends, the next one has the rest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from crawlers.post import Post
from crawlers.sink import CrawlResult, MemorySink
from crawlers.source import Discovery, Source
from tests.crawlers.channels.standin import NOW, StandIn, Youtube, ago, channel, from_now, run, said, standing_in
from tests.crawlers.channels.test_facebook import PAGE, Graph
from tests.crawlers.channels.test_open_networks import author_feed, feed_item, status, timeline
from tests.crawlers.channels.test_preview import preview
from tests.crawlers.channels.test_preview import source as telegram_source
from tests.crawlers.server import Answer, Seen

JSON = {"Content-Type": "application/json"}
OUTLET = "bao-thu.example"
HTML = f"https://{OUTLET}/cau-thach-han-thong-xe-4812345.html"
HTM = f"https://{OUTLET}/cau-thach-han-thong-xe-20261123080000123.htm"
THREAD = "/threads/duong-len-thac.71/"


class Memory(MemorySink):
    """Looks at archived threads again, as the archive does."""

    def due_for_revisit(self, source: str, now: datetime) -> list[str]:
        return [url for url, (outcome, _) in self.outcomes.items() if outcome == "archived" and "/threads/" in url]


@dataclass(frozen=True)
class Service:
    """`install` fills the stand-in with `count` texts on several pages and gives the source that reads them."""

    install: Callable[[StandIn], Source]
    count: int
    speaks_json: bool = True


def _youtube(standin: StandIn) -> Source:
    made = Youtube(page_size=2)
    for n in range(3):
        made.upload(f"v{n}", f"Bản tin số {n}", ago(hours=9 - n))
    for n in range(3):
        made.comment("v2", f"c{n}", f"Ý kiến thứ {n} của người xem.", ago(hours=3 - n))
    made.install(standin)
    return channel(standin, "youtube", "UCthu", kind="video")


def _facebook(standin: StandIn) -> Source:
    made = Graph(page_size=2)
    for n in range(1, 4):
        made.post(n, f"Thông báo số {n} của ủy ban.", ago(hours=9 - n))
    for n in range(3):
        made.comment(3, n, f"Ý kiến thứ {n} của người dân.", ago(hours=3 - n))
    made.install(standin)
    return channel(standin, "facebook", PAGE)


def _mastodon(standin: StandIn) -> Source:
    timeline(standin, [status(n, f"Tin số {n}: chợ Đông Hà", ago(hours=10 - n)) for n in range(6, 0, -1)], size=2)
    return channel(standin, "mastodon", "quangtri")


def _bluesky(standin: StandIn) -> Source:
    author_feed(standin, [feed_item(n, f"Tin số {n}: chợ", ago(hours=10 - n)) for n in range(6, 0, -1)], size=2)
    return channel(standin, "bluesky", "baothu.example")


def _comments(service: str, path: str, page: Callable[[dict[str, str]], Any]) -> Callable[[StandIn], Source]:
    """Two pages of three comments each, then an empty one; `page` says what the service makes of them."""

    def install(standin: StandIn) -> Source:
        def answer(query: dict[str, str], seen: Seen) -> Answer:
            made = page(query)
            return made if isinstance(made, Answer) else said(made)

        standin.handlers[path] = answer
        return channel(standin, f"{service}-comments", OUTLET, kind="comment")

    return install


def _ids(page: int) -> list[int]:
    return [page * 3 + n + 1 for n in range(3)] if page < 2 else []


def _vnexpress(query: dict[str, str]) -> Any:
    items = [
        {"comment_id": str(id), "content": f"Ý kiến {id}", "creation_time": int(NOW.timestamp()), "replys": {}}
        for id in _ids(int(query["offset"]) // 24)
    ]
    return {"error": 0, "data": {"total": 6, "items": items}}


def _tuoitre(query: dict[str, str]) -> Any:
    items = [{"id": str(id), "content": f"Ý kiến {id}"} for id in _ids(int(query["pageindex"]) - 1)]
    return {"Success": True, "Data": json.dumps(items)}


def _thanhnien(query: dict[str, str]) -> Any:
    return Answer("".join(
        f'<div class="item box_cm" data-cmid="{id}"><div class="item-content">Ý kiến {id}</div></div>'
        for id in _ids(int(query["page"]) - 1)
    ))  # fmt: skip


def _vietnamnet(query: dict[str, str]) -> Any:
    items = [{"commentId": id, "commentContent": f"Ý kiến {id}"} for id in _ids(int(query["PageIndex"]))]
    return {"status": True, "data": {"comments": items}}


def _telegram(standin: StandIn) -> Source:
    preview(standin, 12)
    return telegram_source(standin)


def _xenforo(standin: StandIn) -> Source:
    def page(number: int) -> Answer:
        messages = "".join(
            f'<article class="message" data-author="thanh_vien" data-content="post-{id}" id="js-post-{id}">'
            f'<time class="u-dt" datetime="{ago(hours=9 - id)}"></time>'
            f'<div class="bbWrapper">Lời thứ {id} về con đường lên thác.</div></article>'
            for id in _ids(number - 1)
        )
        onward = f'<a class="pageNav-jump pageNav-jump--next" href="{THREAD}page-2">Tiếp</a>' if number == 1 else ""
        return Answer(f'<h1 class="p-title-value">Đường lên thác</h1>{messages}{onward}')

    entry = f"<item><title>Đường lên thác</title><link>{standin.url}{THREAD}</link></item>"
    feed = f'<?xml version="1.0"?><rss version="2.0"><channel>{entry}</channel></rss>'
    standin.handlers |= {
        "/index.rss": lambda query, seen: Answer(feed, 200, {"Content-Type": "application/rss+xml"}),
        THREAD: lambda query, seen: page(1),
        f"{THREAD}page-2": lambda query, seen: page(2),
    }
    return Source(
        id="dien-dan-thu", name="Diễn đàn thử", home=standin.url, kind="forum", family="xenforo",
        discovery=Discovery(feeds=(f"{standin.url}/index.rss",)),
    )  # fmt: skip


SERVICES = {
    "youtube": Service(_youtube, 6),
    "facebook": Service(_facebook, 6),
    "mastodon": Service(_mastodon, 6),
    "bluesky": Service(_bluesky, 6),
    "vnexpress": Service(_comments("vnexpress", "/index/get", _vnexpress), 6),
    "tuoitre": Service(_comments("tuoitre", "/api/getlist-comment.api", _tuoitre), 6),
    "thanhnien": Service(_comments("thanhnien", "/api/ajax/ListComment.htm", _thanhnien), 6, speaks_json=False),
    "vietnamnet": Service(_comments("vietnamnet", "/api/Comment/Gets", _vietnamnet), 6),
    "telegram": Service(_telegram, 12, speaks_json=False),
    "xenforo": Service(_xenforo, 6, speaks_json=False),
}
LATER = timedelta(hours=1)
FAULTS = {
    "401": Answer("{}", 401, JSON),
    "403": Answer("{}", 403, JSON),
    "429 that names seconds": Answer("{}", 429, JSON | {"Retry-After": "3600"}),
    "429 that names a time": Answer("{}", 429, JSON | {"Retry-After": format_datetime(NOW + LATER, usegmt=True)}),
    "500": Answer("{}", 500, JSON),
    "malformed": Answer('{"items": [{"snip'),
    "cut off": Answer("{" + " " * 5_000 + "}", 200, JSON, cut=True),
}


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with standing_in() as made:
        yield made


def archive() -> Memory:
    """With the two articles below which readers' comments stand."""
    memory = Memory()
    for url in (HTML, HTM):
        at = datetime.now(UTC) - LATER
        memory.store(Post(url=url, canonical_url=url, source=OUTLET, title="Cầu", published_at=at))
    return memory


def texts(memory: MemorySink, of: Source) -> int:
    return sum(post.source == of.id for post in memory.posts.values())


@pytest.mark.parametrize("name", SERVICES)
def test_every_page_is_read_and_a_second_pass_brings_nothing_new(standin: StandIn, name: str) -> None:
    service = SERVICES[name]
    source, memory = service.install(standin), archive()
    result = run(memory, source)
    assert (result.state, texts(memory, source)) == ("ok", service.count)
    assert len(standin.calls) >= 2
    assert run(memory, source).new == 0


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_goes_wrong_is_said_and_the_next_pass_has_the_rest(standin: StandIn, name: str, fault: str) -> None:
    service = SERVICES[name]
    source, memory = service.install(standin), archive()
    place = sum(map(ord, name + fault)) % 2  # the first page and the second take turns
    standin.faults = {place: FAULTS[fault]}
    result = run(memory, source, retries=0, timeout=60)
    assert len(standin.calls) > place
    if fault != "malformed" or service.speaks_json:  # of a page of HTML nobody can tell that it is none
        said_so(result, fault)
    standin.faults = {}
    memory.remember(source.id, "asked", {})  # articles' comments are asked for again after a pause
    assert run(memory, source, timeout=60).state == "ok"
    assert texts(memory, source) == service.count


def said_so(result: CrawlResult, fault: str) -> None:
    assert result.state in ("failing", "partial", "needs_key")
    assert result.message
    if fault.startswith("429"):
        assert from_now(result.resume_at) > 0.9 * LATER


@pytest.mark.parametrize("name", SERVICES)
def test_names_are_hashed_and_reactions_counted_before_anything_is_stored(standin: StandIn, name: str) -> None:
    """Nothing a connector hands on holds more of a writer than the one name that the archive turns into a hash."""
    source, memory = SERVICES[name].install(standin), archive()
    run(memory, source)
    for post in memory.posts.values():
        nameless = repr(replace(post, author=None))
        assert "nguoiviet" not in nameless
        assert "@nguoi.xem" not in nameless
        assert all(isinstance(number, int) for number in post.reactions.values())
