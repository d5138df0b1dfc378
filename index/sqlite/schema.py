"""Tables of the index file, and when they are thrown away and made anew.

`fold` and `exact` are contentless FTS5 tables over the analyzer's two forms of a text; both share the row ids of
`mention` (what the hits show) and `meta` (what is filtered and counted, only integers). Row ids are time-ordered:
the publication second shifted left, plus a number within the second, so newest first is a walk along row ids.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence

from index.port import Analyzer
from index.values import fingerprint

VERSION = 4
SEEN = 1_577_836_800  # 2020: `seen` counts seconds from here, and so fits 32 bits until 2088
SHIFT = 20  # 1,048,576 mentions in one second before they spill into the next
TABLES = ("fold", "exact", "mention", "meta", "vector", "value", "log", "state")
META = ("source", "kind", "site", "sentiment", "story", "relevance", "topics", "places", "lang", "seen", "pick")

# Made in files of before there were vectors, too.
VECTORS = "CREATE TABLE IF NOT EXISTS vector(rid INTEGER PRIMARY KEY, vector BLOB NOT NULL)"
# The ascii tokenizer cuts at ASCII punctuation and spaces only, just as the analyzer separates words; no second
# opinion about letters can come from SQLite's own Unicode tables.
_TABLES = f"""
CREATE VIRTUAL TABLE fold USING fts5(t, l, b, content='', tokenize='ascii');
CREATE VIRTUAL TABLE exact USING fts5(t, l, b, content='', tokenize='ascii');
INSERT INTO fold(fold, rank) VALUES('hashsize', 33554432);
INSERT INTO exact(exact, rank) VALUES('hashsize', 33554432);
CREATE TABLE mention(
    rid INTEGER PRIMARY KEY, id TEXT NOT NULL, published INTEGER NOT NULL, url TEXT NOT NULL,
    title TEXT NOT NULL, lead TEXT NOT NULL, body TEXT NOT NULL, author TEXT
);
CREATE UNIQUE INDEX mention_id ON mention(id);
CREATE TABLE meta(rid INTEGER PRIMARY KEY, {", ".join(f"{name} INTEGER NOT NULL" for name in META)}, duplicate TEXT);
{VECTORS};
CREATE TABLE value(seq INTEGER PRIMARY KEY, field TEXT NOT NULL, code INTEGER NOT NULL, value TEXT NOT NULL);
CREATE TABLE log(seq INTEGER PRIMARY KEY, rids BLOB NOT NULL);
CREATE TABLE state(version INTEGER, analyzer TEXT, epoch INTEGER, seq INTEGER, rebuild INTEGER);
"""


def ensure(conn: sqlite3.Connection, analyzer: Analyzer) -> None:
    """Makes the tables where they are missing, of another version or of another analyzer.

    New tables carry the mark that the index must be rebuilt from the archive.
    """
    wanted = (VERSION, fingerprint(analyzer))
    if _found(conn) == wanted:
        if conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'vector'").fetchone() is None:
            conn.execute(VECTORS)
        return
    conn.execute("BEGIN IMMEDIATE")
    try:
        if _found(conn) != wanted:  # another process may have been faster
            recreate(conn, wanted, rebuild=True)
        conn.execute("COMMIT")
    except BaseException:
        conn.execute("ROLLBACK")
        raise


def known(conn: sqlite3.Connection, analyzer: Analyzer) -> bool:
    """Whether the tables are there, of this version and of this analyzer."""
    return _found(conn) == (VERSION, fingerprint(analyzer))


def _found(conn: sqlite3.Connection) -> tuple[int, str] | None:
    if conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'state'").fetchone() is None:
        return None
    columns = [row[1] for row in conn.execute("PRAGMA table_info(state)")]
    if columns[:2] != ["version", "analyzer"]:
        return None
    row = conn.execute("SELECT version, analyzer FROM state").fetchone()
    return None if row is None else (row[0], row[1])


def recreate(conn: sqlite3.Connection, wanted: tuple[int, str], *, rebuild: bool) -> None:
    """Drops every table and makes empty ones, inside the caller's transaction."""
    for name in TABLES:
        conn.execute(f"DROP TABLE IF EXISTS {name}")
    for statement in _TABLES.split(";\n"):
        if statement.strip():
            conn.execute(statement)
    # Readers of other processes see by the new epoch that nothing they remember is true any more.
    row: Sequence[object] = (*wanted, time.time_ns(), 0, int(rebuild))
    conn.execute("INSERT INTO state VALUES(?, ?, ?, ?, ?)", row)
