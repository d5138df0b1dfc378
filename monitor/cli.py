"""The console script `duluan`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from pkgutil import iter_modules

from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from monitor import commands
from monitor.commands.common import UsageError, app, said

# Commands that must answer at once are loaded alone: the others bring Scrapy and the models with them.
QUICK = {"issues": "rising", "backtest": "rising", "up": "running", "demo": "running", "worker": "running"}


def load(arguments: Sequence[str] = ()) -> None:
    """Registers the command that the arguments name, or all commands."""
    every = [module.name for module in iter_modules(commands.__path__)]
    for module in [QUICK[name]] if (name := _command(arguments)) in QUICK else every:
        import_module(f"monitor.commands.{module}")


def _command(arguments: Sequence[str]) -> str:
    """The first word that is neither an option nor the folder that `--data` names."""
    words = iter(arguments)
    for word in words:
        if word == "--data":
            next(words, None)
        elif not word.startswith("-"):
            return word
    return ""


def main() -> None:
    """Runs the command line; every expected error is one line on stderr and an exit code."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # JSON is UTF-8 whatever the locale
    load(sys.argv[1:])
    try:
        app()
    except ValidationError as error:
        first = error.errors()[0]
        name = "".join(f"DULUAN_{part}: ".upper() for part in first["loc"][:1])
        _fail(name + first["msg"].removeprefix("Value error, "), code=2)
    except OperationalError as error:
        _fail(f"kho lưu không trả lời: {str(error.orig).splitlines()[0]}", code=1)
    except Exception as error:
        from index.port import IndexUnavailable

        if isinstance(error, IndexUnavailable):
            _fail(f"chỉ mục đang gián đoạn, bài vẫn được giữ trong kho: {error}", code=1)
        if isinstance(error, _wrong_input()):
            _fail(str(error), code=2)
        raise


def _wrong_input() -> tuple[type[Exception], ...]:
    """What says by itself what was wrong with the input; loaded only once something went wrong."""
    from crawlers.source import SourceError
    from index.port import BadCursor, QueryError
    from monitor.people.people import PeopleError
    from monitor.running import CannotStart
    from nlp.linear import ModelError

    return (UsageError, QueryError, BadCursor, SourceError, CannotStart, ModelError, PeopleError)


def _fail(message: str, *, code: int) -> None:
    said.print(f"duluan: {message}", style="red", markup=False, soft_wrap=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
