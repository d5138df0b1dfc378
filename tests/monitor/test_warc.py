"""A WARC goes into the archive by outlet, and a run that was cut short is gone on with where it stopped."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from crawlers.saved import SavedPage, read_warc
from monitor import warc
from monitor.installation import Installation
from monitor.warc import Progress, WarcIngest
from tests.crawlers.test_crawl import article

HOSTS = ("bao-a.vn", "www.bao-b.vn")


def write(file: Path, pages: int, packed: bool = True) -> Path:
    with file.open("wb") as out:
        writer = WARCWriter(out, gzip=packed)
        for number in range(pages):
            url = f"https://{HOSTS[number % 2]}/bai-{number}-20261120073000{number:03}.htm"
            headers = StatusAndHeaders("200 OK", [("Content-Type", "text/html; charset=utf-8")], protocol="HTTP/1.1")
            body = BytesIO(article(f"Cồn Sẻ thu hoạch lúa ngày {number}").encode())
            writer.write_record(writer.create_warc_record(url, "response", payload=body, http_headers=headers))
    return file


def ids(installation: Installation) -> int:
    return sum(installation.archive.outcomes().values())


class Killed(Exception):
    pass


@pytest.mark.parametrize("packed", [True, False])
def test_a_run_that_was_cut_short_goes_on_from_its_last_note(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    monkeypatch.setattr(warc, "BATCH", 10)
    file = write(tmp_path / ("a.warc.gz" if packed else "a.warc"), 47, packed)
    read: list[SavedPage] = []

    def until_the_33rd(page: SavedPage) -> None:
        read.append(page)
        if len(read) == 33:
            raise Killed

    with pytest.raises(Killed):
        WarcIngest(installation, file).run(until_the_33rd)
    progress = WarcIngest(installation, file).progress()
    assert (progress.records, progress.finished, ids(installation)) == (30, False, 30)
    again: list[SavedPage] = []
    stored = WarcIngest(installation, file).run(again.append)
    assert len(again) == 18  # the record at the note and all after it
    assert (stored["new"], stored["unchanged"]) == (17, 1)
    assert ids(installation) == 47
    assert WarcIngest(installation, file).progress().finished
    assert WarcIngest(installation, file).run(again.append) == {}
    assert WarcIngest(installation, file).run(again.append, again=True)["unchanged"] == 47


def test_only_the_wanted_outlets_are_read(installation: Installation, tmp_path: Path) -> None:
    file = write(tmp_path / "a.warc.gz", 6)
    only = list(read_warc(file, (), only=("bao-b.vn",)))
    assert [page.url.split("/")[2] for page in only] == ["www.bao-b.vn"] * 3
    assert WarcIngest(installation, file, ["bao-b.vn"]).run(lambda page: None)["new"] == 3
    assert WarcIngest(installation, file, ["bao-a.vn"]).progress() == Progress()


@pytest.mark.parametrize("packed", [True, False])
def test_a_file_cut_off_anywhere_is_told_and_a_whole_one_is_not(tmp_path: Path, packed: bool) -> None:
    whole = write(tmp_path / ("a.warc.gz" if packed else "a.warc"), 3, packed)
    content, last = whole.read_bytes(), list(read_warc(whole, ()))[-1]
    assert not last.problem
    for length in range(last.offset + 1, len(content), 23):  # in headers, text and the end of a record
        whole.write_bytes(content[:length])
        pages = list(read_warc(whole, ()))
        assert pages[-1].problem.startswith("bản ghi WARC hỏng"), length
        assert [bool(each.posts) for each in pages[:2]] == [True, True]


def test_a_truncated_file_is_told_and_gone_on_with_when_it_is_whole(installation: Installation, tmp_path: Path) -> None:
    file = write(tmp_path / "a.warc.gz", 6)
    whole = file.read_bytes()
    for cut in (200, len(whole) // 6 - 20):  # in the last record's text, and in its headers
        file.write_bytes(whole[:-cut])
        pages: list[SavedPage] = []
        WarcIngest(installation, file).run(pages.append)
        assert pages[-1].problem.startswith("bản ghi WARC hỏng")
        assert not WarcIngest(installation, file).progress().finished
    file.write_bytes(whole)
    WarcIngest(installation, file).run(pages.append)
    assert WarcIngest(installation, file).progress().finished
    assert ids(installation) == 6
