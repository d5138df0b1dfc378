"""Turns contexts into pages: the Jinja2 environment (everything escaped) and the `Page` that a server sends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from sandbox import writing

HTML = "text/html; charset=utf-8"
XML = "application/rss+xml; charset=utf-8"
PLAIN_XML = "application/xml; charset=utf-8"
TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Page:
    """One answer. `modified` is when its content last changed; pages without it get no validators."""

    body: str
    media_type: str = HTML
    status: int = 200
    modified: datetime | None = None
    location: str | None = None


def render(template: str, **context: Any) -> str:
    return _environment.get_template(template).render(**context)


def _lines(text: str) -> Markup:
    return Markup("<br>\n").join(text.strip().split("\n"))


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _cdata(text: str) -> Markup:
    """Text inside CDATA stands as it is; only the closing mark must not occur in it."""
    return Markup(text.replace("]]>", "]]&gt;"))  # noqa: S704 - CDATA is no markup


def _environment_of(folder: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, auto_reload=False
    )
    environment.filters.update(
        cdata=_cdata,
        clock=lambda moment: f"{writing.local(moment):%H:%M}",
        compact=writing.iso_compact,
        epoch=writing.epoch,
        lines=_lines,
        short=writing.short_number,
        slashed=writing.slashed,
        slug=writing.slug,
        utc=_utc,
    )
    return environment


_environment = _environment_of(Path(__file__).parent / "templates")
STYLE = (Path(__file__).parent / "static" / "style.css").read_text(encoding="utf-8")


def picture(number: int) -> str:
    """A plain landscape as SVG, so that pages have images and carry nobody's photograph."""
    hue, level = number * 47 % 360, 250 + number * 13 % 120
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 540" width="960" height="540">'
        f'<rect width="960" height="540" fill="hsl({hue},45%,82%)"/>'
        f'<circle cx="{120 + number * 29 % 700}" cy="130" r="56" fill="hsl({(hue + 40) % 360},80%,90%)"/>'
        f'<path d="M0 {level + 90} L240 {level - 60} L420 {level + 60} L640 {level - 100} L960 {level + 50} '
        f'V540 H0Z" fill="hsl({(hue + 20) % 360},32%,52%)"/>'
        f'<path d="M0 {level + 160} Q320 {level + 60} 600 {level + 150} T960 {level + 110} V540 H0Z" '
        f'fill="hsl({(hue + 60) % 360},30%,38%)"/></svg>'
    )
