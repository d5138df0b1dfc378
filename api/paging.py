"""A page of the dashboard and its JSON twin, drawn from one view's data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from api.access import requires
from monitor.people.roles import Role


def add_page(
    router: APIRouter,
    path: str,
    template: str,
    view: Callable[..., Any],
    *,
    role: Role = Role.viewer,
    audit: str = "",
    people: bool = False,
) -> None:
    """`view` gives a model; the page draws it as `page`, `PATH.json` (of `/` it is `/index.json`) gives it out.

    The twin comes first, or an id would swallow ".json". A model with `wrong` is answered with 400.
    """

    @requires(role, audit=audit, people=people)
    def twin(data: Any = Depends(view)) -> Response:
        return JSONResponse(data.model_dump(mode="json"), _status(data))

    @requires(role, audit=audit, people=people)
    def page(request: Request, data: Any = Depends(view)) -> Response:
        html = request.app.state.templates.render(template, request, page=data)
        return HTMLResponse(html, _status(data))

    name = template.removesuffix(".html")
    router.add_api_route("/index.json" if path == "/" else f"{path}.json", twin, name=f"{name}-twin")
    router.add_api_route(path, page, name=name)


def _status(data: Any) -> int:
    return 400 if getattr(data, "wrong", None) else 200
