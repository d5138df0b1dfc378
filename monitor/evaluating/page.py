"""The reports as one page that needs nothing else: no scripts, charts as SVG, every text escaped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup, escape

from monitor.evaluating import words
from monitor.wording import VIETNAM

_ROW, _LEFT, _WIDTH = 22, 190, 640  # pixels of a bar's row, of its name, of the chart
_SIDE = 320  # pixels of the reliability chart


def page(reports: Sequence[dict[str, Any]], at: datetime) -> str:
    """HTML of the reports."""
    source = (Path(__file__).parent / "page.html").read_text(encoding="utf-8")
    template = Environment(autoescape=True).from_string(source)
    moment = at.astimezone(VIETNAM).strftime("%H:%M %d/%m/%Y")
    charts = {"bars": _bars, "reliability": _reliability}
    return template.render(reports=reports, at=moment, words=words, chart=charts)


def _bars(report: dict[str, Any]) -> Markup:
    """F1 of each label with its interval."""
    labels = report["labels"]
    scale = _WIDTH - _LEFT - 60
    parts = []
    for place, each in enumerate(labels):
        f1, top = each["f1"], place * _ROW
        name = escape(words.label(report["task"], each["label"]))
        low, high = _LEFT + scale * f1["low"], _LEFT + scale * f1["high"]
        parts.append(
            f'<text x="{_LEFT - 8}" y="{top + 15}" text-anchor="end">{name}</text>'
            f'<rect x="{_LEFT}" y="{top + 5}" width="{scale * f1["value"]:.1f}" height="12" fill="var(--bar)"/>'
            f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{top + 11}" y2="{top + 11}" stroke="var(--ink)"/>'
            f'<text x="{high + 6:.1f}" y="{top + 15}">{words.percent(f1["value"])}</text>'
        )
    size = f'viewBox="0 0 {_WIDTH} {_ROW * len(labels)}" width="{_WIDTH}"'
    return Markup(f'<svg {size} role="img" aria-label="F1 của từng nhãn">{"".join(parts)}</svg>')  # noqa: S704


def _reliability(report: dict[str, Any]) -> Markup:
    """How often predictions of a confidence were right."""
    inner = _SIDE - 60
    parts = [
        f'<line x1="45" y1="{inner + 10}" x2="{inner + 45}" y2="10" stroke="var(--line)"/>',
        f'<rect x="45" y="10" width="{inner}" height="{inner}" fill="none" stroke="var(--line)"/>',
        f'<text x="{45 + inner / 2}" y="{_SIDE - 12}" text-anchor="middle">mô hình chắc bao nhiêu</text>',
        f'<text x="14" y="{10 + inner / 2}" text-anchor="middle" transform="rotate(-90 14 {10 + inner / 2})">'
        "đúng bao nhiêu</text>",
    ]
    most = max((each["cases"] for each in report["calibration"]["bins"]), default=1)
    for each in report["calibration"]["bins"]:
        x, y = 45 + inner * each["sure"], 10 + inner * (1 - each["right"])
        title = f"{words.percent(each['sure'])} chắc, {words.percent(each['right'])} đúng, {each['cases']} bài"
        radius = 3 + 7 * (each["cases"] / most) ** 0.5
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="var(--bar)"><title>{title}</title></circle>'
        )
    size = f'viewBox="0 0 {_SIDE} {_SIDE}" width="{_SIDE}"'
    return Markup(f'<svg {size} role="img" aria-label="Độ chắc và độ đúng">{"".join(parts)}</svg>')  # noqa: S704
