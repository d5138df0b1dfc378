"""Webhooks: a JSON document by POST, signed with HMAC-SHA256 over the time and the body.

A receiver checks `X-Duluan-Signature: v1=HEX` against HMAC(secret, timestamp + "." + body), refuses a timestamp more
than five minutes off (a replay), and drops an `Idempotency-Key` that it has seen.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from urllib.parse import urlsplit

import httpx

from monitor.alerts.message import Message
from monitor.alerts.outbox import CannotSend
from monitor.archive import utc_now

TIMEOUT = 15.0
REPLAY_WINDOW = timedelta(minutes=5)
LONGEST_WAIT = 3600


def checked_url(url: str) -> str:
    """A webhook's address: http(s), no user or password in it. Raises ValueError with a Vietnamese message.

    Addresses inside the office's network are allowed: that is where an operations centre's systems are, and only an
    administrator enters them. Redirects are not followed.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise ValueError("hãy nhập địa chỉ đầy đủ, ví dụ https://ioc.example.gov.vn/canh-bao")
    return url


def secret_for(key: bytes, address: str) -> str:
    """The secret that one webhook shares with us: derived, so that none lies in the database."""
    return hmac.new(key, f"webhook|{address}".encode(), hashlib.sha256).hexdigest()


def signature(secret: str, timestamp: str, body: bytes) -> str:
    return "v1=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def is_genuine(secret: str, timestamp: str, body: bytes, given: str, *, now: float) -> bool:
    """What a receiver checks: the signature, and that the message is not a replay of an old one."""
    fresh = timestamp.isdigit() and abs(now - int(timestamp)) <= REPLAY_WINDOW.total_seconds()
    return fresh and hmac.compare_digest(signature(secret, timestamp, body), given)


class WebhookSender:
    """Posts to webhooks; `key` is the installation's own."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def send(self, address: str, message: Message, key: str) -> None:
        body = message.model_dump_json().encode()
        timestamp = str(int(utc_now().timestamp()))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Duluan",
            "Idempotency-Key": key,
            "X-Duluan-Timestamp": timestamp,
            "X-Duluan-Signature": signature(secret_for(self._key, address), timestamp, body),
        }
        try:
            answer = httpx.post(address, content=body, headers=headers, timeout=TIMEOUT, follow_redirects=False)
        except httpx.HTTPError as error:
            raise CannotSend(f"không kết nối được webhook ({type(error).__name__})") from error
        if answer.status_code == httpx.codes.CONFLICT:
            return  # it has this key already
        if not answer.is_success:
            raise CannotSend(
                f"webhook trả lời {answer.status_code}",
                final=answer.status_code in (400, 404, 405, 410, 413, 415, 422),
                wait=retry_after(answer),
            )


def retry_after(answer: httpx.Response) -> timedelta | None:
    """The seconds of Retry-After, at most an hour; None when there is none that can be read."""
    value = answer.headers.get("Retry-After", "")
    return timedelta(seconds=min(int(value), LONGEST_WAIT)) if value.isdigit() else None
