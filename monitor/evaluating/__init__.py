"""Answers of models and components on labelled items, gathered for people: as a table, JSON, or a page."""
