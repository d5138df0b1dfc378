"""Saved pages to posts: HTML files and WARC archives, read one record at a time."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from crawlers.extract import Link, extract_many, links
from crawlers.extract.canonical import host, same_site
from crawlers.extract.dates import parse_date
from crawlers.extract.listing import is_article
from crawlers.extract.text import decode, parse
from crawlers.families import family
from crawlers.post import Post
from crawlers.source import Source

MAX_BYTES = 20_000_000  # of one page after unpacking
_BLOCK = 1 << 16
_LISTING_LINKS = 10
_SAVED_FROM = re.compile(r"(?:saved from url=\(\d+\)|URL:|saved from)\s*(https?://\S+)", re.IGNORECASE)
_WARC = (".warc", ".warc.gz")


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPage:
    """One saved page: posts, or a listing's links, or the problem in Vietnamese.

    In a WARC `record` counts from 1 (from where reading began) and `offset` is the byte at which its record begins.
    """

    file: str
    url: str = ""
    record: int | None = None
    posts: tuple[Post, ...] = ()
    links: tuple[Link, ...] = ()
    problem: str = ""
    offset: int = 0

    @property
    def kind(self) -> str:
        """ "problem", "listing" or "article"."""
        if self.problem:
            return "problem"
        return "listing" if not self.posts else "article"


def posts_from_files(
    paths: Iterable[str | Path], url: str | None = None, sources: Mapping[str, Source] | None = None
) -> Iterator[SavedPage]:
    """A SavedPage for each saved page, in order. Never raises for a bad file: its page says the problem.

    `url` is the address of HTML files that do not name their own; `sources` (by id) gives each page's source by host.
    """
    registry = tuple((sources or {}).values())
    for path in map(Path, paths):
        if is_warc(path):
            yield from read_warc(path, registry)
            continue
        try:
            yield _html(path, url, registry)
        except OSError as error:
            yield SavedPage(file=str(path), problem=f"không đọc được tệp: {error.strerror or error}")


def is_warc(path: Path) -> bool:
    """By its name: .warc or .warc.gz."""
    return path.name.lower().endswith(_WARC)


def read_warc(
    path: Path, sources: Iterable[Source], *, start: int = 0, only: Sequence[str] = ()
) -> Iterator[SavedPage]:
    """The HTML pages of a WARC, one record in memory at a time, from the record at byte `start` on.

    `only`: hosts; pages of no other site (nor of a subdomain of theirs) are read. Never raises: see `problem`.
    """
    registry = tuple(sources)
    try:
        yield from _warc(path, registry, start, tuple(host.lower() for host in only))
    except OSError as error:
        yield SavedPage(file=str(path), problem=f"không đọc được tệp: {error.strerror or error}")


def source_of(url: str, sources: Iterable[Source]) -> Source | None:
    """The source whose home is on the URL's site; None for a stranger."""
    return next((source for source in sources if same_site(source.home, url)), None)


def own_url(html: str | bytes) -> str | None:
    """The address a saved page names: rel=canonical, og:url, or the comment browsers write on saving."""
    text = decode(html)
    tree = parse(text)
    for selector, attribute in (("link[rel~=canonical]", "href"), ('meta[property="og:url"]', "content")):
        node = tree.css_first(selector)
        value = (node.attributes.get(attribute) or "").strip() if node else ""
        if host(value):
            return value
    found = _SAVED_FROM.search(text[:3_000])
    return found[1].rstrip("->") if found and host(found[1]) else None


def read_page(
    file: str,
    html: str | bytes,
    url: str,
    sources: Iterable[Source],
    at: datetime | None = None,
    record: int | None = None,
) -> SavedPage:
    """One page's posts; a page that is no article but has many article links is a listing."""
    source = source_of(url, sources)
    posts = [post for post in extract_many(html, url, source, at) if post.body or (post.title and post.lead)]
    if not any(post.method.startswith("family:") or post.parent_url for post in posts):
        found = links(html, url, source)
        dated = any(post.published_at and len(post.body) > 600 for post in posts)
        if len(found) >= _LISTING_LINKS and not (dated and _is_article(url, source)):
            return SavedPage(file=file, url=url, record=record, links=tuple(found))
    problem = "" if posts else "trang không có bài"
    return SavedPage(file=file, url=url, record=record, posts=tuple(posts), problem=problem)


def _is_article(url: str, source: Source | None) -> bool:
    """Whether the address alone looks like an article's."""
    of = family(source.family if source else None)
    return is_article(url, of, source.article_url if source else None)


def _html(path: Path, url: str | None, sources: tuple[Source, ...]) -> SavedPage:
    name = str(path)
    with path.open("rb") as file:
        raw = file.read(MAX_BYTES + 1)
    if raw.startswith(b"\x1f\x8b"):
        raw = _unpacked(raw)
    if len(raw) > MAX_BYTES:
        return SavedPage(file=name, problem="trang vượt giới hạn dung lượng")
    address = url or own_url(raw)
    if address is None or not host(address):
        return SavedPage(file=name, problem="không rõ địa chỉ của trang, hãy cho biết bằng --url")
    return read_page(name, raw, address, sources)


def _warc(path: Path, sources: tuple[Source, ...], start: int, only: tuple[str, ...]) -> Iterator[SavedPage]:
    with path.open("rb") as file:
        file.seek(start)
        number, at = 0, start
        records = ArchiveIterator(file)
        while True:
            number += 1
            try:
                record = next(records, None)
                at = records.offset if record is not None else at
                if record is None and _is_cut(file, at):
                    raise EOFError("bản ghi bị cắt ngang")
                page = _record(str(path), number, record, sources, only) if record is not None else None
            except (ArchiveLoadFailed, ValueError, EOFError, zlib.error, OSError) as error:
                yield SavedPage(file=str(path), record=number, problem=f"bản ghi WARC hỏng: {error}", offset=at)
                return
            except Exception as error:  # warcio does not expect headers that are not all there
                problem = f"bản ghi WARC hỏng ({type(error).__name__})"
                yield SavedPage(file=str(path), record=number, problem=problem, offset=at)
                return
            if record is None:
                return
            if page is not None:
                yield replace(page, offset=at)


def _is_cut(file: BinaryIO, last: int) -> bool:
    """Whether the file ends before its last record does, which begins at byte `last` or behind it.

    What is cut off within a record's headers reads like the end of the file, or like a record of no interest.
    """
    file.seek(last)
    block = file.read(_BLOCK)
    if not block.startswith(b"\x1f\x8b"):
        end = file.seek(0, io.SEEK_END)
        file.seek(max(0, end - 4))
        return end > last and file.read() != b"\r\n\r\n"
    member = zlib.decompressobj(wbits=31)
    while block:
        member.decompress(block, _BLOCK)
        if member.eof:
            block = member.unused_data or file.read(_BLOCK)
            member = zlib.decompressobj(wbits=31) if block else member
        else:
            block = member.unconsumed_tail or file.read(_BLOCK)
    while not member.eof and member.decompress(b"", _BLOCK):
        pass  # what was unpacked already and waited behind the limit
    return not member.eof


def _wanted(url: str, only: tuple[str, ...]) -> bool:
    name = host(url).split(":")[0]
    return not only or any(name == each or name.endswith(f".{each}") for each in only)


def _record(
    file: str, number: int, record: Any, sources: tuple[Source, ...], only: tuple[str, ...]
) -> SavedPage | None:
    """The page of a response record; None for what is no answered HTML page, or of no wanted site."""
    if record.rec_type not in ("response", "resource"):
        return None
    url = (record.rec_headers.get_header("WARC-Target-URI") or "").strip("<>")
    if not _wanted(url, only):
        return None
    headers = record.http_headers
    kind = (headers.get_header("Content-Type") if headers else record.rec_headers.get_header("Content-Type")) or ""
    if (headers and headers.get_statuscode() != "200") or "html" not in kind.lower() or not host(url):
        return None
    # The stream unpacks as it is read, so reading no more than this bounds a decompression bomb too.
    raw = record.content_stream().read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        return SavedPage(file=file, url=url, record=number, problem="trang vượt giới hạn dung lượng")
    if getattr(record.raw_stream, "limit", 0) > 0:
        raise EOFError("bản ghi bị cắt ngang")
    when = parse_date(record.rec_headers.get_header("WARC-Date"))
    return read_page(file, raw, url, sources, when.at if when else None, number)


def _unpacked(raw: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(raw, MAX_BYTES + 1)
    except zlib.error:
        return raw
