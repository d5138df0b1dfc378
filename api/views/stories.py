"""Vụ việc: the stories of a period, those that rise first."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from api.models import IssueItem, Moment, Resource, SentimentCounts
from api.periods import PeriodCode, period_at
from api.reader import Reader
from api.searching import Search
from api.views.officers import Hidden, hidden
from api.views.rising import Judged, RisingIssue, judged, rising
from monitor.rising.acting import standing

LISTED = 100
READ = 1000
ISSUES = 30
Order = Literal["most", "newest", "negative"]


class StoryRow(Resource):
    """A story with its mentions of the period; `link` finds exactly those."""

    id: str
    title: str
    count: int
    by_sentiment: SentimentCounts
    first_at: Moment
    last_at: Moment
    new: bool
    rising: bool
    link: str


class StoriesPage(Resource):
    at: Moment
    period: PeriodCode
    since: Moment
    order: Order
    only_rising: bool
    issues: list[RisingIssue]
    judged: Judged | None
    hidden: list[Hidden]
    stories: list[StoryRow]
    total: int
    single: int


def stories_page(
    reader: Reader, code: PeriodCode, at: datetime | None, order: Order, *, only_rising: bool
) -> StoriesPage:
    """Stories that two or more mentions tell; what is told once only is counted as `single`."""
    period = period_at(code, at or reader.now())
    as_of, issues = reader.look(period.until, ISSUES)
    search = Search(since=period.since, until=period.until)
    buckets = reader.facets(search, ("story",), READ)["story"]
    several = [bucket for bucket in buckets if bucket.count > 1]
    known = reader.it.annotations.stories(bucket.id for bucket in several)
    risen = {issue.id for issue in issues}
    held = reader.it.issue_store.in_force(period.until)
    names = {id: renamed.value for id in held if (renamed := standing(id, held).renamed)}
    rows = [
        StoryRow(
            id=bucket.id,
            title=names.get(bucket.id, known[bucket.id].title),
            count=bucket.count,
            by_sentiment=bucket.by_sentiment,
            first_at=known[bucket.id].first_at,
            last_at=known[bucket.id].last_at,
            new=known[bucket.id].first_at >= period.since,
            rising=bucket.id in risen,
            link=search.only(story=bucket.id).link(),
        )
        for bucket in several
        if bucket.id in known
    ]
    return StoriesPage(
        at=period.until,
        period=code,
        since=period.since,
        order=order,
        only_rising=only_rising,
        issues=_rising(reader, issues, period.until),
        judged=judged(as_of, period.until),
        hidden=hidden(reader, period.until),
        stories=[] if only_rising else sorted(rows, key=_ORDERS[order])[:LISTED],
        total=len(rows),
        single=len(buckets) - len(several),
    )


def _rising(reader: Reader, issues: list[IssueItem], at: datetime) -> list[RisingIssue]:
    return [rising(reader, issue, at) for issue in issues]


_ORDERS = {
    "most": lambda row: (-row.count, -row.last_at.timestamp()),
    "newest": lambda row: -row.last_at.timestamp(),
    "negative": lambda row: (-row.by_sentiment.negative, -row.count),
}
