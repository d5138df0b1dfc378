"""A rising issue as pages show it: with the addresses of its page and of exactly the mentions it counts."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import quote

from api.models import IssueItem, Moment, Resource
from api.reader import Reader
from api.searching import Search
from monitor.rising.live import FRESH
from monitor.rising.words import SORTS, STATES
from monitor.wording import rfc3339

TERM = "term:"
TICK = timedelta(seconds=1)  # issues count (at - window, at], a search takes [since, until)


class RisingIssue(Resource):
    """`state` and `sort` in words."""

    issue: IssueItem
    state: str
    sort: str
    label: str
    page: str
    counted: str


class Judged(Resource):
    """What rises is not judged by the moment that the page tells of, but by an earlier one, or by none yet."""

    as_of: Moment | None


def judged(as_of: datetime | None, at: datetime) -> Judged | None:
    """What a page must say of it, if anything."""
    return Judged(as_of=as_of) if as_of is None or at - as_of > FRESH else None


def rising(reader: Reader, issue: IssueItem, at: datetime) -> RisingIssue:
    return RisingIssue(
        issue=issue,
        state=STATES[issue.state],  # type: ignore[index]
        sort=SORTS[issue.sort],  # type: ignore[index]
        label=issue_label(reader, issue.id),
        page=issue_page(issue, at),
        counted=counted(issue, at),
    )


def issue_label(reader: Reader, id: str) -> str:
    """What kind of issue it is, said with its topic and place, or its term."""
    if id.startswith(TERM):
        return f"Từ khóa “{id.removeprefix(TERM)}”"
    topic, at, place = id.partition("@")
    if not at:
        return "Vụ việc"
    return f"{reader.names.topic(topic)} tại {reader.names.place(place)}"


def issue_page(issue: IssueItem, at: datetime) -> str:
    """A story has a page of its own; a topic in a place is shown as it stood at the moment."""
    if issue.kind == "story":
        return f"/stories/{quote(issue.id)}"
    return f"/issues/{quote(issue.id, safe='@')}?at={rfc3339(issue.at)}"


def counted(issue: IssueItem, at: datetime) -> str:
    """The address of exactly the mentions that `figures.mentions` counts."""
    window = timedelta(hours=issue.figures.window_hours)
    search = Search(since=issue.at - window + TICK, until=issue.at + TICK)
    if issue.kind == "story":
        return search.only(story=issue.id).link()
    return issue_page(issue, at) + "#bai"
