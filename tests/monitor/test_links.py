"""A link that staff submit is fetched under all rules of a crawl, and what became of it is seen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crawlers.run import run
from monitor.links import BadLink, Links, fetch_links
from tests.crawlers.server import Site, serving
from tests.crawlers.test_crawl import article, path
from tests.monitor.conftest import Open


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as made:
        yield made


def test_a_submitted_page_becomes_a_post(site: Site, open_installation: Open) -> None:
    installation = open_installation(allow_private=True)
    site.page(path(1), article("Cồn Sẻ thu hoạch lúa hè thu"))
    queue = Links(installation.engine, allow_private=True)
    link = queue.submit(f"  {site.url}{path(1)}?utm_source=zalo ", "người dân gửi", "Lan")
    assert (link.outcome, link.url, link.submitted_by) == (None, site.url + path(1), "Lan")
    assert queue.submit(site.url + path(1)).id == link.id
    assert run(fetch_links(installation)) == 1
    done = queue.get(link.id)
    assert done is not None
    assert (done.outcome, done.finished_at is not None) == ("archived", True)
    assert done.post_id is not None
    (post,) = installation.archive.get([done.post_id]).values()
    assert post.post.title == "Cồn Sẻ thu hoạch lúa hè thu"
    assert queue.waiting() == []


def test_a_section_page_is_no_post_whatever_can_be_read_off_it(site: Site, open_installation: Open) -> None:
    installation = open_installation(allow_private=True)
    titles = [f"Xã Gio Linh khởi công tuyến đường số {n} qua các thôn ven biển" for n in range(12)]
    teaser = "Tuyến đường dài hai cây số, rộng năm mét, dự kiến xong trước mùa mưa năm sau."
    teasers = "".join(
        f'<div><h3><a href="{path(n)}">{each}</a></h3><p>{teaser}</p></div>' for n, each in enumerate(titles)
    )
    section = f"<html><head><title>Xã hội</title></head><body><h1>Xã hội</h1><main>{teasers}</main></body></html>"
    site.page("/xa-hoi.htm", section)
    queue = Links(installation.engine, allow_private=True)
    link = queue.submit(f"{site.url}/xa-hoi.htm")
    run(fetch_links(installation))
    done = queue.get(link.id)
    assert done is not None
    assert (done.outcome, done.reason, done.post_id) == ("listing", "trang không có bài", None)


def test_one_that_cannot_be_read_says_why_and_may_be_submitted_again(site: Site, open_installation: Open) -> None:
    installation = open_installation(allow_private=True)
    site.page("/robots.txt", "User-agent: *\nDisallow: /kin/\n", Content_Type="text/plain")
    queue = Links(installation.engine, allow_private=True)
    gone, closed = queue.submit(site.url + path(1)), queue.submit(f"{site.url}/kin/bai")
    run(fetch_links(installation))
    assert [(each.outcome, each.reason) for each in map(queue.get, (gone.id, closed.id)) if each] == [
        ("not_found", "máy chủ trả lời 404"),
        ("refused", "robots.txt không cho phép"),
    ]
    assert "/kin/bai" not in site.paths()
    site.page(path(1), article("Cồn Sẻ thu hoạch lúa hè thu"))
    assert queue.submit(site.url + path(1)).outcome is None
    run(fetch_links(installation))
    assert queue.get(gone.id).outcome == "archived"  # type: ignore[union-attr]


def test_an_inner_address_is_never_asked(site: Site, open_installation: Open) -> None:
    installation = open_installation()
    queue = Links(installation.engine)
    for url in (
        "http://127.0.0.1/x",
        "http://2130706433/",
        "http://[::1]/a",
        "http://10.0.0.8/a",
        "http://localhost/a",
    ):
        with pytest.raises(BadLink):
            queue.submit(url)
    Links(installation.engine, allow_private=True).submit(site.url + path(1))  # as a name that leads inside would
    run(fetch_links(installation))
    (link,), _ = queue.newest()
    assert (link.outcome, link.reason) == ("refused", "địa chỉ nội bộ")
    assert site.seen == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "bai",
        "ftp://a.vn/x",
        "javascript:alert(1)",
        "http://",
        "https://a b.vn/",
        "https://..vn/x",
        "https://a.vn:99999/x",
    ],
)
def test_what_is_no_address_of_a_page_is_refused(open_installation: Open, url: str) -> None:
    with pytest.raises(BadLink):
        Links(open_installation().engine).submit(url)


def test_a_link_that_no_record_fits_holds_up_no_other(
    site: Site, open_installation: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = open_installation(allow_private=True)
    site.page(path(1), article("Cồn Sẻ thu hoạch lúa hè thu"))
    queue = Links(installation.engine, allow_private=True)
    monkeypatch.setattr(Links, "_checked", lambda self, url: url)  # kept by a version that let it in
    broken, good = queue.submit("https://đ..vn/x"), queue.submit(site.url + path(1))
    run(fetch_links(installation))
    found = [each for each in map(queue.get, (broken.id, good.id)) if each]
    assert [each.outcome for each in found] == ["error", "archived"]
    assert queue.waiting() == []
