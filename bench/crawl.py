"""Crawl speed, in one run on one machine: ours to the archive, news-please, newspaper4k, Scrapy's loop without reading.

    python -m bench.crawl --data ../shared/data [--pages 1000] [--cache DIR] [--only NAME ...]

A server on loopback (a process of its own) gives real pages: the 181 of article_extraction_benchmark ("generic", no
family) and the real Vietnamese articles of `pages/` ("family"), each under as many addresses as are asked for. Ours
is the whole way: feed, robots.txt, all rules, extraction, archive (SQLite), from 9 sources with 2 requests at a time
each. news-please and newspaper4k are installed from PyPI into environments of their own under `--cache`. Pages per
second are of the wall clock; `per core` divides by the processor seconds that the crawl used.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

SOURCES = 9
FAMILIES = ("vccorp", "vnexpress", "vccorp")  # of the pages of the family set, in their order
CACHE = Path.home() / ".cache" / "duluan" / "bench"
OTHERS = {"news-please": ["news-please"], "newspaper4k": ["newspaper4k", "lxml_html_clean"]}
OTHER_SECONDS = 60.0  # after which the others' measurement ends, with what they have done by then
OTHER_CODE = {
    "news-please": """
from newsplease import NewsPlease
def read(url):
    found = NewsPlease.from_url(url, fetch_images=False)
    return bool(found and found.maintext)
""",
    "newspaper4k": """
import newspaper
def read(url):
    return bool(newspaper.article(url, fetch_images=False).text)
""",
}
OTHER_MAIN = """
import json, logging, resource, sys, time, warnings
from concurrent.futures import ThreadPoolExecutor
logging.disable(logging.CRITICAL); warnings.simplefilter("ignore")
%s
urls, limit = json.load(open(sys.argv[1])), float(sys.argv[2])
def tried(url):
    if time.monotonic() - began > limit:
        return None
    try:
        return read(url)
    except Exception:
        return False
began = time.monotonic()
tried(urls[0])  # loads what it needs
began = time.monotonic()
with ThreadPoolExecutor(4) as pool:
    found = [each for each in pool.map(tried, urls) if each is not None]
seconds = time.monotonic() - began
cpu = resource.getrusage(resource.RUSAGE_SELF)
result = {"pages": len(found), "texts": sum(found), "seconds": seconds, "cpu": cpu.ru_utime + cpu.ru_stime}
print("RESULT" + json.dumps(result))
"""


@dataclass(frozen=True, slots=True)
class Speed:
    """One measurement: pages fetched, texts got out of them, seconds of the clock and of processors."""

    name: str
    pages: int
    texts: int
    seconds: float
    cpu: float

    def line(self) -> str:
        core = self.pages / max(self.cpu, 1e-9)
        return (
            f"{self.name:<28} {self.pages / self.seconds:8.1f} pages/s  {core:8.1f} per core"
            f"  ({self.pages} pages, {self.texts} texts, {self.seconds:.1f} s, {self.cpu:.1f} s of processor)"
        )


# the server


def corpus(data: Path) -> dict[str, list[bytes]]:
    """The pages served, by set."""
    generic = [gzip.decompress(each.read_bytes()) for each in sorted(data.glob("article_extraction_benchmark/html/*"))]
    expected = json.loads((data / "pages" / "expected.json").read_text(encoding="utf-8"))
    names = [name for name, record in expected.items() if record["expected"]]
    return {"generic": generic, "family": [gzip.decompress((data / "pages" / name).read_bytes()) for name in names]}


def serve(sets: dict[str, list[bytes]], ports: Connection) -> None:
    """Serves for ever, one port per source. /SET/feed/FIRST-LAST.xml names pages, /SET/bai-N.htm gives them."""

    ports_open: list[int] = []

    def answer(path: str, port: int) -> tuple[str, str, bytes]:
        parts = path.strip("/").split("/")
        if parts[0] not in sets:
            return "404 Not Found", "text/plain", b""
        if parts[1] == "feed":
            first, last = map(int, parts[2].removesuffix(".xml").split("-"))
            links = (f"http://127.0.0.1:{port}/{parts[0]}/bai-so-{number}.htm" for number in range(first, last))
            items = "".join(f"<item><title>Bài</title><link>{link}</link></item>" for link in links)
            return "200 OK", "application/rss+xml", f"<rss><channel>{items}</channel></rss>".encode()
        pages = sets[parts[0]]
        # A source of the family set shows pages of one family, as a newspaper does.
        chosen = ports_open.index(port) if parts[0] == "family" else int(parts[1].split("-")[-1].removesuffix(".htm"))
        return "200 OK", "text/html", pages[chosen % len(pages)]

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = writer.get_extra_info("sockname")[1]
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                status, kind, body = answer(head.split(b" ", 2)[1].decode(), port)
                start = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
                writer.write(start.encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def run() -> None:
        servers = [await asyncio.start_server(talk, "127.0.0.1", 0) for _ in range(SOURCES)]
        ports_open.extend(each.sockets[0].getsockname()[1] for each in servers)
        ports.send(ports_open)
        await asyncio.gather(*(each.serve_forever() for each in servers))

    asyncio.run(run())


@contextmanager
def serving(data: Path) -> Iterator[list[int]]:
    """The ports of the running server, a process of its own; at the end, says what it took of the processors."""
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("fork").Process(target=serve, args=(corpus(data), there), daemon=True)
    server.start()
    try:
        yield here.recv()
        used = sum(psutil.Process(server.pid).cpu_times()[:2])
        print(f"the server itself: {used:.1f} s of processor in all, not counted above")
    finally:
        server.kill()
        server.join()


# ours


def ours(pages: str, ports: Sequence[int], count: int) -> Speed:
    """Our whole crawl of so many pages into a new archive, after a page of each source for which everything starts."""
    from crawlers.run import CrawlSettings, crawl_now
    from crawlers.source import Discovery, Politeness, Source
    from monitor.collect import ArchiveSink
    from monitor.installation import Installation
    from monitor.settings import load_settings

    each = -(-count // len(ports))

    def sources(first: int, last: int) -> list[Source]:
        return [
            Source(
                id=f"s{number}.bench",
                name="s",
                home=f"http://127.0.0.1:{port}/",
                family=FAMILIES[number % len(FAMILIES)] if pages == "family" else None,
                discovery=Discovery(
                    feeds=(f"http://127.0.0.1:{port}/{pages}/feed/{number * each + first}-{number * each + last}.xml",)
                ),
                politeness=Politeness(concurrency=2, delay=0, max_articles=each),
            )
            for number, port in enumerate(ports)
        ]

    with tempfile.TemporaryDirectory() as folder, Installation(load_settings(Path(folder))) as it:
        sink, settings = (
            ArchiveSink(it.archive),
            CrawlSettings(allow_private=True, delay_factor=0, sources_at_once=SOURCES),
        )
        crawl_now(sources(0, 1), sink, it.memory, settings)
        before, began, cpu = sum(it.archive.outcomes().values()), time.monotonic(), processor()
        results = crawl_now(sources(1, each + 1), sink, it.memory, settings)
        seconds, used = time.monotonic() - began, processor() - cpu
        posts = sum(it.archive.outcomes().values()) - before
    assert not any(result.message for result in results), results
    return Speed(f"ours, {pages} pages", sum(result.fetched for result in results), posts, seconds, used)


def processor() -> float:
    """Processor seconds of this process and of its children, running ones included."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    living = sum(sum(child.cpu_times()[:2]) for child in psutil.Process().children(recursive=True))
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime + living


def bare(pages: str, ports: Sequence[int], count: int, ours: bool = False) -> Speed:
    """Scrapy alone: requests and responses, nothing read, nothing kept; as it comes, or with our settings of it."""
    import scrapy
    from scrapy.crawler import AsyncCrawlerRunner
    from scrapy.settings import Settings

    from crawlers.run import LEAN, install_reactor, run

    got = 0

    class Bare(scrapy.Spider):
        name = "bare"
        count: int

        async def start(self) -> Any:
            for number in range(self.count):
                url = f"http://127.0.0.1:{ports[number % len(ports)]}/{pages}/bai-so-{number}.htm"
                yield scrapy.Request(url, dont_filter=True)

        def parse(self, response: Any) -> None:
            nonlocal got
            got += 1

    install_reactor()
    options = {"CONCURRENT_REQUESTS": 16, "CONCURRENT_REQUESTS_PER_DOMAIN": 16, "CONCURRENT_ITEMS": 4}
    quiet = LEAN if ours else {name: LEAN[name] for name in ("LOG_ENABLED", "TELNETCONSOLE_ENABLED", "STATS_DUMP")}

    async def crawl(pages: int) -> None:
        await AsyncCrawlerRunner(Settings({**options, **quiet})).crawl(Bare, count=pages)

    run(crawl(len(ports)))  # loads what it needs, as with the others
    got, began, cpu = 0, time.monotonic(), processor()
    run(crawl(count))
    name = "our loop, nothing read" if ours else f"Scrapy's loop, {pages} pages"
    return Speed(name, got, 0, time.monotonic() - began, processor() - cpu)


# the others


def environment(name: str, cache: Path) -> Path:
    """The Python of the environment that holds this tool; made and filled from PyPI when it is not there yet."""
    folder = cache / name
    python = folder / "bin" / "python"
    done = folder / "installed"
    if not done.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run(
            [str(python), "-m", "pip", "-q", "--disable-pip-version-check", "install", *OTHERS[name]], check=True
        )
        done.touch()
    return python


def other(name: str, cache: Path, pages: str, ports: Sequence[int], count: int) -> Speed:
    """Another tool over the same pages, four requests at a time, the way its manual shows."""
    urls = [f"http://127.0.0.1:{ports[n % len(ports)]}/{pages}/bai-so-{n}.htm" for n in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        listed, script = Path(folder) / "urls.json", Path(folder) / "read.py"
        listed.write_text(json.dumps(urls))
        script.write_text(OTHER_MAIN % OTHER_CODE[name])
        command = [str(environment(name, cache)), str(script), str(listed), str(OTHER_SECONDS)]
        said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder).stdout
    line = next(each for each in said.splitlines() if each.startswith("RESULT"))
    found = Speed(f"{name}, {pages} pages", **json.loads(line.removeprefix("RESULT")))
    if not found.texts:
        raise RuntimeError(f"{name} read nothing: its interface has changed")
    return found


def alone(measure: Callable[..., Speed], *arguments: Any) -> Speed:
    """The measurement in a process of its own, so that none warms another's caches."""
    here, there = multiprocessing.Pipe()

    def work() -> None:
        there.send(asdict(measure(*arguments)))
        os._exit(0)

    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    there.close()
    try:
        return Speed(**here.recv())
    finally:
        process.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--pages", type=int, default=600, help="pages of each set")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where the other tools' environments are kept")
    parser.add_argument("--only", nargs="*", choices=("loop", "family", "generic", "others"), help="only these")
    given = parser.parse_args()
    wanted = given.only or ("loop", "family", "generic", "others")
    speeds: dict[str, Speed] = {}

    def show(key: str, speed: Speed) -> None:
        speeds[key] = speed
        print(speed.line(), flush=True)

    with serving(given.data) as ports:
        if "loop" in wanted:
            show("loop", alone(bare, "family", ports, 3 * given.pages))
            show("loop generic", alone(bare, "generic", ports, 3 * given.pages))
            show("loop ours", alone(bare, "family", ports, 3 * given.pages, True))
        if "family" in wanted:
            show("family", alone(ours, "family", ports, 3 * given.pages))
        if "generic" in wanted:
            show("generic", alone(ours, "generic", ports, given.pages))
        for name in OTHERS if "others" in wanted else ():
            show(name, other(name, given.cache, "generic", ports, given.pages))
    if {"generic", "news-please"} <= set(speeds):
        mine, theirs = (speeds[key].pages / speeds[key].seconds for key in ("generic", "news-please"))
        by_processor = [speeds[key].pages / speeds[key].cpu for key in ("generic", "news-please")]
        print(
            f"generic path against news-please: {mine / theirs:.1f} times by the clock, "
            f"{by_processor[0] / by_processor[1]:.1f} times a second of processor"
        )


if __name__ == "__main__":
    main()
