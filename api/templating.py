"""Turns page data into HTML: the Jinja environment with the filters that say figures, times and text from outside."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from api import charts, svg, words
from api.models import Marked
from api.reader import Reader
from api.searching import Search
from api.views.freshness import Freshness, freshness
from monitor.alerts.store import AlertStore
from monitor.people.roles import ROLE_WORDS, SCOPE_WORDS, Role
from monitor.wording import decimal, full, in_vietnam, number, percent, rfc3339, when

FOLDER = Path(__file__).parent / "templates"
NAVIGATION = (
    ("/", "Tổng quan", Role.viewer),
    ("/stories", "Vụ việc", Role.viewer),
    ("/alerts", "Cảnh báo", Role.viewer),
    ("/search", "Tìm kiếm", Role.viewer),
    ("/sources", "Nguồn tin", Role.viewer),
    ("/wall", "Màn hình", Role.viewer),
    ("/admin", "Quản trị", Role.admin),
    ("/help", "Trợ giúp", Role.viewer),
)
log = logging.getLogger("duluan.api")


class Templates:
    """Renders pages of one installation."""

    def __init__(self, reader: Reader, *, charts_version: str) -> None:
        self._reader = reader
        self._alerts = AlertStore(reader.it.engine)
        self._env = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._env.globals.update(
            words=words,
            svg=svg,
            charts=charts,
            names=reader.names,
            Search=Search,
            roles=ROLE_WORDS,
            scopes=SCOPE_WORDS,
            themes={name: charts.theme(name) for name in charts.TOKENS},
            locale=charts.LOCALE,
            charts_version=charts_version,
        )
        self._env.filters.update(
            number=number,
            decimal=decimal,
            percent=lambda share: percent(round(share, 2)),
            when=lambda moment: when(moment, reader.now()),
            full=full,
            rfc3339=rfc3339,
            clock=lambda moment: f"{in_vietnam(moment):%H:%M}",
            day=lambda moment: f"{in_vietnam(moment):%Y-%m-%d}",
            last_day=lambda moment: f"{in_vietnam(moment) - timedelta(seconds=1):%Y-%m-%d}",
            marked=marked,
            tidy=tidy,
            code=code,
            outside=outside,
            lookup=lambda code, table: table.get(code, code),
            zip=lambda first, second: list(zip(first, second, strict=True)),
            data=data,
        )

    def render(self, template: str, request: Request, **context: Any) -> str:
        """The HTML of a page."""
        me = request.app.state.guard.identify(request)
        shared = {
            "path": request.url.path,
            "twin": twin(request),
            "me": me,
            "navigation": [(address, name) for address, name, role in NAVIGATION if me.may(role)],
            "fresh": self._freshness() if me.may(Role.viewer) else None,
            "open_alerts": self._open_alerts() if me.may(Role.viewer) else 0,
            "now": self._reader.now(),
        }
        return self._env.get_template(template).render(**shared, **context)

    def _open_alerts(self) -> int:
        """How many alerts nobody acknowledged; 0 when that cannot be said."""
        try:
            return self._reader.kept("open alerts", lambda: self._alerts.alerts(states=("open",), limit=1)[1])
        except Exception:
            log.exception("open alerts cannot be counted")
            return 0

    def _freshness(self) -> Freshness | None:
        """None when even that cannot be said; an error page must still appear then."""
        try:
            return freshness(self._reader)
        except Exception:
            log.exception("freshness cannot be told")
            return None


def twin(request: Request) -> str:
    """The address of the page's JSON twin."""
    path = request.url.path
    query = f"?{request.url.query}" if request.url.query else ""
    return ("/index" if path == "/" else path) + ".json" + query


def marked(text: Marked) -> Markup:
    """Text from outside with its matches marked; everything is escaped piece by piece."""
    found, done = [], 0
    for start, end in text.spans:
        found += [escape(text.text[done:start]), Markup("<mark>"), escape(text.text[start:end]), Markup("</mark>")]
        done = end
    return Markup("").join([*found, escape(text.text[done:])])


def tidy(text: str) -> str:
    """A sentence of our own whose percent signs stay with their figures at the end of a line."""
    return text.replace(" %", "\u00a0%")


def code(text: str) -> Markup:
    """Text with `backticks` as code."""
    parts = [escape(part) for part in text.split("`")]
    return Markup("").join(Markup("<code>%s</code>") % part if n % 2 else part for n, part in enumerate(parts))


def outside(url: str) -> str | None:
    """An address that may be linked to: http or https with a host, nothing else."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    return url.strip() if parts.scheme in ("http", "https") and parts.netloc else None


def data(value: Any) -> Markup:
    """JSON for a data block; `<`, `>` and `&` are written as escapes, so that no text can end the block."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)  # noqa: S704 - the letters that could form markup were replaced


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return rfc3339(value)
    raise TypeError(f"not JSON: {type(value).__name__}")
