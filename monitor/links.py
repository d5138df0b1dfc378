"""Links that staff submit: kept, fetched by the worker under all rules of a crawl, and what became of each.

Scrapy and the extractors take 40 MB: who only shows links, as the API does, does not load them.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Engine, Row, func, select, update

from crawlers.source import Discovery, Source
from monitor.archive import utc_now
from monitor.database import READ_ONLY, links, posts, urls
from monitor.installation import Installation

log = logging.getLogger(__name__)
LONGEST = 2_000  # characters of an address
AT_ONCE = 20  # links of one round
# Names as the name system takes them, or an address of its own; a port behind either.
_HOST = re.compile(r"([a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*|\[[0-9a-f:.]+\])(:\d+)?")


class BadLink(ValueError):
    """No address of a page on the public Internet; the message is for people."""


@dataclass(frozen=True, slots=True)
class Link:
    """A submitted link. `outcome` is None while it waits; `post_id`: the post that it gave."""

    id: int
    url: str
    note: str
    submitted_by: str
    submitted_at: datetime
    outcome: str | None
    reason: str
    finished_at: datetime | None
    post_id: str | None


class Links:
    """Submitted links in SQL."""

    def __init__(self, engine: Engine, *, allow_private: bool = False, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._allow_private = allow_private
        self._clock = clock

    def submit(self, url: str, note: str = "", by: str = "") -> Link:
        """Keeps a link to be fetched; one that is known waits again only if it may end differently. Raises BadLink."""
        from crawlers.ledger import TRANSIENT

        address = self._checked(url)
        fresh = {"note": note.strip()[:500], "submitted_by": by[:120], "submitted_at": self._clock()}
        waiting = {"outcome": None, "reason": "", "finished_at": None, "post_id": None}
        with self._engine.begin() as connection:
            known = connection.execute(select(links).where(links.c.url == address)).first()
            if known is None:
                connection.execute(links.insert().values(url=address, **fresh, **waiting))
            elif known.outcome in (*TRANSIENT, "empty", "not_found"):
                connection.execute(update(links).where(links.c.id == known.id).values(**fresh, **waiting))
            return _link(connection.execute(select(links).where(links.c.url == address)).one())

    def _checked(self, url: str) -> str:
        from crawlers.extract.canonical import canonical_url, host
        from crawlers.middlewares import is_private

        address = canonical_url(url.strip())
        if not _HOST.fullmatch(host(address)) or len(address) > LONGEST:
            raise BadLink("cần địa chỉ một trang, bắt đầu bằng http:// hoặc https://")
        if not self._allow_private and is_private(urlsplit(address).hostname or ""):
            raise BadLink("địa chỉ nội bộ không được thu thập")
        return address

    def waiting(self, limit: int = AT_ONCE) -> list[Link]:
        """Oldest first."""
        query = select(links).where(links.c.outcome.is_(None)).order_by(links.c.submitted_at, links.c.id)
        with self._engine.connect().execution_options(**READ_ONLY) as connection:
            return [_link(row) for row in connection.execute(query.limit(limit))]

    def newest(self, limit: int = 50) -> tuple[list[Link], int]:
        """The newest links and how many there are."""
        query = select(links).order_by(links.c.submitted_at.desc(), links.c.id.desc()).limit(limit)
        with self._engine.connect().execution_options(**READ_ONLY) as connection:
            total = connection.scalar(select(func.count()).select_from(links)) or 0
            return [_link(row) for row in connection.execute(query)], total

    def get(self, id: int) -> Link | None:
        with self._engine.connect().execution_options(**READ_ONLY) as connection:
            row = connection.execute(select(links).where(links.c.id == id)).first()
            return _link(row) if row else None

    def settle(self, link: Link) -> None:
        """Writes what the crawl's books say of the link's address."""
        with self._engine.begin() as connection:
            known = connection.execute(select(urls).where(urls.c.url == link.url)).first()
            post = connection.scalar(select(posts.c.id).where(posts.c.canonical_url == link.url))
            if post is None and known is not None:
                theirs = (posts.c.source == known.source) & (posts.c.url == link.url)
                post = connection.scalar(select(posts.c.id).where(theirs).limit(1))
            ended = {
                "outcome": known.outcome if known else "error",
                "reason": known.reason if known else "trang chưa được tải",
                "finished_at": self._clock(),
                "post_id": post,
            }
            connection.execute(update(links).where(links.c.id == link.id).values(**ended))


async def fetch_links(installation: Installation) -> int:
    """Fetches the links that wait, each site's in one pass; one that breaks holds up none. Returns how many."""
    from crawlers.plan import Plan
    from crawlers.run import crawl
    from monitor.collect import ArchiveSink

    queue = Links(installation.engine)
    waiting = queue.waiting()
    by_source: dict[Source, list[Link]] = {}
    for link in waiting:
        try:
            by_source.setdefault(_source(installation.sources.values(), link.url), []).append(link)
        except ValueError:
            log.exception("link %s", link.url)
            queue.settle(link)
    for source, found in by_source.items():
        plan = Plan(links=tuple(link.url for link in found))
        settings = replace(installation.crawl_settings(), plan=plan)
        await crawl([source], ArchiveSink(installation.archive), installation.memory, settings)
        for link in found:
            queue.settle(link)
    return len(waiting)


def _source(known: Iterable[Source], url: str) -> Source:
    """The registry's record without its discovery, or one for a stranger named after its host."""
    from crawlers.extract.canonical import host
    from crawlers.saved import source_of

    found = source_of(url, (each for each in known if not each.discovery.signals and not each.discovery.channel))
    if found is not None:
        nothing: Source = found.model_copy(update={"discovery": Discovery()})
        return nothing
    name = host(url)
    parts = urlsplit(url)
    id = "".join(letter if letter.isalnum() or letter in ".-" else "-" for letter in name.lower()).strip(".-") or "link"
    return Source(id=id[:120], name=name, home=f"{parts.scheme}://{parts.netloc}/", discovery=Discovery())


def _link(row: Row[Any]) -> Link:
    return Link(**row._asdict())
