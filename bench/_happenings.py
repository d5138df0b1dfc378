"""The real stream through the product, and what it said at the height of happenings that were written down before.

By `issues --at` the moment that `bench/happenings.json` names for each: an issue tells the happening when at least half
of the titles of its mentions have one of the happening's words.
"""

from __future__ import annotations

import json
import tempfile
import time
from datetime import datetime
from pathlib import Path

from bench.rss import duluan, records

HAPPENINGS = Path(__file__).with_name("happenings.json")
MORE = Path(__file__).with_name("happenings_more.json")
FIRST, LAST = "2025-10-15T00:00+07:00", "2026-06-30T00:00+07:00"


def run(data: Path, keep: Path | None) -> None:
    """Fills an installation with the stream (unless `keep` holds one) and prints the table."""
    with tempfile.TemporaryDirectory() as folder:
        home = keep or Path(folder)
        if not (home / "archive.sqlite").exists():
            fill(data, home)
        report(home)
        taken = [duluan(home, "issues", "--at", "2026-05-01T20:00", "--json")[0] for _ in range(5)]
        print(f"issues --at on eight months, start-up included: best of five {min(taken):.2f} s")


def fill(data: Path, home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    file = home / "rss.jsonl"
    with file.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records(data, None))
    for step in (["import", str(file)], ["process"]):
        seconds, memory, _ = duluan(home, *step)
        print(f"{step[0]} {seconds:.0f} s, peak {memory} MB", flush=True)
    file.unlink()


def report(home: Path) -> None:
    """Asks for the moment of each happening, and lives through the eight months hour by hour."""
    from monitor.installation import Installation
    from monitor.rising.backtest import Backtest, Happening, read_happenings, tells
    from monitor.settings import load_settings

    test, evenings = Backtest(), []
    with Installation(load_settings(home)) as installation:

        def rank(happening: Happening) -> int | None:
            issues = installation.issues(happening.at)
            posts = installation.archive.get([id for issue in issues for id in issue.ids])
            titles = {id: post.post.title for id, post in posts.items()}
            return next((n for n, issue in enumerate(issues, 1) if tells(issue, happening, titles)), None)

        for file in (HAPPENINGS, MORE):
            asked = [(happening, rank(happening)) for happening in read_happenings(file)]
            for happening, found in asked:
                print(f"{happening.at:%Y-%m-%d %H:%M}  {found or '-':>3}  {happening.what}")
            print(f"{file.name}: first or second at their height {sum(r in (1, 2) for _, r in asked)} of {len(asked)}")
        started = time.perf_counter()
        for at, issues in installation.issue_history(datetime.fromisoformat(FIRST), datetime.fromisoformat(LAST)):
            test.take(at, issues)
            if at.hour == 14:  # nine in the evening
                evenings.append(len(issues))
    print(f"{test.steps:,} hours replayed in {time.perf_counter() - started:.0f} s")
    shown = sum(n > 0 for n in evenings)
    print(f"{len(evenings)} evenings: {shown} with an issue, {len(test.shown())} different issues in all")
