"""An OpenID Connect provider on loopback, as Keycloak answers: discovery, keys, authorization and token endpoints."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT, SECRET = "duluan", "bi-mat-cua-khach"


class LocalProvider(ThreadingHTTPServer):
    """`person` are the claims of who signs in; `spoil` changes a token's claims before it is signed."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.issuer = f"http://127.0.0.1:{self.server_address[1]}/realms/tinh"
        self.key = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
        self.person: dict[str, Any] = {}
        self.spoil: dict[str, Any] = {}
        self.algorithm = "RS256"
        self.codes: dict[str, dict[str, str]] = {}
        self.down = False

    def rotate(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "k2", "use": "sig"})

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce}
        claims |= {**self.person, **self.spoil}
        if self.algorithm == "none":
            parts = ({"alg": "none"}, claims)
            return ".".join([*(_b64(json.dumps(part).encode()) for part in parts), ""])
        key = OctKey.import_key(SECRET) if self.algorithm == "HS256" else self.key
        return jwt.encode({"alg": self.algorithm, "kid": self.key.kid}, claims, key)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class _Handler(BaseHTTPRequestHandler):
    server: LocalProvider

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if self.server.down:
            self.send_error(503)
        elif url.path.endswith("/.well-known/openid-configuration"):
            issuer = self.server.issuer
            ends = {"authorization_endpoint": "auth", "token_endpoint": "token", "jwks_uri": "certs"}
            self._json({"issuer": issuer, **{name: f"{issuer}/{end}" for name, end in ends.items()}})
        elif url.path.endswith("/certs"):
            self._json({"keys": [self.server.key.as_dict(private=False)]})
        elif url.path.endswith("/auth"):
            asked = {name: values[0] for name, values in parse_qs(url.query).items()}
            assert asked["response_type"] == "code"
            assert asked["code_challenge_method"] == "S256"
            assert asked["client_id"] == CLIENT
            code = f"c{len(self.server.codes)}"
            self.server.codes[code] = asked
            self.send_response(302)
            self.send_header(
                "Location", asked["redirect_uri"] + "?" + urlencode({"code": code, "state": asked["state"]})
            )
            self.end_headers()

    def do_POST(self) -> None:
        form = {n: v[0] for n, v in parse_qs(self.rfile.read(int(self.headers["content-length"])).decode()).items()}
        asked = self.server.codes.pop(form.get("code", ""), None)
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        challenge = _b64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        right = asked and asked["code_challenge"] == challenge and asked["redirect_uri"] == form.get("redirect_uri")
        if not asked or not right or self.headers.get("authorization") != f"Basic {basic}":
            self._json({"error": "invalid_grant"}, 400)
            return
        token = self.server.id_token(asked["nonce"])
        self._json({"access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": token})

    def _json(self, value: Any, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None: ...


@contextmanager
def running() -> Iterator[LocalProvider]:
    server = LocalProvider()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
