"""/static: style sheets, scripts and the chart library. Nothing is ever loaded from another host."""

from __future__ import annotations

from pathlib import Path

from fastapi import Request
from fastapi.responses import FileResponse, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from api import access
from api.access import public

FOLDER = Path(__file__).parent.parent / "static"
A_YEAR = "public, max-age=31536000, immutable"

router = access.router(include_in_schema=False)
_files = StaticFiles(directory=FOLDER)


@router.get("/static/charts-{version}.js")
@public
def chart_library(request: Request, version: str) -> Response:
    """The library's address holds its version, so it may be kept for good."""
    library = request.app.state.chart_library
    path = library.path() if version == library.version else None
    if path is None:
        raise HTTPException(404)
    return FileResponse(path, media_type="text/javascript", headers={"Cache-Control": A_YEAR})


@router.get("/static/{path:path}")
@public
async def file(request: Request, path: str) -> Response:
    return await _files.get_response(path, request.scope)


@router.get("/favicon.ico")
@public
def favicon() -> Response:
    return FileResponse(FOLDER / "favicon.svg", media_type="image/svg+xml")
