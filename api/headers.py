"""What every answer carries: the headers that keep a page from doing more than it should, and the request figures."""

from __future__ import annotations

import time
from collections import Counter
from threading import Lock

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
BOUNDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)  # seconds


class RequestFigures:
    """How many requests each route answered and how long they took."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.answers: Counter[tuple[str, int]] = Counter()
        self.seconds: dict[str, float] = {}
        self.within: Counter[tuple[str, float]] = Counter()

    def add(self, route: str, status: int, seconds: float) -> None:
        with self._lock:
            self.answers[route, status] += 1
            self.seconds[route] = self.seconds.get(route, 0.0) + seconds
            self.within.update((route, bound) for bound in BOUNDS if seconds <= bound)


class AnswerHeaders:
    """ASGI middleware; plain, so that answers are not buffered. What GET answers, HEAD answers without its body."""

    def __init__(self, app: ASGIApp, figures: RequestFigures) -> None:
        self._app = app
        self._figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status, head = time.perf_counter(), 500, scope["method"] == "HEAD"
        if head:
            scope["method"] = "GET"

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store" if scope["path"].startswith("/api/") else "no-cache")
            elif head:
                message = {**message, "body": b""}
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self._figures.add(route, status, time.perf_counter() - begun)
