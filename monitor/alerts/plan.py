"""When a message goes to whom: quiet hours, the daily cap, digests of what was held. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Literal

from monitor.alerts.rule import Rule
from monitor.wording import VIETNAM

DIGEST_TIMES = (time(7), time(17))  # when what went beyond a day's cap is told in one message, in Việt Nam
UPDATE_PAUSE = timedelta(minutes=30)

DeliveryState = Literal["waiting", "held", "sent", "digested", "dead", "off"]


@dataclass(frozen=True, slots=True)
class Planned:
    """A delivery to one recipient: at once (`waiting`) or `held` until `due_at`, when it may go into a digest."""

    recipient: str
    state: DeliveryState
    due_at: datetime


def planned(
    rule: Rule, recipients: Iterable[str], at: datetime, told_today: Mapping[str, int], cap: int
) -> list[Planned]:
    """Deliveries of one message. `told_today`: messages each recipient was already due today; `cap` a recipient's day.

    Urgent messages are never held.
    """
    held_until = rule.held_until(at)
    found = []
    for recipient in dict.fromkeys(recipients):
        over = rule.priority != "urgent" and told_today.get(recipient, 0) >= cap
        due_at = held_until or (next_digest(at) if over else at)
        found.append(Planned(recipient, "held" if due_at > at else "waiting", due_at))
    return found


def next_digest(at: datetime) -> datetime:
    """The next moment for a digest, strictly later (UTC)."""
    local = at.astimezone(VIETNAM)
    moments = (
        datetime.combine(local.date() + timedelta(days=days), clock, VIETNAM)
        for days in (0, 1)
        for clock in DIGEST_TIMES
    )
    return next(moment for moment in moments if moment > local).astimezone(UTC)


def day_start(at: datetime) -> datetime:
    """Midnight in Việt Nam before this moment (UTC)."""
    return datetime.combine(at.astimezone(VIETNAM).date(), time(0), VIETNAM).astimezone(UTC)


def is_told_again(count: int, told_count: int, told_at: datetime, at: datetime) -> bool:
    """Whether an alert grew so much since people were told of it that they are told again: doubled, and by three."""
    return count >= max(2 * told_count, told_count + 3) and at - told_at >= UPDATE_PAUSE
