"""How the index is: whether it answers, what it must still be told, what it refused, what is built beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from index.port import IndexUnavailable
from monitor.change_log import BUILT
from monitor.database import utc_now
from monitor.installation import Installation

BEHIND_AFTER = timedelta(minutes=1)

IndexCondition = Literal["ok", "behind", "away"]


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """`mentions` is None while the index is away. `waiting` changes are to be told, the oldest since
    `oldest_waiting_at`; `refused` mentions it would not take. `building_left` of `building_total` are to be written to
    an index that is built beside it (both 0: none is)."""

    engine: str
    state: IndexCondition
    mentions: int | None
    problem: str
    problem_since: datetime | None
    waiting: int
    oldest_waiting_at: datetime | None
    refused: int
    building_total: int
    building_left: int


def index_status(installation: Installation) -> IndexStatus:
    """The state of the index now."""
    log = installation.changes
    known, waiting = log.state(), log.waiting()
    mentions, problem = _asked(installation)
    late = waiting.oldest_at is not None and utc_now() - waiting.oldest_at > BEHIND_AFTER
    return IndexStatus(
        engine=installation.settings.index,
        state="away" if mentions is None else "behind" if late else "ok",
        mentions=mentions,
        problem=problem or known.problem,
        problem_since=known.problem_since,
        waiting=waiting.changes,
        oldest_waiting_at=waiting.oldest_at,
        refused=len(log.refusals()),
        building_total=known.building_total if known.building else 0,
        building_left=log.waiting(BUILT).changes if known.building else 0,
    )


def _asked(installation: Installation) -> tuple[int | None, str]:
    try:
        return installation.index.count(), ""
    except IndexUnavailable as error:
        return None, str(error)
