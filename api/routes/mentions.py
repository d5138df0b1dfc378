"""/api/v1/mentions: search, and one mention."""

from __future__ import annotations

from api import access
from api.access import requires
from api.dependencies import PagingDep, ReaderDep, SearchDep, SortParameter
from api.models import Listing, MentionDetail, MentionItem
from api.views.mention import mention_detail
from monitor.people.roles import Role

router = access.router(prefix="/mentions", tags=["mentions"])


@router.get("", summary="Search mentions")
@requires(Role.viewer, audit="search")
def search(
    reader: ReaderDep, search: SearchDep, paging: PagingDep, sort: SortParameter = "newest"
) -> Listing[MentionItem]:
    """Mentions that match `q` and all parameters. Values of a repeated parameter are alternatives."""
    items, total, following = reader.mentions(search.only(sort=sort), limit=paging.limit, cursor=paging.cursor)
    return Listing(items=items, total=total, next=following)


@router.get("/{id:path}", summary="One mention with its annotation")
@requires(Role.viewer, audit="mention")
def mention(reader: ReaderDep, id: str) -> MentionDetail:
    """Excerpt, annotation (why it is relevant, places with offsets, the sentence that carries the sentiment) and
    earlier texts."""
    return mention_detail(reader, id)
