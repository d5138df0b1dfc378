"""The worker: one process that crawls by cadence, takes posts through to the index and keeps house.

It holds no state of its own: killed at any moment and started again, it goes on from the archive.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from crawlers.run import install_reactor
from crawlers.source import Source
from index.port import IndexUnavailable
from monitor.alerts.desk import AlertDesk
from monitor.archive import utc_now
from monitor.collect import collect, due_sources, keep_house
from monitor.indexer import Indexer
from monitor.installation import Installation
from monitor.links import fetch_links
from monitor.process import Processor
from monitor.reindex import abandon
from monitor.rising.live import LiveIssues
from monitor.rising.replay import HISTORY
from monitor.settings import Settings
from monitor.status import BEAT, beat, leave

SOURCES_AT_ONCE = 8
INDEX_EVERY = 1.0  # seconds between two looks into the change log
PROCESS_FOR = 10.0  # seconds between two looks at what rises while very many posts wait
EMBED_EVERY, EMBED_FOR = 10.0, 5.0  # seconds between two turns at sentence vectors, and that one lasts
ALERT_EVERY = 5.0  # seconds between two looks with the alert rules
PATIENCE = 5.0  # seconds that passes get to end
SETTLING = 0.1  # seconds in which the scheduler takes note that its last jobs ended

log = logging.getLogger("duluan.worker")


class Worker:
    """The jobs of the worker and their schedule. Runs inside one asyncio loop."""

    def __init__(self, installation: Installation) -> None:
        self._it = installation
        self._processor = Processor(installation)
        self._understanding = ThreadPoolExecutor(1, thread_name_prefix="process")
        self._rising = LiveIssues(installation.evidence, installation.issue_store, installation.weights)
        self._indexer = Indexer(installation)
        self._indexing = ThreadPoolExecutor(1, thread_name_prefix="index")
        self._embedding = ThreadPoolExecutor(1, thread_name_prefix="embed")
        self._alerts = AlertDesk(installation)
        self._alerting = ThreadPoolExecutor(1, thread_name_prefix="alerts")
        self._started_at = utc_now()
        self._problem = ""
        self._passes: dict[str, asyncio.Task[None]] = {}
        self._stopping = asyncio.Event()
        self._processing = asyncio.Lock()

    async def run(self) -> None:
        """Works until SIGTERM or SIGINT."""
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, self._stopping.set)
        scheduler = AsyncIOScheduler(timezone="Asia/Ho_Chi_Minh", job_defaults={"coalesce": True, "max_instances": 1})
        settings, soon = self._it.settings, utc_now()
        every = {
            self.beat: BEAT.total_seconds(),
            self.process: settings.process_every_seconds,
            self.index: min(INDEX_EVERY, settings.process_every_seconds),
            self.crawl: settings.crawl_every_seconds,
            self.fetch_links: settings.process_every_seconds,
            self.alert: ALERT_EVERY,
            self.embed: EMBED_EVERY,
        }
        for job, seconds in every.items():
            scheduler.add_job(job, "interval", seconds=seconds, next_run_time=soon, misfire_grace_time=None)
        scheduler.add_job(self.keep_house, "cron", hour=3, minute=17)
        scheduler.start()
        await self._stopping.wait()
        await self._wind_up(scheduler)
        leave(self._it.engine, "worker")

    async def _wind_up(self, scheduler: AsyncIOScheduler) -> None:
        """Lets the batch under way end; the scheduler would cancel its jobs in the middle and report them as errors."""
        scheduler.pause()
        passes = list(self._passes.values())
        for task in passes:
            task.cancel()
        if passes:
            await asyncio.wait(passes, timeout=PATIENCE)
        async with self._processing:
            self._understanding.shutdown(wait=True)
        self._indexing.shutdown(wait=True)
        self._alerting.shutdown(wait=True)
        self._embedding.shutdown(wait=True)
        await asyncio.sleep(SETTLING)
        scheduler.shutdown(wait=False)

    async def beat(self) -> None:
        names = [self._it.source_name(id) for id in sorted(self._passes)]
        doing = self._problem or (f"đang thu thập {', '.join(names)}" if names else "đang chờ")
        beat(self._it.engine, "worker", doing, started_at=self._started_at)

    async def crawl(self) -> None:
        """Starts a pass over each source that is due and not under way; one slow source holds up no other."""
        for source in due_sources(self._it):
            if source.id not in self._passes and len(self._passes) < SOURCES_AT_ONCE:
                self._passes[source.id] = asyncio.create_task(self._pass(source))

    async def _pass(self, source: Source) -> None:
        try:
            await collect(self._it, [source])
        except Exception:
            log.exception("pass over %s failed; it is tried again when due", source.id)
        finally:
            self._passes.pop(source.id, None)

    async def fetch_links(self) -> None:
        """Links that staff submitted; their pass may run beside one over the same site."""
        if not self._stopping.is_set():
            await fetch_links(self._it)

    async def process(self) -> None:
        async with self._processing:
            if not self._stopping.is_set():
                await self._process()

    async def _process(self) -> None:
        """Until nothing waits; what rises is looked at every few seconds, however much there is."""
        loop, more, changed = asyncio.get_running_loop(), True, False
        while more and not self._stopping.is_set():
            until = time.monotonic() + PROCESS_FOR
            take = partial(self._processor.run, stopping=partial(self._enough, until), index=False)
            done = await loop.run_in_executor(self._understanding, take)
            more, changed = time.monotonic() >= until, changed or done.total > 0
            if await loop.run_in_executor(self._understanding, self._look, more, changed):
                changed = False

    def _enough(self, until: float) -> bool:
        return self._stopping.is_set() or time.monotonic() >= until

    def _look(self, more: bool, changed: bool) -> bool:
        """Looks at what rises, unless `more` waits of the days that it is measured against: then all would look new."""
        if more and self._processor.behind(utc_now() - HISTORY):
            return False
        self._rising.turn(changed)
        return True

    async def embed(self) -> None:
        """Sentence vectors of relevant posts, beside everything else; nothing waits for them."""
        if not self._stopping.is_set():
            take = partial(self._it.meaning.fill, EMBED_FOR)
            await asyncio.get_running_loop().run_in_executor(self._embedding, take)

    async def index(self) -> None:
        """Tells the index what waits for it; one that is away is asked again after a growing pause."""
        if self._stopping.is_set():
            return
        take = partial(self._indexer.turn, stopping=self._stopping.is_set)
        try:
            await asyncio.get_running_loop().run_in_executor(self._indexing, take)
            self._problem = self._it.changes.state().problem and self._problem
        except IndexUnavailable as error:
            self._problem = f"chỉ mục đang gián đoạn: {error}"
            log.warning("index unavailable, changes go on waiting: %s", error)

    async def alert(self) -> None:
        """Looks with the alert rules and sends what waits; an index that is away only delays the rules that need it."""
        turn = partial(self._alerts.turn, stopping=self._stopping.is_set)
        try:
            await asyncio.get_running_loop().run_in_executor(self._alerting, turn)
        except IndexUnavailable as error:
            log.warning("index unavailable, alert rules look again: %s", error)
        except Exception:
            log.exception("a look with the alert rules failed; they look again")

    async def keep_house(self) -> None:
        self._it.archive.forget_old_texts(timedelta(days=self._it.settings.keep_days))
        await asyncio.get_running_loop().run_in_executor(self._indexing, self._keep_index)
        self._it.memory.drop_old_runs()
        keep_house(self._it)
        self._it.desk.keep_house()
        self._alerts.keep_house()

    def _keep_index(self) -> None:
        try:
            self._indexer.drop_past_months()
            abandon(self._it)
        except IndexUnavailable as error:
            log.warning("index unavailable, past months are dropped tomorrow: %s", error)


def main(settings: Settings) -> None:
    """Runs the worker in this process until it is told to stop."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a job that is still running is no news
    with Installation(settings) as installation:
        asyncio.run(_run(installation))


async def _run(installation: Installation) -> None:
    install_reactor()
    await Worker(installation).run()
