"""The port on SQLite: ties writer, snapshots, selection, ranking and highlights together."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from index import cursor as cursors
from index.ast import Everything, Node, accented, neighbours
from index.highlight import Highlighter
from index.port import (
    FACET_FIELDS,
    Analyzer,
    Bucket,
    FacetField,
    Filters,
    Held,
    Hit,
    IndexBroken,
    IndexUnavailable,
    Interval,
    Mention,
    MetadataChange,
    Page,
    Point,
    Similar,
    Sort,
    Term,
    check_vector,
)
from index.query import parse
from index.significant import BACKGROUND, SAMPLE, Background, Sample, sampled, significant
from index.sqlite import care, figures, rank, vectors
from index.sqlite.columns import Columns, ColumnStore
from index.sqlite.mentions import mentions
from index.sqlite.plan import Match, Plan, Planner, Sought, bounds
from index.sqlite.pool import Pool, limited
from index.sqlite.select import Caches, Selection, Selector, drawn, narrowed, size, span
from index.sqlite.sketches import Sketches
from index.sqlite.vocabulary import Ints
from index.sqlite.writer import Writer, marks
from index.values import batches, second

MAX_LIMIT = 1000
STREAMED = 500  # mentions in a batch of a stream
_NO_FILTERS = Filters()


def _now() -> datetime:
    return datetime.now(UTC)


class SqliteIndex:
    """An index in one file. Any number of threads and processes may read while one writes.

    `time_limit` (seconds) stops searches that take too long; `clock` is what "7d" and "hôm nay" count from.
    """

    def __init__(
        self,
        path: Path,
        *,
        analyzer: Analyzer,
        time_limit: float = 10.0,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self.path, self._analyzer, self._clock = Path(path), analyzer, clock
        self._keeper = care.Keeper(self.path, analyzer)
        self._keeper.open()
        self._pool = Pool(self._keeper.files, time_limit=time_limit, make=self._keeper.open)
        self._writer = Writer(self._pool, analyzer)
        self._store, self._caches, self._rankings = ColumnStore(), Caches(), rank.Rankings()
        self._highlighter, self._background, self._sketches = Highlighter(analyzer), Background(), Sketches()

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
        with self._reading() as (conn, columns):
            found: dict[str, Mention] = {}
            for some in batches(dict.fromkeys(ids), 500):
                sql = f"SELECT rid FROM mention WHERE id IN ({marks(some)})"  # noqa: S608
                rids = [row[0] for row in conn.execute(sql, some)]
                found.update((mention.id, mention) for mention in mentions(conn, columns, rids, whole=True).values())
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
        with self._reading() as (conn, columns):
            search = _Search(Selector(conn, columns, self._caches, self._analyzer.fold), node, filters, self)
            if sort == "relevance":
                return self._ranked_page(search, key, place, limit)
            return self._newest_page(search, key, place, limit)

    def newest(self, query: str = "", filters: Filters | None = None, *, limit: int = 20) -> tuple[Hit, ...]:
        node = parse(query)
        with self._searching(node, filters) as search:
            positions = search.newest(max(1, min(limit, MAX_LIMIT)), None)
            return self._hits(search, search.columns.rids[positions].tolist(), [0.0] * len(positions))

    def count(self, query: str = "", filters: Filters | None = None) -> int:
        node = parse(query)
        with self._searching(node, filters) as search:
            return search.total()

    def stream(self, query: str = "", filters: Filters | None = None) -> Iterator[Sequence[Mention]]:
        """As in the port. Holds a read transaction until the last batch, so the caller must not dawdle."""
        return self._stream(parse(query), filters)

    def _stream(self, node: Node, filters: Filters | None) -> Iterator[Sequence[Mention]]:
        with self._searching(node, filters) as search:
            rids = search.columns.rids[search.selection()][::-1].tolist()
            for some in batches(rids, STREAMED):
                with limited(search.selector.conn, self._pool.time_limit):  # a batch each, not all of them together
                    found = mentions(search.selector.conn, search.columns, some)
                yield [found[rid] for rid in some if rid in found]

    def facets(
        self,
        query: str = "",
        filters: Filters | None = None,
        *,
        fields: Sequence[FacetField] = FACET_FIELDS,
        limit: int = 20,
    ) -> dict[FacetField, list[Bucket]]:
        node = parse(query)
        with self._searching(node, filters) as search:
            hits = search.selection()
            return {field: figures.facet(search.columns, hits, field, limit) for field in fields}

    def series(self, query: str = "", filters: Filters | None = None, *, interval: Interval = "day") -> list[Point]:
        node, filters = parse(query), filters or _NO_FILTERS
        with self._searching(node, filters) as search:
            since, until = filters.since, filters.until
            both = since is not None and until is not None
            return figures.series(
                search.columns,
                search.selection(),
                interval,
                second(since) if both and since else None,
                second(until) if both and until else None,
            )

    def significant(self, query: str = "", filters: Filters | None = None, *, limit: int = 30) -> list[Term]:
        node = parse(query)
        with self._searching(node, filters) as search:
            found = self._drawn(search, search.selection(), SAMPLE)
            everything = slice(0, len(search.columns))
            usual = self._background.get(lambda: self._drawn(search, everything, BACKGROUND))
            return significant(node, found, usual, self._analyzer, limit)

    def similar(self, vector: bytes, filters: Filters | None = None, *, limit: int = 10) -> list[Similar]:
        check_vector(vector)
        with self._searching(Everything(), filters) as search:
            conn, columns = search.selector.conn, search.columns
            within, limit = search.selection(), max(1, min(limit, MAX_LIMIT))
            found = vectors.nearest(conn, columns, within, vector, limit, self._sketches)
            return [Similar(id, score) for id, score in found]

    def _drawn(self, search: _Search, within: Selection, count: int) -> Sample:
        rids = search.columns.rids[drawn(search.columns, within, count)].tolist()
        return sampled(mentions(search.selector.conn, search.columns, rids).values(), self._analyzer)

    def ids(self) -> set[str]:
        with self._pool.connection() as conn:
            return {row[0] for row in conn.execute("SELECT id FROM mention")}

    def close(self) -> None:
        self._pool.close()

    # Care

    @property
    def needs_rebuild(self) -> bool:
        """Whether the file was made anew (missing, broken, other version, other analyzer) and waits for the archive.

        Stays true, in all processes and after a restart, until `rebuilt` is called.
        """
        return care.needs_rebuild(self._pool, self._keeper)

    def rebuilt(self) -> None:
        """Says that everything in the archive is in the index again, or on its way."""
        with self._pool.connection() as conn:
            conn.execute("UPDATE state SET rebuild = 0")

    def scan(self) -> Iterator[Held]:
        return care.scan(self._keeper.files)

    def check(self) -> list[str]:
        try:
            with self._pool.connection() as conn:
                return care.problems(conn)
        except IndexBroken as error:
            return [str(error)]

    def drop_before(self, moment: datetime) -> int:
        return sum(self.delete(ids) for ids in care.before(self._pool, moment))

    def beside(self, name: str) -> SqliteIndex:
        return SqliteIndex(self._keeper.files.of(name), analyzer=self._analyzer, clock=self._clock)

    @property
    def name(self) -> str | None:
        return self._keeper.files.name

    def put_in_force(self, name: str) -> None:
        self._keeper.put_in_force(name)

    def drop_others(self, keep: str | None = None) -> list[str]:
        return self._keeper.drop_others(keep)

    def renew(self) -> None:
        self._keeper.renew()

    def forget(self) -> None:
        """Drops results remembered from earlier searches (benchmarks measure without them)."""
        self._caches = Caches()

    def optimize(self) -> None:
        """Merges the text index into one piece: worth it once after a rebuild, takes minutes on a million mentions."""
        with self._pool.connection() as conn:
            for table in ("fold", "exact"):
                conn.execute(f"INSERT INTO {table}({table}) VALUES('optimize')")
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    # Inner workings

    @contextlib.contextmanager
    def _reading(self) -> Iterator[tuple[sqlite3.Connection, Columns]]:
        """A read transaction and the columns of exactly the state it sees, under the time limit."""
        with self._pool.connection() as conn:
            for _ in range(100):
                conn.execute("BEGIN")
                if (columns := self._store.of(conn)) is not None:
                    break
                conn.execute("ROLLBACK")  # another thread has seen a newer state: look again
            else:
                raise IndexUnavailable("Chỉ mục đang bận ghi, hãy thử lại sau ít giây.")
            with limited(conn, self._pool.time_limit):
                yield conn, columns

    @contextlib.contextmanager
    def _searching(self, node: Node, filters: Filters | None) -> Iterator[_Search]:
        with self._reading() as (conn, columns):
            selector = Selector(conn, columns, self._caches, self._analyzer.fold)
            yield _Search(selector, node, filters or _NO_FILTERS, self)

    def planned(self, node: Node) -> tuple[Plan, Plan | None, list[Match], list[Sought]]:
        """The plan of a tree, what its hits must match besides to have the accents as typed (None when there are none),
        what finds the words that were typed side by side, and the texts to rank by."""
        planner = Planner(self._analyzer, self._clock())
        strict = Planner(self._analyzer, planner.now, strict=True) if accented(node, self._analyzer) else None
        near = [match for pair in neighbours(node) if isinstance(match := planner.plan(pair), Match)]
        exact = strict.stricter(node, planner) if strict else None
        return planner.plan(node), exact, near, planner.sought(node)

    def _newest_page(self, search: _Search, key: str, place: dict[str, int], limit: int) -> Page:
        positions = search.newest(limit + 1, place.get("rid"))
        rids = search.columns.rids[positions].tolist()
        more = len(rids) > limit
        following = cursors.encode(key, {"rid": rids[limit - 1]}) if more else None
        return Page(self._hits(search, rids[:limit], [0.0] * limit), search.total(), following)

    def _ranked_page(self, search: _Search, key: str, place: dict[str, object], limit: int) -> Page:
        ranking = self._rankings.get(key, str(place["token"])) if place else None
        start = int(str(place["at"])) if ranking is not None else 0
        if ranking is None:
            ranking = search.ranking()
            if place:  # the process that gave out the cursor is gone
                start = rank.after(ranking, float(str(place["score"])), int(str(place["rid"])))
            self._rankings.put(key, ranking)
        end = min(start + limit, len(ranking.rids))
        following = None
        if end < len(ranking.rids):
            last: dict[str, object] = {"score": float(ranking.scores[end - 1]), "rid": int(ranking.rids[end - 1])}
            following = cursors.encode(key, {"token": ranking.token, "at": end, **last})
        rids, scores = ranking.rids[start:end].tolist(), ranking.scores[start:end].tolist()
        return Page(self._hits(search, rids, scores), len(ranking.rids), following)

    def _hits(self, search: _Search, rids: Sequence[int], scores: Sequence[float]) -> tuple[Hit, ...]:
        found = mentions(search.selector.conn, search.columns, rids)
        highlight = search.highlight
        return tuple(
            Hit(m, score, highlight.title(m.title), highlight.snippet(m.lead, m.body))
            for rid, score in zip(rids, scores, strict=False)
            if (m := found.get(rid)) is not None
        )


class _Search:
    """One query with its filters on one snapshot."""

    def __init__(self, selector: Selector, node: Node, filters: Filters, index: SqliteIndex) -> None:
        self.selector, self.node, self.filters = selector, node, filters
        self.columns = selector.columns
        self.plan, self.strict, self.near, self.sought = index.planned(node)
        self.highlight = index._highlighter.for_query(node)
        self.run = span(self.columns, filters, bounds(self.plan))
        self._selection: Selection | None = None

    def _single(self) -> Match | None:
        """The FTS5 query that alone decides, if there is one: then pages and counts need not fetch all hits."""
        least = min(self.filters.min_relevance, self.columns.least_relevance)  # which all of them have
        plain = Filters(since=self.filters.since, until=self.filters.until, min_relevance=least) == self.filters
        return self.plan if plain and isinstance(self.plan, Match) else None

    def selection(self) -> Selection:
        if self._selection is None:
            self._selection = self.selector.filtered(self.filters, self.selector.select(self.plan, self.run))
        return self._selection

    def total(self) -> int:
        match = self._single()
        if match is not None and self._selection is None:
            return self.selector.count(match, self.run)
        return size(self.selection())

    def newest(self, limit: int, below: int | None) -> Ints:
        """The newest positions, or those that follow the row id `below`."""
        stop = len(self.columns) if below is None else int(np.searchsorted(self.columns.rids, below))
        match = self._single()
        if match is not None and self._selection is None:
            run = narrowed(self.run, slice(0, stop))
            assert isinstance(run, slice)
            return self.selector.newest(match, run, limit)
        hits = narrowed(self.selection(), slice(0, stop))
        if isinstance(hits, slice):
            return np.arange(max(hits.start, hits.stop - limit), hits.stop, dtype=np.int64)[::-1]
        return hits[-limit:][::-1]

    def ranking(self) -> rank.Ranking:
        selection = self.selection()
        return rank.ranked(self.selector, self.sought, self.strict, self.near, self.run, selection, self._frequencies)

    def _frequencies(self, rid: int) -> tuple[int, list[float]]:
        row = self.selector.conn.execute("SELECT title, lead, body FROM mention WHERE rid = ?", (rid,)).fetchone()
        return self.highlight.frequencies(list(zip(row, rank.WEIGHTS, strict=True)))
