"""One installation: everything that the settings describe, opened once, for the commands, the worker and the API."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from crawlers.source import REGISTRY, Source, load_sources
from index.engine import open_index
from index.port import Analyzer, Filters, Index, IndexUnavailable
from monitor.annotated import AnnotationStore
from monitor.archive import Archive, utc_now
from monitor.change_log import ChangeLog
from monitor.database import open_engine
from monitor.migrate import migrate
from monitor.rising import HISTORY, Issue, Weights, replay
from monitor.rising.acting import acted, shown_of
from monitor.rising.live import FEW, Look, look_at
from monitor.rising.replay import MOST, RUN_UP
from monitor.rising.store import EvidenceStore, IssueStore
from monitor.saved_searches import SavedSearches
from monitor.settings import Settings
from monitor.story_changes import StoryHistory
from monitor.switches import Switches
from monitor.versions import Versions, count_changes
from nlp import text

if TYPE_CHECKING:  # Scrapy and the models cost seconds: who only reads does not load them
    from crawlers.run import CrawlSettings
    from monitor.health.baseline import Baseline
    from monitor.meaning import Meaning
    from monitor.naming import Naming
    from monitor.people.desk import Desk
    from monitor.source_memory import SourceMemory
    from nlp.annotate import Annotator
    from nlp.province import Province

OPEN_AGAIN_AFTER = 3.0  # seconds
NEAREST = 200  # mentions that the index is asked for where too many resemble one
ANALYZER = Analyzer(exact=text.exact, fold=text.fold)


def load_annotator(settings: Settings) -> Annotator:
    """The annotator of the province; models retrained into the data folder come before the shipped ones."""
    from nlp.annotate import Annotator

    own = settings.data / "models"
    return Annotator.load(settings.province, own if own.is_dir() else None)


def revisits(sources: Iterable[Source]) -> dict[str, tuple[timedelta, ...]]:
    """Which sources' pages change after we read them: the province's own outlets edit, threads get answers."""
    from monitor.source_memory import REVISITS, THREAD_REVISITS

    changing = {source.id: THREAD_REVISITS for source in sources if source.kind == "forum"}
    return {source.id: REVISITS for source in sources if source.owned} | changing


class Installation:
    """The parts of one data folder. Opening migrates the archive; the index and the models open when first used."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine = open_engine(settings.archive_url)
        migrate(self.engine, settings.data / "migrate.lock")
        count_changes(self.engine)
        self.archive = Archive(self.engine, author_key=settings.hash_key())
        self.annotations = AnnotationStore(self.engine, min_relevance=self.min_relevance)
        self.changes = ChangeLog(self.engine)
        self.saved_searches = SavedSearches(self.engine)
        self.sources: dict[str, Source] = load_sources(settings.sources or REGISTRY)
        self.switches = Switches(self.engine)
        self.versions = Versions(self.engine)
        self._opening = threading.Lock()
        self._index: Index | None = None
        self._not_opened: tuple[float, IndexUnavailable] | None = None

    @property
    def index(self) -> Index:
        """The index, opened when first used. Raises IndexUnavailable, without asking again for some seconds."""
        if self._index is not None:
            return self._index
        with self._opening:
            if self._index is None:
                if self._not_opened and time.monotonic() < self._not_opened[0]:
                    raise self._not_opened[1]
                try:
                    self._index = self._open_index()
                except IndexUnavailable as error:
                    self._not_opened = time.monotonic() + OPEN_AGAIN_AFTER, error
                    raise
            return self._index

    def _open_index(self) -> Index:
        settings = self.settings
        return open_index(settings.index, path=settings.index_path, analyzer=ANALYZER, server=settings.elasticsearch)

    @cached_property
    def memory(self) -> SourceMemory:
        from monitor.source_memory import SourceMemory

        return SourceMemory(self.engine, revisited=revisits(self.sources.values()))

    @cached_property
    def desk(self) -> Desk:
        from monitor.people.desk import Desk

        resting, kept = timedelta(hours=self.settings.session_hours), timedelta(days=self.settings.audit_days)
        return Desk(self.engine, idle=resting, audit_kept=kept, key=self.settings.second_step_key())

    @cached_property
    def annotator(self) -> Annotator:
        return load_annotator(self.settings)

    @cached_property
    def province(self) -> Province:
        from nlp.province import Province

        return Province.load(self.settings.province)

    @cached_property
    def naming(self) -> Naming:
        from monitor.naming import Naming

        return Naming(self.province, self.sources.values())

    @property
    def min_relevance(self) -> int:
        return 0 if self.settings.index_irrelevant else 1

    def is_local(self, source: str) -> bool:
        """Whether this outlet writes about the province by its nature."""
        known = self.sources.get(source)
        return known is not None and (known.owned or known.local)

    def source_name(self, source: str) -> str:
        return self.sources[source].name if source in self.sources else source

    @cached_property
    def meaning(self) -> Meaning:
        from monitor.meaning import Meaning
        from monitor.second_look import second_look

        look_again = second_look(lambda: self.annotator)
        return Meaning(self.engine, self.archive, nearest=self._nearest, look_again=look_again)

    def _nearest(self, vector: bytes, since: datetime, until: datetime) -> list[str]:
        """Ids of the mentions of a time whose meaning is nearest, as far as the index answers."""
        try:
            return [each.id for each in self.index.similar(vector, Filters(since=since, until=until), limit=NEAREST)]
        except IndexUnavailable:
            return []

    @cached_property
    def story_history(self) -> StoryHistory:
        return StoryHistory(self.engine)

    @cached_property
    def evidence(self) -> EvidenceStore:
        return EvidenceStore(self.engine, [source.id for source in self.sources.values() if source.owned])

    @cached_property
    def issue_store(self) -> IssueStore:
        return IssueStore(self.engine)

    @property
    def weights(self) -> Weights:
        return Weights(official=self.settings.official_weight, person=self.settings.person_weight)

    def issues(self, at: datetime | None = None, *, limit: int = 10, patient: bool = False) -> list[Issue]:
        """The issues that rise at a moment (now), as officers want them; nothing later than the moment is used."""
        return self.look(at or utc_now(), limit=limit, patient=patient).issues

    def look(self, at: datetime, *, limit: int = 10, patient: bool = False) -> Look:
        """As `issues`, with the moment that they are judged by, which may lie before `at`; see `look_at`."""
        found = look_at(self.evidence, self.issue_store, at, self.weights, patient=patient)
        return Look(found.at, acted(found.issues, self.issue_store.in_force(at))[:limit])

    def rose(self, at: datetime) -> int | None:
        """How many issues rose at a moment of the past: as the worker saw it, where it was near, else by a replay.

        A worker that begins lives through the last days, so these are known as soon as it has looked once; of a large
        archive that none has looked at, None.
        """
        lately = utc_now() - at <= timedelta(hours=RUN_UP)
        if not lately or self.issue_store.now() is None:
            large = lately and self.evidence.count(at - HISTORY, at) >= FEW
            return None if large else len(self.issues(at, limit=MOST))
        return shown_of(self.issue_store.open_at(at), self.issue_store.in_force(at))

    def issue(self, id: str, at: datetime) -> Issue | None:
        """One that rises at a moment, even when officers muted it or merged it into another."""
        found = look_at(self.evidence, self.issue_store, at, self.weights).issues
        listed = acted(found, self.issue_store.in_force(at), muted=True)
        return next((issue for issue in (*listed, *found) if issue.id == id), None)

    def issue_history(
        self, since: datetime, until: datetime, step: float = 1.0
    ) -> Iterator[tuple[datetime, list[Issue]]]:
        """What rose at each step of so many hours, without looking ahead; officers' actions are left aside."""
        evidence = self.evidence.between(since - HISTORY, until)
        yield from replay(evidence, since, until, step=step, weights=self.weights, run_up=RUN_UP)

    def crawl_settings(self) -> CrawlSettings:
        from crawlers.run import CrawlSettings

        settings = self.settings
        keys = {"youtube_key": settings.youtube_key, "facebook_token": settings.facebook_token}
        return CrawlSettings(
            contact=settings.contact,
            allow_private=settings.allow_private,
            keys={name: key for name, key in keys.items() if key is not None},
            youtube_budget=settings.youtube_budget,
        )

    def sources_without_key(self) -> frozenset[str]:
        """Sources that ask for a key nobody has given: they stay as they are."""
        from crawlers.channels import key_needed

        keys = self.crawl_settings()
        channels = ((source.id, source.discovery.channel) for source in self.sources.values())
        needed = ((id, key_needed(channel)) for id, channel in channels if channel is not None)
        return frozenset(id for id, name in needed if name is not None and keys.key(name) is None)

    def cadence(self, source: str, usual: Baseline | None) -> timedelta:
        """The pause between two passes over a source in good order, by what it ordinarily brings."""
        from monitor.health.cadence import cadence

        record = self.sources[source]
        return cadence(timedelta(minutes=record.every_minutes), usual, utc_now(), owned=record.owned)

    def close(self) -> None:
        if self._index is not None:
            self._index.close()
        self.engine.dispose()

    def __enter__(self) -> Installation:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
