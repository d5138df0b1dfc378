"""Makes matches and firings for the tests of this folder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.alerts.firing import Counts, Firing, Match

NOON = datetime(2026, 3, 7, 5, tzinfo=UTC)  # 12:00 in Việt Nam


def match(name: str, hours_ago: float, story: str | None = "lu", **more: object) -> Match:
    values: dict[str, object] = {"sentiment": "negative", "voice": name, "copy": False, "title": f"Tin {name}"}
    return Match(id=name, at=NOON - timedelta(hours=hours_ago), story=story, **(values | more))  # type: ignore[arg-type]


def firing(subject: str, *ids: str, first: datetime = NOON, last: datetime = NOON) -> Firing:
    counts = Counts(window_hours=24, count=len(ids), mentions=len(ids), voices=len(ids), negative_share=0.5)
    return Firing(subject, ids, first, last, counts, f"Vụ {subject}")
