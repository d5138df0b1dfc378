"""A story's page tells how it was merged and split."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from monitor.story_changes import StoryEvent, StoryHistory

FLOOD = "s-lu-quet-huong-phung"
AT = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)


def test_merges_and_splits_are_told(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    told = client.get("/api/v1/stories?from=2026-01-01").json()["items"]
    other = next(story for story in told if story["id"] != FLOOD)
    events = [
        StoryEvent("split", FLOOD, other["id"], 4, AT),
        StoryEvent("merge", FLOOD, "s-khong-con", 3, AT),
        StoryEvent("split", other["id"], FLOOD, 2, AT),
    ]
    monkeypatch.setattr(StoryHistory, "of", lambda _self, _story: events)
    steps = client.get(f"/stories/{FLOOD}.json").json()["history"]
    assert [(step["kind"], step["other"], step["mentions"]) for step in steps] == [
        ("parted", other["id"], 2),
        ("joined", "s-khong-con", 3),
        ("began", other["id"], 4),
    ]
    assert [step["title"] for step in steps] == [other["title"], "", other["title"]]
    page = client.get(f"/stories/{FLOOD}", headers={"Accept": "text/html"}).text
    for words in (
        "Gộp và tách",
        "gộp thêm 3 lượt nhắc của một vụ việc khác",
        "2 lượt nhắc tách thành",
        "tách ra từ vụ việc",
    ):
        assert words in page


def test_a_story_that_nothing_happened_to_says_nothing(client: TestClient) -> None:
    assert "Gộp và tách" not in client.get(f"/stories/{FLOOD}", headers={"Accept": "text/html"}).text
