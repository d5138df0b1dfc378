"""/api/v1/stories: clusters of mentions of one event."""

from __future__ import annotations

from api import access
from api.access import requires
from api.dependencies import FromDep, PagingDep, ReaderDep, ToDep
from api.models import Listing, StoryDetail, StoryItem
from api.searching import BadParameter
from api.views.story import story_detail
from monitor.people.roles import Role

router = access.router(prefix="/stories", tags=["stories"])
MOST = 10_000  # stories that one listing can page through


@router.get("", summary="Stories told in a time")
@requires(Role.viewer, audit="story", tag=("mentions",))
def stories(reader: ReaderDep, since: FromDep, until: ToDep, paging: PagingDep) -> Listing[StoryItem]:
    """Stories with a mention in [from, to), the most told first."""
    start = _offset(paging.cursor)
    found = reader.it.annotations.stories_between(since, until, MOST)
    part = found[start : start + paging.limit]
    following = start + paging.limit
    return Listing(
        items=reader.stories(part), total=len(found), next=str(following) if following < len(found) else None
    )


@router.get("/{id}", summary="One story")
@requires(Role.viewer, audit="story", tag=("mentions",))
def story(reader: ReaderDep, id: str) -> StoryDetail:
    """A story with who told it, how and where, and its newest mentions."""
    return story_detail(reader, id)


def _offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isascii() or not cursor.isdigit() or int(cursor) > MOST:
        raise BadParameter("cursor", "Trang kế tiếp không hợp lệ.", "`cursor` was not given out by this list")
    return int(cursor)
