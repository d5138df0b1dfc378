"""Opens the engine that the settings name."""

from __future__ import annotations

from pathlib import Path

from index.elasticsearch.server import Server
from index.port import Analyzer, Index


def open_index(engine: str, *, path: Path, analyzer: Analyzer, server: Server | None = None) -> Index:
    """The index of an installation: "sqlite" keeps it in the file `path`, "elasticsearch" on `server`.

    Raises ValueError for an engine that does not exist, IndexUnavailable when it cannot be used now.
    """
    if engine == "sqlite":
        from index.sqlite import SqliteIndex

        return SqliteIndex(path, analyzer=analyzer)
    if engine == "elasticsearch" and server is not None:
        from index.elasticsearch.adapter import ElasticsearchIndex

        return ElasticsearchIndex(server, analyzer=analyzer)
    raise ValueError(f"unknown index engine: {engine}")
