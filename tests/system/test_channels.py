"""A channel's whole way by `duluan crawl`: key from the environment, archive without names, state in words."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crawlers.channels.standin import KEY, StandIn, Youtube, ago, standing_in
from tests.system.conftest import duluan

AUTHOR = "@NguoiXemThu"


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with standing_in() as made:
        tube = Youtube()
        tube.upload("vid1", "Cầu Thạch Hãn ở Quảng Trị thông xe", ago(hours=5))
        tube.comment("vid1", "c1", "Đường dẫn vào cầu Thạch Hãn còn xấu quá.", ago(hours=2), AUTHOR)
        tube.install(made)
        yield made


@pytest.fixture
def registry(tmp_path: Path, standin: StandIn) -> Path:
    file = tmp_path / "nguon.yaml"
    file.write_text(
        "- id: youtube.thu\n  name: Kênh thử\n  kind: video\n  local: true\n"
        f"  home: {standin.url}\n  politeness: {{delay: 0}}\n"
        f"  discovery: {{channel: {{service: youtube, account: UCthu, base: '{standin.url}'}}}}\n",
        encoding="utf-8",
    )
    return file


def test_a_channel_is_crawled_with_the_key_of_the_environment(tmp_path: Path, standin: StandIn, registry: Path) -> None:
    settings = {"DULUAN_SOURCES": str(registry), "DULUAN_ALLOW_PRIVATE": "true", "DULUAN_DATA": str(tmp_path / "data")}
    keyed = settings | {"DULUAN_YOUTUBE_KEY": KEY}
    without = duluan("crawl", "--source", "youtube.thu", "--json", **settings)
    assert (without.code, json.loads(without.out)[0]["state"]) == (1, "needs_key")
    assert standin.calls == []
    listed = json.loads(duluan("sources", "--json", **settings).out)
    assert [each["state"] for each in listed["items"]] == ["needs_key"]
    assert json.loads(duluan("crawl", "--json", **settings).out) == []

    crawled = duluan("crawl", "--source", "youtube.thu", "--json", **keyed)
    (result,) = json.loads(crawled.out)
    assert (crawled.code, result["state"], result["new"]) == (0, "ok", 2)
    shown = duluan("config", "--json", **keyed)
    kept = b"".join(file.read_bytes() for file in (tmp_path / "data").iterdir() if file.is_file())
    assert KEY not in shown.out + crawled.out + crawled.err
    assert KEY.encode() not in kept
    assert AUTHOR.encode() not in kept
    with sqlite3.connect(tmp_path / "data" / "archive.sqlite") as archive:
        rows = archive.execute("SELECT kind, author, reactions FROM posts ORDER BY kind").fetchall()
        spent = archive.execute("SELECT spent FROM quotas").fetchall()
    (comment, hashed, likes), (video, _, figures) = rows
    assert (comment, video, hashed[0], len(hashed)) == ("comment", "video", "#", 17)
    assert json.loads(likes) == {"likes": 3}
    assert json.loads(figures) == {"views": 1520, "likes": 37, "comments": 1}
    assert spent == [(4,)]
