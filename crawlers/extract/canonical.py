"""One address for one text: what the archive keys a post by."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

_TRACKING = re.compile(
    r"^(utm_\w+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|igshid|zarsrc|mc_cid|mc_eid|_ga|_gl|spm|"
    r"vn_(source|medium|campaign|term|thumb)|cmpid|share|shared|ref_src|itm_\w+|at_\w+|__twitter_impression)$",
    re.IGNORECASE,
)
_AMP_FLAGS = {("amp", ""), ("amp", "1"), ("amp", "true"), ("outputtype", "amp")}
_DEFAULT_PORTS = {"http": 80, "https": 443}
_ALIASES = ("www.", "m.", "amp.", "mobile.")
_POST = re.compile(r"^post-\d+$")
_LONGEST = 2_000  # characters; Scrapy asks for no longer ones


def canonical_url(url: str, declared: str | None = None) -> str:
    """The address without tracking, default port, AMP form and fragment (a forum's #post-<id> stays).

    `declared` is the page's own rel=canonical: taken only when it stays on the same site and is not a front page,
    because a wrong one would merge all pages of a site into one post. What is no http(s) address comes back as is.
    """
    own = _split(url)
    if own is None:
        return url.strip()
    if declared:
        given = join(url, declared)
        other = _split(given) if given else None
        if other is not None and _trusted(own, other):
            own = other._replace(fragment=own.fragment)
    return urlunsplit(_normal(own))


def join(base: str, reference: str) -> str | None:
    """The http(s) address that a page at `base` means; None for any other, a broken or an over-long one."""
    try:
        address = urljoin(base, reference.strip())
    except ValueError:
        return None
    return address if address.startswith(("http://", "https://")) and len(address) <= _LONGEST else None


def host(url: str) -> str:
    """Host and port (when not the scheme's own) in small letters; "" for what is no http(s) address."""
    parts = _split(url)
    return _netloc(parts) if parts else ""


def same_site(one: str, other: str) -> bool:
    """Whether both addresses belong to one site: hosts equal but for www., m., amp."""
    a, b = host(one), host(other)
    return bool(a) and _bare(a) == _bare(b)


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url.strip())
        valid = parts.scheme.lower() in _DEFAULT_PORTS and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return None
    return parts if valid else None


def _netloc(parts: SplitResult) -> str:
    name = _ascii((parts.hostname or "").rstrip("."))
    name = f"[{name}]" if ":" in name else name
    port = parts.port
    return name if port is None or port == _DEFAULT_PORTS.get(parts.scheme.lower()) else f"{name}:{port}"


def _ascii(name: str) -> str:
    """The name as the name system knows it (báo.vn: xn--bo-mia.vn), so that both ways of writing it are one site."""
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return name


def _bare(name: str) -> str:
    for alias in _ALIASES:
        if name.startswith(alias) and name.count(".") > 1:
            return name.removeprefix(alias)
    return name


def _trusted(own: SplitResult, other: SplitResult) -> bool:
    if _bare(_netloc(own)) != _bare(_netloc(other)):
        return False
    return other.path.strip("/") != "" or own.path.strip("/") == ""


def _normal(parts: SplitResult) -> tuple[str, str, str, str, str]:
    netloc = _netloc(parts)
    netloc = netloc.removeprefix("amp.") if netloc.count(".") > 1 else netloc
    path = _without_amp(
        quote(unquote(parts.path, errors="surrogateescape"), safe="/%:@!$&'()*+,;=~-._", errors="surrogateescape")
    )
    fragment = parts.fragment if _POST.match(parts.fragment) else ""
    return parts.scheme.lower(), netloc, path or "/", _query(parts.query), fragment


def _without_amp(path: str) -> str:
    if path.startswith("/amp/"):
        path = path[len("/amp") :]
    path = re.sub(r"(?<=.)/amp/?$", "", path)
    return re.sub(r"\.amp(?=(\.html?|\.tpo|\.vnp)?$)", "", path)


def _query(query: str) -> str:
    pairs = [
        (name, value)
        for name, value in parse_qsl(query, keep_blank_values=True)
        if not _TRACKING.match(name) and (name.lower(), value.lower()) not in _AMP_FLAGS
    ]
    return urlencode(sorted(pairs))
