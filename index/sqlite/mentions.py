"""Mentions as the file holds them, and back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from index.port import Held, Mention
from index.sqlite.columns import Columns
from index.sqlite.schema import META, SEEN
from index.sqlite.vocabulary import Vocabulary
from index.sqlite.writer import marks
from index.values import batches, from_micros

_CHUNK = 500
_COLUMNS = (
    f"mention.rid, id, published, url, title, lead, body, author, duplicate, {', '.join(f'meta.{n}' for n in META)}"
)
_SHOWN = f"SELECT NULL, {_COLUMNS} FROM mention JOIN meta USING (rid)"  # noqa: S608 - the names are ours
_WHOLE = f"SELECT vector, {_COLUMNS} FROM mention JOIN meta USING (rid) LEFT JOIN vector USING (rid)"  # noqa: S608


def mentions(
    conn: sqlite3.Connection, columns: Columns, rids: Sequence[int], *, whole: bool = False
) -> dict[int, Mention]:
    """The mentions at these row ids, with the metadata of the same state; `whole` with their vectors."""
    found: dict[int, Mention] = {}
    for some in batches(rids, _CHUNK):
        sql = f"{_WHOLE if whole else _SHOWN} WHERE mention.rid IN ({marks(some)})"
        for row in conn.execute(sql, some):
            found[row[1]] = _mention(row, columns.vocabulary)
    return found


def every(conn: sqlite3.Connection) -> Iterator[tuple[int, Held]]:
    """All mentions, whole, with their row ids, in the transaction that is open."""
    vocabulary = Vocabulary()
    vocabulary.refresh(conn)
    for row in conn.execute(_WHOLE):
        yield row[1], Held(_mention(row, vocabulary))


def _mention(row: Sequence[object], vocabulary: Vocabulary) -> Mention:
    vector, _, name, published, url, title, lead, body, author, duplicate, *codes = row
    code = dict(zip(META, codes, strict=True))

    def text(field: str) -> str | None:
        return vocabulary.text(field, int(str(code[field])))

    return Mention(
        id=str(name),
        url=str(url),
        source=text("source") or "",
        kind=text("kind") or "",
        title=str(title),
        lead=str(lead),
        body=str(body),
        author=None if author is None else str(author),
        published_at=from_micros(int(str(published))),
        relevance=int(str(code["relevance"])),
        sentiment=text("sentiment"),
        topics=vocabulary.members("topics", int(str(code["topics"]))),
        places=vocabulary.members("places", int(str(code["places"]))),
        story=text("story"),
        duplicate_of=None if duplicate is None else str(duplicate),
        lang=text("lang"),
        seen_at=from_micros((int(str(code["seen"])) + SEEN) * 1_000_000) if code["seen"] else None,
        vector=vector if isinstance(vector, bytes) else None,
    )
