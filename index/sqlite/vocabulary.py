"""Codes for metadata values: every source, story or set of topics is a small integer in the `meta` table.

A mention's topics (and places) are one value, the whole ordered tuple. Few tuples exist, so counting mentions by
tuple and spreading the counts over the members is far cheaper than a many-to-many table.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from index.sqlite.names import Names
from index.values import storable

Ints = npt.NDArray[np.int64]
FIELDS = ("source", "kind", "site", "sentiment", "story", "topics", "places", "lang")
SETS = ("topics", "places")
MANY = 100_000  # values of a field (stories) that are not kept folded: who asks for one knows it letter by letter


@dataclass
class Spread:
    """Which tuple (code) holds which member: two parallel arrays, and the members' names."""

    codes: Ints
    members: Ints
    names: list[str]


@dataclass
class Values:
    """The values of one field by code. Code 0 is "none" (for tuples: the empty one)."""

    names: Names = field(default_factory=Names)
    tuples: list[tuple[str, ...]] = field(default_factory=lambda: [()])
    _spread: tuple[int, Spread] | None = None
    _folded: tuple[int, dict[str, list[int]]] = (1, {})

    def append(self, name: str, code: int, *, is_set: bool) -> None:
        if code != len(self.names):
            raise sqlite3.DatabaseError(f"code {code} where {len(self.names)} was due")
        if is_set:
            self.tuples.append(tuple(json.loads(name)))
        self.names.append(name)

    def spread(self) -> Spread:
        """Members of all tuples, kept until a new tuple appears."""
        size = len(self.tuples)
        if self._spread is None or self._spread[0] != size:
            numbers: dict[str, int] = {}
            pairs = [
                (code, numbers.setdefault(member, len(numbers)))
                for code in range(size)
                for member in dict.fromkeys(self.tuples[code])
            ]
            table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
            self._spread = (size, Spread(table[:, 0].copy(), table[:, 1].copy(), list(numbers)))
        return self._spread[1]

    def like(self, value: str, fold: Callable[[str], str]) -> list[str]:
        """The values (members, for tuples) that are `value` when accents, case and separators do not count."""
        names: Sequence[str] | Names = self.spread().names if len(self.tuples) > 1 else self.names
        if len(names) > MANY:
            found = self.names.code(value) is not None and [value]
            return found or [name for name in names if name and fold(name) == fold(value)]
        done, folded = self._folded
        if len(names) > done or not folded:
            folded = {}
            for number, name in enumerate(names):
                folded.setdefault(fold(name), []).append(number)
            self._folded = (len(names), folded)
        return [names[number] for number in folded.get(fold(value), ()) if names[number]]

    def table(self, wanted: Iterable[str], *, is_set: bool) -> npt.NDArray[np.bool_]:
        """For every code whether it is (or, for tuples, holds) a wanted value."""
        hits = np.zeros(len(self.names), dtype=np.bool_)
        if not is_set:
            codes = [self.names.code(name) for name in wanted]
            hits[[code for code in codes if code is not None and code < len(hits)]] = True
            return hits
        spread, names = self.spread(), set(wanted)
        members = np.array([name in names for name in spread.names], dtype=np.bool_)
        if members.any():
            hits[spread.codes[members[spread.members]]] = True
        return hits


class Vocabulary:
    """All values that one snapshot of the file knows. Only grows; a new epoch gets a new vocabulary."""

    def __init__(self) -> None:
        self.fields = {name: Values() for name in FIELDS}
        self._last = 0

    def refresh(self, conn: sqlite3.Connection) -> None:
        """Reads the values that were added since the last call."""
        rows = conn.execute("SELECT seq, field, code, value FROM value WHERE seq > ? ORDER BY seq", (self._last,))
        for seq, name, code, value in rows:
            self.fields[name].append(value, code, is_set=name in SETS)
            self._last = seq

    def encode(self, conn: sqlite3.Connection, name: str, value: str | Sequence[str] | None) -> int:
        """The code of a value, given out now if it is new; inside the writer's transaction."""
        if not value:
            return 0
        text = storable(value if isinstance(value, str) else json.dumps(list(value), ensure_ascii=False))
        known = self.fields[name]
        if (code := known.names.code(text)) is not None:
            return code
        code = len(known.names)
        self._last += 1
        conn.execute("INSERT INTO value VALUES(?, ?, ?, ?)", (self._last, name, code, text))
        known.append(text, code, is_set=name in SETS)
        return code

    def text(self, name: str, code: int) -> str | None:
        return self.fields[name].names[code] if code else None

    def members(self, name: str, code: int) -> tuple[str, ...]:
        return self.fields[name].tuples[code]
