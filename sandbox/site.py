"""One site of the sandbox web as a page sees it: its address, and an article dressed for its templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox import writing
from sandbox.urls import section_path
from sandbox.world import CHANNEL, Article, World

FORUM_NAME = "Diễn đàn Dân Quảng Trị"
CHANNEL_NAME = "Người Quảng Trị"
DEFAULT_PORT = 8700


@dataclass(frozen=True, slots=True)
class Site:
    """`base` is scheme, host and port without a slash; `family` also picks the templates."""

    code: str
    name: str
    family: str
    base: str
    colour: str
    behaviour: str | None = None


def site_codes(world: World) -> tuple[str, ...]:
    """Every site in the order of its port: the outlets, then the forum, then the channel."""
    return (*world.outlets, "forum", "channel")


def make_sites(world: World, bases: Mapping[str, str]) -> dict[str, Site]:
    """The sites at these base URLs, by code."""
    sites = {
        code: Site(code, outlet.name, outlet.family, bases[code], outlet.colour, outlet.behaviour)
        for code, outlet in world.outlets.items()
    }
    sites["forum"] = Site("forum", FORUM_NAME, "xenforo", bases["forum"], "#185886")
    sites["channel"] = Site("channel", CHANNEL_NAME, "telegram", bases["channel"], "#2a8b6f")
    return sites


def numbered_bases(world: World, base_port: int = DEFAULT_PORT, host: str = "127.0.0.1") -> dict[str, str]:
    """The base URLs when the sites stand on consecutive ports."""
    return {code: f"http://{host}:{base_port + place}" for place, code in enumerate(site_codes(world))}


def message_url(site: Site, number: int) -> str:
    return f"{site.base}/{CHANNEL}/{number}"


@dataclass(frozen=True, slots=True)
class Item:
    """An article as templates read it: the version shown at a moment, with every way its dates are written."""

    site: Site
    article: Article
    title: str
    lead: str
    body: tuple[str, ...]
    modified: datetime

    @property
    def path(self) -> str:
        return self.article.path

    @property
    def url(self) -> str:
        return self.site.base + self.article.path

    @property
    def number(self) -> int:
        return self.article.number

    @property
    def author(self) -> str:
        return self.article.author

    @property
    def author_slug(self) -> str:
        return writing.slug(self.article.author)

    @property
    def section(self) -> str:
        return self.article.section

    @property
    def section_slug(self) -> str:
        return writing.slug(self.article.section)

    @property
    def section_path(self) -> str:
        return section_path(self.site.family, self.article.section)

    @property
    def tags(self) -> tuple[str, ...]:
        return self.article.tags

    @property
    def edited(self) -> bool:
        return self.modified > self.article.published

    @property
    def image(self) -> str:
        return f"{self.site.base}/anh/{writing.chance(*self.article.key, 'image') % 24}.svg"

    @property
    def caption(self) -> str:
        """A caption that says nothing of the story: templates put it inside bodies to be stripped."""
        return f"Ảnh minh họa: {self.article.section.lower()}"

    @property
    def stamp(self) -> str:
        """VnExpress-like location stamp before the lead; always the same, it must not betray the truth."""
        return "Việt Nam"

    @property
    def summary_html(self) -> str:
        """The image link and summary of RSS descriptions; escaped here because feeds wrap it in CDATA."""
        lead = writing.escaped(self.lead)
        return f'<a href="{self.url}"><img src="{self.image}"></a></br>{lead}'

    @property
    def feed_date(self) -> str:
        """VCCorp writes two-digit years, WordPress UTC, the others the full local date."""
        if self.site.family == "wordpress":
            return writing.rfc822(self.article.published, UTC)
        full = writing.rfc822(self.article.published)
        if self.site.family == "vccorp":
            year = f"{writing.local(self.article.published):%Y}"
            return full.replace(f" {year} ", f" {year[2:]} ", 1)
        return full

    @property
    def published_iso(self) -> str:
        return writing.iso(self.article.published)

    @property
    def modified_iso(self) -> str:
        return writing.iso(self.modified)

    @property
    def published_utc(self) -> str:
        return self.article.published.astimezone(UTC).isoformat(timespec="seconds")

    @property
    def modified_utc(self) -> str:
        return self.modified.astimezone(UTC).isoformat(timespec="seconds")

    @property
    def published_compact(self) -> str:
        return writing.iso_compact(self.article.published)

    @property
    def modified_compact(self) -> str:
        return writing.iso_compact(self.modified)

    @property
    def published_naked(self) -> str:
        return writing.iso_naked(self.article.published)

    @property
    def published_spaced(self) -> str:
        return writing.iso_naked(self.article.published).replace("T", " ")

    @property
    def slashed(self) -> str:
        return writing.slashed(self.article.published)

    @property
    def modified_slashed(self) -> str:
        return writing.slashed(self.modified)

    @property
    def weekday_date(self) -> str:
        return writing.weekday_date(self.article.published)

    @property
    def long_date(self) -> str:
        return writing.long_date(self.article.published)

    @property
    def cafef_date(self) -> str:
        return writing.cafef_date(self.article.published)

    @property
    def day(self) -> str:
        return f"{writing.local(self.article.published):%d/%m/%Y}"

    @property
    def epoch(self) -> int:
        return writing.epoch(self.article.published)


def item_of(site: Site, article: Article, now: datetime) -> Item:
    """The article as it is shown at `now`."""
    shown = article.at(now)
    return Item(site, article, shown.title, shown.lead, shown.body, shown.at)
