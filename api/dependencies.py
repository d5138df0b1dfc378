"""Parameters and objects that routes ask for by type."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import Depends, Query, Request

from api.periods import PeriodCode
from api.reader import Reader
from api.searching import FACETS, Search, read_moment, read_search
from monitor.saved_searches import SavedSearches

Sentiment = Literal["negative", "neutral", "positive", ""]
Kind = Literal["news", "social", "forum", "comment", "video", "document", ""]


# What programs get only from the index: an answer made of less would be taken for the whole.
_FROM_INDEX_ALONE = re.compile(r"/api/v1/(mentions|sentiment/\w+|topics|places|terms)|.*/exports?.*")


def reader(request: Request) -> Reader:
    """Pages, and resources that the archive holds, are drawn from the archive while the index is away."""
    found: Reader = request.app.state.reader
    return found if _FROM_INDEX_ALONE.fullmatch(request.url.path) else found.lenient


def search_parameters(
    q: Annotated[str, Query(description="Query language; see /help", examples=['sạt lở AND "quốc lộ 9"'])] = "",
    since: Annotated[
        str, Query(alias="from", description="Published from this moment on", examples=["2026-03-07"])
    ] = "",
    until: Annotated[
        str, Query(alias="to", description="Published before this moment; a date takes its whole day in")
    ] = "",
    topic: Annotated[list[str] | None, Query(description="Repeat for alternatives", examples=[["disaster"]])] = None,
    sentiment: Annotated[list[Sentiment] | None, Query(description="Repeat for alternatives")] = None,
    place: Annotated[list[str] | None, Query(description="Ids of places; repeat for alternatives")] = None,
    source: Annotated[list[str] | None, Query(description="Ids of sources; repeat for alternatives")] = None,
    kind: Annotated[list[Kind] | None, Query(description="Repeat for alternatives")] = None,
    story: Annotated[list[str] | None, Query(description="Ids of stories; repeat for alternatives")] = None,
    seen: Annotated[str, Query(description="First seen by us from this moment on, however old it is")] = "",
) -> Search:
    given = {"topic": topic, "sentiment": sentiment, "place": place, "source": source, "kind": kind, "story": story}
    return read_search(q=q, since=since, until=until, facets={name: given[name] for name in FACETS}, seen=seen)


SortParameter = Annotated[Literal["newest", "relevance"], Query(description="Newest first, or best match first")]


@dataclass(frozen=True, slots=True)
class Paging:
    limit: int
    cursor: str | None


def paging(
    limit: Annotated[int, Query(ge=1, le=200, description="Items in this page")] = 20,
    cursor: Annotated[str, Query(max_length=500, description="`next` of the page before")] = "",
) -> Paging:
    return Paging(limit, cursor or None)


def moment(
    at: Annotated[str, Query(description="Use only what was published by this moment; now if absent")] = "",
) -> datetime | None:
    return read_moment("at", at)


def begin(
    since: Annotated[str, Query(alias="from", description="Told at or after this moment")] = "",
) -> datetime | None:
    return read_moment("from", since)


def end(until: Annotated[str, Query(alias="to", description="Told before this moment")] = "") -> datetime | None:
    return read_moment("to", until)


def saved_searches(request: Request) -> SavedSearches:
    found: Reader = request.app.state.reader
    return found.it.saved_searches


SavedSearchesDep = Annotated[SavedSearches, Depends(saved_searches)]
ReaderDep = Annotated[Reader, Depends(reader)]
SearchDep = Annotated[Search, Depends(search_parameters)]
PagingDep = Annotated[Paging, Depends(paging)]
AtDep = Annotated[datetime | None, Depends(moment)]
FromDep = Annotated[datetime | None, Depends(begin)]
ToDep = Annotated[datetime | None, Depends(end)]
PeriodParameter = Annotated[PeriodCode, Query(description="24h, 3d, 7d or 30d, ending now or at `at`")]
