"""Why a request did not give a page: our own refusals, and any failure as an outcome with a Vietnamese reason."""

from __future__ import annotations

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.spidermiddlewares.httperror import HttpError

from crawlers.sink import UrlOutcome

ROBOTS = "robots.txt không cho phép"
Ending = tuple[UrlOutcome, str]


class Stopped(IgnoreRequest):
    """A request that our own rules do not let through; carries the outcome."""

    def __init__(self, outcome: UrlOutcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome: UrlOutcome = outcome
        self.reason = reason


def ending(error: BaseException) -> Ending:
    """The outcome of a failed request and the reason people read."""
    if isinstance(error, Stopped):
        return error.outcome, error.reason
    if isinstance(error, HttpError):
        return _status(error.response.status)
    if isinstance(error, IgnoreRequest):
        return _ignored(str(error))
    if isinstance(error, DownloadCancelledError):
        return "too_large", "trang vượt giới hạn dung lượng"
    if isinstance(error, DownloadTimeoutError):
        return "error", "máy chủ không trả lời trong thời gian cho phép"
    if isinstance(error, CannotResolveHostError):
        return "error", "không tìm thấy tên miền"
    if isinstance(error, DownloadConnectionRefusedError):
        return "error", "máy chủ từ chối kết nối"
    if isinstance(error, ResponseDataLossError):
        return "error", "máy chủ ngắt kết nối giữa chừng"
    if "certificate" in repr(error).lower() or "ssl" in repr(error).lower():
        return "error", "chứng thư bảo mật (TLS) của trang không hợp lệ"
    return "error", f"lỗi kết nối ({type(error).__name__})"


def _status(status: int) -> Ending:
    if status in (404, 410):
        return "not_found", f"máy chủ trả lời {status}"
    if status in (401, 403, 451):
        return "refused", f"máy chủ từ chối ({status})"
    if status == 429:
        return "error", "máy chủ yêu cầu giảm tốc độ (429)"
    return "error", f"máy chủ trả lời {status}"


def _ignored(message: str) -> Ending:
    if "robots.txt" in message:
        return "refused", ROBOTS
    if "MAXSIZE" in message:
        return "too_large", "trang vượt giới hạn dung lượng sau khi giải nén"
    if "redirections" in message:
        return "error", "chuyển hướng quá nhiều lần"
    return "error", "yêu cầu bị bỏ qua"
