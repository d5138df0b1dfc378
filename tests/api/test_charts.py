"""Chart specifications: whole figures on the axis, no colour of their own, and drawable as they are for the digest."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
import vl_convert

from api.charts import TOKENS, count_axis, interval_label, places_map, sentiment_series, theme
from api.models import PlaceBucket, Point, SentimentCounts, Series
from api.names import PlaceName
from api.periods import interval_end
from api.searching import Search

START = datetime(2026, 11, 20, 17, tzinfo=UTC)


def series() -> Series:
    counts = (SentimentCounts(negative=2, positive=1), SentimentCounts(), SentimentCounts(neutral=4))
    points = [Point(start=START + timedelta(days=n), count=c.judged, by_sentiment=c) for n, c in enumerate(counts)]
    return Series(interval="day", items=points, total=7)


def test_times_are_wall_time_of_vietnam() -> None:
    rows = sentiment_series(series(), Search())["data"]["values"]
    assert rows[0]["start"] == "2026-11-21T00:00:00"
    assert interval_label(START, "hour") == "00:00 21/11"


def test_bars_are_stacked_and_an_empty_day_stays() -> None:
    rows = sentiment_series(series(), Search())["data"]["values"]
    assert [(r["low"], r["high"], r["count"]) for r in rows] == [(0, 2, 2), (2, 3, 1), (0, 0, 0), (0, 0, 0), (0, 4, 4)]


def test_a_bar_at_the_edge_links_only_to_the_searched_time() -> None:
    search = Search(since=START + timedelta(hours=3), until=START + timedelta(days=2, hours=1))
    rows = sentiment_series(series(), search)["data"]["values"]
    assert "from=2026-11-20T20:00:00Z&to=2026-11-21T17:00:00Z&sentiment=negative" in rows[0]["url"]
    assert "to=2026-11-22T18:00:00Z" in rows[-1]["url"]


@pytest.mark.parametrize(
    ("most", "steps"), [(0, [0, 1]), (1, [0, 1]), (3, [0, 1, 2, 3]), (9, [0, 5, 10]), (37, [0, 10, 20, 30, 40])]
)
def test_the_axis_has_whole_figures(most: int, steps: list[int]) -> None:
    assert count_axis(most) == steps


def test_months_end_with_the_calendar() -> None:
    assert interval_end(datetime(2026, 1, 31, 17, tzinfo=UTC), "month").isoformat() == "2026-03-01T00:00:00+07:00"


@pytest.mark.parametrize("name", TOKENS)
def test_a_specification_prints_in_the_colours_of_the_theme(name: str) -> None:
    spec = sentiment_series(series(), Search(), marks=[(START, "1. Lũ quét")])
    assert not re.search("#[0-9a-fA-F]{6}", json.dumps(spec))
    drawn = vl_convert.vegalite_to_svg({**spec, "width": 400}, config=theme(name))
    assert TOKENS[name]["negative"].lower() in drawn.lower()


def test_the_map_draws_places_with_coordinates_only() -> None:
    def place(id: str, lat: float | None) -> tuple[PlaceBucket, str]:
        counts = SentimentCounts(negative=3, neutral=1)
        return PlaceBucket(id=id, name=f"xã {id}", count=4, by_sentiment=counts, level="commune", lat=lat, lon=107), id

    ground = [PlaceName("c", "xã C", "commune", 16.5, 106.9)]
    spec = places_map([place("A", 16.8), place("B", None)], ground)
    assert [dot["short"] for dot in spec["layer"][1]["data"]["values"]] == ["A"]
    assert "<svg" in vl_convert.vegalite_to_svg({**spec, "width": 300}, config=theme("light"))
