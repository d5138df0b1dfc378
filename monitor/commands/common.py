"""What all commands share: the Typer app, the options, how results, progress and errors are said.

Results go to stdout, everything said to people to stderr. Exit 0 done, 1 some of the work failed, 2 wrong input or
usage.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from monitor.installation import Installation
from monitor.settings import Settings, load_settings
from monitor.wording import parse_end, parse_time, rfc3339

app = typer.Typer(
    name="duluan",
    help="Dư Luận: theo dõi thông tin trên Internet về một tỉnh.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
said = Console(stderr=True, highlight=False)
_common: dict[str, Path | None] = {"data": None}


class UsageError(Exception):
    """Wrong input; the message says, in Vietnamese, what to do. Ends the command with exit code 2."""


def read_time(text: str) -> datetime:
    try:
        return parse_time(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def read_end(text: str) -> datetime:
    try:
        return parse_end(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


DataOption = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Thư mục dữ liệu; mặc định DULUAN_DATA hoặc ./data.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="In JSON (tự bật khi đầu ra không phải màn hình).")]
FromOption = Annotated[
    datetime | None, typer.Option("--from", parser=read_time, metavar="T", help="Từ thời điểm này (giờ Việt Nam).")
]
ToOption = Annotated[
    datetime | None,
    typer.Option("--to", parser=read_end, metavar="T", help="Đến thời điểm này; một ngày là hết ngày ấy."),
]
AtOption = Annotated[
    datetime | None, typer.Option("--at", parser=read_time, metavar="T", help="Chỉ dùng những gì đã đăng đến lúc này.")
]
Files = Annotated[list[Path], typer.Argument(metavar="FILE...", exists=True, dir_okay=False, help="Tệp đầu vào.")]


@app.callback()
def common(data: DataOption = None) -> None:
    """Chạy `duluan LỆNH --help` để xem cách dùng từng lệnh."""
    _common["data"] = data


def settings_for(data: Path | None) -> Settings:
    try:
        return load_settings(data or _common["data"])
    except OSError as error:
        raise UsageError(f"không dùng được thư mục dữ liệu {error.filename}: {error.strerror}") from error


def data_given(data: Path | None) -> bool:
    return (data or _common["data"]) is not None


@contextmanager
def opened(data: Path | None) -> Iterator[Installation]:
    """The installation that the options and the environment name."""
    with Installation(settings_for(data)) as installation:
        yield installation


@contextmanager
def uncollected() -> Iterator[None]:
    """Without looking for garbage: what makes a million small objects, no rings of them, and ends soon."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def wants_json(asked: bool) -> bool:
    return asked or not sys.stdout.isatty()


def print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def plain(value: Any) -> Any:
    """Plain JSON of dataclass dicts: times as RFC 3339."""
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value


def print_line(record: Mapping[str, Any]) -> None:
    """One object of a JSONL stream."""
    sys.stdout.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")


def print_table(title: str, header: Sequence[str], rows: Iterable[Sequence[str]], *, to: Console | None = None) -> None:
    """A table for people; cells are plain text, never markup."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for name in header:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(_plain(cell) for cell in row))
    (to or Console(highlight=False)).print(table)


def _plain(cell: str) -> str:
    return cell.replace("[", "\\[")


def warn(message: str) -> None:
    said.print(message, style="yellow", markup=False, soft_wrap=True)


def progress_bar() -> Progress:
    """The bar of long commands; on stderr, gone when nobody watches."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=said, transient=True, disable=not said.is_terminal)
