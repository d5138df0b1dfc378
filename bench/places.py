"""Places: precision and recall of the right unit on items labelled by reading.

    python -m bench.places [--data ../shared/data] [--errors] [--half tuning|report|fresh]

Labels are `nlp/labels/places.jsonl`; texts of news come from the RSS collection by URL, our own social texts from
`nlp/labels/social*.jsonl` by id. A unit counts once a text. The gazetteer and its rules were tuned on the items of
`tuning` with an eye on `report` (halves by a hash of the id); `fresh` was labelled after the rules were done. Every
social text is also read without its accents.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet

from nlp.places import PlaceFinder
from nlp.province import Province
from nlp.text import unaccent

LABELS = Path(__file__).parents[1] / "nlp" / "labels"
RSS = "rss_vn_2025-10_2026-06.parquet"


@dataclass(frozen=True, slots=True)
class Item:
    """A labelled text: the right units, what else is right for one, what counts neither way, what we do not know."""

    id: str
    kind: str
    text: str
    places: frozenset[str]
    also: dict[str, list[str]]
    optional: frozenset[str]
    missing: tuple[str, ...]
    part: str

    @property
    def half(self) -> str:
        if self.part == "fresh":
            return "fresh"
        return "tuning" if hashlib.sha256(self.id.encode()).digest()[0] % 2 else "report"


@dataclass(frozen=True, slots=True)
class Score:
    """Counts over a set of items."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    unknown: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(
            self.right + other.right,
            self.wrong + other.wrong,
            self.missed + other.missed,
            self.unknown + other.unknown,
        )

    def __str__(self) -> str:
        precision = self.right / max(1, self.right + self.wrong)
        recall = self.right / max(1, self.right + self.missed)
        with_unknown = self.right / max(1, self.right + self.missed + self.unknown)
        return (
            f"P {precision:.3f}  R {recall:.3f}  "
            f"({with_unknown:.3f} with {self.unknown} places that the gazetteer lacks)  "
            f"right {self.right}, wrong {self.wrong}, missed {self.missed}"
        )


def items(data: Path) -> Iterator[Item]:
    """The labelled texts; news only where the RSS collection is at hand."""
    rows = _news(data)
    own = {row["id"]: row for file in sorted(LABELS.glob("social*.jsonl")) for row in _lines(file)}
    for label in _lines(LABELS / "places.jsonl"):
        key = label.get("url") or label["id"]
        row = rows.get(key) if "url" in label else own.get(key)
        if row is None:
            continue
        parts = (row.get("title"), row.get("summary"), row.get("text"))
        yield Item(
            id=key,
            kind="news" if "url" in label else "social",
            text="\n".join(part for part in parts if part),
            places=frozenset(label["places"]),
            also=label.get("also", {}),
            optional=frozenset(label.get("optional", ())),
            missing=tuple(label.get("missing", ())),
            part=label["part"],
        )


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _news(data: Path) -> dict[str, dict[str, Any]]:
    table = pyarrow.parquet.read_table(data / RSS, columns=["url", "title", "summary"])
    return {row["url"]: row for row in table.to_pylist()}


def compare(item: Item, found: Iterable[str]) -> tuple[Score, list[str]]:
    """Score of one text, and its errors in words."""
    left = set(found)
    errors: list[str] = []
    right = missed = 0
    for unit in sorted(item.places):
        given = next((each for each in (unit, *item.also.get(unit, ())) if each in left), None)
        left.discard(given or "")
        right += given is not None
        if given is None:
            missed += 1
            errors.append(f"missed {unit}")
    # A second reading of one name is no error when both are right.
    for unit, others in item.also.items():
        left -= {unit, *others}
    wrong = sorted(left - item.optional)
    errors += [f"wrong {unit}" for unit in wrong]
    return Score(right, len(wrong), missed, len(item.missing)), errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--errors", action="store_true", help="print each error with its text")
    parser.add_argument("--half", choices=["tuning", "report", "fresh"], help="only this half")
    given = parser.parse_args()
    finder = PlaceFinder(Province.load("quangtri"))
    totals: dict[tuple[str, str], Score] = {}
    for item in items(given.data):
        if given.half and item.half != given.half:
            continue
        forms = {item.kind: item.text}
        if item.kind == "social":
            forms["social, unaccented"] = unaccent(item.text)
        for kind, text in forms.items():
            score, errors = compare(item, {hit.place.id for hit in finder.find(text).hits})
            for key in ((kind, item.half), (kind, "all")):
                totals[key] = totals.get(key, Score()) + score
            if given.errors and errors:
                print(f"[{kind}, {item.half}] {'; '.join(errors)}\n    {text!r}")
    for (kind, half), score in sorted(totals.items()):
        print(f"{kind:20} {half:8} {score}")


if __name__ == "__main__":
    main()
