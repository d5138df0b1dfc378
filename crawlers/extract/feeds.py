"""RSS and Atom to items. Entities, DTDs and the network stay off; broken feeds give what can still be read."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml import etree

from crawlers.extract.canonical import join
from crawlers.extract.dates import parse_date
from crawlers.extract.text import plain

MAX_ITEMS = 20_000
_MOST_TAGS = 1_500_000  # a full sitemap of 50,000 news pages has half of it; a tree takes 150 bytes for each
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
# By its first bytes, a byte-order mark or the first tag; libxml2 in its tolerant mode finds nothing in it.
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be", b"<\0": "utf-16-le", b"\0<": "utf-16-be"}
_DECLARED = re.compile(rb"^\s*<\?xml[^>]*\?>")
_LOST = 0.9  # of the entries that a feed closes; below, its markup broke the tree
_LINKS = ("link", "guid", "id")
_DATES = ("pubdate", "published", "date", "issued", "updated", "publication_date")
_SUMMARIES = ("description", "summary", "encoded", "content")


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a feed: an absolute address, and as plain text what the feed says of it."""

    url: str
    title: str = ""
    summary: str = ""
    published: datetime | None = None
    # RSS <source>: the outlet whose article a feed of feeds names.
    outlet: str = ""
    outlet_name: str = ""


def parse_feed(body: str | bytes, url: str) -> list[Item]:
    """The feed's items in its order, each address once. A body that is no feed gives an empty list; never raises."""
    root = parse_xml(body)
    if root is None:
        return []
    entries = list(_entries(root))
    raw = _DECLARATION.sub("", body).encode("utf-8", "replace") if isinstance(body, str) else body
    whole = len(entries) >= _LOST * raw.count(b"</item>")
    found: dict[str, Item] = {}
    for entry in entries if whole else _one_by_one(raw):
        item = _item(entry, url)
        if item is not None:
            found.setdefault(item.url, item)
        if len(found) >= MAX_ITEMS:
            break
    return list(found.values())


def _one_by_one(body: bytes) -> Iterator[Any]:
    """The entries of a feed that broke somewhere: each parsed by itself, so that one costs no other."""
    declared = _DECLARED.match(body)
    head = declared[0] if declared else b""
    for part in body.split(b"</item>")[:-1]:
        start = part.find(b"<item")
        root = parse_xml(head + b"<x>" + part[start:] + b"</item></x>") if start >= 0 else None
        if root is not None:
            yield from _entries(root)


def parse_xml(body: str | bytes) -> Any:
    """The root element, or None. Safe against entity expansion and external references, tolerant of broken markup."""
    if isinstance(body, str):
        # The declaration names the encoding the text had before it was decoded.
        body = _DECLARATION.sub("", body).encode("utf-8", "replace")
    elif (encoding := next((each for signs, each in _UTF16.items() if body.startswith(signs)), None)) is not None:
        return parse_xml(body.decode(encoding, "replace").removeprefix("\ufeff"))
    start = body.find(b"<")
    if start < 0 or body.count(b"<") > _MOST_TAGS:
        return None
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
        huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        return etree.fromstring(_CONTROL.sub(b"", body[start:]), parser)
    except (etree.XMLSyntaxError, ValueError, LookupError):
        return None


def name(element: Any) -> str:
    """The element's local name in small letters; "" for what is no element."""
    tag = element.tag
    return tag.rsplit("}", 1)[-1].lower() if isinstance(tag, str) else ""


def text(element: Any) -> str:
    """All text below the element."""
    return "".join(element.itertext())


def _entries(root: Any) -> Iterator[Any]:
    for element in root.iter():
        if name(element) in ("item", "entry"):
            yield element


def _item(entry: Any, base: str) -> Item | None:
    children: dict[str, list[Any]] = {}
    for child in entry:
        children.setdefault(name(child), []).append(child)
    address = _address(children, base)
    if address is None:
        return None
    outlet = next(iter(children.get("source", ())), None)
    return Item(
        outlet=(outlet.get("url") or "") if outlet is not None else "",
        outlet_name=plain(text(outlet)) if outlet is not None else "",
        url=address,
        title=plain(_first(children, ("title",))),
        summary=plain(_first(children, _SUMMARIES)),
        published=_date(children),
    )


def _address(children: dict[str, list[Any]], base: str) -> str | None:
    for kind in _LINKS:
        for element in children.get(kind, ()):
            if element.get("rel", "alternate") != "alternate" or element.get("isPermaLink") == "false":
                continue
            href = (element.get("href") or text(element)).strip()
            address = join(base, href) if href else None
            if address and (kind == "link" or "://" in href):
                return address
    return None


def _first(children: dict[str, list[Any]], names: tuple[str, ...]) -> str:
    for each in names:
        for element in children.get(each, ()):
            found = text(element).strip()
            if found:
                return found
    return ""


def _date(children: dict[str, list[Any]]) -> datetime | None:
    moment = parse_date(_first(children, _DATES))
    return moment.at if moment else None
