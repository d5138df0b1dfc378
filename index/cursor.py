"""Cursors of all engines: opaque text that only the search it was given out for accepts."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any

from index.ast import Node
from index.port import BadCursor, Filters, Sort
from index.query import write


def search_key(node: Node, filters: Filters, sort: Sort) -> str:
    """The same for two searches exactly if they ask for the same hits in the same order."""
    return hashlib.sha256(repr((write(node), filters, sort)).encode("utf-8", "replace")).hexdigest()[:16]


def encode(key: str, place: dict[str, Any]) -> str:
    body = json.dumps(place, separators=(",", ":"))
    return base64.urlsafe_b64encode(f"{_seal(key, body)}{body}".encode()).decode().rstrip("=")


def decode(key: str, cursor: str) -> dict[str, Any]:
    """What `encode` was given; raises `BadCursor` for anything else, also for another search's cursor."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        seal, body = text[:12], text[12:]
        if seal == _seal(key, body):
            place = json.loads(body)
            assert isinstance(place, dict)
            return place
    except (ValueError, binascii.Error, AssertionError):
        pass
    raise BadCursor("Trang tiếp theo không thuộc về tìm kiếm này; hãy tìm lại từ đầu.")


def _seal(key: str, body: str) -> str:
    return hashlib.sha256(f"{key}\n{body}".encode()).hexdigest()[:12]
