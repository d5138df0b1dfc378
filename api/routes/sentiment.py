"""/api/v1/sentiment: how mentions feel, in sum and over time."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from api import access
from api.access import requires
from api.dependencies import ReaderDep, SearchDep
from api.models import SentimentCounts, SentimentSummary, Series
from api.searching import BadParameter, Search
from index.port import Interval
from monitor.people.roles import Role

router = access.router(prefix="/sentiment", tags=["sentiment"])
MOST_POINTS = 5000
HOURS: dict[Interval, int] = {"hour": 1, "day": 24, "week": 168, "month": 730}


@router.get("/summary", summary="Mentions by sentiment")
@requires(Role.viewer, audit="search", tag=("mentions",))
def summary(reader: ReaderDep, search: SearchDep) -> SentimentSummary:
    """Counts and shares over all mentions that the parameters select."""
    buckets = reader.facets(search, ("sentiment",))["sentiment"]
    counts = SentimentCounts(**{b.id: b.count for b in buckets if b.id in SentimentCounts.model_fields})
    shares = {
        name: round(getattr(counts, name) / counts.judged, 4) if counts.judged else None
        for name in SentimentCounts.model_fields
    }
    return SentimentSummary(total=reader.count(search), link=search.link(), counts=counts, shares=shares)


@router.get("/series", summary="Mentions by sentiment over time")
@requires(Role.viewer, audit="search", tag=("mentions",))
def series(
    reader: ReaderDep,
    search: SearchDep,
    interval: Annotated[Interval, Query(description="hour, day, week or month; days as in Việt Nam")] = "day",
) -> Series:
    """Counts per interval in time order, empty intervals included."""
    check_length(reader.whole_time(search) if interval == "hour" else search, interval)
    return reader.series(search, interval)


def check_length(search: Search, interval: Interval, most: int = MOST_POINTS) -> None:
    """Raises BadParameter when a series would have more than so many points."""
    if search.since and search.until:
        points = (search.until - search.since).total_seconds() / 3600 / HOURS[interval]
        if points > most:
            detail = f"more than {most} intervals; take a longer `interval` or a shorter time"
            raise BadParameter("interval", "Khoảng thời gian quá dài cho bước này.", detail)
