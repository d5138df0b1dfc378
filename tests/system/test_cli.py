"""The command line as other programs use it: arguments in, JSON on stdout, messages on stderr, and the exit code."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import urllib.request
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from nlp.annotation import SENTIMENTS, TOPICS
from tests.monitor.texts import COFFEE, FLOOD, FLOOD_AFTER, FLOOD_ELSEWHERE, FLOOD_TOLD_ON, QUEUE, STATION
from tests.system.conftest import ROOT, Served, duluan, environment

POSTS: list[dict[str, Any]] = [
    {"url": "https://bao.example/lu.htm", "source": "nha", "published_at": "2026-11-18T06:00:00+07:00", **FLOOD},
    {"url": "https://khac.example/lu.htm", "published_at": "2026-11-18 07:00", **FLOOD_ELSEWHERE},
    {"url": "https://chep.example/lu.htm", "published_at": "2026-11-18T07:30", **FLOOD},
    {"url": "https://nua.example/lu.htm", "published_at": "2026-11-18T09:00", **FLOOD_AFTER},
    {"url": "https://bao.example/tram.htm", "published_at": "2026-11-17", **STATION},
    {"url": "https://bao.example/ca-phe.htm", "published_at": "2026-11-17", **COFFEE},
    {"id": "cua-1", "kind": "forum", "source": "diendan", "author": "me_be_na", "published_at": "2026-11-18", **QUEUE},
]  # fmt: skip


def write_jsonl(file: Path, records: list[dict[str, Any]]) -> Path:
    file.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same posts as JSONL, and files in three formats with lines that cannot be read."""
    folder = tmp_path_factory.mktemp("files")
    write_jsonl(folder / "posts.jsonl", POSTS)
    write_jsonl(
        folder / "once-more.jsonl", [{"title": "Tin thêm ở phường Đông Hà", "url": "https://them.example/1.htm"}]
    )
    with (folder / "bad.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(POSTS[0], ensure_ascii=False) + "\n")
        file.write("{không phải JSON\n")
        file.write('{"url": "https://bao.example/trong.htm"}\n')
        file.write('{"title": "Hỏng giờ", "published_at": "bữa kia"}\n')
        file.write('{"title": "Chữ nửa vời \\ud83d", "url": "https://bao.example/nua.htm", "author": "\\ud83d"}\n')
    with (folder / "bad.csv").open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["url", "source", "title", "summary", "published_at"])
        rows.writerow(["https://csv.example/1.htm", "csv", "Đông Hà mở chợ đêm", "Ven sông Hiếu", "18/11/2026 08:00"])
        rows.writerow(["https://csv.example/2.htm", "csv", "", "", "2026-11-18"])
        rows.writerow(["không phải địa chỉ", "csv", "Có tiêu đề", "", ""])
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["title", "body", "url"], ["Chợ phiên Khe Sanh", "Đông vui", "https://x.example/1.htm"], ["", "", "x"]):
        sheet.append(row)
    book.save(folder / "bad.xlsx")
    return folder


@pytest.fixture(scope="module")
def data(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder into which the posts were imported and processed."""
    folder = tmp_path_factory.mktemp("data") / "kho"
    imported = duluan("import", files / "posts.jsonl", "--data", folder)
    assert (imported.code, imported.out) == (0, ""), imported.err
    processed = duluan("process", "--data", folder)
    assert (processed.code, processed.out) == (0, ""), processed.err
    return folder


@pytest.mark.parametrize("start", [["-m", "monitor.cli"], [str(Path(sys.executable).with_name("duluan"))]])
def test_the_command_starts_as_a_script_and_as_a_module(start: list[str], data: Path) -> None:
    """The other tests fork it from an interpreter that has everything imported."""
    command = [sys.executable, *start, "status", "--data", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment(), timeout=240)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["outcomes"]["new"] == 0


# bringing posts in


@pytest.mark.parametrize(
    ("name", "bad_lines", "good"),
    [("bad.jsonl", [2, 3, 4], 2), ("bad.csv", [3, 4], 1), ("bad.xlsx", [3], 1)],
)
def test_import_names_each_bad_line_and_takes_the_rest(
    files: Path, tmp_path: Path, name: str, bad_lines: list[int], good: int
) -> None:
    file = files / name
    said = duluan("import", file, "--data", tmp_path)
    assert (said.code, said.out) == (1, "")
    assert "Traceback" not in said.err, said.err
    named = [line for line in said.err.splitlines() if line.startswith(f"{file}:")]
    assert [int(line.removeprefix(f"{file}:").split(":")[0]) for line in named] == bad_lines
    assert all(len(line.split(": ", 1)[1]) > 10 for line in named)
    assert duluan("status", "--data", tmp_path, "--json").json["outcomes"]["new"] == good


def test_ingest_takes_saved_pages_and_warc_and_says_which_page_has_no_article(served: Served, tmp_path: Path) -> None:
    text = next(text for text in served.truth()["texts"] if text["source"] == "qtnm.sandbox" and not text["edited_at"])
    with urllib.request.urlopen(text["url"]) as answer:
        page = answer.read()
    saved, empty, warc = tmp_path / "bai.html", tmp_path / "trong.html", tmp_path / "trang.warc.gz"
    saved.write_bytes(page)
    empty.write_text("<html><title>Trống</title></html>")
    with warc.open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        headers = StatusAndHeaders("200 OK", [("Content-Type", "text/html; charset=utf-8")], protocol="HTTP/1.1")
        record = writer.create_warc_record(text["url"], "response", payload=BytesIO(page), http_headers=headers)
        writer.write_record(record)
    folder = tmp_path / "kho"
    one = duluan("ingest", saved, "--url", text["url"], "--data", folder, "--json", **served.settings)
    assert (one.code, [line["kind"] for line in one.lines]) == (0, ["article"]), one.err
    [post] = one.lines[0]["posts"]
    assert (post["title"], post["lead"], post["body"]) == (text["title"], text["lead"], text["body"])
    assert (post["published_at"], post["source"]) == (text["published_at"], "qtnm.sandbox")
    more = duluan("ingest", warc, empty, "--data", folder, "--json", **served.settings)
    assert [line["kind"] for line in more.lines] == ["article", "problem"]
    assert more.code == 1
    assert str(empty) in more.err
    assert more.lines[0]["posts"] == [post]
    state = duluan("status", "--data", folder, "--json", **served.settings).json
    assert state["outcomes"]["new"] == 1


# reading


def test_search_finds_newest_first_in_the_promised_shape(data: Path) -> None:
    found = duluan("search", '"sông Hiếu" AND "phường Đông Hà"', "--data", data, "--json").json
    assert found["total"] == 4
    assert [item["url"].split("/")[2].split(".")[0] for item in found["items"]] == ["nua", "chep", "khac", "bao"]
    assert found["next"] is None
    item = found["items"][-1]
    assert {"id", "url", "title", "source", "published_at", "sentiment", "topics", "places", "story_id"} <= item.keys()
    assert item["title"] == FLOOD["title"]
    assert item["published_at"] == "2026-11-17T23:00:00Z"
    assert len({each["story_id"] for each in found["items"]}) == 1
    title = item["highlight"]["title"]
    assert [title["text"][start:end] for start, end in title["spans"]] == ["sông Hiếu", "phường Đông Hà"]


def test_search_pages_with_next_and_filters_by_time(data: Path) -> None:
    first = duluan("search", "sông Hiếu", "--limit", 3, "--data", data, "--json").json
    assert (first["total"], len(first["items"])) == (4, 3)
    rest = duluan("search", "sông Hiếu", "--limit", 3, "--cursor", first["next"], "--data", data, "--json").json
    assert (len(rest["items"]), rest["next"]) == (1, None)
    assert not {item["id"] for item in first["items"]} & {item["id"] for item in rest["items"]}
    window = ("--from", "2026-11-18T07:00", "--to", "2026-11-18T07:30")
    assert duluan("search", "sông Hiếu", *window, "--data", data, "--json").json["total"] == 1


def test_posts_about_elsewhere_are_kept_but_not_found(data: Path) -> None:
    assert duluan("search", "cà phê", "--data", data, "--json").json["total"] == 0
    assert duluan("status", "--data", data, "--json").json["outcomes"]["irrelevant"] == 1


def test_with_index_irrelevant_they_are_found(files: Path, tmp_path: Path) -> None:
    duluan("import", files / "posts.jsonl", "--data", tmp_path)
    duluan("process", "--data", tmp_path, DULUAN_INDEX_IRRELEVANT="true")
    assert duluan("search", "cà phê", "--data", tmp_path, "--json").json["total"] == 1


def test_issues_replay_a_moment_with_their_evidence(files: Path, tmp_path: Path) -> None:
    told_on = [
        {"url": f"https://bao{n}.example/lu.htm", "published_at": f"2026-11-18T{7 + n:02}:10", **text}
        for n, text in enumerate(FLOOD_TOLD_ON)
    ]
    more = write_jsonl(tmp_path / "more.jsonl", told_on)
    data = tmp_path / "kho"
    duluan("import", files / "posts.jsonl", more, "--data", data)
    duluan("process", "--data", data)
    found = duluan("issues", "--at", "2026-11-18T12:00", "--data", data, "--json").json
    assert found["at"] == "2026-11-18T05:00:00Z"
    [issue] = found["issues"]
    assert {"id", "title", "kind", "score", "since", "reason", "figures", "mentions"} <= issue.keys()
    assert issue["kind"] == "story"
    flood = [FLOOD, FLOOD_ELSEWHERE, FLOOD_AFTER, *FLOOD_TOLD_ON]
    assert issue["title"] in [text["title"] for text in flood]
    assert issue["reason"].endswith(".")
    assert {"now", "expected", "ratio", "sources", "negative_share"} <= issue["figures"].keys()
    figures = issue["figures"]
    assert figures["sources"] >= 6
    assert figures["copies"] == 1
    assert figures["now"] + 1 == figures["mentions"] == len(issue["mentions"])
    assert all(set(mention) == {"id", "url", "title", "published_at"} for mention in issue["mentions"])
    times = [mention["published_at"] for mention in issue["mentions"]]
    assert times == sorted(times, reverse=True)


def test_issues_before_anything_happened_are_none(data: Path) -> None:
    assert duluan("issues", "--at", "2026-11-16", "--data", data).json == {"at": "2026-11-15T17:00:00Z", "issues": []}


def test_stories_are_listed_most_told_first(data: Path) -> None:
    found = duluan("stories", "--data", data, "--json").json
    assert [story["mentions"] for story in found] == [4, 1, 1]
    assert {"id", "title", "first_at", "last_at", "mentions"} <= found[0].keys()
    assert (found[0]["first_at"], found[0]["last_at"]) == ("2026-11-17T23:00:00Z", "2026-11-18T02:00:00Z")
    later = duluan("stories", "--from", "2026-11-19", "--data", data, "--json").json
    assert later == []


def test_status_counts_what_waits_and_what_is_done(data: Path) -> None:
    found = duluan("status", "--data", data, "--json").json
    assert found["outcomes"] == {"new": 0, "annotated": 6, "irrelevant": 1, "failed": 0}
    assert found["indexed"] == 6
    assert found["processes"] == []
    assert found["newest_post_at"] == "2026-11-18T02:00:00Z"


def test_sources_names_each_source_with_its_state(data: Path, served: Served) -> None:
    found = duluan("sources", "--data", data, "--json", **served.settings).json
    assert found["total"] == len(found["items"]) == 12
    assert {source["state"] for source in found["items"]} == {"unknown"}
    assert {"id", "name", "home", "last_success_at", "posts", "relevant", "message"} <= found["items"][0].keys()


def test_config_says_what_is_in_force_and_why_and_hides_secrets(data: Path) -> None:
    found = duluan("config", "--json", "--data", data, DULUAN_PORT="9123", DULUAN_AUTHOR_KEY="bi-mat")
    assert found.json["port"] | {"description": ""} == {"value": "9123", "origin": "DULUAN_PORT", "description": ""}
    assert found.json["data"]["origin"] == "--data"
    assert found.json["index"]["origin"] == "mặc định"
    assert "bi-mat" not in found.out + found.err


def test_data_is_understood_before_and_after_the_command_and_from_the_environment(data: Path, tmp_path: Path) -> None:
    asked = [
        duluan("--data", data, "status", "--json", cwd=tmp_path),
        duluan("status", "--data", data, "--json", cwd=tmp_path),
        duluan("status", "--json", cwd=tmp_path, DULUAN_DATA=str(data)),
    ]
    assert [said.json["indexed"] for said in asked] == [6, 6, 6]
    assert list(tmp_path.iterdir()) == []


# texts and models


def test_annotate_gives_one_annotation_a_line_in_order(files: Path, tmp_path: Path) -> None:
    said = duluan("annotate", files / "posts.jsonl", cwd=tmp_path)
    assert said.code == 0, said.err
    assert len(said.lines) == len(POSTS)
    assert [line["relevance"]["label"] for line in said.lines] == [2, 2, 2, 2, 2, 0, 2]
    assert said.lines[-1]["id"] == "cua-1"
    for line, post in zip(said.lines, POSTS, strict=True):
        assert {"id", "relevance", "places", "topics", "sentiment", "terms", "models"} <= line.keys()
        assert line["relevance"]["reason"]
        assert {topic["code"] for topic in line["topics"]} <= TOPICS.keys()
        assert line["topics"], "every text has a main topic"
        assert line["sentiment"]["label"] in SENTIMENTS
        assert line["sentiment"]["sentence"]
        text = "\n".join(post[name] for name in ("title", "lead", "body") if name in post)
        assert all(text[place["start"] : place["end"]] == place["surface"] for place in line["places"])


def test_annotate_takes_the_good_lines_of_a_bad_file_and_ends_with_1(files: Path, tmp_path: Path) -> None:
    said = duluan("annotate", files / "bad.jsonl", cwd=tmp_path)
    assert said.code == 1
    assert len(said.lines) == 2
    assert f"{files / 'bad.jsonl'}:2: " in said.err


def test_cluster_gives_story_and_original_of_each_line_in_order(files: Path, tmp_path: Path) -> None:
    said = duluan("cluster", files / "posts.jsonl", cwd=tmp_path)
    assert said.code == 0, said.err
    assert all(set(line) == {"id", "story_id", "duplicate_of"} for line in said.lines)
    flood, other, copy, after, station, coffee, queue = said.lines
    assert queue["id"] == "cua-1"
    assert flood["story_id"] == other["story_id"] == copy["story_id"] == after["story_id"]
    assert len({line["story_id"] for line in said.lines}) == 4
    assert copy["duplicate_of"] == flood["id"]
    assert [line["duplicate_of"] for line in (flood, other, after, station, coffee)] == [None] * 5


def test_extract_reads_one_page_or_a_list_in_order(served: Served, tmp_path: Path) -> None:
    texts = [text for text in served.truth()["texts"] if text["kind"] == "news" and text["readable"]][:2]
    lines: list[dict[str, Any]] = []
    for number, text in enumerate(texts):
        with urllib.request.urlopen(text["url"]) as answer:
            (tmp_path / f"{number}.html").write_bytes(answer.read())
        lines.append({"file": f"{number}.html", "url": text["url"]})
    one = duluan("extract", tmp_path / "0.html", "--url", texts[0]["url"], **served.settings).json
    names = {"url", "canonical_url", "title", "lead", "body", "author", "published_at", "updated_at", "section", "tags"}
    assert names | {"method", "quality"} <= one.keys()
    assert {"score", "reasons"} <= one["quality"].keys()
    lines.append({"file": "khong-co.html", "url": texts[0]["url"]})
    listed = write_jsonl(tmp_path / "list.jsonl", lines[::-1])
    said = duluan("extract", listed, **served.settings)
    assert said.code == 1
    assert f"{listed}:1: " in said.err
    missing, second, first = said.lines
    assert first == one
    assert (first["title"], second["title"]) == (texts[0]["title"], texts[1]["title"])
    assert (first["published_at"], second["published_at"]) == (texts[0]["published_at"], texts[1]["published_at"])
    assert missing["error"]


def test_own_labels_are_learnt_and_predicted(tmp_path: Path) -> None:
    good, bad = (
        ("ngon, sạch, phục vụ vui vẻ", "tuyệt vời, sẽ quay lại"),
        ("dở, bẩn, chờ lâu", "thất vọng, không quay lại"),
    )
    told = [
        {"id": f"{label}{n}", "title": f"Quán thứ {n}", "body": f"{texts[n % 2]} lần {n}", "label": label}
        for label, texts in (("khen", good), ("chê", bad))
        for n in range(12)
    ]
    file, out = write_jsonl(tmp_path / "nhan.jsonl", told), tmp_path / "mo-hinh"
    card = duluan("train", "sentiment", "--data", file, "--out", out, cwd=tmp_path)
    assert card.code == 0, card.err
    assert isinstance(card.json, dict)
    new = [{"id": "a", "title": "Quán mới", "body": "phục vụ vui vẻ, tuyệt vời"}, {"id": "b", "body": "bẩn, thất vọng"}]
    said = duluan("predict", out, write_jsonl(tmp_path / "moi.jsonl", new), cwd=tmp_path)
    assert said.code == 0, said.err
    assert [(line["id"], line["labels"][0]["label"]) for line in said.lines] == [("a", "khen"), ("b", "chê")]
    for line in said.lines:
        scores = [each["score"] for each in line["labels"]]
        assert scores == sorted(scores, reverse=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mo-hinh", "moi.jsonl", "nhan.jsonl"]


# wrong usage

WRONG: dict[str, tuple[object, ...]] = {
    "no such command": ("hoi",),
    "no such option": ("status", "--mau", "do"),
    "a missing file": ("import", "khong-co.csv"),
    "a missing argument": ("search",),
    "a bad time": ("issues", "--at", "hôm qua"),
    "a bad query": ("search", '"chưa đóng'),
    "a bad cursor": ("search", "lũ", "--cursor", "abc"),
    "a bad order": ("search", "lũ", "--sort", "oldest"),
    "a bad limit": ("search", "lũ", "--limit", "0"),
    "an unknown source": ("crawl", "--source", "khong.co"),
    "a page without its address": ("extract", __file__),
    "a page with an address that is none": ("extract", __file__, "--url", "nope"),
    "two files with one address": ("ingest", __file__, __file__, "--url", "https://bao.example/1.htm"),
    "a data folder that is a file": ("status", "--data", __file__),
    "an unknown model": ("predict", Path(__file__).parent, __file__),
}
WRONG_SETTINGS: dict[str, dict[str, str]] = {
    "a port that is none": {"DULUAN_PORT": "cao"},
    "an address for everybody": {"DULUAN_HOST": "0.0.0.0"},
    "an unknown province": {"DULUAN_PROVINCE": "atlantis"},
    "an unknown database": {"DULUAN_DATABASE_URL": "mysql://a:mat-khau@may/x"},
    "sources that are not there": {"DULUAN_SOURCES": "/khong/co.yaml"},
}


@pytest.mark.parametrize("what", [*WRONG, *WRONG_SETTINGS])
def test_wrong_usage_ends_with_2_says_why_and_prints_nothing(tmp_path: Path, what: str) -> None:
    said = duluan(*WRONG.get(what, ("status",)), cwd=tmp_path, **WRONG_SETTINGS.get(what, {}))
    assert (said.code, said.out) == (2, ""), said.err
    assert said.err.strip()
    assert "Traceback" not in said.err
    assert "mat-khau" not in said.err
