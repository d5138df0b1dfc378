"""An article's response to what the pass needs of it: posts, or that it is a listing, and a thread's next page.

Pure, and what goes in and comes out can be sent between processes (`readers`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from crawlers.extract.article import read_document
from crawlers.extract.listing import find_links, is_article
from crawlers.extract.text import Document
from crawlers.extract.threads import next_page
from crawlers.families import MULTI_POST, family
from crawlers.post import Post, Quality
from crawlers.source import Source

_LISTING_LINKS = 10
_LONG = 600  # characters


@dataclass(frozen=True, slots=True)
class Hint:
    """What the discovery page told of an article, for where its own page is silent."""

    title: str = ""
    summary: str = ""
    published: datetime | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """An answered page: `charset` as HTTP named it, `url` the address by which the archive is to know it."""

    body: bytes
    charset: str | None
    url: str
    source: Source
    at: datetime
    hint: Hint = Hint()


@dataclass(frozen=True, slots=True)
class Read:
    """The posts worth keeping; without any, whether the page is a listing; the next page of a thread."""

    posts: tuple[Post, ...] = ()
    is_listing: bool = False
    next_page: str | None = None


def read_response(response: Response) -> Read:
    """Never raises on a broken page: one that says nothing gives no posts."""
    page = Document(response.body, response.charset)
    posts = read_document(page, response.url, response.source, response.at)
    if len(posts) == 1:
        posts = [with_hint(posts[0], response.hint)]
    kept = tuple(post for post in posts if worth_keeping(post))
    if not _known_as_article(kept, response):
        of, pattern = family(response.source.family), response.source.article_url
        links = () if page.too_complex else find_links(page.tree, response.url, of, pattern)
        if len(links) >= _LISTING_LINKS:
            return Read(is_listing=True)
    if not kept:
        return Read()
    return Read(kept, next_page=next_page(page.tree, response.url) if response.source.family in MULTI_POST else None)


def _known_as_article(posts: Sequence[Post], response: Response) -> bool:
    """Whether links around what was read make no listing of the page: a rule for such pages read it, a discovery page
    gave its title, its address is an article's, or it is a long text with a date of its own. The generic methods make
    a text of a listing's teasers, too."""
    source = response.source
    return bool(posts) and (
        bool(response.hint.title)
        or any(post.method.startswith("family:") or post.parent_url or _dated(post) for post in posts)
        or is_article(response.url, family(source.family), source.article_url)
    )


def _dated(post: Post) -> bool:
    guessed = "date_guessed" in post.quality.reasons
    return post.published_at is not None and not guessed and len(post.body) > _LONG


def with_hint(post: Post, hint: Hint) -> Post:
    """The post completed from its discovery page: a missing or bare date, a missing text."""
    reasons = post.quality.reasons
    if hint.published is not None and (post.published_at is None or "date_day_only" in reasons):
        rest = tuple(each for each in reasons if each not in ("no_date", "date_day_only", "date_guessed"))
        post = replace(post, published_at=hint.published, quality=Quality(post.quality.score, rest))
    if not post.body and not post.lead and hint.summary:
        post = replace(post, title=post.title or hint.title, lead=hint.summary, method="feed")
    return post


def worth_keeping(post: Post) -> bool:
    """Whether the page held a text: a body, or at least a title with a lead and a date (a video's page)."""
    if post.body:
        return True
    return bool(post.title and post.lead and post.published_at)
