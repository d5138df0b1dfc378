"""Texts for labels that carry none: from a file that people bring, or from the archive."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from crawlers.extract.canonical import canonical_url
from monitor.archive import Archive

Row = dict[str, Any]
COLUMNS = ("id", "url", "title", "lead", "summary", "body", "text", "kind", "published_at")


class TextsError(ValueError):
    """A file of texts cannot be read; the message says what to do, in Vietnamese."""


def read_texts(path: Path) -> dict[str, Row]:
    """Rows of a parquet or JSONL file by canonical URL. Raises TextsError."""
    rows = _parquet(path) if path.suffix == ".parquet" else _lines(path)
    return {canonical_url(str(row["url"])): row for row in rows if row.get("url")}


def _parquet(path: Path) -> Iterator[Row]:
    try:
        import pyarrow.parquet as parquet  # type: ignore[import-untyped]
    except ImportError as error:
        raise TextsError("đọc tệp parquet cần gói pyarrow: `pip install pyarrow`, hoặc đổi tệp sang JSONL") from error
    try:
        names = [name for name in COLUMNS if name in parquet.read_schema(path).names]
        for batch in parquet.ParquetFile(path).iter_batches(columns=names):
            yield from batch.to_pylist()
    except (OSError, ValueError) as error:  # pyarrow's own errors are ValueErrors
        raise TextsError(f"{path}: không đọc được tệp parquet: {error}") from error


def _lines(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise TextsError(f"{path}:{number}: không phải JSON") from error
            if not isinstance(row, dict):
                raise TextsError(f"{path}:{number}: không phải một đối tượng JSON")
            yield row


def archived_texts(archive: Archive, urls: Sequence[str]) -> dict[str, Row]:
    """What the archive has of these canonical URLs."""
    return {
        url: {
            "id": found.id,
            "url": found.post.url,
            "title": found.post.title,
            "lead": found.post.lead,
            "body": found.post.body,
            "kind": found.post.kind,
            "published_at": found.post.published_at.isoformat() if found.post.published_at else None,
        }
        for url, found in archive.by_url(urls).items()
    }


def attached(records: Iterable[Row], texts: dict[str, Row]) -> Iterator[tuple[Row, bool]]:
    """Each record with the text of its address, and whether it has one now; a text of its own stays."""
    for record in records:
        own = any(record.get(name) for name in ("title", "lead", "body", "text"))
        row = texts.get(canonical_url(str(record["url"]))) if record.get("url") and not own else None
        parts = {name: value for name, value in (row or {}).items() if name in COLUMNS and value}
        parts.pop("url", None)
        if "summary" in parts:
            parts.setdefault("lead", parts.pop("summary"))
        if "published_at" in parts:
            parts["published_at"] = str(parts["published_at"])
        yield {**parts, **record}, own or row is not None
