"""Posts from files that people bring: "Post in" rows of CSV, JSONL and XLSX, each accepted or rejected by line."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import json
import re
import zipfile
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any, AnyStr

from openpyxl.utils.exceptions import InvalidFileException  # type: ignore[import-untyped]

from crawlers.extract.canonical import canonical_url, host
from crawlers.extract.dates import VIETNAM, parse_date
from crawlers.extract.text import clean
from crawlers.post import KINDS, Kind, Post, missing_text
from crawlers.workbooks import Unread, WorkbookError, read_rows

MAX_LINE = 1_000_000  # bytes
MAX_SPAN = 1_000  # lines of one quoted field
FIELDS = ("id", "url", "source", "kind", "title", "lead", "summary", "body", "author", "published_at")
LONGEST = {"id": 64, "source": 120}  # characters; the archive's columns
_EMPTY = "import"


@dataclass(frozen=True, slots=True)
class Imported:
    """A row that became a post; lines count from 1, a header's included."""

    line: int
    post: Post


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that did not, and why (Vietnamese). Line 0: the file as a whole."""

    file: str
    line: int
    reason: str


class _Bad(ValueError):
    """A record that cannot be a post; the message is the reason in Vietnamese."""


_TOO_LONG = _Bad(f"dòng dài quá {MAX_LINE:,} byte".replace(",", "."))


def read_posts(path: str | Path) -> Iterator[Imported | Rejected]:
    """The file's rows in order; by extension .csv, .tsv, .jsonl, .ndjson, .json lines or .xlsx. Never raises."""
    path = Path(path)
    kind = path.suffix.lower()
    try:
        if kind in (".jsonl", ".ndjson", ".json"):
            rows = _json_rows(path)
        elif kind in (".csv", ".tsv", ".txt"):
            rows = _csv_rows(path)
        elif kind in (".xlsx", ".xlsm"):
            rows = _xlsx_rows(path)
        else:
            yield Rejected(str(path), 0, f"không hỗ trợ loại tệp {kind or 'không có đuôi'}; dùng CSV, JSONL hoặc XLSX")
            return
        yield from _posts(str(path), rows)
    except OSError as error:
        yield Rejected(str(path), 0, f"không đọc được tệp: {error.strerror or error}")
    except WorkbookError as error:
        yield Rejected(str(path), 0, str(error))
    except (zipfile.BadZipFile, InvalidFileException, KeyError, csv.Error) as error:
        yield Rejected(str(path), 0, f"tệp hỏng hoặc sai định dạng: {error}")


def post_of(record: Mapping[str, Any]) -> Post:
    """The post of one "Post in" record. Raises ValueError with the reason in Vietnamese."""
    if missing_text(record):
        raise _Bad("không có nội dung: cần ít nhất một trong title, lead, body")
    url, source = _text(record, "url"), _text(record, "source")
    if url and not host(url):
        raise _Bad(f"url không hợp lệ: {url[:80]}")
    kind = _text(record, "kind") or "news"
    if kind not in KINDS:
        raise _Bad(f"kind không hợp lệ: {kind[:40]!r}; dùng {', '.join(KINDS)}")
    title, lead, body = _text(record, "title"), _text(record, "lead") or _text(record, "summary"), _body(record)
    identity = _text(record, "id") or None
    source = source or (host(url) if url else _EMPTY)
    for name, value in (("id", identity or ""), ("source", source)):
        if len(value) > LONGEST[name]:
            raise _Bad(f"{name} dài quá {LONGEST[name]} ký tự")
    if identity and not identity.isprintable():
        raise _Bad("id có ký tự không in được")  # no address could hold it
    address = canonical_url(url) if url else f"import:{source}:{identity or _digest(title, lead, body)}"
    return Post(
        url=url or address,
        canonical_url=address,
        source=source,
        kind=_kind(kind),
        title=clean(title),
        lead=clean(lead),
        body=body,
        author=_text(record, "author") or None,
        published_at=_when(record.get("published_at")),
        method="import",
        id=identity,
    )


def _posts(file: str, rows: Iterator[tuple[int, Mapping[str, Any] | _Bad]]) -> Iterator[Imported | Rejected]:
    for line, record in rows:
        if isinstance(record, _Bad):
            yield Rejected(file, line, str(record))
            continue
        try:
            yield Imported(line, post_of(record))
        except ValueError as error:
            yield Rejected(file, line, str(error))


def _json_rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | _Bad]]:
    for line, raw in _lines(path):
        if isinstance(raw, _Bad):
            yield line, raw
        elif raw.strip():
            yield line, _json(raw)


def _json(text: str) -> Mapping[str, Any] | _Bad:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        return _Bad(f"JSON sai: {str(error)[:120]}")
    if not isinstance(record, dict):
        return _Bad("JSON sai: mỗi dòng phải là một đối tượng {...}")
    return record


def _csv_rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | _Bad]]:
    """Rows by the header's names. A quoted field may span lines; the row's line is its first."""
    first, sample = next(_lines(path), (1, ""))
    delimiter = _delimiter(sample if isinstance(sample, str) else "")
    csv.field_size_limit(MAX_LINE)
    header: list[str] | None = None
    for line, row in _records(_lines(path), delimiter):
        if isinstance(row, _Bad):
            yield line, row
        elif not any(cell.strip() for cell in row):
            continue
        elif header is not None:
            yield line, _row(header, row)
        else:
            header = [cell.strip().lower() for cell in row]
            missing = _header_problem(header)
            if missing is not None:
                yield first, missing
                return


def _records(lines: Iterator[tuple[int, str | _Bad]], delimiter: str) -> Iterator[tuple[int, list[str] | _Bad]]:
    """Cells of each record with its first line. A quote that nobody closes costs its own line, not the rest."""
    waiting: deque[tuple[int, str | _Bad]] = deque()

    def following() -> tuple[int, str | _Bad] | None:
        return waiting.popleft() if waiting else next(lines, None)

    while (begun := following()) is not None:
        number, raw = begun
        if isinstance(raw, _Bad):
            yield number, raw
            continue
        taken = [begun]
        row: list[str] | _Bad | None = _cells([raw], delimiter)
        while row is None and len(taken) < MAX_SPAN and (more := following()) is not None:
            taken.append(more)
            if isinstance(more[1], _Bad):
                break
            row = _cells([str(each) for _, each in taken], delimiter)
        if row is None or (isinstance(row, _Bad) and len(taken) > 1):
            waiting.extendleft(reversed(taken[1:]))
            row = _Bad("dấu ngoặc kép mở ra mà không đóng")
        yield number, row


def _cells(lines: list[str], delimiter: str) -> list[str] | _Bad | None:
    """The cells of one record; None while a quoted field is still open."""
    # Only a line with a quote in it can open or close a field.
    if len(lines) > 1 and '"' not in lines[-1]:
        return None
    text = [line.replace("\x00", "") + "\n" for line in lines]
    try:
        row = next(csv.reader(text, delimiter=delimiter, strict=False), [])
        if '"' in lines[-1] or len(lines) > 1:
            next(csv.reader(text, delimiter=delimiter, strict=True), None)
    except csv.Error as error:
        if "unexpected end" in str(error):
            return None
        # A letter after a closing quote: on one line closed all the same; over several it was another field's quote.
        return row if "expected after" in str(error) and len(lines) == 1 else _Bad(f"dòng CSV sai: {error}")
    return row


def _row(header: list[str], cells: list[Any]) -> Mapping[str, Any] | _Bad:
    if len(cells) > len(header) and any(str(cell or "").strip() for cell in cells[len(header) :]):
        return _Bad(f"dòng có {len(cells)} ô, tiêu đề chỉ có {len(header)} cột")
    record = dict(zip(header, cells, strict=False))
    unread = (record[name] for name in FIELDS if isinstance(record.get(name), Unread))
    return next((_Bad(cell.reason) for cell in unread), record)


def _header_problem(header: list[str]) -> _Bad | None:
    if any(name in header for name in ("title", "lead", "summary", "body")):
        return None
    return _Bad("dòng tiêu đề không có cột nào trong title, lead, summary, body")


def _delimiter(header: str) -> str:
    return max(",;\t|", key=header.count)


def _xlsx_rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | _Bad]]:
    header: list[str] | None = None
    for number, cells in read_rows(path):
        if header is not None:
            yield number, _row(header, cells)
        else:
            header = [str(cell or "").strip().lower() for cell in cells]
            problem = _header_problem(header)
            if problem is not None:
                yield number, problem
                return


def _lines(path: Path) -> Iterator[tuple[int, str | _Bad]]:
    """Numbered lines as text, without their end; over-long ones and those in no encoding of Unicode as the problem."""
    with path.open("rb") as file:
        wide = file.peek(2)[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        lines = _utf16_lines(file) if wide else _utf8_lines(file)
        yield from enumerate(lines, start=1)


def _utf8_lines(file: io.BufferedReader) -> Iterator[str | _Bad]:
    begin = codecs.BOM_UTF8
    while raw := file.readline(MAX_LINE + 1):
        if len(raw) > MAX_LINE and not raw.endswith(b"\n"):
            _to_line_end(file, b"\n")
            yield _TOO_LONG
            continue
        try:
            yield raw.removeprefix(begin).decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            yield _Bad(f"không phải UTF-8 (byte thứ {error.start + 1} của dòng); hãy lưu lại tệp ở dạng CSV UTF-8")
        begin = b""


def _utf16_lines(file: io.BufferedReader) -> Iterator[str | _Bad]:
    """Spreadsheets write UTF-16 when asked for "Unicode text"."""
    text = io.TextIOWrapper(file, encoding="utf-16", errors="replace", newline="\n")
    while line := text.readline(MAX_LINE // 2 + 1):
        if len(line) > MAX_LINE // 2 and not line.endswith("\n"):
            _to_line_end(text, "\n")
            yield _TOO_LONG
        elif "\ufffd" in line:
            yield _Bad("không phải UTF-16; hãy lưu lại tệp ở dạng CSV UTF-8")
        else:
            yield line.rstrip("\r\n")


def _to_line_end(file: IO[AnyStr], end: AnyStr) -> None:
    while (rest := file.readline(MAX_LINE)) and not rest.endswith(end):
        pass


def _text(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    if value is None or isinstance(value, bool | dict | list):
        if value is not None:
            raise _Bad(f"{name} phải là chuỗi ký tự")
        return ""
    if isinstance(value, float) and value.is_integer():
        # A spreadsheet gives whole numbers as 12.0.
        value = int(value)
    return str(value).strip()


def _body(record: Mapping[str, Any]) -> str:
    lines = (clean(line) for line in re.split(r"\r\n|\r|\n", _text(record, "body")))
    return "\n".join(line for line in lines if line)


def _when(value: Any) -> datetime | None:
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=VIETNAM)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=VIETNAM)
    moment = parse_date(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else None
    if moment is None:
        raise _Bad(f"published_at không hợp lệ: {str(value)[:40]!r}")
    return moment.at


def _kind(name: str) -> Kind:
    return next(kind for kind in KINDS if kind == name)


def _digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:20]
