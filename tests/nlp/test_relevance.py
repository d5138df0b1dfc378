"""Does a post concern the province: the cases that a reader would argue about."""

from __future__ import annotations

import pytest

from nlp.annotation import Document, Relevance
from nlp.places import PlaceFinder
from nlp.province import Province
from nlp.relevance import judge

PROVINCE = Province.load("quangtri")
FINDER = PlaceFinder(PROVINCE)


def relevance(title: str = "", lead: str = "", body: str = "", *, local: bool = False) -> Relevance:
    document = Document(id="1", title=title, lead=lead, body=body, local=local)
    return judge(document, FINDER.find(document.text, local=local), PROVINCE)


@pytest.mark.parametrize(
    ("title", "lead", "label"),
    [
        ("Xã Lệ Thủy khánh thành trường mới", "Trường có 12 phòng học.", 2),
        ("Một cụ ông ngừng tim ở sảnh bệnh viện", "Cụ ông 70 tuổi ở Quảng Trị được cứu sống.", 2),
        ("Bão số 9 hướng vào miền Trung", "Các tỉnh Nghệ An, Hà Tĩnh, Quảng Trị, Huế được yêu cầu ứng phó.", 1),
        ("Quảng Trị đến Khánh Hòa mưa lớn", "Mưa kéo dài ba ngày.", 1),
        ("Thời tiết hôm nay: Quảng Trị nắng nóng", "Nhiệt độ cao nhất 37 độ.", 1),
        ("'Mưa đỏ' vượt 900 tỷ đồng", "Phim về trận chiến thành cổ Quảng Trị dẫn đầu phòng vé.", 0),
        ("NSND Lệ Thủy nhớ nghề", "Nghệ sĩ cải lương kể chuyện sân khấu.", 0),
        ("Trục cảnh quan Đông Hà Nội", "Dự án đi qua nhiều phường.", 0),
        ("Bắt nghi phạm trộm xe ở TP.HCM", "Nghi phạm 30 tuổi, quê Quảng Trị, bị bắt tại phường An Phú.", 0),
        ("Ngủ ít có hại không?", "Tôi ngủ bốn tiếng mỗi đêm. (Hoa, 34 tuổi, Quảng Trị)", 0),
        ("Giá vàng hôm nay tăng", "Vàng miếng tăng nửa triệu đồng.", 0),
    ],
)
def test_labels(title: str, lead: str, label: int) -> None:
    assert relevance(title, lead).label == label


def test_reasons_can_be_read() -> None:
    assert relevance("Cháy chợ ở xã Lệ Thủy").reason.startswith("địa danh trong tiêu đề: xã Lệ Thủy")
    assert "quê quán" in relevance("Bắt trộm ở Huế", "Nghi phạm quê Quảng Trị").reason
    assert "nghệ sĩ Lệ Thủy" in relevance("NSND Lệ Thủy hát cải lương").reason
    assert "Mưa đỏ" in relevance("Phim 'Mưa đỏ' ra rạp", "Phim về thành cổ Quảng Trị.").reason


def test_a_body_that_speaks_of_the_province_counts() -> None:
    filler = "Sự việc được người dân kể lại với phóng viên. " * 3
    body = f"Tại xã Cam Lộ, tỉnh Quảng Trị, con suối đổi màu. {filler}Lãnh đạo xã Cam Lộ nói sẽ kiểm tra."
    assert relevance("Con suối đổi màu sau đêm mưa", "Nước suối đen kịt.", body).label == 2


def test_a_passing_mention_in_a_long_body_does_not() -> None:
    filler = "Thị trường phân bón trong nước tiếp tục biến động theo giá thế giới. " * 30
    body = f"{filler}Đoàn khảo sát đi qua Hà Nội, Nghệ An, Huế, Quảng Trị. {filler}"
    assert relevance("Giá phân bón tăng", "Nguồn cung khan hiếm.", body).label == 0


def test_outlets_of_the_province() -> None:
    assert relevance("Trao học bổng cho học sinh nghèo", "Lễ trao diễn ra sáng nay.", local=True).label == 2
    assert relevance("Hà Nội tắc đường", "Kẹt xe ở nhiều tuyến phố Hà Nội.", local=True).label == 0


def test_comments_are_their_own_title() -> None:
    assert relevance(body="dien o dong ha cup suot ngay roi ba con").label >= 1
    assert relevance(body="hôm nay trời đẹp").label == 0
    assert relevance().label == 0
