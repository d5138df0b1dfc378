"""Passwords: argon2id hashes, what a password must be, and one-time passwords for people to read aloud."""

from __future__ import annotations

import secrets
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 10, 200  # characters; NIST SP 800-63B asks for 8, and no rules about kinds of letters
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # no 0 o 1 l i
hasher = PasswordHasher()  # the library's defaults: RFC 9106, low memory (64 MiB)
_at_once = BoundedSemaphore(2)  # 64 MiB each: a burst of logins must not eat the machine's memory


class WeakPassword(ValueError):
    """The password cannot be taken; the message says why, in Vietnamese."""


def hashed(password: str) -> str:
    with _at_once:
        return hasher.hash(password)


def matches(password: str, hash_: str | None) -> bool:
    """Whether the password is the one; takes as long when there is no such person."""
    try:
        with _at_once:
            return hasher.verify(hash_ or _nobodys(), password[:LONGEST]) and hash_ is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    return hasher.hash(secrets.token_hex(8))


def outdated(hash_: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return hasher.check_needs_rehash(hash_)


def check(password: str, *, name: str) -> None:
    """Raises WeakPassword."""
    if len(password) < SHORTEST:
        raise WeakPassword(f"Mật khẩu cần ít nhất {SHORTEST} ký tự.")
    if len(password) > LONGEST:
        raise WeakPassword(f"Mật khẩu dài nhất {LONGEST} ký tự.")
    if len(set(password)) < 4 or name.lower() in password.lower():
        raise WeakPassword("Mật khẩu quá dễ đoán: đừng lặp một chữ, đừng chứa tên đăng nhập.")


def one_time() -> str:
    """A password to be changed at the first login: about 99 bits, in groups that can be read aloud."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(4))
