"""The real RSS stream through the whole product: import, process, what rose on given days, queries, memory.

    python -m bench.rss --data ../shared/data [--keep DIR] [--at 2025-11-18T21:00 ...] [--limit N]

Converts `rss_vn_2025-10_2026-06.parquet` to the "Post in" records of the interface in a temporary folder; nothing of
the text is kept unless `--keep` names a folder. Times are of this run on this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet

PARQUET = "rss_vn_2025-10_2026-06.parquet"
QUERIES = (
    "bão lũ",
    "sạt lở",
    '"tai nạn giao thông"',
    "giá vàng AND tăng",
    "giao duc",
    "(cháy OR nổ) NOT phim",
    "Quảng Trị",
    "công an*",
    "bệnh viện NEAR/5 bác sĩ",
    "lua dao",
)


def records(data: Path, limit: int | None) -> Iterator[dict[str, Any]]:
    """The items as "Post in" records, oldest first."""
    table = pyarrow.parquet.read_table(data / PARQUET)
    rows = sorted(table.to_pylist(), key=lambda row: row["published_at"])
    for row in rows[:limit]:
        yield {
            "url": row["url"],
            "source": row["source"],
            "title": row["title"],
            "summary": row["summary"],
            "published_at": row["published_at"].isoformat(),
        }


def duluan(data: Path, *arguments: str, **environment: str) -> tuple[float, int, str]:
    """Runs the command line on an installation: seconds, peak memory in MB, standard output."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "monitor.cli", "--data", str(data), *arguments]
    process = psutil.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
    peak = 0
    while True:
        try:
            out, _ = process.communicate(timeout=0.5)
            break
        except subprocess.TimeoutExpired:
            peak = max(peak, process.memory_info().rss)
    if process.returncode not in (0, 1):
        raise SystemExit(f"duluan {' '.join(arguments)} ended with {process.returncode}")
    return time.perf_counter() - started, peak // 2**20, out


def queries(data: Path, rounds: int) -> None:
    """p50 and p95 of newest, relevance, and facets with the day series, over the query list."""
    from index.port import Filters
    from monitor.installation import Installation
    from monitor.settings import load_settings

    with Installation(load_settings(data)) as installation:
        index = installation.index
        print(f"\nmentions in the index: {index.count():,}")
        kinds = {
            "newest 20": lambda q: index.search(q),
            "relevance 20": lambda q: index.search(q, sort="relevance"),
            "facets": lambda q: index.facets(q),
            "day x sentiment": lambda q: index.series(q, Filters()),
        }
        order = list(QUERIES) * rounds
        random.Random(1).shuffle(order)
        print(f"{'query kind':18}{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}")
        for name, run in kinds.items():
            taken = []
            for query in order:
                started = time.perf_counter()
                run(query)
                taken.append((time.perf_counter() - started) * 1000)
            p95 = statistics.quantiles(taken, n=20)[-1]
            print(f"{name:18}{statistics.median(taken):9.1f}{p95:9.1f}{max(taken):9.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--at", nargs="*", default=[])
    parser.add_argument("--limit", type=int)
    parser.add_argument("--everything", action="store_true", help="index irrelevant items too (a corpus to search)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run(given, given.keep or Path(folder))


def run(given: argparse.Namespace, home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    file, installation = home / "rss.jsonl", home / "installation"
    with file.open("w", encoding="utf-8") as out:
        count = sum(bool(out.write(json.dumps(r, ensure_ascii=False) + "\n")) for r in records(given.data, given.limit))
    settings = {"DULUAN_INDEX_IRRELEVANT": "true"} if given.everything else {}
    for step in (["import", str(file)], ["process"]):
        seconds, memory, _ = duluan(installation, *step, **settings)
        print(f"{step[0]:8} {count:,} items in {seconds:.1f} s: {count / seconds:,.0f} a second, peak {memory} MB")
    queries(installation, rounds=20)
    for at in given.at:
        seconds, _, out = duluan(installation, "issues", "--at", at, "--json", "--limit", "5")
        print(f"\nissues --at {at} ({seconds:.1f} s with start-up)")
        for number, issue in enumerate(json.loads(out)["issues"], start=1):
            print(f"  {number}. {issue['title']}\n     {issue['reason']}")


if __name__ == "__main__":
    main()
