"""/api/docs: the OpenAPI document as a page of our own; the usual viewers load their scripts from other hosts."""

from __future__ import annotations

import json
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse

from api import access
from api.access import public, requires
from monitor.people.roles import Role

router = access.router(include_in_schema=False)


@router.get("/api/v1/openapi.json")
@public
def openapi(request: Request) -> JSONResponse:
    return JSONResponse(request.app.openapi())


@router.get("/api/docs", response_class=HTMLResponse)
@requires(Role.viewer)
def docs(request: Request) -> HTMLResponse:
    document = request.app.openapi()
    schemas = document["components"]["schemas"]
    html = request.app.state.templates.render(
        "docs.html", request, api=document, operations=_operations(document), schemas=schemas, type_of=type_of
    )
    return HTMLResponse(html)


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            shown = {
                "path": path,
                "method": method.upper(),
                "answer": _answer(operation),
                "example": _example(operation),
            }
            found.append({**operation, **shown})
    return found


def _example(operation: dict[str, Any]) -> str | None:
    contents = [answer.get("content", {}).get("application/json", {}) for answer in operation["responses"].values()]
    found = [content["example"] for content in contents if "example" in content]
    return json.dumps(found[0], ensure_ascii=False, indent=2) if found else None


def _answer(operation: dict[str, Any]) -> str | None:
    content = operation.get("responses", {}).get("200", {}).get("content", {})
    return type_of(content["application/json"]["schema"]) if "application/json" in content else None


def type_of(schema: dict[str, Any]) -> str:
    """A schema in a few words: "string", "list of MentionItem", "Moment or null"."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(type_of(each) for each in schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(str(value) or '""' for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {type_of(schema.get('items', {}))}"
    if "format" in schema:
        return str(schema["format"])
    return str(schema.get("type", "any"))
