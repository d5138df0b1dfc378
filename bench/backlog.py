"""Old posts beside new ones: `python -m bench.backlog [--data ../shared/data] [--count 20000] [--days 60] [--keep D]`.

Of so many items of the real RSS stream, moved in time so that they fill the last days evenly, every second one is known
and grouped; then the others are imported, two hundred of them published in the last hour. Prints after how long those
new ones are done, how many old ones a second (over `--seconds`), and how well the stories agree with those of one pass
over everything in order of time. `--keep` keeps what was prepared, each run works on a copy.
"""

from __future__ import annotations

import argparse
import math
import shutil
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.rss import records
from crawlers.post import Post
from monitor.archive import post_id
from monitor.installation import Installation
from monitor.process import Processor
from monitor.settings import Settings
from nlp.evaluate import b_cubed

FRESH = 200  # posts of the last hour
STORED = 1000


def posts(data: Path, count: int, days: float) -> tuple[list[Post], list[Post]]:
    """Those that are known, and those that are imported later, the new ones at their end."""
    now, told = datetime.now(UTC).replace(microsecond=0), list(records(data, count))
    step = timedelta(days=days) / len(told)
    found = [
        Post(
            url=each["url"],
            canonical_url=each["url"],
            source=each["source"],
            kind="news",
            title=each["title"] or "",
            lead=each["summary"] or "",
            published_at=now - timedelta(hours=1) - (len(told) - place) * step,
        )
        for place, each in enumerate(told)
        if each["title"]
    ]
    fresh = found[-FRESH:]
    return found[:-FRESH:2], [*found[1:-FRESH:2], *fresh]


def _open(folder: Path) -> Installation:
    return Installation(Settings(data=folder, auth="off", index_irrelevant=True))


def _store(installation: Installation, some: Sequence[Post]) -> None:
    for start in range(0, len(some), STORED):
        installation.archive.store_many(some[start : start + STORED])


def prepare(folder: Path, known: Sequence[Post], later: Sequence[Post]) -> None:
    """The known ones grouped, the others waiting."""
    if folder.exists():
        return
    folder.mkdir(parents=True)
    with _open(folder) as installation:
        _store(installation, known)
        Processor(installation).run(index=False)
        _store(installation, later)


def measure(folder: Path, later: Sequence[Post], seconds: float) -> None:
    fresh = [post_id(post.canonical_url) for post in later[-FRESH:]]
    with _open(folder) as installation:
        began, done, fresh_after = time.monotonic(), 0, math.nan

        def progress(count: int) -> None:
            nonlocal done, fresh_after
            done += count
            if math.isnan(fresh_after) and len(installation.annotations.stories_of(fresh)) == len(fresh):
                fresh_after = time.monotonic() - began

        Processor(installation).run(progress, stopping=lambda: time.monotonic() - began > seconds, index=False)
        took = time.monotonic() - began
    print(f"the {len(fresh)} new posts were done after {fresh_after:.1f} s", flush=True)
    print(f"{done:,} of {len(later):,} posts in {took:.0f} s: {done / took:.0f} a second", flush=True)


def agreement(folder: Path, fresh_folder: Path, everything: Sequence[Post]) -> None:
    """B-cubed F1 of the stories against those of one pass over everything in order of time."""
    fresh_folder.mkdir()
    with _open(fresh_folder) as other:
        _store(other, everything)
        Processor(other).run(index=False)
        ids = [post_id(post.canonical_url) for post in everything]
        expected = other.annotations.stories_of(ids)
    with _open(folder) as installation:
        given = installation.annotations.stories_of(ids)
    shared = [id for id in ids if id in given]
    score = b_cubed([expected[id].story_id for id in shared], [given[id].story_id for id in shared])
    print(f"stories as in one pass over everything: B-cubed {score:.4f} over {len(shared):,} posts", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--count", type=int, default=4000)
    parser.add_argument("--days", type=float, default=60)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--agree", action="store_true", help="compares the stories, too (takes as long again)")
    given = parser.parse_args()
    known, later = posts(given.data, given.count, given.days)
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        prepare(folder / "prepared", known, later)
        run, one_pass = Path(temporary) / "run", Path(temporary) / "one-pass"
        shutil.copytree(folder / "prepared", run)
        measure(run, later, given.seconds)
        if given.agree:
            agreement(run, one_pass, [*known, *later])


if __name__ == "__main__":
    main()
