"""`Reader`: how routes and views read an installation, always with the relevance that its index holds as mentions."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from copy import copy
from datetime import datetime
from functools import cached_property
from threading import Lock
from typing import Any, TypeVar

from api.models import (
    Bucket,
    IssueItem,
    MentionItem,
    PlaceBucket,
    Point,
    SentimentCounts,
    Series,
    SignificantTerm,
    StoryItem,
)
from api.names import Names
from api.outage import Circuit, Steady
from api.periods import interval_end
from api.searching import Search
from index.ast import Everything, Keyword, Text, conj
from index.port import Bucket as Counted
from index.port import FacetField, Hit, IndexUnavailable, Interval, Mention
from index.query import parse, write
from monitor.annotated import Story
from monitor.archive import utc_now
from monitor.installation import Installation
from monitor.records import first_words, hit_record, issue_records, mention_record
from monitor.status import SourceStatus, Status, Totals, source_statuses, status
from monitor.versions import MENTIONS

T = TypeVar("T")
FRESH_SECONDS = 5.0  # how long figures of the whole installation may be reused
KEPT_FOR = 5.0  # times as long as they took to read, where that is more: at a million posts the sources take seconds


class Reader:
    """One for the whole API; safe for many threads. `lenient` reads the archive while the index is away."""

    def __init__(self, installation: Installation) -> None:
        self.it = installation
        self.names = Names(installation)
        self._kept: dict[Any, tuple[float, Any]] = {}
        self._reading: dict[Any, Lock] = {}
        self._lock = Lock()
        self._circuit = Circuit()
        self.index = Steady(installation, self._circuit, lenient=False)

    @cached_property
    def lenient(self) -> Reader:
        """The same reader for what may be drawn from the archive; both share what is kept."""
        other = copy(self)
        other.index = Steady(self.it, self._circuit, lenient=True)
        return other

    @property
    def min_relevance(self) -> int:
        return self.it.min_relevance

    def index_away(self) -> bool:
        """Whether the index does not answer now."""
        try:
            self._circuit.through(lambda: self.it.index.count())
        except IndexUnavailable:
            return True
        return False

    # mentions

    def _asked(self, search: Search) -> str:
        return self.it.naming.query(search.q)

    def count(self, search: Search) -> int:
        return self.index.count(self._asked(search), search.filters(self.min_relevance))

    def mentions(
        self, search: Search, *, limit: int = 20, cursor: str | None = None
    ) -> tuple[list[MentionItem], int, str | None]:
        """A page of what was found, the total and the next cursor."""
        filters = search.filters(self.min_relevance)
        page = self.index.search(self._asked(search), filters, sort=search.sort, limit=limit, cursor=cursor)
        return [self.found(hit) for hit in page.items], page.total, page.next

    def newest(self, search: Search, limit: int) -> list[MentionItem]:
        """The newest that were found, without the cost of counting the others."""
        hits = self.index.newest(self._asked(search), search.filters(self.min_relevance), limit=limit)
        return [self.found(hit) for hit in hits]

    def found(self, hit: Hit) -> MentionItem:
        return self._item(hit_record(hit), hit.mention)

    def mention(self, mention: Mention) -> MentionItem:
        return self._item(mention_record(mention), mention)

    def _item(self, record: dict[str, Any], mention: Mention) -> MentionItem:
        """People's posts often have no title: their first words stand for it."""
        title = mention.title or first_words(mention.lead or mention.body)
        return MentionItem.model_validate({**record, "title": title, "source_name": self.names.source(mention.source)})

    # figures

    def facets(self, search: Search, fields: Sequence[FacetField], limit: int = 20) -> dict[FacetField, list[Bucket]]:
        filters = search.filters(self.min_relevance)
        found = self.index.facets(self._asked(search), filters, fields=fields, limit=limit)
        return {name: [self._bucket(search, name, bucket) for bucket in found[name]] for name in found}

    def _bucket(self, search: Search, field: FacetField, bucket: Counted) -> Bucket:
        return Bucket(
            id=bucket.value,
            name=self.names.facet(field, bucket.value),
            count=bucket.count,
            by_sentiment=sentiments(bucket.by_sentiment),
            link=narrowed(search, field, bucket.value).link(),
        )

    def terms(self, search: Search, limit: int) -> list[SignificantTerm]:
        """The words that set a search apart, each with the query that it narrows to."""
        asked = self._asked(search)
        found = self.index.significant(asked, search.filters(self.min_relevance), limit=limit)
        tree = parse(search.q)
        return [
            SignificantTerm(
                text=term.text,
                score=round(term.score, 4),
                share=round(term.share, 4),
                usual=round(term.usual, 4),
                q=write(Text(term.text) if isinstance(tree, Everything) else conj([tree, Text(term.text)])),
            )
            for term in found
        ]

    def places(self, search: Search, limit: int = 500) -> list[PlaceBucket]:
        """Places by mentions, with where they lie."""
        found = []
        for bucket in self.facets(search, ("place",), limit)["place"]:
            place = self.names.place_record(bucket.id)
            where = {"level": place.level, "lat": place.lat, "lon": place.lon}
            found.append(PlaceBucket.model_validate({**bucket.model_dump(), **where}))
        return found

    def breakdown(self, search: Search, by: FacetField, limit: int) -> list[Bucket]:
        """The values of a facet, the most told first; of stories with their titles, of places with where they lie."""
        if by == "place":
            return list(self.places(search, limit))
        found = self.facets(search, (by,), limit)[by]
        if by != "story":
            return found
        titles = self.it.annotations.stories(bucket.id for bucket in found)
        return [b.model_copy(update={"name": titles[b.id].title}) if b.id in titles else b for b in found]

    def whole_time(self, search: Search) -> Search:
        """The search from its first mention's month to the end of its last one's, where it leaves them open."""
        months = self.series(search, "month").items
        told = [point.start for point in months if point.count]
        if not told or (search.since and search.until):
            return search
        return search.only(since=search.since or told[0], until=search.until or interval_end(told[-1], "month"))

    def series(self, search: Search, interval: Interval) -> Series:
        found = self.index.series(self._asked(search), search.filters(self.min_relevance), interval=interval)
        ends = [*(point.start for point in found[1:]), *(interval_end(point.start, interval) for point in found[-1:])]
        link = search.linker()
        points = [
            Point(start=p.start, count=p.count, by_sentiment=sentiments(p.by_sentiment), link=link(p.start, end))
            for p, end in zip(found, ends, strict=True)
        ]
        return Series(interval=interval, items=points, total=sum(p.count for p in points), link=search.link())

    def stories(self, found: Sequence[Story]) -> list[StoryItem]:
        """Stories with their mentions as a search for them counts."""
        wanted = Search(story=tuple(story.id for story in found))
        counted = self.facets(wanted, ("story",), len(found))["story"] if found else []
        mentions = {bucket.id: bucket.count for bucket in counted}
        return [
            StoryItem(
                id=story.id,
                title=story.title,
                first_at=story.first_at,
                last_at=story.last_at,
                mentions=mentions.get(story.id, 0),
                link=Search(story=(story.id,)).link(),
            )
            for story in found
        ]

    # the whole installation

    def issues(self, at: datetime, limit: int) -> list[IssueItem]:
        """The issues that rise at a moment."""
        return self.look(at, limit)[1]

    def look(self, at: datetime, limit: int) -> tuple[datetime | None, list[IssueItem]]:
        """The moment that what rises is judged by (None: nobody has judged yet), and the issues."""

        def read() -> tuple[datetime | None, list[IssueItem]]:
            found = self.it.look(at, limit=limit)
            records = issue_records(self.it, found.issues, at)
            return found.at, [IssueItem.model_validate(record) for record in records]

        return self.kept(("issues", at, limit, self.it.versions.lately(MENTIONS)), read)

    def issue(self, id: str, at: datetime) -> IssueItem | None:
        """One that rises at a moment, even when officers muted it or merged it into another."""

        def read() -> IssueItem | None:
            found = self.it.issue(id, at)
            return IssueItem.model_validate(issue_records(self.it, [found], at)[0]) if found else None

        return self.kept(("issue", id, at, self.it.versions.lately(MENTIONS)), read)

    def status(self) -> Status:
        return self.kept("status", lambda: status(self.it, self.totals(), self.sources()))

    def sources(self) -> list[SourceStatus]:
        return self.kept("sources", lambda: source_statuses(self.it, self.totals()))

    def totals(self) -> Totals:
        """source -> outcome -> posts. The dearest figure of a large archive: every post is counted."""
        return self.kept("totals", self.it.archive.totals_by_source)

    def kept(self, key: Any, read: Callable[[], T], seconds: float = FRESH_SECONDS) -> T:
        """What was read a moment ago, or read now, once for all who wait. What takes long to read is kept longer."""
        now = time.monotonic()
        with self._lock:
            for old in [k for k, v in self._kept.items() if now >= v[0]]:
                del self._kept[old]
            if key in self._kept:
                return self._kept[key][1]  # type: ignore[no-any-return]
            reading = self._reading.setdefault(key, Lock())
        with reading:
            with self._lock:
                if key in self._kept:
                    return self._kept[key][1]  # type: ignore[no-any-return]
            began = time.monotonic()
            try:
                value = read()
                took = time.monotonic() - began
                with self._lock:
                    self._kept[key] = (time.monotonic() + max(seconds, KEPT_FOR * took), value)
            finally:
                with self._lock:
                    self._reading.pop(key, None)
        return value

    def forget(self, key: Any) -> None:
        """What is kept under this key was changed by a request."""
        with self._lock:
            self._kept.pop(key, None)

    def now(self) -> datetime:
        return utc_now()


def narrowed(search: Search, field: FacetField, value: str) -> Search:
    """The search for those of its mentions that have this value. A mention has several topics and places: where others
    are asked for already, the value is one more condition, not one more alternative."""
    wanted: tuple[str, ...] = getattr(search, field)
    if not wanted or value in wanted:
        return search.only(**{field: value})
    tree = parse(search.q)
    return search.only(
        q=write(conj([Keyword(field, value)] if isinstance(tree, Everything) else [tree, Keyword(field, value)]))
    )


def sentiments(by_sentiment: Any) -> SentimentCounts:
    return SentimentCounts(**{name: by_sentiment.get(name, 0) for name in ("negative", "neutral", "positive")})
