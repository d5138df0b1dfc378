"""The source records with which crawlers monitor the sandbox, in the schema of `crawlers/source.py`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from sandbox.channel import POSTS_A_PAGE
from sandbox.discovery import OFFERS
from sandbox.forum import THREADS_A_PAGE, node_path, page_path
from sandbox.site import Site
from sandbox.urls import ARTICLE_PATTERNS, section_path
from sandbox.world import CHANNEL, FIRST_MESSAGE, NODES, World

LEGAL = "Nội dung tự viết, phục vụ trên máy này để trình diễn và kiểm thử."


def source_id(code: str) -> str:
    """`qtnm` -> `qtnm.sandbox`: no id of a real source ends so."""
    return f"{code}.sandbox"


def source_records(
    world: World, sites: Mapping[str, Site], now: datetime | None = None, every_minutes: float = 0.25
) -> list[dict[str, Any]]:
    """One record per site; listings reach back over all that is published by `now` (default: the anchor)."""
    moment = now or world.anchor
    return [_record(world, site, moment, every_minutes) for site in sites.values()]


def write_sources(records: list[dict[str, Any]], file: Path) -> None:
    """Write the records as a registry file that `crawlers.source.load_sources` reads."""
    head = "# Written by `python -m sandbox`; the sandbox web on this machine.\n"
    text = yaml.safe_dump(records, allow_unicode=True, sort_keys=False, width=120)
    # Whoever waits for the file must never read half of it.
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_text(head + text, encoding="utf-8")
    draft.replace(file)


def _record(world: World, site: Site, now: datetime, every_minutes: float) -> dict[str, Any]:
    outlet = world.outlets.get(site.code)
    return {
        "id": source_id(site.code),
        "name": site.name,
        "home": f"{site.base}/",
        "kind": {"forum": "forum", "channel": "social"}.get(site.code, "news"),
        "family": site.family,
        "discovery": _discovery(world, site, now),
        "article_url": ARTICLE_PATTERNS[site.family],
        "every_minutes": every_minutes,
        "politeness": {"concurrency": 2, "delay": 0.0, "max_articles": 500},
        "owned": bool(outlet and outlet.owned),
        # The forum and the channel are the province's people among themselves.
        "local": outlet is None or outlet.local,
        "legal": LEGAL,
        "grade": "A",
        "note": outlet.about if outlet else "",
    }


def _discovery(world: World, site: Site, now: datetime) -> dict[str, list[str]]:
    """What this site offers: feeds and open sitemaps, and listing pages where those do not reach back."""
    if site.code == "forum":
        return {"feeds": [f"{site.base}/forums/-/index.rss"], "sitemaps": [], "listings": _forum(world, site, now)}
    if site.code == "channel":
        return {"feeds": [], "sitemaps": [], "listings": _channel(world, site, now)}
    offer = OFFERS[site.family]
    shards_closed = "Disallow: /sitemaps" in offer.robots
    listings = [] if offer.sitemap and not shards_closed else _stream(world, site, now)
    return {
        "feeds": [site.base + offer.feed] if offer.feed else [],
        "sitemaps": [site.base + offer.sitemap] if offer.sitemap and not shards_closed else [],
        "listings": [site.base + path for path in listings],
    }


def _stream(world: World, site: Site, now: datetime) -> list[str]:
    """The home page and as many pages of the stream of new articles as hold everything published by now."""
    size = OFFERS[site.family].page_size
    pages = -(-len(world.articles(site.code, now)) // size)
    return ["/", *(section_path(site.family, "", page) for page in range(1, pages + 1))]


def _forum(world: World, site: Site, now: datetime) -> list[str]:
    """Every page of every node that holds threads by now."""
    found = []
    for number in range(1, len(NODES) + 1):
        pages = -(-len(world.threads(now, number)) // THREADS_A_PAGE) or 1
        found += [site.base + page_path(node_path(number), page) for page in range(1, pages + 1)]
    return found


def _channel(world: World, site: Site, now: datetime) -> list[str]:
    """The channel's preview page and its older pages, oldest last."""
    preview = f"{site.base}/s/{CHANNEL}"
    starts = [each.id for each in world.messages(now)][::-1][POSTS_A_PAGE - 1 :: POSTS_A_PAGE]
    return [preview, *(f"{preview}?before={start}" for start in starts if start > FIRST_MESSAGE)]
