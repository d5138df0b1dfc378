"""What happens to reading while the index is away: pages are drawn from the archive, programs get 503.

`Steady` stands where an index would. After a failure the index is left alone for some seconds: a page asks it ten
times, and none should wait for ten failures.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from index.port import (
    FACET_FIELDS,
    Bucket,
    FacetField,
    Filters,
    Hit,
    Index,
    IndexUnavailable,
    Interval,
    Mention,
    Page,
    Point,
    Sort,
    Term,
    TooSlow,
)
from monitor.archive_reading import ArchiveReading
from monitor.installation import Installation

LEFT_ALONE = 3.0  # seconds
T = TypeVar("T")


class Circuit:
    """Whether the index may be asked; one for the whole API."""

    def __init__(self) -> None:
        self._open_until = 0.0
        self._why = IndexUnavailable("")

    def through(self, ask: Callable[[], T]) -> T:
        """Asks, unless asking failed a moment ago. Raises IndexUnavailable."""
        if time.monotonic() < self._open_until:
            raise self._why
        try:
            return ask()
        except TooSlow:
            raise
        except IndexUnavailable as error:
            self._why, self._open_until = error, time.monotonic() + LEFT_ALONE
            raise


class Steady:
    """The reading half of the installation's index; with `lenient` the archive answers while the index is away."""

    def __init__(self, installation: Installation, circuit: Circuit, *, lenient: bool) -> None:
        self._it, self._circuit, self._lenient = installation, circuit, lenient
        self._archive = ArchiveReading(installation.archive, installation.annotations)

    def _ask(self, ask: Callable[[Index], T], instead: Callable[[ArchiveReading], T]) -> T:
        try:
            return self._circuit.through(lambda: ask(self._it.index))
        except TooSlow:
            raise
        except IndexUnavailable:
            if not self._lenient:
                raise
            return instead(self._archive)

    def get(self, ids: Sequence[str]) -> list[Mention]:
        return self._ask(lambda index: index.get(ids), lambda archive: archive.get(ids))

    def search(
        self,
        query: str = "",
        filters: Filters | None = None,
        *,
        sort: Sort = "newest",
        limit: int = 20,
        cursor: str | None = None,
    ) -> Page:
        return self._ask(
            lambda index: index.search(query, filters, sort=sort, limit=limit, cursor=cursor),
            lambda archive: archive.search(query, filters, limit=limit),
        )

    def newest(self, query: str = "", filters: Filters | None = None, *, limit: int = 20) -> tuple[Hit, ...]:
        return self._ask(
            lambda index: index.newest(query, filters, limit=limit),
            lambda archive: archive.newest(query, filters, limit=limit),
        )

    def count(self, query: str = "", filters: Filters | None = None) -> int:
        return self._ask(lambda index: index.count(query, filters), lambda archive: archive.count(query, filters))

    def facets(
        self,
        query: str = "",
        filters: Filters | None = None,
        *,
        fields: Sequence[FacetField] = FACET_FIELDS,
        limit: int = 20,
    ) -> dict[FacetField, list[Bucket]]:
        return self._ask(
            lambda index: index.facets(query, filters, fields=fields, limit=limit),
            lambda archive: archive.facets(query, filters, fields=fields, limit=limit),
        )

    def series(self, query: str = "", filters: Filters | None = None, *, interval: Interval = "day") -> list[Point]:
        return self._ask(
            lambda index: index.series(query, filters, interval=interval),
            lambda archive: archive.series(query, filters, interval=interval),
        )

    def significant(self, query: str = "", filters: Filters | None = None, *, limit: int = 30) -> list[Term]:
        """No terms while the index is away."""
        return self._ask(lambda index: index.significant(query, filters, limit=limit), lambda _: [])
