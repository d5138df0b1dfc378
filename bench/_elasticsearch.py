"""An Elasticsearch for a bench: the one of DULUAN_TEST_ELASTICSEARCH_URL, or one for as long as the bench runs."""

from __future__ import annotations

import contextlib
import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

from elasticsearch import Elasticsearch

STARTER = Path(__file__).parents[1] / "deploy" / "elasticsearch" / "server"
PORT = 9660


def starter(action: str, *options: str, port: int = PORT) -> str:
    """Runs our starter. Raises CalledProcessError."""
    command = [str(STARTER), action, "--port", str(port), *options]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


@contextlib.contextmanager
def server(*options: str) -> Iterator[tuple[str, str]]:
    """Address of a server, and a prefix of our own; what lies under it is deleted at the end."""
    given = os.environ.get("DULUAN_TEST_ELASTICSEARCH_URL", "") if not options else ""
    # What fails to start is not ours to remove: another's server may be on this port.
    url, prefix = given or starter("start", *options), f"b{uuid.uuid4().hex[:10]}"
    try:
        yield url, prefix
    finally:
        if given:
            with Elasticsearch(url, request_timeout=60) as client:
                if names := list(client.indices.get(index=f"{prefix}-*")):
                    client.indices.delete(index=names)
                client.options(ignore_status=404).indices.delete_index_template(name=f"{prefix}-mentions")
        else:
            starter("remove")
