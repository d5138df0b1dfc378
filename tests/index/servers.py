"""Elasticsearch servers for the tests."""

from __future__ import annotations

import contextlib
import random
import socket
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

from elasticsearch import Elasticsearch

from index.elasticsearch.server import Server

STARTER = Path(__file__).parents[2] / "deploy" / "elasticsearch" / "server"


def free_port() -> int:
    """A port that nobody listens on, nor a hundred above it, where the node talks to its like."""
    for port in random.sample(range(20_000, 30_000), 50):
        with contextlib.suppress(OSError), socket.socket() as http, socket.socket() as transport:
            http.bind(("127.0.0.1", port))
            transport.bind(("127.0.0.1", port + 100))
            return port
    raise OSError("no free port")


def starter(action: str, *options: str, port: int) -> subprocess.CompletedProcess[str]:
    """Runs our starter; the first time it fetches the server."""
    command = [str(STARTER), action, "--port", str(port), *options]
    if action == "start":
        command += ["--heap", "512m"]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)


@contextlib.contextmanager
def own_names(url: str) -> Iterator[Server]:
    """A prefix that nobody else uses; its indices are deleted at the end."""
    prefix = f"t{uuid.uuid4().hex[:12]}"
    yield Server((url,), prefix)
    with Elasticsearch(url, request_timeout=60) as client:
        names = list(client.indices.get_settings(index=f"{prefix}-*", name="index.version.created"))
        if names:
            client.indices.delete(index=names)
        client.options(ignore_status=404).indices.delete_index_template(name=f"{prefix}-mentions")
