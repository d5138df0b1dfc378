"""Where the server is and who we are there. Imports nothing heavy: the settings need it also without this engine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

PREFIX = "duluan"
_PREFIX = re.compile(r"[a-z0-9][a-z0-9_]{0,49}")
_URL = re.compile(r"https?://(?:[\w.-]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?/?[\w./-]*")


@dataclass(frozen=True, slots=True)
class Server:
    """One or more nodes of a cluster, the prefix of our indices' names, and what to show at the door."""

    urls: tuple[str, ...]
    prefix: str = PREFIX
    api_key: SecretStr | None = None
    user: str | None = None
    password: SecretStr | None = None
    ca: Path | None = None


def nodes(urls: str) -> tuple[str, ...]:
    """The addresses in a text that separates them by commas; raises ValueError with a sentence for people."""
    found = tuple(url.strip() for url in urls.split(",") if url.strip())
    if not found or not all(_URL.fullmatch(url) for url in found):
        raise ValueError(
            "địa chỉ Elasticsearch viết như https://máy:9200, nhiều máy cách nhau bằng dấu phẩy; "
            "tên và mật khẩu đặt ở DULUAN_ELASTICSEARCH_USER và DULUAN_ELASTICSEARCH_PASSWORD"
        )
    return found


def checked_prefix(prefix: str) -> str:
    """The prefix, if indices may be named so."""
    if not _PREFIX.fullmatch(prefix):
        raise ValueError("tiền tố chỉ gồm chữ thường a-z, chữ số và dấu gạch dưới, tối đa 50 ký tự")
    return prefix
