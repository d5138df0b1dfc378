"""What a pass is to look for besides what is new: given by whoever runs the crawl, as crawlers know no province."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

STANDING = 2  # queries asked at every search: the names of the whole
ROTATING = 2  # of the other queries, these many in turn
WANTED = 3  # titles known from elsewhere that one pass asks an outlet's search for


@dataclass(frozen=True, slots=True)
class Sighting:
    """An article that a signal says an outlet has: `outlet` is the outlet's address, `url` the signal's own link."""

    title: str
    outlet: str
    outlet_name: str
    published: datetime | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """`concerns`: whether a title and summary may concern what is monitored; None fetches every article.

    `control_share`: of the others, the share that is fetched all the same, to measure what is lost. `queries`: words
    for outlets' own search and for signals, the most telling first. `wanted`: by source id, titles to search for.
    `links`: articles to fetch whatever is known of them.
    """

    concerns: Callable[[str], bool] | None = None
    control_share: float = 0.02
    queries: tuple[str, ...] = ()
    wanted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    links: tuple[str, ...] = ()

    def is_control(self, url: str) -> bool:
        """Whether this address belongs to the control group: by its hash, so the same for ever."""
        number = int.from_bytes(hashlib.sha256(url.encode("utf-8", "replace")).digest()[:4])
        return number < self.control_share * 2**32

    def searched(self, source: str, turn: int) -> tuple[str, ...]:
        """The queries of a source's search number `turn` (from 0)."""
        rest = self.queries[STANDING:]
        start = turn * ROTATING % len(rest) if rest else 0
        return (*self.queries[:STANDING], *(rest + rest)[start : start + min(ROTATING, len(rest))])
