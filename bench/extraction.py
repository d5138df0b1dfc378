"""Extraction quality and speed: article_extraction_benchmark (generic path), real Vietnamese pages (families).

    python -m bench.extraction --data ../shared/data

F1 as in that benchmark: shingles of four tokens, precision and recall averaged over pages. The text judged is what a
reader gets: lead and body.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crawlers.extract import extract, links
from crawlers.post import Post

_TOKEN = re.compile(r"\w+")
_SHINGLE = 4


def shingles(text: str) -> Counter[tuple[str, ...]]:
    tokens = _TOKEN.findall(text)
    return Counter(tuple(tokens[at : at + _SHINGLE]) for at in range(max(1, len(tokens) - _SHINGLE + 1)) if tokens)


def precision_recall(expected: str, found: str) -> tuple[float, float]:
    """Of one page; two empty texts agree fully."""
    truth, guess = shingles(expected), shingles(found)
    hits = (truth & guess).total()
    if truth == guess:
        return 1.0, 1.0
    return hits / guess.total() if guess else 0.0, hits / truth.total() if truth else 0.0


def f1(scores: Iterable[tuple[float, float]]) -> tuple[float, float, float]:
    """F1, precision, recall of the averages."""
    both = list(scores)
    precision = sum(each[0] for each in both) / len(both)
    recall = sum(each[1] for each in both) / len(both)
    return 2 * precision * recall / (precision + recall or 1.0), precision, recall


def text_of(post: Post) -> str:
    return "\n".join(part for part in (post.lead, post.body) if part)


def generic(data: Path) -> dict[str, Any]:
    """The 181 pages of article_extraction_benchmark."""
    folder = data / "article_extraction_benchmark"
    truth = json.loads((folder / "ground-truth.json").read_text(encoding="utf-8"))
    pages = {key: gzip.decompress((folder / "html" / f"{key}.html.gz").read_bytes()) for key in truth}
    started = time.perf_counter()
    found = {key: text_of(extract(pages[key], truth[key]["url"])) for key in truth}
    seconds = time.perf_counter() - started
    score, precision, recall = f1(precision_recall(truth[key]["articleBody"], found[key]) for key in truth)
    empty = sum(not text.strip() for text in found.values())
    return {
        "pages": len(truth), "f1": round(score, 4), "precision": round(precision, 4), "recall": round(recall, 4),
        "empty": empty, "pages_per_second": round(len(truth) / seconds, 1),
    }  # fmt: skip


def vietnamese(data: Path) -> list[dict[str, Any]]:
    """Each of the real Vietnamese pages: what is exact, F1 of the text, links of the listings."""
    rows = []
    for name, record in json.loads((data / "pages" / "expected.json").read_text(encoding="utf-8")).items():
        raw = gzip.decompress((data / "pages" / name).read_bytes())
        rows.append(_article(name, raw, record) if record["expected"] else _listing(name, raw, record["url"]))
    return rows


def _article(name: str, raw: bytes, record: dict[str, Any]) -> dict[str, Any]:
    expected = record["expected"]
    fetched = datetime.fromisoformat(record["fetched"]).replace(tzinfo=UTC)
    rounds = 20
    started = time.perf_counter()
    for _ in range(rounds):
        post = extract(raw, record["url"], fetched_at=fetched)
    seconds = time.perf_counter() - started
    when = datetime.fromisoformat(expected["date"])
    off = abs((post.published_at - when).total_seconds()) if post.published_at else None
    return {
        "page": name, "method": post.method, "title": post.title == expected["title"],
        "lead": post.lead == expected["lead"], "author": post.author == expected["author"], "date_off_s": off,
        "f1": round(f1([precision_recall(expected["articleBody"], text_of(post))])[0], 4),
        "pages_per_second": round(rounds / seconds),
    }  # fmt: skip


def _listing(name: str, raw: bytes, url: str) -> dict[str, Any]:
    found = links(raw, url)
    return {"page": name, "links": len(found), "titled": sum(bool(link.title) for link in found)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    given = parser.parse_args()
    whole, pages = generic(given.data), vietnamese(given.data)
    if given.json:
        print(json.dumps({"generic": whole, "pages": pages}, ensure_ascii=False))
        return
    print("article_extraction_benchmark:", "  ".join(f"{key} {value}" for key, value in whole.items()))
    for row in pages:
        print("  " + "  ".join(f"{key}={value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
