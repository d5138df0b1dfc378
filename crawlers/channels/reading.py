"""Careful reading of what services answer: every value may be missing, of another type, or hostile."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from crawlers.extract.dates import parse_date
from crawlers.extract.text import Node, Tree, paragraphs, remove
from crawlers.extract.text import parse as parse_html

# A member who is addressed: monitored is what is said, not who talks to whom. Addresses of mail are left.
_HANDLE = re.compile(r"(?<![\w.@/])@[\w](?:[\w.\-]*\w)?(?:@[\w.\-]+\w)?", re.UNICODE)
_MOST_COUNT = 10**12
_LONGEST = 500_000  # characters of one text, as the archive keeps


def at(value: Any, *path: str | int) -> Any:
    """What stands at a path of keys and places; None where it leads nowhere."""
    for part in path:
        if isinstance(part, str):
            value = value.get(part) if isinstance(value, dict) else None
        else:
            value = value[part] if isinstance(value, list) and -len(value) <= part < len(value) else None
    return value


def text(value: Any) -> str:
    return value[:_LONGEST] if isinstance(value, str) else ""


def identity(value: Any) -> str:
    """An id as services write them, number or text; "" for what is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and 0 < len(value) <= 200 and value.isprintable() else ""


def records(value: Any) -> Iterator[Mapping[str, Any]]:
    """The objects of a list; nothing of anything else."""
    if isinstance(value, list):
        yield from (each for each in value if isinstance(each, dict))


def count(value: Any) -> int | None:
    """A count of reactions, written as number or digits; None for what is none."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < _MOST_COUNT else None


def counts(**given: Any) -> dict[str, int]:
    """The counts that are known."""
    return {name: number for name, value in given.items() if (number := count(value)) is not None}


def moment(value: Any) -> datetime | None:
    """An aware time from a text or seconds since 1970; None for what is none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value, UTC)
        except (OverflowError, OSError, ValueError):
            return None
    found = parse_date(text(value)[:100])
    return found.at if found else None


def spoken(value: Any) -> str:
    """Plain text of a post, paragraph by paragraph, without the handles of who is addressed."""
    lines = (" ".join(_HANDLE.sub("", line).split()) for line in text(value).splitlines())
    return "\n".join(line for line in lines if line)


def spoken_html(value: Any, drop: tuple[str, ...] = ()) -> str:
    """The same of a fragment of HTML; `drop`: selectors of what the writer did not say."""
    tree: Tree = parse_html(f"<body>{text(value)}</body>")
    body: Node | None = tree.body
    if body is None:
        return ""
    remove(body, drop)
    return spoken("\n".join(paragraphs(body)))
