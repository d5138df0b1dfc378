"""Examples of the query language with their meaning: the help page shows them, the tests run them."""

from __future__ import annotations

from typing import NamedTuple


class Example(NamedTuple):
    query: str
    meaning: str


_EXAMPLES = (
    Example("sạt lở", "Có cả hai từ “sạt” và “lở”; bài viết đúng dấu đứng trước khi xếp theo độ phù hợp."),
    Example("sat lo", "Gõ không dấu vẫn tìm thấy “sạt lở” và mọi cách bỏ dấu khác."),
    Example('"quốc lộ 9"', "Đúng cụm từ này, các từ đứng liền nhau."),
    Example("=sạt", "Chỉ đúng chữ “sạt”, không nhận “sát” hay “sat”."),
    Example('="cửa việt"', "Đúng cụm từ này và đúng cả dấu."),
    Example("ngập OR lụt", "Có ít nhất một trong hai từ. Có thể viết HOẶC."),
    Example("cầu VÀ sập", "Có cả hai từ; giống AND, hoặc chỉ một dấu cách."),
    Example("cháy NOT diễn tập", "Có “cháy”, không có “diễn”, có “tập”: NOT chỉ áp dụng cho một từ đứng sau."),
    Example('cháy -"diễn tập"', "Có “cháy” mà không có cụm từ “diễn tập”."),
    Example('sạt lở AND ("hướng hóa" OR "quốc lộ 9")', "Dùng ngoặc để gom các lựa chọn."),
    Example("thanh*", "Từ bắt đầu bằng “thanh”: thanh, thành, thạnh."),
    Example("nước NEAR/5 bẩn", "Hai từ cách nhau không quá 5 từ, theo thứ tự nào cũng được."),
    Example('(nước OR giếng) NEAR/8 "ô nhiễm"', "Một trong các từ ở gần cụm từ."),
    Example("title:bão", "Chỉ tìm trong tiêu đề."),
    Example("title:(bão OR lũ)", "Tiêu đề có một trong hai từ."),
    Example("source:baoquangtri", "Chỉ lấy từ một nguồn tin."),
    Example("site:vnexpress.net", "Chỉ lấy từ tên miền này và các tên miền con của nó."),
    Example("kind:social", "Chỉ lấy một loại tin: news, social, forum, comment, video, document."),
    Example("topic:disaster", "Chỉ lấy một lĩnh vực."),
    Example("rác sentiment:negative", "Có từ “rác” và sắc thái tiêu cực; viết “tiêu cực” trong ngoặc kép cũng được."),
    Example("topic:(health OR education)", "Một trong hai lĩnh vực."),
    Example('place:"đông hà"', "Nhắc đến địa bàn này."),
    Example("story:s-2025-10-31-1", "Các bài của một vụ việc."),
    Example("lang:en", "Chỉ lấy bài tiếng Anh; cũng có vi (tiếng Việt) và other (tiếng khác)."),
    Example("bão from:2025-10-01 to:2025-10-31", "Đăng từ đầu ngày 1 đến hết ngày 31 tháng 10, giờ Việt Nam."),
    Example("from:7d", "Đăng trong 7 ngày gần đây; 24h là 24 giờ gần đây."),
    Example("from:hôm nay", "Đăng từ đầu ngày hôm nay; cũng có hôm qua, tuần này, tháng này."),
)


def examples() -> tuple[Example, ...]:
    """Each with a query that parses and a Vietnamese sentence that says what it finds."""
    return _EXAMPLES
