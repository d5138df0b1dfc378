"""The organisation's own login: OpenID Connect, authorization code with PKCE, state and nonce (Keycloak, others)."""

from __future__ import annotations

import logging
import secrets
import time
import warnings
from dataclasses import dataclass
from threading import Lock
from typing import Any

import httpx
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from monitor.people.roles import ORDER, Role
from monitor.settings import Settings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # authlib would rather have httpx2
    from authlib.integrations.base_client.errors import OAuthError
    from authlib.integrations.httpx_client import OAuth2Client

log = logging.getLogger("duluan.oidc")
ALGORITHMS = ("RS256", "PS256", "ES256")  # no `none`, and nothing that the client's secret could sign
KNOWN_FOR = 3600.0  # seconds that the provider's document and keys are kept
PATIENCE = 10.0
LEEWAY = 60  # seconds that clocks may differ


class LoginFailed(Exception):
    """The provider's word cannot be taken; the message says why, in Vietnamese."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A login under way: where to send the person, and what must come back. Kept in a cookie of their browser."""

    address: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom the provider vouches for, with the highest role that their claims give."""

    issuer: str
    subject: str
    name: str
    full_name: str
    role: Role


class Provider:
    """One provider, as the settings describe it."""

    def __init__(self, settings: Settings) -> None:
        assert settings.oidc_issuer
        self.name = settings.oidc_name
        self._issuer = settings.oidc_issuer
        self._settings = settings
        self._lock = Lock()
        self._document: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None

    def begin(self, back: str) -> Begun:
        """`back` is our address that the provider sends the person to. Raises LoginFailed."""
        nonce, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        with self._client(back) as client:
            address, state = client.create_authorization_url(
                self._about()["authorization_endpoint"], code_verifier=verifier, nonce=nonce
            )
        return Begun(address, state, nonce, verifier)

    def finish(self, begun: Begun, *, back: str, came_back_to: str) -> Vouched:
        """Trades the code for an ID token and checks it. Raises LoginFailed."""
        try:
            with self._client(back, state=begun.state) as client:
                token = client.fetch_token(
                    self._about()["token_endpoint"], authorization_response=came_back_to, code_verifier=begun.verifier
                )
            return self._vouched(self._claims(str(token.get("id_token", "")), begun.nonce, token))
        except (OAuthError, JoseError, httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            log.warning("login refused: %s: %s", type(error).__name__, error)
            raise LoginFailed("Đăng nhập chung không thành công; hãy thử lại, hoặc báo người quản trị.") from error

    def _client(self, back: str, state: str | None = None) -> OAuth2Client:
        secret = self._settings.oidc_client_secret
        return OAuth2Client(
            self._settings.oidc_client_id,
            secret.get_secret_value() if secret else None,
            scope="openid profile email",
            redirect_uri=back,
            state=state,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic" if secret else "none",
            timeout=PATIENCE,
            follow_redirects=False,
        )

    def _about(self) -> dict[str, Any]:
        """The provider's discovery document."""
        with self._lock:
            if self._document is None or time.monotonic() - self._document[0] > KNOWN_FOR:
                found = self._get(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
                if found.get("issuer") != self._issuer:
                    raise LoginFailed("Hệ thống đăng nhập chung tự xưng là nơi khác; hãy báo người quản trị.")
                self._document = time.monotonic(), found
            return self._document[1]

    def _get(self, address: str) -> dict[str, Any]:
        try:
            answer = httpx.get(address, timeout=PATIENCE)
            answer.raise_for_status()
            found: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            log.warning("%s does not answer: %s", address, error)
            raise LoginFailed("Hệ thống đăng nhập chung không trả lời; hãy thử lại sau ít phút.") from error
        return found

    def _key_set(self, *, fresh: bool = False) -> KeySet:
        about = self._about()
        with self._lock:
            if fresh or self._keys is None or time.monotonic() - self._keys[0] > KNOWN_FOR:
                self._keys = time.monotonic(), KeySet.import_key_set(self._get(about["jwks_uri"]))  # type: ignore[arg-type]
            return self._keys[1]

    def _claims(self, id_token: str, nonce: str, token: dict[str, Any]) -> CodeIDToken:
        """The claims of a token that the provider signed, for us, just now, for this very login."""
        try:
            read = jwt.decode(id_token, self._key_set(), algorithms=ALGORITHMS)
        except (JoseError, ValueError):  # the provider may have new keys
            read = jwt.decode(id_token, self._key_set(fresh=True), algorithms=ALGORITHMS)
        options = {
            "iss": {"essential": True, "value": self._issuer},
            "aud": {"essential": True, "value": self._settings.oidc_client_id},
            "nonce": {"essential": True, "value": nonce},
        }
        given = {"nonce": nonce, "client_id": self._settings.oidc_client_id, "access_token": token.get("access_token")}
        claims = CodeIDToken(read.claims, read.header, options, given)
        claims.validate(leeway=LEEWAY)
        return claims

    def _vouched(self, claims: CodeIDToken) -> Vouched:
        role = self._role(claims)
        if role is None:
            raise LoginFailed("Tài khoản của bạn chưa được cấp quyền dùng hệ thống này; hãy nhờ người quản trị.")
        name = str(claims.get("preferred_username") or claims.get("email") or claims["sub"])
        return Vouched(self._issuer, str(claims["sub"]), name, str(claims.get("name") or ""), role)

    def _role(self, claims: CodeIDToken) -> Role | None:
        """The highest role that a value of the claim stands for."""
        value: Any = dict(claims)
        for part in self._settings.oidc_role_claim.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        values = {value} if isinstance(value, str) else {each for each in value or () if isinstance(each, str)}
        roles = [role for said, role in self._settings.oidc_role_names().items() if said in values]
        return max(roles, key=ORDER.index, default=None)
