"""Rows of an XLSX file: values as people see them, within limits of size."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
from openpyxl.utils import get_column_letter  # type: ignore[import-untyped]

# A sheet packs to a tenth or so; a bomb to a thousandth. As Apache POI guards it.
MOST_PACKED, FREE_BYTES, MOST_BYTES = 100, 50_000_000, 2_000_000_000
ERRORS = frozenset({"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"})


class WorkbookError(ValueError):
    """A file that is not read; the message is the reason in Vietnamese."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A cell whose value is not what its writer meant, and why (Vietnamese)."""

    reason: str


def read_rows(path: Path) -> Iterator[tuple[int, list[Any]]]:
    """The cells of the active sheet's rows, counted from 1; empty rows are left out.

    Raises WorkbookError, and what zipfile and openpyxl raise for a file that is no workbook.
    """
    formulas = _looked_over(path)
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    beside = openpyxl.load_workbook(path, read_only=True) if formulas else None
    try:
        rows = book.active.iter_rows(values_only=True) if book.active is not None else ()
        written = beside.active.iter_rows(values_only=True) if beside is not None and beside.active else None
        for number, cells in enumerate(rows, start=1):
            stated = next(written, ()) if written is not None else ()
            if any(cell not in (None, "") for cell in (*cells, *stated)):
                yield number, [_value(*each) for each in enumerate(zip_longest(cells, stated), start=1)]
    finally:
        book.close()
        if beside is not None:
            beside.close()


def _value(column: int, cell: tuple[Any, Any]) -> Any:
    """`cell`: its value, and the same with the formula in place of its value."""
    value, written = cell
    if value in ERRORS:
        return Unread(f"ô cột {get_column_letter(column)} có lỗi {value}")
    if value is None and written is not None:
        return Unread(f"ô cột {get_column_letter(column)} là công thức chưa có giá trị; mở tệp bằng Excel rồi lưu lại")
    return value


def _looked_over(path: Path) -> bool:
    """Whether a sheet has formulas. Raises WorkbookError for a file that unpacks to far more than a workbook would."""
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        bomb = any(each.file_size > max(FREE_BYTES, MOST_PACKED * each.compress_size) for each in parts)
        if bomb or sum(each.file_size for each in parts) > MOST_BYTES:
            raise WorkbookError("tệp quá lớn sau khi giải nén")
        return any(_has_formula(archive, each) for each in parts if each.filename.startswith("xl/worksheets/"))


def _has_formula(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    with archive.open(part) as sheet:
        end = b""
        while block := sheet.read(1 << 20):
            if b"<f>" in (end + block) or b"<f " in (end + block):
                return True
            end = block[-2:]
    return False
