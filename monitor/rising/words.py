"""States and sorts of issues in Vietnamese, for pages and the command line."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.rising.sorts import Sort
from monitor.rising.states import State
from monitor.rising.store import Verb

STATES: Mapping[State, str] = {
    "emerging": "mới nổi",
    "rising": "đang tăng",
    "peaking": "cao điểm",
    "fading": "đang lắng",
    "closed": "đã lắng",
    "reopened": "nổi lại",
}
SORTS: Mapping[Sort, str] = {
    "event": "sự kiện",
    "complaint": "phản ánh",
    "rumour_like": "tin chưa có nguồn chính thức",
    "campaign_like": "nhiều tài khoản đăng nội dung giống nhau",
}
VERBS: Mapping[Verb, str] = {
    "pin": "ghim",
    "mute": "ẩn",
    "rename": "đổi tên",
    "merge": "gộp",
    "known": "đánh dấu đã biết",
}
