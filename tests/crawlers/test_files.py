"""Saved pages and imported files: what comes in, what is turned away and why."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import openpyxl  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from crawlers.imports import MAX_LINE, Imported, Rejected, read_posts
from crawlers.saved import posts_from_files
from crawlers.source import REGISTRY, load_sources
from crawlers.workbooks import FREE_BYTES

PAGES = Path(__file__).parent / "pages"


def test_the_registry_loads_with_the_province_and_the_national_press() -> None:
    sources = load_sources(REGISTRY)
    enabled = [source for source in sources.values() if source.enabled]
    assert len(enabled) >= 10
    assert {"baoquangtri.vn", "congan.quangtri.gov.vn"} == {each.id for each in enabled if each.owned}
    assert all(source.legal and source.grade for source in enabled)


def test_a_saved_page_is_read_under_its_own_or_the_given_address(tmp_path: Path) -> None:
    own, given_ = list(posts_from_files([PAGES / "vccorp.html"])), "https://baothu.vn/khac-20261012081533120.htm"
    assert own[0].url.startswith("https://baothu.vn/cau-phao")
    assert own[0].posts[0].title == "Cầu phao Thuận Quý mở lại sau lũ"
    assert next(posts_from_files([PAGES / "hemera.html"], url=given_)).url == given_
    (stranger,) = posts_from_files([PAGES / "hemera.html"])
    assert (stranger.kind, "--url" in stranger.problem) == ("problem", True)
    (missing,) = posts_from_files([tmp_path / "khong-co.html"])
    assert missing.kind == "problem"
    saved = tmp_path / "luu.html"
    saved.write_text(
        "<!-- saved from url=(0030)https://tienphong.vn/a-post1.tpo -->" + (PAGES / "hemera.html").read_text()
    )
    (page,) = posts_from_files([saved], sources=load_sources(REGISTRY))
    assert page.posts[0].source == "tienphong.vn"


def test_a_saved_listing_gives_links(tmp_path: Path) -> None:
    file = tmp_path / "list.html"
    file.write_text(
        "".join(
            f'<h3 class="box-title-text"><a href="/b-{n:02}-202603070755191{n:02}.htm">Bài {n}</a></h3>'
            for n in range(12)
        )
    )
    (page,) = posts_from_files([file], url="https://tuoitre.vn/thoi-su.htm")
    assert (page.kind, len(page.links), page.posts) == ("listing", 12, ())


def warc(path: Path) -> None:
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        for name, status, kind in (
            ("hemera", "200 OK", "text/html; charset=utf-8"), ("vccorp", "404 Not Found", "text/html"),
            ("vccorp", "200 OK", "image/png"), ("dantri", "200 OK", "text/html"),
        ):  # fmt: skip
            headers = StatusAndHeaders(status, [("Content-Type", kind)], protocol="HTTP/1.1")
            body = io.BytesIO((PAGES / f"{name}.html").read_bytes())
            writer.write_record(
                writer.create_warc_record(
                    f"https://thu.example.vn/{name}-post1.html", "response", payload=body, http_headers=headers
                )
            )


def test_a_warc_gives_its_answered_pages(tmp_path: Path) -> None:
    warc(tmp_path / "a.warc.gz")
    pages = list(posts_from_files([tmp_path / "a.warc.gz"]))
    assert [page.record for page in pages] == [1, 4]
    assert [page.posts[0].title for page in pages] == [
        "Học sinh vùng cao đến trường bằng thuyền",
        "Làng nón vào mùa phơi lá",
    ]


def test_a_broken_warc_says_where(tmp_path: Path) -> None:
    file = tmp_path / "b.warc.gz"
    warc(file)
    file.write_bytes(file.read_bytes()[:-700])
    pages = list(posts_from_files([file]))
    assert pages[0].posts
    assert all(page.kind in ("article", "problem") for page in pages)
    (tmp_path / "c.warc").write_bytes(b"day khong phai warc\r\n\r\n")
    assert [page.kind for page in posts_from_files([tmp_path / "c.warc"])] == ["problem"]


def rows(file: Path) -> tuple[list[Imported], dict[int, str]]:
    found = list(read_posts(file))
    rejected = [each for each in found if isinstance(each, Rejected)]
    return [each for each in found if isinstance(each, Imported)], {each.line: each.reason for each in rejected}


def test_jsonl_goes_in_line_by_line_and_bad_lines_are_named(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    good = {
        "id": "7",
        "source": "so-tay",
        "title": "Nắng nóng",
        "summary": "Gió Lào",
        "published_at": "2026-06-01 08:00",
    }
    lines = [
        json.dumps(good, ensure_ascii=False).encode(), b"", b'{"title": "thi\xff"}', b"{sai", b"[1]",
        b'{"url": "https://bao.vn/a"}', b'{"title": "A", "kind": "blog"}',
        '{"title": "A", "published_at": "hôm kia"}'.encode(), b'{"title": "' + b"a" * MAX_LINE + b'"}',
        b'{"url": "ftp://x", "title": "A"}', b'{"title": {"a": 1}}',
        '{"url": "https://bao.vn/b?utm_source=x", "body": "Một\\n\\n hai "}'.encode(),
    ]  # fmt: skip
    file.write_bytes(b"\xef\xbb\xbf" + b"\n".join(lines))
    posts, bad = rows(file)
    assert [each.line for each in posts] == [1, 12]
    first, last = posts[0].post, posts[1].post
    assert (first.canonical_url, first.lead, first.method) == ("import:so-tay:7", "Gió Lào", "import")
    assert first.published_at == datetime(2026, 6, 1, 1, tzinfo=UTC)
    assert (last.canonical_url, last.source, last.body) == ("https://bao.vn/b", "bao.vn", "Một\nhai")
    assert sorted(bad) == [3, 4, 5, 6, 7, 8, 9, 10, 11]
    for line, word in (
        (3, "UTF-8"),
        (4, "JSON"),
        (6, "nội dung"),
        (7, "kind"),
        (8, "published_at"),
        (9, "dài"),
        (10, "url"),
    ):
        assert word in bad[line]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_of_any_spreadsheet_goes_in(tmp_path: Path, delimiter: str) -> None:
    file = tmp_path / "a.csv"
    table = [
        ["Title", "body", "published_at", "url"],
        ["Chợ phiên", '"Dòng một\nDòng hai"', "7/3/2026 08:15", "https://bao.vn/a"],
        ["Lỗi ngày", "x", "mai", ""],
        ["", "", "", "https://bao.vn/b"],
        ["Hết", "x", "", ""],
    ]
    file.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(delimiter.join(row) for row in table).encode())
    posts, bad = rows(file)
    assert [each.line for each in posts] == [2, 6]
    assert posts[0].post.body == "Dòng một\nDòng hai"
    assert posts[0].post.published_at == datetime(2026, 3, 7, 1, 15, tzinfo=UTC)
    assert posts[1].post.canonical_url.startswith("import:import:")
    assert sorted(bad) == [4, 5]


def test_csv_bytes_that_are_no_utf8_cost_only_their_line(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"title,body\nA,x\nB,\xff\nC,y\n")
    posts, bad = rows(file)
    assert [each.post.title for each in posts] == ["A", "C"]
    assert list(bad) == [3]


@pytest.mark.parametrize("order", ["le", "be"])
def test_csv_in_utf16_as_spreadsheets_save_unicode_text(tmp_path: Path, order: str) -> None:
    file = tmp_path / "a.txt"
    good = "\ufefftitle\tbody\r\nCầu Hiền Lương\tSơn lại\r\nHỏng\t".encode(f"utf-16-{order}")
    file.write_bytes(good + b"\xd8\xd8" + "\r\nHết\tx\r\n".encode(f"utf-16-{order}"))
    posts, bad = rows(file)
    assert [(each.line, each.post.title) for each in posts] == [(2, "Cầu Hiền Lương"), (4, "Hết")]
    assert list(bad) == [3]


def test_csv_without_known_columns_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("ten,noi_dung\nA,x\n")
    posts, bad = rows(file)
    assert (posts, list(bad)) == ([], [1])


def test_xlsx_goes_in_with_its_own_dates(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["id", "title", "body", "published_at"])
    sheet.append([12.0, "Hội làng", "Trống hội", datetime(2026, 3, 7, 8, 0)])
    sheet.append([13, None, None, None])
    book.save(tmp_path / "a.xlsx")
    posts, bad = rows(tmp_path / "a.xlsx")
    assert posts[0].post.id == "12"
    assert posts[0].post.published_at == datetime(2026, 3, 7, 1, tzinfo=UTC)
    assert list(bad) == [3]
    (tmp_path / "b.xlsx").write_bytes(b"day khong phai zip")
    assert list(rows(tmp_path / "b.xlsx")[1]) == [0]
    assert list(rows(tmp_path / "c.docx")[1]) == [0]


def test_what_a_formula_did_not_compute_is_told_and_not_taken_as_empty(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["title", "body"], ["=A1&B1", "Thân bài"], ["Bài", "=1/0"], ["#REF!", "x"], ["Tốt", "y"], ["=A9"]):
        book.active.append(row)
    book.active["C1"], book.active["C5"], book.active["C2"] = "phòng", "#N/A", "=1/0"  # a column that is not ours
    book.active["A7"].value, book.active["A7"].data_type = "= là dấu bằng", "s"
    book.save(tmp_path / "a.xlsx")
    posts, bad = rows(tmp_path / "a.xlsx")
    assert [each.post.title for each in posts] == ["Tốt", "= là dấu bằng"]
    assert {line: reason.split(" ")[2] for line, reason in bad.items()} == {2: "A", 3: "B", 4: "A", 6: "A"}
    assert "công thức chưa có giá trị" in bad[2]


def test_a_workbook_that_unpacks_to_a_bomb_is_not_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["title"])
    book.save(tmp_path / "good.xlsx")
    with zipfile.ZipFile(tmp_path / "good.xlsx") as good, zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", 8) as bomb:
        for name in good.namelist():
            bomb.writestr(name, good.read(name))
        bomb.writestr("xl/sharedStrings2.xml", bytes(FREE_BYTES + 1))
    assert rows(tmp_path / "bomb.xlsx") == ([], {0: "tệp quá lớn sau khi giải nén"})


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200), suffix=st.sampled_from([".csv", ".jsonl", ".xlsx", ".tsv"]))
def test_no_bytes_break_an_import(tmp_path: Path, body: bytes, suffix: str) -> None:
    file = tmp_path / f"a{suffix}"
    file.write_bytes(b"title,body\n" + body if suffix == ".csv" else body)
    for each in read_posts(file):
        assert isinstance(each, Imported) or each.reason


def test_a_section_page_with_long_teasers_is_a_listing_and_not_an_article(tmp_path: Path) -> None:
    teaser = "Từ mờ sáng, hàng trăm hộ dân ven sông đã dọn đồ lên gác, chờ con nước rút mới dám về nhà cũ xem lại vườn."
    items = "".join(
        f'<h3><a href="/nuoc-len-nhanh-o-thon-so-{n}-ven-song-2026030711223344{n:02}.htm">Nước lên nhanh ở thôn số {n}'
        f" ven sông</a></h3><p>{teaser}</p>"
        for n in range(12)
    )
    page = tmp_path / "muc.html"
    page.write_text(f"<html><title>Kinh doanh</title><body><main>{items}</main></body></html>", encoding="utf-8")
    [read] = posts_from_files([page], "https://bao.example/kinh-doanh.htm")
    assert (read.kind, len(read.links), read.posts) == ("listing", 12, ())


def test_a_quote_that_nobody_closes_costs_its_own_line_only(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    lines = ["title,body", 'Một,"mở ra mà quên đóng', "Hai,b", 'Ba,"nhiều', 'dòng ""có trích"" dẫn"', "Bốn,d"]
    file.write_text("\n".join([*lines, *(f"Bài {n},x" for n in range(2_000))]), encoding="utf-8")
    good, bad = rows(file)
    assert [each.post.title for each in good[:3]] == ["Hai", "Ba", "Bốn"]
    assert good[1].post.body == 'nhiều\ndòng "có trích" dẫn'
    assert len(good) == 2_003
    assert bad == {2: "dấu ngoặc kép mở ra mà không đóng"}


def test_an_id_that_no_address_can_hold_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    lines = [{"id": id, "title": "Nắng nóng"} for id in ("dòng\nmới", "tab\t", "7")]
    file.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    good, bad = rows(file)
    assert [each.post.id for each in good] == ["tab", "7"]
    assert bad == {1: "id có ký tự không in được"}
