"""/api/v1/terms: the words that set a search apart."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from api import access
from api.access import requires
from api.dependencies import ReaderDep, SearchDep
from api.models import Listing, SignificantTerm
from monitor.people.roles import Role

router = access.router(prefix="/terms", tags=["mentions"])


@router.get("", summary="Significant terms of a search")
@requires(Role.viewer, audit="search", tag=("mentions",))
def terms(
    reader: ReaderDep, search: SearchDep, limit: Annotated[int, Query(ge=1, le=100)] = 30
) -> Listing[SignificantTerm]:
    """Terms of one to four words that these mentions have more often than all mentions, most telling first. They are
    counted in a fixed sample of both."""
    found = reader.terms(search, limit)
    return Listing(items=found, total=len(found))
