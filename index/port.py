"""The port: what an index engine must do. One contract suite (`tests/index`) holds every adapter to it.

A mention is a post that concerns the province together with its annotation. Engines keep mentions as a derived view
that can be rebuilt from the archive at any time; ids are deterministic, so writing twice does no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

Sort = Literal["newest", "relevance"]
Interval = Literal["hour", "day", "week", "month"]
FacetField = Literal["source", "kind", "topic", "sentiment", "place", "story"]
FACET_FIELDS: tuple[FacetField, ...] = ("source", "kind", "topic", "sentiment", "place", "story")
DIMENSIONS = 384  # of a vector, those of multilingual-e5-small


@dataclass(frozen=True, slots=True)
class Analyzer:
    """The two forms of a text that engines index, handed in from outside (nlp.text) so that all engines fold alike.

    `exact` keeps accents (NFC, lower case, one place for tone marks), `fold` drops them as well. Both keep words
    separated by single spaces and contain only letters and digits besides the spaces.
    """

    exact: Callable[[str], str]
    fold: Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One post about the province, as it is found. `published_at` is aware UTC, never None (the archive fills it)."""

    id: str
    url: str
    source: str
    kind: str = "news"
    title: str = ""
    lead: str = ""
    body: str = ""
    author: str | None = None
    published_at: datetime
    relevance: int = 2
    sentiment: str | None = None
    topics: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    story: str | None = None
    duplicate_of: str | None = None
    lang: str | None = None  # "vi", "en", "other"; None was not told
    seen_at: datetime | None = None  # when we first saw it, in whole seconds
    vector: bytes | None = field(
        default=None, repr=False
    )  # what it means, a signed byte a dimension; hits leave it out

    def __post_init__(self) -> None:
        """Raises ValueError for a vector that points nowhere."""
        if self.vector is not None:
            check_vector(self.vector)


@dataclass(frozen=True, slots=True)
class MetadataChange:
    """New metadata of one mention; a field left None stays as it is. The text is not touched."""

    id: str
    sentiment: str | None = None
    topics: tuple[str, ...] | None = None
    places: tuple[str, ...] | None = None
    story: str | None = None
    duplicate_of: str | None = None
    relevance: int | None = None
    vector: bytes | None = field(default=None, repr=False)  # b"" takes it away

    def __post_init__(self) -> None:
        """Raises ValueError for a vector that points nowhere."""
        if self.vector:
            check_vector(self.vector)


def points(vector: bytes) -> bool:
    """Whether these bytes are a vector that has a direction."""
    return len(vector) == DIMENSIONS and any(vector)


def check_vector(vector: bytes) -> None:
    """Raises ValueError for bytes that are no vector with a direction."""
    if not points(vector):
        raise ValueError(f"a vector has {DIMENSIONS} bytes, not all of them zero")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Conditions that narrow a search. Values of one field are alternatives; fields are combined with AND.

    Times are aware; `since` is included, `until` is not.
    """

    since: datetime | None = None
    until: datetime | None = None
    source: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    topic: tuple[str, ...] = ()
    sentiment: tuple[str, ...] = ()
    place: tuple[str, ...] = ()
    story: tuple[str, ...] = ()
    min_relevance: int = 0
    seen_since: datetime | None = None  # only what we first saw at this moment or later, however old it is


@dataclass(frozen=True, slots=True)
class Highlight:
    """A snippet of plain text and the spans (start, end) of it that matched. Never markup."""

    text: str
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    mention: Mention
    score: float
    title: Highlight
    snippet: Highlight


@dataclass(frozen=True, slots=True)
class Page:
    """`next` is an opaque cursor, None at the end. Paging is stable: a mention added later never shifts a page."""

    items: tuple[Hit, ...]
    total: int
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Bucket:
    """One value of a facet with its count, and the count of each sentiment in it."""

    value: str
    count: int
    by_sentiment: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Point:
    """One interval of a series; `start` is aware UTC; day, week and month begin at midnight in Việt Nam."""

    start: datetime
    count: int
    by_sentiment: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Term:
    """One to four words, as they are spelled with accents, that a set of mentions has more than all mentions have.

    `share` of the set's mentions (a sample of them) that have it, `usual`: of all mentions; both 0..1.
    """

    text: str
    score: float
    share: float
    usual: float


@dataclass(frozen=True, slots=True)
class Similar:
    """A mention whose vector points much the same way as another; `score` is their cosine, -1..1."""

    id: str
    score: float


class SearchError(Exception):
    """Base of what an index raises."""


class QueryError(SearchError):
    """A query that cannot be read. `message` is Vietnamese, `code` stable English, `position` counts characters."""

    def __init__(self, message: str, *, code: str = "bad_query", position: int = 0, suggestion: str | None = None):
        super().__init__(message)
        self.message, self.code, self.position, self.suggestion = message, code, position, suggestion


class BadCursor(SearchError):
    """A cursor that this index did not give out for this search."""


class IndexUnavailable(SearchError):
    """The engine does not answer now; nothing was lost, the caller tries again later."""


class TooSlow(IndexUnavailable):
    """This question took longer than it may; others are answered."""


class IndexBroken(IndexUnavailable):
    """What the engine holds is damaged; it has to be made anew from the archive."""


class Refused(SearchError):
    """The engine would not take some mentions, for reasons of their own; all others are written.

    `reasons` says why, by id.
    """

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{id}: {reason}" for id, reason in list(reasons.items())[:3]))
        self.reasons = dict(reasons)


@dataclass(frozen=True, slots=True)
class Held:
    """A mention as the index holds it; not `in_place` where its time says it should lie elsewhere."""

    mention: Mention
    in_place: bool = True


class Index(Protocol):
    """An index engine. `query` is the query language's text ("" matches all); `QueryError` when it cannot be read."""

    def upsert(self, mentions: Iterable[Mention]) -> int:
        """Writes mentions, replacing those of the same id; durable on return. Returns how many.

        Raises Refused when some cannot be written; the others are.
        """

    def update(self, changes: Iterable[MetadataChange]) -> int:
        """Changes metadata only; unknown ids are ignored. Returns how many mentions changed. Raises Refused."""

    def delete(self, ids: Iterable[str]) -> int: ...

    def get(self, ids: Sequence[str]) -> list[Mention]:
        """The mentions of these ids that exist, in the order asked."""

    def search(
        self,
        query: str = "",
        filters: Filters | None = None,
        *,
        sort: Sort = "newest",
        limit: int = 20,
        cursor: str | None = None,
    ) -> Page: ...

    def newest(self, query: str = "", filters: Filters | None = None, *, limit: int = 20) -> tuple[Hit, ...]:
        """The newest hits, without counting the others: far faster than a page where they are very many."""

    def count(self, query: str = "", filters: Filters | None = None) -> int: ...

    def stream(self, query: str = "", filters: Filters | None = None) -> Iterator[Sequence[Mention]]:
        """All hits in batches, newest first, as they are when the first batch is asked for: what is written meanwhile
        changes nothing. Takes as long as the caller takes."""

    def facets(
        self,
        query: str = "",
        filters: Filters | None = None,
        *,
        fields: Sequence[FacetField] = FACET_FIELDS,
        limit: int = 20,
    ) -> dict[FacetField, list[Bucket]]:
        """Buckets of each field over all hits, largest first, ties by value."""

    def series(self, query: str = "", filters: Filters | None = None, *, interval: Interval = "day") -> list[Point]:
        """Counts per interval by sentiment in time order; empty intervals between the first and the last are included,
        and the whole of [since, until) when both are set."""

    def significant(self, query: str = "", filters: Filters | None = None, *, limit: int = 30) -> list[Term]:
        """The terms that set the hits apart from all mentions, most telling first, from a fixed sample of both."""

    def similar(self, vector: bytes, filters: Filters | None = None, *, limit: int = 10) -> list[Similar]:
        """The mentions whose vectors are nearest to this one, nearest first; those without a vector are not found.

        Raises ValueError for a vector that points nowhere.
        """

    @property
    def needs_rebuild(self) -> bool:
        """Whether the index is new or was emptied and has not been filled from the archive since (`rebuilt`)."""

    def rebuilt(self) -> None: ...

    def ids(self) -> set[str]:
        """All ids, for verifying against the archive."""

    def scan(self) -> Iterator[Held]:
        """Every stored mention, in any order, as of one moment; one that is stored twice comes twice."""

    def check(self) -> list[str]:
        """What is wrong with the engine's own structures, in Vietnamese; nothing when they are sound."""

    def drop_before(self, moment: datetime) -> int:
        """Deletes the months (in UTC) that end before this moment. Returns how many mentions went."""

    # generations: another index of the same engine, built beside the one in force

    @property
    def name(self) -> str | None:
        """The name of the index in force; None for the first one."""

    def beside(self, name: str) -> Index:
        """The index of this name (lower-case letters and digits) beside the one in force.

        One that is new is empty and needs its rebuild.
        """

    def put_in_force(self, name: str) -> None:
        """From now on every process reads and writes that index instead; what was in force is dropped."""

    def drop_others(self, keep: str | None = None) -> list[str]:
        """Deletes what lies beside, but for `keep`. Returns the names."""

    def renew(self) -> None:
        """Puts an empty index in force that needs its rebuild: what to do about a broken one."""

    def clear(self) -> None: ...

    def close(self) -> None: ...
