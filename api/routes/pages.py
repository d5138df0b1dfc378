"""The dashboard. Each page has a JSON twin at the same address with `.json` (of `/` it is `/index.json`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from api import access
from api.access import requires
from api.dependencies import AtDep, PeriodParameter, ReaderDep, SearchDep, SortParameter
from api.models import Resource
from api.views.issue import IssuePage, NotRising, issue_page
from api.views.mention import MentionPage, mention_page
from api.views.overview import Overview, overview
from api.views.search import SearchPage, search_page
from api.views.source import SourcePage, source_page
from api.views.sources import SourcesPage, sources_page
from api.views.stories import Order, StoriesPage, stories_page
from api.views.story import StoryPage, story_page
from index.query import examples
from monitor.people.roles import Role

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
    sort: SortParameter = "newest",
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> SearchPage:
    return search_page(reader, search.only(sort=sort), cursor or None)


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


def _add(path: str, template: str, view: Callable[..., Any], *, audit: str = "") -> None:
    """A page and its twin, drawn from one view's data. The twin comes first, or an id would swallow ".json"."""

    @requires(Role.viewer, audit=audit)
    def twin(data: Any = Depends(view)) -> Response:
        return JSONResponse(data.model_dump(mode="json"), _status(data))

    @requires(Role.viewer, audit=audit)
    def page(request: Request, data: Any = Depends(view)) -> Response:
        html = request.app.state.templates.render(template, request, page=data)
        return HTMLResponse(html, _status(data))

    name = template.removesuffix(".html")
    router.add_api_route("/index.json" if path == "/" else f"{path}.json", twin, name=f"{name}-twin")
    router.add_api_route(path, page, name=name)


def _status(data: Any) -> int:
    return 400 if getattr(data, "wrong", None) else 200


_add("/", "overview.html", _overview)
_add("/search", "search.html", _search, audit="search")
_add("/stories", "stories.html", _stories, audit="story")
_add("/stories/{id}", "story.html", _story, audit="story")
_add("/issues/{id}", "issue.html", _issue, audit="issue")
_add("/sources", "sources.html", _sources)
_add("/sources/{id}", "source.html", _source)
_add("/mentions/{id:path}", "mention.html", _mention, audit="mention")
_add("/help", "help.html", _help)
