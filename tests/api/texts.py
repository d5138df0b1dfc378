# ruff: noqa: E501 - texts, one mention a line
"""Texts of the made-up province in `world`: our own writing, one tuple for each story."""

from __future__ import annotations

from typing import NamedTuple


class Telling(NamedTuple):
    """One mention of a story: hours after the story began, source, title, lead."""

    after: float
    source: str
    title: str
    lead: str = ""
    kind: str = "news"
    sentiment: str | None = None
    copy: bool = False


class Story(NamedTuple):
    """`ago`: hours before now when it began."""

    id: str
    ago: float
    topics: tuple[str, ...]
    sentiment: str
    places: tuple[str, ...]
    terms: tuple[str, ...]
    body: str
    tellings: tuple[Telling, ...]


RISING = (
    Story(
        "s-lu-quet-huong-phung",
        30,
        ("disaster", "traffic"),
        "negative",
        ("xã Hướng Phùng", "xã Hướng Lập"),
        ("lũ quét", "sạt lở", "mất liên lạc", "cứu trợ", "đèo Sa Mù"),
        "Mưa lớn kéo dài khiến nước suối lên nhanh trong đêm ở xã Hướng Phùng. Nhiều ngôi nhà ven suối bị cuốn trôi, "
        "đường vào các bản bị đất đá vùi lấp. Chính quyền xã Hướng Lập cho biết lực lượng cứu hộ phải đi bộ nhiều giờ.\n"
        "Người dân ở điểm tạm trú thiếu nước uống và chăn khô.",
        (
            Telling(0, "qtnm", "Lũ quét trong đêm ở Hướng Phùng, nhiều bản mất liên lạc", "Nước dâng hơn ba mét chỉ trong hai giờ."),
            Telling(1.2, "tnvn", "Nhà cửa trôi theo lũ ở vùng biên Quảng Trị", "Bảy ngôi nhà bị cuốn trôi, mười chín nhà ngập bùn."),
            Telling(2, "dhtt", "Lũ quét trong đêm ở Hướng Phùng, nhiều bản mất liên lạc", copy=True),
            Telling(4, "antt", "Công an xã cõng người già vượt dốc lầy ra khỏi vùng sạt lở", "Sáu mươi tư người được đưa tới nơi an toàn."),
            Telling(9, "tntb", "Đường lên Hướng Lập đứt bốn đoạn, hàng cứu trợ chưa tới", "Xe tải phải quay đầu ở chân đèo Sa Mù."),
            Telling(15, "diendan", "", "Bà con bản em ba ngày nay chưa có nước sạch, gọi cứu trợ mãi không thấy ai lên.", "forum"),
            Telling(17, "kenh-nguoi-quang-tri", "", "Ai có đường dây lên Hướng Lập nhắn giúp, còn hai hộ chưa liên lạc được.", "social"),
            Telling(20, "qtnm", "Hàng cứu trợ đầu tiên vào tới Hướng Phùng sau hơn một ngày", "Bộ đội biên phòng gùi hàng vượt suối."),
            Telling(24, "dsvn", "“Chỉ còn bộ quần áo trên người”: đêm kinh hoàng ở Hướng Phùng", "Người mẹ trẻ kể lại lúc nước ập vào nhà."),
            Telling(26, "tnvn", "Vì sao cứu trợ tới Hướng Lập chậm?", "Nhiều hộ dân nói phải chờ hơn ba mươi giờ."),
            Telling(28, "diendan", "", "Hỏi thật là xã có phương án từ đầu mùa mưa mà sao để dân chờ lâu vậy?", "forum"),
        ),
    ),
    Story(
        "s-mot-cua-dong-ha",
        22,
        ("public_services", "government"),
        "negative",
        ("phường Đông Hà",),
        ("một cửa", "hồ sơ đất", "chờ lấy số", "cổng dịch vụ công"),
        "Nhiều người dân phường Đông Hà phản ánh phải đến bộ phận một cửa ba, bốn lần vẫn chưa nộp được hồ sơ đất đai. "
        "Hệ thống thường xuyên báo lỗi, người dân phải ngồi chờ từ sáng sớm.\nLãnh đạo phường nói sẽ tăng người trực.",
        (
            Telling(0, "diendan", "", "Đi làm hồ sơ đất ở một cửa phường Đông Hà ba buổi chưa xong, máy báo lỗi suốt.", "forum"),
            Telling(2, "tntb", "Dân chờ từ 5 giờ sáng lấy số ở bộ phận một cửa phường Đông Hà", "Mỗi ngày chỉ phát bốn mươi số."),
            Telling(3, "diendan", "", "Lay so tu 5h sang, toi 11h keu he thong loi, hen tuan sau. Qua met moi.", "forum"),
            Telling(5, "pldn", "Cổng dịch vụ công trục trặc, hồ sơ đất ở Đông Hà ùn ứ", "Gần bảy trăm hồ sơ quá hạn."),
            Telling(8, "kenh-nguoi-quang-tri", "", "Bà con Đông Hà đi một cửa nhớ hỏi trước, hôm nay máy lại treo.", "social"),
            Telling(12, "qtnm", "Phường Đông Hà tăng người trực bộ phận một cửa", "Phường xin lỗi người dân vì chậm trễ.", sentiment="neutral"),
            Telling(15, "dsvn", "Bốn lần đi, một bộ hồ sơ đất: chuyện ở một cửa Đông Hà", "Người đàn ông 62 tuổi kể hành trình nộp hồ sơ."),
            Telling(18, "tnvn", "Quảng Trị: gần 700 hồ sơ đất quá hạn ở một phường", "Sở Nông nghiệp và Môi trường yêu cầu báo cáo."),
        ),
    ),
    Story(
        "s-le-hoi-cua-tung",
        14,
        ("tourism", "culture_sports"),
        "positive",
        ("xã Cửa Tùng",),
        ("đua thuyền", "lễ hội cầu ngư", "du khách", "bãi tắm"),
        "Hàng vạn người dân và du khách về Cửa Tùng dự lễ hội cầu ngư và đua thuyền truyền thống. "
        "Các đội thi quyết liệt, bãi biển rợp cờ hoa. Nhà nghỉ trong xã kín phòng từ nhiều ngày trước.",
        (
            Telling(0, "qtnm", "Hàng vạn người về Cửa Tùng xem đua thuyền", "Lễ hội cầu ngư năm nay đông nhất từ trước tới nay."),
            Telling(1, "khpn", "Cửa Tùng kín phòng dịp lễ hội cầu ngư", "Các homestay nhận khách từ hai tuần trước."),
            Telling(2.5, "dhtt", "Đội thuyền thôn An Đức về nhất ở Cửa Tùng", "Chín vòng đua căng đến mét cuối."),
            Telling(4, "tnvn", "Rộn ràng đua thuyền trên biển Cửa Tùng", "Du khách nói sẽ trở lại vào mùa hè."),
            Telling(6, "kenh-nguoi-quang-tri", "", "Cửa Tùng hôm nay vui quá trời, biển xanh, người đông mà rất trật tự. Cảm ơn ban tổ chức!", "social"),
            Telling(9, "tntb", "Hàng vạn người về Cửa Tùng xem đua thuyền", copy=True),
            Telling(11, "dsvn", "Mùa hội bên bờ “nữ hoàng của các bãi tắm”", "Một buổi sáng theo thuyền thúng ra khơi cùng ngư dân."),
        ),
    ),
)  # fmt: skip

# Quiet affairs: told once or twice; `world` spreads them over the weeks before.
QUIET = (
    ("economy", "positive", "phường Nam Đông Hà", "Khu công nghiệp đón thêm ba nhà máy", "Doanh nghiệp cam kết tuyển tám trăm lao động."),
    ("economy", "neutral", "phường Đồng Hới", "Tỉnh công bố danh mục dự án kêu gọi đầu tư", "Danh mục có bốn mươi hai dự án."),
    ("government", "neutral", "phường Đồng Hới", "Hội đồng nhân dân tỉnh bàn dự toán năm tới", "Kỳ họp kéo dài hai ngày rưỡi."),
    ("government", "neutral", "xã Lệ Thủy", "Xã Lệ Thủy sắp xếp lại các phòng chuyên môn", "Việc sắp xếp xong trong tháng này."),
    ("land", "negative", "xã Gio Linh", "Dân Gio Linh phản đối giá đền bù đất ruộng", "Nhiều hộ chưa nhận tiền vì cho là quá thấp."),
    ("land", "neutral", "xã Cam Lộ", "Cam Lộ lấy ý kiến quy hoạch khu dân cư mới", "Bản vẽ được niêm yết tại nhà văn hóa thôn."),
    ("security", "negative", "xã Lao Bảo", "Bắt nhóm vận chuyển pháo lậu qua Lao Bảo", "Công an thu hơn hai tạ pháo."),
    ("security", "negative", "phường Ba Đồn", "Cảnh báo cuộc gọi giả danh điện lực ở Ba Đồn", "Hai người đã mất gần trăm triệu đồng."),
    ("traffic", "negative", "xã Vĩnh Linh", "Xe tải va chạm xe khách trên quốc lộ 1 qua Vĩnh Linh", "Bốn người bị thương, đường tắc hai giờ."),
    ("traffic", "neutral", "phường Đông Hà", "Đông Hà đổi giờ đèn ở ngã tư Sòng", "Việc điều chỉnh bắt đầu từ thứ Hai."),
    ("environment", "negative", "xã Triệu Phong", "Mùi hôi từ bãi rác khiến dân Triệu Phong mất ngủ", "Người dân đã gửi đơn ba lần."),
    ("environment", "positive", "xã Phong Nha", "Thả về rừng mười hai cá thể linh trưởng", "Các cá thể khỏe mạnh, được gắn thẻ."),
    ("disaster", "neutral", "đặc khu Cồn Cỏ", "Biển động, tàu ra Cồn Cỏ tạm nghỉ hai ngày", "Tàu chạy lại khi gió dưới cấp sáu."),
    ("health", "positive", "phường Đồng Hới", "Bệnh viện cứu sống sản phụ vỡ tử cung", "Hai mẹ con đã xuất viện."),
    ("health", "negative", "xã Hải Lăng", "Ba mươi công nhân Hải Lăng nghi ngộ độc sau bữa trưa", "Bếp ăn tạm dừng để lấy mẫu."),
    ("education", "positive", "xã Khe Sanh", "Lớp học mới cho trẻ bản xa ở Khe Sanh", "Hai phòng học do bạn đọc góp tiền."),
    ("education", "negative", "phường Quảng Trị", "Phụ huynh kêu khoản thu đầu năm quá nhiều", "Nhà trường hứa rà lại từng khoản."),
    ("tourism", "positive", "xã Phong Nha", "Phong Nha đón đoàn khách tàu biển đầu tiên", "Đoàn có ba trăm khách châu Âu."),
    ("culture_sports", "positive", "phường Quảng Trị", "Đêm hoa đăng trên sông Thạch Hãn", "Hàng nghìn ngọn nến được thả xuống sông."),
    ("agriculture", "positive", "xã Hướng Phùng", "Cà phê Hướng Phùng được mùa, được giá", "Mỗi ký quả tươi cao hơn năm ngoái bốn nghìn đồng."),
    ("agriculture", "negative", "xã Lệ Thủy", "Lúa Lệ Thủy ngã rạp sau trận gió lớn", "Khoảng một trăm hecta khó gặt máy."),
    ("infrastructure", "negative", "xã Đakrông", "Cầu tràn Đakrông xuống cấp, xe tải vẫn qua", "Mặt cầu nứt dài hơn hai mét."),
    ("infrastructure", "positive", "xã Bố Trạch", "Thông xe đoạn đường ven biển qua Bố Trạch", "Đoạn đường rút ngắn nửa giờ đi lại."),
    ("welfare", "positive", "xã La Lay", "Trao bốn mươi ngôi nhà cho hộ nghèo biên giới", "Mỗi nhà rộng bốn mươi mét vuông."),
    ("defense", "neutral", "xã Gio Linh", "Rà xong hai trăm hecta đất còn bom mìn", "Đất được bàn giao cho dân canh tác."),
)  # fmt: skip
