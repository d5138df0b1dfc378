"""A real HTTP server on loopback for crawl tests: routes are functions, and every request is written down."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Answer:
    body: bytes | str = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False  # the connection ends in the middle of the body


@dataclass
class Seen:
    path: str
    headers: dict[str, str]


Route = Callable[[Seen], Answer]


class Site:
    """Routes by path; an unknown path is a 404. `seen` holds the requests in order."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self.seen: list[Seen] = []
        self.url = ""

    def page(self, path: str, body: str | bytes, status: int = 200, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.routes[path] = lambda seen: Answer(body, status, named)

    def tagged(self, path: str, body: str, etag: str) -> None:
        """A page that answers 304 to who knows its ETag."""

        def answer(seen: Seen) -> Answer:
            if seen.headers.get("if-none-match") == etag:
                return Answer(b"", 304, {"ETag": etag})
            return Answer(body, 200, {"ETag": etag, "Content-Type": "text/html; charset=utf-8"})

        self.routes[path] = answer

    def paths(self) -> list[str]:
        return [seen.path for seen in self.seen]


@contextmanager
def serving() -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            seen = Seen(self.path, {name.lower(): value for name, value in self.headers.items()})
            site.seen.append(seen)
            route = site.routes.get(self.path, lambda _: Answer("không có trang này", 404))
            answer = route(seen)
            body = answer.body.encode() if isinstance(answer.body, str) else answer.body
            self.send_response(answer.status)
            headers = {"Content-Type": "text/html; charset=utf-8"} | answer.headers
            for name, value in headers.items():
                self.send_header(name, value)
            if answer.status != 304:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if answer.status != 304:
                self.wfile.write(body[: len(body) // 2] if answer.cut else body)
            self.close_connection |= answer.cut

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A crawler that hangs up on an oversized page is what a test wants."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.url = f"http://127.0.0.1:{server.server_port}"
    # Shutting down waits for the next look: hundreds of tests would wait for the half second that is the default.
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
