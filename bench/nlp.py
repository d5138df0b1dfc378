"""The understanding room alone: annotations a second, and scores on the labelled items.

    python -m bench.nlp [--data ../shared/data] [--posts N]

Speed is measured on VNTC articles cut to 300 words, one process. Scores are on `qt_gold_2025-08.jsonl`, which nothing
was trained on, and on our labelled headlines (relevance only: rules have no training set).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet

from nlp.annotate import Annotator
from nlp.annotation import Document
from nlp.evaluate import gold_relevance, gold_sentiment, gold_stories, gold_topics, precision_recall
from nlp.places import PlaceFinder
from nlp.relevance import judge
from nlp.stories import StoryClusterer, StoryItem
from nlp.train import load_model

VNTC, RSS = "vntc10_validation.parquet", "rss_vn_2025-10_2026-06.parquet"
LABELS = Path(__file__).parents[1] / "nlp" / "labels" / "news-province.jsonl"


def documents(data: Path, posts: int) -> list[Document]:
    """Real articles of 300 words: first line as title, the rest as body."""
    texts = pyarrow.parquet.read_table(data / VNTC, columns=["text"]).column("text").to_pylist()[:posts]
    split = [text.partition("\n") for text in texts]
    return [
        Document(id=str(i), title=title, body=" ".join(body.split()[:300])) for i, (title, _, body) in enumerate(split)
    ]


def rate(what: Callable[[], Any], count: int) -> str:
    started = time.perf_counter()
    what()
    return f"{count / (time.perf_counter() - started):,.0f}/s"


def speed(data: Path, annotator: Annotator, posts: int) -> None:
    batch = documents(data, posts)
    annotator.annotate_many(batch[:20], everything=True)
    print(f"annotate, everything: {rate(lambda: annotator.annotate_many(batch, everything=True), len(batch))}")
    print(f"annotate, relevance first: {rate(lambda: annotator.annotate_many(batch), len(batch))}")
    finder = PlaceFinder(annotator.province)
    print(f"places alone: {rate(lambda: [finder.find(d.text) for d in batch], len(batch))}")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    items = [
        StoryItem(id=d.id, published_at=start + timedelta(minutes=5 * i), title=d.title, text=d.body)
        for i, d in enumerate(batch)
    ]
    print(f"stories, {len(items)} in seven days: {rate(lambda: StoryClusterer().add_many(items), len(items))}")


def headlines(data: Path, annotator: Annotator) -> dict[str, dict[str, float]]:
    """Relevance on our labelled headlines of October 2025 to June 2026."""
    table = pyarrow.parquet.read_table(data / RSS, columns=["url", "title", "summary"])
    rows = {row["url"]: row for row in table.to_pylist()}
    finder = PlaceFinder(annotator.province)
    truth, given = [], []
    for line in LABELS.read_text(encoding="utf-8").splitlines():
        label = json.loads(line)
        row = rows[label["url"]]
        document = Document(id=row["url"], title=row["title"] or "", lead=row["summary"] or "")
        truth.append(label["relevance"])
        given.append(judge(document, finder.find(document.text), annotator.province).label)
    return {
        "any": precision_recall([t >= 1 for t in truth], [g >= 1 for g in given]),
        "about": precision_recall([t == 2 for t in truth], [g == 2 for g in given]),
    }


def scores(data: Path, annotator: Annotator) -> None:
    topics, sentiment = load_model("topics", None), load_model("sentiment", None)
    assert topics is not None
    assert sentiment is not None
    print("relevance, gold:", gold_relevance(data, annotator.province))
    print("relevance, labelled headlines:", headlines(data, annotator))
    print("topics, gold:", gold_topics(data, topics))
    print("sentiment, gold:", gold_sentiment(data, sentiment))
    print("stories, gold:", gold_stories(data, annotator))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--posts", type=int, default=2000)
    arguments = parser.parse_args()
    annotator = Annotator.load()
    speed(arguments.data, annotator, arguments.posts)
    scores(arguments.data, annotator)


if __name__ == "__main__":
    main()
