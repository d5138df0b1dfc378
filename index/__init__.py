"""Finds: mentions in, hits, counts and series out.

What may come in: the query language, the port and its adapters, highlighting.
What stays out: how a text is understood or folded (monitor hands us the analyzer), what counts as an issue.
"""
