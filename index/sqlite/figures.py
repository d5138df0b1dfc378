"""Facets and series: counts over a selection, by array arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

import numpy as np

from index.dates import interval_numbers, interval_start
from index.port import Bucket, FacetField, Interval, Point
from index.sqlite.columns import Columns
from index.sqlite.names import Names
from index.sqlite.schema import SHIFT
from index.sqlite.select import Selection
from index.sqlite.vocabulary import SETS, Ints, Spread

_COLUMNS = {"topic": "topics", "place": "places"}
Texts = Sequence[str] | Names


def facet(columns: Columns, selection: Selection, field: FacetField, limit: int) -> list[Bucket]:
    """The largest values of a field with their counts; a mention counts once for each of its topics and places."""
    name = _COLUMNS.get(field, field)
    values = columns.vocabulary.fields[name]
    names: Texts = values.names
    if name in SETS:
        # The members first: a writer may add tuples meanwhile, the table must not be smaller than they are.
        spread = values.spread()
        table = _spread(_by_sentiment(columns, selection, name, len(names)), spread)
        names = spread.names
    else:
        table = _by_sentiment(columns, selection, name, len(names))
        table[0] = 0  # code 0 is "none"
    sentiments = columns.vocabulary.fields["sentiment"].names
    return [
        Bucket(names[row], int(table[row].sum()), split(table[row], sentiments))
        for row in _largest(table.sum(axis=1), names, limit)
    ]


def _by_sentiment(columns: Columns, selection: Selection, name: str, rows: int) -> Ints:
    """A table of counts: a row for each code of the field, a column for each sentiment."""
    width = len(columns.vocabulary.fields["sentiment"].names)
    keys = columns.fields[name][selection].astype(np.int64)
    keys *= width
    keys += columns.fields["sentiment"][selection]
    return np.bincount(keys, minlength=rows * width)[: rows * width].reshape(rows, width).astype(np.int64)


def _spread(table: Ints, spread: Spread) -> Ints:
    """From counts of tuples to counts of their members."""
    counts = [
        np.bincount(spread.members, weights=column[spread.codes], minlength=len(spread.names)) for column in table.T
    ]
    return np.rint(np.stack(counts, axis=1)).astype(np.int64)


def _largest(totals: Ints, names: Texts, limit: int) -> list[int]:
    """Rows by count, largest first, ties by name; rows without hits are left out."""
    rows = np.flatnonzero(totals)
    if len(rows) > limit > 0:
        # With many stories only those that can make it into the list are sorted by name.
        least = np.partition(totals[rows], len(rows) - limit)[len(rows) - limit]
        rows = rows[totals[rows] >= least]
    ordered = sorted(rows.tolist(), key=lambda row: (-int(totals[row]), names[row]))
    return ordered[:limit]


def split(counts: Ints, sentiments: Texts) -> dict[str, int]:
    """Counts by sentiment; mentions without one are in the total only."""
    return {name: int(count) for name, count in zip(sentiments, counts, strict=False) if name and count}


def series(
    columns: Columns, selection: Selection, interval: Interval, since: int | None, until: int | None
) -> list[Point]:
    """Counts per interval; from `since` to `until` (seconds) when both are known, else from first to last hit."""
    numbers = interval_numbers(columns.rids[selection] >> SHIFT, interval)
    if since is not None and until is not None:
        if since >= until:
            return []
        edges = interval_numbers(np.array([since, until - 1], dtype=np.int64), interval)
        # A mention that spilled out of its full second may lie just outside.
        first, last = int(edges[0]), max([int(edges[1]), *numbers[-1:].tolist()])
    elif len(numbers):
        first, last = int(numbers[0]), int(numbers[-1])
    else:
        return []
    sentiments = columns.vocabulary.fields["sentiment"].names
    width, rows = len(sentiments), last - first + 1
    keys = (numbers - first) * width + columns.fields["sentiment"][selection]
    table = np.bincount(keys, minlength=rows * width).reshape(rows, width)
    return [
        Point(interval_start(first + row, interval).astimezone(UTC), int(counts.sum()), split(counts, sentiments))
        for row, counts in enumerate(table)
    ]
