"""Exports of a whole result: every mention of a search as a row of a CSV or XLSX file, newest first.

Texts come from anywhere, so no cell may begin as a formula does; nobody's name is among the columns.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal, get_args

from index.port import Filters, Mention
from monitor.annotated import Story
from monitor.installation import Installation
from monitor.naming import KINDS, LANGUAGES, SENTIMENTS, TOPICS
from monitor.records import first_words
from monitor.wording import in_vietnam
from monitor.xlsx import Workbook

Format = Literal["csv", "xlsx"]
FORMATS: tuple[Format, ...] = get_args(Format)
COLUMNS: dict[str, int] = {  # header -> width in characters
    "Đăng lúc (giờ Việt Nam)": 18,
    "Nguồn tin": 24,
    "Loại tin": 16,
    "Tiêu đề": 60,
    "Trích đoạn": 80,
    "Sắc thái": 11,
    "Lĩnh vực": 28,
    "Địa bàn": 28,
    "Vụ việc": 50,
    "Bài chép lại": 11,
    "Ngôn ngữ": 11,
    "Địa chỉ": 50,
    "Mã": 24,
}
EXCERPT = 300
# Spreadsheets take a cell that begins so for a formula, some also with the wide forms of the signs.
_FORMULA = re.compile(r"[\s\u200b-\u200f\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_LINE = re.compile(r"[\r\n\t]+")
Row = tuple[datetime | str, ...]


class Stopped(Exception):
    """Nobody wants the export any more."""


def export(
    installation: Installation,
    query: str,
    filters: Filters,
    out: Path,
    format: Format,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Writes all hits to `out`, which appears only once it is whole; gives how many rows.

    `progress` is told the rows done so far and may raise to stop. Raises QueryError before anything is written.
    """
    batches = installation.index.stream(installation.naming.query(query), filters)
    part = out.with_name(out.name + ".part")
    done = 0
    try:
        with _writer(part, format) as append:
            for batch in batches:
                for row in _rows(installation, batch):
                    append(row)
                done += len(batch)
                progress(done)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return done


@contextmanager
def _writer(path: Path, format: Format) -> Iterator[Callable[[Row], None]]:
    if format == "xlsx":
        with Workbook(path, tuple(COLUMNS), tuple(COLUMNS.values())) as book:
            yield book.append
        return
    with path.open("w", encoding="utf-8-sig", errors="replace", newline="") as file:  # the mark tells Excel it is UTF-8
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        yield lambda row: writer.writerow([f"{c:%Y-%m-%d %H:%M:%S}" if isinstance(c, datetime) else c for c in row])


def _rows(installation: Installation, batch: Sequence[Mention]) -> Iterator[Row]:
    stories = installation.annotations.stories({m.story for m in batch if m.story})
    return (_row(installation, mention, stories) for mention in batch)


def _row(installation: Installation, mention: Mention, stories: dict[str, Story]) -> Row:
    story = stories.get(mention.story or "")
    texts = (
        installation.source_name(mention.source),
        KINDS.get(mention.kind, mention.kind),
        mention.title,
        first_words((mention.lead or mention.body)[: 2 * EXCERPT], EXCERPT),
        SENTIMENTS.get(mention.sentiment or "", ""),
        "; ".join(TOPICS.get(code, code) for code in mention.topics),
        "; ".join(_place(installation, id) for id in mention.places),
        story.title if story else mention.story or "",
        "có" if mention.duplicate_of else "",
        LANGUAGES.get(mention.lang or "", ""),
        mention.url,
        mention.id,
    )
    return in_vietnam(mention.published_at).replace(tzinfo=None), *map(inert, texts)


def _place(installation: Installation, id: str) -> str:
    unit = installation.province.get(id)
    return unit.name if unit else id


def inert(text: str) -> str:
    """Text that no spreadsheet takes for a formula, on one line."""
    return "'" + _LINE.sub(" ", text).lstrip() if _FORMULA.match(text) else _LINE.sub(" ", text)
