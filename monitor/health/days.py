"""The calendar of newsrooms: what kind of day it is, and which part of a day's work a stretch of time holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Literal

from monitor.rising.holidays import public_holidays
from monitor.wording import VIETNAM

Kind = Literal["working", "saturday", "sunday", "holiday"]
# The share of a day's posts that an hour (Việt Nam) brings, by the shape of newsrooms' days: little at night.
_HOURS = (*(0.1,) * 5, 0.5, *(1.0,) * 15, *(0.5,) * 3)
_DAY = sum(_HOURS)
WAKING = range(6, 22)


def kind(day: date) -> Kind:
    """Holidays come first: a holiday on a Sunday is a holiday."""
    if day in public_holidays():
        return "holiday"
    return {5: "saturday", 6: "sunday"}.get(day.weekday(), "working")  # type: ignore[return-value]


def local_day(moment: datetime) -> date:
    return moment.astimezone(VIETNAM).date()


def shares(since: datetime, until: datetime) -> Iterator[tuple[date, float]]:
    """Each day in Việt Nam that the stretch touches, with the share of the day's work that lies in it (0..1)."""
    begin, end = since.astimezone(VIETNAM), until.astimezone(VIETNAM)
    day = begin.date()
    while day <= end.date():
        midnight = datetime(day.year, day.month, day.day, tzinfo=VIETNAM)
        start = max(0.0, (begin - midnight) / timedelta(hours=1))
        stop = min(24.0, (end - midnight) / timedelta(hours=1))
        if stop > start:
            yield day, _work(stop) - _work(start)
        day += timedelta(days=1)


def _work(hours: float) -> float:
    """The share of a day's work done after so many hours of it."""
    whole = int(hours)
    rest = _HOURS[whole] * (hours - whole) if whole < 24 else 0.0
    return (sum(_HOURS[:whole]) + rest) / _DAY
