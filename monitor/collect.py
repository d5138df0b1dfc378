"""One polite pass over sources: crawls, keeps what was found, and remembers how each source did."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache

from crawlers.plan import WANTED, Plan
from crawlers.post import Post
from crawlers.run import crawl
from crawlers.sink import CrawlResult, Stored
from crawlers.source import Source
from monitor import first_stage
from monitor.archive import Archive, utc_now
from monitor.first_stage import FirstStage
from monitor.health.alarms import ordinary
from monitor.health.baseline import Baseline
from monitor.health.book import evidence
from monitor.installation import Installation
from monitor.sightings import Sightings
from nlp.province import Province
from nlp.text import unaccent

KEPT = timedelta(days=60)  # counts of the first stage


class ArchiveSink:
    """The archive as the crawlers' sink."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def store(self, post: Post) -> Stored:
        return self._archive.store(post)

    def store_many(self, posts: Sequence[Post]) -> list[Stored]:
        return self._archive.store_many(posts)


def due_sources(installation: Installation) -> list[Source]:
    """Sources that are switched on and due now, the longest waiting first."""
    without = installation.sources_without_key()
    switched = installation.switches.all()
    on = {s.id: switched[s.id].enabled if s.id in switched else s.enabled for s in installation.sources.values()}
    enabled = (id for id, is_on in on.items() if is_on and id not in without)
    return [installation.sources[id] for id in installation.memory.due(enabled)]


def crawl_plan(installation: Installation, seen_elsewhere: Sightings) -> Plan:
    """What passes look for: articles that may concern the province, its names, titles known from elsewhere."""
    whole = installation.settings.crawl_whole or installation.settings.index_irrelevant
    return Plan(
        concerns=None if whole else _first_stage(installation.settings.province),
        queries=_queries(installation.settings.province),
        wanted=seen_elsewhere.wanted(),
    )


@lru_cache(maxsize=4)
def _first_stage(province: str) -> FirstStage:
    return FirstStage(Province.load(province))


@lru_cache(maxsize=4)
def _queries(province: str) -> tuple[str, ...]:
    """The province with and without accents, its former halves and capital, then its communes."""
    record = Province.load(province)
    whole = record.unit.short
    former = [unit.short for unit in record.former if unit.type == record.unit.type]
    return tuple(dict.fromkeys([whole, unaccent(whole), *former, record.capital, *(u.name for u in record.units)]))


async def collect(
    installation: Installation, sources: Sequence[Source], on_result: Callable[[CrawlResult], None] | None = None
) -> list[CrawlResult]:
    """Crawls these sources into the archive. A source that fails is a result too, never an exception."""

    def _usual(id: str) -> Baseline | None:
        now = utc_now()
        return ordinary(evidence(installation.engine, [installation.sources[id]], now)[id], now)

    def finished(result: CrawlResult) -> None:
        if result.state != "needs_key" or result.requests:  # without a key nothing happened
            installation.memory.finished(result, installation.cadence(result.source, _usual(result.source)))
        first_stage.keep(installation.engine, result)
        _match_sightings(result)
        if on_result:
            on_result(result)

    def _match_sightings(result: CrawlResult) -> None:
        if result.sightings:
            seen_elsewhere.record(result.source, result.sightings)
        asked = settings.plan.wanted.get(result.source, ())[:WANTED]
        if asked:
            seen_elsewhere.searched(result.source, asked)
        seen_elsewhere.resolve(result.source)

    seen_elsewhere = Sightings(installation.engine, installation.sources)
    settings = replace(installation.crawl_settings(), plan=crawl_plan(installation, seen_elsewhere))
    sink = ArchiveSink(installation.archive)
    return await crawl(sources, sink, installation.memory, settings, on_result=finished)


def keep_house(installation: Installation) -> None:
    """Drops what collecting need not remember any longer."""
    first_stage.forget(installation.engine, utc_now() - KEPT)
    Sightings(installation.engine, installation.sources).forget()
