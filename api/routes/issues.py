"""/api/v1/issues: what is rising, one issue with its life, and what officers do to it; and the forms of its page."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Form, Path, Query, Request
from fastapi.responses import RedirectResponse, Response

from api import access
from api.access import PrincipalDep, changed, requires
from api.dependencies import AtDep, ReaderDep
from api.models import IssueAction, IssueActionIn, IssueDetail, IssueList
from api.problems import NotFound
from api.views.issue import issue_detail
from api.views.officers import action_item, page
from monitor.archive import utc_now
from monitor.people.roles import Principal, Role
from monitor.rising.store import Action, IssueStore, Verb
from monitor.rising.words import VERBS

router = access.router(prefix="/issues", tags=["issues"])
pages = access.router(include_in_schema=False)
LONGEST_ID = 160
ActionId = Annotated[int, Path(ge=1, le=2**53)]


@router.get("", summary="Rising issues")
@requires(Role.viewer, audit="issue", tag=("mentions", "minute"))
def issues(reader: ReaderDep, at: AtDep, limit: Annotated[int, Query(ge=1, le=100)] = 10) -> IssueList:
    """Stories, topics in a place, and terms that are told far more than is usual, best first, with their evidence."""
    moment = (at or reader.now()).replace(microsecond=0)  # requests of one second share one answer
    as_of, found = reader.look(moment, limit)
    return IssueList(at=moment, as_of=as_of, issues=found, items=found, total=len(found))


@router.get("/{id}", summary="One issue: as it rises, its changes of state, what officers did to it")
@requires(Role.viewer, audit="issue", tag=("mentions", "minute"))
def one(reader: ReaderDep, id: str, at: AtDep) -> IssueDetail:
    return issue_detail(reader, id, at)


@router.post("/{id}/actions", status_code=201, summary="Pin, mute, rename or merge an issue, or mark it as known")
@requires(Role.officer)
def act(request: Request, reader: ReaderDep, who: PrincipalDep, id: str, body: IssueActionIn) -> IssueAction:
    """`value` is the new title (`rename`), the id of the issue to merge into (`merge`), or a note.

    An action of the same kind that was in force on the issue no longer is. Moments before the action do not know it.
    """
    return action_item(_act(request, reader.it.issue_store, who, id, body.action, body.value.strip()))


@router.delete("/{id}/actions/{action}", status_code=204, summary="Take an action back")
@requires(Role.officer)
def undo(request: Request, reader: ReaderDep, who: PrincipalDep, id: str, action: ActionId) -> None:
    _undo(request, reader.it.issue_store, who, id, action)


@pages.post("/issues/{id}/actions")
@requires(Role.officer)
def act_by_form(
    request: Request,
    reader: ReaderDep,
    who: PrincipalDep,
    id: str,
    action: Annotated[Verb, Form()],
    value: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    checked = IssueActionIn(action=action, value=value)
    _act(request, reader.it.issue_store, who, id, checked.action, checked.value.strip())
    return RedirectResponse(page(id), 303)


@pages.post("/issues/{id}/actions/{action}/undo")
@requires(Role.officer)
def undo_by_form(request: Request, reader: ReaderDep, who: PrincipalDep, id: str, action: ActionId) -> Response:
    _undo(request, reader.it.issue_store, who, id, action)
    return RedirectResponse(page(id), 303)


def _act(request: Request, store: IssueStore, who: Principal, id: str, verb: Verb, value: str) -> Action:
    if len(id) > LONGEST_ID:
        raise NotFound("issue")
    number = store.act(id, verb, value, who.name, _now())
    changed(request, f"vụ việc {id}: {VERBS[verb]}{f' “{value}”' if value else ''}")
    return next(action for action in store.actions(id) if action.id == number)


def _undo(request: Request, store: IssueStore, who: Principal, id: str, number: int) -> None:
    mine = next((action for action in store.actions(id) if action.id == number and action.undone_at is None), None)
    if mine is None or not store.undo(number, who.name, _now()):
        raise NotFound("action")
    changed(request, f"vụ việc {id}: bỏ {VERBS[mine.verb]}")


def _now() -> datetime:
    """To the second, as the moments that are asked for: what is done is seen by the next request."""
    return utc_now().replace(microsecond=0)
