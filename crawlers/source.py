"""`Source`: the record of one outlet or channel, read from YAML. A source is data, never a class."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crawlers.post import Kind

REGISTRY = Path(__file__).parent / "sources"


class SourceError(ValueError):
    """A record that cannot be used; the message names file, record, field and what was expected."""


class Discovery(BaseModel):
    """How the source's articles are found; every list may be empty, at least one is not."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    feeds: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    listings: tuple[str, ...] = ()


class Politeness(BaseModel):
    """Requests at a time to the host, pause between them in seconds, and limits of one pass."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    concurrency: int = Field(default=1, ge=1, le=2)
    delay: float = Field(default=1.0, ge=0)
    max_articles: int = Field(default=200, ge=1)


class Source(BaseModel):
    """One outlet or channel. `family` names the extraction rules; `owned` says that the province owns it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    name: str
    home: str
    kind: Kind = "news"
    family: str | None = None
    discovery: Discovery
    article_url: str | None = None  # regular expression over the URL's path that tells articles from other links
    every_minutes: float = Field(default=15, gt=0)
    politeness: Politeness = Politeness()
    owned: bool = False
    # Writes about the province by its nature, owned or not (a local forum): unplaced posts concern the province.
    local: bool = False
    # Off only for a site whose certificate chain is broken and whose pages we want all the same; the note says so.
    verify_tls: bool = True
    enabled: bool = True
    legal: str = ""
    grade: Literal["A", "B", "C", "D"] | None = None
    note: str = ""


def load_sources(*paths: Path) -> dict[str, Source]:
    """The sources of these YAML files (each a list of records) or folders of such files, by id.

    Raises SourceError for a record that is wrong or an id given twice.
    """
    found: dict[str, Source] = {}
    for path in paths:
        for file in sorted(path.glob("*.yaml")) if path.is_dir() else [path]:
            for number, record in enumerate(_records(file), start=1):
                source = _source(file, number, record)
                if source.id in found:
                    raise SourceError(f"{file}: record {number}: the id {source.id!r} is given twice")
                found[source.id] = source
    return found


def _records(file: Path) -> list[object]:
    try:
        records = yaml.safe_load(file.read_text(encoding="utf-8")) or []
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SourceError(f"{file}: not readable as YAML: {error}") from error
    if not isinstance(records, list):
        raise SourceError(f"{file}: a list of records was expected")
    return records


def _source(file: Path, number: int, record: object) -> Source:
    try:
        return Source.model_validate(record)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the record"
        raise SourceError(f"{file}: record {number}: {field}: {first['msg']}") from error
