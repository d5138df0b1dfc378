"""One polite pass over sources: crawls, keeps what was found, and remembers how each source did."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crawlers.post import Post
from crawlers.run import crawl
from crawlers.sink import CrawlResult, Stored
from crawlers.source import Source
from monitor.archive import Archive
from monitor.installation import Installation


class ArchiveSink:
    """The archive as the crawlers' sink."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def store(self, post: Post) -> Stored:
        return self._archive.store(post)

    def store_many(self, posts: Sequence[Post]) -> list[Stored]:
        return self._archive.store_many(posts)


def due_sources(installation: Installation) -> list[Source]:
    """Enabled sources that are due now, the longest waiting first."""
    without = installation.sources_without_key()
    enabled = (s.id for s in installation.sources.values() if s.enabled and s.id not in without)
    every = {id: installation.cadence(id) for id in enabled}
    return [installation.sources[id] for id in installation.memory.due(every)]


async def collect(
    installation: Installation, sources: Sequence[Source], on_result: Callable[[CrawlResult], None] | None = None
) -> list[CrawlResult]:
    """Crawls these sources into the archive. A source that fails is a result too, never an exception."""

    def finished(result: CrawlResult) -> None:
        if result.state != "needs_key" or result.requests:  # without a key nothing happened
            installation.memory.finished(result, installation.cadence(result.source))
        if on_result:
            on_result(result)

    sink = ArchiveSink(installation.archive)
    return await crawl(sources, sink, installation.memory, installation.crawl_settings(), on_result=finished)
