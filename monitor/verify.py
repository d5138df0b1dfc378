"""Compares archive and index, and repairs what differs through the change log.

The index is held still meanwhile (nothing drains the log), the archive is not: a difference that the log names already,
or of a post that waits to be understood, is none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sqlalchemy import select

from index.port import Index, Mention
from index.values import batches
from monitor.database import annotation_rows, posts
from monitor.indexer import Indexer, alone
from monitor.installation import Installation
from monitor.reindex import reindex

BATCH = 500
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Differences:
    """What archive and index do not agree on, ids of posts each: `missing` in the index, `extra` there, `stale` (other
    text or metadata than the archive's), `doubled` (stored twice), `misplaced` (not in the month of its date).

    `waiting` posts differ only because the change log still names them, or because they wait to be understood.
    `refused` are those that the index would not take, with the reason. `problems` are the engine's own, in Vietnamese.
    """

    checked: int = 0
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    misplaced: list[str] = field(default_factory=list)
    waiting: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        """All posts that differ."""
        return list(dict.fromkeys([*self.missing, *self.extra, *self.stale, *self.doubled, *self.misplaced]))

    @property
    def sound(self) -> bool:
        return not (self.ids or self.refused or self.problems)


def verify(installation: Installation, progress: Progress = lambda _: None) -> Differences:
    """Reads the whole index and the whole archive. Raises IndexUnavailable."""
    with alone(installation.settings.data):
        index = installation.index
        problems = index.check()
        if problems:
            return Differences(problems=problems)
        held = _held(index, progress)
        found = _compared(installation, held, progress)
        return _without_waiting(installation, found)


def repair(installation: Installation, found: Differences, progress: Progress = lambda _: None) -> None:
    """Tells the index anew of all that differs, and of what it refused; one that is broken itself is built anew.

    Raises IndexUnavailable: what was not repaired waits in the change log.
    """
    if found.problems:
        reindex(installation, again=True)
        return
    installation.changes.tell([*found.ids, *found.refused])
    Indexer(installation).run(progress)


def fingerprint(mention: Mention) -> bytes:
    """Sixteen bytes that differ when anything of the mention does."""
    content = repr(
        (
            *(mention.url, mention.source, mention.kind, mention.title, mention.lead, mention.body),
            *(mention.author or None, mention.published_at.timestamp(), mention.relevance, mention.sentiment or None),
            *(
                mention.topics,
                mention.places,
                mention.story or None,
                mention.duplicate_of or None,
                mention.lang,
                mention.vector,
            ),
        )
    )
    return hashlib.blake2b(content.encode("utf-8", "replace"), digest_size=16).digest()


@dataclass(slots=True)
class _Held:
    """The index in short: each id with its fingerprint."""

    prints: dict[str, bytes] = field(default_factory=dict)
    doubled: list[str] = field(default_factory=list)
    misplaced: list[str] = field(default_factory=list)


def _held(index: Index, progress: Progress) -> _Held:
    found = _Held()
    for each in index.scan():
        id = each.mention.id
        if id in found.prints:
            found.doubled.append(id)
        if not each.in_place:
            found.misplaced.append(id)
        found.prints[id] = fingerprint(each.mention)
        progress(1)
    return found


def _compared(installation: Installation, held: _Held, progress: Progress) -> Differences:
    indexer = Indexer(installation)
    left, checked = dict(held.prints), 0
    missing, stale = [], []
    for ids in batches(_wanted(installation), BATCH):
        for id, mention in indexer.mentions(ids).items():
            known = left.pop(id, None)
            checked += 1
            if known is None:
                missing.append(id)
            elif known != fingerprint(mention):
                stale.append(id)
        progress(len(ids))
    return Differences(checked, missing, sorted(left), stale, held.doubled, held.misplaced)


def _wanted(installation: Installation) -> Iterable[str]:
    """The ids of posts that the index should hold."""
    rows = annotation_rows.c
    with installation.archive.read() as connection:
        return list(connection.scalars(select(rows.post_id).where(rows.relevance >= installation.min_relevance)))


def _without_waiting(installation: Installation, found: Differences) -> Differences:
    """Leaves out what will come right by itself."""
    suspects = found.ids
    log = installation.changes
    refused = {id: reason for id, reason in log.refusals().items() if id in set(suspects)}
    coming = (log.pending(suspects) | _waiting_posts(installation, suspects)) - refused.keys()

    def real(ids: list[str]) -> list[str]:
        return [id for id in ids if id not in coming and id not in refused]

    return Differences(
        checked=found.checked,
        missing=real(found.missing),
        extra=real(found.extra),
        stale=real(found.stale),
        doubled=real(found.doubled),
        misplaced=real(found.misplaced),
        waiting=len(coming),
        refused=refused,
    )


def _waiting_posts(installation: Installation, ids: list[str]) -> set[str]:
    found: set[str] = set()
    with installation.archive.read() as connection:
        for some in batches(ids, BATCH):
            query = select(posts.c.id).where(posts.c.id.in_(some), posts.c.outcome == "new")
            found |= set(connection.scalars(query))
    return found
