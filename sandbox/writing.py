"""How Vietnamese sites write slugs, dates and numbers; and one stable pseudo-random number from a text."""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import format_datetime

VN = timezone(timedelta(hours=7))
WEEKDAYS = ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ Nhật")


def slug(text: str, longest: int = 90) -> str:
    """`Lũ quét ở Đakrông` -> `lu-quet-o-dakrong`, cut at a word's end."""
    plain = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    words = re.findall(r"[a-z0-9]+", "".join(c for c in plain if not unicodedata.combining(c)))
    name = "-".join(words)
    return name if len(name) <= longest else name[: longest + 1].rsplit("-", 1)[0]


def chance(*parts: object) -> int:
    """A stable number for these parts, for choices that must be the same in every run."""
    return int(hash_hex(*parts)[:12], 16)


def hash_hex(*parts: object) -> str:
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()


def local(moment: datetime) -> datetime:
    return moment.astimezone(VN)


def iso(moment: datetime) -> str:
    """`2026-11-23T05:00:00+07:00`, as Vietnamese sites write it."""
    return local(moment).isoformat(timespec="seconds")


def iso_compact(moment: datetime) -> str:
    """`2026-11-23T05:00:00+0700`: Hemera and XenForo leave the colon out."""
    return local(moment).strftime("%Y-%m-%dT%H:%M:%S+0700")


def iso_naked(moment: datetime) -> str:
    """Local time that does not say so: the fault of many VCCorp pages."""
    return local(moment).strftime("%Y-%m-%dT%H:%M:%S")


def rfc822(moment: datetime, zone: tzinfo = VN) -> str:
    return format_datetime(moment.astimezone(zone))


def http_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def slashed(moment: datetime) -> str:
    """`23/11/2026 05:00`."""
    return local(moment).strftime("%d/%m/%Y %H:%M")


def cafef_date(moment: datetime) -> str:
    """`23-11-2026 - 17:05 PM`: 24 hours and AM/PM at once, as the real pages have it."""
    return local(moment).strftime("%d-%m-%Y - %H:%M %p")


def long_date(moment: datetime) -> str:
    """`Thứ hai, 23/11/2026, 05:00 (GMT+7)`, days and months without a leading zero."""
    when = local(moment)
    weekday = WEEKDAYS[when.weekday()].capitalize()
    return f"{weekday}, {when.day}/{when.month}/{when.year}, {when:%H:%M} (GMT+7)"


def weekday_date(moment: datetime) -> str:
    """`Thứ Hai, 23/11/2026 05:00`."""
    return f"{WEEKDAYS[local(moment).weekday()]}, {slashed(moment)}"


def epoch(moment: datetime) -> int:
    return int(moment.timestamp())


def short_number(number: int) -> str:
    """`1234` -> `1.2K`, as Telegram shows views."""
    return str(number) if number < 1000 else f"{number / 1000:.1f}".removesuffix(".0") + "K"


def escaped(text: str) -> str:
    return html.escape(text, quote=False)
