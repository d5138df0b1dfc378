"""/api/v1/issues: what is rising."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from api import access
from api.access import requires
from api.dependencies import AtDep, ReaderDep
from api.models import IssueList
from monitor.people.roles import Role

router = access.router(prefix="/issues", tags=["issues"])


@router.get("", summary="Rising issues")
@requires(Role.viewer, audit="issue", tag=("mentions", "minute"))
def issues(reader: ReaderDep, at: AtDep, limit: Annotated[int, Query(ge=1, le=100)] = 10) -> IssueList:
    """Stories, and topics in a place, that are told far more than is usual, best first, each with its evidence."""
    moment = (at or reader.now()).replace(microsecond=0)  # requests of one second share one answer
    found = reader.issues(moment, limit)
    return IssueList(at=moment, issues=found, items=found, total=len(found))
