"""Exports of a whole result: `python -m bench.export [--count 200000] [--engine sqlite]`.

Prints rows a second and how far memory grew, of CSV and XLSX. Memory is measured against an export a tenth as long:
one that kept its rows would need ten times as much.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

from bench.search import batched, mentions, vocabulary
from index.port import Filters
from monitor.export import FORMATS, Format, export
from monitor.installation import Installation
from monitor.settings import Settings


def fill(folder: Path, count: int) -> None:
    with Installation(Settings(data=folder)) as installation:
        for part in batched(mentions(count, vocabulary()), 20_000):
            installation.index.upsert(part)


def measured(folder: Path, query: str, format: Format) -> tuple[int, float, float, float]:
    """Rows, seconds, peak memory in MB and size of the file in MB of one export in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_one, (folder, query, format))


def _one(folder: Path, query: str, format: Format) -> tuple[int, float, float, float]:
    out = folder / f"out.{format}"
    with Installation(Settings(data=folder)) as installation:
        installation.index.count()
        start = time.perf_counter()
        rows = export(installation, query, Filters(), out, format)
        taken = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return rows, taken, peak, out.stat().st_size / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder, options.count)
        for format in FORMATS:
            # A month and a fifth of the year is a tenth.
            for query in ("to:2025-02-05", ""):
                rows, taken, peak, size = measured(folder, query, format)
                print(
                    f"{format:<5} {rows:>8} rows in {taken:6.1f} s   {rows / taken:8.0f} rows/s   "
                    f"peak {peak:6.0f} MB   file {size:7.1f} MB",
                    flush=True,
                )


if __name__ == "__main__":
    main()
