"""The port on Elasticsearch: ties schema, writer, lowering, figures and highlights together."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from elasticsearch import ApiError

from index import cursor as cursors
from index.ast import Node, accented, neighbours
from index.elasticsearch import figures
from index.elasticsearch.connection import Connection, reason
from index.elasticsearch.documents import SHOWN, WHOLE, mention, numbers
from index.elasticsearch.lower import ALL, Lowering, Query, conjunction, narrowing, ranked
from index.elasticsearch.schema import Schema
from index.elasticsearch.server import Server
from index.elasticsearch.writer import Writer
from index.highlight import Highlighter
from index.port import (
    FACET_FIELDS,
    Analyzer,
    Bucket,
    FacetField,
    Filters,
    Held,
    Hit,
    IndexUnavailable,
    Interval,
    Mention,
    MetadataChange,
    Page,
    Point,
    QueryError,
    Similar,
    Sort,
    Term,
    check_vector,
)
from index.query import parse
from index.significant import BACKGROUND, SAMPLE, Background, Sample, sampled, significant
from index.values import batches

MAX_LIMIT = 1000
STREAMED = 500  # mentions in a batch of a stream
_KEEP = "5m"  # how long a reader may take over one page of a ranking before it is made anew
_PAGE = 10_000
_SCANNED = 500  # whole mentions in one answer: some megabytes
_CANDIDATES = 500  # vectors that are looked at in each month's graph
_NO_FILTERS = Filters()
_NEWEST: list[dict[str, Any]] = [
    {"published": {"order": "desc", "format": "strict_date_time_no_millis"}},
    {"id": {"order": "desc"}},
]
_BEST: list[dict[str, Any]] = [{"_score": {"order": "desc"}}, *_NEWEST]


def _now() -> datetime:
    return datetime.now(UTC)


class ElasticsearchIndex:
    """An index on a server. Any number of threads and processes may read while one writes.

    Opening checks the server; `IndexUnavailable` says what is wrong with it. `time_limit` (seconds) stops searches
    that take too long; `clock` is what "7d" and "hôm nay" count from; `name` opens the index of this name beside the
    one in force.
    """

    def __init__(
        self,
        server: Server,
        *,
        analyzer: Analyzer,
        time_limit: float = 10.0,
        clock: Callable[[], datetime] = _now,
        name: str | None = None,
    ) -> None:
        self._server, self._analyzer, self._clock = server, analyzer, clock
        self._connection = Connection(server, time_limit=time_limit)
        try:
            self._connection.check()
            self._schema = Schema(self._connection, analyzer, name)
            self._schema.ensure()
            self._writer = Writer(self._connection, self._schema, analyzer)
            self._writer.see()
        except BaseException:
            self._connection.close()
            raise
        self._highlighter, self._background = Highlighter(analyzer), Background()

    # Writing

    def upsert(self, mentions: Iterable[Mention]) -> int:
        return self._writer.upsert(mentions)

    def update(self, changes: Iterable[MetadataChange]) -> int:
        """As in the port; an empty text (story, sentiment, duplicate_of) takes the value away."""
        return self._writer.update(changes)

    def delete(self, ids: Iterable[str]) -> int:
        return self._writer.delete(ids)

    def clear(self) -> None:
        self._writer.clear()

    # Reading

    def get(self, ids: Sequence[str]) -> list[Mention]:
        found: dict[str, Mention] = {}
        for some in batches(dict.fromkeys(ids), MAX_LIMIT):
            answer = self._search(
                query={"ids": {"values": some}}, size=2 * len(some), source_includes=WHOLE, sort=["_doc"]
            )
            found.update((hit["_id"], mention(hit["_id"], hit["_source"])) for hit in answer["hits"]["hits"])
        return [found[name] for name in ids if name in found]

    def search(
        self,
        query: str = "",
        filters: Filters | None = None,
        *,
        sort: Sort = "newest",
        limit: int = 20,
        cursor: str | None = None,
    ) -> Page:
        node, filters = parse(query), filters or _NO_FILTERS
        limit = max(1, min(limit, MAX_LIMIT))
        key = cursors.search_key(node, filters, sort)
        place = cursors.decode(key, cursor) if cursor else {}
        page = self._ranked_page if sort == "relevance" else self._newest_page
        return page(node, self._found(node, filters), key, place, limit)

    def newest(self, query: str = "", filters: Filters | None = None, *, limit: int = 20) -> tuple[Hit, ...]:
        node = parse(query)
        answer = self._search(
            query=self._found(node, filters),
            sort=_NEWEST,
            size=max(1, min(limit, MAX_LIMIT)),
            source_includes=SHOWN,
            track_total_hits=False,
        )
        return self._hits(node, answer["hits"]["hits"])

    def count(self, query: str = "", filters: Filters | None = None) -> int:
        answer = self._search(query=self._found(parse(query), filters), size=0, track_total_hits=True)
        return _total(answer)

    def stream(self, query: str = "", filters: Filters | None = None) -> Iterator[Sequence[Mention]]:
        """As in the port. The server keeps the point in time for some minutes between two batches."""
        return self._stream(self._found(parse(query), filters))

    def _stream(self, found: Query) -> Iterator[Sequence[Mention]]:
        with self._snapshot() as pit:
            place: dict[str, Any] = {}
            while True:
                answer = self._search(
                    pit=pit,
                    query=found,
                    size=STREAMED,
                    sort=_NEWEST,
                    source_includes=SHOWN,
                    track_total_hits=False,
                    **place,
                )
                hits = answer["hits"]["hits"]
                if hits:
                    yield [mention(hit["_id"], hit["_source"]) for hit in hits]
                if len(hits) < STREAMED:
                    return
                place = {"search_after": hits[-1]["sort"]}

    def facets(
        self,
        query: str = "",
        filters: Filters | None = None,
        *,
        fields: Sequence[FacetField] = FACET_FIELDS,
        limit: int = 20,
    ) -> dict[FacetField, list[Bucket]]:
        return figures.facets(self._aggregated, self._found(parse(query), filters), fields, limit)

    def series(self, query: str = "", filters: Filters | None = None, *, interval: Interval = "day") -> list[Point]:
        filters = filters or _NO_FILTERS
        found = self._found(parse(query), filters)
        return figures.series(self._aggregated, found, interval, filters.since, filters.until)

    def significant(self, query: str = "", filters: Filters | None = None, *, limit: int = 30) -> list[Term]:
        node = parse(query)
        found = self._drawn(self._found(node, filters), SAMPLE)
        usual = self._background.get(lambda: self._drawn(ALL, BACKGROUND))
        return significant(node, found, usual, self._analyzer, limit)

    def similar(self, vector: bytes, filters: Filters | None = None, *, limit: int = 10) -> list[Similar]:
        check_vector(vector)
        limit = max(1, min(limit, MAX_LIMIT))
        knn = {
            "field": "vector",
            "query_vector": numbers(vector),
            "k": limit,
            "num_candidates": max(_CANDIDATES, 2 * limit),
            "filter": narrowing(filters or _NO_FILTERS),
        }
        hits = self._search(knn=knn, size=limit, source=False, track_total_hits=False)["hits"]["hits"]
        return [Similar(hit["_id"], 2.0 * hit["_score"] - 1.0) for hit in hits]  # it scores (1 + cosine) / 2

    def _drawn(self, query: Query, count: int) -> Sample:
        answer = self._search(query=query, sort=["pick"], size=count, source_includes=SHOWN, track_total_hits=False)
        hits = answer["hits"]["hits"]
        return sampled((mention(hit["_id"], hit["_source"]) for hit in hits), self._analyzer)

    def ids(self) -> set[str]:
        return {hit["_id"] for hit in self._each(source=False)}

    def scan(self) -> Iterator[Held]:
        for hit in self._each(source_includes=WHOLE, size=_SCANNED):
            found = mention(hit["_id"], hit["_source"])
            yield Held(found, self._schema.month_in(hit["_index"]) == f"{found.published_at:%Y-%m}")

    def _each(self, size: int = _PAGE, **options: Any) -> Iterator[Mapping[str, Any]]:
        """Every document, as of one moment."""
        with self._snapshot() as pit:
            place: dict[str, Any] = {}
            while True:
                answer = self._search(
                    pit=pit, size=size, sort=["_shard_doc"], track_total_hits=False, **options, **place
                )
                hits = answer["hits"]["hits"]
                yield from hits
                if len(hits) < size:
                    return
                place = {"search_after": hits[-1]["sort"]}

    def close(self) -> None:
        self._connection.close()

    # Care

    @property
    def needs_rebuild(self) -> bool:
        """Whether the index was made anew (missing, other version, other analyzer) and waits for the archive.

        Stays true, in all processes and after a restart, until `rebuilt` is called.
        """
        return self._schema.needs_rebuild

    def rebuilt(self) -> None:
        self._schema.rebuilt()

    def check(self) -> list[str]:
        return self._connection.problems()

    def drop_before(self, moment: datetime) -> int:
        last = f"{moment.astimezone(UTC):%Y-%m}"
        return self._writer.drop([name for name in self._schema.indices() if self._schema.month_in(name) < last])

    @property
    def name(self) -> str | None:
        return self._schema.name

    def beside(self, name: str) -> ElasticsearchIndex:
        return ElasticsearchIndex(self._server, analyzer=self._analyzer, clock=self._clock, name=name)

    def put_in_force(self, name: str) -> None:
        self._schema.put_in_force(name)

    def drop_others(self, keep: str | None = None) -> list[str]:
        return self._schema.drop_others(keep)

    def renew(self) -> None:
        self._writer.clear()
        self._schema.renewed()

    # Inner workings

    def _found(self, node: Node, filters: Filters | None) -> Query:
        lowered = Lowering(self._analyzer, self._clock()).lower(node)
        return conjunction([*narrowing(filters or _NO_FILTERS), lowered])

    def _newest_page(self, node: Node, found: Query, key: str, place: dict[str, Any], limit: int) -> Page:
        after = {"search_after": place["after"]} if place else {}
        answer = self._search(
            query=found, sort=_NEWEST, size=limit + 1, source_includes=SHOWN, track_total_hits=True, **after
        )
        hits = answer["hits"]["hits"]
        following = cursors.encode(key, {"after": hits[limit - 1]["sort"]}) if len(hits) > limit else None
        return Page(self._hits(node, hits[:limit]), _total(answer), following)

    def _ranked_page(self, node: Node, found: Query, key: str, place: dict[str, Any], limit: int) -> Page:
        """A point in time holds the ranking still from page to page; one that expired is made anew."""
        newest = str(place["newest"]) if place else self._newest_moment()
        if newest is None:
            return Page((), 0)
        lowering = Lowering(self._analyzer, self._clock())
        strict = Lowering(self._analyzer, self._clock(), strict=True) if accented(node, self._analyzer) else None
        near = [lowering.lower(pair) for pair in neighbours(node)]
        query = ranked(found, lowering.scoring(node), strict.lower(node) if strict else None, near, newest)
        answer = self._ranking(query, place, limit + 1)
        hits, pit = answer["hits"]["hits"], str(answer["pit_id"])
        following = None
        if len(hits) > limit:
            following = cursors.encode(key, {"pit": pit, "newest": newest, "after": hits[limit - 1]["sort"]})
        else:
            self._release(pit)
        return Page(self._hits(node, hits[:limit]), _total(answer), following)

    def _ranking(self, query: Query, place: dict[str, Any], size: int) -> Mapping[str, Any]:
        # Term statistics of all months together, so that a month's size does not change the order.
        options: dict[str, Any] = {
            "query": query,
            "sort": _BEST,
            "size": size,
            "source_includes": SHOWN,
            "track_total_hits": True,
            "search_type": "dfs_query_then_fetch",
        }
        if place:
            pit = {"id": place["pit"], "keep_alive": _KEEP}
            try:
                answer = self._search(pit=pit, **options, search_after=place["after"], raising=(400, 404))
                if answer["_shards"]["total"]:
                    return answer
            except ApiError:
                pass  # its time ran out, or another index was put in force meanwhile
            options["search_after"] = place["after"][: len(_BEST)]
        return self._search(pit={"id": self._open_snapshot(), "keep_alive": _KEEP}, **options)

    def _newest_moment(self) -> str | None:
        answer = self._search(size=1, sort=_NEWEST, source=False, track_total_hits=False)
        hits = answer["hits"]["hits"]
        return str(hits[0]["sort"][0]) if hits else None

    def _hits(self, node: Node, hits: Sequence[Mapping[str, Any]]) -> tuple[Hit, ...]:
        highlight = self._highlighter.for_query(node)
        mentions = [(mention(hit["_id"], hit["_source"]), hit["_score"] or 0.0) for hit in hits]
        return tuple(
            Hit(m, score, highlight.title(m.title), highlight.snippet(m.lead, m.body)) for m, score in mentions
        )

    def _aggregated(self, query: Query, aggregations: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = self._search(query=query, size=0, track_total_hits=False, aggregations=aggregations)
        found: Mapping[str, Any] = answer.get("aggregations", {})
        return found

    def _search(self, *, raising: tuple[int, ...] = (), **options: Any) -> Mapping[str, Any]:
        """A search that answers for all months or not at all; without any month it finds nothing."""
        if "pit" not in options:
            options |= {"index": self._schema.all, "ignore_unavailable": True}
        try:
            answer = self._connection.search(
                lambda client: client.search(allow_partial_search_results=False, **options), raising=(400, *raising)
            )
        except ApiError as error:
            if error.status_code in raising:
                raise
            raise _refused(error) from error
        return dict(answer)

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[dict[str, str]]:
        pit = self._open_snapshot()
        try:
            yield {"id": pit, "keep_alive": _KEEP}
        finally:
            self._release(pit)

    def _open_snapshot(self) -> str:
        answer = self._connection.search(
            lambda client: client.open_point_in_time(index=self._schema.all, keep_alive=_KEEP, ignore_unavailable=True)
        )
        return str(answer["id"])

    def _release(self, pit: str) -> None:
        with contextlib.suppress(IndexUnavailable, ApiError):  # it would end by itself soon
            self._connection.search(lambda client: client.close_point_in_time(id=pit), raising=(404,))


def _refused(error: ApiError) -> Exception:
    """What the server makes of a query that is larger than it allows."""
    cause = reason(error)
    if "nested" in cause or "too_many" in cause or "clause" in cause:
        return QueryError("Truy vấn lồng nhau quá sâu hoặc quá nhiều vế cho máy chủ tìm kiếm.", code="too_deep")
    return IndexUnavailable(f"Elasticsearch không hiểu yêu cầu ({cause}).")


def _total(answer: Mapping[str, Any]) -> int:
    return int(answer["hits"]["total"]["value"])
