"""The embedded engine: one SQLite file, text in FTS5, metadata as integer columns that readers keep in memory."""

from index.sqlite.adapter import SqliteIndex

__all__ = ["SqliteIndex"]
