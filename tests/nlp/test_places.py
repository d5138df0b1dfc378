"""What is a place of the province, and what only looks like one."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.places import PlaceFinder
from nlp.province import Province

FINDER = PlaceFinder(Province.load("quangtri"))


def names(text: str, *, local: bool = False) -> list[str]:
    return [hit.place.name for hit in FINDER.find(text, local=local).hits]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mưa lớn tại xã Lệ Thủy, tỉnh Quảng Trị", ["xã Lệ Thủy", "tỉnh Quảng Trị"]),
        ("X.Lao Bảo, P.Đồng Hới và TP.Đông Hà", ["xã Lao Bảo", "phường Đồng Hới", "thành phố Đông Hà"]),
        ("LŨ LÊN NHANH Ở LỆ THUỶ", ["xã Lệ Thủy"]),
        ("thị xã Quảng Trị cũ, nay là phường Quảng Trị", ["thị xã Quảng Trị", "phường Quảng Trị"]),
        ("bà con Hải Lăng ra đồng", ["xã Hải Lăng"]),
        ("xã Hải Phú, huyện Hải Lăng", ["xã Hải Phú", "huyện Hải Lăng"]),
        ("Vườn quốc gia Phong Nha-Kẻ Bàng đón khách", ["Phong Nha - Kẻ Bàng"]),
        ("thác nước gần hang Sơn Đoòng", ["hang Sơn Đoòng"]),
        ("hàng hóa qua cửa khẩu La Lay", ["cửa khẩu La Lay"]),
        ("tuyến đường Đông Hà - Lao Bảo", ["phường Đông Hà", "xã Lao Bảo"]),
        ("vùng cao Quảng Trị", ["tỉnh Quảng Trị"]),
        ("cao tốc Vạn Ninh - Cam Lộ", ["cao tốc Vạn Ninh - Cam Lộ"]),
        ("quảng trị mưa to lắm", ["tỉnh Quảng Trị"]),
        ("đảo Cồn Cỏ", ["đặc khu Cồn Cỏ"]),
    ],
)
def test_places_are_found(text: str, expected: list[str]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "NSND Lệ Thủy hát cải lương ở nhà hát",
        "Danh ca Lệ Thủy trở lại",
        "Quy hoạch khu Đông Hà Nội",
        "ông Trần Hải Lăng nhận giải",
        "chị Nhật Lệ kể lại",
        "Va chạm trên đường Quảng Trị, TP Đà Nẵng",
        "Xe khách lật ở xã Tân Lập, tỉnh Lâm Đồng",
        "Quảng Ninh đón một triệu khách du lịch",
        "Lễ hội ở Hạ Long, tỉnh Quảng Ninh",
        "Dãy Trường Sơn hùng vĩ",
        "đạt chuẩn xã văn hóa kiểu mẫu",
        "hội đồng Quảng Trị doanh nghiệp",
        "trở thành cổ đông lớn của ngân hàng",
        "nút giao Mỹ Thủy ở TP.HCM thông xe",
        "vườn quốc gia Bạch Mã và cảng Vũng Áng",
        "minh hoa cho bai bao nay dep qua",
        "ba don hang giao cham",
    ],
)
def test_traps_are_left_out(text: str) -> None:
    assert names(text) == []


def test_shared_names_need_the_province_beside_them() -> None:
    assert names("Lúa trổ bông ở xã Tân Lập") == []
    assert names("Lúa trổ bông ở xã Tân Lập, gần Hướng Hóa") == ["xã Tân Lập", "huyện Hướng Hóa"]
    assert names("Lúa trổ bông ở xã Tân Lập", local=True) == ["xã Tân Lập"]
    assert "xã Quảng Ninh" in names("Nước lên ở xã Quảng Ninh và phường Đồng Hới")


def test_unaccented_lines_are_read_without_accents() -> None:
    assert names("duong ve Le Thuy ngap roi, o dong ha cung rua") == ["xã Lệ Thủy", "phường Đông Hà"]
    assert names("Đường về đâu cũng ngập\no dong ha cung rua") == ["phường Đông Hà"]
    assert names("đẹp quá #QuangTri #phongnha") == ["tỉnh Quảng Trị", "xã Phong Nha"]


def test_birthplaces_are_marked() -> None:
    hits = FINDER.find("anh Nam, 28 tuổi, quê xã Gio Linh, tỉnh Quảng Trị, làm thợ ở TP.HCM").hits
    assert [hit.origin for hit in hits] == [True, True]
    assert not FINDER.find("cháy chợ ở xã Gio Linh").hits[0].origin


def test_other_provinces_are_counted() -> None:
    found = FINDER.find("Bão hướng vào Nghệ An, Hà Tĩnh, Quảng Trị và Huế")
    assert [other.province for other in found.others] == ["Nghệ An", "Hà Tĩnh", "Huế"]


def test_offsets_in_decomposed_text() -> None:
    text = unicodedata.normalize("NFD", "Mưa ở huyện Lệ Thuỷ,\u00a0Đông Hà")
    hits = FINDER.find(text).hits
    assert [hit.place.name for hit in hits] == ["huyện Lệ Thủy", "phường Đông Hà"]
    assert [text[hit.place.start : hit.place.end] for hit in hits] == [hit.place.surface for hit in hits]


PIECES = [
    "xã ",
    "Lệ Thủy",
    "ở ",
    "Quảng Trị",
    ", ",
    "Đông Hà",
    " Nội",
    "TP.",
    "\n",
    "İ",
    "e\u0301",
    "\u200b",
    "🙂",
    "quang tri ",
]


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=4)), max_size=12).map("".join))
@settings(max_examples=200)
def test_offsets_always_point_at_the_surface(text: str) -> None:
    for form in ("NFC", "NFD"):
        given_text = unicodedata.normalize(form, text)
        for hit in FINDER.find(given_text).hits:
            assert given_text[hit.place.start : hit.place.end] == hit.place.surface
