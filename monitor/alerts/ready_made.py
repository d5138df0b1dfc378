"""The rules that an installation begins with. People change or delete them like their own."""

from __future__ import annotations

from monitor.alerts.rule import QuietHours, Rule
from monitor.alerts.rule_store import RuleStore

BY = "hệ thống"
_NIGHT = QuietHours()

READY_MADE: dict[str, Rule] = {
    "ready-rising": Rule(name="Vụ việc đang nổi", basis="issue", priority="high", min_count=3, quiet=_NIGHT),
    "ready-disaster": Rule(
        name="Thiên tai gây thiệt hại",
        query=(
            '"sạt lở" OR "lũ quét" OR "lũ ống" OR "ngập sâu" OR "nước lũ" OR "vỡ đập" OR "vỡ đê" OR "tràn đập"'
            ' OR "lốc xoáy" OR "mưa đá" OR "cô lập" OR "sơ tán" OR "di dời" OR "chạy lũ" OR "cuốn trôi" OR "tốc mái"'
            ' OR ((bão OR lũ OR mưa) AND "thiệt hại")'
        ),
        topics=("disaster",),
        window_hours=12,
        min_count=2,
        negative_share=0.5,
        priority="urgent",
    ),
    "ready-deaths": Rule(
        name="Tai nạn chết người",
        query=(
            '("tai nạn" OR "va chạm" OR "lật xe" OR "lật thuyền" OR "lật ghe" OR "chìm tàu" OR "chìm thuyền"'
            ' OR "đuối nước") AND (chết OR "tử vong" OR "thiệt mạng" OR "mất tích" OR "tử nạn")'
        ),
        topics=("traffic", "security"),
        priority="urgent",
    ),
    "ready-poisoning": Rule(
        name="Ngộ độc", query='"ngộ độc" OR "nhiễm độc" OR (nhập NEAR/1 viện AND "sau khi ăn")', priority="urgent"
    ),
    "ready-services": Rule(
        name="Phàn nàn về dịch vụ công",
        topics=("public_services",),
        per="all",
        window_hours=24,
        min_count=4,
        negative_share=0.6,
        priority="high",
        quiet=_NIGHT,
    ),
    "ready-border": Rule(
        name="Biên giới, bom mìn",
        query=(
            '"bom mìn" OR "vật liệu nổ" OR "quả bom" OR "mìn nổ" OR "bom nổ"'
            ' OR ("biên giới" AND ("nổ súng" OR "buôn lậu" OR "ma túy" OR "vượt biên" OR "xâm nhập"))'
        ),
        topics=("defense", "security"),
        negative_share=0.5,
        priority="high",
        quiet=_NIGHT,
    ),
}


def install(rules: RuleStore) -> None:
    """Puts the ready-made rules in, once in an installation's life: those that people deleted stay deleted."""
    if not rules.ever_had_rules():
        for id, rule in READY_MADE.items():
            rules.put_rule(rule, by=BY, id=id)
