"""Rebuilds everything that ships in this folder, to the bit.

    python -m nlp.models.build --data ../shared/data [background topics sentiment]

Reads VNTC and the RSS items of the data folder, and our labels in `nlp/labels/`; validates on `qt_gold_2025-08.jsonl`,
which it never trains on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nlp.latent import pack as pack_latent
from nlp.text import exact, fold
from nlp.vectors import BUCKETS, Background, buckets, matrix, pack, pair_hashes, vector, word_hashes

HERE = Path(__file__).parent
RSS = "rss_vn_2025-10_2026-06.parquet"
DATE = "2026-11-23"
VNTC = "vntc10_train.parquet"


def read(path: Path, columns: list[str]) -> Iterator[dict[str, Any]]:
    """Rows of a parquet file (pyarrow is needed here only)."""
    import pyarrow.parquet as parquet  # type: ignore[import-untyped]

    yield from parquet.read_table(path, columns=columns).to_pylist()


def source(path: Path, licence: str, texts: int) -> dict[str, Any]:
    """How a card names a file that was used."""
    return {
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "texts": texts,
        "licence": licence,
    }


def write_card(folder: Path, card: dict[str, Any]) -> None:
    (folder / "card.json").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def background(data: Path) -> None:
    """How many of 150,000 texts hold each word and word pair (hashed): statistics only."""
    rss = [f"{row['title'] or ''}. {row['summary'] or ''}" for row in read(data / RSS, ["title", "summary"])]
    vntc = [" ".join(row["text"].split()[:120]) for row in read(data / VNTC, ["text"])]
    folder = HERE / "background"
    folder.mkdir(exist_ok=True)
    for kind, view in (("folded", fold), ("exact", exact)):
        frequency = _frequency(map(view, [*rss, *vntc]))
        np.savez_compressed(folder / f"{kind}.npz", **pack(len(rss) + len(vntc), frequency))  # type: ignore[arg-type]
    used = [source(data / RSS, "statistics of short public headlines", len(rss)), source(data / VNTC, "MIT", len(vntc))]
    write_card(folder, {"task": "document frequency of words and word pairs", "data": used, "date": "2026-11-23"})


def _frequency(texts: Iterable[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    frequency = np.zeros(BUCKETS, dtype=np.int64)
    for text in texts:
        words = word_hashes(text)
        frequency[np.unique(buckets(np.concatenate([words, pair_hashes(words)])))] += 1
    return frequency


def latent(data: Path, dimensions: int = 100, rows: int = 20_000) -> None:
    """Directions of meaning: singular vectors of the TF-IDF matrix of the RSS items (statistics, no text)."""
    from sklearn.decomposition import TruncatedSVD

    rss = [f"{row['title'] or ''}. {row['summary'] or ''}" for row in read(data / RSS, ["title", "summary"])]
    known = Background.shipped()
    table = matrix([vector(word_hashes(fold(text)), known, keep=400) for text in rss]).tocsc()
    frequency = np.diff(table.indptr)
    frequent = np.sort(np.lexsort((np.arange(BUCKETS), -frequency))[:rows])
    svd = TruncatedSVD(dimensions, random_state=0, n_iter=4).fit(table[:, frequent].tocsr())
    folder = HERE / "latent"
    folder.mkdir(exist_ok=True)
    np.savez_compressed(folder / "directions.npz", **pack_latent(frequent, svd.components_.T))  # type: ignore[arg-type]
    used = [source(data / RSS, "statistics of short public headlines", len(rss))]
    write_card(folder, {"task": "latent semantic directions", "dimensions": dimensions, "data": used, "date": DATE})


TASKS = {"background": background, "latent": latent}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", default=list(TASKS))
    parser.add_argument("--data", type=Path, required=True)
    arguments = parser.parse_args()
    for task in arguments.tasks:
        TASKS[task](arguments.data)


if __name__ == "__main__":
    main()
