"""Second thoughts about stories: two that turn out to be one event are merged, one that fell into two is split.

Both look at the likeness of posts to posts across and within groups. A merge asks for more and a split for less than
joining a story does, so that nothing flickers between the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from nlp.features import Floats
from nlp.live import Live
from nlp.vectors import matrix

_MOST = 40  # posts of a story that are compared, the newest
_SMALLEST = 2  # posts of the smaller part of a split: one stray post makes no event


@dataclass(frozen=True, slots=True)
class Change:
    """A story that changed its members after the fact.

    merge: all posts of `other` belong to `story` from now on. split: `posts` of `other` do.
    """

    kind: Literal["merge", "split"]
    story: str
    other: str
    posts: tuple[str, ...] = ()


def closeness(live: Live, one: str, other: str) -> float:
    """Likeness of two stories: as of one post to a story's centre, 0 for strangers, 1 for the same."""
    mine, theirs = live.rows_of(one)[-_MOST:], live.rows_of(other)[-_MOST:]
    rows = np.concatenate([mine, theirs])
    alike = likeness(live, rows)
    size = len(mine)
    across = float(alike[:size, size:].sum())
    return across / float(np.sqrt(alike[:size, :size].sum() * alike[size:, size:].sum()))


def likeness(live: Live, rows: Iterable[int]) -> Floats:
    """(rows x rows) likeness of live posts, 1 on the diagonal, never below 0."""
    rows = np.array(list(rows), dtype=np.int64)
    vectors = matrix([live.members[row].vector for row in rows])
    words = (vectors @ vectors.T).toarray()
    alike = np.stack([live.alike(live.members[row], words[place], rows) for place, row in enumerate(rows)])
    alike = np.clip((alike + alike.T) / 2, 0.0, 1.0)
    np.fill_diagonal(alike, 1.0)
    return np.asarray(alike, dtype=np.float64)


def fallen_apart(live: Live, story: str, apart: float) -> list[int]:
    """Rows of the part of a story that is an event of its own; [] when the story holds together.

    The two groups of average linkage whose mean likeness across is below `apart` and below a third of that within
    either. The part without the story's first post leaves.
    """
    rows = live.rows_of(story)[-_MOST:]
    alike = likeness(live, rows)
    side = fcluster(linkage(squareform(1.0 - alike, checks=False), "average"), 2, "maxclust") == 1
    if min(side.sum(), (~side).sum()) < _SMALLEST:
        return []
    across = alike[np.ix_(side, ~side)].mean()
    within = min(_within(alike[np.ix_(part, part)]) for part in (side, ~side))
    if across >= apart or 3 * across >= within:
        return []
    first = min(range(len(rows)), key=lambda place: (live.members[rows[place]].hour, live.members[rows[place]].id))
    return [int(row) for row, inside in zip(rows, side != side[first], strict=True) if inside]


def _within(alike: Floats) -> float:
    """Mean likeness of different posts."""
    size = len(alike)
    return float((alike.sum() - size) / (size * (size - 1)))
