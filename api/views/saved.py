"""Saved searches with their counts."""

from __future__ import annotations

import contextlib
from typing import Any

from api.models import SavedSearchItem, SearchParameters
from api.reader import Reader
from api.searching import FACETS, Search, read_search
from index.port import QueryError
from monitor.saved_searches import SavedSearch


def search_of(saved: SavedSearch) -> Search:
    """The search as it was saved."""
    kept = saved.conditions
    facets = {name: kept.get(name) for name in FACETS}
    return read_search(
        q=saved.query, since=kept.get("from"), until=kept.get("to"), facets=facets, sort=kept.get("sort", "newest")
    )


def conditions_of(given: SearchParameters) -> dict[str, Any]:
    """What an API client gave, checked and brought into one form. Raises BadParameter."""
    facets = {name: getattr(given, name) for name in FACETS}
    search = read_search(q=given.q, since=given.since, until=given.until, facets=facets, sort=given.sort)
    return search.conditions()


def saved_item(reader: Reader, saved: SavedSearch) -> SavedSearchItem:
    """With both counts; none for a query that a newer version cannot read any more."""
    search = search_of(saved)
    fresh = search.only(seen=saved.visited_at)
    total = new = None
    with contextlib.suppress(QueryError):
        total, new = reader.count(search), reader.count(fresh)
    return SavedSearchItem(
        id=saved.id,
        name=saved.name,
        q=saved.query,
        conditions=dict(saved.conditions),
        created_at=saved.created_at,
        visited_at=saved.visited_at,
        total=total,
        new=new,
        link=search.link(saved=saved.id),
        new_link=fresh.link(saved=saved.id),
    )
