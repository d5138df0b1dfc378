"""Pages of many posts: XenForo threads and the public preview of Telegram channels."""

from __future__ import annotations

import re
from datetime import datetime

from crawlers.extract.canonical import canonical_url, host, join, same_site
from crawlers.extract.dates import believable, parse_date
from crawlers.extract.text import Document, Node, Tree, clean, line, paragraphs, remove
from crawlers.post import Post, Quality
from crawlers.source import Source

_PAGE = re.compile(r"/page-\d+/?$")
_QUOTES = (".bbCodeBlock--quote", ".bbCodeBlock--expandable", ".js-selectToQuoteEnd", ".message-signature", "script")
_NAMES = ("a.username",)  # a member who is addressed: monitored is what is said, not who talks to whom
_COUNT = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)([KM]?)", re.ASCII)
_THOUSANDS = {"": 1, "K": 1_000, "M": 1_000_000}
_TITLE_LENGTH = 100
_MOST_POSTS = 200  # of one page; forums show 20 to 50, channels 20


def posts(page: Document, url: str, source: Source | None, now: datetime) -> list[Post]:
    """The page's posts in their order on the page; empty when it is no thread and no channel."""
    wanted, tree = source.family if source else None, page.tree
    if wanted == "telegram" or (wanted is None and tree.css_first(".tgme_widget_message[data-post]")):
        return _telegram(page.take(), url, source, now)
    if wanted == "xenforo" or (wanted is None and tree.css_first("article.message[data-author] .bbWrapper")):
        return _xenforo(page.take(), url, source, now)
    return []


def next_page(tree: Tree, url: str) -> str | None:
    """The address of a thread's next page, of a channel's earlier messages; None on the last."""
    # A channel's preview runs backwards, so there rel=prev is what follows; in a thread it is the page before.
    channel = tree.css_first(".tgme_channel_history, .tgme_widget_message") is not None
    onward = ("a.tme_messages_more[href]", "link[rel=prev][href]")
    for selector in onward if channel else ("a.pageNav-jump--next[href]", "link[rel=next][href]"):
        node = tree.css_first(selector)
        if node is not None:
            address = join(url, node.attributes.get("href") or "")
            return address if address and same_site(address, url) else None
    return None


def _xenforo(tree: Tree, url: str, source: Source | None, now: datetime) -> list[Post]:
    thread = _thread_url(tree, url)
    title = _thread_title(tree)
    first_page = _PAGE.search(url.split("?")[0].split("#")[0]) is None
    section = line(tree.css_first(".p-breadcrumbs li:last-child"))
    found: list[Post] = []
    for node in tree.css("article.message[data-author]")[:_MOST_POSTS]:
        post = _message(node, url, thread, source, now)
        if post is None:
            continue
        if first_page and not found:
            post = _as_first(post, thread, title, section)
        found.append(post)
    return found


def _thread_url(tree: Tree, url: str) -> str:
    link = tree.css_first("link[rel=canonical][href]")
    declared = link.attributes.get("href") if link else None
    return _PAGE.sub("/", canonical_url(url.split("#")[0], declared))


def _thread_title(tree: Tree) -> str:
    node = tree.css_first("h1.p-title-value")
    if node is not None:
        remove(node, (".label", ".label-append"))
    return line(node)


def _message(node: Node, url: str, thread: str, source: Source | None, now: datetime) -> Post | None:
    number = re.search(r"\d+", node.attributes.get("data-content") or node.attributes.get("id") or "")
    wrapper = node.css_first(".bbWrapper")
    if number is None or wrapper is None:
        return None
    remove(wrapper, (*_QUOTES, *_NAMES))
    body = "\n".join(paragraphs(wrapper))
    moment = believable(parse_date(_time(node)), now)
    if not body:
        return None
    return Post(
        url=f"{url.split('#')[0]}#post-{number[0]}",
        canonical_url=f"{thread}#post-{number[0]}",
        source=source.id if source else host(url),
        kind="comment",
        body=body,
        author=clean(node.attributes.get("data-author")) or None,
        published_at=moment.at if moment else None,
        method="family:xenforo",
        quality=Quality() if moment else Quality(0.8, ("no_date",)),
        parent_url=thread,
    )


def _as_first(post: Post, thread: str, title: str, section: str) -> Post:
    return Post(
        url=thread, canonical_url=thread, source=post.source, kind="forum", title=title, body=post.body,
        author=post.author, published_at=post.published_at, section=section or None, method=post.method,
        quality=post.quality,
    )  # fmt: skip


def _time(node: Node) -> str:
    time = node.css_first("time.u-dt[datetime], time[datetime]")
    return (time.attributes.get("datetime") or "") if time else ""


def _telegram(tree: Tree, url: str, source: Source | None, now: datetime) -> list[Post]:
    messages = tree.css(".tgme_widget_message[data-post]")[:_MOST_POSTS]
    found = (_channel_post(node, url, source, now) for node in messages)
    return [post for post in found if post is not None]


def _channel_post(node: Node, url: str, source: Source | None, now: datetime) -> Post | None:
    name = node.attributes.get("data-post") or ""
    link = node.css_first("a.tgme_widget_message_date[href]")
    address = join(url, (link.attributes.get("href") or "") if link else f"/{name}")
    # A forwarded or answered message quotes another before its own text; the own text comes last.
    texts = [
        each
        for each in node.css(".tgme_widget_message_text")
        if "js-message_reply_text" not in (each.attributes.get("class") or "")
    ]
    lines = paragraphs(texts[-1]) if texts else []
    time = node.css_first("a.tgme_widget_message_date time[datetime], time[datetime]")
    moment = believable(parse_date(time.attributes.get("datetime")), now) if time else None
    # A page may speak for its own site only: the address is the key of the post in the archive.
    if not lines or not name or not address or not same_site(address, url):
        return None
    canonical = canonical_url(address)
    return Post(
        url=canonical,
        canonical_url=canonical,
        source=source.id if source else host(url),
        kind="social",
        title=shortened(lines[0]),
        body="\n".join(lines),
        author=line(node.css_first(".tgme_widget_message_owner_name")) or None,
        published_at=moment.at if moment else None,
        method="family:telegram",
        quality=Quality() if moment else Quality(0.8, ("no_date",)),
        reactions=_views(line(node.css_first(".tgme_widget_message_views"))),
    )


def _views(text: str) -> dict[str, int]:
    """How often a message was seen, as the preview shortens it: 950, 1.2K, 3M; nothing for what is no such number."""
    match = _COUNT.fullmatch(text)
    return {"views": round(float(match[1]) * _THOUSANDS[match[2]])} if match else {}


def shortened(text: str, length: int = _TITLE_LENGTH) -> str:
    """The beginning of a text that has no title, cut at a word, with an ellipsis where something is missing."""
    if len(text) <= length:
        return text
    return text[:length].rsplit(" ", 1)[0].rstrip(" ,.;:") + "…"
