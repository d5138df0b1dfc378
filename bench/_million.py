"""An installation that has watched for a year: archive, stories, vectors and index of so many made-up mentions."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Table
from sqlalchemy.engine import Connection

from bench.search import vocabulary
from index.port import Analyzer, Mention
from index.sqlite import SqliteIndex
from monitor.database import annotation_rows, embeddings, posts, stories
from monitor.installation import Installation
from monitor.settings import Settings
from nlp.annotation import TOPICS
from nlp.embedder import load_embedder, pack, quantised
from nlp.text import exact, fold

YEAR = timedelta(days=365)
WORDS = 50  # of a mention: a headline with its lead, or what a person writes
BLOCK = 20_000  # mentions that are made one by one; the others say the same at other times
OUTLETS = tuple(f"bao-{n}" for n in range(33))
DONE = "prepared"
_TIMES = ("published_at", "counted_at", "first_seen_at", "changed_at", "processed_at")
_IDS = {"id", "post_id", "url", "canonical_url", "story_id"}  # what ends in the block's number


def prepare(folder: Path, count: int) -> None:
    """Makes the installation in the folder, unless it is there; one left half done is made anew."""
    if (folder / DONE).exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    began, now = time.monotonic(), datetime.now(UTC).replace(microsecond=0)
    blocks = max(1, count // BLOCK)
    with Installation(Settings(data=folder, auth="off")) as installation:
        block = list(mentions(installation, min(count, BLOCK), now, YEAR / blocks))
        stored = _stored_vectors(len(block))
        block = [replace(m, vector=quantised(row)) for m, row in zip(block, stored, strict=True)] if stored else block
        index = SqliteIndex(installation.settings.index_path, analyzer=Analyzer(cache(exact), cache(fold)))
        with installation.engine.begin() as connection:
            _write(connection, block, stored)
            for number in range(1, blocks):
                for table in (posts, annotation_rows, embeddings):
                    _again(connection, table, number, -number * YEAR / blocks)
            _write_stories(connection)
        print(f"archive of {blocks * len(block):,}, {time.monotonic() - began:.0f} s", flush=True)
        for number in reversed(range(blocks)):
            index.upsert(_later(mention, number, -number * YEAR / blocks) for mention in block)
        index.rebuilt()  # or the worker would tell it everything once more, during whatever is measured
        index.close()
        with installation.engine.connect() as connection:
            connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    print(f"index, {time.monotonic() - began:.0f} s", flush=True)
    (folder / DONE).touch()


def mentions(installation: Installation, count: int, until: datetime, span: timedelta) -> Iterator[Mention]:
    """Evenly over the span, oldest first: six in ten by people, four in ten of stories told four times."""
    random = np.random.default_rng(1)
    words, topics = vocabulary(), tuple(TOPICS)
    places = [unit.id for unit in installation.province.units if unit.level == "commune"]
    weights = 1.0 / (np.arange(len(words)) + 10.0)
    texts = random.choice(len(words), size=(count, WORDS), p=weights / weights.sum()).tolist()
    picks = random.integers(0, 1 << 30, size=(count, 5)).tolist()
    for number, (text, pick) in enumerate(zip(texts, picks, strict=True)):
        told = [words[word] for word in text]
        person = pick[0] % 10 < 6
        yield Mention(
            id=f"{number:06d}-000",
            url=f"https://load.invalid/{number:06d}-000",
            source="dien-dan" if person else OUTLETS[pick[0] % len(OUTLETS)],
            kind="forum" if person else "news",
            title=" ".join(told[:10]).capitalize(),
            lead=" ".join(told[10:30]),
            body=" ".join(told[30:]),
            author=f"#{pick[1] % 40_000:08x}" if person else None,
            published_at=until - timedelta(seconds=int(span.total_seconds()) * (count - number) // count),
            relevance=2,
            sentiment=("negative", "neutral", "positive")[pick[2] % 3],
            topics=(topics[pick[3] % len(topics)],),
            places=(places[pick[4] % len(places)],),
            story=f"s-{number // 10 if number % 10 < 4 else number + count}-000",
            lang="vi",
        )


def _later(mention: Mention, number: int, by: timedelta) -> Mention:
    ending = f"{number:03d}"
    return replace(
        mention,
        id=mention.id[:-3] + ending,
        url=mention.url[:-3] + ending,
        story=str(mention.story)[:-3] + ending,
        published_at=(mention.published_at + by).replace(microsecond=0),
    )


def _again(connection: Connection, table: Table, number: int, by: timedelta) -> None:
    """The first block's rows of a table once more, at another time."""
    columns = []
    for column in table.columns:
        value = f'"{column.name}"'
        if column.name in _IDS:
            value = f"substr({value}, 1, length({value}) - 3) || '{number:03d}'"
        elif column.name in _TIMES:
            value = f"strftime('%Y-%m-%d %H:%M:%S.000000', {value}, '{int(by.total_seconds())} seconds')"
        columns.append(value)
    first = next(column.name for column in table.primary_key)
    source = f"SELECT {', '.join(columns)} FROM {table.name} WHERE {first} LIKE '%-000'"
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) {source}")


def _stored_vectors(count: int) -> list[bytes]:
    """Vectors that mean nothing; none where the product makes none."""
    embedder = load_embedder()
    if embedder is None:
        return []
    vectors = np.random.default_rng(2).normal(size=(count, embedder.dimensions)).astype(np.float32)
    return pack(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def _write(connection: Connection, block: list[Mention], stored: list[bytes]) -> None:
    """What the archive holds of mentions that have gone the whole way."""
    connection.execute(posts.insert(), [_post(mention) for mention in block])
    connection.execute(annotation_rows.insert(), [_annotation(mention) for mention in block])
    embedder = load_embedder()
    if embedder is not None:
        rows = zip(block, stored, strict=True)
        known = [{"post_id": m.id, "counted_at": m.published_at, "vector": vector} for m, vector in rows]
        connection.execute(embeddings.insert(), [{"version": embedder.version, **row} for row in known])


def _write_stories(connection: Connection) -> None:
    """The stories of the annotations, each with the title of one of its mentions."""
    names = ", ".join(column.name for column in stories.columns)
    assert names == "id, title, first_at, last_at, mentions"
    connection.exec_driver_sql(
        f"INSERT INTO stories ({names}) SELECT a.story_id, p.title, min(a.counted_at), max(a.counted_at), count(*) "
        "FROM annotations a JOIN posts p ON p.id = a.post_id GROUP BY a.story_id"
    )


def _post(mention: Mention) -> dict[str, Any]:
    names = ("id", "url", "source", "kind", "title", "lead", "body", "author")
    state = {"outcome": "annotated", "reason": "", "attempts": 0, "revision": 0}
    rest: dict[str, Any] = {"canonical_url": mention.url, "tags": [], "content_hash": "", "method": "bench"}
    rest["quality"] = {"score": 1.0, "reasons": []}
    times: dict[str, Any] = dict.fromkeys(_TIMES, mention.published_at)
    return {name: getattr(mention, name) for name in names} | state | rest | times


def _annotation(mention: Mention) -> dict[str, Any]:
    places = [{"id": p, "name": p, "level": "commune", "surface": "", "start": 0, "end": 0} for p in mention.places]
    told = {"topics": [{"code": code, "score": 0.9} for code in mention.topics], "places": places}
    how = {"relevance": mention.relevance, "relevance_score": 0.9, "reason": "", "models": {}, "fingerprint": b""}
    felt = {"sentiment": mention.sentiment, "sentiment_scores": {str(mention.sentiment): 0.9}, "sentence": ""}
    own = {"post_id": mention.id, "counted_at": mention.published_at, "story_id": mention.story}
    return own | how | felt | told | {"terms": mention.title.lower().split()[2:6]}
