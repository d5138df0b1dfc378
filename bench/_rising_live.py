"""A big archive, and how long the worker takes to say what rises after a batch of two hundred mentions."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from bench._streams import OUTLETS, PLACES, TOPICS
from bench.rss import duluan

MONTHS_DAYS = 240
BATCHES, BATCH = 20, 200


def run(count: int) -> None:
    """Prints seconds of the first look, of each following one, and of `duluan issues --at`."""
    from monitor.installation import Installation
    from monitor.rising.live import LiveIssues
    from monitor.settings import load_settings

    now = datetime.now(UTC).replace(microsecond=0)
    with tempfile.TemporaryDirectory() as folder, Installation(load_settings(Path(folder))) as installation:
        rows = mentions(count, now)
        write(installation, rows)
        live = LiveIssues(installation.evidence, installation.issue_store, installation.weights)
        started = time.perf_counter()
        live.update(now)
        print(f"{count:,} mentions over eight months; the worker's first look {time.perf_counter() - started:.1f} s")
        taken = []
        for number in range(BATCHES):
            at = now + timedelta(minutes=number + 1)
            write(installation, mentions(BATCH, at, days=0.0005, start=count + number * BATCH))
            started = time.perf_counter()
            live.update(at)
            taken.append(time.perf_counter() - started)
        print(f"update after {BATCH} mentions: median {statistics.median(taken):.2f} s, worst {max(taken):.2f} s")
        past = (now - timedelta(days=30)).isoformat()
        calls = [duluan(Path(folder), "issues", "--at", past, "--json") for _ in range(3)]
        print(f"issues --at with start-up: best of three {min(c[0] for c in calls):.2f} s, peak {calls[0][1]} MB")


def mentions(count: int, until: datetime, days: float = MONTHS_DAYS, start: int = 0) -> Iterator[dict[str, Any]]:
    """Mentions evenly over the days before a moment, four in ten of stories told two to six times."""
    random = np.random.default_rng(start)
    ages = np.sort(random.uniform(0, days * 86400, count))[::-1]
    for number, age in enumerate(ages, start=start):
        person = random.random() < 0.6
        story = f"s{number // 4}" if number % 10 < 4 else f"s-{number}"
        yield {
            "id": f"{number:020d}",
            "at": until - timedelta(seconds=float(age)),
            "source": "dien-dan" if person else OUTLETS[int(random.integers(12))],
            "kind": "forum" if person else "news",
            "author": f"nguoi-{random.integers(40_000)}" if person else None,
            "topic": TOPICS[int(random.integers(len(TOPICS)))],
            "place": PLACES[int(random.integers(len(PLACES)))],
            "sentiment": ("negative", "neutral", "positive")[int(random.integers(3))],
            "story": story,
            "terms": [f"cụm từ {n}" for n in random.integers(0, 5000, 4)],
        }


def write(installation: Any, rows: Iterator[dict[str, Any]]) -> None:
    from monitor.archive import utc_now
    from monitor.database import annotation_rows, posts

    now = utc_now()
    for part in _batched(rows, 5000):
        with installation.engine.begin() as connection:
            connection.execute(posts.insert(), [_post(row, now) for row in part])
            connection.execute(annotation_rows.insert(), [_annotation(row) for row in part])


def _batched(rows: Iterator[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    while part := list(islice(rows, size)):
        yield part


def _post(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    url = f"https://example.invalid/{row['id']}"
    text = {"title": f"tin {row['id']}", "lead": "", "body": "", "author": row["author"], "method": "bench"}
    times = {"published_at": row["at"], "counted_at": row["at"], "first_seen_at": now, "changed_at": now}
    state = {
        "outcome": "annotated",
        "reason": "",
        "attempts": 0,
        "processed_at": row["at"],
        "revision": 0,
        "quality": {"score": 1.0, "reasons": []},
    }
    return {"id": row["id"], "url": url, "canonical_url": url, "source": row["source"], "kind": row["kind"],
            "tags": [], "content_hash": "", **text, **times, **state}  # fmt: skip


def _annotation(row: dict[str, Any]) -> dict[str, Any]:
    place = {"id": row["place"], "name": row["place"], "level": "commune", "surface": "", "start": 0, "end": 0}
    return {
        "post_id": row["id"], "counted_at": row["at"], "relevance": 2, "relevance_score": 0.9, "reason": "",
        "sentiment": row["sentiment"], "sentiment_scores": {}, "sentence": "",
        "topics": [{"code": row["topic"], "score": 0.9}], "places": [place], "terms": row["terms"],
        "fingerprint": b"", "models": {}, "story_id": row["story"],
    }  # fmt: skip
