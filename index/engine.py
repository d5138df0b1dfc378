"""Opens the engine that the settings name."""

from __future__ import annotations

from pathlib import Path

from index.port import Analyzer, Index


def open_index(engine: str, *, path: Path, analyzer: Analyzer) -> Index:
    """The index of an installation: `engine` is "sqlite"; `path` the file that holds it.

    Raises ValueError for an engine that does not exist.
    """
    if engine == "sqlite":
        from index.sqlite import SqliteIndex

        return SqliteIndex(path, analyzer=analyzer)
    raise ValueError(f"unknown index engine: {engine}")
