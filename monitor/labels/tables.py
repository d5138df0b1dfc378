"""The table of labels: rows are only ever added, until their post is erased."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, Text

from monitor.database import Instant, metadata

labels = Table(
    "labels",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("canonical_url", Text, nullable=False),
    # NULL until the post is in the archive; erasing the post takes its labels along.
    Column("post_id", String(64), ForeignKey("posts.id", ondelete="CASCADE")),
    # NULL: this row says nothing of it.
    Column("relevance", Integer),
    Column("topics", JSON(none_as_null=True)),
    Column("sentiment", String(16)),
    Column("by", String(120), nullable=False),
    Column("at", Instant, nullable=False),
    Column("guideline", String(32), nullable=False),
    Column("certainty", String(8), nullable=False),
    # The row that this one takes back; it says nothing else then.
    Column("undoes", Integer, ForeignKey("labels.id", ondelete="CASCADE")),
    Column("added_at", Instant, nullable=False),
    Index("labels_by_url", "canonical_url", "id"),
    Index("labels_by_post", "post_id"),
)
