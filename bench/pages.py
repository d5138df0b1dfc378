"""Pages whose truth is known: dates of the cascade, links of listings, and an unchanged sandbox crawled again.

    python -m bench.pages --data ../shared/data

Dates, each against a source that the cascade was not shown. Benchmark pages whose address tells the day: the page is
read under an address without one (a page may stand under the day before or after its own by its time zone).
Sandbox pages: to the minute against their writer's.
Links: sandbox listings against what the outlet shows there; real listings against the addresses of the outlet's own
article form that stand on the page with a title.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser

from crawlers.extract import extract, links
from crawlers.extract.canonical import canonical_url
from crawlers.run import CrawlSettings, crawl_now
from crawlers.sink import MemorySink
from crawlers.source import Source
from sandbox.server import Sandbox, run_in_thread
from sandbox.truth import truth

DAY = re.compile(r"/((?:19|20)\d\d)[/-](\d\d?)[/-](\d\d?)(?=\D)")
# An outlet's own form of an article's address, told by eye.
FORMS = {
    "tuoitre_list.html.gz": re.compile(r"^https://tuoitre\.vn/[\w-]+-\d{17,20}\.htm$"),
    "nld_list.html.gz": re.compile(r"^https://nld\.com\.vn/[\w-]+-\d{15,20}\.htm$"),
    "vnexpress_list.html.gz": re.compile(r"^https://vnexpress\.net/[\w-]+-\d{7}\.html$"),
}
NOT_AN_ARTICLE = ("nav", "footer", "noscript", "template")


def benchmark_dates(data: Path) -> tuple[int, int, list[str]]:
    """Pages right, pages judged, and the wrong ones, of article_extraction_benchmark."""
    folder = data / "article_extraction_benchmark"
    right, judged, wrong = 0, 0, []
    for key, record in json.loads((folder / "ground-truth.json").read_text(encoding="utf-8")).items():
        told = DAY.search(record["url"])
        if told is None:
            continue
        raw = gzip.decompress((folder / "html" / f"{key}.html.gz").read_bytes())
        hidden = f"{urlsplit(record['url']).scheme}://{urlsplit(record['url']).netloc}/bai-viet"
        html = raw.decode("utf-8", "replace")
        found = extract(html, hidden).published_at
        day, judged = date(*map(int, told.groups())), judged + 1
        near = found is not None and abs(datetime(day.year, day.month, day.day, 12, tzinfo=UTC) - found) <= timedelta(
            hours=26
        )
        right += near
        if not near:
            wrong.append(f"{record['url']} -> {found}")
    return right, judged, wrong


def real_links(data: Path) -> Iterator[tuple[str, int, int, int]]:
    """By listing: links found of those there, those there, and false ones."""
    records = json.loads((data / "pages" / "expected.json").read_text(encoding="utf-8"))
    for name, form in FORMS.items():
        html, url = gzip.decompress((data / "pages" / name).read_bytes()), records[name]["url"]
        there = {
            canonical_url(address) for address in titled(html, url) if form.match(address.split("?")[0].split("#")[0])
        }
        found = {link.url for link in links(html, url)}
        yield name, len(found & there), len(there), len([each for each in found if not form.match(each)])


def titled(html: bytes, base: str) -> Iterator[str]:
    """Addresses of links in the page's content that have words: what a reader could choose."""
    tree = LexborHTMLParser(html.decode("utf-8", "replace"))
    for node in tree.css("a[href]"):
        around, hidden = node.parent, False
        while around is not None:
            hidden = hidden or around.tag in NOT_AN_ARTICLE
            around = around.parent
        if not hidden and len((node.text() or "").split()) >= 3:
            yield urljoin(base, node.attributes.get("href") or "")


def sandbox_links(sandbox: Sandbox, now: datetime) -> tuple[int, int, int]:
    """Links found of those there, those there, and false ones, over all outlets' listings."""
    found = there = false = 0
    for record in sandbox.sources():
        source = Source.model_validate(record)
        site = next(each for each in sandbox.sites.values() if source.home.startswith(each.base))
        if source.kind != "news" or site.behaviour == "blocked":
            continue
        articles = {canonical_url(site.base + each.path) for each in sandbox.world.articles(site.code, now)}
        for url in (source.home, *source.discovery.listings):
            parts = urlsplit(url)
            html = sandbox.app.page(site, parts.path, parts.query, now).body
            page = LexborHTMLParser(html)
            shown = {canonical_url(urljoin(url, node.attributes.get("href") or "")) for node in page.css("a[href]")}
            given = {link.url for link in links(html, url, source)}
            there, found = there + len(shown & articles), found + len(given & articles)
            false += len(given - articles)
    return found, there, false


def crawled_twice(sandbox: Sandbox, now: datetime) -> dict[str, Any]:
    """The sandbox crawled, and crawled again as it stands."""
    sources = [Source.model_validate(record) for record in sandbox.sources()]
    memory = MemorySink()
    settings = CrawlSettings(allow_private=True, delay_factor=0, backoff=0.02, patience=0, clock=lambda: now)
    first = crawl_now(sources, memory, memory, settings)
    bases = {code: site.base for code, site in sandbox.sites.items()}
    told = {text["url"]: text for text in truth(sandbox.world.anchor, now, bases=bases)["texts"] if text["readable"]}
    written = {
        url: datetime.fromisoformat(text["published_at"]) for url, text in told.items() if text["kind"] == "news"
    }
    right = sum(memory.posts[url].published_at == at for url, at in written.items() if url in memory.posts)
    sandbox.app.hits.clear()
    again = crawl_now(sources, memory, memory, settings)
    articles = {(site.code, each.path) for site in sandbox.sites.values() if site.code in sandbox.world.outlets
                for each in sandbox.world.articles(site.code, now)}  # fmt: skip
    return {
        "dates": (right, len(written)),
        "first": (sum(r.requests for r in first), sum(r.fetched for r in first)),
        "again": (sum(r.requests for r in again), sum(r.not_modified for r in again), sum(r.fetched for r in again)),
        "articles asked again": sum(count for page, count in sandbox.app.hits.items() if page in articles),
        "new or revised": sum(r.new + r.revised for r in again),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--show", action="store_true", help="name the pages whose day was wrong")
    given = parser.parse_args()
    right, judged, wrong = benchmark_dates(given.data)
    print(f"dates, benchmark pages without their address: {right} of {judged} days right ({right / judged:.3f})")
    for each in wrong if given.show else ():
        print("   ", each)
    for name, found, there, false in real_links(given.data):
        print(f"links, {name}: {found} of {there} found, {false} false")
    now = datetime.now(UTC).replace(microsecond=0)
    with run_in_thread(now, clock=lambda: now) as sandbox:
        found, there, false = sandbox_links(sandbox, now)
        print(f"links, sandbox listings: {found} of {there} found, {false} false ({false / max(found, 1):.3f})")
        for what, figures in crawled_twice(sandbox, now).items():
            print(f"sandbox, {what}: {figures}")


if __name__ == "__main__":
    main()
