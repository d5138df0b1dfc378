"""/healthz, /readyz, /metrics: for those who keep the product running."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from api import access
from api.access import public, requires
from api.dependencies import ReaderDep
from api.headers import BOUNDS, RequestFigures
from api.routes.status import product_version
from monitor.people.roles import Role

router = access.router(tags=["operations"])


@router.get("/healthz", summary="The process answers")
@public
def healthz() -> dict[str, str]:
    return {"status": "ok", "version": product_version()}


@router.get("/readyz", summary="Requests can be served")
@public
def readyz(reader: ReaderDep) -> Response:
    """200 when requests can be served, else 503 as a problem document. While the index is `away`, pages and most
    resources are served from the archive."""
    reader.it.archive.outcomes()
    return JSONResponse({"status": "ready", "index": "away" if reader.index_away() else "ok"})


@router.get("/metrics", summary="Prometheus text", response_class=PlainTextResponse)
@requires(Role.viewer)
def metrics(request: Request, reader: ReaderDep) -> PlainTextResponse:
    lines = [*_installation(reader), *_requests(request.app.state.figures)]
    return PlainTextResponse("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4; charset=utf-8")


def _installation(reader: ReaderDep) -> list[str]:
    state = reader.status()
    by_state: dict[str, int] = {}
    for source in reader.sources():
        by_state[source.state] = by_state.get(source.state, 0) + 1
    lines = ["# HELP duluan_posts Posts in the archive by outcome.", "# TYPE duluan_posts gauge"]
    lines += [f'duluan_posts{{outcome="{name}"}} {count}' for name, count in sorted(state.outcomes.items())]
    lines += ["# HELP duluan_mentions Mentions in the index.", "# TYPE duluan_mentions gauge"]
    lines += [f"duluan_mentions {state.indexed}"] if state.indexed is not None else []
    lines += ["# HELP duluan_index_up Whether the index answers.", "# TYPE duluan_index_up gauge"]
    lines += [f"duluan_index_up {int(state.index.state != 'away')}"]
    lines += ["# HELP duluan_index_waiting Changes the index must still be told.", "# TYPE duluan_index_waiting gauge"]
    lines += [f"duluan_index_waiting {state.index.waiting}"]
    lines += ["# HELP duluan_index_refused Mentions the index would not take.", "# TYPE duluan_index_refused gauge"]
    lines += [f"duluan_index_refused {state.index.refused}"]
    lines += ["# HELP duluan_sources Sources by state.", "# TYPE duluan_sources gauge"]
    lines += [f'duluan_sources{{state="{name}"}} {count}' for name, count in sorted(by_state.items())]
    lines += ["# HELP duluan_process_up Whether a process reported lately.", "# TYPE duluan_process_up gauge"]
    lines += [f'duluan_process_up{{name="{process.name}"}} {int(process.alive)}' for process in state.processes]
    if state.updated_at:
        lines += ["# HELP duluan_updated_timestamp_seconds When the newest post reached the index."]
        lines += ["# TYPE duluan_updated_timestamp_seconds gauge"]
        lines += [f"duluan_updated_timestamp_seconds {state.updated_at.timestamp():.0f}"]
    return lines


def _requests(figures: RequestFigures) -> list[str]:
    name = "duluan_http_request"
    lines = [f"# HELP {name}s_total Answers by route and status.", f"# TYPE {name}s_total counter"]
    lines += [
        f'{name}s_total{{route="{route}",status="{status}"}} {count}'
        for (route, status), count in sorted(figures.answers.items())
    ]
    lines += [f"# HELP {name}_seconds Time to answer.", f"# TYPE {name}_seconds histogram"]
    for route, seconds in sorted(figures.seconds.items()):
        total = sum(count for (each, _), count in figures.answers.items() if each == route)
        lines += [
            f'{name}_seconds_bucket{{route="{route}",le="{bound}"}} {figures.within[route, bound]}' for bound in BOUNDS
        ]
        lines += [f'{name}_seconds_bucket{{route="{route}",le="+Inf"}} {total}']
        lines += [f'{name}_seconds_sum{{route="{route}"}} {seconds:.6f}']
        lines += [f'{name}_seconds_count{{route="{route}"}} {total}']
    return lines
