"""Elasticsearch servers for the tests."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
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
        command += ["--heap", "512m", "--owner", str(os.getpid())]
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


def self_signed(path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody vouches for, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    return path
