"""Serves the sandbox web on loopback: one port per site, one process, the site picked by the local port."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox.channel import channel_page
from sandbox.content import Content
from sandbox.forum import forum_page
from sandbox.news import news_page
from sandbox.render import STYLE, Page, picture
from sandbox.site import DEFAULT_PORT, Site, make_sites, site_codes
from sandbox.sources import source_records
from sandbox.world import World
from sandbox.writing import hash_hex, http_date

HOST = "127.0.0.1"
Clock = Callable[[], datetime]


def real_clock() -> datetime:
    return datetime.now(UTC)


def fast_clock(anchor: datetime, speed: float) -> Clock:
    """A clock that shows the anchor now and then runs `speed` times as fast as the real one."""
    started = time.monotonic()
    return lambda: anchor + timedelta(seconds=(time.monotonic() - started) * speed)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A rendered answer, kept until something in the world changes."""

    tick: int
    page: Page
    body: bytes
    etag: str


class SandboxApp:
    """The ASGI application of all sites; `sites` maps a local port to its site.

    `hits` counts requests by site and path, so that tests can see what a crawler asked for.
    """

    def __init__(self, world: World, sites: Mapping[int, Site], clock: Clock = real_clock) -> None:
        self.world = world
        self.sites = dict(sites)
        self.clock = clock
        self.hits: Counter[tuple[str, str]] = Counter()
        self._kept: dict[tuple[str, str, str], _Kept] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        await self.respond(Request(scope, receive))(scope, receive, send)

    def respond(self, request: Request) -> Response:
        """The answer to one request, with validators and 304 where the page has them."""
        port = request.scope["server"][1]
        site = self.sites.get(port)
        if site is None:
            return Response("no such site", status_code=421)
        if request.method not in ("GET", "HEAD"):
            return Response(status_code=405, headers={"Allow": "GET, HEAD"})
        path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
        self.hits[site.code, path] += 1
        static = _static(path) if site.behaviour != "blocked" else None
        if static:
            return static
        kept = self._answer(site, path, query)
        if kept.page.location:
            return Response(status_code=kept.page.status, headers={"Location": kept.page.location})
        headers = {"Content-Type": kept.page.media_type, **_validators(kept)}
        if kept.page.modified and _unchanged(request, kept):
            return Response(status_code=304, headers=headers)
        return Response(kept.body, kept.page.status, headers)

    def _answer(self, site: Site, path: str, query: str) -> _Kept:
        """Render, or take what was rendered since the world last changed."""
        now = self.clock()
        tick = self.world.tick(now)
        key = (site.code, path, query)
        kept = self._kept.get(key)
        if kept is None or kept.tick != tick:
            page = self.page(site, path, query, now)
            kept = _Kept(tick, page, page.body.encode(), f'"{hash_hex(page.body)[:20]}"')
            if len(self._kept) > 5_000:
                self._kept.clear()
            self._kept[key] = kept
        return kept

    def page(self, site: Site, path: str, query: str, now: datetime) -> Page:
        """What a site shows at a moment: the pure part."""
        make = {"forum": forum_page, "channel": channel_page}.get(site.code, news_page)
        return make(self.world, site, path, query, now)


def _static(path: str) -> Response | None:
    """Style sheet and pictures, the same on every site."""
    lasting = {"Cache-Control": "max-age=3600"}
    if path == "/static/style.css":
        return Response(STYLE, media_type="text/css", headers=lasting)
    name = path.removeprefix("/anh/").removesuffix(".svg")
    if path.startswith("/anh/") and name.isdecimal() and len(name) < 4:
        return Response(picture(int(name)), media_type="image/svg+xml", headers=lasting)
    if path == "/favicon.ico":
        return Response(status_code=404)
    return None


def _validators(kept: _Kept) -> dict[str, str]:
    if kept.page.modified is None:
        return {"Cache-Control": "no-store"} if kept.page.status == 503 else {}
    return {"ETag": kept.etag, "Last-Modified": http_date(kept.page.modified), "Cache-Control": "no-cache"}


def _unchanged(request: Request, kept: _Kept) -> bool:
    """Whether the client's copy is still good; If-None-Match wins over If-Modified-Since (RFC 9110)."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*" or kept.etag in (tag.strip().removeprefix("W/") for tag in tags.split(","))
    since = request.headers.get("if-modified-since")
    if since is None or kept.page.modified is None:
        return False
    try:
        return kept.page.modified.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return False


@dataclass
class Sandbox:
    """A sandbox whose ports are open; `run` serves until `stop` is called or a signal comes."""

    world: World
    sites: dict[str, Site]
    app: SandboxApp
    sockets: list[socket.socket] = field(repr=False)
    server: uvicorn.Server = field(repr=False)

    def sources(self, every_minutes: float = 0.25) -> list[dict[str, Any]]:
        """The source records with which to crawl this sandbox."""
        return source_records(self.world, self.sites, self.app.clock(), every_minutes)

    def url(self, code: str, path: str = "/") -> str:
        return self.sites[code].base + path

    def run(self) -> None:
        self.server.run(sockets=self.sockets)

    def stop(self) -> None:
        self.server.should_exit = True

    def close(self) -> None:
        for each in self.sockets:
            each.close()


def open_sandbox(
    anchor: datetime | None = None,
    *,
    port: int = DEFAULT_PORT,
    host: str = HOST,
    clock: Clock = real_clock,
    content: Content | None = None,
) -> Sandbox:
    """Bind the ports (from `port` on; 0: free ones) and make the sandbox ready to run.

    Raises OSError when a port is taken.
    """
    world = World(anchor or clock(), content)
    codes = site_codes(world)
    sockets = _bind(host, port, len(codes))
    ports = [each.getsockname()[1] for each in sockets]
    bases = {code: f"http://{host}:{number}" for code, number in zip(codes, ports, strict=True)}
    sites = make_sites(world, bases)
    app = SandboxApp(world, {number: sites[code] for code, number in zip(codes, ports, strict=True)}, clock)
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=2)
    return Sandbox(world, sites, app, sockets, uvicorn.Server(config))


def _bind(host: str, port: int, count: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    try:
        for place in range(count):
            # asyncio sets TCP_NODELAY only where the protocol is named; without it every answer waits 40 ms.
            each = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            sockets.append(each)
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            each.bind((host, port + place if port else 0))
            each.listen(256)
    except OSError as error:
        for each in sockets:
            each.close()
        raise OSError(error.errno, f"port {port + len(sockets) - 1} on {host}: {error.strerror}") from error
    return sockets


@contextmanager
def run_in_thread(
    anchor: datetime | None = None, *, port: int = 0, clock: Clock = real_clock, content: Content | None = None
) -> Iterator[Sandbox]:
    """A running sandbox for tests, on free ports, stopped at the end of the block."""
    sandbox = open_sandbox(anchor, port=port, clock=clock, content=content)
    thread = threading.Thread(target=sandbox.run, name="sandbox", daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + 10
        while not sandbox.server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the sandbox did not start")
            time.sleep(0.01)
        yield sandbox
    finally:
        sandbox.stop()
        thread.join(timeout=10)
        sandbox.close()


def serve(sandbox: Sandbox) -> None:
    """Serve in the foreground until SIGTERM or SIGINT, then end cleanly."""
    # uvicorn raises the signal once more after its shutdown; these handlers let that end in peace.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    try:
        sandbox.run()
    finally:
        sandbox.close()
