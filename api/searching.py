"""`Search`: what a person or a program looks for, read from the parameters of an address and written back into one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from index.port import Filters, Sort
from monitor.wording import VIETNAM, parse_time, rfc3339

FacetName = Literal["topic", "sentiment", "place", "source", "kind", "story"]
FACETS: tuple[FacetName, ...] = ("sentiment", "topic", "place", "source", "kind", "story")
MAX_VALUES = 50  # alternatives of one parameter
_MARK = datetime(1, 1, 2, tzinfo=UTC)


class BadParameter(ValueError):
    """A parameter that cannot be used; `message` is Vietnamese for pages, `detail` English for programs."""

    def __init__(self, name: str, message: str, detail: str) -> None:
        super().__init__(detail)
        self.name, self.message, self.detail = name, message, detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search as an address holds it. Values of one facet are alternatives."""

    q: str = ""
    since: datetime | None = None
    until: datetime | None = None
    topic: tuple[str, ...] = ()
    sentiment: tuple[str, ...] = ()
    place: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    story: tuple[str, ...] = ()
    seen: datetime | None = None
    sort: Sort = "newest"

    def filters(self, min_relevance: int) -> Filters:
        facets: dict[str, Any] = {name: getattr(self, name) for name in FACETS}
        return Filters(since=self.since, until=self.until, min_relevance=min_relevance, seen_since=self.seen, **facets)

    def link(self, path: str = "/search", **extra: str | int | None) -> str:
        """The address of this search; `extra` adds parameters such as a cursor."""
        pairs: list[tuple[str, str]] = [("q", self.q)] if self.q else []
        pairs += [("from", rfc3339(self.since))] if self.since else []
        pairs += [("to", rfc3339(self.until))] if self.until else []
        pairs += [(name, value) for name in FACETS for value in getattr(self, name)]
        pairs += [("seen", rfc3339(self.seen))] if self.seen else []
        pairs += [("sort", self.sort)] if self.sort != "newest" else []
        pairs += [(name, str(value)) for name, value in extra.items() if value is not None]
        return path + ("?" + urlencode(pairs, quote_via=quote, safe=":@,") if pairs else "")

    def linker(self) -> Callable[[datetime, datetime], str]:
        """`link` for parts of this search in time, quick enough for thousands of intervals."""
        before, after = self.only(since=_MARK, until=_MARK).link().split(f"from={rfc3339(_MARK)}&to={rfc3339(_MARK)}")

        def link(since: datetime, until: datetime) -> str:
            begin = max(since, self.since) if self.since else since
            end = min(until, self.until) if self.until else until
            return f"{before}from={rfc3339(begin)}&to={rfc3339(end)}{after}"

        return link

    def only(self, **changes: Any) -> Search:
        """This search with other values; a facet may be given as one value."""
        facets: dict[str, Any] = {
            name: (value,) if isinstance(value, str) else value for name, value in changes.items() if name in FACETS
        }
        return replace(self, **{**changes, **facets})

    def toggled(self, name: FacetName, value: str) -> Search:
        """With this value of a facet added, or taken away if it was there."""
        values: tuple[str, ...] = getattr(self, name)
        changed = tuple(v for v in values if v != value) if value in values else (*values, value)
        return self.only(**{name: changed})

    def conditions(self) -> dict[str, Any]:
        """What is kept of a search beside its query, by the names of the parameters."""
        kept: dict[str, Any] = {name: list(getattr(self, name)) for name in FACETS if getattr(self, name)}
        kept |= {"from": rfc3339(self.since)} if self.since else {}
        kept |= {"to": rfc3339(self.until)} if self.until else {}
        return kept | ({"sort": self.sort} if self.sort != "newest" else {})

    @property
    def narrowed(self) -> bool:
        return bool(self.since or self.until or self.seen or any(getattr(self, name) for name in FACETS))


def read_search(
    *,
    q: str | None,
    since: str | None,
    until: str | None,
    facets: Mapping[FacetName, Iterable[str] | None],
    seen: str | None = None,
    sort: Sort = "newest",
) -> Search:
    """A search from raw parameters; empty ones count as absent. Raises BadParameter."""
    values = {name: _values(name, given) for name, given in facets.items()}
    begin, end = _moment("from", since), _moment("to", until)
    if begin and end and begin >= end:
        raise BadParameter("to", "Thời điểm kết thúc phải sau thời điểm bắt đầu.", "`to` must be later than `from`")
    return Search(q=(q or "").strip(), since=begin, until=end, seen=_moment("seen", seen), sort=sort, **values)


def at_address(address: str) -> Search:
    """The search of an address of the search page, as its forms carry it. Raises BadParameter."""
    given = parse_qs(urlsplit(address).query)
    first = {name: values[0] for name, values in given.items()}
    return read_search(
        q=first.get("q"),
        since=first.get("from"),
        until=first.get("to"),
        facets={name: given.get(name) for name in FACETS},
        seen=first.get("seen"),
        sort="relevance" if first.get("sort") == "relevance" else "newest",
    )


def read_moment(name: str, text: str | None) -> datetime | None:
    """A moment from a parameter. Raises BadParameter."""
    return _moment(name, text)


def _values(name: str, given: Iterable[str] | None) -> tuple[str, ...]:
    values = tuple(dict.fromkeys(v.strip() for v in given or () if v.strip()))
    if len(values) > MAX_VALUES:
        raise BadParameter(
            name, f"Quá nhiều lựa chọn, tối đa {MAX_VALUES}.", f"at most {MAX_VALUES} values of `{name}`"
        )
    return values


def _moment(name: str, text: str | None) -> datetime | None:
    text = (text or "").strip()
    if not text:
        return None
    try:
        moment = parse_time(text)
        if name == "to" and len(text) == len("2026-03-07"):
            moment = moment.astimezone(VIETNAM) + timedelta(days=1)  # a day as the end takes the whole day in
        moment.astimezone(VIETNAM)  # years at the edge of the calendar overflow here, not later
    except (ValueError, OverflowError):
        message = f"Không đọc được thời điểm “{text[:40]}”; hãy viết như 2026-03-07 hoặc 2026-03-07T08:00."
        raise BadParameter(name, message, f"`{name}` is not an RFC 3339 time: {text[:40]!r}") from None
    return moment
