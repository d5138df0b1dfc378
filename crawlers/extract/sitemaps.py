"""Sitemaps: an index's shards and a shard's pages, with news and lastmod dates; gzip with a bound."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from crawlers.extract.canonical import join
from crawlers.extract.dates import parse_date
from crawlers.extract.feeds import Item, name, parse_feed, parse_xml, text
from crawlers.extract.text import plain

MAX_PAGES = 50_000
_NUMBERS = re.compile(r"\d+")
_OLD = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Shard:
    """Another sitemap that an index names."""

    url: str
    modified: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sitemap:
    """What one sitemap file holds: shards or pages; `Item.published` is the news date, else lastmod."""

    shards: tuple[Shard, ...] = ()
    pages: tuple[Item, ...] = field(default=())


def parse_sitemap(body: str | bytes, url: str, max_bytes: int = 50_000_000) -> Sitemap:
    """The sitemap, an RSS feed in its place included. A body that is neither gives an empty one; never raises."""
    if isinstance(body, bytes):
        body = gunzip(body, max_bytes)
    root = parse_xml(body)
    if root is None:
        return Sitemap()
    kind = name(root)
    if kind == "sitemapindex":
        return Sitemap(shards=tuple(_shards(root, url)))
    if kind == "urlset":
        return Sitemap(pages=tuple(_pages(root, url)))
    return Sitemap(pages=tuple(parse_feed(body, url)))


def gunzip(body: bytes, max_bytes: int) -> bytes:
    """The body, unpacked when it is gzip, at most `max_bytes` of it; "" for a broken stream."""
    if not body.startswith(b"\x1f\x8b"):
        return body[:max_bytes]
    unpacker = zlib.decompressobj(wbits=31)
    try:
        return unpacker.decompress(body, max_bytes)
    except zlib.error:
        return b""


def newest(shards: Sequence[Shard], count: int) -> list[Shard]:
    """The shards to read in one pass: by lastmod, then by the numbers (dates) in their names, latest first."""
    ranked = sorted(
        shards,
        key=lambda shard: (shard.modified or _OLD, [int(each) for each in _NUMBERS.findall(shard.url)]),
        reverse=True,
    )
    return ranked[:count]


def _shards(root: Any, base: str) -> list[Shard]:
    found = []
    for element in root:
        address = _child(element, "loc")
        shard = join(base, address) if name(element) == "sitemap" and address else None
        if shard:
            moment = parse_date(_child(element, "lastmod"))
            found.append(Shard(shard, moment.at if moment else None))
    return found


def _pages(root: Any, base: str) -> list[Item]:
    found = []
    for element in root:
        if name(element) != "url":
            continue
        address = join(base, _child(element, "loc"))
        if address:
            moment = parse_date(_child(element, "publication_date")) or parse_date(_child(element, "lastmod"))
            news = next((each for each in element if name(each) == "news"), None)
            title = plain(_child(news, "title")) if news is not None else ""
            found.append(Item(address, title, "", moment.at if moment else None))
        if len(found) >= MAX_PAGES:
            break
    return found


def _child(element: Any, wanted: str) -> str:
    """The text of the first descendant of that local name (news:* included), stripped; "" when there is none."""
    for each in element.iter():
        if name(each) == wanted and each is not element:
            return text(each).strip()
    return ""
