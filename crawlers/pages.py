"""An article's response to what the pass needs of it: posts, or that it is a listing, and a thread's next page.

Pure, and what goes in and comes out can be sent between processes (`readers`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from crawlers.extract.article import read_document
from crawlers.extract.listing import find_links
from crawlers.extract.text import Document
from crawlers.extract.threads import next_page
from crawlers.families import MULTI_POST, family
from crawlers.post import Post, Quality
from crawlers.source import Source

_LISTING_LINKS = 10


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
    of = response.source.family
    if not kept:
        links = () if page.too_complex else find_links(page.tree, response.url, family(of), None)
        return Read(is_listing=len(links) >= _LISTING_LINKS)
    return Read(kept, next_page=next_page(page.tree, response.url) if of in MULTI_POST else None)


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
