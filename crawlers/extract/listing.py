"""The article links of a listing page, as a reader sees them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from crawlers.extract.canonical import canonical_url, join, same_site
from crawlers.extract.families import by_listing
from crawlers.extract.text import Document, Node, Tree, hidden, line
from crawlers.families import Family, family
from crawlers.source import Source

_SHORTEST_TITLE = 12
_GENERIC = re.compile(r"/[^/]*[a-z0-9]+(?:-[a-z0-9]+){3,}[^/]*$", re.IGNORECASE)
_IDENTIFIED = re.compile(r"-(post|i|d)?\d{5,}\.(html?|chn|tpo|vnp|vov|ldo|aspx)$", re.IGNORECASE)
_NUMBERED = re.compile(r"\d{4,}[^/]*$|\.(html?|chn|tpo|vnp|vov|ldo|aspx)$")
_NO_ARTICLE = re.compile(
    r"/(tag|tags|chu-de|topic|author|tac-gia|category|chuyen-muc|search|tim-kiem|login|rss|video-list|page)(/|$)|"
    r"\.(jpe?g|png|gif|webp|pdf|mp4|mp3|docx?|xlsx?|zip|css|js)$",
    re.IGNORECASE,
)
_AROUND = frozenset({"nav", "footer"})


@dataclass(frozen=True, slots=True)
class Link:
    """An article's address in canonical form and the title that the listing shows for it."""

    url: str
    title: str = ""


def links(html: str | bytes, url: str, source: Source | None = None, site: str | None = None) -> list[Link]:
    """The article links in page order, each once. The page's own address, other sites and hidden links are left out.

    `site`: an address of the site that the links lead to, where that is not the page's own (an outlet's search).
    """
    page = Document(html)
    if page.too_complex:
        return []
    of = family(source.family if source else None) or next(by_listing(page.tree), None)
    return find_links(page.tree, url, of, source.article_url if source else None, site)


def find_links(tree: Tree, url: str, of: Family | None, pattern: str | None, site: str | None = None) -> list[Link]:
    """As `links`, on a parsed page; `pattern` (over the path) before the family's, before what addresses look like."""
    base = _base(tree, url)
    own = canonical_url(url)
    titles: dict[str, str] = {}
    chosen = {node.mem_id for selector in (of.listing if of else ()) for node in tree.css(selector)}
    for node in tree.css("a[href]"):
        address = _address(node, base)
        if address is None or address == own or not same_site(address, site or url):
            continue
        if not is_article(address, of, pattern) or _out_of_sight(node):
            continue
        title = _title(node)
        # A family's own title links count whatever their length; others must read like a title.
        if node.mem_id in chosen or len(title) >= _SHORTEST_TITLE or address in titles:
            titles[address] = _better(titles.get(address, ""), title, node.mem_id in chosen)
    return [Link(address, title) for address, title in titles.items()]


def is_article(url: str, of: Family | None = None, pattern: str | None = None) -> bool:
    """Whether the address is an article's: by the source's pattern, the family's, or the common form of such."""
    path = urlsplit(url).path
    if pattern:
        return re.search(pattern, path) is not None
    if of is not None and of.article_url is not None:
        return of.article_url.search(path) is not None
    if _NO_ARTICLE.search(path):
        return False
    if _IDENTIFIED.search(path):
        return True
    return bool(_GENERIC.search(path) and (_NUMBERED.search(path) or path.count("-") >= 4))


def _base(tree: Tree, url: str) -> str:
    node = tree.css_first("base[href]")
    return (join(url, node.attributes.get("href") or "") if node else None) or url


def _address(node: Node, base: str) -> str | None:
    href = (node.attributes.get("href") or "").strip()
    if not href or href.startswith(("#", "javascript:", "mailto:", "tel:", "data:")):
        return None
    joined = join(base, href)
    return canonical_url(joined.split("#")[0]) if joined else None


def _out_of_sight(node: Node) -> bool:
    each: Node | None = node
    for _ in range(12):
        if each is None:
            return False
        if each.tag in _AROUND or hidden(each):
            return True
        each = each.parent
    return False


def _title(node: Node) -> str:
    text = line(node)
    if text:
        return text
    image = node.css_first("img[alt]")
    return (node.attributes.get("title") or (image.attributes.get("alt") if image else "") or "").strip()


def _better(known: str, new: str, chosen: bool) -> str:
    if chosen and new:
        return new
    return known or new
