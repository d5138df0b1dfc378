"""Reads YAML records field by field and says exactly where a record is wrong: file, record, field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


class ContentError(ValueError):
    """A text of the sandbox that cannot be used; the message names file, story and field."""


@dataclass(frozen=True, slots=True)
class Record:
    """A mapping of a YAML file that knows its place, for messages such as `1a.yaml: id: tellings[2].after`."""

    values: Mapping[str, Any]
    place: str
    field: str = ""

    def wrong(self, name: str, why: str) -> ContentError:
        """The error of one of this record's fields."""
        return ContentError(f"{self.place}: {self._path(name)}: {why}")

    def only(self, *names: str) -> None:
        """Refuse fields that nobody reads: most of them are misspelt."""
        for name in self.values:
            if name not in names:
                raise self.wrong(str(name), f"is not a field here (one of {', '.join(names)})")

    def has(self, name: str) -> bool:
        return self.values.get(name) is not None

    def text(self, name: str, default: str | None = None) -> str:
        value = self.values.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(name, "must be a text that is not empty")
        return value.strip()

    def number(self, name: str, default: float | None = None) -> float:
        value = self.values.get(name)
        if value is None and default is not None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(name, "must be a number")
        return float(value)

    def choice(self, name: str, allowed: tuple[str, ...], default: str | None) -> str | None:
        """One of `allowed`, or the default when the field is missing or null."""
        value = self.values.get(name)
        if value is None:
            return default
        if value not in allowed:
            raise self.wrong(name, f"{value!r} is none of {', '.join(allowed)}")
        return str(value)

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.values.get(name) or []
        if not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
            raise self.wrong(name, "must be a list of texts")
        return tuple(each.strip() for each in value)

    def records(self, name: str) -> Iterator[Record]:
        """The mappings of a list field, each knowing its own place."""
        value = self.values.get(name) or []
        if not isinstance(value, list):
            raise self.wrong(name, "must be a list")
        for number, each in enumerate(value):
            if not isinstance(each, dict):
                raise self.wrong(f"{name}[{number}]", "must be a mapping")
            yield Record(each, self.place, self._path(f"{name}[{number}]"))

    def _path(self, name: str) -> str:
        return f"{self.field}.{name}" if self.field else name
