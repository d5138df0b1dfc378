"""What a connector may do (`Session`), what comes back (`Reply`), and what can go wrong (`Trouble`)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, Protocol
from urllib.parse import urlencode

from crawlers.post import Post
from crawlers.source import Channel, Source

Kind = Literal["key", "quota", "gone", "cursor", "malformed", "refused", "error", "enough"]


class Trouble(Exception):
    """A call that gave nothing to read. `kind` says what to do about it, `reason` is for people (Vietnamese).

    key: no key, a wrong one, one that ran out. quota: the service's limit is spent, `until` when it is known. gone: the
    thing asked for is not there (any more) or closed. cursor: the paging token went stale. malformed: no answer of this
    API. refused: robots.txt or an address of ours forbids it. error: tried and failed, the next pass tries again.
    enough: this pass has asked as often as it may.
    """

    def __init__(self, kind: Kind, reason: str, until: datetime | None = None) -> None:
        super().__init__(reason)
        self.kind: Kind = kind
        self.reason = reason
        self.until = until


MOST_IN_A_ROW = 3


class Tolerance:
    """Items of one list, each read by calls of its own: whose trouble is an item's, and when it is the service's.

    What is gone or malformed is the item's own. Errors are, too, until three items in a row had them; one that names a
    time to wait for, a spent quota, a bad key and a refusal are the service's at once.
    """

    def __init__(self) -> None:
        self._row = 0

    def went_well(self) -> None:
        self._row = 0

    def bears(self, found: Trouble) -> bool:
        """Whether the next item may be tried."""
        if found.kind in ("gone", "malformed"):
            return True
        self._row += 1
        return found.kind == "error" and found.until is None and self._row < MOST_IN_A_ROW


@dataclass(frozen=True)
class Reply:
    """One answer of a service: status, headers with lower-case names, body as text, and when it came."""

    status: int
    headers: Mapping[str, str]
    text: str
    at: datetime

    def json(self) -> Any:
        """The body as JSON. Raises Trouble for one that is none, however it is broken."""
        return self._parsed

    @cached_property
    def _parsed(self) -> Any:
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError) as error:
            raise Trouble("malformed", "máy chủ trả về dữ liệu không đọc được (JSON hỏng hoặc bị cắt)") from error


@dataclass(frozen=True, slots=True)
class Call:
    """A GET. `params` say what is asked for, `paging` where to go on; `units` is its price in the service's
    quota; `fragment` says that HTML comes back, else it is JSON."""

    address: str
    params: Mapping[str, str] = field(default_factory=dict)
    paging: Mapping[str, str] = field(default_factory=dict)
    units: int = 0
    fragment: bool = False

    @property
    def url(self) -> str:
        query = urlencode({**self.params, **self.paging})
        return f"{self.address}?{query}" if query else self.address

    @property
    def page(self) -> str:
        """The same for all pages of one list: what the books call it."""
        return Call(self.address, self.params).url


class Session(Protocol):
    """One pass over one channel."""

    source: Source
    base: str
    now: datetime

    async def get(self, call: Call) -> Reply:
        """The answer to a call that went well. Raises Trouble."""

    def keep(self, posts: Sequence[Post]) -> None:
        """Stores posts, durable on return."""

    def skip(self, url: str, reason: str) -> None:
        """Books an item that is no post of ours: a repost, one without text."""

    def trouble(self, page: str, found: Trouble) -> None:
        """Books a list that could not be read, when the rest of the pass goes on."""

    def recall(self, stream: str) -> dict[str, Any]:
        """What earlier passes remembered of a stream of this source; empty at first."""

    def remember(self, stream: str, value: Mapping[str, Any]) -> None:
        """Keeps it, durable on return."""

    def articles(self, source: str, since: datetime) -> list[tuple[str, datetime]]:
        """Articles of another source that concern the province: canonical URL and publication, newest first."""


def account_call(session: Session, path: str, params: Mapping[str, str], **more: Any) -> Call:
    """A call below the channel's base address."""
    return Call(session.base.rstrip("/") + path, params, **more)


__all__ = ["Call", "Channel", "Kind", "Reply", "Session", "Tolerance", "Trouble", "account_call"]
