"""The page families that `extract/families.yaml` declares: what a source may name, before any page is read.

A family is data with dated versions, so that a redesign adds a version and old pages stay readable.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import yaml

MULTI_POST = frozenset({"xenforo", "telegram"})
_FILE = Path(__file__).parent / "extract" / "families.yaml"


@dataclass(frozen=True, slots=True)
class Version:
    """Selectors of one design of a family, each a tuple tried in order."""

    version: str
    since: date
    title: tuple[str, ...] = ()
    lead: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    date: tuple[str, ...] = ()
    author: tuple[str, ...] = ()
    section: tuple[str, ...] = ()
    junk: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Family:
    """One content system: its article addresses (a pattern over the path), listing selectors and page versions."""

    name: str
    article_url: re.Pattern[str] | None = None
    listing: tuple[str, ...] = ()
    versions: tuple[Version, ...] = ()
    telling: bool = True


@cache
def families() -> dict[str, Family]:
    """All declared families by name, multi-post ones included. Raises KeyError or TypeError for a broken file."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    declared = yaml.load(_FILE.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - both are safe
    found = {name: _family(name, record) for name, record in declared.items()}
    found["xenforo"] = Family("xenforo", re.compile(r"/(threads|t)/[^/]+/?$"), (".structItem-title a[href]",))
    found["telegram"] = Family("telegram", re.compile(r"^/[A-Za-z]\w+/\d+$"), ())
    return found


def family(name: str | None) -> Family | None:
    return families().get(name) if name else None


def _family(name: str, record: dict[str, object]) -> Family:
    pattern = record.get("article_url")
    versions = record["versions"]
    assert isinstance(versions, list)
    return Family(
        name=name,
        article_url=re.compile(str(pattern)) if pattern else None,
        listing=_selectors(record.get("listing")),
        versions=tuple(_version(each) for each in versions),
        telling=bool(record.get("telling", True)),
    )


def _version(record: dict[str, object]) -> Version:
    since = record["since"]
    assert isinstance(since, date)
    named = ("title", "lead", "body", "date", "author", "section", "junk")
    return Version(str(record["version"]), since, **{name: _selectors(record.get(name)) for name in named})


def _selectors(value: object) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list) else ()
