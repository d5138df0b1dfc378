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
        ("Thành cổ Quảng Trị sáng đèn", ["Thành cổ Quảng Trị"]),
        ("lối vào Thành cổ, phường Quảng Trị", ["Thành cổ Quảng Trị", "phường Quảng Trị"]),
        ("xe tải lật trên quốc lộ 9B", ["quốc lộ 9B"]),
        ("xếp hàng trước Cửa khẩu quốc tế La Lay", ["cửa khẩu La Lay"]),
        ("đôi bờ Hiền Lương - Bến Hải lung linh", ["cầu Hiền Lương"]),
        ("ven biển Ninh Châu sóng lớn", ["xã Ninh Châu"]),
        ("học sinh tiểu học Kim Thủy, xã Kim Ngân", ["xã Kim Thủy", "xã Kim Ngân"]),
        ("bà con xã Kim Phú gặt lúa", ["xã Kim Phú"]),
        ("tỉnh Quảng Bình cũ", ["tỉnh Quảng Bình"]),
        ("cuộc chiến thành cổ Quảng Trị", ["Thành cổ Quảng Trị"]),
        ("sáng sớm ở chợ Hồ Xá", ["thị trấn Hồ Xá"]),
        ("nhà nội ở Kim Phú bị tốc mái", ["xã Kim Phú"]),
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
        "con co ai o nha khong, cho hoi cua tung nguoi",
        "gia re hon la mua o cho",
        "Tượng Đức Mẹ La Vang ở Vatican",
        "Chủ tịch Hội đồng quản trị Thiên Long từ chức",
        "Va chạm tại xã Quảng Bình, tỉnh Thanh Hóa",
        "Nâng cấp đường Đông Hà - Gia Huynh ở tỉnh Lâm Đồng",
        "Xe khách tông xe máy trên cầu Thanh Trì",
        "Công ty Đường sắt Bình Trị Thiên bán vé tàu tết",
        "hàng triệu cơ sở kinh doanh kê khai thuế",
        "Khách chèo thuyền giữa đại ngàn Trường Sơn",
        "kỳ thủ Việt Nam dự giải Ninh Minh Hoa Sơn Bôi",
        "nút giao An Phú và nút giao Mỹ Thủy",
        "thành cổ Tây An mở cửa về đêm",
        "bưởi Phúc Trạch vào mùa",
        "săn cá dưới tràn Dốc Miếu của hồ Kẻ Gỗ",
        "khán giả thấy ở Kim Ngân một giọng hát lạ",
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
    assert names("khuc qua Ninh Chau bien bao toc do") == ["xã Ninh Châu"]
    assert names("ve tham quan dong thien duong bao nhieu") == ["động Thiên Đường"]
    assert names("cho em hỏi sinh con o Dong Hoi thì khai ở đâu") == ["phường Đồng Hới"]
    assert names("Anh chup o doi co Con Tien sang nay") == ["xã Cồn Tiên"]
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


def test_every_unit_is_somewhere_and_the_old_ones_became_something() -> None:
    province = FINDER.province
    today = {unit.id for unit in province.units}
    assert len(today) == 78
    assert all(unit.lat and unit.lon for unit in province.entries)
    assert all(unit.units and set(unit.units) <= today for unit in (*province.former, *province.landmarks))
    assert len({unit.id for unit in province.entries}) == len(province.entries)
