"""Measures the search engine: `python -m bench.search [--count N]`, or `--index PATH QUERY...` for a real index.

The synthetic corpus is ours: syllables put together from Vietnamese sounds, drawn by Zipf's law, 120 a mention over a
year, a few topics, places and stories as the province has them.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from index.port import Analyzer, Filters, Mention, MetadataChange
from index.sqlite import SqliteIndex
from nlp.text import exact, fold

START = datetime(2025, 1, 1, tzinfo=UTC)
SECONDS = 365 * 86400
TOPICS = ("disaster", "traffic", "land", "health", "education", "economy", "security", "environment")
SENTIMENTS = ("negative", "neutral", "positive")
_SOUNDS = """
b c ch d đ g gh gi h kh l m n ng nh ph qu r s t th tr v x
a á à ả ã ạ an án àn ang áng ao ào âm ấm âu ầu ăn ắn ê ế ên ền i ì ính o ó ò on ông ộng ơ ớ ởi u ụ ước ường
"""
ONSETS, RHYMES = (line.split() for line in _SOUNDS.strip().splitlines())


def vocabulary(size: int = 20_000) -> list[str]:
    """Syllables first, then pairs of them written as one word, which are as rare as names and foreign words."""
    syllables = [onset + rhyme for rhyme in RHYMES for onset in ONSETS]
    rng = np.random.default_rng(7)
    rng.shuffle(syllables)
    rare = (a + b for a, b in itertools.product(syllables, syllables))
    return [*syllables, *itertools.islice(rare, size - len(syllables))]


def mentions(count: int, words: Sequence[str]) -> Iterator[Mention]:
    """In order of time, as a crawler brings them."""
    rng = np.random.default_rng(1)
    weights = 1.0 / (np.arange(len(words)) + 10.0)
    weights /= weights.sum()
    done = 0
    while done < count:
        size = min(5000, count - done)
        table = rng.choice(len(words), size=(size, 120), p=weights)
        picks = rng.integers(0, 1 << 30, size=(size, 6)).tolist()
        for row, pick in zip(table.tolist(), picks, strict=True):
            yield _mention(done, count, [words[i] for i in row], pick)
            done += 1


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


def report(name: str, milliseconds: Sequence[float], note: str = "") -> None:
    p50, p95 = np.percentile(milliseconds, [50, 95])
    print(f"{name:<44} p50 {p50:8.1f} ms   p95 {p95:8.1f} ms   n={len(milliseconds):<4} {note}", flush=True)


def cold(index: SqliteIndex, run: Callable[[str], object], queries: Sequence[str]) -> list[float]:
    """Each query once with nothing remembered from earlier ones."""
    result = []
    for query in queries:
        index.forget()
        result += times(lambda query=query: run(query))  # type: ignore[misc]
    return result


def bench_queries(index: SqliteIndex, queries: dict[str, list[str]]) -> None:
    """All kinds of requests for each group of queries."""
    first = times(lambda: index.count())
    newest = index.search(limit=1).items
    if not newest:
        print("the index is empty")
        return
    end = newest[0].mention.published_at + timedelta(seconds=1)
    month = Filters(since=end - timedelta(days=30), until=end)
    report("first request of a process (columns)", first)
    topical = Filters(topic=("disaster",))
    for name, group in queries.items():
        hits = [index.count(query) for query in group]
        note = f"hits {min(hits)}..{max(hits)}"
        report(f"{name}: newest 20", cold(index, lambda q: index.search(q), group), note)
        report(f"{name}: newest 20, 30 days", cold(index, lambda q: index.search(q, month), group))
        report(f"{name}: newest 20, one topic", cold(index, lambda q: index.search(q, topical), group))
        by_relevance = cold(index, lambda q: index.search(q, month, sort="relevance"), group)
        report(f"{name}: relevance, 30 days", by_relevance)
        report(f"{name}: day x sentiment + all facets", cold(index, lambda q: figures(index, q), group), note)
        report(f"{name}: the same, remembered", [t for q in group for t in times(lambda q=q: figures(index, q), 3)[1:]])  # type: ignore[misc]
    report(
        "overview, 30 days (series, facets, newest)",
        [t for _ in range(5) for t in cold(index, lambda q: overview(index, q, month), [""])],
    )
    report("overview, everything", cold(index, lambda q: overview(index, q, Filters()), [""] * 5))


def figures(index: SqliteIndex, query: str) -> None:
    index.series(query)
    index.facets(query)


def overview(index: SqliteIndex, query: str, filters: Filters) -> None:
    index.series(query, filters)
    index.facets(query, filters)
    index.search(query, filters)


def synthetic(count: int, path: Path) -> None:
    words = vocabulary()
    index = SqliteIndex(path, analyzer=Analyzer(exact, fold))
    taken = 0.0
    # The corpus is made outside of the clock, a part at a time to spare memory.
    for part in batched(mentions(count, words), 20_000):
        start = time.perf_counter()
        index.upsert(part)
        taken += time.perf_counter() - start
    size = sum(file.stat().st_size for file in path.parent.glob(path.name + "*"))
    print(f"{'index':<44} {count / taken:10.0f} mentions/s   {size / 1e6:.0f} MB for {count}")
    changes = [MetadataChange(f"m{i}", sentiment="neutral", story=f"t{i % 500}") for i in range(min(count, 50_000))]
    start = time.perf_counter()
    index.update(changes)
    print(f"{'metadata updates':<44} {len(changes) / (time.perf_counter() - start):10.0f} mentions/s")
    bench_queries(index, groups(words))
    index.close()


def groups(words: Sequence[str]) -> dict[str, list[str]]:
    return {
        "common word": [fold(word) for word in words[40:60]],
        "common word with accents": list(words[60:80]),
        "two words": [f"{a} {b}" for a, b in itertools.pairwise(words[20:40])],
        "phrase": [f'"{a} {b}"' for a, b in itertools.pairwise(words[0:20])],
        "rare word": list(words[3000:3020]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, help="write the synthetic index to this file and keep it")
    parser.add_argument("--index", type=Path, help="bench this index file instead")
    parser.add_argument("queries", nargs="*", help="queries for --index")
    options = parser.parse_args()
    if options.index:
        index = SqliteIndex(options.index, analyzer=Analyzer(exact, fold))
        given = options.queries or ["quảng trị", "sạt lở", '"đông hà"', "giao thông", "nước NEAR/5 sạch"]
        bench_queries(index, {"given": given})
    elif options.keep:
        synthetic(options.count, options.keep)
    else:
        with tempfile.TemporaryDirectory() as folder:
            synthetic(options.count, Path(folder) / "index.db")


if __name__ == "__main__":
    main()
