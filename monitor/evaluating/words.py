"""What figures, slices and labels are called in Vietnamese."""

from __future__ import annotations

from typing import Any

from nlp.annotation import TOPICS

TASKS = {"relevance": "Liên quan", "topics": "Lĩnh vực", "sentiment": "Sắc thái"}
LABELLED = {
    "relevance": "liên quan",
    "topics": "lĩnh vực",
    "main_topic": "lĩnh vực chính",
    "sentiment": "sắc thái",
    "labels": "nhãn khác",
}
MEASURES = {
    "accuracy": "đúng",
    "micro_f1": "F1 gộp (micro)",
    "macro_f1": "F1 trung bình (macro)",
    "main_accuracy": "đúng lĩnh vực chính",
}
SIDES = {"any": "liên quan (1 hoặc 2)", "about": "nói về địa bàn (2)"}
SLICES = {"kind": "loại nguồn", "spelling": "cách gõ", "certainty": "độ chắc của nhãn", "month": "tháng"}
VALUES = {
    "news": "báo chí",
    "people": "mạng xã hội, bình luận",
    "accented": "có dấu",
    "unaccented": "không dấu",
    "sure": "chắc",
    "unsure": "chưa chắc",
}
_LABELS = {
    "relevance": {"0": "0 không liên quan", "1": "1 có nhắc", "2": "2 nói về địa bàn"},
    "sentiment": {"negative": "tiêu cực", "neutral": "trung lập", "positive": "tích cực"},
    "topics": TOPICS,
}


def label(task: str, name: str) -> str:
    return _LABELS.get(task, {}).get(name, name)


def first(report: dict[str, Any]) -> str:
    """The measure that sums a report up."""
    wanted = ("accuracy",) if report["task"] == "relevance" else ("micro_f1", "macro_f1")
    return next(name for name in wanted if name in report["scores"])


def percent(value: float) -> str:
    return f"{100 * value:.1f}".replace(".", ",")


def figure(found: dict[str, float]) -> str:
    """“87,3 (84,1-90,2)”: a figure with its interval, in hundredths."""
    return f"{percent(found['value'])} ({percent(found['low'])}-{percent(found['high'])})"


def verdict(found: dict[str, Any]) -> str:
    """Whether a difference between two models is real, in one sentence."""
    points = percent(abs(found["value"]))
    low, high = percent(found["low"]), percent(found["high"])
    name = MEASURES.get(found["measure"], found["measure"])
    if not found["real"]:
        return f"{name}: chênh {points} điểm, chưa đủ để nói bên nào hơn (khoảng 95 %: {low} đến {high})."
    side = "tốt hơn" if found["value"] > 0 else "kém hơn"
    return f"{name}: {side} {points} điểm, khác biệt là thật (khoảng 95 %: {low} đến {high})."
