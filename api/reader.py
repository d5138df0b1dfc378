"""`Reader`: how routes and views read an installation, always with the relevance that its index holds as mentions."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from copy import copy
from datetime import datetime
from functools import cached_property
from threading import Lock
from typing import Any, TypeVar

from api.models import Bucket, IssueItem, MentionItem, PlaceBucket, Point, SentimentCounts, Series, SignificantTerm
from api.names import Names
from api.outage import Circuit, Steady
from api.searching import Search
from index.ast import Everything, Text, conj
from index.port import Bucket as Counted
from index.port import FacetField, Hit, IndexUnavailable, Interval, Mention
from index.query import parse, write
from monitor.archive import utc_now
from monitor.installation import Installation
from monitor.records import first_words, hit_record, issue_records, mention_record
from monitor.status import SourceStatus, Status, source_statuses, status
from monitor.versions import MENTIONS

T = TypeVar("T")
FRESH_SECONDS = 5.0  # how long figures of the whole installation may be reused


class Reader:
    """One for the whole API; safe for many threads. `lenient` reads the archive while the index is away."""

    def __init__(self, installation: Installation) -> None:
        self.it = installation
        self.names = Names(installation)
        self._kept: dict[Any, tuple[float, Any]] = {}
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
        return {name: [self._bucket(name, bucket) for bucket in buckets] for name, buckets in found.items()}

    def _bucket(self, field: FacetField, bucket: Counted) -> Bucket:
        name = self.names.facet(field, bucket.value)
        return Bucket(id=bucket.value, name=name, count=bucket.count, by_sentiment=sentiments(bucket.by_sentiment))

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

    def series(self, search: Search, interval: Interval) -> Series:
        found = self.index.series(self._asked(search), search.filters(self.min_relevance), interval=interval)
        points = [Point(start=p.start, count=p.count, by_sentiment=sentiments(p.by_sentiment)) for p in found]
        return Series(interval=interval, items=points, total=sum(p.count for p in points))

    # the whole installation

    def issues(self, at: datetime, limit: int) -> list[IssueItem]:
        """The issues that rise at a moment."""

        def read() -> list[IssueItem]:
            records = issue_records(self.it, self.it.issues(at, limit=limit))
            return [IssueItem.model_validate(record) for record in records]

        return self.kept(("issues", at, limit, self.it.versions.now(MENTIONS)), read)

    def status(self) -> Status:
        return self.kept("status", lambda: status(self.it))

    def sources(self) -> list[SourceStatus]:
        return self.kept("sources", lambda: source_statuses(self.it))

    def kept(self, key: Any, read: Callable[[], T], seconds: float = FRESH_SECONDS) -> T:
        """What was read a moment ago, or read now: many screens ask for the same figures at the same time."""
        now = time.monotonic()
        with self._lock:
            for old in [k for k, v in self._kept.items() if now >= v[0]]:
                del self._kept[old]
            if key in self._kept:
                return self._kept[key][1]  # type: ignore[no-any-return]
        value = read()
        with self._lock:
            self._kept[key] = (time.monotonic() + seconds, value)
        return value

    def forget(self, key: Any) -> None:
        """What is kept under this key was changed by a request."""
        with self._lock:
            self._kept.pop(key, None)

    def now(self) -> datetime:
        return utc_now()


def sentiments(by_sentiment: Any) -> SentimentCounts:
    return SentimentCounts(**{name: by_sentiment.get(name, 0) for name in ("negative", "neutral", "positive")})
