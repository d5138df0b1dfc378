"""URLs as each page family really builds them, and the patterns that tell articles from other pages."""

from __future__ import annotations

from datetime import UTC, datetime

from sandbox.writing import hash_hex, local, slug

# Regular expressions over the URL's path, as `article_url` of a source record wants them.
ARTICLE_PATTERNS = {
    "vccorp": r"-\d{15,20}\.htm$",
    "hemera": r"-post\d+\.html$",
    "baoquangbinh": r"^/[a-z0-9-]+(/[a-z0-9-]+)?/\d{6}/[a-z0-9-]+-[0-9a-f]{7}/?$",
    "wordpress": r"^/\d{4}/\d{2}/[a-z0-9-]+/?$",
    "vnexpress": r"-\d{7}\.html$",
    "xenforo": r"^/threads/[a-z0-9.-]+\.\d+/?$",
    "telegram": r"^/[A-Za-z0-9_]+/\d+$",
}
# The minutes since this moment number the articles of two families: seven digits, growing, unlike in two runs.
NUMBERED_SINCE = datetime(2016, 1, 1, tzinfo=UTC)


def article_path(family: str, section: str, title: str, published: datetime, number: int, seed: str) -> str:
    """The path of an article. `number` is its number within the outlet (see `minute_number`)."""
    name, when = slug(title), local(published)
    match family:
        case "vccorp":
            return f"/{name}-188{when:%y%m%d%H%M%S}{int(hash_hex(seed)[:6], 16) % 1000:03}.htm"
        case "hemera":
            return f"/{name}-post{number}.html"
        case "baoquangbinh":
            return f"/{slug(section)}/{when:%Y%m}/{name}-{hash_hex(seed, published)[:7]}/"
        case "wordpress":
            return f"/{when:%Y/%m}/{name}/"
        case "vnexpress":
            return f"/{name}-{number}.html"
        case _:
            raise ValueError(f"no such family: {family}")


def minute_number(published: datetime) -> int:
    return int((published - NUMBERED_SINCE).total_seconds() // 60)


def section_path(family: str, section: str, page: int = 1) -> str:
    """The path of a section's listing page; the empty section is the stream of everything new."""
    name = slug(section) or {"vnexpress": "tin-tuc-24h", "wordpress": ""}.get(family, "tin-moi")
    match family:
        case "vccorp":
            return f"/{name}.htm" if page == 1 else f"/timeline/{name}/trang-{page}.htm"
        case "hemera":
            return f"/{name}/" if page == 1 else f"/{name}/trang-{page}.html"
        case "baoquangbinh":
            return f"/{name}/" if page == 1 else f"/{name}/?page={page}"
        case "wordpress":
            base = f"/category/{name}/" if name else "/"
            return base if page == 1 else f"{base}page/{page}/"
        case "vnexpress":
            return f"/{name}" if page == 1 else f"/{name}-p{page}"
        case _:
            raise ValueError(f"no such family: {family}")
