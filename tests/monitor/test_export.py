"""Exports: every hit as a row, nothing that a spreadsheet would run, no half files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.port import Filters, IndexUnavailable, Mention, QueryError
from monitor import xlsx
from monitor.export import COLUMNS, FORMATS, Format, Stopped, export, inert
from monitor.installation import Installation

LATE = datetime(2025, 10, 31, 17, 30, tzinfo=UTC)  # 00:30 of 1 November in Việt Nam
HOSTILE = ["=1+1", "+84 123", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "  =cmd|' /C calc'!A0", "＝1+1", "\ufeff=1", "\n=1"]


def post(name: str, title: str, *, minutes: int = 0, **fields: object) -> Mention:
    values = {"source": "baoquangtri.vn", "published_at": LATE - timedelta(minutes=minutes), **fields}
    return Mention(id=name, url=f"https://tin.example.vn/{name}", title=title, **values)  # type: ignore[arg-type]


def rows_of(path: Path, format: Format) -> list[list[object]]:
    if format == "csv":
        raw = path.read_bytes()
        assert raw.startswith(b"\xef\xbb\xbf")  # without it Excel reads Vietnamese as gibberish
        return [list(row) for row in csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""))]
    book = openpyxl.load_workbook(path, read_only=True)
    return [
        ["" if cell is None else cell for cell in row] for sheet in book for row in sheet.iter_rows(values_only=True)
    ]


@pytest.fixture(params=FORMATS)
def format(request: pytest.FixtureRequest) -> Format:
    return request.param  # type: ignore[no-any-return]


def test_every_hit_is_a_row_with_vietnamese_words_and_times(
    installation: Installation, tmp_path: Path, format: Format
) -> None:
    kept = {"sentiment": "negative", "topics": ("disaster", "traffic"), "places": ("qt-phuong-dong-ha",), "lang": "vi"}
    installation.index.upsert(
        [
            post("a", "Sạt lở, chia cắt “đường 9”", lead="Mưa\nlớn.", author="ten-bam", duplicate_of="b", **kept),
            post("b", "Sạt lở nhẹ", minutes=5, kind="forum"),
            post("c", "Chuyện khác"),
        ]
    )
    seen: list[int] = []
    out = tmp_path / f"ra.{format}"
    assert export(installation, "sạt lở", Filters(), out, format, seen.append) == 2
    header, first, second = rows_of(out, format)
    assert header == list(COLUMNS)
    expected = [datetime(2025, 11, 1, 0, 30) if format == "xlsx" else "2025-11-01 00:30:00"]
    expected += [installation.source_name("baoquangtri.vn"), "báo, trang tin", "Sạt lở, chia cắt “đường 9”", "Mưa lớn."]
    expected += ["tiêu cực", "Thiên tai, thời tiết; Giao thông", "phường Đông Hà", "", "có", "tiếng Việt"]
    assert first == [*expected, "https://tin.example.vn/a", "a"]
    assert (second[2], second[5], second[-1]) == ("diễn đàn", "", "b")
    assert seen == [2]
    assert "ten-bam" not in out.read_bytes().decode("latin-1")


def test_no_cell_begins_as_a_formula(installation: Installation, tmp_path: Path, format: Format) -> None:
    installation.index.upsert([post(f"m{i}", f"{text} tin") for i, text in enumerate(HOSTILE)])
    installation.index.upsert([post("nguon", "Tin", source='=HYPERLINK("http://x")', story="=s:1", lead="@x " * 200)])
    out = tmp_path / f"ra.{format}"
    assert export(installation, "", Filters(), out, format) == len(HOSTILE) + 1
    texts = [cell for row in rows_of(out, format)[1:] for cell in row if isinstance(cell, str)]
    assert texts
    assert [text for text in texts if text.strip()[:1] in tuple("=+-@＝＋－＠")] == []


@given(st.text())
def test_no_text_comes_out_as_a_formula(text: str) -> None:
    done = inert(text)
    assert done.lstrip(" \u200b\ufeff")[:1] not in tuple("=+-@\t\r＝＋－＠") or not done
    assert "\n" not in done
    assert inert(done) == done


def test_texts_that_xml_cannot_hold(installation: Installation, tmp_path: Path, format: Format) -> None:
    title = "Lũ \x00\x0b\x1b <b>&amp;</b> _x0041_ \ud800 ]]> " + "dài " * 20_000
    installation.index.upsert([post("a", title)])
    out = tmp_path / f"ra.{format}"
    export(installation, "", Filters(), out, format)
    cell = str(rows_of(out, format)[1][3]).replace("_x005F_", "_")  # as Excel reads it, and openpyxl does not
    assert "<b>&amp;</b> _x0041_" in cell
    assert "]]> dài dài" in cell


def test_a_query_that_cannot_be_read_leaves_nothing(installation: Installation, tmp_path: Path, format: Format) -> None:
    with pytest.raises(QueryError):
        export(installation, "(sạt lở", Filters(), tmp_path / "ra", format)
    assert not list(tmp_path.glob("ra*"))


def test_an_export_that_is_stopped_leaves_nothing(installation: Installation, tmp_path: Path, format: Format) -> None:
    installation.index.upsert([post(f"m{i}", "Tin") for i in range(1200)])

    def stop(done: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        export(installation, "", Filters(), tmp_path / "ra", format, stop)
    assert not list(tmp_path.glob("ra*"))
    assert installation.index.delete(["m0"]) == 1  # its snapshot is let go


def test_an_index_that_goes_away_leaves_the_older_file(
    installation: Installation, tmp_path: Path, format: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation.index.upsert([post("a", "Tin")])
    out = tmp_path / "ra"
    export(installation, "", Filters(), out, format)
    before = out.read_bytes()

    def broken(*_: object) -> Iterator[list[Mention]]:
        yield [post("b", "Tin")]
        raise IndexUnavailable("mất")

    monkeypatch.setattr(installation.index, "stream", broken)
    with pytest.raises(IndexUnavailable):
        export(installation, "", Filters(), out, format)
    assert out.read_bytes() == before


def test_more_rows_than_a_sheet_holds_go_on_in_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MAX_ROWS", 4)
    with xlsx.Workbook(tmp_path / "ra.xlsx", ("Số",), (10,)) as book:
        for number in range(7):
            book.append((number,))
    rows = rows_of(tmp_path / "ra.xlsx", "xlsx")
    assert rows == [["Số"], [0], [1], [2], ["Số"], [3], [4], [5], ["Số"], [6]]
