"""One issue: why it rose at a moment, its life, who told it first and who gave it reach, what officers did to it."""

from __future__ import annotations

from datetime import datetime, timedelta

from api.models import (
    IssueChange,
    IssueDetail,
    IssueItem,
    MentionItem,
    Moment,
    PlaceBucket,
    Resource,
    StoryItem,
)
from api.problems import NotFound
from api.reader import Reader
from api.searching import Search
from api.views.officers import Officers, action_item, officers
from api.views.rising import TERM, RisingIssue, issue_label, rising
from api.views.telling import Milestone, milestones
from monitor.rising import StateChange
from monitor.rising.words import STATES

MOST = 200
LISTED = 100  # issues at once
SOON = timedelta(hours=48)


class Step(Resource):
    """A change of state in words, with its figures."""

    change: IssueChange
    state: str


class IssueLife(Resource):
    """What pages show of any issue: its changes of state, what officers did to it, and issues it may be merged into."""

    id: str
    steps: list[Step]
    officers: Officers
    others: list[StoryItem]


class IssuePage(Resource):
    at: Moment
    label: str
    rising: RisingIssue
    life: IssueLife
    mentions: list[MentionItem]
    milestones: list[Milestone]
    places: list[PlaceBucket]
    stories: list[StoryItem]
    search_link: str


class NotRising(Resource):
    """The issue does not rise at this moment; its mentions can still be searched."""

    at: Moment
    label: str
    life: IssueLife
    search_link: str


def issue_page(reader: Reader, id: str, at: datetime | None) -> IssuePage | NotRising:
    """Raises NotFound when the id is neither a topic in a place nor a term."""
    moment = (at or reader.now()).replace(microsecond=0)
    search, label = _search(id), issue_label(reader, id)
    item, found = reader.issue(id, moment), reader.it.issue(id, moment)
    if item is None or found is None:
        return NotRising(at=moment, label=label, life=issue_life(reader, id, moment), search_link=search.link())
    mentions = [reader.mention(mention) for mention in reader.index.get(found.ids[:MOST])]
    stories = reader.it.annotations.stories(found.stories)
    names = {place: reader.names.place(place) for place in item.places}
    return IssuePage(
        at=item.at,
        label=label,
        rising=rising(reader, item, item.at),
        life=issue_life(reader, id, moment, item),
        mentions=mentions,
        milestones=milestones(mentions),
        places=[place for place in reader.places(search, 40) if place.id in names],
        stories=[StoryItem.model_validate(stories[s], from_attributes=True) for s in found.stories if s in stories],
        search_link=search.link(),
    )


def issue_detail(reader: Reader, id: str, at: datetime | None) -> IssueDetail:
    """Raises NotFound when nothing of this name ever rose."""
    moment = (at or reader.now()).replace(microsecond=0)
    store = reader.it.issue_store
    item = reader.issue(id, moment)
    kept, actions = store.changes(id, moment), [a for a in store.actions(id) if a.at <= moment]
    if item is None and not kept and not actions:
        raise NotFound("issue")
    return IssueDetail(
        id=id,
        at=moment,
        issue=item,
        changes=[change_item(change) for change in kept] or (item.changes if item else []),
        actions=[action_item(action) for action in actions],
    )


def issue_life(reader: Reader, id: str, at: datetime, item: IssueItem | None = None) -> IssueLife:
    """The states as they were kept, or as a replay finds them where nobody watched."""
    kept = [change_item(change) for change in reader.it.issue_store.changes(id, at)]
    changes = kept or (item.changes if item else [])
    others = [
        StoryItem(id=each.id, title=each.title, first_at=each.since, last_at=each.at, mentions=each.figures.mentions)
        for each in reader.issues(at, LISTED)
        if each.id != id
    ]
    return IssueLife(
        id=id,
        steps=[Step(change=change, state=STATES[change.state]) for change in changes],  # type: ignore[index]
        officers=officers(reader, id, at),
        others=others,
    )


def change_item(change: StateChange) -> IssueChange:
    return IssueChange.model_validate(change.as_json())


def _search(id: str) -> Search:
    if id.startswith(TERM) and (term := id.removeprefix(TERM).strip()):
        return Search(q=f'"{term.replace(chr(34), " ")}"')
    topic, separator, place = id.partition("@")
    if not separator or not topic or not place:
        raise NotFound("issue")
    return Search(topic=(topic,), place=(place,))
