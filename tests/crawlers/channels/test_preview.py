"""A Telegram channel's public preview: read backwards, with views, and without a gap however a pass ends."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from crawlers.sink import MemorySink
from crawlers.source import Discovery, Source
from tests.crawlers.channels.standin import StandIn, ago, run, standing_in
from tests.crawlers.server import Answer, Seen

SIZE = 5


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with standing_in() as made:
        yield made


def preview(standin: StandIn, count: int) -> None:
    def message(id: int) -> str:
        return (
            f'<div class="tgme_widget_message" data-post="tinthu/{id}"><div class="tgme_widget_message_text">'
            f"Tin số {id}: nước sông Hiếu đang rút, đường đã thông.</div>"
            f'<span class="tgme_widget_message_views">{"1.2K" if id % 2 else "950"}</span>'
            f'<a class="tgme_widget_message_date" href="{standin.url}/tinthu/{id}">'
            f'<time datetime="{ago(hours=count - id)}"></time></a></div>'
        )

    def answer(query: dict[str, str], seen: Seen) -> Answer:
        before = int(parse_qs(urlsplit(seen.path).query).get("before", [str(count + 1)])[0])
        shown = range(max(1, before - SIZE), before)
        more = f'<a class="tme_messages_more" href="/s/tinthu?before={shown[0]}"></a>' if shown[0] > 1 else ""
        body = "".join(map(message, shown))
        return Answer(f'<html><body><section class="tgme_channel_history">{more}{body}</section></body></html>')

    standin.handlers["/s/tinthu"] = answer


def source(standin: StandIn) -> Source:
    return Source(
        id="tinthu", name="Tin thử", home=standin.url, kind="social", family="telegram",
        discovery=Discovery(listings=(f"{standin.url}/s/tinthu",)),
    )  # fmt: skip


def numbers(memory: MemorySink) -> set[int]:
    return {int(url.rsplit("/", 1)[1]) for url in memory.posts}


def test_views_are_counted_and_older_messages_follow(standin: StandIn) -> None:
    preview(standin, 12)
    memory = MemorySink()
    run(memory, source(standin))
    assert numbers(memory) == set(range(1, 13))
    assert memory.posts[f"{standin.url}/tinthu/12"].reactions == {"views": 950}
    assert memory.posts[f"{standin.url}/tinthu/11"].reactions == {"views": 1_200}
    standin.calls.clear()
    run(memory, source(standin))
    assert len(standin.calls) == 1


def test_what_a_pass_leaves_unread_the_next_ones_read(standin: StandIn) -> None:
    preview(standin, 60)
    memory = MemorySink()
    run(memory, source(standin))
    assert numbers(memory) == set(range(36, 61))  # five pages of five
    for _ in range(2):
        run(memory, source(standin))
    assert numbers(memory) == set(range(1, 61))


def test_a_pass_that_breaks_between_two_pages_leaves_no_gap(standin: StandIn) -> None:
    preview(standin, 12)
    memory = MemorySink()
    standin.faults = {1: Answer("", 404)}
    run(memory, source(standin))
    assert numbers(memory) == set(range(8, 13))
    standin.faults = {}
    run(memory, source(standin))
    assert numbers(memory) == set(range(1, 13))
