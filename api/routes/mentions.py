"""/api/v1/mentions: search, and one mention."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from api import access
from api.access import requires
from api.dependencies import PagingDep, ReaderDep, SearchDep, SortParameter
from api.models import Listing, MentionDetail, MentionItem, SimilarMentions
from api.views.mention import mention_detail
from api.views.similar import similar_mentions
from monitor.people.roles import Role

router = access.router(prefix="/mentions", tags=["mentions"])


@router.get("", summary="Search mentions")
@requires(Role.viewer, audit="search", tag=("mentions",))
def search(
    reader: ReaderDep, search: SearchDep, paging: PagingDep, sort: SortParameter = "newest"
) -> Listing[MentionItem]:
    """Mentions that match `q` and all parameters. Values of a repeated parameter are alternatives."""
    items, total, following = reader.mentions(search.only(sort=sort), limit=paging.limit, cursor=paging.cursor)
    return Listing(items=items, total=total, next=following)


@router.get("/{id:path}/similar", summary="Mentions that resemble one")
@requires(Role.viewer, audit="mention", tag=("mentions", "posts"))
def similar(reader: ReaderDep, id: str, limit: Annotated[int, Query(ge=1, le=50)] = 10) -> SimilarMentions:
    """Mentions of other stories, within half a year, that mean nearly the same; likeliest first."""
    return similar_mentions(reader, id, limit)


@router.get("/{id:path}", summary="One mention with its annotation")
@requires(Role.viewer, audit="mention", tag=("mentions", "posts"))
def mention(reader: ReaderDep, id: str) -> MentionDetail:
    """Excerpt, annotation (why it is relevant, places with offsets, the sentence that carries the sentiment) and
    earlier texts."""
    return mention_detail(reader, id)
