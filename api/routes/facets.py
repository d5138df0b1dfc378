"""/api/v1/topics, places, summary, series: mentions by the values of a facet, in sum and over time."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from api import access, words
from api.access import requires
from api.dependencies import ReaderDep, SearchDep
from api.models import (
    Breakdown,
    Bucket,
    Listing,
    PartSeries,
    PlaceBucket,
    SentimentCounts,
    SeriesBreakdown,
)
from api.reader import narrowed
from api.routes.sentiment import MOST_POINTS, check_length
from index.port import FacetField, Interval
from monitor.people.roles import Role

router = access.router()
MOST_VALUES = 1000
MOST_SERIES = 50
FacetParameter = Annotated[FacetField, Query(description="topic, place, source, story, kind or sentiment")]


@router.get("/topics", tags=["topics"], summary="Mentions by topic")
@requires(Role.viewer, audit="search", tag=("mentions",))
def topics(reader: ReaderDep, search: SearchDep) -> Listing[Bucket]:
    """Every topic with its mentions and their sentiment, the most told first; topics without mentions at the end."""
    found = reader.facets(search, ("topic",), 100)["topic"]
    told = {bucket.id for bucket in found}
    silent = [
        Bucket(id=code, name=name, count=0, by_sentiment=SentimentCounts(), link=narrowed(search, "topic", code).link())
        for code, name in words.TOPICS.items()
        if code not in told
    ]
    return Listing(items=[*found, *silent], total=len(found) + len(silent))


@router.get("/places", tags=["places"], summary="Mentions by place")
@requires(Role.viewer, audit="search", tag=("mentions",))
def places(
    reader: ReaderDep, search: SearchDep, limit: Annotated[int, Query(ge=1, le=1000)] = 500
) -> Listing[PlaceBucket]:
    """Places that are mentioned, with coordinates and sentiment, the most told first."""
    found = reader.places(search, 1000)
    return Listing(items=found[:limit], total=len(found))


@router.get("/summary", tags=["figures"], summary="Mentions by topic, place, source, story, kind or sentiment")
@requires(Role.viewer, audit="search", tag=("mentions",))
def summary(
    reader: ReaderDep, search: SearchDep, by: FacetParameter, limit: Annotated[int, Query(ge=1, le=1000)] = 20
) -> Breakdown:
    """The values that are told most, each with its mentions, their sentiment, and the address of exactly these."""
    found = reader.breakdown(search, by, MOST_VALUES)
    return Breakdown(by=by, items=found[:limit], total=len(found), mentions=reader.count(search), link=search.link())


@router.get("/series", tags=["figures"], summary="Mentions over time by topic, place, source, story, kind or sentiment")
@requires(Role.viewer, audit="search", tag=("mentions",))
def series(
    reader: ReaderDep,
    search: SearchDep,
    by: FacetParameter,
    interval: Annotated[Interval, Query(description="hour, day, week or month; days as in Việt Nam")] = "day",
    limit: Annotated[int, Query(ge=1, le=MOST_SERIES)] = 8,
) -> SeriesBreakdown:
    """Counts per interval, empty intervals included. Without `from` and `to` over the months with mentions."""
    whole = reader.whole_time(search)
    check_length(whole, interval, MOST_POINTS // limit)
    buckets = reader.breakdown(search, by, MOST_VALUES)
    parts = [
        PartSeries(id=bucket.id, name=bucket.name, total=found.total, points=found.items, link=bucket.link)
        for bucket in buckets[:limit]
        for found in [reader.series(narrowed(whole, by, bucket.id), interval)]
    ]
    return SeriesBreakdown(
        by=by, interval=interval, items=parts, total=len(buckets), mentions=reader.count(search), link=search.link()
    )
