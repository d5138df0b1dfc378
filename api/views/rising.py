"""A rising issue as pages show it: with the addresses of its page and of exactly the mentions it counts."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import quote

from api.models import IssueItem, Resource
from api.reader import Reader
from api.searching import Search
from monitor.wording import rfc3339

TICK = timedelta(seconds=1)  # issues count (at - window, at], a search takes [since, until)


class RisingIssue(Resource):
    issue: IssueItem
    label: str
    page: str
    counted: str


def rising(reader: Reader, issue: IssueItem, at: datetime) -> RisingIssue:
    return RisingIssue(
        issue=issue, label=issue_label(reader, issue), page=issue_page(issue, at), counted=counted(issue, at)
    )


def issue_label(reader: Reader, issue: IssueItem) -> str:
    """What kind of issue it is, said with its topic and place."""
    if issue.kind == "story":
        return "Vụ việc"
    topic, _, place = issue.id.partition("@")
    return f"{reader.names.topic(topic)} tại {reader.names.place(place)}"


def issue_page(issue: IssueItem, at: datetime) -> str:
    """A story has a page of its own; a topic in a place is shown as it stood at the moment."""
    if issue.kind == "story":
        return f"/stories/{quote(issue.id)}"
    return f"/issues/{quote(issue.id, safe='@')}?at={rfc3339(at)}"


def counted(issue: IssueItem, at: datetime) -> str:
    """The address of exactly the mentions that `figures.mentions` counts."""
    window = timedelta(hours=issue.figures.window_hours)
    search = Search(since=at - window + TICK, until=at + TICK)
    if issue.kind == "story":
        return search.only(story=issue.id).link()
    return issue_page(issue, at) + "#bai"
