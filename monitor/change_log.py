"""The change log between archive and index: what the index must still be told, kept in the archive itself.

Whoever changes what a mention says calls `tell` in the same transaction. A line of the log names a post, not its new
content: whoever drains the log writes what the archive says then. So lines may be repeated, joined and done twice, and
the index always ends at the archive's last word. Lines are taken away one by one once the index holds them for good.

While an index is built beside the one in force, each line is written once for each of them (`TARGETS`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Engine, delete, func, insert, literal, select, update
from sqlalchemy.engine import Connection

from monitor.database import (
    CHUNK,
    READ_ONLY,
    annotation_rows,
    index_changes,
    index_refusals,
    index_state,
    insert_or,
    utc_now,
)

Kind = Literal["whole", "metadata"]
Target = Literal[0, 1]
IN_FORCE: Target = 0
BUILT: Target = 1


@dataclass(frozen=True, slots=True)
class Change:
    """A post that the index must hear of, and the lines of the log that say so. `whole` includes its end."""

    post_id: str
    kind: Kind
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many lines wait, and since when the oldest does."""

    changes: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class IndexState:
    """`building` names the index that is built beside the one in force, with `building_total` posts to write.

    Mentions before `dropped_before` are out of the index for good. `problem` says why it does not answer ("": it does).
    """

    building: str | None
    building_total: int
    dropped_before: datetime | None
    problem: str
    problem_since: datetime | None


def tell(connection: Connection, ids: Iterable[str], kind: Kind = "whole") -> None:
    """Notes, in the caller's transaction, that the index must hear of these posts."""
    now = utc_now()
    lines = [{"post_id": id, "kind": kind, "at": now} for id in dict.fromkeys(ids)]
    if lines:
        targets = _targets(connection)
        connection.execute(insert(index_changes), [{**line, "target": t} for t in targets for line in lines])


def _targets(connection: Connection) -> tuple[Target, ...]:
    """Held until the transaction ends: a build that begins meanwhile waits, and finds these lines in the archive."""
    building = connection.scalar(select(index_state.c.building).with_for_update(read=True))
    return (IN_FORCE, BUILT) if building else (IN_FORCE,)


class ChangeLog:
    """The log as its readers see it. One process drains it at a time (`monitor.indexer`)."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def _read(self) -> Connection:
        return self.engine.connect().execution_options(**READ_ONLY)

    def tell(self, ids: Iterable[str], kind: Kind = "whole") -> None:
        """As `tell`, in a transaction of its own."""
        with self.engine.begin() as connection:
            tell(connection, ids, kind)

    def tell_everything(self, *, min_relevance: int, target: Target = IN_FORCE) -> int:
        """Makes the log name every mention once, the newest first: what an empty index needs. Returns how many."""
        rows, now = annotation_rows.c, utc_now()
        wanted = select(literal(target), rows.post_id, literal("whole"), literal(now, index_changes.c.at.type))
        wanted = wanted.where(rows.relevance >= min_relevance).order_by(rows.counted_at.desc(), rows.post_id)
        with self.engine.begin() as connection:
            if since := connection.scalar(select(index_state.c.dropped_before)):
                wanted = wanted.where(rows.counted_at >= since)
            connection.execute(delete(index_changes).where(index_changes.c.target == target))
            connection.execute(insert(index_changes).from_select(["target", "post_id", "kind", "at"], wanted))
            told = select(func.count()).select_from(index_changes).where(index_changes.c.target == target)
            return connection.scalar(told) or 0  # PostgreSQL's driver does not say how many an INSERT SELECT wrote

    # draining

    def batch(self, limit: int, target: Target = IN_FORCE) -> list[Change]:
        """The posts that the oldest lines name, each once."""
        lines = index_changes.c
        query = select(lines.seq, lines.post_id, lines.kind).where(lines.target == target)
        found: dict[str, Change] = {}
        with self._read() as connection:
            for seq, id, kind in connection.execute(query.order_by(lines.seq).limit(limit)):
                known = found.get(id) or Change(id, kind, ())
                both: Kind = "whole" if "whole" in (kind, known.kind) else "metadata"
                found[id] = Change(id, both, (*known.lines, seq))
        return list(found.values())

    def acknowledge(self, done: Sequence[Change], refused: Mapping[str, str]) -> None:
        """Takes away lines that the index holds now, and keeps with its reason what it refused."""
        now = utc_now()
        with self.engine.begin() as connection:
            _delete(connection, index_changes.c.seq, [line for change in done for line in change.lines])
            _delete(connection, index_refusals.c.post_id, [change.post_id for change in done])
            for id, reason in refused.items():
                values = {"reason": reason[:500], "at": now}
                line = insert_or(connection, index_refusals).values(post_id=id, **values)
                connection.execute(line.on_conflict_do_update(index_elements=["post_id"], set_=values))

    def waiting(self, target: Target = IN_FORCE) -> Waiting:
        lines = index_changes.c
        query = select(func.count(), func.min(lines.at)).where(lines.target == target)
        with self._read() as connection:
            return Waiting(*connection.execute(query).one())

    def pending(self, ids: Sequence[str]) -> set[str]:
        """Those of these posts that the log names."""
        lines = index_changes.c
        query = select(lines.post_id).where(lines.target == IN_FORCE)
        with self._read() as connection:
            if len(ids) <= CHUNK:
                return set(connection.scalars(query.where(lines.post_id.in_(ids))))
            return set(connection.scalars(query)) & set(ids)

    def refusals(self) -> dict[str, str]:
        """What the index would not take, with its reason, by post."""
        with self._read() as connection:
            query = select(index_refusals.c.post_id, index_refusals.c.reason).order_by(index_refusals.c.at)
            return dict(connection.execute(query).tuples().all())

    # the state of the index

    def state(self) -> IndexState:
        s = index_state.c
        columns = (s.building, s.building_total, s.dropped_before, s.problem, s.problem_since)
        with self._read() as connection:
            return IndexState(*connection.execute(select(*columns)).one())

    def note_problem(self, problem: str) -> None:
        """Remembers why the index does not answer, and since when; "" once it does again."""
        known = self.state()
        if known.problem != problem:
            since = (known.problem_since or utc_now()) if problem else None
            self._note(problem=problem, problem_since=since)

    def dropped(self, before: datetime) -> None:
        """Remembers that mentions before this moment are out of the index for good."""
        self._note(dropped_before=before)

    def _note(self, **values: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(update(index_state).values(**values))

    # building another index beside

    def begin(self, name: str, *, min_relevance: int) -> int:
        """From here on each change is noted for the index being built too, and all mentions wait to be written to it.

        Returns how many do.
        """
        with self.engine.begin() as connection:
            connection.execute(update(index_state).values(building=name, building_total=0))
            connection.execute(delete(index_refusals))
        total = self.tell_everything(min_relevance=min_relevance, target=BUILT)
        self._note(building_total=total)
        return total

    def end(self, *, in_force: bool) -> None:
        """The build ended. In force means that the new index knows all: what waited for the old one is void."""
        with self.engine.begin() as connection:
            connection.execute(update(index_state).values(building=None, building_total=0))
            if in_force:
                connection.execute(delete(index_changes).where(index_changes.c.target == IN_FORCE))
                connection.execute(update(index_changes).values(target=IN_FORCE))
            else:
                connection.execute(delete(index_changes).where(index_changes.c.target == BUILT))


def _delete(connection: Connection, column: Any, values: Sequence[Any]) -> None:
    for start in range(0, len(values), CHUNK):
        connection.execute(delete(column.table).where(column.in_(values[start : start + CHUNK])))
