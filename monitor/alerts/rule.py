"""What an alert rule is, and its sentence in Vietnamese."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from index.limits import MAX_CHARACTERS
from monitor.wording import VIETNAM, decimal, number, percent, within

Priority = Literal["urgent", "high", "normal"]
Basis = Literal["query", "issue"]
Per = Literal["story", "all"]
PRIORITY_WORDS: dict[Priority, str] = {"urgent": "khẩn", "high": "cao", "normal": "thường"}
PRIORITIES: tuple[Priority, ...] = ("urgent", "high", "normal")
Id = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")]


class QuietHours(BaseModel):
    """From `start` to `end`, both in Việt Nam; over midnight when `end` is the earlier."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: time = time(22)
    end: time = time(6)

    def ends(self, at: datetime) -> datetime | None:
        """When the quiet hours that hold at this moment end (UTC); None outside them."""
        local = at.astimezone(VIETNAM)
        clock = local.time().replace(tzinfo=None)
        over_midnight = self.end <= self.start
        inside = clock >= self.start or clock < self.end if over_midnight else self.start <= clock < self.end
        if not inside or self.start == self.end:
            return None
        day = local.date() + timedelta(days=over_midnight and clock >= self.start)
        return datetime.combine(day, self.end, VIETNAM).astimezone(UTC)


class Rule(BaseModel):
    """A rule as a person made it. All conditions must hold; a condition left out holds always.

    `basis` says what is watched: the mentions that a query finds, or the issues that rise. `per` says whether each
    story is judged by itself or all found mentions together. `min_ratio` compares with the same rule's own last
    28 days; `min_score` is an issue's score.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    name: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    enabled: bool = True
    basis: Basis = "query"
    query: Annotated[str, StringConstraints(max_length=MAX_CHARACTERS)] = ""
    topics: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    per: Per = "story"
    window_hours: int = Field(24, ge=1, le=168)
    min_count: int = Field(1, ge=1, le=10_000)
    min_ratio: float | None = Field(None, ge=1, le=1000)
    negative_share: float | None = Field(None, gt=0, le=1)
    first_mention: bool = False
    min_score: float | None = Field(None, ge=0, le=1)
    priority: Priority = "normal"
    recipients: tuple[Id, ...] = ()
    quiet: QuietHours | None = QuietHours()
    escalate_after_minutes: int | None = Field(None, ge=5, le=2880)
    escalate_to: tuple[Id, ...] = ()
    snoozed_until: datetime | None = None

    @model_validator(mode="after")
    def _conditions_fit_the_basis(self) -> Self:
        if self.basis == "query" and not (self.query or self.topics or self.places or self.kinds):
            raise ValueError("Hãy nhập từ khóa, hoặc chọn ít nhất một lĩnh vực, địa bàn hay loại nguồn.")
        if self.basis == "query" and self.min_score is not None:
            raise ValueError("Điểm vụ việc chỉ dùng cho quy tắc theo vụ việc đang nổi.")
        if self.basis == "issue" and (self.query or self.min_ratio or self.first_mention):
            raise ValueError("Quy tắc theo vụ việc đang nổi không dùng từ khóa, bội số hay “lần đầu xuất hiện”.")
        if self.min_ratio is not None and self.per == "story":
            raise ValueError("Bội số so với thường lệ cần tính chung mọi lượt nhắc, không tính theo từng vụ việc.")
        if bool(self.escalate_to) != (self.escalate_after_minutes is not None):
            raise ValueError("Chuyển cấp cần cả số phút chờ và người nhận.")
        return self

    @property
    def window(self) -> timedelta:
        return timedelta(hours=self.window_hours)

    def is_awake(self, at: datetime) -> bool:
        return self.enabled and (self.snoozed_until is None or at >= self.snoozed_until)

    def held_until(self, at: datetime) -> datetime | None:
        """Until when quiet hours hold what this rule says at this moment; urgent rules are never held."""
        return self.quiet.ends(at) if self.quiet and self.priority != "urgent" else None


def conditions(rule: Rule) -> str:
    """A rule's conditions in one Vietnamese phrase, for lists and for “xem thử”."""
    if rule.basis == "issue":
        parts = ["khi có vụ việc đang nổi"]
        parts += [f"điểm từ {decimal(rule.min_score)}"] if rule.min_score is not None else []
        parts += [f"từ {number(rule.min_count)} lượt nhắc"] if rule.min_count > 1 else []
    else:
        about = "mỗi vụ việc" if rule.per == "story" else "tất cả"
        parts = [f"từ {number(rule.min_count)} lượt nhắc trong {within(rule.window_hours)}, tính {about}"]
        parts += [f"gấp {decimal(rule.min_ratio)} lần thường lệ"] if rule.min_ratio is not None else []
        parts += ["lần đầu xuất hiện trong 30 ngày"] if rule.first_mention else []
    parts += [f"tiêu cực từ {percent(rule.negative_share)}"] if rule.negative_share is not None else []
    return ", ".join(parts)
