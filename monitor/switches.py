"""Sources switched on or off by a person, over what the registry says; who did it, when and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select

from monitor.archive import insert_or, utc_now
from monitor.database import READ_ONLY
from monitor.people.tables import source_switches


@dataclass(frozen=True, slots=True)
class Switch:
    """The last word about a source."""

    enabled: bool
    by: str
    at: datetime
    note: str


class Switches:
    """Every process reads them when it decides: a switch works at the next pass, without a restart."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self) -> dict[str, Switch]:
        with self._engine.connect().execution_options(**READ_ONLY) as connection:
            rows = connection.execute(select(source_switches)).all()
        return {row.source: Switch(row.enabled, row.by, row.at, row.note) for row in rows}

    def set(self, source: str, *, enabled: bool, by: str, note: str = "") -> None:
        values = {"enabled": enabled, "by": by[:120], "at": utc_now(), "note": note.strip()[:500]}
        with self._engine.begin() as connection:
            statement = insert_or(connection, source_switches).values(source=source, **values)
            connection.execute(statement.on_conflict_do_update(index_elements=["source"], set_=values))
