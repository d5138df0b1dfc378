"""Reads a page by the selectors that its family declares (`crawlers.families`), and tells families by their pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from crawlers.extract.text import Document, Node, Tree, clean, first, line, paragraphs, remove, squash, words
from crawlers.families import Family, Version, families

FIRST_PARAGRAPH = "first-paragraph"
_BOILERPLATE = re.compile(
    r"(vui lòng (đăng nhập|bật javascript|chờ)|trang (bạn tìm|không tồn tại|này không)|enable javascript|"
    r"just a moment|access denied|page not found|không tìm thấy trang)",
    re.IGNORECASE,
)
_CREDIT = re.compile(r"^(theo|tin, ảnh|bài, ảnh|bài và ảnh|ảnh|tác giả|thực hiện|nguồn)\s*[:.]?\s+", re.IGNORECASE)
_SHORTEST_BODY = 80
_STOP = frozenset(
    [
        "và",
        "của",
        "là",
        "có",
        "cho",
        "với",
        "các",
        "những",
        "một",
        "được",
        "tại",
        "trong",
        "về",
        "từ",
        "the",
        "of",
        "a",
        "to",
        "in",
    ]
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What selectors found on a page, before any judgement; times and names as written."""

    title: str
    lead: str
    body: tuple[str, ...]
    date: str
    author: str
    section: str
    version: str = ""


def by_markup(tree: Tree) -> Iterator[Family]:
    """The families of which a version's foremost (most particular) title and body selectors both meet something."""
    for each in families().values():
        if not each.telling:
            continue
        for version in each.versions:
            if _any(tree, version.body[:2]) and _any(tree, version.title[:2]):
                yield each
                break


def by_listing(tree: Tree) -> Iterator[Family]:
    """The families whose listing selectors meet at least three links of their own article form on the page."""
    for each in families().values():
        if each.article_url is None or not each.telling:
            continue
        hits = 0
        for node in (node for selector in each.listing for node in tree.css(selector)):
            hits += each.article_url.search((node.attributes.get("href") or "").split("?")[0]) is not None
        if hits >= 3:
            yield each


def read(page: Document, of: Family) -> Iterator[Reading]:
    """A reading per version that finds a body on the page, newest version first."""
    for version in of.versions:
        body = _body(page.tree, version)
        if body is not None:
            # Taking junk out changes the tree, of which the body is a part.
            yield _reading(page.take(), body, version)


def doubts(reading: Reading) -> tuple[str, ...]:
    """Reasons not to believe the reading; empty when it looks like the article."""
    body = " ".join(reading.body)
    found = []
    if len(body) < _SHORTEST_BODY:
        found.append("body_short")
    elif len(body) < 600 and _BOILERPLATE.search(body):
        found.append("boilerplate")
    if not reading.title:
        found.append("no_title")
    elif not _about(reading.title, f"{reading.lead} {body}"):
        found.append("title_unrelated")
    return tuple(found)


def _any(tree: Tree, selectors: tuple[str, ...]) -> bool:
    return any(tree.css_first(selector) is not None for selector in selectors)


def _reading(tree: Tree, body: Node, version: Version) -> Reading:
    # Author and date lines often stand inside the body and go with the junk: read them first.
    author, when = _author(tree, version), _date(first(tree, version.date))
    section = line(first(tree, version.section))
    title = line(first(tree, version.title))
    lead_from_body = FIRST_PARAGRAPH in version.lead
    lead_node = None if lead_from_body else first(tree, version.lead)
    if lead_node is not None:
        remove(lead_node, version.junk)
    lead = line(lead_node)
    remove(body, version.junk)
    inside = lead_node is not None and _within(lead_node, body)
    parts = paragraphs(body)
    if lead_from_body and parts:
        lead, parts = _split_lead(parts, title)
    elif inside or lead:
        parts = without_lead(parts, lead)
    return Reading(title, lead, tuple(_without_title(parts, title)), when, author, section, version.version)


def _body(tree: Tree, version: Version) -> Node | None:
    """The node with the most text among the first selector's that has any: systems leave empty twins for pop-ups."""
    for selector in version.body:
        nodes = [(len(text), node) for node in tree.css(selector) if (text := (node.text() or "").strip())]
        if nodes:
            return max(nodes, key=lambda pair: pair[0])[1]
    return None


def _within(node: Node, outer: Node) -> bool:
    parent = node.parent
    while parent is not None:
        if parent.mem_id == outer.mem_id:
            return True
        parent = parent.parent
    return False


def _split_lead(parts: list[str], title: str) -> tuple[str, list[str]]:
    parts = _without_title(parts, title)
    if not parts or len(parts[0]) > 700:
        return "", parts
    return parts[0], parts[1:]


def without_lead(parts: list[str], lead: str) -> list[str]:
    """The paragraphs without the one that repeats the lead."""
    known = squash(lead)
    if not known:
        return parts
    return [part for number, part in enumerate(parts) if not (number < 4 and squash(part) == known)]


def _without_title(parts: list[str], title: str) -> list[str]:
    return parts[1:] if parts and title and squash(parts[0]) == squash(title) else parts


def _date(node: Node | None) -> str:
    if node is None:
        return ""
    attributes = node.attributes
    return clean(attributes.get("datetime") or attributes.get("content") or "") or line(node)[:200]


def _author(tree: Tree, version: Version) -> str:
    """The names as the page writes them, several joined by a semicolon; "" when there are none."""
    for selector in version.author:
        names = [_CREDIT.sub("", line(node)).strip(" -–|()") for node in tree.css(selector)]
        names = [name for name in dict.fromkeys(names) if 1 < len(name) <= 60]
        if names:
            return ";".join(names[:4])
    return ""


def _about(title: str, text: str) -> bool:
    """Whether the text shares words with its title: one will do for a long text, as headlines may be metaphors."""
    wanted = {word for word in words(title) if word not in _STOP}
    enough = min(1 if len(text) > 400 else 2, len(wanted))
    # An article names its subject early; the rest is read only where it does not.
    return any(len(wanted & set(words(part))) >= enough for part in (text[:1_000], text))
