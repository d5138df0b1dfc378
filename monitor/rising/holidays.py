"""Days on which Vietnamese newsrooms and offices rest: the public holidays, from `holidays.csv`, and the province's."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("holidays.csv")


@cache
def public_holidays() -> Mapping[date, str]:
    """Day -> name; days off in lieu and Tết by the government's yearly notices, later years by the calendar."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return {date.fromisoformat(row["date"]): row["name"] for row in csv.DictReader(file)}
