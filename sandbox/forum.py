"""The XenForo-like forum at a moment: index, nodes, threads with paging, RSS. Pure functions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox import writing
from sandbox.render import TEXT, XML, Page, render
from sandbox.site import Site
from sandbox.world import NODES, ForumPost, ForumThread, World

POSTS_A_PAGE = 20
THREADS_A_PAGE = 20
FEED_SIZE = 30
ROBOTS = "User-agent: *\nDisallow: /search/\nDisallow: /members/\nDisallow: /login/\nDisallow: /admin.php\n"
SIGNATURES = ("Quảng Trị quê mình, gió Lào cát trắng.", "Mua bán có tâm, gọi trước khi qua.")
_NODE = re.compile(r"^/forums/[a-z0-9-]+\.(\d+)/(?:page-(\d+))?$")
_NODE_FEED = re.compile(r"^/forums/(?:[a-z0-9-]+\.(\d+)|-)/index\.rss$")
_THREAD = re.compile(r"^/threads/[a-z0-9-]+\.(\d+)/(?:page-(\d+)|post-(\d+)|(latest))?$")


@dataclass(frozen=True, slots=True)
class Node:
    id: int
    name: str
    path: str
    threads: int
    last: ForumThread | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class FeedItem:
    url: str
    title: str
    author: str
    lead: str
    number: int
    replies: int
    feed_date: str


def forum_page(world: World, site: Site, path: str, query: str, now: datetime) -> Page:
    """What the forum answers for a path at `now`."""
    if path == "/robots.txt":
        return Page(ROBOTS, TEXT)
    if path == "/":
        return _index_page(world, site, now)
    if match := _NODE_FEED.match(path):
        return _feed_page(world, site, int(match[1]) if match[1] else None, path, now)
    if match := _NODE.match(path):
        return _node_page(world, site, int(match[1]), int(match[2] or 1), now)
    if match := _THREAD.match(path):
        return _thread_answer(world, site, match, now)
    return _missing(world, site, now)


def node_path(number: int) -> str:
    return f"/forums/{writing.slug(NODES[number - 1])}.{number}/"


def page_path(base: str, page: int) -> str:
    return base if page == 1 else f"{base}page-{page}"


def _nodes(world: World, now: datetime) -> list[Node]:
    found = []
    for number, name in enumerate(NODES, start=1):
        threads = world.threads(now, number)
        last = threads[0] if threads else None
        at = last.visible(now)[-1].at if last else None
        found.append(Node(number, name, node_path(number), len(threads), last, at))
    return found


def _frame(world: World, site: Site, now: datetime, heading: str) -> dict[str, Any]:
    return {"site": site, "nodes": _nodes(world, now), "heading": heading}


def _missing(world: World, site: Site, now: datetime) -> Page:
    frame = _frame(world, site, now, "Ồ! Chúng tôi gặp phải một số vấn đề.")
    return Page(render("forum/page.html", **frame), status=404)


def _index_page(world: World, site: Site, now: datetime) -> Page:
    frame = _frame(world, site, now, site.name)
    return Page(render("forum/index.html", **frame), modified=_last_activity(world.threads(now), now))


def _last_activity(threads: tuple[ForumThread, ...], now: datetime) -> datetime | None:
    return threads[0].visible(now)[-1].at if threads else None


def _node_page(world: World, site: Site, number: int, page: int, now: datetime) -> Page:
    threads = world.threads(now, number)
    shown = threads[(page - 1) * THREADS_A_PAGE : page * THREADS_A_PAGE]
    if not 1 <= number <= len(NODES) or (not shown and page > 1):
        return _missing(world, site, now)
    base = node_path(number)
    body = render(
        "forum/node.html",
        **_frame(world, site, now, NODES[number - 1]),
        threads=[(thread, thread.visible(now)) for thread in shown],
        here=page_path(base, page),
        **_paging(base, page, len(threads), THREADS_A_PAGE),
    )
    return Page(body, modified=_last_activity(threads, now))


def _paging(base: str, page: int, count: int, size: int) -> dict[str, Any]:
    return {
        "page": page,
        "previous": page_path(base, page - 1) if page > 1 else None,
        "next": page_path(base, page + 1) if count > page * size else None,
    }


def _thread_answer(world: World, site: Site, match: re.Match[str], now: datetime) -> Page:
    """A thread's page, or the redirect of a post's permanent link to its place, as XenForo does."""
    thread = next((each for each in world.threads(now) if each.id == int(match[1])), None)
    if thread is None:
        return _missing(world, site, now)
    posts = thread.visible(now)
    wanted = posts[-1].id if match[4] else int(match[3] or 0)
    if not wanted:
        return _thread_page(world, site, thread, posts, int(match[2] or 1), now)
    place = next((place for place, post in enumerate(posts) if post.id == wanted), None)
    if place is None:
        return _missing(world, site, now)
    target = page_path(thread.path, place // POSTS_A_PAGE + 1)
    return Page("", status=303, location=f"{site.base}{target}#post-{wanted}")


def _thread_page(
    world: World, site: Site, thread: ForumThread, posts: tuple[ForumPost, ...], page: int, now: datetime
) -> Page:
    first = (page - 1) * POSTS_A_PAGE
    shown = posts[first : first + POSTS_A_PAGE]
    if not shown:
        return _missing(world, site, now)
    numbered = [
        (number, post, _quoted(thread, post), _signature(post)) for number, post in enumerate(shown, start=first + 1)
    ]
    frame = _frame(world, site, now, thread.title)
    body = render(
        "forum/thread.html",
        **frame,
        thread=thread,
        node=frame["nodes"][thread.node - 1],
        shown=numbered,
        here=page_path(thread.path, page),
        **_paging(thread.path, page, len(posts), POSTS_A_PAGE),
    )
    return Page(body, modified=shown[-1].at if len(shown) == POSTS_A_PAGE else posts[-1].at)


def _quoted(thread: ForumThread, post: ForumPost) -> ForumPost | None:
    """Every fifth reply quotes the first post: words that are not its own and must be stripped."""
    first = thread.posts[0]
    return first if post is not first and writing.chance(*thread.key, post.id, "quote") % 5 == 0 else None


def _signature(post: ForumPost) -> str | None:
    """Some members have a signature under every post, in a .bbWrapper of its own as XenForo has it."""
    pick = writing.chance(post.author, "signature") % 8
    return SIGNATURES[pick] if pick < len(SIGNATURES) else None


def _feed_page(world: World, site: Site, node: int | None, path: str, now: datetime) -> Page:
    """XenForo's feed: the newest threads by last activity, each with its first post."""
    threads = world.threads(now, node)[:FEED_SIZE]
    items = [
        FeedItem(
            url=site.base + thread.path,
            title=thread.title,
            author=thread.posts[0].author,
            lead=thread.posts[0].text,
            number=thread.id,
            replies=len(thread.visible(now)) - 1,
            feed_date=writing.rfc822(thread.started),
        )
        for thread in threads
    ]
    modified = _last_activity(threads, now)
    body = render(
        "shared/feed.xml",
        site=site,
        family="xenforo",
        title=site.name,
        items=items,
        updated=writing.rfc822(modified) if modified else None,
        self_url=site.base + path,
    )
    return Page(body, XML, modified=modified)
