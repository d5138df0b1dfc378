"""Tells a challenge (a page for browsers and people only) from a page. Pure; none is ever passed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from crawlers.extract.text import line, parse

_BODY = 60_000  # characters looked at: challenges are small and say what they are early
_TINY = 4_000
_MARKERS = (
    ("cloudflare", re.compile(r"<title>\s*(Just a moment|Attention Required! \| Cloudflare)|cf-browser-verification|"
                              r"/cdn-cgi/challenge-platform/h/|cf_chl_opt|__cf_chl_", re.IGNORECASE)),
    ("captcha", re.compile(r"<title>[^<]*(captcha|robot check|are you (a )?human|xác minh bạn)", re.IGNORECASE)),
    ("ddos-guard", re.compile(r"ddos-guard|sucuri_cloudproxy_js|_Incapsula_Resource|stackpath|imperva", re.IGNORECASE)),
)  # fmt: skip
_CAPTCHA_FORM = re.compile(r"(g-recaptcha|h-captcha|cf-turnstile|data-sitekey)", re.IGNORECASE)
_SETS_COOKIE = re.compile(r"document\.cookie\s*=", re.IGNORECASE)
_RELOADS = re.compile(
    r"location\.(reload|replace|href)|window\.location\s*=|location\s*=|http-equiv=[\"']?refresh", re.IGNORECASE
)
_SUSPECT_STATUS = frozenset({401, 403, 405, 429, 503})


def challenge(status: int, headers: Mapping[str, str], body: str | bytes) -> str | None:
    """What kind of challenge the response is, None for a page. `headers` with lower-case names."""
    if headers.get("cf-mitigated", "").lower() == "challenge":
        return "cloudflare"
    if len(body) > _BODY and status not in _SUSPECT_STATUS:
        return None
    head = body[:_BODY].decode("utf-8", "replace") if isinstance(body, bytes) else body[:_BODY]
    visible = _visible(head) if len(body) < _TINY or status in _SUSPECT_STATUS else None
    for kind, marker in _MARKERS:
        # On a full page these words may be the topic or a harmless script; on an error or a tiny page they are not.
        if marker.search(head) and (status in _SUSPECT_STATUS or len(_visible(head)) < 1_000):
            return kind
    if visible is None or len(visible) > 400:
        return None
    if _CAPTCHA_FORM.search(head):
        return "captcha"
    if len(body) < _TINY and "<script" in head.lower():
        if _SETS_COOKIE.search(head) and (_RELOADS.search(head) or len(visible) < 80):
            return "javascript-cookie"
        if len(visible) < 20 and _RELOADS.search(head):
            return "javascript-only"
    return None


def _visible(html: str) -> str:
    # By the parser: patterns over whole elements take quadratic time on tags that never end.
    return line(parse(html).body)
