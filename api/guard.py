"""The guard: who a request speaks for, whether its route admits them, and the note of it in the audit log."""

from __future__ import annotations

import hmac
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus, urlsplit

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from api.access import SAFE, Needs
from api.answers import Answers
from api.limits import Limits
from api.problems import Refused
from monitor.archive import utc_now
from monitor.people.audit import Entry, Recorder
from monitor.people.desk import Desk
from monitor.people.keys import BadKey
from monitor.people.roles import LOCAL, NOBODY, Principal
from monitor.people.sessions import csrf_token
from monitor.versions import Versions

if TYPE_CHECKING:
    from api.access import GuardedRoute

MINUTE = "minute"
VISITOR = "duluan_visitor"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
KEY_DETAILS = {"invalid_key": "this API key is not valid", "expired_key": "this API key has expired"}


def session_cookie(request: Request) -> str:
    """The cookie's name: over HTTPS with the prefix that makes browsers take it from this host alone."""
    return "__Host-duluan_session" if request.url.scheme == "https" else "duluan_session"


class Tags:
    """What an answer is made of, as the archive's counters stand before it is made. Read first, so that an answer is
    never older than its version says."""

    def __init__(self, versions: Versions) -> None:
        self._versions = versions

    def of(self, parts: tuple[str, ...]) -> str:
        minute = f".{int(time.time()) // 60}" if MINUTE in parts else ""
        return self._versions.lately(*(part for part in parts if part != MINUTE)) + minute


class Guard:
    """One for the whole API. `accounts` False: every request speaks for this machine's own user."""

    def __init__(self, desk: Desk, recorder: Recorder, limits: Limits, tags: Tags, *, accounts: bool) -> None:
        self.desk, self.recorder, self.accounts = desk, recorder, accounts
        self._limits, self._tags, self._answers = limits, tags, Answers()

    async def serve(
        self, request: Request, route: GuardedRoute, handle: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        """Answers a request at a route, if it admits it. Raises Refused."""
        needs, safe = route.needs, request.method in SAFE
        if needs.role is not None or not safe:
            await run_in_threadpool(self.identify, request)
            self._check_rate(request)
            await self._check(request, needs)
        try:
            response = await (self._kept(request, needs, handle) if needs.tag else handle(request))
        except Exception:
            if not safe and needs.role is not None:
                await run_in_threadpool(self.recorder.change, self._entry(request, _action(request, needs), 0))
            raise
        if needs.role is not None:
            await self._note(request, needs, response.status_code)
        return response

    async def _kept(self, request: Request, needs: Needs, handle: Callable[[Request], Awaitable[Response]]) -> Response:
        """The kept answer, or one made now; nothing but its tag for who has it already."""
        version = await run_in_threadpool(self._tags.of, needs.tag)
        has = partial(_has, request)
        answer = await self._answers.get(request, version, lambda: handle(request), has)
        if answer.tag and has(answer.tag):
            return Response(status_code=304, headers=_tagged(answer.tag))
        response = answer.response()
        if answer.tag:
            response.headers.update(_tagged(answer.tag))
        return response

    # who

    def identify(self, request: Request) -> Principal:
        """Who the request speaks for; found once. A key that opens nothing is nobody, and `key_problem` says why."""
        found: Principal | None = getattr(request.state, "principal", None)
        if found is None:
            found = request.state.principal = self._identify(request)
        return found

    def _identify(self, request: Request) -> Principal:
        if not self.accounts:
            return LOCAL
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme:
            try:
                return self.desk.keys.principal(
                    key.strip() if scheme.lower() == "bearer" else "", address=_from(request)
                )
            except BadKey as error:
                request.state.key_problem = error.code
                return NOBODY
        token = request.cookies.get(session_cookie(request))
        person = self.desk.sessions.principal(token) if token else None
        if person:
            return person
        visitor = request.cookies.get(VISITOR)
        return Principal("nobody", csrf=csrf_token(visitor)) if visitor else NOBODY

    # whether

    def _check_rate(self, request: Request) -> None:
        who = request.state.principal
        if who.via == "local":
            return
        wait = self._limits.take(who.key_id or who.session_id or _from(request))
        if wait:
            detail = "too many requests; see Retry-After"
            raise Refused(429, "too_many_requests", detail, headers={"Retry-After": str(wait)})

    async def _check(self, request: Request, needs: Needs) -> None:
        who: Principal = request.state.principal
        if needs.role is not None:
            self._check_role(request, needs, who)
        if request.method not in SAFE and who.via != "key":
            await self._check_ours(request, who)

    def _check_role(self, request: Request, needs: Needs, who: Principal) -> None:
        assert needs.role is not None
        if who.via == "nobody":
            code = getattr(request.state, "key_problem", "not_signed_in")
            detail = KEY_DETAILS.get(code, "sign in, or send `Authorization: Bearer KEY`")
            raise Refused(401, code, detail, headers={"WWW-Authenticate": "Bearer"})
        scope = needs.scope_for(request.method)
        refused: tuple[str, str] | None = None
        if who.must_change and not needs.unready:
            refused = "password_change_required", "the first password must be changed before anything else"
        elif needs.people and who.via == "key":
            refused = "people_only", "this is for people, not for API keys"
        elif not who.may(needs.role):
            refused = "forbidden", f"this needs the role {needs.role}"
        elif not who.may(needs.role, scope):
            refused = "missing_scope", f"this needs an API key with the scope {scope}"
        if refused:
            self.recorder.read(self._entry(request, "refused", 403))
            raise Refused(403, *refused)

    async def _check_ours(self, request: Request, who: Principal) -> None:
        """A request that changes something must come from a page of ours, and carry the session's own token."""
        if not _same_origin(request):
            raise Refused(403, "foreign_origin", "this request came from a page of another site")
        if who.via == "local":
            return
        token = request.headers.get("x-csrf-token", "")
        if not token and request.headers.get("content-type", "").startswith(FORMS):
            given = (await request.form()).get("csrf")
            token = given if isinstance(given, str) else ""
        if not who.csrf or not hmac.compare_digest(token.encode(), who.csrf.encode()):
            raise Refused(403, "csrf", "the token against forged requests is missing or not of this session")

    # what for

    async def _note(self, request: Request, needs: Needs, status: int) -> None:
        if request.method not in SAFE:
            await run_in_threadpool(self.recorder.change, self._entry(request, _action(request, needs), status))
        elif needs.audit:
            self.recorder.read(self._entry(request, needs.audit, status))

    def note(self, request: Request, action: str, what: str, *, who: str = "") -> None:
        """An entry of its own: a login, a logout, an export's size."""
        entry = self._entry(request, action, 200)
        fields = {name: getattr(entry, name) for name in ("role", "key_id", "status", "address", "at")}
        self.recorder.change(Entry(who=who or entry.who, action=action, what=request.url.path, query=what, **fields))

    def _entry(self, request: Request, action: str, status: int) -> Entry:
        who: Principal = request.state.principal
        return Entry(
            who=who.name or "-",
            role=who.role or "",
            key_id=who.key_id,
            action=action,
            what=request.url.path,
            query=getattr(request.state, "changed", "") or unquote_plus(request.url.query),
            status=status,
            address=_from(request),
            at=utc_now(),
        )


def _action(request: Request, needs: Needs) -> str:
    return needs.audit or f"change {request.method.lower()}"


def _tagged(tag: str) -> dict[str, str]:
    return {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie, Accept-Encoding"}


def _has(request: Request, tag: str) -> bool:
    given = request.headers.get("if-none-match", "")
    return tag in {each.strip() for each in given.split(",")}


def _from(request: Request) -> str:
    return request.client.host if request.client else ""


def _same_origin(request: Request) -> bool:
    """Browsers say where a request comes from; programs say nothing, and hold no cookie of a person."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")
