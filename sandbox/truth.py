"""The truth about the sandbox web: every text with its labels, the stories, the planted issues, the outlets.

`python -m sandbox.truth --anchor ISO --base-port N > truth.json` writes it for a sandbox started with that anchor.
Tests and evaluation read it; the product never does.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.__main__ import moment
from sandbox.content import ISSUES, Content, Outlet, Story
from sandbox.site import DEFAULT_PORT, Site, make_sites, message_url, numbered_bases
from sandbox.sources import source_id
from sandbox.world import Article, ForumThread, World


def truth(
    anchor: datetime,
    now: datetime | None = None,
    *,
    bases: Mapping[str, str] | None = None,
    content: Content | None = None,
) -> dict[str, Any]:
    """The truth of a sandbox with this anchor; texts published by `now` only, or (None) all that ever will be.

    `bases` are the sites' base URLs by code (`Site.base`); default: ports from 8700 on.
    """
    world = World(anchor, content)
    sites = make_sites(world, bases or numbered_bases(world))
    texts = sorted(_texts(world, sites, now), key=lambda text: (text["published_at"], text["url"]))
    return {
        "anchor": _utc(world.anchor),
        "now": _utc(now) if now else None,
        "texts": texts,
        "stories": [_story(story, texts) for story in world.content.stories],
        "issues": [issue for kind in ISSUES if (issue := _issue(kind, world.content.stories, texts))],
        "outlets": [_outlet(outlet, sites[outlet.code], world) for outlet in world.outlets.values()],
    }


def _texts(world: World, sites: Mapping[str, Site], now: datetime | None) -> Iterator[dict[str, Any]]:
    stories = {story.id: story for story in world.content.stories}
    by_key = {article.key: article for article in world.all_articles()}
    for article in by_key.values():
        if now is None or article.published <= now:
            yield _article(article, stories[article.key[0]], by_key, sites, now)
    for thread in world.all_threads():
        yield from _thread(thread, stories[thread.key[0]], sites["forum"], now)
    for message in world.all_messages():
        if now is None or message.at <= now:
            url = message_url(sites["channel"], message.id)
            story = stories[message.key[0]]
            yield _text(story, "channel", url, message.at, message.sentiment, kind="social", body=message.text)


def _article(
    article: Article,
    story: Story,
    by_key: Mapping[tuple[str, int], Article],
    sites: Mapping[str, Site],
    now: datetime | None,
) -> dict[str, Any]:
    shown = article.versions[-1] if now is None else article.at(now)
    site = sites[article.outlet]
    source = by_key[article.copy_of] if article.copy_of else None
    gone = article.withdrawn is not None and (now is None or article.withdrawn <= now)
    sentiment = article.sentiment if story.relevance else None
    record = _text(story, article.outlet, site.base + article.path, article.published, sentiment)
    return {
        **record,
        "title": shown.title,
        "lead": shown.lead,
        "body": "\n".join(shown.body),
        "author": article.author,
        "section": article.section,
        "copy_of": sites[source.outlet].base + source.path if source else None,
        "edited_at": [_utc(version.at) for version in article.versions[1:] if now is None or version.at <= now],
        "new_design": article.new_design,
        "withdrawn_at": _utc(article.withdrawn) if gone and article.withdrawn else None,
        "readable": site.behaviour != "blocked" and not gone,
    }


def _thread(thread: ForumThread, story: Story, site: Site, now: datetime | None) -> Iterator[dict[str, Any]]:
    """The first post has the thread's URL and title; a reply is a comment at its anchor, the thread its parent."""
    url = site.base + thread.path
    for post in thread.posts if now is None else thread.visible(now):
        first = post is thread.posts[0]
        record = _text(
            story,
            "forum",
            url if first else f"{url}#post-{post.id}",
            post.at,
            post.sentiment,
            kind="forum" if first else "comment",
            title=thread.title if first else "",
            body=post.text,
        )
        yield {**record, "author": post.author, "parent_url": None if first else url}


def _text(
    story: Story,
    code: str,
    url: str,
    published: datetime,
    sentiment: str | None,
    *,
    kind: str = "news",
    title: str = "",
    body: str = "",
) -> dict[str, Any]:
    """The record of one published text, with what holds for its whole story."""
    return {
        "url": url,
        "source": source_id(code),
        "kind": kind,
        "story": story.id,
        "relevance": story.relevance,
        "topics": list(story.topics),
        "sentiment": sentiment,
        "places": list(story.places),
        "published_at": _utc(published),
        "title": title,
        "lead": "",
        "body": body,
        "author": None,
        "section": None,
        "copy_of": None,
        "parent_url": None,
        "edited_at": [],
        "new_design": False,
        "readable": True,
    }


def _story(story: Story, texts: list[dict[str, Any]]) -> dict[str, Any]:
    urls = [text["url"] for text in texts if text["story"] == story.id]
    return {
        "id": story.id,
        "title": story.about,
        "relevance": story.relevance,
        "topics": list(story.topics),
        "sentiment": story.sentiment,
        "places": list(story.places),
        "trap": story.trap,
        "issue": story.issue,
        "urls": urls,
    }


def _issue(kind: str, stories: tuple[Story, ...], texts: list[dict[str, Any]]) -> dict[str, Any] | None:
    """One planted issue: its stories and since when it is told."""
    planted = [story for story in stories if story.issue == kind]
    ids = {story.id for story in planted}
    times = [text["published_at"] for text in texts if text["story"] in ids]
    if not times:
        return None
    return {
        "kind": kind,
        "stories": [story.id for story in planted],
        "titles": [story.about for story in planted],
        "topics": list(dict.fromkeys(topic for story in planted for topic in story.topics)),
        "places": list(dict.fromkeys(place for story in planted for place in story.places)),
        "since": min(times),
        "texts": len(times),
    }


def _outlet(outlet: Outlet, site: Site, world: World) -> dict[str, Any]:
    since = world.anchor - timedelta(days=outlet.days) if outlet.days is not None else None
    return {
        "code": outlet.code,
        "source": source_id(outlet.code),
        "name": outlet.name,
        "family": outlet.family,
        "home": f"{site.base}/",
        "owned": outlet.owned,
        "behaviour": outlet.behaviour,
        "since": _utc(since) if since else None,
    }


def _utc(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox.truth", description="The sandbox's truth as JSON.")
    parser.add_argument("--anchor", type=moment, required=True, help="the sandbox's start moment, ISO 8601")
    parser.add_argument("--now", type=moment, help="only what is published by then; default: everything")
    parser.add_argument("--base-port", type=int, default=DEFAULT_PORT)
    given = parser.parse_args(arguments)
    bases = numbered_bases(World(given.anchor), given.base_port)
    json.dump(truth(given.anchor, given.now, bases=bases), sys.stdout, ensure_ascii=False, indent=1)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
