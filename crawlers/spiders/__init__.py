"""The generic spiders: one for every site, one for every channel of an API. Sources differ in data, not in code."""

from crawlers.spiders.channel import ChannelSpider
from crawlers.spiders.source import SourceSpider

__all__ = ["ChannelSpider", "SourceSpider"]
