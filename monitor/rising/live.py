"""What rises now, kept up to date by the worker after each batch, with the changes of state as they happen."""

from __future__ import annotations

import logging
import time
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitor.database import utc_now
from monitor.rising.evidence import Evidence, Weights, hours
from monitor.rising.issue import Issue, StateChange, state_change
from monitor.rising.replay import HISTORY, MOST, RUN_UP, STEP, live_through, rising_issues, told
from monitor.rising.store import EvidenceStore, IssueStore
from monitor.rising.watch import Watch

IDLE = timedelta(minutes=1)
OVERLAP = timedelta(seconds=30)  # a transaction that began before the mark may end after it
REREAD = timedelta(minutes=10)  # in which recent evidence is read again part by part: stories merge, people correct
RECENT = timedelta(days=5)
SLICE = 1.0  # seconds that a turn works at beginning; meanwhile posts are processed
PIECE = 5000  # mentions that are taken in without a pause
FEW = 3000  # mentions that are judged anew in a moment, rather than to wait a second for the worker
FRESH = timedelta(minutes=3)  # what was seen this long ago still counts as now

log = logging.getLogger("duluan.rising")


class LiveIssues:
    """Holds the watch of the worker. It may be thrown away at any time: the next one lives through the last days."""

    def __init__(self, evidence: EvidenceStore, store: IssueStore, weights: Weights) -> None:
        self._evidence, self._store, self._weights = evidence, store, weights
        self._watch: Watch | None = None
        self._beginning: Iterator[None] | None = None
        self._mark = self._reread = datetime.min.replace(tzinfo=UTC)
        self._kept: dict[str, int] = {}

    def turn(self, changed: bool) -> None:
        """Looks again when something was annotated, and once a minute: what nobody tells any more fades."""
        now = utc_now().replace(microsecond=0)  # links to what is counted name whole seconds
        try:
            if self._begun(now) and (changed or now - self._mark >= IDLE):
                self.update(now)
        except Exception:
            log.exception("a look at what rises failed; the next one begins anew")
            self._watch = self._beginning = None

    def _begun(self, now: datetime) -> bool:
        """Goes on beginning for a moment; whether it is done."""
        if self._watch is None:
            self._beginning = self._beginning or self._begin(now)
            until = time.monotonic() + SLICE
            for _ in self._beginning:
                if time.monotonic() >= until:
                    return False
            self._beginning = None
        return True

    def update(self, at: datetime) -> list[Issue]:
        """Reads what was annotated since last time and says what rises; keeps it in the archive."""
        if self._watch is None:
            exhaust(self._begin(at))
        else:
            self._follow(at)
        assert self._watch is not None
        if self._watch.misled:
            exhaust(self._begin(at))
        now = hours(at)
        issues = told(self._watch.look(now), self._watch, now)
        self._store.keep(issues, at, self._watch.known, [*self._changes(), *self._gone(issues, at)])
        return issues

    def _begin(self, at: datetime) -> Iterator[None]:
        """Lives through the last days, so that what rises has its past; changes that were kept are not kept twice.

        In short steps: with a million mentions all of them take half a minute.
        """
        watch = Watch(self._weights)
        evidence: list[Evidence] = []
        since = at - HISTORY
        while since < at:
            until = min(since + timedelta(days=1), at)
            evidence += self._evidence.between(since, until)
            since = until
            yield
        before = at - timedelta(hours=STEP)
        past = bisect_right(evidence, before - timedelta(hours=RUN_UP), key=lambda e: e.at)
        for first in range(0, past, PIECE):
            watch.add(evidence[first : min(first + PIECE, past)])
            yield
        for _ in live_through(evidence[past:], before, before, STEP, RUN_UP, watch):
            yield
        watch.add(e for e in evidence if e.at > before)
        self._watch, self._mark, self._reread, self._kept = watch, at, at - RECENT, {}

    def _follow(self, at: datetime) -> None:
        assert self._watch is not None
        found, gone = self._evidence.processed_since(self._mark - OVERLAP, at - HISTORY, at)
        self._watch.drop(gone)
        self._watch.add(found)
        since = max(self._reread, at - RECENT)
        until = min(since + RECENT * min((at - self._mark) / REREAD, 1.0), at)
        self._watch.refresh(self._evidence.between(since, until), hours(since), hours(until))
        self._reread = until if until < at else at - RECENT
        self._mark = at

    def _gone(self, issues: Sequence[Issue], at: datetime) -> list[tuple[str, StateChange]]:
        """Issues that were told last and are no more without having been closed: now that more is known, they never
        were, or their mentions went to another story."""
        assert self._watch is not None
        lives = self._watch.lives()
        before = self._store.now()
        gone = {issue.id for issue in (before.issues if before else ())} - {issue.id for issue in issues} - lives.keys()
        open_ = [id for id in sorted(gone) if (kept := self._store.changes(id)) and kept[-1].state != "closed"]
        return [(id, StateChange(at, "closed", None, 0.0, 0.0, 0.0)) for id in open_]

    def _changes(self) -> list[tuple[str, StateChange]]:
        """Changes of state that are not kept yet; of what was lived through again only what the archive missed."""
        assert self._watch is not None
        new: list[tuple[str, StateChange]] = []
        for id, life in self._watch.lives().items():
            if len(life.changes) == self._kept.get(id):
                continue
            changes = [state_change(change) for change in life.changes[self._kept.get(id, 0) :]]
            if id not in self._kept and (known := self._store.changes(id)):
                changes = [change for change in changes if change.at > known[-1].at]
                if changes and changes[0].state == known[-1].state:
                    del changes[0]
            new += [(id, change) for change in changes]
            self._kept[id] = len(life.changes)
        return sorted(new, key=lambda pair: pair[1].at)


def exhaust(steps: Iterator[None]) -> None:
    for _ in steps:
        pass


@dataclass(frozen=True, slots=True)
class Look:
    """What rises, and the moment that it is judged by; None while nobody has judged anything yet."""

    at: datetime | None
    issues: list[Issue]


def look_at(
    evidence: EvidenceStore, store: IssueStore, at: datetime, weights: Weights, *, patient: bool = False
) -> Look:
    """What rises at a moment: as the worker saw it when that was shortly before, else from the archive alone.

    Of a large archive only who is `patient` judges the present himself: to others the worker's last look stands in,
    however old it is, and its moment says so. A hundred thousand mentions would take each of them a quarter of a minute
    and 200 MB.
    """
    kept = store.now()
    known = kept.known if kept else evidence.count(at - HISTORY, at)
    large = known >= FEW
    if kept and timedelta() <= at - kept.at <= FRESH and (large or not kept.outrun):
        return Look(kept.at, kept.issues)
    if large and not patient and utc_now() - at < FRESH and (kept is None or kept.at <= at):
        return Look(kept.at, kept.issues) if kept else Look(None, [])
    return Look(at, rising_issues(evidence.between(at - HISTORY, at), at, limit=MOST, weights=weights))
