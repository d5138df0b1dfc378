"""One story: how it went, who told it and in whose words, how people felt, where."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Literal

from pydantic import Field

from api.models import (
    MentionItem,
    Moment,
    PlaceBucket,
    Resource,
    SentimentCounts,
    Series,
    StoryDetail,
)
from api.problems import NotFound
from api.reader import Reader
from api.searching import Search
from api.views.issue import IssueLife, issue_life
from api.views.rising import RisingIssue, rising
from api.views.telling import Milestone, milestones
from index.port import Interval

LISTED = 60
SCANNED = 1000  # newest mentions of one story that are read to say when each source came to it, and what it copied
SOURCES = 500
TERMS = 14
RELATED = 5
STEPS = 20  # merges and splits that are told
STILL_TOLD = timedelta(hours=24)


class Teller(Resource):
    """A source with its own reporting and its copies of others."""

    source: str
    name: str
    kind: str
    first_at: Moment
    own: int
    copies: int
    link: str


class RelatedStory(Resource):
    id: str
    title: str
    count: int
    link: str


class StoryStep(Resource):
    """What became of a story: `joined` took another in, `parted` lost some mentions to another, `began` as a part."""

    kind: Literal["joined", "parted", "began"]
    at: Moment
    other: str
    title: str = Field(description="Of the other story; empty when it is no more")
    mentions: int
    link: str


class StoryPage(Resource):
    story: StoryDetail
    state: Literal["rising", "told", "over"]
    issue: RisingIssue | None
    life: IssueLife
    series: Series
    tellers: list[Teller]
    milestones: list[Milestone]
    terms: list[str]
    places: list[PlaceBucket]
    mentions: list[MentionItem]
    total: int
    own: int
    copies: int
    link: str
    related: list[RelatedStory]
    history: list[StoryStep]


def story_detail(reader: Reader, id: str) -> StoryDetail:
    """The story that an id stands for today: one that was merged is found under its old id. Raises NotFound."""
    id = reader.it.story_history.today(id)
    story = reader.it.annotations.stories([id]).get(id)
    if story is None:
        raise NotFound("story")
    search = Search(story=(id,))
    facets = reader.facets(search, ("source", "topic", "place", "sentiment"), 50)
    newest = reader.newest(search, 10)
    counts = {bucket.id: bucket.count for bucket in facets["sentiment"]}
    (item,) = reader.stories([story])
    return StoryDetail(
        **item.model_dump(),
        by_sentiment=SentimentCounts(**{n: counts.get(n, 0) for n in SentimentCounts.model_fields}),
        sources=facets["source"],
        topics=facets["topic"],
        places=facets["place"],
        items=newest,
    )


def story_page(reader: Reader, id: str) -> StoryPage:
    """Raises NotFound."""
    detail, now = story_detail(reader, id), reader.now()
    id, search = detail.id, Search(story=(detail.id,))
    mentions = _all(reader, search)
    tellers = _tellers(reader, detail, mentions)
    issue = reader.issue(id, now.replace(microsecond=0))
    return StoryPage(
        story=detail,
        state="rising" if issue else "told" if now - detail.last_at < STILL_TOLD else "over",
        issue=rising(reader, issue, now.replace(microsecond=0)) if issue else None,
        life=issue_life(reader, id, now.replace(microsecond=0), issue),
        series=reader.series(search, _interval(detail.last_at - detail.first_at)),
        tellers=tellers,
        milestones=milestones(mentions),
        terms=_terms(reader, mentions),
        places=reader.places(search, 40),
        mentions=mentions[:LISTED],
        total=reader.count(search),
        own=sum(teller.own for teller in tellers),
        copies=sum(teller.copies for teller in tellers),
        link=search.link(),
        related=_related(reader, detail),
        history=_history(reader, id),
    )


def _history(reader: Reader, id: str) -> list[StoryStep]:
    """How the story was merged and split, newest first."""
    events = reader.it.story_history.of(id)[::-1][:STEPS]
    others = [event.other if event.story == id else event.story for event in events]
    known = reader.it.annotations.stories(others)
    return [
        StoryStep(
            kind="joined" if event.kind == "merge" else "began" if event.story == id else "parted",
            at=event.at,
            other=other,
            title=known[other].title if other in known else "",
            mentions=event.posts,
            link=f"/stories/{other}",
        )
        for event, other in zip(events, others, strict=True)
    ]


def _all(reader: Reader, search: Search) -> list[MentionItem]:
    """The story's mentions, newest first, up to a limit that no real story reaches in practice."""
    found: list[MentionItem] = []
    cursor: str | None = None
    while len(found) < SCANNED:
        items, _, cursor = reader.mentions(search, limit=200, cursor=cursor)
        found += items
        if cursor is None:
            break
    return found


def _interval(span: timedelta) -> Interval:
    return "hour" if span <= timedelta(days=3) else "day" if span <= timedelta(days=120) else "week"


def _tellers(reader: Reader, story: StoryDetail, mentions: list[MentionItem]) -> list[Teller]:
    """Sources in the order in which they came to the story. What is its own is what the search finds without copies."""
    search, told = Search(story=(story.id,)), {m.source: m for m in mentions}
    copies = Counter(m.source for m in mentions if m.duplicate_of is not None)
    found = [
        Teller(
            source=bucket.id,
            name=bucket.name,
            kind=told[bucket.id].kind if bucket.id in told else "news",
            first_at=told[bucket.id].published_at if bucket.id in told else story.first_at,
            own=bucket.count - copies[bucket.id],
            copies=copies[bucket.id],
            link=bucket.link,
        )
        for bucket in reader.facets(search, ("source",), SOURCES)["source"]
    ]
    return sorted(found, key=lambda teller: teller.first_at)


def _terms(reader: Reader, mentions: list[MentionItem]) -> list[str]:
    """Key terms that most mentions of the story share; one mention alone says nothing about the story."""
    annotations = reader.it.annotations.annotations([m.id for m in mentions[:200]])
    counted = Counter(term for annotation in annotations.values() for term in annotation.terms)
    needed = 2 if len(annotations) > 1 else 1
    return [term for term, count in counted.most_common(TERMS) if count >= needed]


def _related(reader: Reader, story: StoryDetail) -> list[RelatedStory]:
    """Stories of the same main topic in the same places, told around the same time."""
    places = [bucket.id for bucket in story.places[:3] if bucket.id != reader.names.province.id]
    if not places or not story.topics:
        return []
    near = Search(
        since=story.first_at - timedelta(days=7),
        until=story.last_at + timedelta(days=7),
        topic=(story.topics[0].id,),
        place=tuple(places),
    )
    buckets = [b for b in reader.facets(near, ("story",), RELATED + 1)["story"] if b.id != story.id]
    titles = reader.it.annotations.stories(bucket.id for bucket in buckets)
    found = [titles[bucket.id] for bucket in buckets[:RELATED] if bucket.id in titles]
    return [
        RelatedStory(id=each.id, title=each.title, count=each.mentions, link=each.link)
        for each in reader.stories(found)
    ]
