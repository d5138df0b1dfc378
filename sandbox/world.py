"""`World`: what the sandbox web shows at a moment. Pure: the same content, anchor and moment give the same web."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sandbox.content import Content, Message, Outlet, Story, Telling, Thread, load_content
from sandbox.copies import copied_body
from sandbox.urls import article_path, minute_number
from sandbox.writing import chance, slug

NODES = ("Tin tức - Thời sự", "Đời sống - Dân sinh", "Du lịch - Văn hóa - Thể thao")
LEISURE = frozenset({"tourism", "culture_sports"})
NEWSLIKE = frozenset({"disaster", "security", "traffic", "government", "economy", "land", "defense"})
CHANNEL = "nguoiquangtri"
FIRST_THREAD, FIRST_POST, FIRST_MESSAGE = 2_101, 40_001, 1_501


@dataclass(frozen=True, slots=True)
class Version:
    """An article's text from `at` on."""

    at: datetime
    title: str
    lead: str
    body: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Article:
    """One telling as an outlet publishes it. `key` is the story's id and the telling's number."""

    key: tuple[str, int]
    outlet: str
    path: str
    number: int
    published: datetime
    versions: tuple[Version, ...]
    author: str
    section: str
    tags: tuple[str, ...]
    sentiment: str | None
    copy_of: tuple[str, int] | None
    new_design: bool
    withdrawn: datetime | None = None

    def stands(self, now: datetime) -> bool:
        """Whether the outlet shows it: published and not withdrawn."""
        return self.published <= now and (self.withdrawn is None or now < self.withdrawn)

    def at(self, now: datetime) -> Version:
        """The version that is shown at `now`; the first one when nothing is published yet."""
        return next((each for each in reversed(self.versions) if each.at <= now), self.versions[0])


@dataclass(frozen=True, slots=True)
class ForumPost:
    id: int
    author: str
    at: datetime
    text: str
    sentiment: str | None


@dataclass(frozen=True, slots=True)
class ForumThread:
    """A thread with all its posts, future ones too; `visible` cuts at a moment."""

    key: tuple[str, int]
    id: int
    node: int
    title: str
    posts: tuple[ForumPost, ...]

    @property
    def started(self) -> datetime:
        return self.posts[0].at

    @property
    def path(self) -> str:
        return f"/threads/{slug(self.title, 60)}.{self.id}/"

    def visible(self, now: datetime) -> tuple[ForumPost, ...]:
        return tuple(post for post in self.posts if post.at <= now)


@dataclass(frozen=True, slots=True)
class ChannelPost:
    key: tuple[str, int]
    id: int
    at: datetime
    text: str
    views: int
    sentiment: str | None


class World:
    """Everything the outlets, the forum and the channel publish around the anchor (the start moment)."""

    def __init__(self, anchor: datetime, content: Content | None = None) -> None:
        if anchor.tzinfo is None:
            raise ValueError("the anchor needs a time zone")
        self.anchor = anchor.astimezone(UTC).replace(microsecond=0)
        self.content = content or load_content()
        self._articles = {code: self._outlet_articles(outlet) for code, outlet in self.outlets.items()}
        self._paths = {(each.outlet, each.path): each for each in self.all_articles()}
        self._threads = self._all_threads()
        self._messages = self._all_messages()
        self._moments = sorted(self._changes())

    @property
    def outlets(self) -> dict[str, Outlet]:
        return dict(self.content.outlets)

    def all_articles(self) -> Iterator[Article]:
        """Every article, future ones too, outlet by outlet, oldest first."""
        for articles in self._articles.values():
            yield from articles

    def articles(self, outlet: str, now: datetime) -> tuple[Article, ...]:
        """What an outlet has published by `now` and not withdrawn, newest first."""
        everything = self._articles[outlet]
        published = everything[: bisect_right(everything, now, key=lambda each: each.published)][::-1]
        return tuple(each for each in published if each.stands(now))

    def article(self, outlet: str, path: str, now: datetime) -> Article | None:
        found = self._paths.get((outlet, path))
        return found if found and found.stands(now) else None

    def sections(self, outlet: str) -> tuple[str, ...]:
        """The outlet's sections, the fullest first; the same at any moment, as a menu is."""
        names = [each.section for each in self._articles[outlet]]
        return tuple(sorted(set(names), key=lambda name: (-names.count(name), name)))

    def all_threads(self) -> tuple[ForumThread, ...]:
        return self._threads

    def threads(self, now: datetime, node: int | None = None) -> tuple[ForumThread, ...]:
        """The threads started by `now`, the one with the newest post first."""
        shown = [each for each in self._threads if each.started <= now and node in (None, each.node)]
        return tuple(sorted(shown, key=lambda each: (each.visible(now)[-1].at, each.id), reverse=True))

    def all_messages(self) -> tuple[ChannelPost, ...]:
        return self._messages

    def messages(self, now: datetime) -> tuple[ChannelPost, ...]:
        """The channel's posts by `now`, oldest first as the page shows them."""
        return tuple(each for each in self._messages if each.at <= now)

    def tick(self, now: datetime) -> int:
        """A number that grows exactly when something is published or edited: pages are stable in between."""
        return bisect_right(self._moments, now)

    def _moment(self, story: Story, hours: float) -> datetime:
        """Whole minutes, because most pages show no seconds and all traces of a date shall agree."""
        exact = self.anchor - timedelta(days=story.start) + timedelta(hours=hours)
        return exact.replace(second=0, microsecond=0)

    def _outlet_articles(self, outlet: Outlet) -> tuple[Article, ...]:
        told = [
            (self._moment(story, telling.after), story, number)
            for story in self.content.stories
            for number, telling in enumerate(story.tellings)
            if telling.outlet == outlet.code
        ]
        told.sort(key=lambda each: (each[0], each[1].id, each[2]))
        articles: list[Article] = []
        paths: set[str] = set()
        last = 0
        for published, story, number in told:
            # Two articles of one minute get numbers one apart: numbers are unique within an outlet.
            last = max(minute_number(published), last + 1)
            article = self._article(outlet, story, number, published, last, paths)
            paths.add(article.path)
            articles.append(article)
        return tuple(articles)

    def _article(
        self, outlet: Outlet, story: Story, number: int, published: datetime, numbered: int, taken: set[str]
    ) -> Article:
        telling = story.tellings[number]
        source = story.tellings[telling.copy] if telling.copy is not None else None
        section = telling.section or (source.section if source else None) or "Thời sự"
        seed = f"{story.id}/{number}"
        title = telling.title
        path = article_path(outlet.family, section, title, published, numbered, seed)
        while path in taken:  # only WordPress has no number in its URLs; it counts titles, as here
            title += " 2"
            path = article_path(outlet.family, section, title, published, numbered, seed)
        return Article(
            key=(story.id, number),
            outlet=outlet.code,
            path=path,
            number=numbered,
            published=published,
            versions=tuple(self._versions(story, number, published)),
            author=telling.author or "Tổng hợp",
            section=section,
            tags=_tags(telling.title, section),
            sentiment=telling.sentiment or story.sentiment,
            copy_of=(story.id, telling.copy) if telling.copy is not None else None,
            withdrawn=published + timedelta(hours=telling.withdrawn) if telling.withdrawn is not None else None,
            new_design=outlet.behaviour == "redesign" and published >= self.anchor - timedelta(days=outlet.days or 0),
        )

    def _versions(self, story: Story, number: int, published: datetime) -> Iterator[Version]:
        telling = story.tellings[number]
        shown = Version(published, telling.title, *self._text(story, telling, f"{story.id}/{number}"))
        yield shown
        for edit in sorted(telling.edits, key=lambda each: each.after):
            at = (published + timedelta(hours=edit.after)).replace(second=0, microsecond=0)
            shown = Version(at, edit.title or shown.title, edit.lead or shown.lead, edit.body or shown.body)
            yield shown

    def _text(self, story: Story, telling: Telling, seed: str) -> tuple[str, tuple[str, ...]]:
        """Lead and body, taken from the copied telling where this one has none of its own."""
        if telling.copy is None:
            return telling.lead or "", telling.body
        source = story.tellings[telling.copy]
        body = telling.body or copied_body(source, self.outlets[source.outlet].name, seed)
        return telling.lead or source.lead or "", body

    def _all_threads(self) -> tuple[ForumThread, ...]:
        pairs = [(story, k, thread) for story in self.content.stories for k, thread in enumerate(story.threads)]
        pairs.sort(key=lambda each: (self._moment(each[0], each[2].after), each[0].id, each[1]))
        posts = sorted(
            (self._moment(story, thread.after + reply.after), story.id, k, n)
            for story, k, thread in pairs
            for n, reply in enumerate(thread.posts)
        )
        ids = {key[1:]: FIRST_POST + place for place, key in enumerate(posts)}
        return tuple(
            ForumThread(
                key=(story.id, k),
                id=FIRST_THREAD + place,
                node=_node(story),
                title=thread.title,
                posts=tuple(self._posts(story, k, thread, ids)),
            )
            for place, (story, k, thread) in enumerate(pairs)
        )

    def _posts(self, story: Story, k: int, thread: Thread, ids: dict[tuple[str, int, int], int]) -> Iterator[ForumPost]:
        for n, reply in enumerate(thread.posts):
            at = self._moment(story, thread.after + reply.after)
            sentiment = reply.sentiment or story.sentiment if story.relevance else None
            yield ForumPost(ids[story.id, k, n], reply.author, at, reply.text, sentiment)

    def _all_messages(self) -> tuple[ChannelPost, ...]:
        found: list[tuple[datetime, str, int, Story, Message]] = sorted(
            (
                (self._moment(story, message.after), story.id, k, story, message)
                for story in self.content.stories
                for k, message in enumerate(story.channel)
            ),
            key=lambda each: each[:3],
        )
        return tuple(
            ChannelPost(
                key=(name, k),
                id=FIRST_MESSAGE + place,
                at=at,
                text=message.text,
                views=300 + chance(name, k, "views") % 4_000,
                sentiment=(message.sentiment or story.sentiment) if story.relevance else None,
            )
            for place, (at, name, k, story, message) in enumerate(found)
        )

    def _changes(self) -> Iterable[datetime]:
        yield from (version.at for each in self.all_articles() for version in each.versions)
        yield from (each.withdrawn for each in self.all_articles() if each.withdrawn is not None)
        yield from (post.at for thread in self._threads for post in thread.posts)
        yield from (message.at for message in self._messages)


def _node(story: Story) -> int:
    """The forum's node (from 1) where people would talk about this story."""
    if story.topics[0] in LEISURE:
        return 3
    return 1 if story.topics[0] in NEWSLIKE else 2


def _tags(title: str, section: str) -> tuple[str, ...]:
    """Tags as an editor might set them. Made from the title, not from the truth, which pages must not leak."""
    names = re.findall(r"(?<=[\w,] )[A-ZĐÀ-Ỹ][\w]*(?: [A-ZĐÀ-Ỹ][\w]*)+", title)
    return (*dict.fromkeys(names), section.lower())[:4]
