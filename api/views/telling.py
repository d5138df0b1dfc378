"""How an issue was told: who was first, who gave it reach, when people joined in, the busiest hour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

from api.models import MentionItem, Moment, Resource
from monitor.rising import PEOPLE

REACH = timedelta(hours=6)
REACHED = 3  # mentions within that time from which a telling is said to have given reach


class Milestone(Resource):
    """A moment: who was first, after whom it spread, when people joined in, the hour with the most mentions."""

    at: Moment
    what: str
    title: str
    link: str


def milestones(mentions: Sequence[MentionItem]) -> list[Milestone]:
    """From mentions in any order; empty when there are none."""
    oldest = sorted(mentions, key=lambda m: m.published_at)
    if not oldest:
        return []
    found = [_milestone("Đưa tin đầu tiên", oldest[0])]
    people = [m for m in oldest if m.kind in PEOPLE]
    if people and people[0].id != oldest[0].id:
        found.append(_milestone("Người dân lên tiếng đầu tiên", people[0]))
    if spread := _spread(oldest):
        mention, count = spread
        found.append(_milestone(f"Lan rộng: thêm {count} lượt trong 6 giờ sau bài này", mention))
    hours = Counter(m.published_at.replace(minute=0, second=0, microsecond=0) for m in oldest)
    peak, count = max(hours.items(), key=lambda pair: (pair[1], -pair[0].timestamp()))
    if count >= REACHED:
        first = next(m for m in oldest if m.published_at >= peak)
        found.append(_milestone(f"Cao điểm: {count} lượt trong một giờ", first, at=peak))
    if oldest[-1].id != oldest[0].id:
        found.append(_milestone("Mới nhất", oldest[-1]))
    return sorted(found, key=lambda m: m.at)


def _spread(oldest: Sequence[MentionItem]) -> tuple[MentionItem, int] | None:
    """The newsroom's own telling, not the first, after which the most others spoke; which says nothing of why."""
    best: tuple[MentionItem, int] | None = None
    for position, mention in enumerate(oldest[1:], start=1):
        if mention.kind in PEOPLE or mention.duplicate_of is not None:
            continue
        later = oldest[position + 1 :]
        count = sum(m.published_at <= mention.published_at + REACH and m.source != mention.source for m in later)
        if count >= REACHED and (best is None or count > best[1]):
            best = mention, count
    return best


def _milestone(what: str, mention: MentionItem, at: datetime | None = None) -> Milestone:
    title = f"{mention.source_name}: {mention.title}"
    return Milestone(at=at or mention.published_at, what=what, title=title, link=f"/mentions/{quote(mention.id)}")
