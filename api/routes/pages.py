"""The dashboard. Each page has a JSON twin at the same address with `.json` (of `/` it is `/index.json`)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from api import access
from api.access import PrincipalDep
from api.dependencies import AtDep, PeriodParameter, ReaderDep, SavedSearchesDep, SearchDep, SortParameter
from api.models import Resource
from api.paging import add_page
from api.routes.exports import owner
from api.views.issue import IssuePage, NotRising, issue_page
from api.views.mention import MentionPage, mention_page
from api.views.overview import Overview, overview
from api.views.search import SearchPage, search_page
from api.views.source import SourcePage, source_page
from api.views.sources import SourcesPage, sources_page
from api.views.stories import Order, StoriesPage, stories_page
from api.views.story import StoryPage, story_page
from index.query import examples

router = access.router(include_in_schema=False)


class HelpExample(Resource):
    query: str
    meaning: str


class HelpPage(Resource):
    examples: list[HelpExample]


def _overview(reader: ReaderDep, at: AtDep, period: PeriodParameter = "24h") -> Overview:
    return overview(reader, period, at)


def _search(
    reader: ReaderDep,
    search: SearchDep,
    saved: SavedSearchesDep,
    who: PrincipalDep,
    sort: SortParameter = "newest",
    cursor: Annotated[str, Query(max_length=500)] = "",
    opened: Annotated[str, Query(alias="saved", max_length=40)] = "",
) -> SearchPage:
    kept = saved.of(owner(who))
    return search_page(reader, search.only(sort=sort), cursor or None, kept, opened)


def _stories(
    reader: ReaderDep,
    at: AtDep,
    period: PeriodParameter = "3d",
    order: Order = "most",
    rising: bool = False,
) -> StoriesPage:
    return stories_page(reader, period, at, order, only_rising=rising)


def _story(reader: ReaderDep, id: str) -> StoryPage:
    return story_page(reader, id)


def _issue(reader: ReaderDep, id: str, at: AtDep) -> IssuePage | NotRising:
    return issue_page(reader, id, at)


def _sources(reader: ReaderDep, state: str = "") -> SourcesPage:
    return sources_page(reader, attention=state == "attention")


def _source(reader: ReaderDep, id: str) -> SourcePage:
    return source_page(reader, id)


def _mention(reader: ReaderDep, id: str) -> MentionPage:
    return mention_page(reader, id)


def _help() -> HelpPage:
    return HelpPage(examples=[HelpExample(query=each.query, meaning=each.meaning) for each in examples()])


add_page(router, "/", "overview.html", _overview)
add_page(router, "/search", "search.html", _search, audit="search")
add_page(router, "/stories", "stories.html", _stories, audit="story")
add_page(router, "/stories/{id}", "story.html", _story, audit="story")
add_page(router, "/issues/{id}", "issue.html", _issue, audit="issue")
add_page(router, "/sources", "sources.html", _sources)
add_page(router, "/sources/{id}", "source.html", _source)
add_page(router, "/mentions/{id:path}", "mention.html", _mention, audit="mention")
add_page(router, "/help", "help.html", _help)
