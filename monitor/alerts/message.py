"""What a delivery says: made when the alert changes, so that what was sent is what was known then. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from monitor.alerts.firing import Counts
from monitor.alerts.rule import PRIORITY_WORDS, Priority
from monitor.wording import decimal, number, percent, when, within

Event = Literal["opened", "update", "escalation", "digest", "test"]
EVENT_WORDS: dict[Event, str] = {
    "opened": "Cảnh báo",
    "update": "Cập nhật",
    "escalation": "Chuyển cấp",
    "digest": "Tổng hợp",
    "test": "Gửi thử",
}
QUOTED = 3  # mentions that a message quotes


class Quoted(BaseModel):
    """One mention as a message shows it: its own title and where it stands."""

    model_config = ConfigDict(frozen=True)

    title: str
    source: str
    url: str
    published_at: datetime


class Message(BaseModel):
    """A message for any channel; plain text everywhere, nothing in it is markup."""

    model_config = ConfigDict(frozen=True)

    event: Event
    alert: str | None = None
    rule: str = ""
    priority: Priority = "normal"
    headline: str
    reason: str = ""
    link: str = ""
    mentions: tuple[Quoted, ...] = ()
    parts: tuple[str, ...] = Field((), description="The lines of a digest.")
    counts: dict[str, Any] = {}

    @property
    def subject(self) -> str:
        """One line, without line breaks, for an e-mail's subject and a list."""
        urgent = f" {PRIORITY_WORDS[self.priority].upper()}" if self.priority == "urgent" else ""
        return " ".join(f"[{EVENT_WORDS[self.event]}{urgent}] {self.headline}".split())

    def text(self, now: datetime) -> str:
        lines = [self.subject, ""]
        lines += [self.reason] if self.reason else []
        lines += [f"Theo quy tắc: {self.rule}"] if self.rule else []
        lines += [f"- {part}" for part in self.parts]
        for quoted in self.mentions:
            lines += ["", f"{quoted.title}", f"{quoted.source}, {when(quoted.published_at, now)}", quoted.url]
        lines += ["", f"Xem và xác nhận: {self.link}"] if self.link else []
        return "\n".join(lines)


def reason(counts: Counts) -> str:
    """Why a rule fired, as one Vietnamese sentence made of the figures."""
    parts = [f"{number(counts.count)} lượt nhắc trong {within(counts.window_hours)}"]
    if counts.usual is not None:
        parts.append(f"thường lệ {decimal(counts.usual)}")
    parts.append(f"{number(counts.voices)} nguồn và người lên tiếng")
    if counts.mentions > counts.count:
        parts.append(f"{number(counts.mentions - counts.count)} bài chép lại không tính")
    return ", ".join([*parts, f"{percent(counts.negative_share)} tiêu cực"]) + "."


def digest(messages: Sequence[Message], link: str) -> Message:
    """One message in place of several that were held back."""
    urgency: Priority = "high" if any(message.priority == "high" for message in messages) else "normal"
    parts = tuple(f"{message.headline} ({message.reason.rstrip('.')})" for message in messages)
    return Message(
        event="digest", priority=urgency, headline=f"{number(len(messages))} cảnh báo đang chờ", parts=parts, link=link
    )
