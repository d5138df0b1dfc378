"""Short ways to write mentions and to read results."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from index.port import Filters, Index, Mention, Sort
from tests.index.conftest import NOON


def mention(name: str, title: str = "", body: str = "", *, minutes: float = 0, **fields: Any) -> Mention:
    values: dict[str, Any] = {
        "url": f"https://tin.example.vn/{name}",
        "source": "tin-mau",
        "published_at": NOON + timedelta(minutes=minutes),
    }
    return Mention(id=name, title=title, body=body, **(values | fields))


def found(index: Index, query: str = "", filters: Filters | None = None, sort: Sort = "newest") -> list[str]:
    """Ids in order. The total, the count, the series and the sentiment split must all tell the same number."""
    page = index.search(query, filters, sort=sort, limit=1000)
    names = [hit.mention.id for hit in page.items]
    assert page.next is None
    assert page.total == len(names) == index.count(query, filters)
    if sort == "newest":
        assert [hit.mention.id for hit in index.newest(query, filters, limit=1000)] == names
    assert sum(point.count for point in index.series(query, filters)) == len(names)
    kinds = index.facets(query, filters, fields=["kind"], limit=100)["kind"]
    assert sum(bucket.count for bucket in kinds) == len(names)
    return names


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def marked(text: str, spans: tuple[tuple[int, int], ...]) -> list[str]:
    return [text[start:end] for start, end in spans]
