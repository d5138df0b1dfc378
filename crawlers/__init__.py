"""Collects: web pages, feeds and social channels in, `Post` out.

What may come in: sources as data (`sources/*.yaml`), generic spiders, and pure extraction (`extract/`, no Scrapy there).
What stays out: what a text means (nlp), where it is kept (monitor hands us a sink), how it is shown (api).
"""
