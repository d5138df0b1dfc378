"""The Vietnamese words of the pages for codes: topics, sentiments, kinds, states; and sentences made of figures."""

from __future__ import annotations

from monitor.alerts.message import EVENT_WORDS
from monitor.alerts.rule import PRIORITY_WORDS
from monitor.naming import KINDS, LANGUAGES, SENTIMENTS, TOPICS
from monitor.wording import decimal, number, percent

__all__ = ["KINDS", "LANGUAGES", "SENTIMENTS", "TOPICS"]  # queries and exports name them too

PRIORITIES = PRIORITY_WORDS
ALERT_STATES: dict[str, str] = {"open": "chưa ai nhận", "acknowledged": "đã có người nhận", "closed": "đã kết thúc"}
EVENTS = EVENT_WORDS
DELIVERY_STATES: dict[str, str] = {
    "sent": "đã gửi",
    "waiting": "đang chờ gửi",
    "held": "đang giữ",
    "digested": "gộp vào tin tổng hợp",
    "dead": "không gửi được",
    "off": "không gửi",
}
CHANNELS: dict[str, str] = {"email": "thư điện tử", "webhook": "webhook", "telegram": "Telegram"}
REACTIONS: dict[str, str] = {
    "views": "lượt xem",
    "likes": "lượt thích",
    "reactions": "lượt bày tỏ cảm xúc",
    "comments": "bình luận",
    "shares": "lượt chia sẻ",
}
SIGNS: dict[str, str] = {"negative": "−", "neutral": "○", "positive": "+"}
LEVELS: dict[str, str] = {
    "province": "tỉnh",
    "commune": "xã, phường, đặc khu",
    "former": "địa danh cũ",
    "landmark": "địa điểm",
}
RELEVANCE: dict[int, str] = {
    2: "Nói về tỉnh hoặc người trong tỉnh",
    1: "Tỉnh là một trong nhiều nơi, hoặc là bối cảnh",
    0: "Không liên quan đến tỉnh",
}
OUTCOMES: dict[str, str] = {
    "new": "đang chờ phân tích",
    "annotated": "đã phân tích",
    "irrelevant": "không liên quan",
    "failed": "phân tích lỗi",
}
URL_OUTCOMES: dict[str, str] = {
    "archived": "đã lưu",
    "withdrawn": "đã gỡ",
    "listing": "trang danh mục",
    "refused": "robots.txt không cho phép",
    "not_found": "không còn trang",
    "empty": "không có nội dung bài",
    "error": "lỗi khi tải",
    "blocked": "bị chặn",
    "skipped": "bỏ qua",
    "too_large": "trang quá lớn",
}


def compared(now: float, usual: float | None, against: str) -> str:
    """How a count stands against what is usual: "gấp 1,8 lần ngày thường (73)"."""
    if usual is None:
        return "chưa đủ dữ liệu để so sánh"
    reference = f"{against} ({decimal(round(usual, 1))})"
    if usual < 0.5:
        return f"nhiều hơn {reference}" if now >= 1 else f"như {reference}"
    ratio = now / usual
    if ratio >= 1.15:
        return f"gấp {decimal(ratio)} lần {reference}"
    if ratio <= 0.85:
        return f"bằng {percent(round(ratio, 2))} {reference}"
    return f"như {reference}"


def compared_share(now: float, usual: float | None, against: str) -> str:
    """How a share stands against what is usual, in points: "cao hơn ngày thường 12 điểm"."""
    if usual is None:
        return "chưa đủ dữ liệu để so sánh"
    points = round((now - usual) * 100)
    reference = f"{against} ({percent(round(usual, 2))})"
    if abs(points) < 3:
        return f"như {reference}"
    return f"{'cao' if points > 0 else 'thấp'} hơn {abs(points)} điểm so với {reference}"


def counted(value: int, noun: str) -> str:
    """1234, "lượt nhắc" -> "1.234 lượt nhắc"."""
    return f"{number(value)} {noun}"


ACTIONS: dict[str, str] = {
    "search": "tìm",
    "alert": "xem cảnh báo",
    "story": "xem vụ việc",
    "issue": "xem xu hướng",
    "mention": "xem bài",
    "export": "xuất",
    "change": "thay đổi",
    "login": "đăng nhập",
    "logout": "đăng xuất",
    "refused": "bị từ chối",
}


def action(code: str) -> str:
    """The words for an action of the audit log."""
    if code == "login failed":
        return "đăng nhập sai"
    return ACTIONS.get(code.partition(" ")[0], code)
