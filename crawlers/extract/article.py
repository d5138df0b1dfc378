"""A page to `Post`: who is asked in which order, and how far the answer is trusted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from htmldate import find_date

from crawlers.extract import dates, fallback, families, threads
from crawlers.extract.canonical import canonical_url, host
from crawlers.extract.dates import Moment
from crawlers.extract.families import Reading
from crawlers.extract.metadata import Metadata, read_metadata
from crawlers.extract.text import Document, Tree, first, line
from crawlers.families import Family, family
from crawlers.post import Post, Quality
from crawlers.source import Source

# How much each reason takes from a score of 1.
_WEIGHTS = {
    "body_short": 0.4,
    "no_body": 0.6,
    "no_title": 0.3,
    "boilerplate": 0.5,
    "title_unrelated": 0.3,
    "family_failed": 0.2,
    "no_date": 0.2,
    "date_day_only": 0.05,
    "date_guessed": 0.1,
    "no_lead": 0.0,
}


_DATE_LINES = (
    "article time[datetime]", "header time[datetime]", "[itemprop=datePublished]", "time[datetime]",
    "[class*=publish-date]", "[class*=published-date]", "[class*=publish_date]", "[class*=date-publish]",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Found:
    title: str
    lead: str
    body: tuple[str, ...]
    date: str = ""
    author: str = ""
    section: str = ""
    method: str = ""
    reasons: tuple[str, ...] = ()


def extract(html: str | bytes, url: str, source: Source | None = None, fetched_at: datetime | None = None) -> Post:
    """The page's post; of a page with many posts the first. Never raises on a broken page: see `quality`."""
    return extract_many(html, url, source, fetched_at)[0]


def extract_many(
    html: str | bytes, url: str, source: Source | None = None, fetched_at: datetime | None = None
) -> list[Post]:
    """All posts of the page, at least one: a forum thread's or a channel's each, else the one article.

    `fetched_at` (aware, default now) bounds publication times: later ones are errors of the page.
    """
    return read_document(Document(html), url, source, fetched_at)


def read_document(
    page: Document, url: str, source: Source | None = None, fetched_at: datetime | None = None
) -> list[Post]:
    """As `extract_many`, on a page that is parsed already."""
    now = fetched_at or datetime.now(UTC)
    if page.too_complex:
        reasons = ("too_complex",)
        name = source.id if source else host(url)
        return [Post(url=url, canonical_url=canonical_url(url), source=name, quality=Quality(0.0, reasons))]
    posts = threads.posts(page, url, source, now)
    return posts or [_article(page, url, source, now)]


def _article(page: Document, url: str, source: Source | None, now: datetime) -> Post:
    metadata = read_metadata(page.tree)
    found = _by_family(page, metadata, source) or _by_guess(page, url, metadata, source)
    moment, origin = dates.published(metadata.published, [found.date], url, now)
    if moment is None:
        moment, origin = _htmldate(page.text, url, now), "htmldate"
    reasons = found.reasons + _date_reasons(moment, origin)
    updated = dates.believable(next(filter(None, map(dates.parse_date, metadata.updated)), None), now)
    body = "\n".join(found.body)
    return Post(
        url=url,
        canonical_url=canonical_url(url, metadata.canonical),
        source=source.id if source else host(url),
        kind=source.kind if source else "news",
        title=found.title,
        lead=found.lead,
        body=body,
        author=_author(metadata, found),
        published_at=moment.at if moment else None,
        updated_at=_after(updated, moment),
        section=metadata.section or found.section or None,
        tags=metadata.tags,
        method=found.method,
        quality=_quality(reasons),
    )


def _by_family(page: Document, metadata: Metadata, source: Source | None) -> _Found | None:
    """The first believable reading: the source's own family, then families that the markup resembles."""
    for candidate in _candidates(page, family(source.family if source else None)):
        for reading in families.read(page, candidate):
            reading = replace(reading, title=reading.title or metadata.title)
            if not families.doubts(reading):
                return _from_reading(reading, candidate, metadata)
    return None


def _candidates(page: Document, known: Family | None) -> Iterator[Family]:
    if known:
        yield known
    yield from [each for each in families.by_markup(page.tree) if each is not known]


def _from_reading(reading: Reading, of: Family, metadata: Metadata) -> _Found:
    lead, body = reading.lead, list(reading.body)
    if not lead and metadata.description and body:
        # These systems fill the description from the lead; it is the lead when the body does not begin with it.
        lead = metadata.description
        body = families.without_lead(body, lead)
    reasons = () if lead else ("no_lead",)
    return _Found(
        reading.title, lead, tuple(body), reading.date, reading.author, reading.section,
        f"family:{of.name}@{reading.version}", reasons,
    )  # fmt: skip


def _by_guess(page: Document, url: str, metadata: Metadata, source: Source | None) -> _Found:
    tree = page.tree
    guessed = fallback.guess(page.text, url, tree, metadata)
    lead, body = guessed.lead, guessed.body
    reasons: list[str] = ["family_failed"] if source and family(source.family) else []
    if not body:
        lead = lead or metadata.description
        reasons.append("no_body")
    elif sum(map(len, body)) + len(lead) < 200:
        reasons.append("body_short")
    title = _heading(tree, metadata) if body or metadata.ld else metadata.title
    if not title:
        reasons.append("no_title")
    method = guessed.method if body else "meta"
    return _Found(title, lead, body, dates_on_page(tree), author_on_page(tree), method=method, reasons=tuple(reasons))


def _heading(tree: Tree, metadata: Metadata) -> str:
    """The page's only h1, else its metadata title: og:title often carries the site's name."""
    headings = [line(node) for node in tree.css("h1")]
    headings = [each for each in headings if each]
    if metadata.title and any(each == metadata.title for each in headings):
        return metadata.title
    if len(headings) == 1 and len(headings[0]) > 10:
        return headings[0]
    return metadata.title


def author_on_page(tree: Tree) -> str:
    """A byline on a page of no family: short, and marked as the author's."""
    node = first(tree, ("[rel=author]", "[itemprop=author]", "article [class*=byline]", "article [class*=author]"))
    text = line(node)
    return text if 1 < len(text) <= 40 and not any(each.isdigit() for each in text) else ""


def dates_on_page(tree: Tree) -> str:
    """The date of the article's own time element, or what is marked as its date line, on a page of no family."""
    node = first(tree, _DATE_LINES)
    if node is None:
        return ""
    return node.attributes.get("datetime") or node.attributes.get("content") or line(node)


def _htmldate(text: str, url: str, now: datetime) -> Moment | None:
    try:
        day = find_date(text, url=url, original_date=True, extensive_search=False)
    except Exception:  # as with trafilatura: on broken pages it fails in every way
        return None
    return dates.believable(dates.parse_date(day), now)


def _date_reasons(moment: Moment | None, origin: str) -> tuple[str, ...]:
    if moment is None:
        return ("no_date",)
    guessed = ("date_guessed",) if origin in ("url", "htmldate") else ()
    return (*(("date_day_only",) if moment.day_only else ()), *guessed)


def _after(updated: Moment | None, published: Moment | None) -> datetime | None:
    if updated is None or updated.day_only:
        return None
    return updated.at if published is None or updated.at >= published.at else None


def _author(metadata: Metadata, found: _Found) -> str | None:
    """Metadata that names several people wins; else the line readers see; else the metadata's one name."""
    if len(metadata.authors) > 1 or not found.author:
        return ";".join(metadata.authors) or found.author or None
    return found.author


def _quality(reasons: tuple[str, ...]) -> Quality:
    score = 1.0
    for reason in reasons:
        score -= _WEIGHTS.get(reason, 0.1)
    return Quality(score=max(0.0, round(score, 3)), reasons=reasons)
