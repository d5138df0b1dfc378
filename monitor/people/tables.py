"""The archive's tables about people. The audit log is only ever added to; old rows leave by `forget` alone."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from monitor.database import Instant, metadata

users = Table(
    "users",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(120), nullable=False, unique=True),
    Column("full_name", String(200), nullable=False),
    Column("role", String(16), nullable=False),
    Column("password_hash", Text),  # none: this person comes through the organisation's own login
    Column("must_change", Boolean, nullable=False),
    Column("totp_secret", Text),
    Column("totp_on", Boolean, nullable=False),
    Column("totp_step", Integer, nullable=False),  # the last code's time step: each code opens once
    Column("issuer", Text),
    Column("subject", Text),
    Column("created_at", Instant, nullable=False),
    Column("created_by", String(120), nullable=False),
    Column("last_login_at", Instant),
    Column("disabled_at", Instant),
    Column("toured_at", Instant),
    Index("users_by_subject", "issuer", "subject", unique=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(64), primary_key=True),  # SHA-256 of the token, which only the cookie holds
    Column("user_id", String(32), ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("stage", String(16), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("address", String(64), nullable=False),
    Column("agent", String(200), nullable=False),
    Index("sessions_by_user", "user_id"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("secret_hash", String(64), nullable=False),
    Column("name", String(120), nullable=False),
    Column("user_id", String(32), ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("last_used_at", Instant),
    Column("last_used_from", String(64), nullable=False),
    Column("revoked_at", Instant),
    Column("revoked_by", String(120)),
    Index("api_keys_by_user", "user_id"),
)

login_failures = Table(
    "login_failures",
    metadata,
    Column("about", String(200), primary_key=True),  # "account:NAME" or "address:IP"
    Column("failures", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("locked_until", Instant),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("who", String(120), nullable=False),
    Column("role", String(16), nullable=False),
    Column("key_id", String(32)),
    Column("action", String(40), nullable=False),
    Column("what", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("address", String(64), nullable=False),
    Column("times", Integer, nullable=False),
    Index("audit_by_time", "at"),
    Index("audit_by_who", "who", "at"),
    Index("audit_by_action", "action", "at"),
)

source_switches = Table(
    "source_switches",
    metadata,
    Column("source", String(120), primary_key=True),
    Column("enabled", Boolean, nullable=False),
    Column("by", String(120), nullable=False),
    Column("at", Instant, nullable=False),
    Column("note", Text, nullable=False),
)
