"""Submitted links, what others have that we have not, and what the first stage leaves, as Nguồn tin shows them."""

from __future__ import annotations

from datetime import timedelta

from api.models import CollectingFigures, LinkItem, MissingArticle
from api.reader import Reader
from api.words import URL_OUTCOMES
from monitor import first_stage
from monitor.first_stage import FirstStageFigures
from monitor.links import Link, Links
from monitor.sightings import Sightings

DAYS = 28


def queue(reader: Reader) -> Links:
    return Links(reader.it.engine, allow_private=reader.it.settings.allow_private)


def link_item(link: Link) -> LinkItem:
    return LinkItem(
        id=link.id,
        url=link.url,
        note=link.note,
        submitted_by=link.submitted_by,
        submitted_at=link.submitted_at,
        state="waiting" if link.outcome is None else "done",
        outcome=link.outcome,
        outcome_name=URL_OUTCOMES.get(link.outcome, link.outcome) if link.outcome else "đang chờ tải",
        reason=link.reason,
        finished_at=link.finished_at,
        mention_id=link.post_id,
    )


def missing_articles(reader: Reader, limit: int) -> list[MissingArticle]:
    found = Sightings(reader.it.engine, reader.it.sources).missing(limit)
    return [MissingArticle.model_validate(each, from_attributes=True) for each in found]


def collecting_figures(reader: Reader) -> CollectingFigures:
    """Of the last 28 days: what was left unfetched and what that loses; of the last week: what others have."""
    counted = first_stage.figures(reader.it.engine, reader.now() - timedelta(days=DAYS))
    whole = sum(counted.values(), FirstStageFigures())
    seen = Sightings(reader.it.engine, reader.it.sources).figures()
    return CollectingFigures(
        skipped=whole.skipped,
        passed=whole.passed,
        control=whole.control,
        control_judged=whole.judged,
        control_relevant=whole.relevant,
        lost=None if whole.lost is None else round(whole.lost, 1),
        seen_elsewhere=seen.seen,
        found_here=seen.found,
        missing_here=seen.open,
        unwatched=seen.unwatched,
    )
