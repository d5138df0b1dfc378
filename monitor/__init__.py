"""Decides: runs the crawlers, nlp and the index; keeps the archive; finds stories and issues.

What may come in: settings, the database, the schedule, the command line, and whatever ties the leaves together.
What stays out: how a page is fetched, a text understood or an index searched; and HTTP, which is api's.
"""
