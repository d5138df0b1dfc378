"""The texts of the sandbox: outlets and stories read from YAML into frozen records, checked on the way in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sandbox.reading import ContentError, Record

FOLDER = Path(__file__).parent / "content"
FAMILIES = ("baoquangbinh", "vccorp", "hemera", "wordpress", "vnexpress")
BEHAVIOURS = ("silent", "blocked", "redesign", "edits")
SENTIMENTS = ("negative", "neutral", "positive")
ISSUES = ("disaster", "complaint", "happy", "ramp")
# Codes of the product's labelling guidelines; repeated here because the sandbox imports no other room.
TOPICS = (
    *("economy", "government", "public_services", "land", "security", "traffic", "environment", "disaster"),
    *(
        "health",
        "education",
        "tourism",
        "culture_sports",
        "agriculture",
        "infrastructure",
        "welfare",
        "defense",
    ),
    *("defense", "other"),
)
UNITS = ("xã ", "phường ", "đặc khu ")


@dataclass(frozen=True, slots=True)
class Outlet:
    """One outlet of the sandbox web; `behaviour` began `days` days before the start (None: always).

    `local`: no outlet of the province's own, but one that writes of nothing else.
    """

    code: str
    name: str
    family: str
    owned: bool
    about: str
    colour: str
    behaviour: str | None = None
    days: float | None = None
    local: bool = False


@dataclass(frozen=True, slots=True)
class Edit:
    """A later change of an article, `after` hours after its publication; None keeps what was there."""

    after: float
    title: str | None
    lead: str | None
    body: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Telling:
    """One outlet's article about a story; `copy` is the number of the telling that it copies."""

    outlet: str
    after: float
    title: str
    lead: str | None
    author: str | None
    section: str | None
    sentiment: str | None
    body: tuple[str, ...]
    copy: int | None
    edits: tuple[Edit, ...]
    withdrawn: float | None = None  # hours after its publication, from which its outlet answers 404


@dataclass(frozen=True, slots=True)
class Reply:
    """One forum post, `after` hours after its thread's start."""

    author: str
    after: float
    text: str
    sentiment: str | None


@dataclass(frozen=True, slots=True)
class Thread:
    after: float
    title: str
    posts: tuple[Reply, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """One post of the public channel."""

    after: float
    text: str
    sentiment: str | None


@dataclass(frozen=True, slots=True)
class Story:
    """One event or affair with everything that is said about it, and the truth about it."""

    id: str
    about: str
    relevance: int
    topics: tuple[str, ...]
    sentiment: str | None
    places: tuple[str, ...]
    trap: str | None
    issue: str | None
    start: float
    tellings: tuple[Telling, ...]
    threads: tuple[Thread, ...]
    channel: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Content:
    outlets: Mapping[str, Outlet]
    stories: tuple[Story, ...]


@cache
def load_content(folder: Path = FOLDER) -> Content:
    """The outlets and stories of a folder shaped like `sandbox/content`.

    Raises ContentError naming file, story and field of the first thing that is wrong.
    """
    outlets = _outlets(folder / "outlets.yaml")
    stories: dict[str, Story] = {}
    for file in sorted((folder / "stories").glob("*.yaml")):
        for number, raw in enumerate(_list(file), start=1):
            story = _story(_named(file, number, raw), outlets)
            if story.id in stories:
                raise ContentError(f"{file.name}: {story.id}: id: is given to two stories")
            stories[story.id] = story
    return Content(outlets, tuple(stories.values()))


def with_stories(content: Content, file: Path) -> Content:
    """The content with the stories of one more file. Raises ContentError."""
    known = {story.id for story in content.stories}
    more = [_story(_named(file, number, raw), content.outlets) for number, raw in enumerate(_list(file), start=1)]
    if twice := [story.id for story in more if story.id in known]:
        raise ContentError(f"{file.name}: {twice[0]}: id: is given to two stories")
    return Content(content.outlets, (*content.stories, *more))


def _list(file: Path) -> list[Any]:
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8")) or []
    except yaml.YAMLError as error:
        raise ContentError(f"{file.name}: is not YAML: {error}") from error
    if not isinstance(found, list):
        raise ContentError(f"{file.name}: must be a list of records")
    return found


def _named(file: Path, number: int, raw: object) -> Record:
    if not isinstance(raw, dict):
        raise ContentError(f"{file.name}: record {number}: must be a mapping")
    name = raw.get("id") or raw.get("code") or f"record {number}"
    return Record(raw, f"{file.name}: {name}")


def _outlets(file: Path) -> dict[str, Outlet]:
    found: dict[str, Outlet] = {}
    for number, raw in enumerate(_list(file), start=1):
        record = _named(file, number, raw)
        record.only("code", "name", "family", "owned", "local", "about", "colour", "behaviour", "days")
        outlet = Outlet(
            code=record.text("code"),
            name=record.text("name"),
            family=record.choice("family", FAMILIES, None) or "",
            owned=bool(record.values.get("owned")),
            local=bool(record.values.get("local")),
            about=record.text("about", ""),
            colour=record.text("colour", "#1f4e79"),
            behaviour=record.choice("behaviour", BEHAVIOURS, None),
            days=record.number("days") if record.has("days") else None,
        )
        if not outlet.family:
            raise record.wrong("family", f"must be one of {', '.join(FAMILIES)}")
        found[outlet.code] = outlet
    return found


def _story(record: Record, outlets: Mapping[str, Outlet]) -> Story:
    record.only(
        *("id", "about", "relevance", "topics", "sentiment", "places", "trap", "issue", "start"),
        *("tellings", "threads", "channel"),
    )
    relevance = record.values.get("relevance")
    if relevance not in (0, 1, 2):
        raise record.wrong("relevance", "must be 0, 1 or 2")
    start = record.number("start")
    tellings = tuple(_telling(each, outlets) for each in record.records("tellings"))
    story = Story(
        id=_slug(record),
        about=record.text("about"),
        relevance=int(relevance),
        topics=_topics(record),
        sentiment=record.choice("sentiment", SENTIMENTS, None),
        places=_places(record),
        trap=record.text("trap", "") or None,
        issue=record.choice("issue", ISSUES, None),
        start=start,
        tellings=tellings,
        threads=tuple(_thread(each) for each in record.records("threads")),
        channel=tuple(_message(each) for each in record.records("channel")),
    )
    _check(record, story, outlets)
    return story


def _slug(record: Record) -> str:
    name = record.text("id")
    if not all(part.isascii() and part.isalnum() and part == part.lower() for part in name.split("-")):
        raise record.wrong("id", f"{name!r} must be an ASCII slug")
    return name


def _topics(record: Record) -> tuple[str, ...]:
    topics = record.texts("topics")
    unknown = [topic for topic in topics if topic not in TOPICS]
    if unknown:
        raise record.wrong("topics", f"{unknown[0]!r} is no topic code")
    if not 1 <= len(set(topics)) == len(topics) <= 3 or ("other" in topics and len(topics) > 1):
        raise record.wrong("topics", "must be one to three different codes, `other` only alone")
    return topics


def _places(record: Record) -> tuple[str, ...]:
    places = record.texts("places")
    for place in places:
        if not place.startswith(UNITS):
            raise record.wrong("places", f"{place!r} must begin with xã, phường or đặc khu")
    return places


def _telling(record: Record, outlets: Mapping[str, Outlet]) -> Telling:
    record.only(
        *("outlet", "after", "title", "lead", "author", "section", "sentiment", "body", "copy", "edits"),
        "withdrawn",
    )
    copied = record.has("copy")
    return Telling(
        outlet=record.choice("outlet", tuple(outlets), None) or record.text("outlet"),
        after=_hours(record),
        title=record.text("title"),
        lead=record.text("lead") if record.has("lead") or not copied else None,
        author=record.text("author", "") or None,
        section=record.text("section", "") or None,
        sentiment=record.choice("sentiment", SENTIMENTS, None),
        body=() if copied and not record.has("body") else paragraphs(record.text("body")),
        copy=int(record.number("copy")) if copied else None,
        edits=tuple(_edit(each) for each in record.records("edits")),
        withdrawn=_hours(record, "withdrawn") if record.has("withdrawn") else None,
    )


def _edit(record: Record) -> Edit:
    record.only("after", "title", "lead", "body")
    return Edit(
        after=_hours(record),
        title=record.text("title", "") or None,
        lead=record.text("lead", "") or None,
        body=paragraphs(record.text("body")) if record.has("body") else None,
    )


def _thread(record: Record) -> Thread:
    record.only("after", "title", "posts")
    posts = tuple(_reply(each) for each in record.records("posts"))
    if not posts:
        raise record.wrong("posts", "a thread needs its first post")
    return Thread(_hours(record), record.text("title"), tuple(sorted(posts, key=lambda post: post.after)))


def _reply(record: Record) -> Reply:
    record.only("author", "after", "text", "sentiment")
    sentiment = record.choice("sentiment", SENTIMENTS, None)
    return Reply(record.text("author"), _hours(record), record.text("text"), sentiment)


def _message(record: Record) -> Message:
    record.only("after", "text", "sentiment")
    return Message(_hours(record), record.text("text"), record.choice("sentiment", SENTIMENTS, None))


def _hours(record: Record, field: str = "after") -> float:
    hours = record.number(field)
    if not 0 <= hours <= 24 * 30:
        raise record.wrong(field, f"{hours} hours must lie between 0 and 30 days")
    return hours


def paragraphs(text: str) -> tuple[str, ...]:
    """The paragraphs of a body: blocks between empty lines, each on one line."""
    blocks = (" ".join(block.split()) for block in text.strip().split("\n\n"))
    return tuple(block for block in blocks if block)


def _check(record: Record, story: Story, outlets: Mapping[str, Outlet]) -> None:
    """What one field alone cannot tell: labels that fit together, copies of something, silence kept."""
    if (story.relevance == 0) != (story.sentiment is None):
        raise record.wrong("sentiment", "is given exactly when relevance is 1 or 2")
    if not (story.tellings or story.threads or story.channel):
        raise record.wrong("tellings", "nobody says anything about this story")
    if not -3 <= story.start <= 30:
        raise record.wrong("start", f"{story.start} days must lie between -3 and 30")
    for number, telling in enumerate(story.tellings):
        field = f"tellings[{number}]"
        if telling.copy is not None and not _can_copy(story, number, telling.copy):
            raise record.wrong(f"{field}.copy", f"telling {telling.copy} is no earlier original")
        outlet = outlets[telling.outlet]
        age = story.start - telling.after / 24
        if outlet.behaviour == "silent" and outlet.days is not None and age < outlet.days:
            raise record.wrong(f"{field}.outlet", f"{outlet.code} is silent since {outlet.days} days")


def _can_copy(story: Story, number: int, original: int) -> bool:
    """Whether telling `number` may copy telling `original`: an earlier one in time that is no copy itself."""
    if not 0 <= original < len(story.tellings) or original == number:
        return False
    source = story.tellings[original]
    return source.copy is None and source.after <= story.tellings[number].after
