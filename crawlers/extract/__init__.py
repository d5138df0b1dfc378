"""Turns a page, a feed or a sitemap into records by pure functions: no network, no clock of its own, no Scrapy.

Start at `article.extract`; the order in which it tries is family selectors, then trafilatura (see `fallback`).
"""

from crawlers.extract.article import extract, extract_many
from crawlers.extract.canonical import canonical_url
from crawlers.extract.listing import Link, links

__all__ = ["Link", "canonical_url", "extract", "extract_many", "links"]
