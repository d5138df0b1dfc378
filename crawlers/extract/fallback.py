"""The article on a page of no known family: trafilatura for precision, then for recall, then what meta tags tell."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import trafilatura

from crawlers.extract.metadata import Metadata
from crawlers.extract.text import Tree, clean, line, squash

# Below this share of the recall text, the precise text has lost the article (measured: .3 to .5 are alike).
_LOST = 0.5
# The recall run costs as much as the precise one, so it runs only where the page holds much more text in paragraphs.
_SUSPECT = 0.45
# trafilatura compares its text with two other extractors', which is a third of its time. On 181 pages that changed six
# texts, all of them shorter than this; a longer one that also covers the page's paragraphs is taken at its word.
_PLENTY = 600
_LEADS = (
    "[class*=sapo], [class*=standfirst], [class*=lead], [class*=summary], [class*=subtitle], [class*=dek], "
    "[class*=description], [itemprop=description], h2, p"
)
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
logging.getLogger("htmldate").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Guess:
    """The generic reading of a page: paragraphs, the lead apart, and the method that found them."""

    lead: str
    body: tuple[str, ...]
    method: str


def guess(html: str, url: str, tree: Tree, metadata: Metadata) -> Guess:
    """The main text; an empty body when neither way finds any."""
    body, method = _main_text(html, url, tree)
    lead = visible_lead(tree, metadata.description) if body else ""
    lead, body = _apart(lead, body)
    title = squash(metadata.title)
    if body and title and squash(body[0]) == title:
        body = body[1:]
    return Guess(lead, tuple(body), method)


def visible_lead(tree: Tree, description: str) -> str:
    """The page's description where a reader sees it as a block of its own; "" when it is for machines only."""
    known = squash(description.rstrip(". …"))
    if len(known) < 20:
        return ""
    for node in tree.css(_LEADS):
        text = line(node) if len(node.text()) < 4 * len(description) + 200 else ""
        own = squash(text)
        if own and (own == known or (own.startswith(known) and len(own) < 2 * len(known))):
            return text
    return ""


def _main_text(html: str, url: str, tree: Tree) -> tuple[list[str], str]:
    suspect = _SUSPECT * sum(len(clean(node.text())) for node in tree.css("p"))
    precise = _trafilatura(html, url, precise=True, fast=True)
    if sum(map(len, precise)) > max(suspect, _PLENTY):
        return precise, "trafilatura"
    precise = _trafilatura(html, url, precise=True)
    if sum(map(len, precise)) > suspect:
        return precise, "trafilatura"
    wide = _trafilatura(html, url, precise=False)
    if sum(map(len, precise)) < _LOST * sum(map(len, wide)):
        return wide, "trafilatura-recall"
    return precise, "trafilatura"


def _trafilatura(html: str, url: str, *, precise: bool, fast: bool = False) -> list[str]:
    try:
        # Tables carry the figures of an article; in the recall run they mostly bring in layout.
        text = trafilatura.extract(
            html,
            url=url,
            include_comments=False,
            include_tables=precise,
            favor_precision=precise,
            favor_recall=not precise,
            fast=fast,
        )
    except Exception:  # its failures on broken pages are of every kind; an empty text says enough
        return []
    return [clean(part) for part in (text or "").split("\n") if clean(part)]


def _apart(lead: str, body: list[str]) -> tuple[str, list[str]]:
    known = squash(lead)
    if not known:
        return "", body
    for number, part in enumerate(body[:4]):
        own = squash(part)
        if own == known:
            return lead, [*body[:number], *body[number + 1 :]]
        if known in own:
            # The lead is part of a longer paragraph: nothing is lost by leaving it there.
            return "", body
    return lead, body
