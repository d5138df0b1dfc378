"""What each route needs, declared at the route and enforced before anything else of the request is read.

    @router.get("/stories")
    @requires(Role.viewer, audit="story")
    def stories(who: PrincipalDep, ...): ...

`router` comes from `api.access.router()`. A route without a declaration cannot be made, and an application with a route
that did not come from such a router does not start (`check_declared`).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.routing import APIRoute, iter_route_contexts

from monitor.people.roles import NOBODY, Principal, Role, Scope

F = TypeVar("F", bound=Callable[..., Any])
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Needs:
    """What a route asks of who comes.

    `role` None: anybody may. `scope`: what an API key must have; by the method (`read`, `write`) unless given.
    `people`: API keys are refused. `unready`: also for a person who has yet to change the first password.
    `audit`: the action under which a request goes into the audit log; requests that change something always do.
    `tag`: the parts of the archive (`monitor.versions`) that the answer is made of, and "minute" when it is made of the
    clock too. Such an answer carries an ETag, and who has it already gets 304 without any work.
    """

    role: Role | None
    scope: Scope | None = None
    people: bool = False
    unready: bool = False
    audit: str = ""
    tag: tuple[str, ...] = ()

    def scope_for(self, method: str) -> Scope:
        return self.scope or (Scope.read if method in SAFE else Scope.write)


def requires(
    role: Role,
    *,
    scope: Scope | None = None,
    people: bool = False,
    unready: bool = False,
    audit: str = "",
    tag: tuple[str, ...] = (),
) -> Callable[[F], F]:
    """Declares a route for this role and those above it."""
    default = Scope.admin if role is Role.admin else None
    return _declare(Needs(role, scope or default, people=people, unready=unready, audit=audit, tag=tag))


def public(endpoint: F) -> F:
    """Declares a route for everybody, signed in or not."""
    return _declare(Needs(None))(endpoint)


def _declare(needs: Needs) -> Callable[[F], F]:
    def declared(endpoint: F) -> F:
        endpoint.__needs__ = needs  # type: ignore[attr-defined]
        return endpoint

    return declared


class GuardedRoute(APIRoute):
    """A route that admits a request before its parameters and body are looked at."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self.needs = needs_of(endpoint)
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            answer: Response = await request.app.state.guard.serve(request, self, handle)
            return answer

        return guarded


def needs_of(endpoint: Callable[..., Any]) -> Needs:
    """Raises TypeError for an endpoint that declares nothing."""
    needs: Needs | None = getattr(endpoint, "__needs__", None)
    if needs is None:
        raise TypeError(f"{endpoint.__module__}.{endpoint.__qualname__} declares neither `requires(...)` nor `public`")
    return needs


def router(**options: Any) -> APIRouter:
    """A router whose routes must declare what they need."""
    return APIRouter(route_class=GuardedRoute, **options)


def declared_routes(app: FastAPI) -> Iterator[tuple[str, frozenset[str], Needs]]:
    """Path, methods and needs of every route. Raises TypeError for one that declares nothing."""
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if not isinstance(route, GuardedRoute):
            raise TypeError(f"{context.path} is not guarded: make its router with api.access.router()")
        yield str(context.path), frozenset(context.methods or ()), route.needs


def check_declared(app: FastAPI) -> None:
    """Raises TypeError when any route could be reached without a declaration."""
    for _ in declared_routes(app):
        pass


def principal(request: Request) -> Principal:
    """Who the request speaks for, as the guard found."""
    found: Principal = getattr(request.state, "principal", NOBODY)
    return found


PrincipalDep = Annotated[Principal, Depends(principal)]


def visiting(csrf: str) -> Principal:
    """Nobody yet, with the token of a login form."""
    return Principal("nobody", csrf=csrf)


def changed(request: Request, what: str) -> None:
    """Says in words what this request changed, for the audit log."""
    request.state.changed = what
