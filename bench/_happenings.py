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
from typing import Any

from bench.rss import duluan, records

HAPPENINGS = Path(__file__).with_name("happenings.json")
LISTED = 20
STEP = timedelta(hours=1)
BEFORE = timedelta(days=3)


def run(data: Path, keep: Path | None) -> None:
    """Fills an installation with the stream (unless `keep` holds one) and prints the table."""
    with tempfile.TemporaryDirectory() as folder:
        home = keep or Path(folder)
        if not (home / "archive.sqlite").exists():
            fill(data, home)
        told = [row(home, happening) for happening in json.loads(HAPPENINGS.read_text(encoding="utf-8"))]
        print(f"{'height':18}{'rank':>5}{'first shown':>18}  happening")
        for line in told:
            print(line)
        quiet(home)


def fill(data: Path, home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    file = home / "rss.jsonl"
    with file.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records(data, None))
    for step in (["import", str(file)], ["process"]):
        seconds, memory, _ = duluan(home, *step)
        print(f"{step[0]} {seconds:.0f} s, peak {memory} MB", flush=True)
    file.unlink()


def row(home: Path, happening: dict[str, Any]) -> str:
    at = datetime.fromisoformat(happening["at"])
    rank = _rank(_issues(home, at.isoformat()), happening["words"])
    from monitor.installation import Installation
    from monitor.records import issue_records
    from monitor.settings import load_settings

    with Installation(load_settings(home)) as installation:
        shown = ""
        for moment, issues in installation.issue_history(at - BEFORE, at):
            if _rank(issue_records(installation, issues), happening["words"]):
                shown = f"{moment.astimezone(at.tzinfo):%m-%d %H:%M}"
                break
    return f"{at:%Y-%m-%d %H:%M}  {rank or '-':>5}{shown:>18}  {happening['what']}"


def _issues(home: Path, at: str) -> list[dict[str, Any]]:
    _, _, out = duluan(home, "issues", "--at", at, "--json", "--limit", str(LISTED))
    found: list[dict[str, Any]] = json.loads(out)["issues"]
    return found


def _rank(issues: list[dict[str, Any]], words: list[str]) -> int | None:
    for rank, issue in enumerate(issues, start=1):
        titles = [mention["title"].lower() for mention in issue["mentions"]]
        if titles and sum(any(word in title for word in words) for title in titles) >= len(titles) / 2:
            return rank
    return None


def quiet(home: Path) -> None:
    """How many issues are shown on the evenings of the whole stream, and what `issues --at` costs."""
    from monitor.installation import Installation
    from monitor.settings import load_settings

    first, last = datetime.fromisoformat("2025-11-15T21:00+07:00"), datetime.fromisoformat("2026-06-29T21:00+07:00")
    with Installation(load_settings(home)) as installation:
        counts = [len(issues) for _, issues in installation.issue_history(first, last, 24.0)]
    print(f"{len(counts)} evenings: {sum(n > 0 for n in counts)} with an issue, {sum(counts)} issues in all")
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        _issues(home, "2026-05-01T20:00+07:00")
        taken.append(time.perf_counter() - started)
    print(f"issues --at with start-up: best of 3 {min(taken):.2f} s")
