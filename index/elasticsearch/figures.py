"""Facets and series as aggregations. Counts are exact: every index reports as many values as it may hold.

A story lies in few months but there are very many of them, so its sentiments are asked for in a second request, for
the largest stories only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from index.dates import interval_numbers, interval_start
from index.elasticsearch.lower import Query
from index.port import Bucket, FacetField, Interval, Point
from index.values import second

Aggregations = Mapping[str, Any]
Ask = Callable[[Query, Aggregations], Aggregations]  # counts over what a query finds

_PER_INDEX = 200_000  # distinct values of a field in one month
_AT_ONCE = 5000  # buckets with their sentiments stay below the server's 65,536
_PAGE = 10_000
_ZONE = "+07:00"  # Asia/Ho_Chi_Minh since 1975, and like `index.dates` also before
_SENTIMENTS = {"sentiments": {"terms": {"field": "sentiment", "size": 20}}}
_MANY: tuple[FacetField, ...] = ("story",)


def facets(ask: Ask, query: Query, fields: Sequence[FacetField], limit: int) -> dict[FacetField, list[Bucket]]:
    """The largest values of each field; a mention counts once for each of its topics and places."""
    if limit < 1:
        return {field: [] for field in fields}
    split_later = [field for field in fields if field in _MANY or limit > _AT_ONCE]
    aggs: dict[str, Any] = {
        field: _largest(field, limit) if field in split_later else {**_largest(field, limit), "aggs": _SENTIMENTS}
        for field in fields
    }
    found = ask(query, aggs)
    result: dict[FacetField, list[Bucket]] = {}
    for field in fields:
        buckets = [bucket for bucket in found.get(field, {}).get("buckets", ()) if bucket["key"]]
        splits = (
            _splits(ask, query, field, [bucket["key"] for bucket in buckets])
            if field in split_later
            else {bucket["key"]: _split(bucket) for bucket in buckets}
        )
        result[field] = [Bucket(b["key"], b["doc_count"], splits.get(b["key"], {})) for b in buckets]
    return result


def _largest(field: FacetField, limit: int) -> dict[str, Any]:
    order = [{"_count": "desc"}, {"_key": "asc"}]
    return {"terms": {"field": field, "size": limit, "shard_size": max(limit, _PER_INDEX), "order": order}}


def _splits(ask: Ask, query: Query, field: FacetField, values: Sequence[str]) -> dict[str, dict[str, int]]:
    """The sentiments of each of these values."""
    splits: dict[str, dict[str, int]] = {}
    for start in range(0, len(values), _AT_ONCE):
        some = list(values[start : start + _AT_ONCE])
        terms = {"field": field, "include": some, "size": len(some), "shard_size": len(some)}
        found = ask(
            {"bool": {"filter": [query, {"terms": {field: some}}]}}, {field: {"terms": terms, "aggs": _SENTIMENTS}}
        )
        splits.update((bucket["key"], _split(bucket)) for bucket in found.get(field, {}).get("buckets", ()))
    return splits


def _split(bucket: Mapping[str, Any]) -> dict[str, int]:
    return {part["key"]: part["doc_count"] for part in bucket["sentiments"]["buckets"] if part["key"]}


def series(ask: Ask, query: Query, interval: Interval, since: datetime | None, until: datetime | None) -> list[Point]:
    """Counts per interval; from `since` to `until` when both are known, else from first to last hit."""
    counts: dict[int, tuple[int, dict[str, int]]] = {}
    for milliseconds, count, split in _hours(ask, query) if interval == "hour" else _calendar(ask, query, interval):
        number = _number(milliseconds // 1000, interval)
        before, splits = counts.get(number, (0, {}))
        merged = {name: splits.get(name, 0) + split.get(name, 0) for name in (*splits, *split)}
        counts[number] = before + count, merged
    if since is not None and until is not None:
        start, end = second(since), second(until)
        if start >= end:
            return []
        first, last = _number(start, interval), _number(end - 1, interval)
    elif counts:
        first, last = min(counts), max(counts)
    else:
        return []
    return [
        Point(interval_start(number, interval).astimezone(UTC), *counts.get(number, (0, {})))
        for number in range(first, last + 1)
    ]


def _number(seconds: int, interval: Interval) -> int:
    return int(interval_numbers(np.array([seconds], dtype=np.int64), interval)[0])


def _calendar(ask: Ask, query: Query, interval: Interval) -> Iterator[tuple[int, int, dict[str, int]]]:
    histogram = {"field": "published", "calendar_interval": interval, "time_zone": _ZONE, "min_doc_count": 1}
    found = ask(query, {"times": {"date_histogram": histogram, "aggs": _SENTIMENTS}})
    for bucket in found.get("times", {}).get("buckets", ()):
        yield bucket["key"], bucket["doc_count"], _split(bucket)


def _hours(ask: Ask, query: Query) -> Iterator[tuple[int, int, dict[str, int]]]:
    """Years have more hours than one answer may hold, so these come page by page."""
    sources = [
        {"time": {"date_histogram": {"field": "published", "fixed_interval": "1h"}}},
        {"sentiment": {"terms": {"field": "sentiment", "missing_bucket": True}}},
    ]
    page: dict[str, Any] = {"size": _PAGE, "sources": sources}
    while True:
        found = ask(query, {"times": {"composite": page}}).get("times", {})
        for bucket in found.get("buckets", ()):
            sentiment = bucket["key"]["sentiment"]
            yield bucket["key"]["time"], bucket["doc_count"], {sentiment: bucket["doc_count"]} if sentiment else {}
        if "after_key" not in found:
            return
        page = {**page, "after": found["after_key"]}
