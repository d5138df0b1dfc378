"""Collects: web pages, feeds and social channels in, `Post` out.

What may come in: sources as data (`sources/*.yaml`), one generic spider, pure extraction (`extract/`, no Scrapy there),
saved pages and imported files.
What stays out: what a text means (nlp), where it is kept (monitor hands us a sink), how it is shown (api).
"""
