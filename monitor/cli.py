"""The console script `duluan`."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from pkgutil import iter_modules

from monitor import commands

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
    gc.disable()  # what modules define stays: looking through it again and again is an eighth of the time to start
    load(sys.argv[1:])
    gc.freeze()
    gc.enable()
    from monitor.commands.common import app, said

    try:
        app()
    except Exception as error:
        expected = _explained(error)
        if expected is None:
            raise
        message, code = expected
        said.print(f"duluan: {message}", style="red", markup=False, soft_wrap=True)
        sys.exit(code)


def _explained(error: Exception) -> tuple[str, int] | None:
    """What to say of an expected error, and the exit code; None for any other."""
    from pydantic import ValidationError
    from sqlalchemy.exc import OperationalError

    from index.port import IndexUnavailable

    if isinstance(error, ValidationError):
        first = error.errors()[0]
        name = "".join(f"DULUAN_{part}: ".upper() for part in first["loc"][:1])
        return name + first["msg"].removeprefix("Value error, "), 2
    if isinstance(error, OperationalError):
        return f"kho lưu không trả lời: {str(error.orig).splitlines()[0]}", 1
    if isinstance(error, IndexUnavailable):
        return f"chỉ mục đang gián đoạn, bài vẫn được giữ trong kho: {error}", 1
    return (str(error), 2) if isinstance(error, _wrong_input()) else None


def _wrong_input() -> tuple[type[Exception], ...]:
    """What says by itself what was wrong with the input; loaded only once something went wrong."""
    from crawlers.source import SourceError
    from index.port import BadCursor, QueryError
    from monitor.commands.common import UsageError
    from monitor.people.people import PeopleError
    from monitor.running import CannotStart
    from nlp.linear import ModelError

    return (UsageError, QueryError, BadCursor, SourceError, CannotStart, ModelError, PeopleError)


if __name__ == "__main__":
    main()
