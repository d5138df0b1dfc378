"""When a text was published: JSON-LD, meta, the family's own date line, the address, then htmldate.

Naive times are Asia/Ho_Chi_Minh. A date without time is that day's midnight there, and says so (`day_only`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from crawlers.extract.text import clean

# Viet Nam has had one offset and no summer time since 1975; a constant needs no zone database.
VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
_TOLERANCE = timedelta(days=1)

_MONTHS = {
    name: number
    for number, names in enumerate(
        [
            "jan january",
            "feb february",
            "mar march",
            "apr april",
            "may",
            "jun june",
            "jul july",
            "aug august",
            "sep sept september",
            "oct october",
            "nov november",
            "dec december",
        ],
        start=1,
    )
    for name in names.split()
}
_ISO = re.compile(
    r"\b(?P<y>(?:19|20)\d\d)[-/.]?(?P<m>\d{2})[-/.]?(?P<d>\d{2})"
    r"(?:[T\s]+(?P<H>\d{2}):?(?P<M>\d{2})(?::?(?P<S>\d{2})(?:[.,]\d+)?)?)?"
    r"\s*(?P<tz>Z\b|UTC\b|GMT\b(?!\s*[+-])|(?:GMT|UTC)?\s*[+-]\d{1,2}:?\d{0,2}(?!\d))?"
)
_DMY = re.compile(r"(?<!\d)(?P<d>\d{1,2})\s*[-/.]\s*(?P<m>\d{1,2})\s*[-/.]\s*(?P<y>(?:19|20)\d\d)(?!\d)")
_VIETNAMESE = re.compile(
    r"(?:ngày\s+)?(?P<d>\d{1,2})\s*tháng\s*(?P<m>\d{1,2})\s*(?:,\s*)?năm\s*(?P<y>(?:19|20)\d\d)", re.IGNORECASE
)
_ENGLISH = re.compile(
    r"(?:(?P<d1>\d{1,2})(?:st|nd|rd|th)?\s+)?(?P<name>[A-Za-z]{3,9})\.?,?\s+(?:(?P<d2>\d{1,2})(?:st|nd|rd|th)?,?\s+)?"
    r"(?P<y>(?:19|20)\d\d)"
)
_CLOCK = re.compile(
    r"(?<![\d:+-])(?P<H>\d{1,2})\s*(?::|h|giờ\s?)\s*(?P<M>\d{2})(?!\d)(?::(?P<S>\d{2}))?"
    r"\s*(?P<half>AM|PM|SA|CH)?(?![A-Za-zÀ-ỹ])",
    re.IGNORECASE,
)
_ZONE = re.compile(r"(?:GMT|UTC)\s*(?P<zone>[+-]\s*\d{1,2}(?::?\d{2})?)", re.IGNORECASE)
_URL_DIGITS = re.compile(r"(?<!\d)\d{15,20}(?=\.(?:htm|html|chn)$)")
_URL_DAY = re.compile(r"/((?:19|20)\d\d)[/-]?(\d{2})[/-]?(\d{2})(?=/|-)")


@dataclass(frozen=True, slots=True)
class Moment:
    """An aware time; `day_only` when the text gave no hour, `zoned` when it named its zone."""

    at: datetime
    day_only: bool = False
    zoned: bool = False


def parse_date(text: str | None) -> Moment | None:
    """The first date in a short text: ISO in its many broken forms, RFC 2822, Vietnamese, English, Unix seconds.

    None when there is none or it is before 1995. Day comes before month ("7/3/2026" is 7 March), unless it cannot.
    """
    text = clean(text)[:200]
    if not text:
        return None
    for read in (_epoch, _rfc2822, _iso, _written):
        try:
            moment = read(text)
        except (ValueError, OverflowError, TypeError):
            continue
        if moment is not None and moment.at >= EARLIEST:
            return moment
    return None


def published(
    machine: Iterable[str], text: Iterable[str], url: str, fetched_at: datetime
) -> tuple[Moment, str] | tuple[None, str]:
    """The publication time and what gave it, from machine-readable values, the family's date line and the address.

    A time more than a day after `fetched_at` is not believed and the next candidate is asked.
    """
    written = [moment for moment in map(parse_date, text) if moment is not None]
    given = [moment for moment in map(parse_date, machine) if moment is not None]
    day: tuple[Moment, str] | None = None
    for moment, origin in _candidates(given, written, url):
        moment = _as_written(_to_the_second(moment, given), written)
        if moment.at > fetched_at + _TOLERANCE:
            continue
        if not moment.day_only:
            # A full time completes a bare day only when it is of that same day.
            if day is None or _day(moment) == _day(day[0]):
                return moment, origin
        elif day is None:
            day = moment, origin
    return day or (None, "")


def from_url(url: str) -> Moment | None:
    """The time inside a newspaper's address: digits of the upload time (VCCorp), or /2026/03/07/."""
    path = url.split("?")[0].split("#")[0]
    for digits in _URL_DIGITS.findall(path):
        # Tuổi Trẻ writes yyyymmddHHMMSS and more; its sisters put a site number of three digits and yymmddHHMMSS.
        stamp = digits[:14] if digits.startswith("20") else f"20{digits[3:15]}"
        try:
            return Moment(datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=VIETNAM))
        except ValueError:
            continue
    for year, month, day in _URL_DAY.findall(path):
        try:
            return Moment(datetime(int(year), int(month), int(day), tzinfo=VIETNAM), day_only=True)
        except ValueError:
            continue
    return None


def believable(moment: Moment | None, fetched_at: datetime) -> Moment | None:
    """The moment unless it lies more than a day after the fetch."""
    return moment if moment is not None and moment.at <= fetched_at + _TOLERANCE else None


def _candidates(given: list[Moment], written: list[Moment], url: str) -> Iterator[tuple[Moment, str]]:
    for moment in given:
        yield moment, "machine"
    for moment in written:
        yield moment, "text"
    address = from_url(url)
    if address is not None:
        yield address, "url"


def _to_the_second(moment: Moment, given: list[Moment]) -> Moment:
    """The same minute with its seconds, where another machine-readable value has them."""
    for other in given:
        if not moment.day_only and timedelta(0) < other.at - moment.at < timedelta(minutes=1):
            return other
    return moment


def _as_written(moment: Moment, written: list[Moment]) -> Moment:
    """Mends local time that a site labels UTC: the line readers see shows the same clock without a zone."""
    if not moment.zoned or moment.at.utcoffset() != timedelta(0):
        return moment
    local = moment.at.replace(tzinfo=VIETNAM)
    same = any(abs(local - each.at) < timedelta(minutes=1) for each in written if not each.day_only)
    return Moment(local) if same else moment


def _day(moment: Moment) -> tuple[int, int, int]:
    local = moment.at.astimezone(VIETNAM)
    return local.year, local.month, local.day


def _epoch(text: str) -> Moment | None:
    if not re.fullmatch(r"1\d{9}(\d{3})?", text):
        return None
    return Moment(datetime.fromtimestamp(int(text[:10]), UTC), zoned=True)


def _rfc2822(text: str) -> Moment | None:
    if not re.match(r"^(?:[A-Za-z]{3},\s*)?\d{1,2}\s+[A-Za-z]{3}", text):
        return None
    # "GMT+7" is no RFC 2822 zone, and Python reads it as GMT.
    zone = _ZONE.search(text)
    at = parsedate_to_datetime(_ZONE.sub("", text).strip() if zone else text)
    if zone:
        return Moment(at.replace(tzinfo=_zone(zone["zone"])), zoned=True)
    zoned = at.tzinfo is not None
    return Moment(at if zoned else at.replace(tzinfo=VIETNAM), zoned=zoned)


def _iso(text: str) -> Moment | None:
    found = _ISO.search(text)
    if found is None or not (found["H"] or found["tz"] or re.search(r"\d[-/.]\d", found[0]) or found[0] == text):
        return None
    zone = _zone(found["tz"]) if found["tz"] else VIETNAM
    hour, minute, second = (int(found[name] or 0) for name in ("H", "M", "S"))
    half = re.match(r"\s*(AM|PM|SA|CH)\b", text[found.end() :], re.IGNORECASE)
    if not found["H"]:
        clock = _CLOCK.search(text[: found.start()] + " | " + text[found.end() :])
        if clock is not None:
            return _moment(int(found["y"]), int(found["m"]), int(found["d"]), clock, text)
    at = datetime(
        int(found["y"]), int(found["m"]), int(found["d"]), _hour(hour, half[1] if half else None), minute, second % 60,
        tzinfo=zone,
    )  # fmt: skip
    return Moment(at, day_only=not found["H"], zoned=bool(found["tz"]))


def _written(text: str) -> Moment | None:
    for pattern in (_VIETNAMESE, _DMY):
        found = pattern.search(text)
        if found is not None:
            year, month, day = int(found["y"]), int(found["m"]), int(found["d"])
            if month > 12 >= day:
                month, day = day, month
            return _moment(year, month, day, _clock_around(text, found.start(), found.end()), text)
    for found in _ENGLISH.finditer(text):
        number = _MONTHS.get(found["name"].lower())
        if number is not None and (found["d1"] or found["d2"]):
            clock = _clock_around(text, found.start(), found.end())
            return _moment(int(found["y"]), number, int(found["d2"] or found["d1"]), clock, text)
    return None


def _clock_around(text: str, start: int, end: int) -> re.Match[str] | None:
    after = _CLOCK.search(text[end : end + 30])
    if after is not None:
        return after
    before = list(_CLOCK.finditer(text[max(0, start - 30) : start]))
    return before[-1] if before else None


def _moment(year: int, month: int, day: int, clock: re.Match[str] | None, text: str) -> Moment:
    zone = _ZONE.search(text)
    tz = _zone(zone["zone"]) if zone else VIETNAM
    if clock is None:
        return Moment(datetime(year, month, day, tzinfo=tz), day_only=True)
    hour = _hour(int(clock["H"]), clock["half"])
    at = datetime(year, month, day, hour, int(clock["M"]), int(clock["S"] or 0), tzinfo=tz)
    return Moment(at, zoned=zone is not None)


def _hour(hour: int, half: str | None) -> int:
    # Some outlets print a 24-hour clock and AM or PM beside it: "00:01 AM", "14:30 PM".
    afternoon = (half or "").upper() in ("PM", "CH")
    if afternoon and hour < 12:
        return hour + 12
    if half and not afternoon and hour == 12:
        return 0
    return hour


def _zone(text: str) -> timezone:
    found = re.search(r"([+-])\s*(\d{1,2}):?(\d{2})?", text)
    if found is None:
        return UTC
    minutes = int(found[2]) * 60 + int(found[3] or 0)
    if minutes > 14 * 60:
        raise ValueError(f"no such zone: {text}")
    return timezone(timedelta(minutes=minutes if found[1] == "+" else -minutes))
