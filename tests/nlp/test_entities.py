"""Offices and organisations are named in full; persons never."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.entities import EntityReader
from nlp.place_context import FAMILIES
from nlp.province import Province

READER = EntityReader(Province.load("quangtri"))


def names(text: str) -> list[str]:
    return [entity.name for entity in READER.read(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("UBND tỉnh Quảng Trị vừa họp", ["Ủy ban nhân dân tỉnh Quảng Trị"]),
        (
            "Sở GD&ĐT và Sở NN-MT tỉnh Quảng Trị",
            ["Sở Giáo dục và Đào tạo", "Sở Nông nghiệp và Môi trường tỉnh Quảng Trị"],
        ),
        ("Sở Văn hóa, Thể thao và Du lịch", ["Sở Văn hóa, Thể thao và Du lịch"]),
        ("công an xã Gio Linh vào cuộc", ["Công an xã Gio Linh"]),
        ("UBND P.Đồng Hới niêm yết", ["Ủy ban nhân dân P.Đồng Hới"]),
        ("Đồn Biên phòng Cửa khẩu quốc tế Lao Bảo", ["Đồn Biên phòng Cửa khẩu quốc tế Lao Bảo"]),
        ("Bệnh viện Đa khoa khu vực Triệu Hải quá tải", ["Bệnh viện Đa khoa khu vực Triệu Hải"]),
        ("cô trò trường THPT Đông Hà", ["Trường Trung học phổ thông Đông Hà"]),
        ("Trường THPT Đặng Thai Mai", ["Trường Trung học phổ thông Đặng Thai Mai"]),
        ("BQL Vườn quốc gia Phong Nha - Kẻ Bàng", ["Ban Quản lý Vườn quốc gia Phong Nha - Kẻ Bàng"]),
        ("Đoàn Kinh tế - Quốc phòng 337 quy tập", ["Đoàn Kinh tế - Quốc phòng 337"]),
        ("Trường Đại học Kinh tế, Đại học Huế", ["Trường Đại học Kinh tế", "Trường Đại học Huế"]),
    ],
)
def test_offices_are_named_in_full(text: str, expected: list[str]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "công an đang điều tra, bệnh viện quá tải, trường đóng cửa",
        "bà con lên xã hỏi",
        "công an xã; trường cho nghỉ học",
        "giá thuế nhập khẩu tăng",
        "Ông Nguyễn Văn Nam và bà Trần Thị Hoa",
    ],
)
def test_common_words_are_no_offices(text: str) -> None:
    assert names(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Chủ tịch UBND tỉnh Quảng Trị Nguyễn Văn Nam", "Ủy ban nhân dân tỉnh Quảng Trị"),
        ("giám đốc Công an tỉnh Trần Văn Bình", "Công an tỉnh"),
        ("bí thư Đảng ủy xã Gio Linh Lê Thị Hoa", "Đảng ủy xã Gio Linh"),
        ("hiệu trưởng Trường THPT Lê Lợi Nguyễn Văn Nam", "Trường Trung học phổ thông Lê Lợi"),
        ("bác sĩ Bệnh viện Đa khoa Đông Hà Hoàng Thị Lan", "Bệnh viện Đa khoa Đông Hà"),
        ("chủ tịch Tập đoàn Ánh Dương Phan Văn Minh", "Tập đoàn Ánh Dương"),
    ],
)
def test_a_name_ends_where_a_person_begins(text: str, expected: str) -> None:
    assert names(text) == [expected]


PIECES = ["UBND ", "tỉnh ", "Công an ", "xã ", "Sở Y tế ", "Gio Linh ", "ông ", ", ", ".", "\n", "e\u0301", "P.", "🙂 "]
PERSONS = st.tuples(st.sampled_from(sorted(FAMILIES - {"Thị", "Văn"})), st.just("Văn"), st.just("Nam"))


@given(st.lists(st.one_of(st.sampled_from(PIECES), PERSONS.map(lambda p: " ".join(p) + " ")), max_size=12).map("".join))
@settings(max_examples=200)
def test_no_office_holds_a_person_and_offsets_point_at_the_surface(text: str) -> None:
    for form in ("NFC", "NFD"):
        given_text = unicodedata.normalize(form, text)
        for entity in READER.read(given_text):
            assert given_text[entity.start : entity.end] == entity.surface
            assert "Văn Nam" not in unicodedata.normalize("NFC", entity.name)


def test_each_name_is_given_once() -> None:
    assert len(READER.read("UBND tỉnh Quảng Trị họp. Ủy ban nhân dân tỉnh Quảng Trị kết luận.")) == 1
