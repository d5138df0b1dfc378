"""The optional second step: time-based codes (RFC 6238) of an app on the person's phone.

The secrets lie encrypted in the archive (JWE, A256GCM, bound to the account), the key beside it in the data folder: who
reads the archive or a copy of it alone cannot make codes.
"""

from __future__ import annotations

import hashlib
import time
from typing import Any

import pyotp
import segno
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from sqlalchemy import Engine, select, update

from monitor.database import READ_ONLY
from monitor.people.tables import users

STEP = 30  # seconds
ISSUER = "Du Luan"


class Safe:
    """Encrypts what is kept of a person with the installation's key."""

    def __init__(self, key: bytes) -> None:
        self._key = OctKey.import_key(hashlib.sha256(b"second step|" + key).digest())

    def closed(self, user_id: str, secret: str) -> str:
        return jwe.encrypt_compact({"alg": "dir", "enc": "A256GCM", "kid": user_id}, secret.encode(), self._key)

    def opened(self, user_id: str, kept: str | None) -> str:
        """The secret; "" when there is none, the key is another one, or it was kept for somebody else."""
        if not kept or not is_closed(kept):
            return kept or ""  # of an installation before secrets were encrypted, until the next night
        try:
            found = jwe.decrypt_compact(kept, self._key)
        except JoseError:
            return ""
        return (found.plaintext or b"").decode() if found.headers().get("kid") == user_id else ""


def is_closed(kept: str) -> bool:
    return kept.count(".") == 4


class SecondStep:
    """Codes of an installation's people. A code opens once: its time step is kept."""

    def __init__(self, engine: Engine, key: bytes) -> None:
        self._engine = engine
        self._safe = Safe(key)

    def close_all(self) -> None:
        """Encrypts secrets that lie open."""
        with self._engine.begin() as connection:
            rows = connection.execute(select(users.c.id, users.c.totp_secret).where(users.c.totp_secret.is_not(None)))
            for id, kept in [(row.id, row.totp_secret) for row in rows if not is_closed(row.totp_secret)]:
                mine = update(users).where(users.c.id == id, users.c.totp_secret == kept)
                connection.execute(mine.values(totp_secret=self._safe.closed(id, kept)))

    def prepare(self, user_id: str) -> str:
        """A new secret for the person, not yet in force; gives the address that the phone's app reads."""
        secret = pyotp.random_base32()
        with self._engine.begin() as connection:
            fresh = update(users).where(users.c.id == user_id, users.c.totp_on.is_(False))
            connection.execute(fresh.values(totp_secret=self._safe.closed(user_id, secret)))
        return self.address(user_id)

    def address(self, user_id: str) -> str:
        """What the phone's app reads, for a secret that was prepared."""
        name, kept = self._kept(user_id)
        return pyotp.TOTP(kept).provisioning_uri(name=name, issuer_name=ISSUER)

    def turn_on(self, user_id: str, code: str) -> bool:
        """Whether the code was right; the second step is in force from now on."""
        return self._take(user_id, code, on=True)

    def passes(self, user_id: str, code: str) -> bool:
        """Whether the code opens now; it does not open again."""
        return self._take(user_id, code, on=None)

    def turn_off(self, user_id: str, code: str) -> bool:
        return self._take(user_id, code, on=False)

    def _kept(self, user_id: str) -> tuple[str, str]:
        with self._engine.connect().execution_options(**READ_ONLY) as connection:
            row = connection.execute(select(users.c.name, users.c.totp_secret).where(users.c.id == user_id)).one()
        return row.name, self._safe.opened(user_id, row.totp_secret)

    def _take(self, user_id: str, code: str, *, on: bool | None) -> bool:
        with self._engine.begin() as connection:
            row = connection.execute(select(users).where(users.c.id == user_id).with_for_update()).first()
            if row is None or not (secret := self._safe.opened(user_id, row.totp_secret)):
                return False
            step = _step(secret, code.replace(" ", ""), after=row.totp_step)
            if step is None:
                return False
            values: dict[str, Any] = {"totp_step": step} | ({} if on is None else {"totp_on": on})
            values |= {"totp_secret": None} if on is False else {}
            connection.execute(update(users).where(users.c.id == user_id).values(**values))
            return True


def _step(secret: str, code: str, *, after: int) -> int | None:
    """The time step whose code this is: now's, or one beside it for clocks that differ; each only once."""
    now, totp = int(time.time()) // STEP, pyotp.TOTP(secret, interval=STEP)
    for step in (now - 1, now, now + 1):
        if step > after and len(code) == 6 and pyotp.utils.strings_equal(totp.generate_otp(step), code):
            return step
    return None


def qr(address: str) -> str:
    """The address as a picture: an SVG element, dark on light in every theme, as cameras want it."""
    return segno.make(address, micro=False).svg_inline(scale=4, border=4, dark="#000", light="#fff", svgclass="qr")
