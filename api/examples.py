"""Examples for every call in the OpenAPI document: a request as curl and as Python, and an answer made of the schema.

`tests/api/test_guide.py` sends each of them to a running server; a new call without an example fails there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from api.access import SAFE

DAY = "from=2026-03-06&to=2026-03-07"
NOTE = {"note": "đã báo xã"}
RULE = {"name": "Sạt lở", "query": "sạt lở", "topics": ["disaster"], "window_hours": 6, "min_count": 3}
RECIPIENT = {"name": "Trực ban IOC", "channel": "webhook", "address": "https://ioc.example/hook"}


@dataclass(frozen=True, slots=True)
class Example:
    """What a call is sent with; ids in its path are made up."""

    query: str = ""
    body: dict[str, Any] | None = None
    ids: tuple[str, ...] = ()


MENTION, STORY, LINK = "3f2b9c1d5e8a7f604b12", "s-3f2b9c1d5e8a", "12"
EXPORT, SAVED = "0c8f3a5be71d4f06a2c9d8e7b6a5f401", "5d1e7a90c3b2"
ALERT, RULE_ID, RECIPIENT_ID, DELIVERY = "a-3f2b9c1d5e8a7f60", "ready-disaster", "r-7c41", "d-19ab"

EXAMPLES: dict[str, Example] = {
    "GET /api/v1/mentions": Example(f"q=sạt lở&sentiment=negative&{DAY}&limit=2"),
    "GET /api/v1/mentions/{id}": Example(ids=(MENTION,)),
    "GET /api/v1/mentions/{id}/similar": Example("limit=2", ids=(MENTION,)),
    "GET /api/v1/stories": Example(f"{DAY}&limit=2"),
    "GET /api/v1/stories/{id}": Example(ids=(STORY,)),
    "GET /api/v1/issues": Example("limit=3"),
    "GET /api/v1/issues/{id}": Example(ids=(STORY,)),
    "POST /api/v1/issues/{id}/actions": Example(
        body={"action": "known", "value": "đã có đoàn đi kiểm tra"}, ids=(STORY,)
    ),
    "DELETE /api/v1/issues/{id}/actions/{action}": Example(ids=(STORY, "7")),
    "GET /api/v1/sentiment/summary": Example(f"topic=health&{DAY}"),
    "GET /api/v1/sentiment/series": Example(f"interval=hour&{DAY}"),
    "GET /api/v1/topics": Example(DAY),
    "GET /api/v1/places": Example(f"{DAY}&limit=10"),
    "GET /api/v1/summary": Example(f"by=source&{DAY}&limit=5"),
    "GET /api/v1/series": Example(f"by=topic&interval=day&{DAY}&limit=3"),
    "GET /api/v1/sources": Example("state=silent&state=blocked"),
    "GET /api/v1/sources/{id}": Example(ids=("baoquangtri",)),
    "GET /api/v1/status": Example(),
    "GET /api/v1/me": Example(),
    "POST /api/v1/exports": Example(f"format=csv&topic=disaster&{DAY}"),
    "GET /api/v1/exports/{id}": Example(ids=(EXPORT,)),
    "GET /api/v1/exports/{id}/file": Example(ids=(EXPORT,)),
    "DELETE /api/v1/exports/{id}": Example(ids=(EXPORT,)),
    "GET /api/v1/saved-searches": Example(),
    "POST /api/v1/saved-searches": Example(body={"name": "Sạt lở quốc lộ 9", "q": "sạt lở", "topic": ["disaster"]}),
    "GET /api/v1/saved-searches/{id}": Example(ids=(SAVED,)),
    "PATCH /api/v1/saved-searches/{id}": Example(body={"name": "Sạt lở đường 9"}, ids=(SAVED,)),
    "POST /api/v1/saved-searches/{id}/visit": Example(ids=(SAVED,)),
    "DELETE /api/v1/saved-searches/{id}": Example(ids=(SAVED,)),
    "GET /api/v1/terms": Example(f"q=sạt lở&{DAY}"),
    "GET /api/v1/alerts": Example("state=open&limit=5"),
    "GET /api/v1/alerts/{id}": Example(ids=(ALERT,)),
    "POST /api/v1/alerts/{id}/acknowledge": Example(body=NOTE, ids=(ALERT,)),
    "POST /api/v1/alerts/{id}/close": Example(body=NOTE, ids=(ALERT,)),
    "POST /api/v1/alerts/{id}/reopen": Example(ids=(ALERT,)),
    "GET /api/v1/alert-rules": Example(),
    "POST /api/v1/alert-rules": Example(body=RULE),
    "POST /api/v1/alert-rules/try": Example(body=RULE),
    "GET /api/v1/alert-rules/{id}": Example(ids=(RULE_ID,)),
    "PUT /api/v1/alert-rules/{id}": Example(body=RULE | {"min_count": 5}, ids=(RULE_ID,)),
    "DELETE /api/v1/alert-rules/{id}": Example(ids=(RULE_ID,)),
    "GET /api/v1/alert-recipients": Example(),
    "POST /api/v1/alert-recipients": Example(body=RECIPIENT),
    "POST /api/v1/alert-recipients/{id}/test": Example(ids=(RECIPIENT_ID,)),
    "DELETE /api/v1/alert-recipients/{id}": Example(ids=(RECIPIENT_ID,)),
    "GET /api/v1/deliveries": Example("state=dead"),
    "POST /api/v1/deliveries/{id}/send-again": Example(ids=(DELIVERY,)),
    "GET /api/v1/stream": Example("after=0"),
    "POST /api/v1/links": Example(
        body={"url": "https://baoquangtri.vn/thoi-su/sat-lo-duong-9.html", "note": "dân gửi"}
    ),
    "GET /api/v1/links": Example("limit=5"),
    "GET /api/v1/links/{id}": Example(ids=(LINK,)),
    "GET /api/v1/missing": Example("limit=5"),
    "GET /healthz": Example(),
    "GET /readyz": Example(),
    "GET /metrics": Example(),
}


def add_examples(document: dict[str, Any]) -> None:
    """Puts into every operation its request (`x-codeSamples`, the body's example) and an answer."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if (example := EXAMPLES.get(f"{method.upper()} {path}")) is None:
                continue
            samples = [
                ("Shell", curl(method.upper(), path, example)),
                ("Python", python(method.upper(), path, example)),
            ]
            operation["x-codeSamples"] = [{"lang": lang, "source": source} for lang, source in samples]
            if example.body is not None:
                operation["requestBody"]["content"]["application/json"]["example"] = example.body
            for status, answer in operation["responses"].items():
                content = answer.get("content", {}).get("application/json")
                if content is not None and status.startswith("2"):
                    content["example"] = answer_of(content.get("schema", {}), document["components"]["schemas"])


def address(path: str, example: Example) -> str:
    """The path with its ids."""
    parts, ids = path.split("/"), iter(example.ids)
    return "/".join(next(ids) if part.startswith("{") else part for part in parts)


def curl(method: str, path: str, example: Example) -> str:
    """The call as a command; parameters are encoded by curl itself."""
    words = ["curl -fsS", '-H "Authorization: Bearer $IOC_KEY"', f'"$IOC_URL{address(path, example)}"']
    if method not in SAFE:
        words.insert(1, f"-X {method}")
    if path.endswith("/stream"):
        words.insert(1, "-N")
    pairs = [f"--data-urlencode '{pair}'" for pair in example.query.split("&") if pair]
    words += (["-G"] if pairs else []) + pairs
    if example.body is not None:
        words += ["-H 'Content-Type: application/json'", f"-d '{json.dumps(example.body, ensure_ascii=False)}'"]
    return " \\\n  ".join(words)


def python(method: str, path: str, example: Example) -> str:
    """The call with `api`, an httpx.Client that knows the address and the key (see docs/api.md)."""
    given = [repr(method), repr(address(path, example))]
    pairs = [(name, value) for name, _, value in (pair.partition("=") for pair in example.query.split("&") if pair)]
    given += [f"params={pairs!r}"] if pairs else []
    given += [f"json={example.body!r}"] if example.body is not None else []
    if path.endswith("/stream"):
        return f"with api.stream({', '.join(given)}) as answer:\n    print(next(answer.iter_lines()))"
    ending = (
        "print(answer.json())"
        if method in SAFE and "file" not in path and path != "/metrics"
        else "print(answer.status_code)"
    )
    return f"answer = api.request({', '.join(given)})\nanswer.raise_for_status()\n{ending}"


SAID = {  # what a field of this name says where it has no example of its own
    "alert": ALERT,
    "by": "lan",
    "code": "disaster",
    "day": "2026-03-07",
    "escalate_to": RECIPIENT_ID,
    "excerpt": "Đất đá tràn xuống mặt đường…",
    "home": "https://baoquangtri.vn/",
    "id": STORY,
    "kind": "news",
    "lead": "Đường tắc từ rạng sáng.",
    "level": "commune",
    "mention_id": MENTION,
    "mentions": MENTION,
    "name": "Báo Quảng Trị",
    "page": f"/alerts/{ALERT}",
    "recipient": RECIPIENT_ID,
    "recipients": RECIPIENT_ID,
    "sentence": "Người dân bị cô lập.",
    "source": "baoquangtri",
    "source_name": "Báo Quảng Trị",
    "story": STORY,
    "story_id": STORY,
    "subject": STORY,
    "text": "sạt lở",
    "title": "Sạt lở chia cắt quốc lộ 9",
    "url": "https://baoquangtri.vn/sat-lo-quoc-lo-9.html",
}
_TIMES = ("at", "since", "until", "start", "started", "finished")


def answer_of(schema: dict[str, Any], components: dict[str, Any], depth: int = 0, name: str = "") -> Any:
    """An instance of a schema, made of its fields' own examples, or of what fields of this name say elsewhere."""
    if "$ref" in schema:
        return answer_of(components[schema["$ref"].rpartition("/")[2]], components, depth, name)
    for known in ("examples", "enum"):
        if schema.get(known):
            return schema[known][0]
    for known in ("const", "example"):
        if known in schema:
            return schema[known]
    if options := schema.get("anyOf") or schema.get("allOf"):
        return answer_of(options[0], components, depth, name)
    kind = schema.get("type")
    if kind == "object":
        fields = schema.get("properties")
        if fields is None:
            return {}
        return {name: answer_of(field, components, depth + 1, name) for name, field in fields.items()}
    if kind == "array":
        if "prefixItems" in schema:
            return [answer_of(item, components, depth) for item in schema["prefixItems"]]
        return [] if depth > 6 or "items" not in schema else [answer_of(schema["items"], components, depth + 1, name)]
    if kind == "string":
        if "[0-5]" in schema.get("pattern", ""):
            return "22:00"
        time = schema.get("format") == "date-time" or name.rpartition("_")[2] in _TIMES
        return "2026-03-07T01:30:00Z" if time else SAID.get(name, "…")
    least = schema.get("minimum", schema.get("exclusiveMinimum", 0))
    return {"integer": max(3, least), "number": 0.5 if least < 0.5 else least + 1, "boolean": True}.get(str(kind))
