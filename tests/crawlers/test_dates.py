"""Times as sites write them, read as Vietnamese readers mean them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.extract.dates import VIETNAM, from_url, parse_date, published

NOW = datetime(2026, 3, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-07T08:01:53+07:00", "2026-03-07T08:01:53+07:00"),
        ("2026-03-07T08:52:11.000 +07:00", "2026-03-07T08:52:11+07:00"),
        ("2026-03-07T01:01:53Z", "2026-03-07T08:01:53+07:00"),
        ("2026-03-07T080153+0700", "2026-03-07T08:01:53+07:00"),
        ("2026-03-07 08:07", "2026-03-07T08:07:00+07:00"),
        ("2026-03-07T00:01:00", "2026-03-07T00:01:00+07:00"),
        ("Thứ bảy, 7/3/2026, 00:05 (GMT+7)", "2026-03-07T00:05:00+07:00"),
        ("Thứ Bảy, 07/03/2026 - 08:52", "2026-03-07T08:52:00+07:00"),
        ("07-03-2026 - 00:01 AM", "2026-03-07T00:01:00+07:00"),
        ("07-03-2026 - 14:30 PM", "2026-03-07T14:30:00+07:00"),
        ("07/03/2026 2:30 PM", "2026-03-07T14:30:00+07:00"),
        ("07/03/2026 02:15 CH", "2026-03-07T14:15:00+07:00"),
        ("07/03/2026 08:01 GMT+7", "2026-03-07T08:01:00+07:00"),
        ("08:52 | 07/03/2026", "2026-03-07T08:52:00+07:00"),
        ("8h30 ngày 7/3/2026", "2026-03-07T08:30:00+07:00"),
        ("Ngày 7 tháng 3 năm 2026, 9 giờ 05", "2026-03-07T09:05:00+07:00"),
        ("Sat, 07 Mar 2026 08:01:53 +0700", "2026-03-07T08:01:53+07:00"),
        ("Sat, 07 Mar 2026 08:01:53 GMT+7", "2026-03-07T08:01:53+07:00"),
        ("Sat, 07 Mar 2026 01:01:53 GMT", "2026-03-07T08:01:53+07:00"),
        ("March 7, 2026 at 8:05 am", "2026-03-07T08:05:00+07:00"),
        ("3/14/2026 10:00", "2026-03-14T10:00:00+07:00"),
        ("1772816700", "2026-03-07T00:05:00+07:00"),
    ],
)
def test_a_written_time_is_read(text: str, expected: str) -> None:
    moment = parse_date(text)
    assert moment is not None
    assert moment.at == datetime.fromisoformat(expected)
    assert not moment.day_only


@pytest.mark.parametrize(
    "text", ["2026-03-07", "07/03/2026", "Thứ bảy, ngày 7-3-2026", "7 tháng 3 năm 2026", "7 Mar 2026"]
)
def test_a_day_stays_that_day_in_viet_nam(text: str) -> None:
    moment = parse_date(text)
    assert moment is not None
    assert moment.day_only
    assert moment.at == datetime(2026, 3, 7, tzinfo=VIETNAM)


@pytest.mark.parametrize(
    "text", ["", None, "hôm qua", "32/13/2026", "Điện thoại 0233.3852.123", "1972-01-01", "TCVN 5574:2018"]
)
def test_what_is_no_date_gives_none(text: str | None) -> None:
    assert parse_date(text) is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://tuoitre.vn/bai-20260307075519174.htm", "2026-03-07T07:55:19+07:00"),
        ("https://nld.com.vn/bai-196260307071308923.htm", "2026-03-07T07:13:08+07:00"),
        ("https://cafef.vn/bai-18826030622484142.chn", "2026-03-06T22:48:41+07:00"),
        ("https://a.vn/2026/03/07/bai", "2026-03-07T00:00:00+07:00"),
    ],
)
def test_an_address_tells_its_time(url: str, expected: str) -> None:
    moment = from_url(url)
    assert moment is not None
    assert moment.at == datetime.fromisoformat(expected)


def test_a_time_far_in_the_future_is_passed_over() -> None:
    moment, origin = published(["2031-01-01T00:00:00Z"], ["07/03/2026 08:01"], "https://a.vn/x", NOW)
    assert moment is not None
    assert (moment.at, origin) == (datetime(2026, 3, 7, 8, 1, tzinfo=VIETNAM), "text")


def test_a_bare_day_is_completed_by_the_line_of_that_day() -> None:
    moment, _ = published(["2026-03-07"], ["07/03/2026 08:01"], "https://a.vn/x", NOW)
    assert moment is not None
    assert moment.at == datetime(2026, 3, 7, 8, 1, tzinfo=VIETNAM)


def test_local_time_sold_as_utc_is_mended_by_what_readers_see() -> None:
    moment, _ = published(["2026-03-07T08:01:00Z"], ["07/03/2026 08:01"], "https://a.vn/x", NOW)
    assert moment is not None
    assert moment.at == datetime(2026, 3, 7, 8, 1, tzinfo=VIETNAM)


@given(st.text(max_size=80))
def test_no_text_breaks_the_reader(text: str) -> None:
    moment = parse_date(text)
    assert moment is None or moment.at.tzinfo is not None


@given(st.from_regex(r"[0-9T :/.,+\-]{6,40}(GMT|AM|PM|Z|tháng)?[0-9 +:]{0,8}", fullmatch=True))
def test_no_heap_of_digits_breaks_the_reader(text: str) -> None:
    parse_date(text)


@given(st.datetimes(min_value=datetime(1996, 1, 1), max_value=datetime(2090, 1, 1)))
def test_what_is_written_is_read_back(moment: datetime) -> None:
    moment = moment.replace(microsecond=0, tzinfo=VIETNAM)
    minute = moment.replace(second=0)
    for text, expected in (
        (moment.isoformat(), moment),
        (moment.astimezone(UTC).isoformat().replace("+00:00", "Z"), moment),
        (moment.strftime("%d/%m/%Y %H:%M"), minute),
        (moment.strftime("%H:%M, %d-%m-%Y"), minute),
    ):
        read = parse_date(text)
        assert read is not None
        assert read.at == expected
