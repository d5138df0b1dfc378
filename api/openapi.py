"""The OpenAPI document: problems by their own media type, and how one signs in."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.access import declared_routes
from api.examples import add_examples

PROBLEM = "application/problem+json"
KEY = {"type": "http", "scheme": "bearer", "description": "An API key, made under Quản trị or by `duluan key add`"}
CLOCK = r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$"  # wall time in Việt Nam; the format `time` would ask for an offset
SAID_TO_ALL = {
    "401": "Not signed in, or an API key that is not valid (any more)",
    "403": "Not permitted to this person or key",
    "429": "Too many requests; see Retry-After",
}


def document(app: FastAPI) -> dict[str, Any]:
    """The document of the application, made once."""
    if app.openapi_schema is None:
        found = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=app.description,
            routes=app.routes,
        )
        found["components"]["securitySchemes"] = {"key": KEY}
        needs = {
            (path.replace(":path}", "}"), method): need
            for path, methods, need in declared_routes(app)
            for method in methods
        }
        for path, operations in found["paths"].items():
            for method, operation in operations.items():
                if (need := needs.get((path, method.upper()))) and need.role:
                    operation["security"] = [{"key": []}]
                    operation["x-role"], operation["x-scope"] = need.role, need.scope_for(method.upper())
                    operation["responses"] |= {s: {"description": d} for s, d in SAID_TO_ALL.items()}
                if need and need.tag:
                    operation["responses"]["304"] = {"description": "What If-None-Match names is still the answer"}
                _say_problems(operation)
        for schema in found["components"]["schemas"].values():
            for field in schema.get("properties", {}).values():
                if field.get("format") == "time":
                    field["pattern"] = CLOCK
                    del field["format"]
        found["paths"]["/readyz"]["get"]["responses"]["503"] = {"description": "Archive or index do not answer"}
        _say_problems(found["paths"]["/readyz"]["get"])
        for unused in ("HTTPValidationError", "ValidationError"):
            found["components"]["schemas"].pop(unused, None)
        add_examples(found)
        app.openapi_schema = found
    return app.openapi_schema


def _say_problems(operation: dict[str, Any]) -> None:
    for status, answer in operation["responses"].items():
        if status.isdigit() and int(status) >= 400:
            answer["content"] = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
