"""One writer and eight readers of the SQLite index at once: errors, and what readers wait.

    python -m bench.index_readers [--count 100000] [--seconds 60] [--pace 0.1]

Each reader is a process of its own that asks every `pace` seconds (0: without pause) for a page, a count by sentiment
and a series; the writer tells the index of new mentions and of changed metadata without pause.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing.queues import Queue
from pathlib import Path

from bench.search import mentions, vocabulary
from index.port import Analyzer, Mention, MetadataChange
from index.sqlite import SqliteIndex
from nlp.text import exact, fold

READERS = 8
WRITTEN = 50  # mentions of one batch, as the processor brings them
Took = tuple[str, float]


def read(path: Path, seconds: float, pace: float, seed: int, told: Queue[tuple[list[Took], list[str]]]) -> None:
    index, chance = SqliteIndex(path, analyzer=Analyzer(exact, fold)), random.Random(seed)
    words = vocabulary()[20:400]
    took: list[Took] = []
    errors: list[str] = []
    index.search("", limit=1)  # opens the columns
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        query = chance.choice(words) if chance.random() < 0.7 else f'"{chance.choice(words)} {chance.choice(words)}"'
        asks: dict[str, Callable[[], object]] = {
            "newest 20": lambda: index.newest(query, limit=20),  # noqa: B023 - called at once
            "page with total": lambda: index.search(query, limit=20),  # noqa: B023
            "sentiment": lambda: index.facets(query, fields=["sentiment"]),  # noqa: B023
            "series": lambda: index.series(query),  # noqa: B023
        }
        name = chance.choice(list(asks))
        began = time.perf_counter()
        try:
            asks[name]()
        except Exception as error:  # whatever a reader meets is what the bench counts
            errors.append(f"{type(error).__name__}: {error}")
        took.append((name, (time.perf_counter() - began) * 1000))
        time.sleep(pace)
    told.put((took, errors))


def write(index: SqliteIndex, fresh: Iterator[Mention], count: int, seconds: float) -> tuple[int, int]:
    """Writes until the time is over. Returns how many were written, and how many were changed."""
    written = changed = 0
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        batch = list(itertools.islice(fresh, WRITTEN))
        written += index.upsert(batch)
        changes = [
            MetadataChange(f"m{n}", story=f"t{n % 97}") for n in range(changed % count, changed % count + WRITTEN)
        ]
        index.update(changes)
        changed += WRITTEN
        time.sleep(0.05)
    return written, changed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--pace", type=float, default=0.1)
    options = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index.sqlite"
        index = SqliteIndex(path, analyzer=Analyzer(exact, fold))
        made = mentions(options.count + 200_000, vocabulary())
        index.upsert(itertools.islice(made, options.count))
        told: Queue[tuple[list[Took], list[str]]] = spawn.Queue()
        given = (path, options.seconds, options.pace)
        readers = [spawn.Process(target=read, args=(*given, seed, told)) for seed in range(READERS)]
        for reader in readers:
            reader.start()
        written, changed = write(index, made, options.count, options.seconds + 5)
        answers = [told.get(timeout=120) for _ in readers]
        problems = index.check()
        index.close()
    took = [each for found, _ in answers for each in found]
    errors = [error for _, found in answers for error in found]
    print(f"{options.count:,} mentions, {READERS} readers, {len(took):,} questions in {options.seconds:g} s")
    print(f"written meanwhile: {written:,} mentions, {changed:,} changes of metadata")
    for name in sorted({name for name, _ in took}):
        print_line(name, [ms for each, ms in took if each == name])
    print_line("all", [ms for _, ms in took])
    print(f"errors {len(errors)} {sorted(set(errors))[:3]}, problems of the file {problems}")
    raise SystemExit(1 if errors or problems else 0)


def print_line(name: str, times: list[float]) -> None:
    p95 = statistics.quantiles(times, n=20)[-1]
    print(f"{name:<18} p50 {statistics.median(times):7.1f} ms   p95 {p95:7.1f} ms   max {max(times):7.1f} ms")


if __name__ == "__main__":
    main()
