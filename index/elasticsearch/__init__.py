"""The engine for a data centre: one index a month behind an alias, on any Elasticsearch 8.19 or 9.x.

Only what every Elasticsearch has is used: no scripts, no by-query calls, no plugins, no lifecycle management.
"""
