"""Answers that are kept as long as their tag holds: fifty screens that ask the same question cost one answer."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from fastapi import Request, Response

MOST = 32_000_000  # bytes of all that is kept
LARGEST = 2_000_000  # bytes of one answer
Key = tuple[str, bytes]
Make = Callable[[], Awaitable[Response]]


class Answers:
    """Of routes whose answer depends on address and tag alone, never on who asks. Lives in one event loop."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._size = most, 0
        self._kept: OrderedDict[Key, tuple[str, str, bytes]] = OrderedDict()
        self._making: dict[tuple[Key, str], asyncio.Task[Response]] = {}

    async def get(self, request: Request, tag: str, make: Make) -> Response:
        """The answer of this tag: kept, or made now; those who ask meanwhile wait for the one that is being made."""
        key = request.url.path, request.scope.get("query_string", b"")
        kept = self._kept.get(key)
        if kept and kept[0] == tag:
            self._kept.move_to_end(key)
            return Response(kept[2], media_type=kept[1])
        task = self._making.get((key, tag))
        if task is None:
            task = self._making[key, tag] = asyncio.ensure_future(make())
            task.add_done_callback(lambda done: self._made(key, tag, done))
        made = await asyncio.shield(task)  # who goes away does not take the answer from the others
        return Response(made.body, made.status_code, media_type=made.headers.get("content-type"))

    def _made(self, key: Key, tag: str, task: asyncio.Task[Response]) -> None:
        del self._making[key, tag]
        if task.cancelled() or task.exception() is not None:
            return
        answer = task.result()
        body = bytes(answer.body)
        self._drop(key)
        if answer.status_code == 200 and len(body) <= LARGEST:
            self._kept[key] = tag, answer.headers.get("content-type", ""), body
            self._size += len(body)
        while self._size > self._most:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        if (old := self._kept.pop(key, None)) is not None:
            self._size -= len(old[2])
