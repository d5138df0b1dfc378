"""JSON-LD as the families really write it, with their faults, so that extractors meet them at home."""

from __future__ import annotations

import json
from typing import Any

from sandbox.site import Item


def json_ld(item: Item) -> str | None:
    """The text of the page's ld+json script, or None where the family has none (or the new design microdata)."""
    match item.site.family:
        case "vccorp" if item.site.code == "nsmt":
            # cafef: local times that do not say so.
            return _script(_article(item, item.published_naked, None))
        case "vccorp":
            return _with_control_characters(_article(item, item.published_iso, item.modified_iso))
        case "hemera":
            return _script([_article(item, item.published_compact, item.modified_compact), _crumbs(item)])
        case "wordpress":
            return _script(_yoast(item))
        case "vnexpress":
            return _script(_article(item, item.published_iso, item.modified_iso))
        case _:
            return None


def _script(data: Any) -> str:
    """JSON that cannot close its own script element."""
    return json.dumps(data, ensure_ascii=False, indent=1).replace("</", "<\\/")


def _with_control_characters(data: dict[str, Any]) -> str:
    """The VCCorp fault: a raw line break and tab inside a string, which strict JSON parsers refuse."""
    marked = {**data, "description": data["description"] + "\r\n\t"}
    return _script(marked).replace("\\r\\n\\t", "\r\n\t")


def _article(item: Item, published: str, modified: str | None) -> dict[str, Any]:
    record: dict[str, Any] = {
        "@context": "http://schema.org",
        "@type": "NewsArticle",
        "mainEntityOfPage": {"@type": "WebPage", "@id": item.url},
        "headline": item.title,
        "description": item.lead,
        "image": {"@type": "ImageObject", "url": item.image, "width": 960, "height": 540},
        "datePublished": published,
        "author": {"@type": "Person", "name": item.author},
        "publisher": {"@type": "Organization", "name": item.site.name},
    }
    return record if modified is None else {**record, "dateModified": modified}


def _crumbs(item: Item) -> dict[str, Any]:
    return {
        "@context": "http://schema.org",
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": 1, "item": {"@id": item.site.base + "/", "name": "Trang chủ"}},
            {
                "@type": "ListItem",
                "position": 2,
                "item": {"@id": item.site.base + item.section_path, "name": item.section},
            },
        ],
    }


def _yoast(item: Item) -> dict[str, Any]:
    """Yoast's @graph: the article beside page, site and person, joined by @id."""
    base = item.site.base
    return {
        "@context": "https://schema.org",
        "@graph": [
            {
                "@type": "Article",
                "@id": f"{item.url}#article",
                "isPartOf": {"@id": item.url},
                "author": {"@id": f"{base}/#/schema/person/{item.author_slug}"},
                "headline": item.title,
                "datePublished": item.published_utc,
                "dateModified": item.modified_utc,
                "articleSection": [item.section],
                "keywords": list(item.tags),
                "inLanguage": "vi",
            },
            {"@type": "WebPage", "@id": item.url, "name": item.title, "datePublished": item.published_utc},
            {"@type": "WebSite", "@id": f"{base}/#website", "url": f"{base}/", "name": item.site.name},
            {"@type": "Person", "@id": f"{base}/#/schema/person/{item.author_slug}", "name": item.author},
        ],
    }
