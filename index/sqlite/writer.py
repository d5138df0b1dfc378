"""Writes mentions: each batch is one transaction, so a killed process leaves whole batches only."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from index.port import Analyzer, Mention, MetadataChange
from index.sqlite import schema
from index.sqlite.columns import state
from index.sqlite.pool import Pool
from index.sqlite.schema import META, SEEN, SHIFT
from index.sqlite.vocabulary import Vocabulary
from index.values import batches, micros, pick, second, site, storable

BATCH = 5000
_IDS = 500
_KEPT_LOG = 2000

Words = tuple[str, str, str]
Forms = tuple[Words, Words]
Analyze = Callable[[Words], Forms]
_FORMS = (("exact", 0), ("fold", 1))


class Stored(NamedTuple):
    """What the file holds of a mention that is about to change."""

    rid: int
    texts: Words


class Writer:
    """One writer per process at a time; between processes SQLite's write lock takes turns."""

    def __init__(self, pool: Pool, analyzer: Analyzer) -> None:
        self._pool, self._analyzer = pool, analyzer
        self._fold = lru_cache(maxsize=200_000)(analyzer.fold)
        self._lock = threading.Lock()
        self._vocabulary: tuple[int, Vocabulary] | None = None

    def upsert(self, mentions: Iterable[Mention]) -> int:
        written = 0
        for batch in batches(mentions, BATCH):
            latest = {mention.id: mention for mention in batch}  # the last of equal ids wins
            words = {mention.id: self._analyze(_texts(mention)) for mention in latest.values()}
            with self._transaction() as (conn, vocabulary):
                _Batch(conn, vocabulary, self._analyze).write(list(latest.values()), words)
            written += len(latest)
        return written

    def update(self, changes: Iterable[MetadataChange]) -> int:
        changed = 0
        for batch in batches(changes, BATCH):
            with self._transaction() as (conn, vocabulary):
                changed += _update(conn, vocabulary, batch)
        return changed

    def delete(self, ids: Iterable[str]) -> int:
        deleted = 0
        for batch in batches(dict.fromkeys(ids), BATCH):
            with self._transaction() as (conn, vocabulary):
                deleted += _Batch(conn, vocabulary, self._analyze).delete(batch)
        return deleted

    def clear(self) -> None:
        with self._transaction() as (conn, _):
            version, analyzer, rebuild = conn.execute("SELECT version, analyzer, rebuild FROM state").fetchone()
            schema.recreate(conn, (version, analyzer), rebuild=bool(rebuild))
            self._vocabulary = None

    def _analyze(self, texts: Words) -> Forms:
        title, lead, body = map(self._analyzer.exact, texts)
        return (title, lead, body), (self._folded(title), self._folded(lead), self._folded(body))

    def _folded(self, exact: str) -> str:
        """Folds word by word: few different words make up all texts, so this is far faster than the text at once."""
        return " ".join(map(self._fold, exact.split()))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[tuple[sqlite3.Connection, Vocabulary]]:
        with self._lock, self._pool.connection() as conn:
            conn.execute("BEGIN IMMEDIATE")
            epoch = state(conn)[0]
            if self._vocabulary is None or self._vocabulary[0] != epoch:
                self._vocabulary = epoch, Vocabulary()
            vocabulary = self._vocabulary[1]
            try:
                vocabulary.refresh(conn)
                yield conn, vocabulary
                conn.execute("COMMIT")
            except BaseException:
                self._vocabulary = None  # it may know values that were rolled back
                raise


class _Batch:
    """The statements of one batch of whole mentions, in the order of row ids that FTS5 likes best."""

    def __init__(self, conn: sqlite3.Connection, vocabulary: Vocabulary, analyze: Analyze) -> None:
        self.conn, self.vocabulary, self.analyze = conn, vocabulary, analyze
        self._next: dict[int, int] = {}

    def write(self, mentions: Sequence[Mention], words: dict[str, Forms]) -> None:
        stored = self._stored([mention.id for mention in mentions])
        rids = {mention.id: self._rid(mention, stored.get(mention.id)) for mention in mentions}
        # Text that has not changed stays in FTS, so writing twice costs little more than metadata.
        fresh = [m for m in mentions if Stored(rids[m.id], _texts(m)) != stored.get(m.id)]
        self._remove([stored[mention.id] for mention in fresh if mention.id in stored])
        self._insert(sorted((rids[mention.id], words[mention.id]) for mention in fresh))
        self._rows([(rids[mention.id], mention) for mention in mentions])
        record(self.conn, [*rids.values(), *(old.rid for old in stored.values())])

    def delete(self, ids: Sequence[str]) -> int:
        stored = list(self._stored(ids).values())
        self._remove(stored)
        if stored:
            record(self.conn, [old.rid for old in stored])
        return len(stored)

    def _stored(self, ids: Sequence[str]) -> dict[str, Stored]:
        found = {}
        for some in batches(ids, _IDS):
            sql = f"SELECT id, rid, title, lead, body FROM mention WHERE id IN ({marks(some)})"  # noqa: S608
            for name, rid, title, lead, body in self.conn.execute(sql, some):
                found[name] = Stored(rid, (title, lead, body))
        return found

    def _rid(self, mention: Mention, old: Stored | None) -> int:
        moment = second(mention.published_at)
        if old is not None and old.rid >> SHIFT == moment:
            return old.rid
        while (rid := self._free(moment)) >> SHIFT != moment:
            moment += 1  # a full second spills into the next: order is off by that, nothing else
        self._next[moment] = rid + 1
        return rid

    def _free(self, moment: int) -> int:
        if moment not in self._next:
            low, high = moment << SHIFT, (moment + 1) << SHIFT
            sql = "SELECT max(rid) FROM mention WHERE rid >= ? AND rid < ?"
            last = self.conn.execute(sql, (low, high)).fetchone()[0]
            self._next[moment] = low if last is None else last + 1
        return self._next[moment]

    def _remove(self, stored: Sequence[Stored]) -> None:
        """Contentless FTS5 forgets a row when told the very words it was given; the analyzer makes them again."""
        gone = sorted((old.rid, self.analyze(old.texts)) for old in stored)
        for table, form in _FORMS:
            self.conn.executemany(
                f"INSERT INTO {table}({table}, rowid, t, l, b) VALUES('delete', ?, ?, ?, ?)",
                [(rid, *forms[form]) for rid, forms in gone],
            )
        for table in ("mention", "meta", "vector"):
            self.conn.executemany(f"DELETE FROM {table} WHERE rid = ?", [(rid,) for rid, _ in gone])  # noqa: S608

    def _insert(self, rows: Sequence[tuple[int, Forms]]) -> None:
        for table, form in _FORMS:
            self.conn.executemany(
                f"INSERT INTO {table}(rowid, t, l, b) VALUES(?, ?, ?, ?)",
                [(rid, *forms[form]) for rid, forms in rows],
            )

    def _rows(self, mentions: Sequence[tuple[int, Mention]]) -> None:
        self.conn.executemany(
            "INSERT OR REPLACE INTO mention VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (rid, m.id, micros(m.published_at), storable(m.url), *_texts(m), storable(m.author or "") or None)
                for rid, m in mentions
            ],
        )
        self.conn.executemany(
            f"INSERT OR REPLACE INTO meta VALUES({marks(range(len(META) + 2))})",
            [(rid, *self._codes(mention), mention.duplicate_of) for rid, mention in mentions],
        )
        _put_vectors(self.conn, [(rid, mention.vector) for rid, mention in mentions])

    def _codes(self, mention: Mention) -> list[int]:
        codes = []
        for name in META:
            if name == "relevance":
                codes.append(mention.relevance)
                continue
            if name == "pick":
                codes.append(pick(mention.id))
                continue
            if name == "seen":
                codes.append(0 if mention.seen_at is None else max(0, second(mention.seen_at) - SEEN))
                continue
            value = site(mention.url) if name == "site" else getattr(mention, name)
            codes.append(self.vocabulary.encode(self.conn, name, value))
        return codes


def _update(conn: sqlite3.Connection, vocabulary: Vocabulary, changes: Sequence[MetadataChange]) -> int:
    rows: dict[str, list[object]] = {}
    columns = f"rid, {', '.join(META)}, duplicate"
    for some in batches(dict.fromkeys(change.id for change in changes), _IDS):
        sql = f"SELECT id, {columns} FROM mention JOIN meta USING (rid) WHERE id IN ({marks(some)})"  # noqa: S608
        rows.update((row[0], list(row[1:])) for row in conn.execute(sql, some))
    for change in changes:
        if (row := rows.get(change.id)) is not None:
            _apply(row, change, conn, vocabulary)
    sets = ", ".join(f"{name} = ?" for name in META)
    conn.executemany(
        f"UPDATE meta SET {sets}, duplicate = ? WHERE rid = ?",  # noqa: S608
        [(*row[1:], row[0]) for row in rows.values()],
    )
    told = {c.id: c.vector for c in changes if c.vector is not None and c.id in rows}
    _put_vectors(conn, [(int(str(rows[id][0])), vector or None) for id, vector in told.items()])
    if rows:
        record(conn, [int(str(row[0])) for row in rows.values()])
    return len(rows)


def _apply(row: list[object], change: MetadataChange, conn: sqlite3.Connection, vocabulary: Vocabulary) -> None:
    for at, name in _CHANGED:
        if (value := getattr(change, name)) is not None:
            row[at] = vocabulary.encode(conn, name, value)
    if change.relevance is not None:
        row[1 + META.index("relevance")] = change.relevance
    if change.duplicate_of is not None:
        row[-1] = change.duplicate_of or None


def _put_vectors(conn: sqlite3.Connection, vectors: Sequence[tuple[int, bytes | None]]) -> None:
    conn.executemany("DELETE FROM vector WHERE rid = ?", [(rid,) for rid, vector in vectors if vector is None])
    conn.executemany("INSERT OR REPLACE INTO vector VALUES(?, ?)", [row for row in vectors if row[1] is not None])


_CHANGED = [(1 + META.index(name), name) for name in ("sentiment", "story", "topics", "places")]


def record(conn: sqlite3.Connection, rids: Iterable[int]) -> None:
    """Tells readers which rows changed; every transaction that changes anything writes one line of the log."""
    conn.execute("UPDATE state SET seq = seq + 1")
    seq = state(conn)[1]
    conn.execute("INSERT INTO log VALUES(?, ?)", (seq, np.array(list(rids), dtype=np.int64).tobytes()))
    conn.execute("DELETE FROM log WHERE seq <= ?", (seq - _KEPT_LOG,))


def marks(items: Sequence[object]) -> str:
    return ",".join("?" * len(items))


def _texts(mention: Mention) -> Words:
    return storable(mention.title), storable(mention.lead), storable(mention.body)
