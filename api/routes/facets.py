"""/api/v1/topics and /api/v1/places: mentions by topic and by place."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from api import access, words
from api.access import requires
from api.dependencies import ReaderDep, SearchDep
from api.models import Bucket, Listing, PlaceBucket, SentimentCounts
from monitor.people.roles import Role

router = access.router()


@router.get("/topics", tags=["topics"], summary="Mentions by topic")
@requires(Role.viewer, audit="search", tag=("mentions",))
def topics(reader: ReaderDep, search: SearchDep) -> Listing[Bucket]:
    """Every topic with its mentions and their sentiment, the most told first; topics without mentions at the end."""
    found = reader.facets(search, ("topic",), 100)["topic"]
    told = {bucket.id for bucket in found}
    silent = [
        Bucket(id=code, name=name, count=0, by_sentiment=SentimentCounts())
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
