"""Builds the index anew beside the one in force, and puts it in force at one blow; nobody notices but by the result.

While it is built, searches use the old one and every change is noted for both (`monitor.change_log`). All that the new
one is still to be told is in the log: killed at any moment, the next run goes on where this one stopped.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from index.port import Index
from index.values import fresh_name
from monitor.change_log import BUILT
from monitor.indexer import Indexer, alone
from monitor.installation import Installation

Progress = Callable[[int, int], None]  # done, of how many


class AlreadyRunning(Exception):
    """Another reindexing of this data folder is at work."""


@dataclass(frozen=True, slots=True)
class Reindexed:
    """What one run did. `resumed`: it went on with what a run before had begun."""

    mentions: int
    refused: int
    seconds: float
    resumed: bool


def reindex(installation: Installation, progress: Progress = lambda *_: None, *, again: bool = False) -> Reindexed:
    """Rebuilds the index from the archive. `again` throws away what a run before had begun.

    Raises AlreadyRunning, and IndexUnavailable when the index does not answer: the next run goes on.
    """
    with _only_one(installation):
        began = time.monotonic()
        index, indexer, log = installation.index, Indexer(installation), installation.changes
        end_interrupted(installation, index)
        name = None if again else log.state().building
        index.drop_others(keep=name)
        built = index.beside(name or fresh_name())
        try:
            resumed = name is not None and not built.needs_rebuild
            if not resumed:
                name = _begin(installation, index)
                built.close()
                built = index.beside(name)
            assert name is not None
            total = log.state().building_total
            _fill(installation, indexer, built, total, progress)
            with alone(installation.settings.data):
                indexer.drain(built, BUILT)
                index.put_in_force(name)
                log.end(in_force=True)
            return Reindexed(index.count(), len(log.refusals()), time.monotonic() - began, resumed)
        finally:
            built.close()
            if log.state().building is None:
                index.drop_others()


def _begin(installation: Installation, index: Index) -> str:
    """A new index that from here on is told of every change, and waits to be told everything else."""
    name = fresh_name()
    index.drop_others()
    built = index.beside(name)
    installation.changes.begin(name, min_relevance=installation.min_relevance)
    built.rebuilt()  # the log holds all that it lacks
    built.close()
    return name


def _fill(installation: Installation, indexer: Indexer, built: Index, total: int, progress: Progress) -> None:
    done = max(0, total - installation.changes.waiting(BUILT).changes)
    progress(done, total)

    def told(count: int) -> None:
        nonlocal done
        done += count
        progress(min(done, total), total)

    indexer.drain(built, BUILT, told)


def end_interrupted(installation: Installation, index: Index) -> None:
    """A run that was killed right after it had put its index in force has only its end left to be noted."""
    building = installation.changes.state().building
    if building and index.name == building:
        installation.changes.end(in_force=True)


def abandon(installation: Installation) -> bool:
    """Drops what a killed run has left, unless one is at work. Returns whether there was something."""
    try:
        with _only_one(installation):
            if installation.changes.state().building is None:
                return False
            end_interrupted(installation, installation.index)
            installation.changes.end(in_force=False)
            installation.index.drop_others()
            return True
    except AlreadyRunning:
        return False


@contextmanager
def _only_one(installation: Installation) -> Iterator[None]:
    with (installation.settings.data / "reindex.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning("đang có một lần lập lại chỉ mục khác trên thư mục dữ liệu này") from None
        yield
