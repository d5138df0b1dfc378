"""Measures the search engines: `python -m bench.search [--engine both] [--count N]`, or `--index PATH QUERY...`.

With `--keep FOLDER` what was built stays there, a later run goes on with it, and `--seconds N` stops building after so
many: a million may be built in several runs and measured in the last.

The synthetic corpus is ours: syllables put together from Vietnamese sounds, drawn by Zipf's law, 120 a mention over a
year, a few topics, places and stories as the province has them. With `--engine both` the same queries run on SQLite and
on an Elasticsearch of one node with 2 GB (DULUAN_TEST_ELASTICSEARCH_URL, or started here), and a table stands them side
by side.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from index.elasticsearch.adapter import ElasticsearchIndex
from index.elasticsearch.server import Server
from index.port import Analyzer, Filters, Index, Mention, MetadataChange
from index.sqlite import SqliteIndex
from nlp.text import exact, fold

STARTER = Path(__file__).parents[1] / "deploy" / "elasticsearch" / "server"
START = datetime(2025, 1, 1, tzinfo=UTC)
SECONDS = 365 * 86400
TOPICS = ("disaster", "traffic", "land", "health", "education", "economy", "security", "environment")
SENTIMENTS = ("negative", "neutral", "positive")
_SOUNDS = """
b c ch d đ g gh gi h kh l m n ng nh ph qu r s t th tr v x
a á à ả ã ạ an án àn ang áng ao ào âm ấm âu ầu ăn ắn ê ế ên ền i ì ính o ó ò on ông ộng ơ ớ ởi u ụ ước ường
"""
ONSETS, RHYMES = (line.split() for line in _SOUNDS.strip().splitlines())


@dataclass(frozen=True)
class Options:
    """How many mentions, the folder that keeps them (None: nothing is kept), and how long to build."""

    count: int
    keep: Path | None = None
    seconds: float = float("inf")

    @property
    def updates(self) -> int:
        return min(self.count, 50_000)


def vocabulary(size: int = 20_000) -> list[str]:
    """Syllables first, then pairs of them written as one word, which are as rare as names and foreign words."""
    syllables = [onset + rhyme for rhyme in RHYMES for onset in ONSETS]
    rng = np.random.default_rng(7)
    rng.shuffle(syllables)
    rare = (a + b for a, b in itertools.product(syllables, syllables))
    return [*syllables, *itertools.islice(rare, size - len(syllables))]


def mentions(count: int, words: Sequence[str], skip: int = 0) -> Iterator[Mention]:
    """In order of time, as a crawler brings them; the first ones may be skipped."""
    rng = np.random.default_rng(1)
    weights = 1.0 / (np.arange(len(words)) + 10.0)
    weights /= weights.sum()
    done = 0
    while done < count:
        size = min(5000, count - done)
        table = rng.choice(len(words), size=(size, 120), p=weights)
        picks = rng.integers(0, 1 << 30, size=(size, 6)).tolist()
        for at in range(max(0, skip - done), size):
            yield _mention(done + at, count, [words[i] for i in table[at].tolist()], picks[at])
        done += size


def _mention(number: int, count: int, words: list[str], pick: list[int]) -> Mention:
    return Mention(
        id=f"m{number}",
        url=f"https://trang{pick[0] % 40}.vn/bai/{number}",
        source=f"trang{pick[0] % 40}",
        kind="news" if pick[1] % 3 else "social",
        title=" ".join(words[:10]).capitalize(),
        lead=" ".join(words[10:35]),
        body=" ".join(words[35:]),
        published_at=START + timedelta(seconds=number * SECONDS // count),
        sentiment=SENTIMENTS[pick[2] % 3],
        topics=tuple({TOPICS[pick[3] % 8], TOPICS[pick[3] // 8 % 8]})[: 1 + pick[3] % 2],
        places=tuple({f"p{pick[4] % 78}", f"p{pick[4] // 78 % 20}"}),
        story=f"s{pick[5] % max(1, count // 20)}",
        lang="vi",
    )


def batched(items: Iterator[Mention], size: int) -> Iterator[list[Mention]]:
    while part := list(itertools.islice(items, size)):
        yield part


def times(run: Callable[[], object], repeat: int = 1) -> list[float]:
    result = []
    for _ in range(repeat):
        start = time.perf_counter()
        run()
        result.append((time.perf_counter() - start) * 1000)
    return result


RESULTS: dict[str, dict[str, float]] = {}  # p95 by what was measured, by engine
SPEEDS: dict[str, dict[str, float]] = {}  # mentions a second, likewise
_engine = "sqlite"
GROUPS = ("word in a tenth", "common word", "common word with accents", "two words", "phrase", "rare word")
# Of SQLite at a million, in milliseconds; besides, newest first before Elasticsearch, all else within 2.5 times.
BARS = {
    **{f"{group}: newest 20": 10.0 for group in GROUPS},
    **{f"{group}: relevance, 30 days": 50.0 for group in GROUPS},
    "word in a tenth: day x sentiment + all facets": 70.0,
    "overview, 30 days (series, facets, newest)": 120.0,
}


def report(name: str, milliseconds: Sequence[float], note: str = "") -> None:
    p50, p95 = np.percentile(milliseconds, [50, 95])
    RESULTS.setdefault(name, {})[_engine] = float(p95)
    print(f"{name:<50} p50 {p50:8.1f} ms   p95 {p95:8.1f} ms   n={len(milliseconds):<4} {note}", flush=True)


def cold(index: Index, run: Callable[[str], object], queries: Sequence[str]) -> list[float]:
    """Each query once with nothing remembered from earlier ones."""
    result = []
    for query in queries:
        if isinstance(index, SqliteIndex):
            index.forget()
        else:
            _forget_requests(index)
        result += times(lambda query=query: run(query))  # type: ignore[misc]
    return result


def bench_queries(index: Index, queries: dict[str, list[str]]) -> None:
    """All kinds of requests for each group of queries."""
    first = times(lambda: index.count())
    newest = index.search(limit=1).items
    if not newest:
        print("the index is empty")
        return
    end = newest[0].mention.published_at + timedelta(seconds=1)
    month = Filters(since=end - timedelta(days=30), until=end)
    report("first request of a process (columns)", first)
    for query in next(iter(queries.values()))[:5]:  # words that a process meets first are learnt once
        index.newest(query)
    topical = Filters(topic=("disaster",))
    for name, group in queries.items():
        hits = [index.count(query) for query in group]
        note = f"hits {min(hits)}..{max(hits)}"
        report(f"{name}: newest 20", cold(index, lambda q: index.newest(q), group), note)
        report(f"{name}: newest 20 and the exact total", cold(index, lambda q: index.search(q), group))
        report(f"{name}: the same, 30 days", cold(index, lambda q: index.search(q, month), group))
        report(f"{name}: newest 20, one topic", cold(index, lambda q: index.search(q, topical), group))
        by_relevance = cold(index, lambda q: index.search(q, month, sort="relevance"), group)
        report(f"{name}: relevance, 30 days", by_relevance)
        report(f"{name}: day x sentiment + all facets", cold(index, lambda q: figures(index, q), group), note)
        report(f"{name}: significant terms", cold(index, lambda q: index.significant(q), group[:5]))
        report(f"{name}: figures, remembered", [t for q in group for t in times(lambda q=q: figures(index, q), 3)[1:]])  # type: ignore[misc]
    report(
        "overview, 30 days (series, facets, newest)",
        [t for _ in range(5) for t in cold(index, lambda q: overview(index, q, month), [""])],
    )
    report("overview, everything", cold(index, lambda q: overview(index, q, Filters()), [""] * 5))


def figures(index: Index, query: str) -> None:
    index.series(query)
    index.facets(query)


def overview(index: Index, query: str, filters: Filters) -> None:
    index.series(query, filters)
    index.facets(query, filters)
    index.newest(query, filters)


def _forget_requests(index: Index) -> None:
    """The server remembers counts of requests that did not change; a bench measures without."""
    assert isinstance(index, ElasticsearchIndex)
    client = index._connection._client
    client.indices.clear_cache(index=index._schema.all, request=True, query=True)


def synthetic(options: Options, index: Index, path: Path | None) -> None:
    if not build(options, index, path):
        return
    changes = [MetadataChange(f"m{i}", sentiment="neutral", story=f"t{i % 500}") for i in range(options.updates)]
    start = time.perf_counter()
    index.update(changes)
    speed("metadata updates", len(changes), time.perf_counter() - start)
    bench_queries(index, groups(vocabulary()))


def build(options: Options, index: Index, path: Path | None) -> bool:
    """Fills the index, or goes on filling it. Returns whether it is full."""
    held, taken = index.count(), 0.0
    # The corpus is made outside of the clock, a part at a time to spare memory.
    written = 0
    for part in batched(mentions(options.count, vocabulary(), held), 20_000):
        if taken > options.seconds:
            break
        start = time.perf_counter()
        written += index.upsert(part)
        taken += time.perf_counter() - start
    if written:
        speed("index", written, taken)
    if path:
        size = sum(file.stat().st_size for file in path.parent.glob(path.name + "*"))
        print(f"{'size of the files':<44} {size / 1e6:10.0f} MB for {held + written}")
    return held + written >= options.count


def speed(name: str, count: int, seconds: float) -> None:
    SPEEDS.setdefault(name, {})[_engine] = count / seconds
    print(f"{name:<50} {count / seconds:10.0f} mentions/s", flush=True)


@contextlib.contextmanager
def elasticsearch(keep: bool) -> Iterator[ElasticsearchIndex]:
    """An index on the server that is named, or on one that runs as long as the bench does; empty unless kept."""
    url, started = os.environ.get("DULUAN_TEST_ELASTICSEARCH_URL", ""), False
    if not url:
        command = [str(STARTER), "start", "--port", "9640", "--heap", "2g", *(["--keep"] if keep else [])]
        url, started = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip(), True
    index = ElasticsearchIndex(Server((url,), "bench"), analyzer=Analyzer(exact, fold), time_limit=60)
    try:
        if not keep:
            index.clear()
        yield index
    finally:
        if not keep and not started:
            index.clear()
        index.close()
        if started:
            subprocess.run([str(STARTER), "stop" if keep else "remove", "--port", "9640"], check=True)


def side_by_side() -> None:
    """Both engines, the bar for SQLite, and whether it holds it and keeps up with the other."""
    print(f"\n{'p95 in milliseconds':<50} {'SQLite':>8} {'Elastics.':>10} {'ratio':>6} {'bar':>5}")
    for name, by_engine in RESULTS.items():
        ours, theirs = by_engine.get("sqlite"), by_engine.get("elasticsearch")
        bar, most = BARS.get(name, float("inf")), 1.0 if name.endswith("newest 20") else 2.5
        ratio = ours / theirs if ours and theirs else 0.0
        judged = "" if bar == float("inf") else "holds" if (ours or 0.0) <= bar and ratio <= most else "FALLS SHORT"
        print(f"{name:<50} {ours or 0:8.1f} {theirs or 0:10.1f} {ratio:6.2f} {bar:5.0f} {judged}")
    print(f"\n{'mentions a second':<50} {'SQLite':>8} {'Elastics.':>10}")
    for name, by_engine in SPEEDS.items():
        print(f"{name:<50} {by_engine.get('sqlite', 0):8.0f} {by_engine.get('elasticsearch', 0):10.0f}")


def told_by(share: float, words: Sequence[str], count: int = 20) -> list[str]:
    """Words without accents that stand in about this share of the mentions."""
    by_fold: dict[str, float] = {}
    for rank, word in enumerate(words):
        by_fold[fold(word)] = by_fold.get(fold(word), 0.0) + 1.0 / (rank + 10.0)
    total = sum(by_fold.values())
    told = {word: 1.0 - (1.0 - weight / total) ** 120 for word, weight in by_fold.items()}
    return sorted(told, key=lambda word: abs(told[word] - share))[:count]


def groups(words: Sequence[str]) -> dict[str, list[str]]:
    return {
        "word in a tenth": told_by(0.1, words),
        "common word": [fold(word) for word in words[40:60]],
        "common word with accents": list(words[60:80]),
        "two words": [f"{a} {b}" for a, b in itertools.pairwise(words[20:40])],
        "phrase": [f'"{a} {b}"' for a, b in itertools.pairwise(words[0:20])],
        "rare word": list(words[3000:3020]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=("sqlite", "elasticsearch", "both"), default="sqlite")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, help="a folder for what is built, where a later run goes on")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="of building, then stop")
    parser.add_argument("--index", type=Path, help="bench this index file instead")
    parser.add_argument("queries", nargs="*", help="queries for --index")
    given = parser.parse_args()
    if given.index:
        index = SqliteIndex(given.index, analyzer=Analyzer(exact, fold))
        queries = given.queries or ["quảng trị", "sạt lở", '"đông hà"', "giao thông", "nước NEAR/5 sạch"]
        bench_queries(index, {"given": queries})
    else:
        bench_engines(given.engine, Options(given.count, given.keep, given.seconds))


def bench_engines(engine: str, options: Options) -> None:
    global _engine
    if engine != "elasticsearch":
        with tempfile.TemporaryDirectory() as folder:
            path = (options.keep or Path(folder)) / "index.db"
            index = SqliteIndex(path, analyzer=Analyzer(exact, fold), time_limit=60)
            synthetic(options, index, path)
            index.close()
    if engine != "sqlite":
        _engine = "elasticsearch"
        print("\nElasticsearch")
        with elasticsearch(options.keep is not None) as theirs:
            synthetic(options, theirs, None)
    if RESULTS:
        side_by_side()


if __name__ == "__main__":
    main()
