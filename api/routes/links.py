"""/api/v1/links: pages that staff want read; /api/v1/missing: articles known elsewhere and not found yet."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Path, Query, Request
from fastapi.responses import RedirectResponse, Response

from api import access
from api.access import PrincipalDep, changed, requires
from api.dependencies import ReaderDep
from api.models import LinkIn, LinkItem, Listing, MissingArticle
from api.problems import NotFound, problem
from api.views.links import link_item, missing_articles, queue
from monitor.links import BadLink
from monitor.people.roles import Role

router = access.router(tags=["collecting"])
pages = access.router(include_in_schema=False)
LimitQuery = Annotated[int, Query(ge=1, le=500)]


@router.post("/links", status_code=202, summary="Submit a page to be read", response_model=LinkItem)
@requires(Role.officer)
def submit(request: Request, reader: ReaderDep, who: PrincipalDep, body: LinkIn) -> LinkItem | Response:
    """The worker fetches it within seconds, under all rules of a crawl; ask for the link again to see its outcome."""
    try:
        link = queue(reader).submit(body.url, body.note, who.name)
    except BadLink as error:
        return problem(request, 422, "bad_link", str(error))
    changed(request, f"gửi liên kết {link.url}")
    return link_item(link)


@router.get("/links", summary="Submitted links, newest first")
@requires(Role.viewer)
def links(reader: ReaderDep, limit: LimitQuery = 50) -> Listing[LinkItem]:
    found, total = queue(reader).newest(limit)
    return Listing(items=[link_item(each) for each in found], total=total)


@router.get("/links/{id}", summary="One submitted link")
@requires(Role.viewer)
def link(reader: ReaderDep, id: Annotated[int, Path(ge=1, le=2**53)]) -> LinkItem:
    found = queue(reader).get(id)
    if found is None:
        raise NotFound("link")
    return link_item(found)


@router.get("/missing", summary="Articles known elsewhere, not found here yet")
@requires(Role.viewer)
def missing(reader: ReaderDep, limit: LimitQuery = 100) -> Listing[MissingArticle]:
    """Titles that a signal (Google News) says an outlet has. `source` is null for an outlet that nobody watches."""
    found = missing_articles(reader, limit)
    return Listing(items=found, total=len(found))


@pages.post("/sources/links")
@requires(Role.officer)
def submit_form(
    request: Request,
    reader: ReaderDep,
    who: PrincipalDep,
    url: Annotated[str, Form(max_length=4_000)],
    note: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    try:
        link = queue(reader).submit(url, note, who.name)
    except BadLink as error:
        return problem(request, 422, "bad_link", str(error))
    changed(request, f"gửi liên kết {link.url}")
    return RedirectResponse("/sources#links", status_code=303)
