"""Figures and times as people in Việt Nam write them, and as machines read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.wording import (
    collation_key,
    decimal,
    duration,
    full,
    number,
    parse_end,
    parse_time,
    percent,
    rfc3339,
    when,
    within,
)

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)  # 10:00 in Việt Nam


@pytest.mark.parametrize(("value", "said"), [(0, "0"), (999, "999"), (1234, "1.234"), (1234567, "1.234.567")])
def test_thousands_are_separated_by_points(value: int, said: str) -> None:
    assert number(value) == said


@pytest.mark.parametrize(
    ("value", "said"), [(6.24, "6,2"), (3.0, "3"), (0.04, "0"), (1234.56, "1.234,6"), (9.96, "10"), (-1.5, "-1,5")]
)
def test_decimals_have_a_comma_and_no_useless_zero(value: float, said: str) -> None:
    assert decimal(value) == said


@pytest.mark.parametrize(("share", "said"), [(0.615, "61,5 %"), (0.6, "60 %"), (0.0, "0 %"), (1.0, "100 %")])
def test_shares_are_percentages(share: float, said: str) -> None:
    assert percent(share) == said


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (NOW, "10:00 hôm nay"),
        (datetime(2026, 11, 19, 17, 0, tzinfo=UTC), "00:00 hôm nay"),
        (datetime(2026, 11, 19, 16, 59, tzinfo=UTC), "23:59 hôm qua"),
        (datetime(2026, 11, 18, 16, 59, tzinfo=UTC), "23:59 18/11/2026"),
    ],
)
def test_today_and_yesterday_are_days_in_viet_nam(moment: datetime, said: str) -> None:
    assert when(moment, NOW) == said


def test_a_whole_time_names_its_zone() -> None:
    assert full(NOW) == "10:00:00 ngày 20/11/2026 (giờ Việt Nam)"


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(seconds=45), "45 giây"),
        (timedelta(minutes=12, seconds=59), "12 phút"),
        (timedelta(hours=3, minutes=30), "3 giờ"),
        (timedelta(days=5), "5 ngày"),
        (timedelta(seconds=-3), "0 giây"),
    ],
)
def test_durations_name_their_largest_unit(span: timedelta, said: str) -> None:
    assert duration(span) == said


def test_times_go_out_in_utc_to_the_second() -> None:
    assert rfc3339(parse_time("2026-03-07T08:00:01.7+07:00")) == "2026-03-07T01:00:01Z"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-03-07T08:00+07:00", "2026-03-07T01:00:00Z"),
        ("2026-03-07T08:00:00Z", "2026-03-07T08:00:00Z"),
        ("2026-03-07T08:00", "2026-03-07T01:00:00Z"),
        ("2026-03-07 08:00", "2026-03-07T01:00:00Z"),
        (" 2026-03-07 ", "2026-03-06T17:00:00Z"),
    ],
)
def test_times_come_in_as_rfc_3339_and_naive_ones_are_of_viet_nam(text: str, meant: str) -> None:
    assert rfc3339(parse_time(text)) == meant


@pytest.mark.parametrize("text", ["", "hôm qua", "2026-13-01", "07/03/2026", "2026-02-30", "25:00"])
def test_a_time_that_cannot_be_read_says_how_to_write_it(text: str) -> None:
    with pytest.raises(ValueError, match="hãy viết như"):
        parse_time(text)


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31T23:59:59-12:00"])
def test_a_time_at_the_end_of_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="hãy viết như"):
        parse_time(text)


def test_a_date_alone_as_the_end_of_a_period_takes_that_day_in() -> None:
    assert parse_end("2026-03-07") == parse_time("2026-03-08")
    assert parse_end("2026-03-07T08:00") == parse_time("2026-03-07T08:00")


def test_names_are_sorted_as_vietnamese_dictionaries_sort_them() -> None:
    names = ["xã Đakrông", "xã Dân Hóa", "xã Cửa Tùng", "xã Cam Lộ", "xã Cà Ná", "xã Ca Lô", "xã Ê Đê", "xã Hướng Lập"]
    expected = [
        "xã Ca Lô",
        "xã Cà Ná",
        "xã Cam Lộ",
        "xã Cửa Tùng",
        "xã Dân Hóa",
        "xã Đakrông",
        "xã Ê Đê",
        "xã Hướng Lập",
    ]
    assert sorted(names, key=collation_key) == expected
    assert sorted(["má", "mạ", "ma", "mã", "mà", "mả"], key=collation_key) == ["ma", "mà", "mả", "mã", "má", "mạ"]


@pytest.mark.parametrize(("hours", "said"), [(1, "1 giờ"), (72, "72 giờ"), (100, "100 giờ"), (168, "7 ngày")])
def test_a_long_window_is_said_in_days(hours: int, said: str) -> None:
    assert within(hours) == said
