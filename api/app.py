"""`create_app`: the whole web server over one installation. `uvicorn api.app:create_app --factory` serves it."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from starlette.middleware.gzip import GZipMiddleware

from api import problems
from api.access import check_declared
from api.bundle import ChartLibrary
from api.exports import Exports
from api.guard import Guard, Tags
from api.headers import AnswerHeaders, RequestFigures
from api.hosts import KnownHosts
from api.limits import Limits
from api.models import Problem
from api.oidc import Provider
from api.openapi import document
from api.reader import Reader
from api.routes import (
    admin,
    alert_pages,
    alerts,
    docs,
    exports,
    facets,
    issues,
    links,
    me,
    mentions,
    operations,
    pages,
    saved,
    sentiment,
    signing,
    sources,
    static,
    status,
    stories,
    stream,
    terms,
    wall,
)
from api.routes.status import product_version
from api.templating import Templates
from monitor.alerts.desk import AlertDesk
from monitor.installation import Installation
from monitor.people.audit import Recorder
from monitor.settings import Settings, load_settings
from monitor.stream import Stream

DESCRIPTION = """What the open Internet says about a province: mentions, stories, rising issues, sentiment, places.

Times go in as RFC 3339 (naive ones are Asia/Ho_Chi_Minh) and come out in UTC with `Z`. Lists answer
`{items, total, next}`; give `next` back as `cursor`. Errors are RFC 9457 problem documents with a stable `code`."""
PROBLEMS: dict[int | str, dict[str, object]] = {
    400: {"model": Problem, "description": "A query or cursor that cannot be read"},
    401: {"model": Problem, "description": "Not signed in, or an API key that is not valid (any more)"},
    403: {"model": Problem, "description": "Not permitted to this person or key"},
    404: {"model": Problem, "description": "No such resource"},
    422: {"model": Problem, "description": "A parameter that cannot be used"},
    429: {"model": Problem, "description": "Too many requests; see Retry-After"},
    503: {"model": Problem, "description": "The index does not answer now; see Retry-After"},
}


def create_app(settings: Settings | None = None) -> FastAPI:
    """The server of the installation that the settings describe; it opens when the server starts."""
    in_force = settings or load_settings()
    in_force.data.mkdir(parents=True, exist_ok=True)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with Installation(in_force) as installation:
            recorder = Recorder(installation.desk.audit)
            _open(app, installation, recorder)
            try:
                yield
            finally:
                app.state.exports.close()
                recorder.close()

    app = FastAPI(
        title="Dư Luận",
        summary="Internet information monitoring for a province",
        description=DESCRIPTION,
        version=product_version(),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.figures = RequestFigures()
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_middleware(KnownHosts, names=(in_force.host, *in_force.hosts.split(",")))
    app.add_middleware(AnswerHeaders, figures=app.state.figures)
    _add_routes(app)
    check_declared(app)
    app.openapi = lambda: document(app)  # type: ignore[method-assign]
    problems.install(app)
    return app


def _open(app: FastAPI, installation: Installation, recorder: Recorder) -> None:
    settings = installation.settings
    limits = Limits(settings.requests_per_minute)
    tags = Tags(installation.versions)
    app.state.guard = Guard(installation.desk, recorder, limits, tags, accounts=settings.auth == "on")
    app.state.provider = Provider(settings) if settings.oidc_issuer else None
    reader, library = Reader(installation), ChartLibrary(installation.settings.data / "cache")
    app.state.reader = reader
    app.state.alerts = AlertDesk(installation)
    app.state.newest = stream.Newest(Stream(installation.engine))
    app.state.chart_library = library
    app.state.exports = Exports(installation, settings.data / "exports")
    app.state.templates = Templates(reader, charts_version=library.version)
    threading.Thread(target=library.path, name="chart-library", daemon=True).start()


def _add_routes(app: FastAPI) -> None:
    v1 = APIRouter(prefix="/api/v1", responses=PROBLEMS)
    for resource in (mentions, stories, issues, sentiment, facets, sources, status, me, exports, saved, terms):
        v1.include_router(resource.router)
    for router in (alerts.alerts, alerts.rules, alerts.recipients, alerts.deliveries, stream.router):
        v1.include_router(router)
    v1.include_router(links.router)
    finding = (exports.pages, saved.pages, links.pages, issues.pages)
    people = (signing.router, admin.router)
    telling = (alert_pages.router, wall.router)
    for router in (v1, operations.router, docs.router, static.router, *people, *finding, *telling, pages.router):
        app.include_router(router)
