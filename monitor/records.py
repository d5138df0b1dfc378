"""The records that search, issues and stories give out, one shape for the command line and the HTTP API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from index.port import Hit, Mention, Page
from monitor.annotated import Story
from monitor.installation import Installation
from monitor.rising import Issue
from monitor.rising.acting import standing
from monitor.rising.store import ActionsByIssue
from monitor.wording import rfc3339

ISSUE_MENTIONS = 10


def mention_record(mention: Mention) -> dict[str, Any]:
    return {
        "id": mention.id,
        "url": mention.url,
        "title": mention.title,
        "source": mention.source,
        "kind": mention.kind,
        "published_at": rfc3339(mention.published_at),
        "sentiment": mention.sentiment,
        "topics": list(mention.topics),
        "places": list(mention.places),
        "story_id": mention.story,
        "duplicate_of": mention.duplicate_of,
    }


def hit_record(hit: Hit) -> dict[str, Any]:
    """A mention found, with `highlight`: the snippet and the title as text and the spans that matched."""
    highlight = {
        "title": {"text": hit.title.text, "spans": [list(span) for span in hit.title.spans]},
        "snippet": {"text": hit.snippet.text, "spans": [list(span) for span in hit.snippet.spans]},
    }
    return {**mention_record(hit.mention), "highlight": highlight}


def page_record(page: Page) -> dict[str, Any]:
    return {"total": page.total, "items": [hit_record(hit) for hit in page.items], "next": page.next}


def story_record(story: Story) -> dict[str, Any]:
    return {
        "id": story.id,
        "title": story.title,
        "first_at": rfc3339(story.first_at),
        "last_at": rfc3339(story.last_at),
        "mentions": story.mentions,
    }


def issue_records(installation: Installation, issues: Sequence[Issue], at: datetime) -> list[dict[str, Any]]:
    """Issues with their titles, reasons, figures and newest mentions.

    `at`: what officers did until then is told; the issues themselves may be as the worker last saw them, before that.
    """
    actions = installation.issue_store.in_force(at)
    titles = issue_titles(installation, issues, at)
    newest = [id for issue in issues for id in issue.ids[:ISSUE_MENTIONS]]
    posts = installation.archive.get(newest)
    records = []
    for issue in issues:
        found = [posts[id] for id in issue.ids[:ISSUE_MENTIONS] if id in posts]
        records.append(
            {
                "id": issue.id,
                "title": titles[issue.id],
                "kind": issue.kind,
                "score": issue.score,
                "state": issue.state,
                "sort": issue.sort,
                "sort_reason": issue.sort_reason,
                **_said_of(issue, actions),
                "absorbed": list(issue.absorbed),
                "changes": [{**change.as_json(), "at": rfc3339(change.at)} for change in issue.changes],
                "at": rfc3339(issue.at or issue.since),
                "since": rfc3339(issue.since),
                "reason": issue.reason,
                "figures": issue.figures.as_json(),
                "topic": issue.topic,
                "places": list(issue.places),
                "stories": list(issue.stories),
                "curve": list(issue.curve),
                "usual": list(issue.usual),
                "mentions": [
                    {
                        "id": post.id,
                        "url": post.post.url,
                        "title": post.post.title or first_words(post.post.body),
                        "published_at": rfc3339(post.counted_at),
                    }
                    for post in found
                ],
            }
        )
    return records


def _said_of(issue: Issue, actions: ActionsByIssue) -> dict[str, Any]:
    said = standing(issue.id, actions)
    known = {"by": said.known.by, "at": rfc3339(said.known.at), "note": said.known.value} if said.known else None
    return {"pinned": said.pinned is not None, "known": known}


def issue_titles(installation: Installation, issues: Sequence[Issue], at: datetime) -> dict[str, str]:
    """issue id -> title: as an officer had named it by then, else its story's, the largest one within, or the term."""
    stories = installation.annotations.stories(id for issue in issues for id in issue.stories[:1])
    actions = installation.issue_store.in_force(at)
    titles = {}
    for issue in issues:
        story = stories[issue.stories[0]].title if issue.stories and issue.stories[0] in stories else ""
        renamed = standing(issue.id, actions).renamed
        term = f"“{issue.id.removeprefix('term:')}”: {story}" if issue.kind == "term" else ""
        titles[issue.id] = renamed.value if renamed else term or story or issue.id
    return titles


def first_words(text: str, length: int = 90) -> str:
    """The beginning of a text that has no title, cut between words."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[:length].rsplit(" ", 1)[0] + "…"
