"""A hostile web on loopback: a feed of 10,000 items and 2,000 broken or malicious pages, crawled as any other source.

    python -m bench.hostile [--items 10000] [--pages 2000] [--seed 1]

Items name pages of the site, its own traps, inner addresses in every spelling, other schemes, unreadable dates, markup
and endless text; pages are cut, bombed, nested, mislabelled, redirected inwards, in circles and to other schemes.
Prints how each address ended. Fails when the crawl breaks, when an address has no outcome, or when anything reached the
second server, which stands for the inside.
"""

from __future__ import annotations

import argparse
import gzip
import json
import logging
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest import mock

from crawlers.extract.canonical import canonical_url
from crawlers.extract.feeds import parse_feed
from crawlers.run import CrawlSettings, crawl_now
from crawlers.sink import CrawlResult, MemorySink
from crawlers.source import Discovery, Politeness, Source

OUTSIDE, INSIDE = "127.0.0.1", "127.0.0.2"  # the one address that counts as public, and the one nobody may reach
Answer = tuple[int, dict[str, str], bytes]


def text(chance: random.Random, words: int = 60) -> str:
    letters = "abcdeghiklmnopqrstuvxyàáảãạăâđêôơư"
    return " ".join("".join(chance.choices(letters, k=chance.randint(2, 6))) for _ in range(words))


def article(chance: random.Random) -> bytes:
    title = text(chance, 8)
    body = "".join(f"<p>{title}. {text(chance)}</p>" for _ in range(4))
    return f"<html><head><title>{title}</title></head><body><h1>{title}</h1><article>{body}</article>".encode()


def page(chance: random.Random, inside: str) -> Answer:
    """One page that means no good, or is broken."""
    good = article(chance)
    html = {"Content-Type": "text/html; charset=utf-8"}
    nest = chance.choice(["div", "b", "table", "a", "font", "p"])
    kinds: list[Callable[[], Answer]] = [
        lambda: (200, html, good[: chance.randrange(len(good))]),
        lambda: (200, html, bytes(chance.randrange(256) for _ in range(3_000))),
        lambda: (200, html, f"<{nest}>".encode() * 30_000),
        lambda: (200, html, f"<{nest} class='author detail-content'>".encode() * 900 + good),
        lambda: (200, html, b"<!--" * 40_000),
        lambda: (200, html, b"<p " + b"a='" * 60_000),
        lambda: (200, {**html, "Content-Encoding": "gzip"}, gzip.compress(b"\0" * 30_000_000, 1)),
        lambda: (200, {**html, "Content-Encoding": "gzip"}, b"\x1f\x8b\x08" + good),
        lambda: (200, {"Content-Type": "text/html; charset=zlib"}, good),
        lambda: (200, {"Content-Type": "text/html; charset=utf-16"}, good),
        lambda: (200, {"Content-Type": "image/png"}, good),
        lambda: (200, html, good + b'<script type="application/ld+json">' + b"[" * 50_000 + b"</script>"),
        lambda: (200, html, b'<meta property="og:title" content="' + b"x" * 900_000 + b'">' + good),
        lambda: (200, html, good.replace(b"<article>", b"<article>" + "e\u0301".encode() + "\u0301".encode() * 90_000)),
        lambda: (
            200,
            html,
            f'<link rel="canonical" href="http://{inside}/a"><base href="http://{inside}/">'.encode() + good,
        ),
        lambda: (200, html, f'<meta http-equiv="refresh" content="0;url=http://{inside}/m">'.encode() + good),
        lambda: (302, {"Location": f"http://{inside}/r"}, b""),
        lambda: (301, {"Location": f"//{inside}/r"}, b""),
        lambda: (302, {"Location": "file:///etc/passwd"}, b""),
        lambda: (302, {"Location": "data:text/html,x"}, b""),
        lambda: (302, {"Location": "?again=" + str(chance.random())}, b""),
        lambda: (302, {"Location": "http://[::1]:1/"}, b""),
        lambda: (302, {"Location": "http://\u0661.2.3.4/".encode().decode("latin-1")}, b""),
        lambda: (200, {**html, "Content-Length": "99999999"}, good),
        lambda: (200, {**html, "Set-Cookie": "a=" + "b" * 9_000}, good),
        lambda: (chance.choice([204, 206, 400, 401, 404, 410, 418, 451, 500, 501]), html, good),
        lambda: (200, html, good.replace(b"<h1>", b"<h1>\x00\xed\xa0\x80\xff")),
        lambda: (200, html, good),
    ]
    return chance.choice(kinds)()


def item(chance: random.Random, site: str, inside: str, pages: int) -> str:
    """One entry of the feed."""
    port = inside.rsplit(":", 1)[1]
    number = chance.randrange(pages)
    link = chance.choice(
        [f"{site}/bai-{number}.htm?utm_source={chance.random()}"] * 6
        + [
            f"http://{inside}/{number}", f"http://2130706434:{port}/{number}", f"http://0x7f000002:{port}/{number}",
            f"http://127.2:{port}/{number}", f"http://[::ffff:127.0.0.2]:{port}/{number}",
            f"http://10.0.0.{number % 250}/",
            "http://169.254.169.254/latest/meta-data", f"http://localhost:{port}/{number}",
            f"http://a:b@{inside}/{number}",
            f"javascript:alert({number})", f"file:///etc/passwd?{number}", f"data:text/html,{number}",
            f"{site}/{'a' * chance.choice([50, 3_000])}-{number}.htm", f"{site}/%00%ff%2e%2e/{number}",
            f"{site}/\u202e{number}", "http://", "http://[", f"{site}:99999/{number}", "//", " ",
            f"{site}/bai-{number}.htm#{number}", f"http://khong-co-{number % 5}.invalid/{number}",
            f"{site}/x?{'&'.join(f'{n}={n}' for n in range(200))}&{number}",
        ]
    )  # fmt: skip
    title = chance.choice(
        [text(chance, 8), "<script>alert(1)</script>" * 20, "x" * 5_000, "&#0;&#xD800;\u0301" * 50, ""]
    )
    when = chance.choice(["Mon, 23 Nov 2026 08:00:00 +0700", "31 Feb 9999", "-1", "0000-00-00", "9" * 300, ""])
    broken = chance.choice(["", "", "", "<item>", "]]>", "<guid isPermaLink='false'>x</guid>", "&undefined;"])
    escaped = link.replace("&", "&amp;").replace("<", "&lt;")
    return f"<item><title><![CDATA[{title}]]></title><link>{escaped}</link><pubDate>{when}</pubDate>{broken}</item>"


@contextmanager
def serving(answer: Callable[[str], Answer], address: str, seen: list[str]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def do_GET(self) -> None:
            seen.append(self.path)
            status, headers, body = answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """The crawler hangs up on what is too large."""

    server = Server((address, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"{address}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: `without` are addresses of the feed that have no outcome, `inside` requests that got inside."""

    result: CrawlResult
    items: int
    addresses: int
    outcomes: Counter[str]
    reasons: Counter[str]
    without: list[str]
    inside: list[str]
    seconds: float


def run(items: int, pages: int, seed: int) -> Outcome:
    chance, reached = random.Random(seed), list[str]()
    traps: list[Answer] = []
    feed: list[bytes] = []

    def answer(path: str) -> Answer:
        if path == "/feed":
            return 200, {"Content-Type": "application/rss+xml"}, feed[0]
        number = path.split("?")[0].removeprefix("/bai-").removesuffix(".htm")
        return traps[int(number)] if number.isdecimal() and int(number) < pages else (404, {}, b"")

    with serving(lambda path: (200, {}, b"inside"), INSIDE, reached) as inside, serving(answer, OUTSIDE, []) as outside:
        site = f"http://{outside}"
        traps += [page(chance, inside) for _ in range(pages)]
        entries = [f"<item><title>t</title><link>{site}/bai-{n}.htm</link></item>" for n in range(pages)]
        entries += [item(chance, site, inside, pages) for _ in range(items - pages)]
        chance.shuffle(entries)
        feed.append(f"<rss><channel>{''.join(entries)}</channel></rss>".encode("utf-8", "replace"))
        source = Source(
            id="thu-dich", name="Thù địch", home=f"{site}/", discovery=Discovery(feeds=(f"{site}/feed",)),
            politeness=Politeness(concurrency=2, delay=0, max_articles=10**6),
        )  # fmt: skip
        memory, began = MemorySink(), time.monotonic()
        settings = CrawlSettings(delay_factor=0, retries=0, timeout=3, max_bytes=20_000_000, pass_seconds=7_200)
        with mock.patch("crawlers.middlewares.public", lambda address: address == OUTSIDE):
            (result,) = crawl_now([source], memory, memory, settings)
        named = {canonical_url(each.url) for each in parse_feed(feed[0], f"{site}/feed")}
    return Outcome(
        result=result,
        items=len(entries),
        addresses=len(named),
        outcomes=Counter(outcome for outcome, _ in memory.outcomes.values()),
        reasons=Counter(reason for _, reason in memory.outcomes.values()),
        without=sorted(named - set(memory.outcomes)),
        inside=reached,
        seconds=time.monotonic() - began,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--pages", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    found = run(given.items, given.pages, given.seed)
    print(f"{found.items} items, {found.addresses} addresses, {found.seconds:.0f} s; state {found.result.state}")
    print("outcomes:", json.dumps(dict(found.outcomes.most_common())))
    for reason, count in found.reasons.most_common():
        print(f"  {count:6} {reason}")
    print(f"without an outcome: {len(found.without)}; requests that got inside: {len(found.inside)}")
    return int(bool(found.without or found.inside or found.result.state in ("failing", "blocked")))


if __name__ == "__main__":
    sys.exit(main())
