"""Answers that are kept as long as what they are made of stands: fifty screens that ask the same question cost one
answer, and a screen that has what would be said is told so."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b

from fastapi import Request, Response

MOST = 16_000_000  # bytes of all that is kept
LARGEST = 2_000_000  # bytes of one answer
NAMES = 5_000  # answers of which at least the ETag is remembered
Key = tuple[str, bytes]
Make = Callable[[], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Answer:
    """`tag`: the ETag, drawn from what is said, so that it changes only when that does; empty for what is no answer.

    `version`: the counters of what it was made of. `body` None: too much to be kept.
    """

    version: str
    tag: str
    media_type: str | None
    body: bytes | None
    status: int = 200

    def response(self) -> Response:
        return Response(self.body, self.status, media_type=self.media_type)


class Answers:
    """Of routes whose answer depends on address and version alone, never on who asks. Lives in one event loop."""

    def __init__(self, most: int = MOST, names: int = NAMES) -> None:
        self._most, self._names, self._size = most, names, 0
        self._kept: OrderedDict[Key, Answer] = OrderedDict()
        self._making: dict[tuple[Key, str], asyncio.Task[Answer]] = {}

    async def get(self, request: Request, version: str, make: Make, known: Callable[[str], bool]) -> Answer:
        """The answer of this version: kept, or made now; those who ask meanwhile wait for the one that is being made.

        `known`: whether who asks has the answer with this tag; then its body may be missing.
        """
        key = request.url.path, request.scope.get("query_string", b"")
        kept = self._kept.get(key)
        if kept and kept.version == version and (kept.body is not None or known(kept.tag)):
            self._kept.move_to_end(key)
            return kept
        task = self._making.get((key, version))
        if task is None:
            task = self._making[key, version] = asyncio.ensure_future(self._make(key, version, make))
            task.add_done_callback(partial(self._made, (key, version)))
        return await asyncio.shield(task)  # who goes away does not take the answer from the others

    async def _make(self, key: Key, version: str, make: Make) -> Answer:
        made = await make()
        body, media_type = bytes(made.body), made.headers.get("content-type")
        if made.status_code != 200:
            return Answer(version, "", media_type, body, made.status_code)
        answer = Answer(version, _tag(media_type, body), media_type, body)
        self._keep(key, answer)
        return answer

    def _made(self, which: tuple[Key, str], task: asyncio.Task[Answer]) -> None:
        del self._making[which]
        if not task.cancelled():
            task.exception()  # told to those who wait; nobody may be left

    def _keep(self, key: Key, answer: Answer) -> None:
        self._drop_body(key)
        self._kept[key] = answer
        self._kept.move_to_end(key)
        self._size += len(answer.body or b"")
        if len(answer.body or b"") > LARGEST:
            self._drop_body(key)
        for oldest in list(self._kept):
            if self._size <= self._most:
                break
            self._drop_body(oldest)
        while len(self._kept) > self._names:
            oldest = next(iter(self._kept))
            self._drop_body(oldest)
            del self._kept[oldest]

    def _drop_body(self, key: Key) -> None:
        old = self._kept.get(key)
        if old is not None and old.body is not None:
            self._size -= len(old.body)
            self._kept[key] = replace(old, body=None)


def _tag(media_type: str | None, body: bytes) -> str:
    """Weak: what is sent may be compressed."""
    return f'W/"{blake2b(body, digest_size=12, person=(media_type or "").encode()[:16]).hexdigest()}"'
