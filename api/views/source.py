"""One source: its state, its last runs, what it refused, and what it brought."""

from __future__ import annotations

from api.models import MentionItem, RefusedUrl, Resource, SourceDetail, SourceRun
from api.problems import NotFound
from api.reader import Reader
from api.searching import Search
from api.views.sources import day_counts, days_of_sources, source_item

SAMPLES = 10


class SourcePage(Resource):
    source: SourceDetail
    total: int
    samples: list[MentionItem]
    methods: dict[str, int]
    link: str


def source_detail(reader: Reader, id: str) -> SourceDetail:
    """Raises NotFound."""
    status = next((each for each in reader.sources() if each.id == id), None)
    if status is None:
        raise NotFound("source")
    record, memory = reader.it.sources[id], reader.it.memory
    runs = [SourceRun.model_validate(run, from_attributes=True) for run in memory.last_runs(id)]
    return SourceDetail(
        **source_item(status).model_dump(),
        every_minutes=record.every_minutes,
        legal=record.legal,
        note=record.note,
        grade=record.grade,
        discovery=record.discovery.ways,
        days=day_counts(reader, days_of_sources(reader).get(id, {})),
        runs=runs,
        url_outcomes=memory.url_outcomes(id),
        refused=[RefusedUrl(url=url, outcome=outcome, reason=reason) for url, outcome, reason in memory.refusals(id)],
    )


def source_page(reader: Reader, id: str) -> SourcePage:
    """Raises NotFound."""
    detail, search = source_detail(reader, id), Search(source=(id,))
    samples, total, _ = reader.mentions(search, limit=SAMPLES)
    methods: dict[str, int] = {}
    for run in detail.runs:
        for method, count in (run.counts.get("methods") or {}).items():
            methods[method] = methods.get(method, 0) + count
    return SourcePage(source=detail, total=total, samples=samples, methods=methods, link=search.link())
