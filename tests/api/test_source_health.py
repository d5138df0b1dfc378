"""The health of sources, as API, page and command line show it: every figure by name, every alarm with its reason."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from crawlers.post import Post
from crawlers.sink import CrawlResult
from monitor.commands import running
from monitor.commands.common import app
from monitor.installation import Installation
from monitor.settings import Settings
from tests.api.world import HOME

ALARMS = {"im": "silent", "troi": "drifting", "chan": "blocked", "chet": "dead", "lut": "flooding"}
SOURCE = """
- {{id: {id}.example, name: "Báo {id}", home: "https://{id}.example/", family: vccorp, kind: news,
   discovery: {{listings: ["https://{id}.example/"]}}}}
"""
KEYED = """
- {id: kenh-video, name: Kênh video, home: "https://video.example/", kind: video,
   discovery: {channel: {service: youtube, account: UCthu}}}
- {id: trang-mang, name: Trang mạng, home: "https://mang.example/", kind: social,
   discovery: {channel: {service: facebook, account: trangthu}}}
"""
NOW = datetime.now(UTC)


def passed(id: str, back: float, **more: Any) -> CrawlResult:
    at = NOW - timedelta(days=back)
    given = {"state": "ok", "message": "", "started_at": at, "finished_at": at} | more
    return CrawlResult(source=f"{id}.example", **given)


def told(id: str, back: float, number: int) -> list[Post]:
    at = NOW - timedelta(days=back)
    urls = [f"https://{id}.example/{back:.2f}-{n}" for n in range(number)]
    return [Post(url=u, canonical_url=u, source=f"{id}.example", title=f"Chợ {u}", published_at=at) for u in urls]


def fill(it: Installation) -> None:
    """Forty days of each source, and at their end what is wrong with it."""
    posts: list[Post] = []
    passes: list[CrawlResult] = []
    for back in range(40, 0, -1):
        for id in ("on", *ALARMS):
            new_design = id == "troi" and back < 4
            method = "trafilatura" if new_design else "family:vccorp@2"
            if id in ("chan", "chet") and back < 3:
                state, message = ("blocked", "thử thách") if id == "chan" else ("failing", "không tìm thấy tên miền")
                passes += [passed(id, back + n / 10, state=state, message=message) for n in range(3)]
                continue
            passes.append(passed(id, back, methods={method: 4}, outcomes={"archived": 4}))
            posts += [] if id == "im" and back < 12 else told(id, back, 4)
    posts += told("lut", 0.2, 200) + told("on", 0.1, 1)
    passes.append(
        passed(
            "on", 0.05, requests=40, not_modified=30, discovered=12, robots=1, pages_refused=2, latency=0.25, new=5,
            methods={"family:vccorp@2": 3, "trafilatura": 2},
            outcomes={"archived": 5, "empty": 2, "refused": 3}, first_stage={"skipped": 7},
        )
    )  # fmt: skip
    it.archive.store_many(posts)
    for each in passes:
        it.memory.finished(each, timedelta(minutes=15))


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("health")
    registry = folder / "nguon.yaml"
    registry.write_text("".join(SOURCE.format(id=id) for id in ("on", *ALARMS)) + KEYED, encoding="utf-8")
    made = Settings(data=folder, sources=registry, auth="off")
    it = Installation(made)
    fill(it)
    it.close()
    return made


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), base_url=HOME) as opened:
        yield opened


def text(client: TestClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.text))


@pytest.mark.parametrize(("id", "kind"), ALARMS.items())
def test_every_alarm_is_told_with_its_reason_by_api_and_pages(client: TestClient, id: str, kind: str) -> None:
    found = client.get(f"/api/v1/sources/{id}.example").json()
    assert (found["state"], found["alarm"]["kind"]) == (kind, kind)
    assert found["alarm"]["reason"]
    for path in ("/sources", f"/sources/{id}.example"):
        page = text(client, path)
        assert found["state_name"] in page
        assert found["alarm"]["reason"] in page


def test_every_figure_is_told_by_api_and_page(client: TestClient) -> None:
    found = client.get("/api/v1/sources/on.example").json()
    assert (found["state"], found["alarm"]) == ("ok", None)
    assert found["last_success_at"] == found["last_new_at"] == found["last_run_at"]
    figures = found["figures"]
    texts = 27 * 4 + 5  # of the passes of these four weeks
    assert 3 < figures["usual"] < 5
    assert figures["recent"] == 1
    assert figures["requests"] == 40
    assert figures["unchanged"] == 0.75
    assert figures["empty"] == pytest.approx(2 / (texts + 2), abs=1e-4)
    assert figures["by_rule"] == pytest.approx((texts - 2) / texts, abs=1e-4)
    assert (figures["latency"], figures["refused"], figures["robots"], figures["passed_over"]) == (0.25, 5, 1, 7)
    assert (figures["discovered"], figures["archived"], found["relevant"]) == (12, texts, 0)
    page = text(client, "/sources/on.example")
    for words in (
        "bài một ngày làm việc", "24 giờ qua 1 bài", "12 địa chỉ, lưu 113", "bỏ qua theo tiêu đề 7", "bị từ chối 5",
        "robots.txt không cho 1", "0 liên quan", "Yêu cầu 40, 75 % không đổi (304)", "trả lời sau 250 mili giây",
        "98 % đúng quy tắc của trang", "2 % trang không có bài", "Lấy được lần cuối",
    ):  # fmt: skip
        assert words in page


@pytest.mark.parametrize("id", ["kenh-video", "trang-mang"])
def test_a_source_that_needs_a_key_says_so_and_is_no_alarm(client: TestClient, id: str) -> None:
    found = client.get(f"/api/v1/sources/{id}").json()
    assert (found["state"], found["state_name"], found["alarm"]) == ("needs_key", "cần khóa truy cập", None)
    assert "cần khóa truy cập" in text(client, f"/sources/{id}")


def test_the_command_line_tells_what_the_api_tells(client: TestClient, settings: Settings) -> None:
    said = CliRunner().invoke(
        app, ["sources", "--json", "--data", str(settings.data)], env={"DULUAN_SOURCES": str(settings.sources)}
    )
    assert said.exit_code == 0, said.output
    ours = {each["id"]: each for each in json.loads(said.output)["items"]}
    for each in client.get("/api/v1/sources").json()["items"]:
        for name in ("state", "alarm", "figures", "relevant", "last_success_at", "last_new_at", "breaker"):
            assert _steady(ours[each["id"]][name]) == _steady(each[name]), (each["id"], name)


def _steady(told: Any) -> Any:
    """Without the moment since when a source floods: it is a day before each question."""
    return {**told, "since": None} if isinstance(told, dict) and told.get("kind") == "flooding" else told


def test_the_command_line_tells_every_figure_of_one_source(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "wants_json", lambda asked: asked)
    environment = {"DULUAN_SOURCES": str(settings.sources), "COLUMNS": "160"}
    said = CliRunner().invoke(app, ["sources", "on.example", "--data", str(settings.data)], env=environment)
    told = re.sub(r"[^\w%/.,]+", " ", said.output)
    for words in (
        "Báo on", "tình trạng bình thường", "bài 24 giờ qua / thường 1 / ", "gặp / lưu / liên quan 12 / 113 / 0",
        "bỏ qua theo tiêu đề 7", "bị từ chối / robots.txt không cho 5 / 1", "304 75 %", "trả lời sau 250 mili giây",
        "đúng quy tắc của trang 98,2 %", "trang không có bài 1,7 %", "yêu cầu 40", "lần cuối có bài mới", "hỏi mỗi",
    ):  # fmt: skip
        assert words in told, words
    assert "Báo im" not in told
