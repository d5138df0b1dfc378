"""Texts of our own for the tests of this room: what outlets, a forum and its readers might write."""

from __future__ import annotations

from datetime import datetime, timedelta

from crawlers.post import Post

FLOOD = {
    "title": "Nước sông Hiếu lên nhanh, phường Đông Hà sơ tán 40 hộ dân ngay trong đêm",
    "lead": "Mưa lớn suốt từ chiều khiến mực nước sông Hiếu vượt báo động 2, phường Đông Hà phải đưa 40 hộ ven sông "
    "đến nơi cao ráo.",
    "body": "Lúc 21 giờ, lực lượng dân quân dùng xuồng máy đưa người già và trẻ nhỏ ở khu phố 3 ra khỏi vùng ngập.\n"
    "Nhiều hộ không kịp kê đồ đạc, gà vịt bị nước cuốn trôi. Chính quyền phường Đông Hà cho biết chưa ghi nhận "
    "thiệt hại về người.\nĐài khí tượng dự báo nước sông Hiếu còn lên đến sáng mai.",
}
FLOOD_ELSEWHERE = {
    "title": "Sông Hiếu vượt báo động 2, 40 hộ ở Đông Hà phải chạy lũ trong đêm",
    "lead": "Nước sông Hiếu dâng nhanh sau trận mưa chiều, buộc phường Đông Hà sơ tán khẩn 40 hộ dân ven sông.",
    "body": "Khoảng 21 giờ, xuồng máy của dân quân đưa người già, trẻ nhỏ ở khu phố 3 phường Đông Hà khỏi vùng ngập.\n"
    "Gà vịt, đồ đạc của nhiều hộ bị nước lũ cuốn trôi. Chưa có thiệt hại về người, nước sông Hiếu dự báo còn lên.",
}
FLOOD_AFTER = {
    "title": "Lũ sông Hiếu rút, 40 hộ phường Đông Hà trở về dọn bùn",
    "lead": "Nước sông Hiếu xuống dưới báo động 1, 40 hộ dân sơ tán của phường Đông Hà đã về nhà dọn bùn.",
    "body": "Sau đêm chạy lũ, bà con khu phố 3 phường Đông Hà trở về giữa ngổn ngang bùn đất.\n"
    "Dân quân phường giúp các hộ ven sông Hiếu rửa nhà, gom đồ đạc, gà vịt còn sót lại sau trận ngập.",
}
FLOOD_TOLD_ON = [
    {
        "title": "Đông Hà trắng đêm chạy lũ sông Hiếu",
        "body": "Xuồng máy chở người già, trẻ nhỏ khu phố 3 phường Đông Hà vào nhà văn hóa trong tiếng gọi nhau. "
        "Nước sông Hiếu vượt báo động 2 từ 20 giờ, 40 hộ ven sông sơ tán.",
    },
    {
        "title": "40 hộ ven sông Hiếu sơ tán: điều cần biết về đợt lũ ở Đông Hà",
        "body": "Mực nước sông Hiếu trên báo động 2 lúc 21 giờ. Phường Đông Hà sơ tán 40 hộ ở khu phố 3, "
        "dân quân trực xuồng máy suốt đêm. Người dân gọi trực ban phường khi cần giúp.",
    },
    {
        "title": "Chủ tịch phường Đông Hà: chưa có thiệt hại về người trong đêm lũ sông Hiếu",
        "body": "Trả lời lúc nửa đêm, lãnh đạo phường Đông Hà nói 40 hộ sơ tán đã được phát mì, nước uống, chăn màn. "
        "Nước sông Hiếu còn lên chậm; dân quân giữ nhà giúp các hộ ở khu phố 3.",
    },
    {
        "title": "Người dân Đông Hà kể phút chạy lũ: nước sông Hiếu vào nhà chỉ trong nửa giờ",
        "body": "Bà Thảo, một trong 40 hộ ven sông Hiếu sơ tán đêm qua, chỉ kịp dắt hai cháu lên xuồng của dân quân. "
        "Gà vịt, lúa giống của gia đình ở khu phố 3 phường Đông Hà trôi theo nước lũ.",
    },
    {
        "title": "Mưa tạnh, sông Hiếu đạt đỉnh; Đông Hà còn 40 hộ ở nơi sơ tán",
        "body": "Đài khí tượng cho biết nước sông Hiếu đạt đỉnh trên báo động 2 rồi xuống chậm. "
        "Phường Đông Hà để 40 hộ khu phố 3 ở lại nơi sơ tán, dân quân trực xuồng đến khi nước rút.",
    },
]
STATION = {
    "title": "Trạm y tế xã Hướng Phùng có máy siêu âm mới",
    "lead": "Từ tuần này, bà con xã Hướng Phùng không còn phải đi hơn 60 km để siêu âm.",
    "body": "Chiếc máy do một nhóm thiện nguyện tặng đã phục vụ hơn 30 lượt người trong ba ngày đầu.\n"
    "Chị Hồ Thị Lan ở thôn Doa Cũ nói chị mừng đến rơi nước mắt vì khám thai giờ chỉ mất mười phút.",
}
COFFEE = {
    "title": "Giá cà phê Đắk Lắk tăng trở lại sau hai tuần đi ngang",
    "lead": "Sáng nay thương lái ở Buôn Ma Thuột trả cao hơn hôm qua 1.200 đồng mỗi ký.",
    "body": "Nhiều nhà vườn ở Cư M'gar, tỉnh Đắk Lắk chưa vội bán vì chờ giá lên nữa.\n"
    "Theo các đại lý, nguồn cung cuối vụ đang ít dần.",
}
QUEUE = {
    "title": "Một cửa phường Nam Đông Hà: lấy số từ 7 giờ, đến trưa vẫn chưa tới lượt",
    "body": "Mình đi làm giấy khai sinh cho con ở phường Nam Đông Hà, hệ thống treo suốt buổi sáng, cán bộ bảo về chờ. "
    "Ba lần rồi, quá mệt mỏi và bức xúc.",
}
THANKS = "Cảm ơn các anh chị đã góp ý, hôm nay mình làm xong rồi, cán bộ rất nhiệt tình và vui vẻ, tuyệt vời!"
ANGRY = "Làm ăn kiểu này thì chịu, bắt dân chờ cả tuần, quá tệ, vô trách nhiệm."


def article(name: str, text: dict[str, str], published: datetime, source: str = "bao.example", **more: object) -> Post:
    """A news article of one of the texts above."""
    url = f"https://{source}/{name}.htm"
    values: dict[str, object] = {"url": url, "canonical_url": url, "source": source, "published_at": published}
    return Post(**(values | text | more))  # type: ignore[arg-type]


def thread(published: datetime, *replies: str, text: dict[str, str] = QUEUE, minutes: float = 10) -> list[Post]:
    """A forum thread: its first post, then a reply every so many minutes."""
    first = article("chu-de", text, published, source="diendan.example", kind="forum", author="me_be_na")
    return [
        first,
        *(
            Post(
                url=f"{first.url}#post-{number}",
                canonical_url=f"{first.url}#post-{number}",
                source="diendan.example",
                kind="comment",
                body=body,
                author=f"nguoi{number}",
                parent_url=first.canonical_url,
                published_at=published + timedelta(minutes=minutes * number),
            )
            for number, body in enumerate(replies, start=1)
        ),
    ]
