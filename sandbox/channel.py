"""The Telegram-like public channel at a moment: the preview page `/s/<name>` with `?before=` paging."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import parse_qs

from sandbox.render import TEXT, Page, render
from sandbox.site import Site
from sandbox.world import CHANNEL, ChannelPost, World

POSTS_A_PAGE = 20
ROBOTS = "User-agent: *\nDisallow: /search\nDisallow: /share/\n"


def channel_page(world: World, site: Site, path: str, query: str, now: datetime) -> Page:
    """The preview page, one message at `/<name>/<id>`, or a redirect to the preview."""
    if path == "/robots.txt":
        return Page(ROBOTS, TEXT)
    messages = world.messages(now)
    if path.rstrip("/") == f"/s/{CHANNEL}":
        before = parse_qs(query).get("before", [""])[0]
        if not before.isdecimal():
            return _preview(site, messages, "")
        return _preview(site, tuple(each for each in messages if each.id < int(before)), f"?before={before}")
    if path.rstrip("/") in ("", f"/{CHANNEL}"):
        return Page("", status=302, location=f"{site.base}/s/{CHANNEL}")
    for message in messages:
        if path == f"/{CHANNEL}/{message.id}":
            return _page(site, (message,), None, f"/{message.id}")
    return Page(render("shared/gone.html"), status=404)


def _preview(site: Site, messages: tuple[ChannelPost, ...], suffix: str) -> Page:
    shown = messages[-POSTS_A_PAGE:]
    older = shown[0].id if len(messages) > len(shown) else None
    return _page(site, shown, older, suffix)


def _page(site: Site, shown: tuple[ChannelPost, ...], before: int | None, suffix: str) -> Page:
    body = render("channel/page.html", site=site, channel=CHANNEL, messages=shown, before=before, suffix=suffix)
    return Page(body, modified=shown[-1].at if shown else None)
