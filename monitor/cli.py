"""The console script `duluan`."""

from __future__ import annotations

import sys
from io import TextIOWrapper

from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from crawlers.source import SourceError
from index.port import BadCursor, IndexUnavailable, QueryError
from monitor.commands import collecting, labelling, learning, people, reading, running, sources
from monitor.commands.common import UsageError, app, said
from monitor.people.people import PeopleError
from monitor.running import CannotStart
from nlp.linear import ModelError

__all__ = ["collecting", "labelling", "learning", "main", "people", "reading", "running", "sources"]


def main() -> None:
    """Runs the command line; every expected error is one line on stderr and an exit code."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # JSON is UTF-8 whatever the locale
    try:
        app()
    except (UsageError, QueryError, BadCursor, SourceError, CannotStart, ModelError, PeopleError) as error:
        _fail(str(error), code=2)
    except ValidationError as error:
        first = error.errors()[0]
        name = "".join(f"DULUAN_{part}: ".upper() for part in first["loc"][:1])
        _fail(name + first["msg"].removeprefix("Value error, "), code=2)
    except OperationalError as error:
        _fail(f"kho lưu không trả lời: {str(error.orig).splitlines()[0]}", code=1)
    except IndexUnavailable as error:
        _fail(f"chỉ mục đang gián đoạn, bài vẫn được giữ trong kho: {error}", code=1)


def _fail(message: str, *, code: int) -> None:
    said.print(f"duluan: {message}", style="red", markup=False, soft_wrap=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
