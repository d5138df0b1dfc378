"""Tìm kiếm: results with highlights, facets that narrow, and when it was told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from pydantic import Field

from api.models import Bucket, MentionItem, Resource, SavedSearchItem, SentimentCounts, Series
from api.reader import Reader
from api.searching import FACETS, FacetName, Search
from api.views.saved import saved_item
from api.words import SENTIMENTS
from index.hints import hints
from index.port import IndexUnavailable, Interval, QueryError, TooSlow
from monitor.saved_searches import SavedSearch
from monitor.wording import number, when

PAGE = 20
TITLES: dict[FacetName, str] = {
    "sentiment": "Sắc thái",
    "topic": "Lĩnh vực",
    "place": "Địa bàn",
    "source": "Nguồn tin",
    "kind": "Loại tin",
    "story": "Vụ việc",
}
FACET_VALUES = 12
HOURLY = timedelta(days=3, hours=1)
DAILY = timedelta(days=100)
WEEKLY = timedelta(days=800)


class FacetValue(Resource):
    """`link` chooses the value or lets it go, `counted` finds exactly the mentions that `count` counts."""

    id: str
    name: str
    count: int
    by_sentiment: SentimentCounts
    selected: bool
    link: str
    counted: str


class Facet(Resource):
    name: str
    title: str
    choices: list[FacetValue]


class Chip(Resource):
    """A condition in force, with the address that takes it away."""

    text: str
    link: str


class Wrong(Resource):
    """Why the query could not be read."""

    message: str
    position: int
    suggestion: str | None
    suggestion_link: str | None


class Advice(Resource):
    """Another search that may have been meant."""

    text: str
    link: str


class SearchPage(Resource):
    q: str
    search: Search
    sort: str
    total: int
    sentence: str
    items: list[MentionItem]
    next_link: str | None
    first_link: str | None
    chips: list[Chip]
    facets: list[Facet]
    series: Series | None
    advice: list[Advice] = Field(default_factory=list)
    saved: list[SavedSearchItem] = Field(default_factory=list)
    opened: SavedSearchItem | None = None
    wrong: Wrong | None = None


def search_page(
    reader: Reader, search: Search, cursor: str | None, kept: Sequence[SavedSearch] = (), opened: str = ""
) -> SearchPage:
    """`kept` are the person's saved searches, shown where nothing is asked for yet; `opened` is the one that led here.

    Raises BadCursor; a query that cannot be read is part of the page.
    """
    try:
        facets = _facets(reader, search)  # first: it looks all hits up, after which counting them costs nothing
        items, total, following = reader.mentions(search, limit=PAGE, cursor=cursor)
    except QueryError as error:
        return _wrong(reader, search, error)
    except TooSlow:
        raise
    except IndexUnavailable:
        if not search.q:
            raise
        return _without_words(reader, search)
    asked = bool(search.q or search.narrowed)
    return SearchPage(
        q=search.q,
        search=search,
        sort=search.sort,
        total=total,
        sentence=_sentence(reader, search, total),
        items=items,
        next_link=search.link(cursor=following) if following else None,
        first_link=search.link() if cursor else None,
        chips=_chips(reader, search),
        facets=facets,
        series=_series(reader, search) if total else None,
        advice=_advice(reader, search, total),
        saved=[] if asked else [saved_item(reader, each) for each in kept],
        opened=next((saved_item(reader, each) for each in kept if each.id == opened), None),
    )


def _without_words(reader: Reader, search: Search) -> SearchPage:
    """While the index is away: what the filters leave, the newest first, as the archive has it."""
    plain = search.only(q="")
    page = search_page(reader, plain, None)
    said = f"Chưa tìm được “{search.q}”: chỉ mục đang gián đoạn. Dưới đây là tin mới nhất trong kho lưu."
    return page.model_copy(update={"q": search.q, "search": search, "sentence": said, "advice": []})


def _advice(reader: Reader, search: Search, total: int) -> list[Advice]:
    found = []
    for hint in hints(search.q):
        meant = search.only(q=hint.query)
        count = reader.count(meant)
        if hint.kind == "phrase" and 0 < count < total:
            text = f"{number(count)} trong số này có đúng cụm từ {hint.query}, các từ đứng liền nhau"
        elif hint.kind == "or" and count > total:
            text = f"“hoặc” viết thường được tìm như một từ; {number(count)} lượt nhắc khớp với {hint.query}"
        else:
            continue
        found.append(Advice(text=text, link=meant.link()))
    return found


def _wrong(reader: Reader, search: Search, error: QueryError) -> SearchPage:
    fixed = search.only(q=error.suggestion).link() if error.suggestion else None
    return SearchPage(
        q=search.q,
        search=search,
        sort=search.sort,
        total=0,
        sentence="Câu tìm này chưa đọc được.",
        items=[],
        next_link=None,
        first_link=None,
        chips=_chips(reader, search),
        facets=[],
        series=None,
        wrong=Wrong(message=error.message, position=error.position, suggestion=error.suggestion, suggestion_link=fixed),
    )


def _sentence(reader: Reader, search: Search, total: int) -> str:
    said = f"{number(total)} lượt nhắc" if total else "Không có lượt nhắc nào"
    if not total:
        return said + "."
    counts = {b.id: b.count for b in reader.facets(search, ("sentiment",))["sentiment"]}
    parts = [f"{number(counts[s])} {SENTIMENTS[s]}" for s in SENTIMENTS if counts.get(s)]
    return said + (": " + ", ".join(parts) if parts else "") + "."


def _chips(reader: Reader, search: Search) -> list[Chip]:
    now = reader.now()
    chips = [Chip(text=f"câu tìm: {search.q}", link=search.only(q="").link())] if search.q else []
    if search.since:
        chips.append(Chip(text=f"từ {when(search.since, now)}", link=search.only(since=None).link()))
    if search.until:
        chips.append(Chip(text=f"trước {when(search.until, now)}", link=search.only(until=None).link()))
    if search.seen:
        chips.append(Chip(text=f"mới thấy từ {when(search.seen, now)}", link=search.only(seen=None).link()))
    stories = reader.it.annotations.stories(search.story)
    for name in FACETS:
        for value in getattr(search, name):
            words = stories[value].title if name == "story" and value in stories else reader.names.facet(name, value)
            chips.append(Chip(text=f"{TITLES[name].lower()}: {words}", link=search.toggled(name, value).link()))
    return chips


def _facets(reader: Reader, search: Search) -> list[Facet]:
    """A facet with chosen values is counted without them, so that their alternatives can be seen."""
    shown: list[FacetName] = [name for name in FACETS if name != "story"]
    plain = [name for name in shown if not getattr(search, name)]
    found = reader.facets(search, plain, 200)
    for name in shown:
        if getattr(search, name):
            found |= reader.facets(search.only(**{name: ()}), (name,), 200)
    return [_facet(search, name, found[name]) for name in shown]


def _facet(search: Search, name: FacetName, buckets: list[Bucket]) -> Facet:
    chosen = getattr(search, name)
    first = buckets[:FACET_VALUES]
    rest = [bucket for bucket in buckets[FACET_VALUES:] if bucket.id in chosen]
    values = [
        FacetValue(
            id=b.id,
            name=b.name,
            count=b.count,
            by_sentiment=b.by_sentiment,
            selected=b.id in chosen,
            link=search.toggled(name, b.id).link(),
            counted=b.link,
        )
        for b in [*first, *rest]
    ]
    return Facet(name=name, title=TITLES[name], choices=values)


def _series(reader: Reader, search: Search) -> Series:
    if search.since and search.until:
        return reader.series(search, _interval(search.until - search.since))
    months = reader.series(search, "month")
    told = [point.start for point in months.items if point.count]
    if len(told) > 36:
        return months
    begin = search.since or told[0]
    return reader.series(search, _interval((search.until or reader.now()) - begin))


def _interval(span: timedelta) -> Interval:
    return "hour" if span <= HOURLY else "day" if span <= DAILY else "week" if span <= WEEKLY else "month"
