"""The reports as one page that needs nothing else: no scripts, charts as SVG, every text escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from monitor.evaluating import words
from monitor.wording import VIETNAM

_SIDE, _LEFT, _TOP, _INNER = 340, 52, 12, 270  # pixels of the reliability chart: whole, its axes, its field
_TICKS = (0, 25, 50, 75, 100)


def page(reports: Sequence[dict[str, Any]], at: datetime) -> str:
    """HTML of the reports."""
    source = (Path(__file__).parent / "page.html").read_text(encoding="utf-8")
    template = Environment(autoescape=True).from_string(source)
    moment = at.astimezone(VIETNAM).strftime("%H:%M %d/%m/%Y")
    charts = {"bar": _bar, "reliability": _reliability}
    return template.render(reports=reports, at=moment, words=words, chart=charts)


def _bar(found: Mapping[str, float], name: str) -> Markup:
    """A figure as a bar from 0 to 100, its interval as a line over it; as wide as its cell."""
    value, low, high = (f"{100 * found[part]:.1f}%" for part in ("value", "low", "high"))
    said = f"{name} {words.figure(dict(found))}"
    return Markup(
        '<svg role="img" aria-label="{}"><rect width="100%" y="6" height="2" fill="var(--line)"/>'
        '<rect width="{}" y="2" height="10" fill="var(--bar)"/>'
        '<line x1="{}" x2="{}" y1="7" y2="7" stroke="var(--range)" stroke-width="3"/></svg>'
    ).format(said, value, low, high)


def _reliability(report: Mapping[str, Any]) -> Markup:
    """How often predictions of a confidence were right."""
    bottom, right = _TOP + _INNER, _LEFT + _INNER
    parts = [
        f'<rect x="{_LEFT}" y="{_TOP}" width="{_INNER}" height="{_INNER}" fill="none" stroke="var(--line)"/>',
        f'<line x1="{_LEFT}" y1="{bottom}" x2="{right}" y2="{_TOP}" stroke="var(--soft)" stroke-dasharray="4"/>',
        f'<text x="{_LEFT + _INNER / 2}" y="{_SIDE - 8}" text-anchor="middle">mô hình chắc bao nhiêu %</text>',
        f'<text x="12" y="{_TOP + _INNER / 2}" text-anchor="middle" transform="rotate(-90 12 {_TOP + _INNER / 2})">'
        "đúng bao nhiêu %</text>",
    ]
    for tick in _TICKS:
        x, y = _LEFT + _INNER * tick / 100, bottom - _INNER * tick / 100
        parts.append(f'<text x="{x:.0f}" y="{bottom + 18}" text-anchor="middle">{tick}</text>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.0f}" text-anchor="end">{tick}</text>')
    bins = report["calibration"]["bins"]
    most = max((each["cases"] for each in bins), default=1)
    for each in bins:
        x, y = _LEFT + _INNER * each["sure"], bottom - _INNER * each["right"]
        title = f"{words.percent(each['sure'])} % chắc, {words.percent(each['right'])} % đúng, {each['cases']} bài"
        radius = 3 + 7 * (each["cases"] / most) ** 0.5
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="var(--bar)"><title>{title}</title></circle>'
        )
    head = f'<svg class="reliability" viewBox="0 0 {_SIDE} {_SIDE}" role="img" aria-label="Độ chắc và độ đúng">'
    return Markup(head + "".join(parts) + "</svg>")  # noqa: S704 (numbers and words of ours only)
