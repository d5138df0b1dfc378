"""The audit log on either engine."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.installation import Installation
from monitor.people.audit import AuditLog, Entry

pytestmark = pytest.mark.postgresql


def test_an_address_with_a_character_that_postgresql_does_not_keep_holds_up_nothing(installation: Installation) -> None:
    """Reads wait together to be written: one that can never be would stop the log for good."""
    log = AuditLog(installation.engine)
    at = datetime(2026, 11, 23, tzinfo=UTC)
    log.add([Entry("an", "", None, "search", "/mentions/\0", "q=\0lũ", 404, "127.0.0.1", at)])
    [kept] = log.search()
    assert (kept.what, kept.query) == ("/mentions/\N{REPLACEMENT CHARACTER}", "q=\N{REPLACEMENT CHARACTER}lũ")
