"""The resources of the HTTP API. Field names and meanings are promises (`docs/`, interface); add, never change."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, model_validator

from monitor.wording import rfc3339

Moment = Annotated[datetime, PlainSerializer(rfc3339, return_type=str, when_used="json")]
T = TypeVar("T")


class Resource(BaseModel):
    """Base of all resources: frozen, unknown fields refused, so that a drift between rooms shows in the tests."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Listing(BaseModel, Generic[T]):
    """A list. `next` is the cursor of the following page, null at the end."""

    items: list[T]
    total: int = Field(examples=[132])
    next: str | None = Field(default=None, examples=["MTc2..."])


# The address of exactly the mentions that the figure beside it counts.
Link: str = Field(
    default="",
    description="The page of exactly these mentions; with /api/v1/mentions for /search the same as JSON",
    examples=["/search?from=2026-03-06T17:00:00Z&topic=disaster"],
)


class Marked(Resource):
    """Plain text (never markup) and the spans [start, end) of it that matched."""

    text: str = Field(examples=["Sạt lở chia cắt quốc lộ 9 qua xã Hướng Phùng"])
    spans: list[tuple[int, int]] = Field(default=[], examples=[[[0, 6]]])


class Highlight(Resource):
    title: Marked
    snippet: Marked


class MentionItem(Resource):
    """A mention in a list."""

    id: str = Field(examples=["3f2b9c1d5e8a7f604b12"])
    url: str = Field(examples=["https://baoquangtri.vn/sat-lo-quoc-lo-9.html"])
    title: str
    source: str = Field(examples=["baoquangtri"])
    source_name: str = Field(examples=["Báo Quảng Trị"])
    kind: str = Field(examples=["news"])
    published_at: Moment
    sentiment: str | None = Field(description="negative, neutral or positive", examples=["negative"])
    topics: list[str] = Field(description="Codes, the main one first", examples=[["disaster", "traffic"]])
    places: list[str] = Field(description="Ids of places", examples=[["qt-xa-huong-phung"]])
    story_id: str | None = Field(examples=["s-3f2b9c1d5e8a"])
    duplicate_of: str | None = Field(description="The mention whose text this one copies")
    highlight: Highlight | None = None


class SimilarMention(MentionItem):
    """A mention that resembles another. `score`: how much in meaning and topics, 0 to 1."""

    score: float = Field(examples=[0.71])


class SimilarMentions(Resource):
    """`how`: compared by meaning (sentence vectors) or, where those are not installed, by words."""

    how: Literal["meaning", "words"]
    items: list[SimilarMention]


class SignificantTerm(Resource):
    """Words that a search's mentions have more than all mentions have; shares are of a sample, 0 to 1."""

    text: str = Field(examples=["sạt lở"])
    score: float
    share: float = Field(description="Of the search's mentions that have it", examples=[0.42])
    usual: float = Field(description="Of all mentions that have it", examples=[0.03])
    q: str = Field(description="The query narrowed to it", examples=['mưa "sạt lở"'])


class ExportItem(Resource):
    """An export of a search. `file` is where to get it once it is done."""

    id: str
    format: Literal["csv", "xlsx"]
    state: Literal["running", "done", "failed"]
    done: int = Field(description="Rows written so far")
    total: int = Field(description="Rows it will have, as counted when it began")
    file: str | None


class SearchParameters(BaseModel):
    """A search as the parameters of /api/v1/mentions have it."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    q: str = Field(default="", max_length=4000)
    since: str = Field(default="", alias="from", max_length=40)
    until: str = Field(default="", alias="to", max_length=40)
    topic: list[str] = []
    sentiment: list[str] = []
    place: list[str] = []
    source: list[str] = []
    kind: list[str] = []
    story: list[str] = []
    sort: Literal["newest", "relevance"] = "newest"


class SavedSearchIn(SearchParameters):
    name: str = Field(max_length=500, examples=["Sạt lở quốc lộ 9"])


class SavedSearchChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, max_length=500)
    search: SearchParameters | None = None


class SavedSearchItem(Resource):
    """A saved search of the person who asks, with its counts as of now."""

    id: str
    name: str
    q: str
    conditions: dict[str, Any] = Field(description="The other parameters: from, to, facets, sort")
    created_at: Moment
    visited_at: Moment
    total: int | None = Field(description="Mentions it finds; null when its query cannot be read any more")
    new: int | None = Field(description="Of these, first seen since your last visit, however old they are")
    link: str = Field(description="Its page")
    new_link: str = Field(description="The page of what is new")


class SentimentCounts(Resource):
    """Mentions by sentiment."""

    negative: int = Field(default=0, examples=[61])
    neutral: int = Field(default=0, examples=[48])
    positive: int = Field(default=0, examples=[23])

    @property
    def judged(self) -> int:
        return self.negative + self.neutral + self.positive

    @property
    def negative_share(self) -> float | None:
        return round(self.negative / self.judged, 4) if self.judged else None


class Relevance(Resource):
    label: int = Field(description="2 about the province, 1 one of several places, 0 not relevant", examples=[2])
    score: float
    reason: str


class FoundPlace(Resource):
    """A place in the text; start and end count characters in title, lead and body joined by newlines."""

    id: str
    name: str
    level: str
    surface: str
    start: int
    end: int


class TopicScore(Resource):
    code: str
    score: float


class SentimentResult(Resource):
    """`sentence` is the one that carries the sentiment."""

    label: str
    scores: dict[str, float]
    sentence: str


class FoundEntity(Resource):
    """An office or organisation. start and end count characters in title, lead and body joined by newlines."""

    type: str = Field(examples=["government"])
    name: str = Field(examples=["Ủy ban nhân dân tỉnh Quảng Trị"])
    surface: str = Field(examples=["UBND tỉnh Quảng Trị"])
    start: int
    end: int


class Annotation(Resource):
    """How the text was understood, with the version of each model."""

    id: str
    relevance: Relevance
    places: list[FoundPlace]
    topics: list[TopicScore]
    sentiment: SentimentResult | None
    terms: list[str]
    entities: list[FoundEntity] = Field(description="Offices and organisations, never persons")
    models: dict[str, str]


class TextChange(Resource):
    """A piece of what an edit changed: words taken out or put in, or unchanged ones around them."""

    part: Literal["title", "lead", "body"]
    operation: Literal["same", "removed", "added"]
    text: str


class Revision(Resource):
    """An earlier text of the post, when it was replaced, and what that edit changed."""

    number: int
    title: str
    excerpt: str
    replaced_at: Moment
    changes: list[TextChange]


class MentionDetail(Resource):
    """One mention. The text is given as an excerpt; the whole of it is at `url`."""

    id: str
    url: str
    title: str
    lead: str
    excerpt: str
    source: str
    source_name: str
    kind: str
    author: str | None = Field(description="Bylines of outlets; people are only a keyed hash")
    section: str | None
    published_at: Moment
    first_seen_at: Moment
    updated_at: Moment | None
    withdrawn_at: Moment | None = Field(description="Since when the outlet answers that the page is gone")
    reactions: dict[str, int] = Field(
        description="Counts only, as last seen: views, likes, comments, shares, reactions", examples=[{"likes": 12}]
    )
    outcome: str = Field(description="new, annotated, irrelevant or failed", examples=["annotated"])
    method: str = Field(examples=["family:vccorp"])
    story_id: str | None
    duplicate_of: str | None
    annotation: Annotation | None
    revisions: list[Revision]


class StoryItem(Resource):
    """A cluster of mentions of one event; `mentions` counts all of them, copies too."""

    id: str
    title: str
    first_at: Moment
    last_at: Moment
    mentions: int
    link: str = Link


class StoryDetail(StoryItem):
    by_sentiment: SentimentCounts
    sources: list[Bucket]
    topics: list[Bucket]
    places: list[Bucket]
    items: list[MentionItem] = Field(description="The newest mentions; all of them: /api/v1/mentions?story=id")


class IssueFigures(Resource):
    """`now` counts the mentions of the window without copies, `mentions` with them.

    `voices` are those who told it: an outlet once in six hours, a person once at half weight, copies none. `expected`
    is how many voices are usual, `ratio` the one to the other.
    """

    window_hours: int
    now: int
    mentions: int
    voices: float
    expected: float
    ratio: float
    sources: int
    people: int
    copies: int
    negative_share: float
    official: int = Field(description="Official sources of the province among the sources")
    negative_share_before: float | None = Field(description="Of the window before; null when nobody spoke")
    chance: float | None = Field(description="How often a day ordinary traffic brings as much by chance")


class IssueChange(Resource):
    """When an issue came into a state, and the figures that made it so."""

    at: Moment
    state: str = Field(examples=["rising"])
    chance: float | None
    voices: float
    expected: float
    pace: float = Field(description="Mentions an average hour, over twelve hours")


class IssueNote(Resource):
    """What an officer noted on an issue."""

    by: str
    at: Moment
    note: str


class IssueMention(Resource):
    id: str
    url: str
    title: str
    published_at: Moment


class IssueItem(Resource):
    """A story, or a topic in a place, that trends; `reason` says why, in Vietnamese."""

    id: str
    title: str
    kind: str = Field(description="story, topic_place or term", examples=["story"])
    score: float = Field(description="0 to 1: how surely it is more than chance, the more so the more tell it")
    state: str = Field(description="emerging, rising, peaking, fading or reopened", examples=["rising"])
    sort: str = Field(description="event, complaint, rumour_like or campaign_like: a description, by these figures")
    sort_reason: str
    pinned: bool
    known: IssueNote | None = Field(description="Marked as known by an officer")
    absorbed: list[str] = Field(description="Issues that tell the same mentions, or were merged into this one")
    changes: list[IssueChange] = Field(description="Its changes of state, oldest first")
    at: Moment = Field(description="The moment that the figures are of")
    since: Moment
    reason: str = Field(examples=["9 lượt nhắc trong 6 giờ, gấp 6,2 lần thường lệ, 9 nguồn tin, 61 % tiêu cực."])
    figures: IssueFigures
    topic: str | None
    places: list[str]
    stories: list[str]
    curve: list[int] = Field(description="Mentions an hour over the last 48 hours, oldest first")
    usual: list[float] = Field(description="What 19 of 20 ordinary hours stay below, for the same hours")
    mentions: list[IssueMention]


class IssueAction(Resource):
    """What an officer did to an issue; `undone_at` is set once it was taken back."""

    id: int
    action: Literal["pin", "mute", "rename", "merge", "known"]
    value: str
    by: str
    at: Moment
    undone_by: str | None
    undone_at: Moment | None


class IssueActionIn(BaseModel):
    """`value`: the new title (rename, required), the issue to merge into (merge, required), or a note."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["pin", "mute", "rename", "merge", "known"]
    value: str = Field(default="", max_length=500)

    @model_validator(mode="after")
    def _value_where_needed(self) -> Self:
        if self.action in ("rename", "merge") and not self.value.strip():
            raise ValueError(f"{self.action} needs a value")
        return self


class IssueDetail(Resource):
    """`issue` is null when it does not rise at the moment; its past states and actions are told all the same."""

    id: str
    at: Moment
    issue: IssueItem | None
    changes: list[IssueChange] = Field(description="Changes of state as the worker saw them happen, oldest first")
    actions: list[IssueAction] = Field(description="Newest first")


class IssueList(Resource):
    """As `duluan issues --json` gives it; `items`, `total` and `next` as in every list."""

    at: Moment
    as_of: Moment | None = Field(
        description="What rises is judged by this moment: some time before `at` after a restart; null before the first"
    )
    issues: list[IssueItem]
    items: list[IssueItem]
    total: int
    next: str | None = None


class Bucket(Resource):
    """One value of a facet with its mentions."""

    id: str
    name: str
    count: int
    by_sentiment: SentimentCounts
    link: str = Link


class PlaceBucket(Bucket):
    level: str = Field(examples=["commune"])
    lat: float | None
    lon: float | None


class Point(Resource):
    """One interval of a series; days, weeks and months begin at midnight in Việt Nam."""

    start: Moment
    count: int
    by_sentiment: SentimentCounts
    link: str = Link


class Series(Resource):
    """`total` counts what the whole series does."""

    interval: str
    items: list[Point]
    total: int
    next: str | None = None
    link: str = Link


class Breakdown(Resource):
    """Mentions by the values of one facet, the most told first. `mentions` counts all that the parameters select,
    `total` the values; mentions with several topics or places count for each of them."""

    by: str = Field(examples=["topic"])
    items: list[Bucket | PlaceBucket]
    total: int
    next: str | None = None
    mentions: int
    link: str = Link


class PartSeries(Resource):
    """One value of a facet over time."""

    id: str = Field(examples=["disaster"])
    name: str = Field(examples=["thiên tai, thời tiết"])
    total: int
    points: list[Point]
    link: str = Link


class SeriesBreakdown(Resource):
    """A series for each of the values that are told most, the most told first; all have the same intervals.
    `mentions` counts all that the parameters select, `total` the values."""

    by: str = Field(examples=["topic"])
    interval: str = Field(examples=["day"])
    items: list[PartSeries]
    total: int
    next: str | None = None
    mentions: int
    link: str = Link


class SentimentSummary(Resource):
    """`shares` are of the mentions that have a sentiment; null when there is none."""

    total: int
    link: str = Link
    counts: SentimentCounts
    shares: dict[str, float | None] = Field(examples=[{"negative": 0.46, "neutral": 0.36, "positive": 0.18}])


class SourceAlarm(Resource):
    """What is wrong with a source: blocked, dead, drifting, flooding or silent; `reason` in Vietnamese."""

    kind: str
    since: Moment | None
    reason: str


class SourceFigures(Resource):
    """Four weeks of a source; shares 0..1, null where there is nothing to take a share of."""

    usual: float | None = Field(description="Posts on an ordinary working day, by its own last 28 days")
    recent: int = Field(description="Posts of the last 24 hours")
    expected: float | None = Field(description="Posts expected in the last 24 hours")
    requests: int
    unchanged: float | None = Field(description="Share of requests answered 304")
    empty: float | None = Field(description="Share of pages read that held no text")
    by_rule: float | None = Field(description="Share of texts found by a rule of the site's family or an API")
    latency: float | None = Field(description="Mean seconds to an answer")
    refused: int = Field(description="URLs refused or behind a challenge")
    robots: int = Field(description="URLs that robots.txt closes")
    passed_over: int = Field(description="Articles left unread because title and summary do not concern the province")
    discovered: int = Field(description="URLs met")
    archived: int = Field(description="URLs whose posts are in the archive")


class SourceItem(Resource):
    """A source and its health: ok, partial, blocked, failing, dead (not read for a day), drifting (its pages changed),
    flooding, silent, needs_key (nobody gave a key), unknown (not yet crawled) or off. `breaker` is closed, open (asked
    no more for a while) or half_open (the next pass decides)."""

    id: str
    name: str
    home: str
    kind: str
    owned: bool
    state: str
    state_name: str
    message: str
    last_run_at: Moment | None
    last_success_at: Moment | None
    last_new_at: Moment | None
    due_at: Moment | None
    newest_post_at: Moment | None
    posts: int
    relevant: int
    failures: int
    breaker: str
    asked_every_minutes: float
    alarm: SourceAlarm | None
    figures: SourceFigures


class SourceRun(Resource):
    started_at: Moment
    finished_at: Moment
    state: str
    message: str
    counts: dict[str, Any]


class RefusedUrl(Resource):
    url: str
    outcome: str
    reason: str


class SourceDetail(SourceItem):
    every_minutes: float
    legal: str
    note: str
    grade: str | None
    discovery: dict[str, list[str]]
    days: list[DayCount] = Field(description="Posts of each of the last 28 days in Việt Nam, oldest first")
    runs: list[SourceRun]
    url_outcomes: dict[str, int]
    refused: list[RefusedUrl]


class DayCount(Resource):
    day: str = Field(examples=["2026-03-07"])
    posts: int


class ProcessState(Resource):
    name: str
    pid: int
    started_at: Moment
    beat_at: Moment
    doing: str
    alive: bool


class AlertFigures(Resource):
    """`seconds_to_screen`: from publication to a screen, 95th percentile of the alerts `measured`."""

    open: int
    dead: int
    measured: int
    seconds_to_screen: float | None


class IndexState(Resource):
    """`state`: ok; behind (changes wait too long); away (it does not answer, nothing is lost). `waiting` changes are
    still to be told to it; `building_left` of `building_total` mentions to one that is built beside it."""

    engine: str
    state: Literal["ok", "behind", "away"]
    mentions: int | None
    problem: str
    problem_since: Moment | None
    waiting: int
    oldest_waiting_at: Moment | None
    refused: int
    building_total: int
    building_left: int


class StatusDetail(Resource):
    """`updated_at`: when the newest post was understood. `indexed` is null while the index is away."""

    at: Moment
    version: str
    province: str
    processes: list[ProcessState]
    outcomes: dict[str, int]
    indexed: int | None
    newest_post_at: Moment | None
    updated_at: Moment | None
    oldest_waiting_at: Moment | None
    sources_ok: int
    sources_watched: int
    alerts: AlertFigures
    index: IndexState


class Problem(BaseModel):
    """RFC 9457 problem details. `code` is stable; `detail` says in English what was wrong."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Bad Request"])
    status: int = Field(examples=[400])
    code: str = Field(examples=["bad_query"])
    detail: str
    instance: str
    message: str | None = Field(default=None, description="What to tell a person, in Vietnamese")
    position: int | None = Field(default=None, description="Where in `q`, counted in characters")
    suggestion: str | None = Field(default=None, description="A query that could be meant")
    errors: list[dict[str, Any]] | None = Field(default=None, description="Each parameter that was wrong")


for _model in (StoryDetail, SourceDetail):
    _model.model_rebuild()


class LinkIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=4_000, examples=["https://baoquangtri.vn/thoi-su/202611/bai-viet-0a1b2c3/"])
    note: str = Field(default="", max_length=500)


class LinkItem(Resource):
    """A link that staff submitted. `outcome` is null while it waits; `mention_id`: the post that it gave."""

    id: int
    url: str
    note: str
    submitted_by: str
    submitted_at: Moment
    state: Literal["waiting", "done"]
    outcome: str | None
    outcome_name: str
    reason: str
    finished_at: Moment | None
    mention_id: str | None


class MissingArticle(Resource):
    """An article that a signal says an outlet has; `source` is null for an outlet that is not watched."""

    title: str
    outlet: str
    outlet_name: str
    source: str | None
    published_at: Moment | None
    seen_at: Moment


class CollectingFigures(Resource):
    """Did we miss anything? The first stage of relevance over 28 days (`lost` is estimated from the control group,
    null without one); articles that signals named in the last week and how many of them were found."""

    skipped: int
    passed: int
    control: int
    control_judged: int
    control_relevant: int
    lost: float | None
    seen_elsewhere: int
    found_here: int
    missing_here: int
    unwatched: int
