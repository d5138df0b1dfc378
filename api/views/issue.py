"""A rising issue that is a topic in a place: why it rose at a moment, and the mentions behind it."""

from __future__ import annotations

from datetime import datetime

from api.models import MentionItem, Moment, Resource, StoryItem
from api.problems import NotFound
from api.reader import Reader
from api.searching import Search
from api.views.rising import RisingIssue, rising

MOST = 200


class IssuePage(Resource):
    at: Moment
    rising: RisingIssue
    mentions: list[MentionItem]
    stories: list[StoryItem]
    search_link: str


class NotRising(Resource):
    """The topic in the place does not rise at this moment; its mentions can still be searched."""

    at: Moment
    label: str
    search_link: str


def issue_page(reader: Reader, id: str, at: datetime | None) -> IssuePage | NotRising:
    """Raises NotFound when the id is no topic in a place."""
    moment = (at or reader.now()).replace(microsecond=0)
    topic, separator, place = id.partition("@")
    if not separator or not topic or not place:
        raise NotFound("issue")
    search = Search(topic=(topic,), place=(place,)).link()
    found = next((issue for issue in reader.it.issues(moment, limit=100) if issue.id == id), None)
    if found is None:
        label = f"{reader.names.topic(topic)} tại {reader.names.place(place)}"
        return NotRising(at=moment, label=label, search_link=search)
    item = next(issue for issue in reader.issues(moment, 100) if issue.id == id)
    mentions = [reader.mention(mention) for mention in reader.it.index.get(found.ids[:MOST])]
    stories = reader.it.annotations.stories(found.stories)
    return IssuePage(
        at=moment,
        rising=rising(reader, item, moment),
        mentions=mentions,
        stories=[StoryItem.model_validate(stories[s], from_attributes=True) for s in found.stories if s in stories],
        search_link=search,
    )
