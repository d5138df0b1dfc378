"""/api/v1/me: who the request speaks for."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api import access
from api.access import PrincipalDep, requires
from api.models import Resource
from monitor.people.roles import Role, Scope

router = access.router(prefix="/me", tags=["me"])


class Me(Resource):
    """`via`: person (a session), key (an API key), local (accounts are off). `scopes`: null means all."""

    name: str = Field(examples=["lan"])
    role: Role
    via: Literal["person", "key", "local"]
    scopes: list[Scope] | None


@router.get("", summary="Who asks")
@requires(Role.viewer)
def me(who: PrincipalDep) -> Me:
    """The person, role and scopes that this session or API key speaks for; a way to try a key."""
    scopes = None if who.scopes is None else sorted(who.scopes)
    return Me.model_validate({"name": who.name, "role": who.role, "via": who.via, "scopes": scopes})
