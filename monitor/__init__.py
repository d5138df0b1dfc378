"""Decides: runs the crawlers, nlp and the index; keeps the archive; finds stories and issues; settings, schedule, command line."""
