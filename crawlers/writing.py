"""Has what passes settled written to archive and state: many sources together, one batch at a time, off the loop."""

from __future__ import annotations

import asyncio
import logging

from crawlers.ledger import Ledger, flush

logger = logging.getLogger(__name__)
WRITE_EVERY = 0.5  # seconds
WRITE_AT = 200  # URLs


class Writer:
    """Of all passes of one crawl: soon when it is quiet, many URLs together when it is fast. Used on the loop only."""

    def __init__(self) -> None:
        self._waiting: dict[Ledger, None] = {}
        self._under_way: asyncio.Task[None] | None = None
        self._later: asyncio.TimerHandle | None = None
        self._written = 0.0
        self._failed = False

    def keep(self, ledger: Ledger) -> None:
        """Something may have been settled in this pass."""
        if ledger.pending:
            self._waiting[ledger] = None
            self._turn()

    async def finish(self, ledger: Ledger) -> None:
        """Closes a pass that has ended; what it settled is durable on return."""
        self._waiting.pop(ledger, None)
        # Behind a batch under way it waits for the ledger's lock, in its thread.
        await asyncio.to_thread(ledger.close)

    def _turn(self) -> None:
        if self._under_way is not None or not self._waiting:
            return
        loop = asyncio.get_running_loop()
        wait = self._written + WRITE_EVERY - loop.time()
        many = sum(ledger.pending for ledger in self._waiting) >= WRITE_AT and not self._failed
        if wait <= 0 or many:
            self._under_way = loop.create_task(self._write())
        elif self._later is None:
            self._later = loop.call_later(wait, self._turn_later)

    def _turn_later(self) -> None:
        self._later = None
        self._turn()

    async def _write(self) -> None:
        ledgers = list(self._waiting)
        self._waiting.clear()
        try:
            # Another process may hold the archive for a while: off the loop.
            await asyncio.to_thread(flush, ledgers)
            self._failed = False
        except Exception:
            logger.exception("writing what was settled; it is tried again")
            self._failed = True
            self._waiting |= dict.fromkeys(ledgers)
        finally:
            self._under_way, self._written = None, asyncio.get_running_loop().time()
        self._turn()
