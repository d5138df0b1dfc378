"""A province as data: units of today and before, landmarks, shared names; loaded from `provinces/<id>.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from nlp.text import fold

HERE = Path(__file__).parent / "provinces"
Level = Literal["province", "commune", "former", "landmark"]
Trust = Literal["name", "context", "prefix"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One entry of the gazetteer.

    `trust`: the bare name is enough (`name`), it needs another place of the province in the text (`context`), or also
    a word such as "xã" before it (`prefix`). `units`: ids of today's units that a former unit or landmark lies in.
    `elsewhere`: other provinces that have or had a unit of the same name and type, `rivals`: that have one of the name
    today; `alone`: no other province ever had the name; `doubtful`: people, firms or crossroads are called so. `weak`:
    ways to write it that need another place beside them.
    """

    id: str
    name: str
    short: str
    type: str
    level: Level
    trust: Trust
    aliases: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    alone: bool = False
    doubtful: bool = False
    code: str = ""
    district: str = ""
    lat: float | None = None
    lon: float | None = None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A context in which a name is not the place: words anywhere near, directly before or directly after it."""

    why: str
    names: frozenset[str]
    near: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Province:
    """The whole record. `others` maps names of other provinces and their cities to the province they stand for."""

    id: str
    unit: Unit
    units: tuple[Unit, ...]
    former: tuple[Unit, ...]
    landmarks: tuple[Unit, ...]
    others: Mapping[str, str]
    not_ours: tuple[str, ...]
    nicknames: tuple[str, ...]
    folded: frozenset[str]
    exclusions: tuple[Exclusion, ...]
    works: tuple[str, ...]
    work_words: tuple[str, ...]
    holidays: tuple[Mapping[str, str], ...]
    outlets: tuple[str, ...]
    capital: str
    version: str = ""
    _by_id: dict[str, Unit] = field(default_factory=dict)

    @classmethod
    def load(cls, name: str) -> Province:
        """The record of that id (`quangtri`) or in that JSON file.

        Raises FileNotFoundError when there is none, KeyError or ValueError when it is not a province record.
        """
        return _load(name)

    @property
    def entries(self) -> tuple[Unit, ...]:
        """All that can be found in a text: the province, today's units, former units, landmarks."""
        return (self.unit, *self.units, *self.former, *self.landmarks)

    def get(self, unit_id: str) -> Unit | None:
        """The unit or landmark with this id."""
        return self._by_id.get(unit_id)

    def today(self, unit_id: str) -> tuple[Unit, ...]:
        """Today's units behind an id: itself, or those that a former unit became or a landmark lies in."""
        unit = self._by_id.get(unit_id)
        if unit is None:
            return ()
        if unit.level == "commune":
            return (unit,)
        return tuple(self._by_id[i] for i in unit.units)


@lru_cache(maxsize=8)
def _load(name: str) -> Province:
    path = Path(name) if name.endswith(".json") else HERE / f"{name}.json"
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    parts = {key: tuple(map(_unit, record[key])) for key in ("units", "former", "landmarks")}
    whole = _unit(record["province"])
    return Province(
        id=record["id"],
        unit=whole,
        others=record["others"],
        not_ours=tuple(record["not_ours"]),
        nicknames=tuple(record["nicknames"]),
        folded=frozenset(map(fold, record["folded"])),
        exclusions=tuple(map(_exclusion, record["exclude"])),
        works=tuple(record["works"]),
        work_words=tuple(record["work_words"]),
        holidays=tuple(record["holidays"]),
        outlets=tuple(record["outlets"]),
        capital=record["capital"],
        version=str(record.get("version", "")),
        **parts,
        _by_id={unit.id: unit for unit in (whole, *parts["units"], *parts["former"], *parts["landmarks"])},
    )


def _unit(record: dict[str, Any]) -> Unit:
    lists = {key: tuple(record.get(key, ())) for key in ("aliases", "weak", "units", "elsewhere", "rivals")}
    return Unit(**{**record, **lists})


def _exclusion(record: dict[str, Any]) -> Exclusion:
    words = {key: tuple(record.get(key, ())) for key in ("near", "before", "after")}
    return Exclusion(record["why"], frozenset(map(fold, record["names"])), **words)
