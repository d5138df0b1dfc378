"""What officers did to issues, in words: pinned, muted, renamed, merged, known; and what they keep out of the list."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import quote

from api.models import IssueAction, IssueNote, Moment, Resource
from api.reader import Reader
from api.views.rising import issue_label
from monitor.rising.acting import standing
from monitor.rising.store import Action
from monitor.rising.words import VERBS


class ActionLine(Resource):
    """`said`: the note, the new name, or the title of the issue that it was merged into."""

    action: IssueAction
    verb: str
    said: str
    link: str


class IssueLink(Resource):
    id: str
    title: str
    link: str


class Officers(Resource):
    """What holds of one issue now, and all that was done to it, newest first."""

    name: str
    pinned: bool
    muted: IssueNote | None
    known: IssueNote | None
    merged_into: IssueLink | None
    merged: list[IssueLink]
    lines: list[ActionLine]


class Hidden(Resource):
    """An issue that officers keep out of the list, and the action that does so."""

    issue: IssueLink
    by: str
    at: Moment
    note: str
    action: int


def officers(reader: Reader, id: str, at: datetime) -> Officers:
    """What officers did to an issue by a moment."""
    held, store = reader.it.issue_store.in_force(at), reader.it.issue_store
    said = standing(id, held)
    done = [action for action in store.actions(id) if action.at <= at]
    targets = {action.value for action in done if action.verb == "merge"}
    links = issue_links(reader, {*targets, *said.merged}, at)
    into = next((action.value for action in held.get(id, ()) if action.verb == "merge"), None)
    return Officers(
        name=said.renamed.value if said.renamed else "",
        pinned=said.pinned is not None,
        muted=_note(said.muted),
        known=_note(said.known),
        merged_into=links[into] if into else None,
        merged=[links[other] for other in said.merged],
        lines=[_line(action, links) for action in done],
    )


def hidden(reader: Reader, at: datetime) -> list[Hidden]:
    """What is muted at a moment, newest first, whether it rises or not."""
    held = reader.it.issue_store.in_force(at)
    muted = [(id, action) for id, actions in held.items() for action in actions if action.verb == "mute"]
    links = issue_links(reader, {id for id, _ in muted}, at)
    muted.sort(key=lambda pair: (pair[1].at, pair[1].id), reverse=True)
    return [Hidden(issue=links[id], by=a.by, at=a.at, note=a.value, action=a.id) for id, a in muted]


def issue_links(reader: Reader, ids: Iterable[str], at: datetime) -> dict[str, IssueLink]:
    """Titles and pages of issues, whether they rise or not: as officers named them, their stories', or what they are
    about."""
    wanted = set(ids)
    stories = reader.it.annotations.stories(wanted)
    held = reader.it.issue_store.in_force(at) if wanted else {}
    found = {}
    for id in wanted:
        renamed = standing(id, held).renamed
        told = stories[id].title if id in stories else ""
        found[id] = IssueLink(id=id, title=renamed.value if renamed else told or issue_label(reader, id), link=page(id))
    return found


def page(id: str) -> str:
    """The page of an issue as it stands now; a story has one of its own."""
    own = "@" in id or id.startswith("term:")
    return f"/issues/{quote(id, safe='@')}" if own else f"/stories/{quote(id)}"


def action_item(action: Action) -> IssueAction:
    return IssueAction(
        id=action.id,
        action=action.verb,
        value=action.value,
        by=action.by,
        at=action.at,
        undone_by=action.undone_by,
        undone_at=action.undone_at,
    )


def _line(action: Action, links: dict[str, IssueLink]) -> ActionLine:
    target = links.get(action.value) if action.verb == "merge" else None
    return ActionLine(
        action=action_item(action),
        verb=VERBS[action.verb],
        said=target.title if target else action.value,
        link=target.link if target else "",
    )


def _note(action: Action | None) -> IssueNote | None:
    return IssueNote(by=action.by, at=action.at, note=action.value) if action else None
