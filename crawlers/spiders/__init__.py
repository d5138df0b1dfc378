"""The generic spider that serves every source: sources differ in data, not in code."""

from crawlers.spiders.source import SourceSpider

__all__ = ["SourceSpider"]
