"""What a page says about itself in machine-readable form: JSON-LD and meta tags, read as tolerantly as browsers do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from crawlers.extract.text import Tree, clean, plain

_ARTICLE = re.compile(r"(Article|Posting|Report|Review)$|^(VideoObject|WebPage)$")
_SKIPPED = frozenset({"publisher", "comment", "itemListElement", "hasPart", "isPartOf", "mentions", "video", "image"})
_PUBLISHED_META = (
    "article:published_time", "pubdate", "datepublished", "publishdate", "publish-date", "publication_date",
    "dc.date.issued", "dc.date", "sailthru.date", "its_publication", "og:published_time", "date",
)  # fmt: skip
_UPDATED_META = (
    "article:modified_time", "og:updated_time", "datemodified", "lastmod", "last-modified", "article_updatetime",
)  # fmt: skip
_AROUND = re.compile(r"^\s*(<!--|//\s*<!\[CDATA\[|<!\[CDATA\[)|(-->|//\s*\]\]>|\]\]>)\s*$")
_FIELD = r'"{name}"\s*:\s*"((?:[^"\\]|\\.)*)"'


@dataclass(frozen=True, slots=True)
class Metadata:
    """Values in order of trust, not yet parsed; empty where the page is silent."""

    title: str = ""
    description: str = ""
    canonical: str = ""
    published: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    section: str = ""
    tags: tuple[str, ...] = ()
    ld: dict[str, Any] = field(default_factory=dict)


def read_metadata(tree: Tree) -> Metadata:
    """The page's metadata; never raises on broken JSON-LD."""
    meta = _meta(tree)
    ld = article_ld(tree)
    link = tree.css_first("link[rel~=canonical][href]")
    canonical = (link.attributes.get("href") or "") if link else ""
    return Metadata(
        title=_first(meta, "og:title", "twitter:title") or plain(_text(ld.get("headline"))) or _title(tree),
        description=_first(meta, "og:description", "twitter:description", "description"),
        canonical=canonical or _first(meta, "og:url"),
        published=(*_values(ld, "datePublished"), *_all(meta, _PUBLISHED_META), *_values(ld, "dateCreated")),
        updated=(*_values(ld, "dateModified"), *_all(meta, _UPDATED_META)),
        authors=_authors(meta, ld),
        section=plain(_text(ld.get("articleSection"))) or _first(meta, "article:section"),
        tags=_tags(meta),
        ld=ld,
    )


def article_ld(tree: Tree) -> dict[str, Any]:
    """The page's own article object of its JSON-LD, or what dates and names can be picked from a broken one."""
    salvaged: dict[str, Any] = {}
    for script in tree.css('script[type*="ld+json"]'):
        source = script.text() or ""
        parsed = loads(source)
        if parsed is None:
            salvaged = salvaged or _salvage(source)
            continue
        found = sorted(_objects(parsed), key=_rank)
        if found:
            return found[0]
    return salvaged


def loads(source: str) -> Any:
    """JSON as sites write it: comments and CDATA around it, raw control characters, trailing commas. None: hopeless."""
    for mend in (_as_is, _bare, _without_trailing_commas):
        try:
            return json.loads(mend(source), strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _as_is(source: str) -> str:
    return source


def _bare(source: str) -> str:
    return _AROUND.sub("", source.strip()).strip().rstrip(";")


def _without_trailing_commas(source: str) -> str:
    return re.sub(r",\s*(?=[}\]])", "", _bare(source))


def _salvage(source: str) -> dict[str, Any]:
    """Single fields of a JSON-LD article that cannot be parsed as a whole."""
    if not re.search(r'"@type"\s*:\s*+(?:\[\s*+)?"\w*(Article|Posting)"', source):
        return {}
    found: dict[str, Any] = {"@type": "Article"}
    for name in ("headline", "datePublished", "dateModified", "articleSection"):
        match = re.search(_FIELD.format(name=name), source)
        if match:
            found[name] = match[1].replace('\\"', '"').replace("\\/", "/")
    author = re.search(r'"author"\s*:\s*+(?:\[\s*+)?\{[^{}]*?' + _FIELD.format(name="name"), source, re.DOTALL)
    if author and re.search(r'"author"\s*:\s*+(?:\[\s*+)?\{[^{}]*"Person"', source):
        found["author"] = {"@type": "Person", "name": author[1]}
    return found


def _objects(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    if depth > 6:
        return
    if isinstance(value, list):
        for each in value[:50]:
            yield from _objects(each, depth + 1)
    elif isinstance(value, dict):
        if any(_ARTICLE.search(kind) for kind in _kinds(value)):
            yield value
        for name, each in value.items():
            if name not in _SKIPPED and isinstance(each, dict | list):
                yield from _objects(each, depth + 1)


def _kinds(value: dict[str, Any]) -> list[str]:
    kind = value.get("@type")
    return [each for each in (kind if isinstance(kind, list) else [kind]) if isinstance(each, str)]


def _rank(value: dict[str, Any]) -> int:
    kinds = _kinds(value)
    if "WebPage" in kinds:
        return 3
    if "VideoObject" in kinds:
        return 2
    return 0 if value.get("datePublished") else 1


def _meta(tree: Tree) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for node in tree.css("meta[content]"):
        attributes = node.attributes
        content = (attributes.get("content") or "").strip()
        if content:
            for key in ("property", "name", "itemprop"):
                name = (attributes.get(key) or "").lower()
                if name:
                    found.setdefault(name, []).append(content)
    return found


def _first(meta: dict[str, list[str]], *names: str) -> str:
    return next((plain(meta[name][0]) for name in names if name in meta), "")


def _all(meta: dict[str, list[str]], names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(value for name in names for value in meta.get(name, ())[:1])


def _title(tree: Tree) -> str:
    node = tree.css_first("title")
    return clean(node.text()) if node else ""


def _text(value: Any) -> str:
    if isinstance(value, list):
        value = value[0] if value else ""
    return value if isinstance(value, str) else ""


def _values(ld: dict[str, Any], name: str) -> tuple[str, ...]:
    value = _text(ld.get(name))
    return (value,) if value else ()


def _authors(meta: dict[str, list[str]], ld: dict[str, Any]) -> tuple[str, ...]:
    """Names of people only: organisations and addresses that fill author fields say nothing."""
    given = meta.get("dable:author", [])
    if given:
        return tuple(clean(name) for name in plain(given[0]).split(";") if clean(name))
    author = ld.get("author")
    given_people = author if isinstance(author, list) else [author]
    people = [
        plain(_text(each.get("name"))) for each in given_people if isinstance(each, dict) and "Person" in _kinds(each)
    ]
    if not people:
        people = [plain(name) for name in meta.get("article:author", ()) if _is_name(name)]
    publisher = ld.get("publisher")
    house = plain(_text(publisher.get("name"))) if isinstance(publisher, dict) else ""
    return tuple(name for name in dict.fromkeys(people) if _is_name(name) and name.casefold() != house.casefold())


def _is_name(name: str) -> bool:
    return " " in name.strip() and "://" not in name and len(name) <= 80


def _tags(meta: dict[str, list[str]]) -> tuple[str, ...]:
    given = meta.get("article:tag") or meta.get("its_tag") or meta.get("news_keywords") or meta.get("keywords") or []
    names = (clean(part) for value in given for part in plain(value).split(","))
    return tuple(dict.fromkeys(name for name in names if 1 < len(name) <= 60))[:30]
