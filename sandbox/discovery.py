"""What each family offers a crawler besides pages: robots.txt, feeds, sitemap shards, and where they stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox import writing
from sandbox.render import PLAIN_XML, TEXT, XML, Page, render
from sandbox.site import Item, Site, item_of
from sandbox.world import Article, World
from sandbox.writing import local, slug


@dataclass(frozen=True, slots=True)
class Offer:
    """One family's surfaces. `feed` is the main feed's path; `section_feed` takes a section's slug."""

    robots: tuple[str, ...]
    search: str
    search_field: str
    feed: str | None = None
    section_feed: str | None = None
    feed_size: int = 50
    sitemap: str | None = None
    page_size: int = 20


OFFERS = {
    "vccorp": Offer(
        robots=("Disallow: /tim-kiem", "Disallow: /print/", "Disallow: /ajax/"),
        search="/tim-kiem.htm",
        search_field="keywords",
        feed="/rss/home.rss",
        section_feed="/rss/{}.rss",
        sitemap="/sitemaps/index.rss",
    ),
    "hemera": Offer(
        robots=("Disallow: /tim-kiem/", "Disallow: /print/", "Disallow: /api/"),
        search="/tim-kiem/",
        search_field="q",
        feed="/rss/home.rss",
        section_feed="/rss/{}.rss",
        sitemap="/sitemap.xml",
    ),
    "baoquangbinh": Offer(
        robots=("Disallow: /tim-kiem/", "Disallow: /print/"),
        search="/tim-kiem/",
        search_field="q",
        page_size=30,
    ),
    "wordpress": Offer(
        robots=("Disallow: /wp-admin/", "Disallow: /*?s=", "Disallow: /search", "Disallow: /print/"),
        search="/search/",
        search_field="s",
        feed="/feed/",
        section_feed="/category/{}/feed/",
        feed_size=20,
        sitemap="/wp-sitemap.xml",
        page_size=10,
    ),
    "vnexpress": Offer(
        # The daily shards are closed to bots; the index that names them is open.
        robots=("Disallow: /sitemaps", "Disallow: /tim-kiem", "Disallow: /print/"),
        search="/tim-kiem",
        search_field="q",
        feed="/rss/tin-moi-nhat.rss",
        section_feed="/rss/{}.rss",
        feed_size=60,
        sitemap="/sitemap.xml",
        page_size=30,
    ),
}


def robots_page(site: Site) -> Page:
    offer = OFFERS[site.family]
    lines = ["User-agent: *", *offer.robots]
    if offer.sitemap:
        lines += ["", f"Sitemap: {site.base}{offer.sitemap}"]
    return Page("\n".join(lines) + "\n", TEXT)


def feed_page(world: World, site: Site, path: str, now: datetime) -> Page | None:
    """The RSS feed at this path, or None when there is none."""
    offer = OFFERS[site.family]
    if not offer.feed:
        return None
    articles: tuple[Article, ...] | None = None
    title = f"{site.name} - RSS"
    if path == offer.feed:
        articles = world.articles(site.code, now)
    for section in world.sections(site.code):
        if offer.section_feed and path == offer.section_feed.format(slug(section)):
            title = f"{section} - {site.name} - RSS"
            articles = tuple(each for each in world.articles(site.code, now) if each.section == section)
    if articles is None:
        return None
    items = [item_of(site, each, now) for each in articles[: offer.feed_size]]
    modified = latest(items)
    body = render(
        "shared/feed.xml",
        site=site,
        family=site.family,
        title=title,
        items=items,
        updated=writing.rfc822(modified) if modified else None,
        self_url=site.base + path,
    )
    return Page(body, XML, modified=modified)


def sitemap_page(world: World, site: Site, path: str, now: datetime) -> Page | None:
    """The sitemap index or shard at this path, or None."""
    offer = OFFERS[site.family]
    if not offer.sitemap:
        return None
    shards: dict[str, list[Item]] = {}
    for article in world.articles(site.code, now):
        shards.setdefault(SHARDS[site.family](article.published), []).append(item_of(site, article, now))
    if path == offer.sitemap:
        rows = [(site.base + name, writing.iso(_newest(items))) for name, items in shards.items()]
        everything = [item for items in shards.values() for item in items]
        return Page(render("shared/sitemap.xml", site=site, shards=rows), PLAIN_XML, modified=latest(everything))
    if path not in shards:
        return None
    news = site.family == "hemera"
    body = render("shared/sitemap.xml", site=site, items=shards[path], news=news)
    return Page(body, PLAIN_XML, modified=latest(shards[path]))


def latest(items: list[Item]) -> datetime | None:
    """When the newest of these texts appeared or changed."""
    return _newest(items) if items else None


def _newest(items: list[Item]) -> datetime:
    return max(item.modified for item in items)


def _five_days(moment: datetime) -> str:
    """VCCorp shards: days 1-5, 6-10, ... and the rest of the month from 26 on."""
    when = local(moment)
    first = min((when.day - 1) // 5 * 5 + 1, 26)
    month_end = (when.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    last = month_end.day if first == 26 else first + 4
    return f"/StaticSitemaps/sitemaps-{when.year}-{when.month}-{first}-{last}.xml"


def _month(moment: datetime) -> str:
    when = local(moment)
    return f"/sitemaps/news-{when.year}-{when.month}.xml"


def _day(moment: datetime) -> str:
    return f"/sitemaps/articles-{local(moment):%Y-%m-%d}-sitemap.xml"


SHARDS: dict[str, Callable[[datetime], str]] = {
    "vccorp": _five_days,
    "hemera": _month,
    "wordpress": lambda moment: "/wp-sitemap-posts-post-1.xml",
    "vnexpress": _day,
}
