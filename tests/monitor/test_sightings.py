"""What others have and we have not: matched by outlet and title, looked for, and counted until it is found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawlers.plan import Sighting
from crawlers.post import Post
from crawlers.source import Discovery, Source
from monitor.archive import Archive
from monitor.installation import Installation
from monitor.sightings import SEARCHES, SightingFigures, Sightings

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
TITLE = "Lũ lên nhanh ở Cồn Sẻ"


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sightings(installation: Installation, clock: Clock) -> Sightings:
    search = Discovery(searches=("https://bao.vn/tim?q={query}",))
    outlet = Source(id="bao.vn", name="Báo", home="https://bao.vn/", discovery=search)
    return Sightings(installation.engine, {"bao.vn": outlet}, clock)


def seen(title: str = TITLE, outlet: str = "https://www.bao.vn") -> Sighting:
    return Sighting(title, outlet, "Báo", NOW)


def test_an_article_named_elsewhere_is_missing_until_the_archive_has_it(
    sightings: Sightings, installation: Installation, clock: Clock
) -> None:
    sightings.record("news.google.com", [seen(), seen()])
    assert sightings.missing() == []  # its feed may still bring it
    clock.now += timedelta(hours=3)
    (missing,) = sightings.missing()
    assert (missing.title, missing.source, missing.outlet_name) == (TITLE, "bao.vn", "Báo")
    assert sightings.resolve("bao.vn") == 0
    archive = Archive(installation.engine, author_key=b"k", clock=clock)
    url = "https://bao.vn/lu-len-nhanh.htm"
    archive.store(Post(url=url, canonical_url=url, source="bao.vn", title="LŨ LÊN NHANH Ở CỒN SẺ!", body="x"))
    assert sightings.resolve("bao.vn") == 1
    assert sightings.missing() == []
    assert sightings.figures() == SightingFigures(seen=1, found=1, open=0, unwatched=0)


def test_an_outlet_that_is_not_watched_is_told(sightings: Sightings, clock: Clock) -> None:
    sightings.record("news.google.com", [seen(outlet="https://bao-la.vn")])
    clock.now += timedelta(hours=3)
    (missing,) = sightings.missing()
    assert (missing.source, missing.outlet) == (None, "bao-la.vn")
    assert sightings.figures() == SightingFigures(seen=1, found=0, open=0, unwatched=1)


def test_the_outlets_search_is_asked_for_it_a_few_times(sightings: Sightings, clock: Clock) -> None:
    sightings.record("news.google.com", [seen()])
    assert sightings.wanted() == {}
    clock.now += timedelta(hours=3)
    for _ in range(SEARCHES):
        assert sightings.wanted() == {"bao.vn": (TITLE,)}
        sightings.searched("bao.vn", [TITLE])
    assert sightings.wanted() == {}


def test_after_a_week_nobody_looks_any_more_and_after_a_month_it_is_forgotten(
    sightings: Sightings, clock: Clock
) -> None:
    sightings.record("news.google.com", [seen()])
    clock.now += timedelta(days=8)
    assert sightings.missing() == []
    clock.now += timedelta(days=30)
    sightings.forget()
    sightings.record("news.google.com", [seen()])
    clock.now += timedelta(hours=3)
    assert len(sightings.missing()) == 1
