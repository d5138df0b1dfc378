"""docs/api.md and the examples of the OpenAPI document, sent to a running server as they stand there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
from sqlalchemy import update

from api.app import create_app
from api.examples import EXAMPLES, address, curl
from monitor.database import deliveries
from monitor.people.roles import Role, Scope
from tests.api.people import new_person
from tests.api.world import build
from tests.serving import serving

GUIDE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(bash|python)\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
ROOT = Path(__file__).parents[2]
FLOOD = "s-lu-quet-huong-phung"
LAST = ("DELETE",)  # what takes away what other examples need


class Receiver(BaseHTTPRequestHandler):
    """A webhook's other end that takes everything."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@dataclass(frozen=True)
class Served:
    app: Any
    client: httpx.Client
    environment: dict[str, str]
    hook: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A province of its own behind a real server with accounts, and the key of an administrator."""
    made = build(tmp_path_factory.mktemp("guide"))
    app = create_app(made.settings.model_copy(update={"auth": "on"}))
    with _receiver() as hook, serving(app) as url:
        app.state.alerts.turn()
        desk = app.state.guard.desk
        new_person(desk, "ioc", Role.admin)
        key = desk.keys.add("IOC", "ioc", list(Scope), expires_at=None)
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
            environment = {"PATH": os.environ["PATH"], "IOC_URL": url, "IOC_KEY": key, "LC_ALL": "C.UTF-8"}
            yield Served(app, client, environment, hook)


@contextmanager
def _receiver() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook"
    server.shutdown()
    server.server_close()


def sent(served: Served, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command], env=served.environment, capture_output=True, text=True, timeout=60
    )


def test_the_guide_has_blocks_of_both_sorts() -> None:
    assert len([lang for lang, _ in BLOCKS if lang == "bash"]) >= 5
    assert len([lang for lang, _ in BLOCKS if lang == "python"]) >= 6


def test_every_block_of_the_guide_runs(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IOC_URL", "IOC_KEY"):
        monkeypatch.setenv(name, served.environment[name])
    names: dict[str, Any] = {}
    for lang, block in BLOCKS:
        if lang == "python":
            exec(compile(block, "docs/api.md", "exec"), names)
        else:
            done = sent(served, block)
            assert done.returncode == 0, (block, done.stderr)
    names["api"].close()
    unchanged = sent(served, next(block for _, block in BLOCKS if "If-None-Match: $tag" in block))
    assert unchanged.stdout.strip() == "304"
    wrong = sent(served, next(block for lang, block in BLOCKS if lang == "bash" and "chưa đóng" in block))
    assert json.loads(wrong.stdout)["code"] in GUIDE


def test_every_code_of_a_problem_is_in_the_guide() -> None:
    told = set(re.findall(r"`([a-z_]+)`", GUIDE))
    files = [*(ROOT / "api").rglob("*.py"), *(ROOT / "index").rglob("*.py"), ROOT / "monitor" / "saved_searches.py"]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    codes = set(re.findall(r'(?:Refused|problem|document)\(\s*(?:request, )?\d+, "([a-z_]+)"', text))
    codes |= set(re.findall(r'code="([a-z_]+)"', text)) | set(re.findall(r'refused = "([a-z_]+)"', text))
    codes |= set(re.findall(r'SavedSearchError\("([a-z_]+)"', text))
    assert len(codes) > 25
    assert codes - told == set()


# the OpenAPI document


def operations(served: Served) -> dict[str, dict[str, Any]]:
    document = served.client.get("/api/v1/openapi.json").json()
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_every_call_has_a_request_and_an_answer_that_fits_its_schema(served: Served) -> None:
    document = served.client.get("/api/v1/openapi.json").json()
    for name, operation in operations(served).items():
        assert {sample["lang"] for sample in operation["x-codeSamples"]} == {"Shell", "Python"}, name
        for status, answer in operation["responses"].items():
            content = answer.get("content", {}).get("application/json", {})
            if status.startswith("2") and content.get("schema"):
                schema = {**content["schema"], "components": document["components"]}
                jsonschema_rs.validate(schema, content["example"])
    assert set(operations(served)) == set(EXAMPLES), "an example of a call that is no more"


def real_ids(served: Served) -> dict[str, tuple[str, ...]]:
    """Ids of this province in place of the made-up ones, by the beginning of the path."""
    client = served.client
    found: dict[str, tuple[str, ...]] = {}

    def made(path: str, **body: Any) -> str:
        answer = client.post(path, json=body)
        assert answer.status_code < 300, answer.text
        return str(answer.json()["id"])

    recipient = made("/api/v1/alert-recipients", name="IOC", channel="webhook", address=served.hook)
    rule = made("/api/v1/alert-rules", name="Lũ", query="lũ", min_count=1, window_hours=72, recipients=[recipient])
    served.app.state.alerts.turn()
    with served.app.state.reader.it.engine.begin() as connection:
        connection.execute(update(deliveries).values(state="dead"))
    export = client.post("/api/v1/exports", params={"format": "csv", "topic": "disaster"}).json()["id"]
    while client.get(f"/api/v1/exports/{export}").json()["state"] == "running":
        time.sleep(0.05)
    found["mentions"] = (client.get("/api/v1/mentions").json()["items"][0]["id"],)
    found["stories"] = (FLOOD,)
    found["issues"] = (FLOOD, made(f"/api/v1/issues/{FLOOD}/actions", action="pin"))
    found["sources"] = ("qtnm",)
    found["exports"] = (export,)
    found["saved-searches"] = (made("/api/v1/saved-searches", name="Lũ", q="lũ"),)
    alerts = client.get("/api/v1/alerts", params={"state": "all"}).json()["items"]
    found["alerts"] = (next(alert["id"] for alert in alerts if alert["rule"] == rule),)
    found["alert-rules"], found["alert-recipients"] = (rule,), (recipient,)
    found["deliveries"] = (client.get("/api/v1/deliveries", params={"state": "dead"}).json()["items"][0]["id"],)
    found["links"] = (made("/api/v1/links", url="https://bao.example/tin-1234567.html"),)
    return found


def test_every_example_of_every_call_does_what_the_document_says(served: Served) -> None:
    ids, document = real_ids(served), operations(served)
    order = sorted(EXAMPLES, key=lambda name: name.startswith(LAST))
    for name in order:
        method, path = name.split(" ")
        example, right = EXAMPLES[name], [s for s in document[name]["responses"] if s.startswith("2")]
        command = document[name]["x-codeSamples"][0]["source"]
        assert command == curl(method, path, example)
        if "{" in path:
            real = ids[path.split("/")[3]][: len(example.ids)]
            command = command.replace(address(path, example), address(path, type(example)(ids=real)))
        stream = path.endswith("/stream")
        done = sent(served, command.replace("curl ", f"curl -w '\\n%{{http_code}}' {'-m 2 ' if stream else ''}", 1))
        assert done.returncode == (28 if stream else 0), (command, done.stdout, done.stderr)
        assert done.stdout.rpartition("\n")[2] in right, (command, done.stdout)
