"""/api/v1/stream: changes as server-sent events, for the wall and for IOC systems."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Annotated

import anyio
from fastapi import Header, Query, Request, Response
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from api import access
from api.access import requires
from api.routes.alerts import AlertDeskDep
from monitor.alerts.desk import AlertDesk
from monitor.people.roles import Role
from monitor.stream import Stream
from monitor.wording import rfc3339

EVERY = 1.0  # seconds between two looks at the stream
ALIVE = 15  # seconds between two comments that keep proxies from closing the connection
TO_END = 2.0  # seconds that an open stream gets when the server stops, fewer than uvicorn's five
router = access.router(tags=["stream"])


class Newest:
    """The stream's newest id, asked at most twice a second however many listen."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self._asked_at, self._id = 0.0, 0

    def id(self) -> int:
        if time.monotonic() - self._asked_at > EVERY / 2:
            self._id, self._asked_at = self.stream.last_id(), time.monotonic()
        return self._id


@router.get("/stream", summary="Changes as they happen", response_class=EventSourceResponse)
@requires(Role.viewer)
async def stream(
    request: Request,
    desk: AlertDeskDep,
    after: Annotated[int | None, Query(ge=0, le=2**53, description="Begin after this id")] = None,
    last_event_id: Annotated[str, Header(description="Begin after this id; browsers send it themselves")] = "",
) -> Response:
    """Server-sent events (`alert`, `issue`, `mentions`) with growing ids, kept for seven days.

    Without an id it begins with what happens from now on. `data` is JSON: `at`, `about` (an id) and figures.
    """
    newest: Newest = request.app.state.newest
    given = int(last_event_id) if last_event_id.isdigit() and len(last_event_id) < 16 else after
    begin = given if given is not None else await run_in_threadpool(newest.id)
    ending = anyio.Event()  # set when the server stops: a stream that is cut off looks like a fault to it
    return EventSourceResponse(
        _events(request, newest, desk, begin, ending),
        ping=ALIVE,
        headers={"Cache-Control": "no-store"},
        shutdown_event=ending,
        shutdown_grace_period=TO_END,
    )


async def _events(
    request: Request, newest: Newest, desk: AlertDesk, seen: int, ending: anyio.Event
) -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent(comment="đang nghe", retry=3000)
    while not ending.is_set() and not await request.is_disconnected():
        if await run_in_threadpool(newest.id) > seen:
            for event in await run_in_threadpool(newest.stream.after, seen):
                seen = event.id
                data = {"at": rfc3339(event.at), "about": event.about, **event.data}
                yield ServerSentEvent(json.dumps(data, ensure_ascii=False), event=event.kind, id=str(event.id))
                if event.kind == "alert":
                    await run_in_threadpool(desk.alerts.shown, [event.about])
        with anyio.move_on_after(EVERY):
            await ending.wait()
