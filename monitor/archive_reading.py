"""What the archive can answer while the index is away: everything but words. Same answers as an index without a query.

Slower than an index by far, good enough for an outage: a province has some thousand mentions a week.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import func, select

from index.ast import Everything
from index.dates import interval_numbers, interval_start
from index.port import (
    FACET_FIELDS,
    Bucket,
    FacetField,
    Filters,
    Highlight,
    Hit,
    IndexUnavailable,
    Interval,
    Mention,
    Page,
    Point,
    Sort,
)
from index.query import parse
from index.values import second
from monitor.annotated import AnnotationStore, mention
from monitor.archive import Archive
from monitor.database import annotation_rows, posts

SNIPPET = 240  # characters
_NONE = Filters()


@dataclass(frozen=True, slots=True)
class Row:
    """A mention as far as counting needs it."""

    id: str
    at: datetime
    source: str
    kind: str
    sentiment: str | None
    story: str | None
    topic: tuple[str, ...]
    place: tuple[str, ...]


class ArchiveReading:
    """The reading half of an index, over annotations and posts. Raises IndexUnavailable where words are looked for."""

    def __init__(self, archive: Archive, annotations: AnnotationStore) -> None:
        self._archive, self._annotations = archive, annotations

    def get(self, ids: Sequence[str]) -> list[Mention]:
        found = self._annotations.annotated(self._archive.get(ids))
        return [mention(found[id]) for id in ids if id in found]

    def search(
        self,
        query: str = "",
        filters: Filters | None = None,
        *,
        sort: Sort = "newest",
        limit: int = 20,
        cursor: str | None = None,
    ) -> Page:
        """The newest; there is no next page."""
        rows = self._rows(query, filters)
        return Page(tuple(self._hit(each) for each in self.get([row.id for row in rows[:limit]])), len(rows))

    def newest(self, query: str = "", filters: Filters | None = None, *, limit: int = 20) -> tuple[Hit, ...]:
        rows = self._rows(query, filters, limit=None if _by_members(filters or _NONE) else limit)
        return tuple(self._hit(each) for each in self.get([row.id for row in rows[:limit]]))

    def _hit(self, found: Mention) -> Hit:
        text = " ".join((found.lead or found.body).split())
        cut = text if len(text) <= SNIPPET else text[:SNIPPET].rsplit(" ", 1)[0] + "…"
        return Hit(found, 0.0, Highlight(found.title), Highlight(cut))

    def count(self, query: str = "", filters: Filters | None = None) -> int:
        filters = filters or _NONE
        if _by_members(filters):
            return len(self._rows(query, filters))
        _demand_no_words(query)
        with self._archive.read() as connection:
            return int(connection.scalar(_narrowed(select(func.count()), filters)) or 0)

    def facets(
        self,
        query: str = "",
        filters: Filters | None = None,
        *,
        fields: Sequence[FacetField] = FACET_FIELDS,
        limit: int = 20,
    ) -> dict[FacetField, list[Bucket]]:
        rows = self._rows(query, filters)
        return {field: _facet(rows, field, limit) for field in fields}

    def series(self, query: str = "", filters: Filters | None = None, *, interval: Interval = "day") -> list[Point]:
        filters = filters or _NONE
        rows = self._rows(query, filters)
        numbers = interval_numbers(np.array([second(row.at) for row in rows], dtype=np.int64), interval).tolist()
        split: dict[int, Counter[str | None]] = defaultdict(Counter)
        for number, row in zip(numbers, rows, strict=True):
            split[number][row.sentiment] += 1
        edges = _edges(filters, interval) or ((min(numbers), max(numbers)) if numbers else (0, -1))
        return [
            Point(interval_start(number, interval).astimezone(UTC), split[number].total(), _told(split[number]))
            for number in range(edges[0], edges[1] + 1)
        ]

    def _rows(self, query: str, filters: Filters | None, limit: int | None = None) -> list[Row]:
        """What the filters leave, newest first."""
        _demand_no_words(query)
        filters = filters or _NONE
        a, p = annotation_rows.c, posts.c
        columns = (a.post_id, a.counted_at, p.source, p.kind, a.sentiment, a.story_id, a.topics, a.places)
        statement = _narrowed(select(*columns), filters).order_by(a.counted_at.desc(), a.post_id.desc()).limit(limit)
        with self._archive.read() as connection:
            rows = [_row(row) for row in connection.execute(statement)]
        topics, places = set(filters.topic), set(filters.place)
        return [
            row for row in rows if (not topics or topics & set(row.topic)) and (not places or places & set(row.place))
        ]


def _demand_no_words(query: str) -> None:
    if not isinstance(parse(query), Everything):
        raise IndexUnavailable("Chỉ mục đang gián đoạn: tạm thời chưa tìm được theo từ khóa.")


def _by_members(filters: Filters) -> bool:
    return bool(filters.topic or filters.place)


def _narrowed(statement: Any, filters: Filters) -> Any:
    a, p = annotation_rows.c, posts.c
    statement = statement.select_from(annotation_rows.join(posts, p.id == a.post_id))
    statement = statement.where(a.relevance >= filters.min_relevance)
    if filters.since:
        statement = statement.where(a.counted_at >= filters.since)
    if filters.until:
        statement = statement.where(a.counted_at < filters.until)
    columns = {
        p.source: filters.source,
        p.kind: filters.kind,
        a.sentiment: filters.sentiment,
        a.story_id: filters.story,
    }
    for column, values in columns.items():
        if values:
            statement = statement.where(column.in_(values))
    return statement


def _row(row: Any) -> Row:
    id, at, source, kind, sentiment, story, topics, places = row
    members = tuple(dict.fromkeys(place["id"] for place in places))
    return Row(id, at, source, kind, sentiment, story, tuple(topic["code"] for topic in topics), members)


_VALUES: dict[FacetField, Callable[[Row], Iterable[str | None]]] = {
    "source": lambda row: (row.source,),
    "kind": lambda row: (row.kind,),
    "sentiment": lambda row: (row.sentiment,),
    "story": lambda row: (row.story,),
    "topic": lambda row: row.topic,
    "place": lambda row: row.place,
}


def _facet(rows: Sequence[Row], field: FacetField, limit: int) -> list[Bucket]:
    split: dict[str, Counter[str | None]] = defaultdict(Counter)
    for row in rows:
        for value in _VALUES[field](row):
            if value:
                split[value][row.sentiment] += 1
    largest = sorted(split.items(), key=lambda item: (-item[1].total(), item[0]))
    return [Bucket(value, counts.total(), _told(counts)) for value, counts in largest[:limit]]


def _told(counts: Counter[str | None]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if name}


def _edges(filters: Filters, interval: Interval) -> tuple[int, int] | None:
    if filters.since is None or filters.until is None:
        return None
    if filters.since >= filters.until:
        return 0, -1
    ends = np.array([second(filters.since), second(filters.until) - 1], dtype=np.int64)
    first, last = interval_numbers(ends, interval).tolist()
    return first, last
