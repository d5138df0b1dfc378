"""What all engines do in the same way with a mention's times, address and texts, and with batches."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TypeVar
from urllib.parse import urlsplit

from index.port import Analyzer

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PORT = re.compile(r":\d+$")

T = TypeVar("T")


def second(moment: datetime) -> int:
    """Seconds since 1970; searches count in whole seconds."""
    return (moment - _EPOCH) // timedelta(seconds=1)


def micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_micros(value: int) -> datetime:
    return _EPOCH + timedelta(microseconds=value)


def site(url: str) -> str:
    """The host of an address, without `www.` and port."""
    try:
        host = urlsplit(url).netloc.lower().rpartition("@")[2]
    except ValueError:
        return ""
    return _PORT.sub("", host).removeprefix("www.")


def pick(name: str) -> int:
    """A number of 31 bits for an id: the mentions with the smallest ones are a fair sample, the same in all engines."""
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "replace")).digest()[:4], "big") >> 1


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def fresh_name() -> str:
    """A name for an index that none had before: the moment, to the microsecond."""
    return f"{time.time_ns() // 1000:x}"


def storable(text: str) -> str:
    """Half a surrogate pair, as broken JSON has it, cannot be written as UTF-8; it becomes U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


# Words on which two analyzers are likely to differ; another result means that the stored words are stale.
_PROBE = "Đông Hà, hoà bình/hòa bình; thuỷ sản 24/7 — QUỐC LỘ 9D nghe\u0323 “A.B_c” 1.234,5 ĐẮK"


def fingerprint(analyzer: Analyzer) -> str:
    """Tells analyzers apart by what they make of a probe."""
    forms = analyzer.exact(_PROBE) + "\n" + analyzer.fold(_PROBE)
    return hashlib.sha256(forms.encode()).hexdigest()[:16]
