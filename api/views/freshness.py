"""The line in the header that says how fresh everything is, and warns when it is not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from api.models import Moment, Resource
from api.reader import Reader
from monitor.index_status import IndexStatus
from monitor.status import Status
from monitor.wording import full, in_vietnam, number, when

BACKLOG_AFTER = timedelta(minutes=5)


State = Literal["fresh", "away", "late", "stopped", "empty"]


class Freshness(Resource):
    """`state`: fresh; away (the index does not answer, pages are drawn from the archive); late (posts wait too long, or
    what is understood waits for the index); stopped (nobody collects); empty (no post yet)."""

    state: State
    updated_at: Moment | None
    text: str
    title: str
    warning: str
    sources_ok: int
    sources_watched: int


def freshness(reader: Reader) -> Freshness:
    """How fresh the installation is now."""
    found, now = reader.status(), reader.now()
    working = [p.beat_at for p in found.processes if p.name == "worker" and p.alive]
    updated = max([*working, *([found.updated_at] if found.updated_at else [])], default=None)
    state, warning = _judge(found, bool(working), updated, now)
    sources = f"{found.sources_ok}/{found.sources_watched} nguồn bình thường"
    return Freshness(
        state=state,
        updated_at=updated,
        text=f"Cập nhật {_clock(updated, now)} · {sources}" if updated else f"Chưa có dữ liệu · {sources}",
        title=full(updated) if updated else "",
        warning=warning,
        sources_ok=found.sources_ok,
        sources_watched=found.sources_watched,
    )


def _judge(found: Status, working: bool, updated: datetime | None, now: datetime) -> tuple[State, str]:
    if found.index.state == "away":
        return "away", _outage(found.index, now)
    if not working:
        until = f"; số liệu dừng ở {when(updated, now)}" if updated else ""
        return ("stopped" if updated else "empty"), f"Bộ thu thập không chạy{until}."
    if not updated:
        return "empty", ""
    waiting = found.outcomes.get("new", 0)
    if found.oldest_waiting_at and now - found.oldest_waiting_at > BACKLOG_AFTER:
        return (
            "late",
            f"Còn {number(waiting)} bài đang chờ phân tích, bài lâu nhất từ {when(found.oldest_waiting_at, now)}.",
        )
    if found.index.state == "behind" and found.index.oldest_waiting_at:
        return (
            "late",
            f"Chỉ mục đang đuổi kịp: còn {number(found.index.waiting)} thay đổi, "
            f"lâu nhất từ {when(found.index.oldest_waiting_at, now)}.",
        )
    return "fresh", ""


def _outage(index: IndexStatus, now: datetime) -> str:
    since = f" từ {when(index.problem_since, now)}" if index.problem_since else ""
    return (
        f"Chỉ mục đang gián đoạn{since}. Trang này lấy thẳng từ kho lưu, đủ mọi tin đã phân tích; "
        "tạm thời chưa tìm được theo từ khóa. Dữ liệu không mất."
    )


def _clock(moment: datetime, now: datetime) -> str:
    """Of today only the clock, else with the day."""
    same_day = in_vietnam(moment).date() == in_vietnam(now).date()
    return f"{in_vietnam(moment):%H:%M}" if same_day else when(moment, now)
