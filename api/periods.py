"""The periods that pages look at, and what is usual in such a period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Literal

from api.outage import Steady
from index.port import Filters, Interval, Point
from monitor.wording import VIETNAM

PeriodCode = Literal["24h", "3d", "7d", "30d"]
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Kind:
    """A period's length, its words, the interval of its chart, and how many earlier ones say what is usual."""

    name: str
    against: str
    length: timedelta
    interval: Interval
    earlier: int
    needed: int


KINDS: dict[PeriodCode, Kind] = {
    "24h": Kind("24 giờ", "ngày thường", timedelta(hours=24), "hour", 14, 3),
    "3d": Kind("3 ngày", "3 ngày thường lệ", timedelta(days=3), "hour", 9, 3),
    "7d": Kind("7 ngày", "tuần thường lệ", timedelta(days=7), "day", 4, 2),
    "30d": Kind("30 ngày", "30 ngày thường lệ", timedelta(days=30), "day", 2, 1),
}


@dataclass(frozen=True, slots=True)
class Period:
    """[since, until) of one kind. `until` is the coming full minute, so that addresses of one minute are the same."""

    code: PeriodCode
    since: datetime
    until: datetime

    @property
    def kind(self) -> Kind:
        return KINDS[self.code]


def interval_end(start: datetime, interval: str) -> datetime:
    """Where an interval that begins at `start` ends; months are calendar months of Việt Nam."""
    if interval == "month":
        local = start.astimezone(VIETNAM)
        return (local.replace(day=1) + timedelta(days=32)).replace(day=1)
    return start + {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}[interval]


def period_at(code: PeriodCode, moment: datetime) -> Period:
    """The period that ends at a moment."""
    whole = moment.replace(second=0, microsecond=0)
    until = whole if whole == moment else whole + timedelta(minutes=1)
    return Period(code, until - KINDS[code].length, until)


@dataclass(frozen=True, slots=True)
class Usual:
    """What earlier periods of the same length had: the median count, and the negative share of them together."""

    mentions: float | None
    negative_share: float | None


def usual(index: Steady, period: Period, min_relevance: int) -> Usual:
    """Compares with the periods right before; those before the first mention ever do not count."""
    kind = period.kind
    since = period.since - kind.earlier * kind.length
    interval: Interval = "day" if kind.length >= timedelta(days=30) else "hour"
    points = index.series("", Filters(since=since, until=period.since, min_relevance=min_relevance), interval=interval)
    windows = _windows(points, period.since, kind)
    if len(windows) < kind.needed:
        return Usual(None, None)
    judged = sum(sum(point.by_sentiment.values()) for window in windows for point in window)
    negative = sum(point.by_sentiment.get("negative", 0) for window in windows for point in window)
    counts = [sum(point.count for point in window) for window in windows]
    return Usual(median(counts), negative / judged if judged else None)


def _windows(points: list[Point], until: datetime, kind: Kind) -> list[list[Point]]:
    """The points of each earlier window, latest first; only windows that began after the first mention."""
    first = next((point.start for point in points if point.count), None)
    if first is None:
        return []
    windows: list[list[Point]] = []
    for number in range(kind.earlier):
        end = until - number * kind.length
        begin = end - kind.length
        if begin < first - HOUR:
            break
        windows.append([point for point in points if begin <= point.start < end])
    return windows
