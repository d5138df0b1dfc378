"""Rebuilds `compounds/`: pairs of syllables that belong to one word, so that key terms end where words end.

    python -m nlp.models.compounds --data ../shared/data

Every eighth RSS item is segmented with pyvi 0.1.1 (MIT; installed by hand, not among our dependencies); what ships are
hashes of the pairs that mostly stood inside one word, accented and not: statistics, no text.
"""

from __future__ import annotations

import argparse
import hashlib
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np

from nlp.models.build import DATE, HERE, RSS, read, source, write_card
from nlp.text import exact, fold_of
from nlp.vectors import pair_hashes, word_hashes

FOLDER = HERE / "compounds"
EVERY = 8  # items between two that are segmented
LEAST, SHARE = 2, 0.5  # times that a pair must stand inside a word; of all the times that it stands anywhere
_PIECE = re.compile(r"[.,;:!?()\"“”…\n\-–/|]+")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    data: Path = parser.parse_args().data
    rows = list(read(data / RSS, ["title", "summary"]))[::EVERY]
    inside, anywhere = _counted([f"{row['title'] or ''}. {row['summary'] or ''}" for row in rows])
    tables = {
        "exact": _sure(inside, anywhere),
        "folded": _sure(_folded(inside), _folded(anywhere)),
    }
    FOLDER.mkdir(exist_ok=True)
    np.savez_compressed(FOLDER / "pairs.npz", **tables)  # type: ignore[arg-type]
    version = hashlib.sha256((FOLDER / "pairs.npz").read_bytes()).hexdigest()[:12]
    used = [source(data / RSS, "statistics of short public headlines", len(rows))]
    told = {"task": "pairs of syllables inside one word", "segmenter": "pyvi 0.1.1 (MIT)", "licence": "Apache-2.0"}
    sizes = {name: len(table) for name, table in tables.items()}
    write_card(FOLDER, {**told, "pairs": sizes, "data": used, "date": DATE, "version": version})


def _counted(texts: list[str]) -> tuple[Counter[str], Counter[str]]:
    """How often each pair of neighbours stands inside a word, and anywhere: “sạt lở” -> 41."""
    from pyvi import ViTokenizer  # type: ignore[import-not-found]

    inside: Counter[str] = Counter()
    anywhere: Counter[str] = Counter()
    for piece in (piece for text in texts for piece in _PIECE.split(text) if len(piece) > 3):
        before = ""
        for word in ViTokenizer.tokenize(piece).split():
            syllables = exact(word.replace("_", " ")).split()
            pairs = [f"{one} {other}" for one, other in pairwise(syllables)]
            inside.update(pairs)
            anywhere.update(pairs)
            if before and syllables:
                anywhere[f"{before} {syllables[0]}"] += 1
            before = syllables[-1] if syllables else ""
    return inside, anywhere


def _folded(counts: Counter[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for pair, count in counts.items():
        found[fold_of(pair)] += count
    return found


def _sure(inside: Counter[str], anywhere: Counter[str]) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    """Sorted hashes of the pairs that mostly stand inside one word."""
    chosen = [pair for pair, count in inside.items() if count >= LEAST and count >= SHARE * anywhere[pair]]
    return np.array(sorted({int(pair_hashes(word_hashes(pair))[0]) for pair in chosen}), dtype=np.uint32)


if __name__ == "__main__":
    main()
