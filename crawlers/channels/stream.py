"""Newest-first lists that grow at the top: reads what is new since the last pass and leaves no gap behind.

After every page the place reached is remembered: `mark`, up to which everything newest has been seen, and `gaps`,
stretches below it that a pass began and did not finish (it was killed, refused, or had asked often enough). The next
pass reads the top first and then goes on in the gaps, so a pass may end anywhere and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from crawlers.channels.session import Session, Trouble
from crawlers.post import Post

OLDEST = timedelta(days=35)  # as for articles: what is older is no news
OVERLAP = timedelta(hours=1)  # servers show some items late, below newer ones
MOST_GAPS = 5
MOST_PAGES = 500  # of one stretch in one pass; a list that never ends is broken


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: its posts, the time of each item on it (posts or not), and the token of the next page."""

    posts: tuple[Post, ...] = ()
    times: tuple[datetime, ...] = ()
    next: str | None = None


Fetch = Callable[[str | None], Awaitable[Page]]


@dataclass(frozen=True, slots=True)
class _Gap:
    """A stretch still to be read: from the page of token `next` (None: from the top) down to `until`."""

    next: str | None
    until: datetime


async def follow(session: Session, stream: str, fetch: Fetch) -> None:
    """Keeps every post of the list that earlier passes have not kept. Raises Trouble; what was read stays kept."""
    mark, gaps = _loaded(session.recall(stream), session.now - OLDEST)
    mark = await _stretch(session, stream, fetch, _Gap(None, mark), mark, gaps)
    for gap in list(gaps):
        gaps.remove(gap)
        try:
            await _stretch(session, stream, fetch, gap, mark, gaps)
        except Trouble as found:
            if found.kind != "cursor" or gap.next is None:
                raise
            # The token went stale while it lay in the archive: the stretch is read again from the top.
            await _stretch(session, stream, fetch, replace(gap, next=None), mark, gaps)


async def _stretch(
    session: Session, stream: str, fetch: Fetch, gap: _Gap, mark: datetime, gaps: list[_Gap]
) -> datetime:
    """Reads one stretch to its end. Returns the new mark."""
    token, seen = gap.next, {gap.next}
    for _ in range(MOST_PAGES):
        page = await fetch(token)
        session.keep(page.posts)
        mark = max([mark, *(time for time in page.times if time <= session.now)])
        reached = any(time <= gap.until - OVERLAP for time in page.times)
        token = page.next
        if token is None or reached or token in seen:
            break
        seen.add(token)
        session.remember(stream, _saved(mark, [_Gap(token, gap.until), *gaps]))
    session.remember(stream, _saved(mark, gaps))
    return mark


def _saved(mark: datetime, gaps: list[_Gap]) -> dict[str, Any]:
    kept = gaps[:MOST_GAPS]
    return {"mark": mark.isoformat(), "gaps": [{"next": gap.next, "until": gap.until.isoformat()} for gap in kept]}


def _loaded(value: Mapping[str, Any], oldest: datetime) -> tuple[datetime, list[_Gap]]:
    mark = datetime.fromisoformat(value["mark"]) if value.get("mark") else oldest
    gaps = [_Gap(gap["next"], datetime.fromisoformat(gap["until"])) for gap in value.get("gaps", ())]
    return max(mark, oldest), [gap for gap in gaps if gap.until >= oldest - OVERLAP]
