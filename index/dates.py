"""Times in queries, and intervals of a series. Days, weeks and months are those of Việt Nam.

Việt Nam has kept UTC+7 without summer time since 1975, so a fixed offset is exact and needs no time-zone data.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta, timezone

import numpy as np
import numpy.typing as npt

from index.ast import Side
from index.port import Interval

VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
OFFSET = 7 * 3600
DAY = 86400

_NAMES = {
    "hom nay": "hôm nay",
    "hom qua": "hôm qua",
    "tuan nay": "tuần này",
    "tuan truoc": "tuần trước",
    "thang nay": "tháng này",
    "thang truoc": "tháng trước",
    "nam nay": "năm nay",
    "today": "hôm nay",
    "yesterday": "hôm qua",
}
_SPAN = re.compile(r"(\d{1,5})([hdw])")
_UNITS = {"h": 3600, "d": DAY, "w": 7 * DAY}
_ISO = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2}))?)?)?)?")
_VIETNAMESE = re.compile(r"(?:(\d{1,2})[/.-])?(\d{1,2})[/.-](\d{4})")
_YEARS = range(1900, 2200)


def unaccented(text: str) -> str:
    """Lower case without accents; only to recognise our own few words, texts go through the analyzer."""
    decomposed = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def canonical(raw: str) -> str | None:
    """The one spelling of a time expression, or None when it is none."""
    text = " ".join(raw.split())
    if name := _NAMES.get(unaccented(text)):
        return name
    if _SPAN.fullmatch(text.lower()):
        return text.lower()
    if match := _VIETNAMESE.fullmatch(text):
        day, month, year = match.groups()
        text = f"{year}-{month}" + (f"-{day}" if day else "")
    match = _ISO.fullmatch(text)
    if match is None or _period(match) is None:
        return None
    return _written(match)


def _written(match: re.Match[str]) -> str:
    year, *rest = (None if part is None else int(part) for part in match.groups())
    pieces = [f"{year:04}"] + [f"-{part:02}" for part in rest[:2] if part is not None]
    if rest[2] is not None:
        pieces.append(f"T{rest[2]:02}:{rest[3]:02}" + (f":{rest[4]:02}" if rest[4] else ""))
    return "".join(pieces)


def resolve(value: str, side: Side, now: datetime) -> datetime:
    """The moment that a canonical expression bounds: `from` its beginning (included), `to` its end (not included)."""
    if match := _SPAN.fullmatch(value):
        return now - timedelta(seconds=int(match[1]) * _UNITS[match[2]])
    match = _ISO.fullmatch(value)
    period = _named(value, now.astimezone(VIETNAM)) if match is None else _period(match)
    assert period is not None, value
    return period[0] if side == "from" else period[1]


def _period(match: re.Match[str]) -> tuple[datetime, datetime] | None:
    year, month, day, hour, minute, second = (None if part is None else int(part) for part in match.groups())
    assert year is not None
    if year not in _YEARS:
        return None
    try:
        start = datetime(year, month or 1, day or 1, hour or 0, minute or 0, second or 0, tzinfo=VIETNAM)
    except ValueError:
        return None
    if hour is not None:
        return start, start
    if day is not None:
        return start, start + timedelta(days=1)
    return start, _next_month(start) if month is not None else start.replace(year=year + 1)


def _named(name: str, now: datetime) -> tuple[datetime, datetime]:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    monday = today - timedelta(days=today.weekday())
    month = today.replace(day=1)
    one, week = timedelta(days=1), timedelta(days=7)
    return {
        "hôm nay": (today, today + one),
        "hôm qua": (today - one, today),
        "tuần này": (monday, monday + week),
        "tuần trước": (monday - week, monday),
        "tháng này": (month, _next_month(month)),
        "tháng trước": ((month - one).replace(day=1), month),
        "năm nay": (month.replace(month=1), month.replace(year=month.year + 1, month=1)),
    }[name]


def _next_month(start: datetime) -> datetime:
    return (start.replace(day=1) + timedelta(days=32)).replace(day=1)


def interval_numbers(seconds: npt.NDArray[np.int64], interval: Interval) -> npt.NDArray[np.int64]:
    """For each time (UTC seconds) the running number of its interval in Việt Nam."""
    local = seconds + OFFSET
    if interval == "hour":
        return local // 3600
    days = local // DAY
    if interval == "day":
        return days
    if interval == "week":
        return (days + 3) // 7  # day 0, 1970-01-01, was a Thursday; weeks begin on Monday
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def interval_start(number: int, interval: Interval) -> datetime:
    """When the interval of this running number begins."""
    if interval == "month":
        return datetime(1970 + number // 12, number % 12 + 1, 1, tzinfo=VIETNAM)
    scale = {"hour": 3600, "day": DAY, "week": 7 * DAY}[interval]
    local = number * scale - (3 * DAY if interval == "week" else 0)
    return datetime(1970, 1, 1, tzinfo=VIETNAM) + timedelta(seconds=local)
