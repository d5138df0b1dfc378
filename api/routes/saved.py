"""/api/v1/saved-searches: searches that a person keeps; and the forms of the search page that keep and drop them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import RedirectResponse, Response

from api import access
from api.access import PrincipalDep, changed, requires
from api.dependencies import ReaderDep, SavedSearchesDep
from api.models import Listing, SavedSearchChange, SavedSearchIn, SavedSearchItem
from api.problems import NotFound
from api.routes.exports import owner
from api.searching import at_address
from api.views.saved import conditions_of, saved_item, search_of
from index.query import parse
from monitor.people.roles import Principal, Role
from monitor.saved_searches import SavedSearch, SavedSearches

TAKEN: dict[int | str, dict[str, object]] = {409: {"description": "One of this name, or too many of them"}}
router = access.router(prefix="/saved-searches", tags=["saved searches"])
pages = access.router(include_in_schema=False)


def _mine(saved: SavedSearches, who: Principal, id: str) -> SavedSearch:
    found = saved.get(owner(who), id)
    if found is None:
        raise NotFound("saved search")
    return found


@router.get("", summary="Your saved searches")
@requires(Role.viewer)
def listing(reader: ReaderDep, who: PrincipalDep, saved: SavedSearchesDep) -> Listing[SavedSearchItem]:
    """By name, each with how many mentions it finds, and how many of them were first seen since your last visit."""
    found = saved.of(owner(who))
    return Listing(items=[saved_item(reader, each) for each in found], total=len(found))


@router.post("", status_code=201, summary="Save a search", responses=TAKEN)
@requires(Role.viewer)
def add(
    request: Request, reader: ReaderDep, who: PrincipalDep, saved: SavedSearchesDep, body: SavedSearchIn
) -> SavedSearchItem:
    parse(body.q)
    made = saved.add(owner(who), body.name, body.q, conditions_of(body))
    changed(request, f"lưu tìm kiếm “{made.name}”")
    return saved_item(reader, made)


@router.get("/{id}", summary="One saved search")
@requires(Role.viewer)
def one(reader: ReaderDep, who: PrincipalDep, saved: SavedSearchesDep, id: str) -> SavedSearchItem:
    return saved_item(reader, _mine(saved, who, id))


@router.patch("/{id}", summary="Rename a saved search, or change what it looks for", responses=TAKEN)
@requires(Role.viewer)
def change(
    request: Request, reader: ReaderDep, who: PrincipalDep, saved: SavedSearchesDep, id: str, body: SavedSearchChange
) -> SavedSearchItem:
    """Parameters that are left out stay as they are; a search is changed as a whole (`search`)."""
    before = _mine(saved, who, id)
    values: dict[str, object] = {} if body.name is None else {"name": body.name}
    if body.search is not None:
        parse(body.search.q)
        values |= {"query": body.search.q, "conditions": conditions_of(body.search)}
    if values:
        saved.change(owner(who), id, **values)
        changed(request, f"đổi tìm kiếm đã lưu “{before.name}”")
    return saved_item(reader, _mine(saved, who, id))


@router.post("/{id}/visit", status_code=204, summary="Say that you have looked")
@requires(Role.viewer)
def visit(who: PrincipalDep, saved: SavedSearchesDep, id: str) -> None:
    """From now on, what is seen later counts as new."""
    _mine(saved, who, id)
    saved.visited(owner(who), id)


@router.delete("/{id}", status_code=204, summary="Drop a saved search")
@requires(Role.viewer)
def remove(request: Request, who: PrincipalDep, saved: SavedSearchesDep, id: str) -> None:
    dropped = _mine(saved, who, id)
    saved.remove(owner(who), id)
    changed(request, f"xóa tìm kiếm đã lưu “{dropped.name}”")


@pages.post("/search/save")
@requires(Role.viewer)
def keep(
    request: Request,
    who: PrincipalDep,
    saved: SavedSearchesDep,
    name: Annotated[str, Form(max_length=500)],
    address: Annotated[str, Form(max_length=20_000)],
) -> Response:
    search = at_address(address)
    parse(search.q)
    made = saved.add(owner(who), name, search.q, search.conditions())
    changed(request, f"lưu tìm kiếm “{made.name}”")
    return RedirectResponse(search.link(saved=made.id), 303)


@pages.post("/search/saved/{id}/visit")
@requires(Role.viewer)
def looked(who: PrincipalDep, saved: SavedSearchesDep, id: str) -> Response:
    found = _mine(saved, who, id)
    saved.visited(owner(who), id)
    return RedirectResponse(search_of(found).link(saved=id), 303)


@pages.post("/search/saved/{id}/remove")
@requires(Role.viewer)
def drop(request: Request, who: PrincipalDep, saved: SavedSearchesDep, id: str) -> Response:
    found = _mine(saved, who, id)
    saved.remove(owner(who), id)
    changed(request, f"xóa tìm kiếm đã lưu “{found.name}”")
    return RedirectResponse("/search", 303)
