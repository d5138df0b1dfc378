"""schemathesis over the OpenAPI document, all its checks, as each role, against the served product.

`DULUAN_TEST_EXAMPLES=100 .venv/bin/pytest tests/api/test_schema.py` looks harder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import FailureGroup

from api.app import create_app
from monitor.people.roles import Role, Scope
from tests.api.people import new_person
from tests.api.world import Made
from tests.serving import serving

EXAMPLES = int(os.environ.get("DULUAN_TEST_EXAMPLES", "1"))  # of each call as each role, which get different ones
# What a query or a moment may say is a language, not a schema: such a text may be refused with 400 or 422.
CONFIG = {"checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", 400, 401, 403, 404, 409, 422, 429]}}}
SILENT = ("stream",)  # an event stream has no end


@pytest.fixture(scope="module")
def served(world: Made) -> Iterator[tuple[Any, str]]:
    """The application and its address; accounts are on."""
    app = create_app(world.settings.model_copy(update={"auth": "on", "requests_per_minute": 0}))
    with serving(app) as address:
        yield app, address


@pytest.mark.parametrize("role", [None, *Role], ids=lambda role: role or "nobody")
def test_no_answer_is_an_error_of_ours_or_undocumented(served: tuple[Any, str], role: Role | None) -> None:
    app, address = served
    headers = {}
    if role:
        desk = app.state.guard.desk
        new_person(desk, f"schema-{role}", role)
        headers["Authorization"] = "Bearer " + desk.keys.add("s", f"schema-{role}", list(Scope), expires_at=None)
    schema = schemathesis.openapi.from_dict(app.openapi(), config=schemathesis.Config.from_dict(CONFIG))
    schema.config.update(base_url=address)
    found = [problem for each in schema.get_all_operations() for problem in _tried(each.ok(), headers, role)]
    assert not found, "\n".join(sorted(set(found)))


def _tried(operation: Any, headers: dict[str, str], role: Role | None) -> list[str]:
    if any(part in operation.path for part in SILENT):
        return []
    problems: list[str] = []

    @seed([None, *Role].index(role))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def one(case: Any) -> None:
        response = case.call(headers=headers)
        try:
            case.validate_response(response)
        except FailureGroup as error:
            problems.extend(f"{operation.method} {operation.path}: {each}"[:400] for each in error.exceptions)

    one()
    return problems[:2]
