"""/api/v1/exports: all mentions of a search as a file; and the page that shows how far it is."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from api import access
from api.access import PrincipalDep, changed, requires
from api.dependencies import ReaderDep, SearchDep
from api.exports import Exports, Job
from api.models import ExportItem
from api.problems import NotFound
from api.searching import Search, at_address
from monitor.export import Format
from monitor.people.roles import Principal, Role, Scope
from monitor.wording import number

router = access.router(prefix="/exports", tags=["exports"])
pages = access.router(include_in_schema=False)
MEDIA = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


def owner(who: Principal) -> str:
    """Whose things these are: the person's, or this machine's where accounts are off."""
    return who.user_id or "local"


def exports(request: Request) -> Exports:
    found: Exports = request.app.state.exports
    return found


def _mine(request: Request, who: Principal, id: str) -> Job:
    job = exports(request).get(owner(who), id)
    if job is None:
        raise NotFound("export")
    return job


def _item(job: Job) -> ExportItem:
    file = f"/api/v1/exports/{job.id}/file" if job.state == "done" else None
    return ExportItem(id=job.id, format=job.format, state=job.state, done=job.done, total=job.total, file=file)


def _start(request: Request, reader: ReaderDep, who: Principal, search: Search, format: Format) -> Job:
    job = exports(request).start(owner(who), search.q, search.filters(reader.min_relevance), format)
    changed(request, f"xuất {number(job.total)} lượt nhắc ({format}): {search.link()}")
    return job


@router.post("", status_code=202, summary="Begin to export a search")
@requires(Role.officer, scope=Scope.export, audit="export")
def start(request: Request, reader: ReaderDep, who: PrincipalDep, search: SearchDep, format: Format) -> ExportItem:
    """All mentions that `/api/v1/mentions` would list for the same parameters, newest first, as they are now. Ask for
    the export until its `state` is done, then get `file`; it is kept for an hour."""
    return _item(_start(request, reader, who, search, format))


@router.get("/{id}", summary="How far an export is")
@requires(Role.officer, scope=Scope.export)
def progress(request: Request, who: PrincipalDep, id: str) -> ExportItem:
    """Exports belong to the person who began them."""
    return _item(_mine(request, who, id))


@router.get("/{id}/file", summary="The file of an export", response_class=FileResponse)
@requires(Role.officer, scope=Scope.export, audit="export")
def file(request: Request, who: PrincipalDep, id: str) -> FileResponse:
    """CSV in UTF-8 with a byte order mark, or XLSX."""
    job = _mine(request, who, id)
    if job.state != "done" or not job.path.exists():
        raise NotFound("file yet")
    return FileResponse(job.path, media_type=MEDIA[job.format], filename=job.filename)


@router.delete("/{id}", status_code=204, summary="Stop an export, or delete its file")
@requires(Role.officer, scope=Scope.export)
def remove(request: Request, who: PrincipalDep, id: str) -> None:
    exports(request).remove(_mine(request, who, id))


@pages.post("/search/export")
@requires(Role.officer, scope=Scope.export, audit="export")
def begin(
    request: Request,
    reader: ReaderDep,
    who: PrincipalDep,
    address: Annotated[str, Form(max_length=20_000)],
    format: Annotated[Format, Form()],
) -> Response:
    job = _start(request, reader, who, at_address(address), format)
    return RedirectResponse(f"/exports/{job.id}", 303)


@pages.get("/exports/{id}")
@requires(Role.officer)
def page(request: Request, who: PrincipalDep, id: str) -> Response:
    job = _mine(request, who, id)
    return HTMLResponse(request.app.state.templates.render("export.html", request, job=job, item=_item(job)))
