"""Which names this server answers to: a page of another site that rebinds its name to our address gets nothing."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import document


class KnownHosts:
    """ASGI middleware. Loopback names and addresses are always known; `names` are those of a proxy in front."""

    def __init__(self, app: ASGIApp, names: Iterable[str]) -> None:
        self._app = app
        self._names = {"", "localhost", *(name.strip().lower() for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope)
            if not self._known(request.headers.get("host", "")):
                detail = "this server does not answer to that name; see DULUAN_HOSTS"
                await document(request, 421, "unknown_host", detail)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _known(self, host: str) -> bool:
        name, _, port = host.lower().rpartition(":")
        name = (name if port.isdigit() else host.lower()).strip("[]").rstrip(".")
        return name in self._names or _is_loopback(name)


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
