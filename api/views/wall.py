"""Màn hình: what a room must see from six metres, and nothing to click."""

from __future__ import annotations

from api.models import MentionItem, Resource
from api.reader import Reader
from api.views.alerts import AlertItem, alert_items
from api.views.overview import LinkedBucket, Overview, overview
from api.views.rising import RisingIssue
from monitor.alerts.desk import AlertDesk

ISSUES, ALERTS, TICKER = 4, 3, 12


class WallPage(Resource):
    """The last 24 hours. `alerts` nobody acknowledged, the most urgent first."""

    overview: Overview
    issues: list[RisingIssue]
    alerts: list[AlertItem]
    open_alerts: int
    newest: list[MentionItem]
    places: list[LinkedBucket]
    newest_event: int


def wall_page(reader: Reader, desk: AlertDesk) -> WallPage:
    """Everything from what the overview reads anyway; alerts on it count as shown."""
    begin = desk.stream.last_id()
    day = overview(reader, "24h", None)
    found, total = desk.alerts.alerts(states=("open",), limit=50)
    urgency = {"urgent": 0, "high": 1, "normal": 2}
    first = sorted(found, key=lambda alert: (urgency[alert.priority], -alert.opened_at.timestamp()))[:ALERTS]
    desk.alerts.shown(alert.id for alert in first if alert.shown_at is None)
    return WallPage(
        overview=day,
        issues=day.issues[:ISSUES],
        alerts=alert_items(reader, desk, first),
        open_alerts=total,
        newest=day.newest[:TICKER],
        places=day.places,
        newest_event=begin,
    )
