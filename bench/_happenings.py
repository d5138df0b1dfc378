"""The real stream through the product, and what it said at the height of happenings that were written down before.

At the moment that `bench/happenings.json` names for each, an issue tells the happening when at least half of the
titles of its mentions have one of the happening's words.
"""

from __future__ import annotations

import json
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from bench.rss import duluan, records

HAPPENINGS = Path(__file__).with_name("happenings.json")
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
    """Lives through the eight months hour by hour."""
    from monitor.installation import Installation
    from monitor.rising.backtest import Backtest, read_happenings
    from monitor.settings import load_settings

    test, evenings = Backtest(read_happenings(HAPPENINGS)), []
    started = time.perf_counter()
    with Installation(load_settings(home)) as installation:
        for at, issues in installation.issue_history(datetime.fromisoformat(FIRST), datetime.fromisoformat(LAST)):
            test.take(at, issues)
            if at.hour == 14:  # nine in the evening
                evenings.append(len(issues))
        posts = installation.archive.get(sorted(test.wanted()))
    found = test.found({id: post.post.title for id, post in posts.items()})
    print(f"{test.steps:,} hours replayed in {time.perf_counter() - started:.0f} s")
    print(f"{'height':18}{'rank':>5}{'first shown':>15}  happening")
    for each in found:
        at = each.happening.at
        early = f"{(at - each.first) / timedelta(hours=1):.0f} h before" if each.first else "-"
        print(f"{at:%Y-%m-%d %H:%M}  {each.rank or '-':>5}{early:>15}  {each.happening.what}")
    print(f"first or second: {sum(each.rank in (1, 2) for each in found)} of {len(found)}")
    shown = sum(n > 0 for n in evenings)
    print(f"{len(evenings)} evenings: {shown} with an issue, {len(test.shown())} different issues in all")
