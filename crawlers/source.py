"""`Source`: the record of one outlet or channel, read from YAML. A source is data, never a class."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from crawlers.families import families
from crawlers.post import Kind
from crawlers.records import Record, SourceError, read_records

__all__ = ["REGISTRY", "Channel", "Discovery", "Politeness", "Source", "SourceError", "load_candidates", "load_sources"]

REGISTRY = Path(__file__).parent / "sources"
QUERY = "{query}"
Model = TypeVar("Model", bound=BaseModel)


def _addresses(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        _address(value)
    return values


def _address(value: str) -> str:
    try:
        parts = urlsplit(value)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        valid = False
    if not valid:
        raise ValueError(f"cần một địa chỉ bắt đầu bằng http:// hoặc https://, ở đây là {value[:60]!r}")
    return value


class Channel(BaseModel):
    """A channel read through an API. `account`: the channel, page, tag or account there; for readers' comments the id
    of the source whose articles they stand below. `base`: the API's address where it is not the service's own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    service: Literal[
        "youtube", "facebook", "mastodon", "bluesky",
        "vnexpress-comments", "tuoitre-comments", "thanhnien-comments", "vietnamnet-comments",
    ]  # fmt: skip
    account: str = Field(min_length=1, max_length=120, pattern=r"^[^\s/?#&]+$")
    base: str | None = None
    comments: bool = True

    @field_validator("base")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        return value if value is None else _address(value)


class Discovery(BaseModel):
    """How the source's articles are found; every list may be empty, a record of the registry has one that is not.

    `searches`: the outlet's own search, its address with `{query}` where the words go. `signals`: feeds with
    `{query}` that name articles of other outlets (Google News): title and outlet only, nothing is fetched from them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    feeds: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    listings: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()
    channel: Channel | None = None

    check_addresses = field_validator("feeds", "sitemaps", "listings", "searches", "signals")(_addresses)

    @field_validator("searches", "signals")
    @classmethod
    def _has_a_place_for_words(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if QUERY not in value:
                raise ValueError(f"cần {QUERY} ở chỗ của từ khóa, ở đây là {value[:60]!r}")
        return values

    @property
    def ways(self) -> dict[str, list[str]]:
        """Each way in use -> its addresses; a channel as its service and account."""
        found = {name: list(urls) for name, urls in self if urls and name != "channel"}
        if self.channel is not None:
            found["channel"] = [f"{self.channel.service}: {self.channel.account}"]
        return found

    @property
    def is_empty(self) -> bool:
        return not (self.feeds or self.sitemaps or self.listings or self.searches or self.signals or self.channel)


class Politeness(BaseModel):
    """Requests at a time to the host, pause between them in seconds, and limits of one pass."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    concurrency: int = Field(default=1, ge=1, le=2)
    delay: float = Field(default=1.0, ge=0)
    max_articles: int = Field(default=200, ge=1)


class Source(BaseModel):
    """One outlet or channel. `family` names the extraction rules; `owned` says that the province owns it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$", max_length=120)
    name: str = Field(min_length=1)
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
    # Every article is fetched, whatever its title says: for small outlets near by, or without summaries in their feed.
    whole: bool = False
    # Off only for a site whose certificate chain is broken and whose pages we want all the same; the note says so.
    verify_tls: bool = True
    enabled: bool = True
    legal: str = ""
    grade: Literal["A", "B", "C", "D"] | None = None
    note: str = ""

    check_home = field_validator("home")(_address)

    @field_validator("article_url")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"cần một biểu thức chính quy đúng: {error}") from error
        return value

    @field_validator("family")
    @classmethod
    def _is_declared(cls, value: str | None) -> str | None:
        if value is not None and value not in families():
            raise ValueError(f"cần một trong {', '.join(sorted(families()))}, ở đây là {value!r}")
        return value

    @property
    def taken_whole(self) -> bool:
        """Whether every article is fetched; of the others, those whose title and summary may concern the province."""
        return self.owned or self.local or self.whole or self.kind != "news"


class Member(BaseModel):
    """A host that a pattern makes a source of. Crawled only once somebody `checked` it on that day."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*\.[a-z]+$")
    name: str = Field(min_length=1)
    checked: date | None = None
    grade: Literal["A", "B", "C", "D"] | None = None
    note: str = ""


class Pattern(BaseModel):
    """Many sites of one make: `source` is their record with {host} and {name}, `hosts` says which there are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pattern: str = Field(min_length=1)
    source: dict[str, Any]
    hosts: tuple[Member, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _source_leaves_the_rest_to_members(self) -> Self:
        for name in ("enabled", "grade"):
            if name in self.source:
                raise ValueError(f"source.{name}: thuộc về từng host (checked, grade), không ghi ở đây")
        return self

    def sources(self, record: Record) -> Iterator[Source]:
        """A source per host, enabled when it has been checked. Raises SourceError."""
        for member in self.hosts:
            filled = _filled(self.source, {"host": member.host, "name": member.name})
            note = " ".join(part for part in (str(filled.get("note", "")), member.note) if part)
            own = {"grade": member.grade or "D", "enabled": member.checked is not None, "note": note}
            try:
                yield Source.model_validate({"id": member.host, **filled, **own})
            except ValidationError as error:
                raise record.explained(error, tuple(Source.model_fields), ("source",)) from error


def load_sources(*paths: Path) -> dict[str, Source]:
    """The sources of these YAML files (each a list of records) or folders of such files, by id.

    Of a pattern's hosts, those that have been checked. Raises SourceError for a record that is wrong or an id given
    twice.
    """
    return {id: source for id, (source, known) in _load(paths).items() if known}


def load_candidates(*paths: Path) -> dict[str, Source]:
    """The sources that patterns of these files make likely and nobody has checked yet. Raises as `load_sources`."""
    return {id: source for id, (source, known) in _load(paths).items() if not known}


def _load(paths: tuple[Path, ...]) -> dict[str, tuple[Source, bool]]:
    found: dict[str, tuple[Source, bool]] = {}
    for path in paths:
        for file in sorted(path.glob("*.yaml")) if path.is_dir() else [path]:
            for record in read_records(file):
                for source, known in _sources(record):
                    if source.id in found:
                        raise record.wrong(f"id {source.id!r} đã có ở một bản ghi khác", ("id",))
                    found[source.id] = source, known
    return found


def _sources(record: Record) -> Iterator[tuple[Source, bool]]:
    if "pattern" in record.value:
        for source in _validated(Pattern, record).sources(record):
            yield source, source.enabled
        return
    source = _validated(Source, record)
    if source.discovery.is_empty:
        raise record.wrong(
            "cần ít nhất một trong feeds, sitemaps, listings, searches, signals có địa chỉ", ("discovery",)
        )
    yield source, True


def _validated(model: type[Model], record: Record) -> Model:
    try:
        return model.model_validate(record.value)
    except ValidationError as error:
        fields = [*model.model_fields, *Discovery.model_fields, *Politeness.model_fields, *Member.model_fields]
        raise record.explained(error, fields) from error


def _filled(value: Any, names: dict[str, str]) -> Any:
    """The template with {host} and {name} put in, in every text below."""
    if isinstance(value, str):
        for name, given in names.items():
            value = value.replace(f"{{{name}}}", given)
        return value
    if isinstance(value, dict):
        return {key: _filled(each, names) for key, each in value.items()}
    return [_filled(each, names) for each in value] if isinstance(value, list) else value
