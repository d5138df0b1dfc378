"""/api/v1/sources: who is listened to, and how well that works."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query

from api import access
from api.access import requires
from api.dependencies import ReaderDep
from api.models import Listing, SourceDetail, SourceItem
from api.views.source import source_detail
from api.views.sources import source_item
from monitor.people.roles import Role

router = access.router(prefix="/sources", tags=["sources"])
State = Literal[
    "ok", "partial", "blocked", "failing", "dead", "drifting", "flooding", "silent", "needs_key", "unknown", "off"
]


@router.get("", summary="Sources with their health")
@requires(Role.viewer)
def sources(
    reader: ReaderDep, state: Annotated[list[State] | None, Query(description="Repeat for alternatives")] = None
) -> Listing[SourceItem]:
    """Every source of the registry, those that need a look first."""
    found = [source_item(each) for each in reader.sources() if not state or each.state in state]
    return Listing(items=found, total=len(found))


@router.get("/{id}", summary="One source")
@requires(Role.viewer)
def source(reader: ReaderDep, id: str) -> SourceDetail:
    """A source with its last runs, posts a day, and what gave no post and why."""
    return source_detail(reader, id)
