"""How figures and times are said in Vietnamese, for reasons, pages and the command line."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_DATE_ALONE = re.compile(r"\d{4}-?\d{2}-?\d{2}")
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def number(value: int) -> str:
    """1234 -> "1.234"."""
    return f"{value:,}".replace(",", ".")


def decimal(value: float) -> str:
    """One decimal with a comma, none where it would be zero: 6.24 -> "6,2", 3.0 -> "3"."""
    text = f"{value:,.1f}".removesuffix(".0")
    return text.translate(str.maketrans(",.", ".,"))


def percent(share: float) -> str:
    """0.615 -> "61,5 %", 0.6 -> "60 %"."""
    return f"{decimal(share * 100)} %"


def in_vietnam(moment: datetime) -> datetime:
    return moment.astimezone(VIETNAM)


def rfc3339(moment: datetime) -> str:
    """UTC with Z, to the second: what goes out."""
    return moment.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """RFC 3339 or ISO 8601, date alone allowed; naive means Việt Nam. Raises ValueError with a Vietnamese message.

    Years outside 1900..2999 are refused: windows before and after a moment must stay within the calendar.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        if not 1900 <= moment.year < 3000:
            raise ValueError
    except ValueError:
        raise ValueError(
            f"không đọc được thời điểm {text!r}; hãy viết như 2026-03-07T08:00+07:00 hoặc 2026-03-07"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)


def parse_end(text: str) -> datetime:
    """The end of a period: as `parse_time`, but a date alone takes that whole day in."""
    moment = parse_time(text)
    return moment + timedelta(days=1) if _DATE_ALONE.fullmatch(text.strip()) else moment


def when(moment: datetime, now: datetime) -> str:
    """ "14:05 hôm nay", "14:05 hôm qua", then "14:05 21/11/2026"."""
    local, today = in_vietnam(moment), in_vietnam(now).date()
    clock = f"{local:%H:%M}"
    if local.date() == today:
        return f"{clock} hôm nay"
    if local.date() == today - timedelta(days=1):
        return f"{clock} hôm qua"
    return f"{clock} {local:%d/%m/%Y}"


def full(moment: datetime) -> str:
    """The whole time for a title attribute: "14:05:09 ngày 21/11/2026 (giờ Việt Nam)"."""
    return f"{in_vietnam(moment):%H:%M:%S} ngày {in_vietnam(moment):%d/%m/%Y} (giờ Việt Nam)"


def duration(span: timedelta) -> str:
    """ "45 giây", "12 phút", "3 giờ", "5 ngày"."""
    seconds = span.total_seconds()
    for size, unit in ((86400, "ngày"), (3600, "giờ"), (60, "phút")):
        if seconds >= size:
            return f"{decimal(int(seconds // size))} {unit}"
    return f"{int(max(seconds, 0))} giây"


_ALPHABET = {letter: rank for rank, letter in enumerate("aăâbcdđeêfghijklmnoôơpqrstuưvwxyz")}
_TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}  # huyền, hỏi, ngã, sắc, nặng


def within(hours: int) -> str:
    """How a window of counting is said: in hours up to three days, then in days."""
    return f"{hours // 24} ngày" if hours > 72 and hours % 24 == 0 else f"{hours} giờ"


def collation_key(text: str) -> tuple[object, ...]:
    """For sorting names as Vietnamese dictionaries do: syllable by syllable, letters before tones."""
    return tuple(_syllable(word) for word in text.lower().split())


def _syllable(word: str) -> tuple[tuple[int, ...], tuple[int, ...], str]:
    letters: list[int] = []
    tones: list[int] = []
    for letter in unicodedata.normalize("NFC", word):
        base, tone = _without_tone(letter)
        letters.append(_ALPHABET.get(base, ord(base[0]) - 1000 if base < "a" else ord(base[0])))
        tones.append(tone)
    return tuple(letters), tuple(tones), word


def _without_tone(letter: str) -> tuple[str, int]:
    parts = unicodedata.normalize("NFD", letter)
    tone = next((rank for mark, rank in _TONES.items() if mark in parts), 0)
    return unicodedata.normalize("NFC", "".join(part for part in parts if part not in _TONES)), tone
