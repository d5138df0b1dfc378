"""Rows of an XLSX file: values as people see them, within limits of size."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
from openpyxl.utils import get_column_letter  # type: ignore[import-untyped]

# A sheet packs to a tenth or so; a bomb to a thousandth. As Apache POI guards it.
MOST_PACKED, FREE_BYTES, MOST_BYTES = 100, 50_000_000, 2_000_000_000
ERRORS = frozenset({"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"})


class WorkbookError(ValueError):
    """A file that is not read; the message is the reason in Vietnamese."""


def read_rows(path: Path) -> Iterator[tuple[int, list[Any] | str]]:
    """The active sheet's rows with cells, counted from 1; a row that cannot be trusted as the reason in Vietnamese.

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
                yield number, _problem(cells, stated) or list(cells)
    finally:
        book.close()
        if beside is not None:
            beside.close()


def _problem(cells: tuple[Any, ...], stated: tuple[Any, ...]) -> str:
    """Why the row is not what people saw; "" when it is. `stated`: with formulas instead of their values."""
    for column, cell in enumerate(cells, start=1):
        if cell in ERRORS:
            return f"ô cột {get_column_letter(column)} có lỗi {cell}"
        if cell is None and column <= len(stated) and stated[column - 1] is not None:
            return f"ô cột {get_column_letter(column)} là công thức chưa có giá trị; mở tệp bằng Excel rồi lưu lại"
    return ""


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
