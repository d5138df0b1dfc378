"""The archive's tables and its engine: SQLite in WAL by default, PostgreSQL by URL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Dialect,
    Engine,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
)
from sqlalchemy import DateTime as SqlDateTime
from sqlalchemy.engine import Connection
from sqlalchemy.types import LargeBinary, TypeDecorator

READ_ONLY = {"duluan_read_only": True}
CHUNK = 500  # stays below SQLite's limit of variables in one statement


class Instant(TypeDecorator[datetime]):
    """An aware moment; kept as UTC, given back aware."""

    impl = SqlDateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData()

posts = Table(
    "posts",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("canonical_url", Text, nullable=False, unique=True),
    Column("url", Text, nullable=False),
    Column("source", String(120), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("title", Text, nullable=False),
    Column("lead", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("author", Text),
    Column("published_at", Instant),
    Column("updated_at", Instant),
    Column("section", Text),
    Column("tags", JSON, nullable=False),
    Column("method", String(64), nullable=False),
    Column("quality", JSON, nullable=False),
    Column("parent_url", Text),
    Column("reactions", JSON, nullable=False, server_default="{}"),
    Column("content_hash", String(32), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("first_seen_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    # Since when its outlet answers that the page is gone; None while it stands.
    Column("withdrawn_at", Instant),
    # When the post counts: its publication, or when we first saw it if it names none or one in the future.
    Column("counted_at", Instant, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("processed_at", Instant),
    Index("posts_by_outcome", "outcome", "counted_at", "id"),
    Index("posts_by_source", "source", "counted_at"),
    Index("posts_by_source_and_outcome", "source", "outcome"),
    Index("posts_by_counted_at", "counted_at"),
    Index("posts_by_processed_at", "processed_at"),
)

revisions = Table(
    "revisions",
    metadata,
    Column("post_id", String(64), ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("title", Text, nullable=False),
    Column("lead", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("published_at", Instant),
    Column("replaced_at", Instant, nullable=False),
)

annotation_rows = Table(
    "annotations",
    metadata,
    Column("post_id", String(64), ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    Column("counted_at", Instant, nullable=False),
    Column("relevance", Integer, nullable=False),
    Column("relevance_score", Float, nullable=False),
    Column("reason", Text, nullable=False),
    Column("sentiment", String(16)),
    Column("sentiment_scores", JSON, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("topics", JSON, nullable=False),
    Column("places", JSON, nullable=False),
    Column("terms", JSON, nullable=False),
    Column("entities", JSON, nullable=False, server_default="[]"),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("models", JSON, nullable=False),
    Column("story_id", String(80)),
    Column("duplicate_of", String(64)),
    Index("annotations_by_time", "counted_at"),
    Index("annotations_by_story", "story_id", "counted_at"),
)

stories = Table(
    "stories",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("title", Text, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("mentions", Integer, nullable=False),
    Index("stories_by_last", "last_at"),
)

# What became of stories after their posts had been told: other_id's posts (all, or some of them) went to story_id.
story_changes = Table(
    "story_changes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(8), nullable=False),
    Column("story_id", String(80), nullable=False),
    Column("other_id", String(80), nullable=False),
    Column("posts", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Index("story_changes_by_other", "other_id"),
    Index("story_changes_by_story", "story_id"),
)

# Sentence vectors of relevant posts, float16; of one model version at a time.
embeddings = Table(
    "embeddings",
    metadata,
    Column("post_id", String(64), ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    Column("version", String(64), nullable=False),
    Column("counted_at", Instant, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Index("embeddings_by_time", "version", "counted_at"),
)

source_states = Table(
    "source_states",
    metadata,
    Column("id", String(120), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("message", Text, nullable=False),
    Column("last_run_at", Instant),
    Column("last_success_at", Instant),
    Column("last_new_at", Instant),
    Column("due_at", Instant),
    Column("failures", Integer, nullable=False),
    # The server wants no requests before this moment; since when the circuit breaker is open.
    Column("resume_at", Instant),
    Column("opened_at", Instant),
)

# How far each list of a source was read.
streams = Table(
    "streams",
    metadata,
    Column("source", String(120), primary_key=True),
    Column("stream", String(250), primary_key=True),
    Column("value", JSON, nullable=False),
    Column("changed_at", Instant, nullable=False),
)

# What was spent of a service's quota, by the service's own days.
quotas = Table(
    "quotas",
    metadata,
    Column("service", String(32), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("spent", Integer, nullable=False),
)

# What the passes over a source brought, added up by days in Việt Nam.
source_days = Table(
    "source_days",
    metadata,
    Column("source", String(120), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("counts", JSON, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("source", String(120), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant, nullable=False),
    Column("state", String(16), nullable=False),
    Column("message", Text, nullable=False),
    Column("counts", JSON, nullable=False),
    Index("runs_by_source", "source", "started_at"),
)

urls = Table(
    "urls",
    metadata,
    Column("url", Text, primary_key=True),
    Column("source", String(120), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("visits", Integer, nullable=False),
    Column("due_at", Instant),
    Index("urls_by_due", "source", "due_at"),
)

# The first stage of relevance, by days in Việt Nam: articles left unfetched for what their title and summary say,
# fetched for it, and fetched all the same to learn what the first stage loses.
first_stage = Table(
    "first_stage",
    metadata,
    Column("source", String(120), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("skipped", Integer, nullable=False),
    Column("passed", Integer, nullable=False),
    Column("control", Integer, nullable=False),
)

control_group = Table(
    "control_group",
    metadata,
    Column("url", Text, primary_key=True),
    Column("source", String(120), nullable=False),
    Column("at", Instant, nullable=False),
)

# Articles that a signal (Google News) says an outlet has, until they are found at the outlet.
sightings = Table(
    "sightings",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("signal", String(120), nullable=False),
    Column("outlet", Text, nullable=False),
    Column("outlet_name", Text, nullable=False),
    Column("source", String(120)),
    Column("title", Text, nullable=False),
    Column("title_key", String(32), nullable=False),
    Column("published_at", Instant),
    Column("seen_at", Instant, nullable=False),
    Column("searched", Integer, nullable=False),
    Column("post_id", String(64)),
    Column("found_at", Instant),
    Index("sightings_open", "found_at", "seen_at"),
)

# Links that staff submitted.
links = Table(
    "links",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("url", Text, nullable=False, unique=True),
    Column("note", Text, nullable=False),
    Column("submitted_by", String(120), nullable=False),
    Column("submitted_at", Instant, nullable=False),
    Column("outcome", String(16)),
    Column("reason", Text, nullable=False),
    Column("finished_at", Instant),
    Column("post_id", String(64)),
    Index("links_by_outcome", "outcome", "submitted_at"),
)

# How far each WARC file was read.
warc_files = Table(
    "warc_files",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("records", Integer, nullable=False),
    Column("finished", Integer, nullable=False),
    Column("read_at", Instant, nullable=False),
)

validators = Table(
    "validators",
    metadata,
    Column("url", Text, primary_key=True),
    Column("etag", Text),
    Column("last_modified", Text),
)

processes = Table(
    "processes",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("pid", BigInteger, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("beat_at", Instant, nullable=False),
    Column("doing", Text, nullable=False),
)

alert_rules = Table(
    "alert_rules",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("definition", JSON, nullable=False),
    Column("created_by", String(120), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("changed_by", String(120), nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("deleted_at", Instant),
)

alert_recipients = Table(
    "alert_recipients",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("address", Text, nullable=False),
    Column("created_by", String(120), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("deleted_at", Instant),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("rule_id", String(64), ForeignKey("alert_rules.id"), nullable=False),
    Column("subject", String(120), nullable=False),
    Column("title", Text, nullable=False),
    Column("priority", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("counts", JSON, nullable=False),
    Column("ids", JSON, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    # When the mention that opened it was published: from there to `shown_at` is what people waited.
    Column("heard_at", Instant, nullable=False),
    # How many mentions it had when people were last told of it, and when that was.
    Column("told_count", Integer, nullable=False),
    Column("told_at", Instant, nullable=False),
    Column("shown_at", Instant),
    Column("acknowledged_by", String(120)),
    Column("acknowledged_at", Instant),
    Column("note", Text, nullable=False),
    Column("escalated_at", Instant),
    Index("alerts_by_rule", "rule_id", "last_at"),
    Index("alerts_by_time", "opened_at"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("alert_id", String(64), ForeignKey("alerts.id")),
    Column("recipient_id", String(64), ForeignKey("alert_recipients.id"), nullable=False),
    Column("event", String(16), nullable=False),
    Column("message", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("error", Text, nullable=False),
    Index("deliveries_by_state", "state", "due_at"),
    Index("deliveries_by_recipient", "recipient_id", "created_at"),
    Index("deliveries_by_alert", "alert_id"),
)

stream_events = Table(
    "stream_events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("about", String(120), nullable=False),
    Column("data", JSON, nullable=False),
    Index("stream_events_by_time", "at"),
)


# What the index must still be told, in the order it happened; `target` 0 is the index in force, 1 one that is built.
index_changes = Table(
    "index_changes",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("target", Integer, nullable=False),
    Column("post_id", String(64), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("at", Instant, nullable=False),
    Index("index_changes_by_target", "target", "seq"),
    sqlite_autoincrement=True,  # a number given out again could be taken for the change that had it before
)

index_refusals = Table(
    "index_refusals",
    metadata,
    Column("post_id", String(64), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

# One row: which index is being built beside the one in force, and how the one in force is.
index_state = Table(
    "index_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("building", String(64)),
    Column("building_total", Integer, nullable=False),
    Column("dropped_before", Instant),
    Column("problem", Text, nullable=False),
    Column("problem_since", Instant),
)

issue_changes = Table(
    "issue_changes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("issue_id", String(160), nullable=False),
    Column("at", Instant, nullable=False),
    Column("state", String(16), nullable=False),
    Column("chance", Float),
    Column("voices", Float, nullable=False),
    Column("expected", Float, nullable=False),
    Column("pace", Float, nullable=False),
    Index("issue_changes_by_issue", "issue_id", "at"),
)

issue_actions = Table(
    "issue_actions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("issue_id", String(160), nullable=False),
    Column("verb", String(16), nullable=False),
    Column("value", Text, nullable=False),
    Column("by", String(120), nullable=False),
    Column("at", Instant, nullable=False),
    Column("undone_by", String(120)),
    Column("undone_at", Instant),
    Index("issue_actions_by_issue", "issue_id", "at"),
)

# One row: what the worker last saw rise, and when.
issues_now = Table(
    "issues_now",
    metadata,
    Column("at", Instant, primary_key=True),
    Column("issues", JSON, nullable=False),
)


def utc_now() -> datetime:
    return datetime.now(UTC)


def insert_or(connection: Connection, table: Any) -> Any:
    """The dialect's INSERT that knows ON CONFLICT."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert

        return insert(table)
    from sqlalchemy.dialects import postgresql  # its asyncpg part costs 30 ms: only who uses it loads it

    return postgresql.insert(table)


def open_engine(url: str) -> Engine:
    """An engine on the archive. On SQLite writers queue (BEGIN IMMEDIATE) and readers never block them (WAL)."""
    engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in (
        "busy_timeout=30000",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "cache_size=-4096",  # of each connection; behind it stands the kernel's, which all processes share
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get("duluan_read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
