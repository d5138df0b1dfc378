"""The pages of a news outlet at a moment: home, sections, articles, closed pages, feeds. Pure functions."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

from sandbox.discovery import OFFERS, feed_page, latest, robots_page, sitemap_page
from sandbox.jsonld import json_ld
from sandbox.render import Page, render
from sandbox.site import Item, Site, item_of
from sandbox.urls import section_path
from sandbox.world import Article, World
from sandbox.writing import hash_hex

BOXES = 6
RELATED = 3
MORE = 5


def news_page(world: World, site: Site, path: str, query: str, now: datetime) -> Page:
    """What this outlet answers for a path and query string at `now`."""
    if site.behaviour == "blocked":
        return challenge_page(site, path)
    if path == "/robots.txt":
        return robots_page(site)
    for answer in (_article_page, feed_page, sitemap_page, _closed_page):
        page = answer(world, site, path, now)
        if page:
            return page
    return _listing_page(world, site, path, query, now) or missing_page(world, site)


def challenge_page(site: Site, path: str) -> Page:
    """The challenge that nobody without JavaScript passes: home pages say 200, the rest 503 or 200 by path."""
    status = 200 if path == "/" or int(hash_hex(path)[:4], 16) % 2 else 503
    token = hash_hex(site.code, path)[:24]
    return Page(render("shared/challenge.html", site=site, token=token), status=status)


def missing_page(world: World, site: Site) -> Page:
    return Page(render("shared/missing.html", **_frame(world, site)), status=404)


def _frame(world: World, site: Site) -> dict[str, Any]:
    """What every page's frame needs: menu, feed link, closed search."""
    offer = OFFERS[site.family]
    return {
        "site": site,
        "menu": [(name, section_path(site.family, name)) for name in world.sections(site.code)[:9]],
        "feed": offer.feed,
        "closed": {"search": offer.search, "search_field": offer.search_field},
    }


def _article_page(world: World, site: Site, path: str, now: datetime) -> Page | None:
    article = world.article(site.code, path, now)
    if article is None:
        return None
    item = item_of(site, article, now)
    # Only older articles are shown around an article, so its page changes only when it is edited.
    older = _older(world, site, article)
    template = "article_new.html" if article.new_design else "article.html"
    body = render(
        f"{site.family}/{template}",
        **_frame(world, site),
        item=item,
        related=older[:RELATED],
        more=older[RELATED : RELATED + MORE],
        jsonld=json_ld(item),
    )
    return Page(body, modified=item.modified)


def _older(world: World, site: Site, article: Article) -> list[Item]:
    """Earlier articles as they were first published, those of the same section first."""
    earlier = [each for each in world.articles(site.code, article.published) if each is not article]
    earlier.sort(key=lambda each: each.section != article.section)
    return [item_of(site, each, each.published) for each in earlier[: RELATED + MORE]]


def _closed_page(world: World, site: Site, path: str, now: datetime) -> Page | None:
    """Pages that robots.txt closes. They work, so that a crawler that disobeys finds something."""
    articles = world.articles(site.code, now)
    if path.rstrip("/") == OFFERS[site.family].search.rstrip("/"):
        items = [item_of(site, each, now) for each in articles[:10]]
        return Page(render("shared/search.html", **_frame(world, site), items=items))
    if path.startswith("/print/"):
        number = path.removeprefix("/print/").split(".")[0].strip("/")
        for each in articles:
            if str(each.number) == number:
                return Page(render("shared/print.html", item=item_of(site, each, now)))
    return None


def _listing_page(world: World, site: Site, path: str, query: str, now: datetime) -> Page | None:
    asked = f"{path}?{query}" if query.startswith("page=") else path
    articles = world.articles(site.code, now)
    sections = world.sections(site.code)
    if path == "/" and asked == path:
        section, page = "", 1
    else:
        found = _listing_paths(site.family, sections, 2 + len(articles)).get(asked)
        if found is None:
            return None
        section, page = found
    size = OFFERS[site.family].page_size
    listed = [each for each in articles if section in ("", each.section)]
    shown = [item_of(site, each, now) for each in listed[(page - 1) * size : page * size]]
    if not shown and page > 1:
        return None
    boxes = _boxes(site, sections, articles, now) if path == "/" else []
    more = len(listed) > page * size
    body = render(
        f"{site.family}/listing.html",
        **_frame(world, site),
        heading=section or ("Tin mới nhất" if path != "/" else site.name),
        here=asked,
        items=shown,
        boxes=boxes,
        next=section_path(site.family, section, page + 1) if more else None,
    )
    return Page(body, modified=latest(shown + [item for box in boxes for item in box[2]]))


@lru_cache(maxsize=64)
def _listing_paths(family: str, sections: tuple[str, ...], most: int) -> dict[str, tuple[str, int]]:
    """Every listing path of an outlet with its section and page; `most` pages are more than enough."""
    pages = range(1, 2 + most // OFFERS[family].page_size)
    return {section_path(family, section, page): (section, page) for section in ("", *sections) for page in pages}


def _boxes(
    site: Site, sections: tuple[str, ...], articles: tuple[Article, ...], now: datetime
) -> list[tuple[str, str, list[Item]]]:
    """The home page's section boxes: name, path and the newest articles of each."""
    boxes = []
    for section in sections[:BOXES]:
        newest = [item_of(site, each, now) for each in articles if each.section == section][:RELATED]
        if newest:
            boxes.append((section, section_path(site.family, section), newest))
    return boxes
