"""Offices and organisations: precision and recall of the names as written, on headlines labelled by reading.

    python -m bench.entities [--data ../shared/data] [--errors]

Labels are `nlp/labels/entities.jsonl` (names only), texts come from the RSS collection by URL. A name counts once a
text, whatever its accents and capitals; one that is cut short or runs on is wrong and missed. The patterns were made
with the items of `first` in view, `fresh` was labelled before they were run on it.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import pyarrow.parquet

from bench.places import LABELS, RSS
from nlp.entities import EntityReader
from nlp.province import Province
from nlp.text import fold


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--errors", action="store_true")
    given = parser.parse_args()
    table = pyarrow.parquet.read_table(given.data / RSS, columns=["url", "title", "summary"])
    rows = {row["url"]: row for row in table.to_pylist()}
    reader = EntityReader(Province.load("quangtri"))
    counts: dict[str, Counter[str]] = {}
    for line in (LABELS / "entities.jsonl").read_text(encoding="utf-8").splitlines():
        label = json.loads(line)
        if label["url"] not in rows:
            continue
        row = rows[label["url"]]
        found = {fold(entity.surface) for entity in reader.read(f"{row['title'] or ''}\n{row['summary'] or ''}")}
        wanted, also = set(map(fold, label["entities"])), set(map(fold, label.get("also", ())))
        missing, more = wanted - found, found - wanted - also
        figures = {"texts": 1, "right": len(wanted & found), "wrong": len(more), "missed": len(missing)}
        counts.setdefault(label["part"], Counter()).update(figures)
        if given.errors and (missing or more):
            print(f"[{label['part']}] missed {sorted(missing)} wrong {sorted(more)}")
    for part, c in counts.items():
        precision, recall = c["right"] / max(1, c["right"] + c["wrong"]), c["right"] / max(1, c["right"] + c["missed"])
        print(f"{part}: P {precision:.3f}  R {recall:.3f}  {dict(c)}")


if __name__ == "__main__":
    main()
