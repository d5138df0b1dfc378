"""Drains the change log into the index. Nothing else writes to the index that is in force.

The index may be away for any time: what it must be told waits in the archive, and annotating goes on.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from index.port import Index, IndexBroken, IndexUnavailable, Mention, MetadataChange, Refused
from monitor.annotated import mention
from monitor.change_log import IN_FORCE, Change, Target
from monitor.database import utc_now
from monitor.installation import Installation

BATCH = 1000
TRIES = 5
LOOK_AFTER = 30.0  # seconds after which an index that has nothing to be told is looked at nevertheless
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds before an index that is away is asked again
SYSTEMIC = 10  # when so many mentions or more are refused and none is taken, it is not they that are wrong
T = TypeVar("T")
Stopping = Callable[[], bool]
Progress = Callable[[int], None]


class Indexer:
    """Writes to the index what the log says. One works at a time in a data folder; it may be killed at any moment."""

    def __init__(self, installation: Installation) -> None:
        self._it = installation
        self._log = installation.changes
        self._looked_at = -LOOK_AFTER
        self._pause, self._due = 0.0, 0.0

    def turn(self, *, stopping: Stopping = lambda: False) -> int:
        """What the worker does every second: drains the log unless another does, or the index was away a moment ago.

        Raises IndexUnavailable; the pause before the next try has grown then.
        """
        if time.monotonic() < self._due:
            return 0
        with alone(self._it.settings.data, wait=False) as mine:
            if not mine:
                return 0
            try:
                done = self._drain_in_force(None, stopping)
            except IndexUnavailable:
                self._pause = min(max(FIRST_PAUSE, 2 * self._pause), LONGEST_PAUSE)
                self._due = time.monotonic() + self._pause
                raise
        self._pause = 0.0
        return done

    def run(self, progress: Progress | None = None, *, tries: int = TRIES) -> int:
        """Drains the log to its end. Returns how many posts the index was told of.

        Raises IndexUnavailable after so many tries with growing pauses; what was not told goes on waiting.
        """
        with alone(self._it.settings.data):
            for attempt in range(tries):
                try:
                    return self._drain_in_force(progress, lambda: False)
                except IndexUnavailable:
                    if attempt == tries - 1:
                        raise
                    time.sleep(0.5 * 2**attempt)
        return 0

    def _drain_in_force(self, progress: Progress | None, stopping: Stopping) -> int:
        try:
            try:
                done = self._cared_for(progress, stopping)
            except IndexBroken:
                self._it.index.renew()
                self._looked_at = -LOOK_AFTER
                done = self._cared_for(progress, stopping)
        except IndexUnavailable as error:
            self._log.note_problem(str(error))
            raise
        self._log.note_problem("")
        return done

    def _cared_for(self, progress: Progress | None, stopping: Stopping) -> int:
        """An index that is new, or was emptied, is told everything first."""
        waits = bool(self._log.waiting().changes)
        if not waits and time.monotonic() - self._looked_at < LOOK_AFTER:
            return 0
        index = self._it.index
        if index.needs_rebuild:
            self._log.tell_everything(min_relevance=self._it.min_relevance)
            index.rebuilt()
        self._looked_at = time.monotonic()
        return self.drain(index, IN_FORCE, progress, stopping)

    def drain(
        self, index: Index, target: Target, progress: Progress | None = None, stopping: Stopping = lambda: False
    ) -> int:
        """Tells an index what the log has for it. Returns of how many posts. Raises IndexUnavailable."""
        told = 0
        while not stopping() and (batch := self._log.batch(BATCH, target)):
            self._log.acknowledge(batch, self._write(index, batch))
            told += len(batch)
            if progress:
                progress(len(batch))
        return told

    def _write(self, index: Index, batch: Sequence[Change]) -> dict[str, str]:
        """Brings the index to what the archive says of these posts. Returns what it refused, with the reasons."""
        mentions = self.mentions([change.post_id for change in batch])
        gone = [change.post_id for change in batch if change.post_id not in mentions]
        whole = [m for change in batch if change.kind == "whole" and (m := mentions.get(change.post_id))]
        metadata = [m for change in batch if change.kind == "metadata" and (m := mentions.get(change.post_id))]
        refused = _told(index.upsert, whole)
        if gone:
            index.delete(gone)
        known: set[str] = set()
        if metadata:
            refused |= _told(lambda changes: _updated(index, changes, known), [metadata_of(m) for m in metadata])
        missing = [m for m in metadata if m.id not in known and m.id not in refused]
        return refused | _told(index.upsert, missing)

    def drop_past_months(self) -> int:
        """Takes whole months older than `keep_days` out of the index, for good. Raises IndexUnavailable."""
        limit = utc_now() - timedelta(days=self._it.settings.keep_days)
        month = limit.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        with alone(self._it.settings.data):
            self._log.dropped(month)
            return self._it.index.drop_before(month)

    def mentions(self, ids: Sequence[str]) -> dict[str, Mention]:
        """These posts as the index should hold them; those that it should not hold are absent."""
        posts, since = self._it.archive.get(ids), self._log.state().dropped_before
        vectors = self._it.meaning.vectors(posts)
        least, oldest = self._it.min_relevance, since or datetime.min.replace(tzinfo=UTC)
        return {
            id: mention(annotated, vectors.get(id))
            for id, annotated in self._it.annotations.annotated(posts).items()
            if annotated.annotation.relevance.label >= least and annotated.post.counted_at >= oldest
        }


def metadata_of(mention: Mention) -> MetadataChange:
    """All of a mention's metadata; what it has not is taken away."""
    return MetadataChange(
        mention.id,
        sentiment=mention.sentiment or "",
        topics=mention.topics,
        places=mention.places,
        story=mention.story or "",
        duplicate_of=mention.duplicate_of or "",
        relevance=mention.relevance,
        vector=mention.vector or b"",
    )


def _updated(index: Index, changes: Sequence[MetadataChange], known: set[str]) -> int:
    """Changes metadata; `known` gets the ids that the index holds, all of them where it holds all."""
    changed = index.update(changes)
    ids = [change.id for change in changes]
    known.update(ids if changed == len(ids) else (mention.id for mention in index.get(ids)))
    return changed


def _told(write: Callable[[list[T]], int], items: Sequence[T]) -> dict[str, str]:
    """Writes; gives the reasons of the items that cannot be written, by id."""
    if not items:
        return {}
    try:
        write(list(items))
        return {}
    except Refused as error:
        reasons = error.reasons
    except IndexUnavailable:
        raise
    except Exception as error:  # one of them breaks the engine: find it
        if len(items) == 1:
            return {str(getattr(items[0], "id", "")): f"{type(error).__name__}: {error}"}
        half = len(items) // 2
        reasons = {**_told(write, items[:half]), **_told(write, items[half:])}
    _check_systemic(reasons, len(items))
    return reasons


def _check_systemic(reasons: Mapping[str, str], tried: int) -> None:
    if len(reasons) == tried >= SYSTEMIC:
        raise IndexUnavailable(f"Chỉ mục từ chối cả {tried} lượt nhắc: {next(iter(reasons.values()))}")


@contextmanager
def alone(data: Path, *, wait: bool = True) -> Iterator[bool]:
    """Whether this process alone writes to the index of the data folder while it is inside."""
    with (data / "index.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True
