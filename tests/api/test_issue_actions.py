"""What officers do to an issue, over HTTP and by the forms of its page: remembered with who and when, undoable."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from monitor.installation import Installation
from monitor.rising.live import LiveIssues
from tests.api.world import build

FLOOD = "s-lu-huong-phung"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A world of its own: actions change what the others see. The worker looked at what rises before anybody acts."""
    folder: Path = tmp_path_factory.mktemp("actions")
    made = build(folder)
    with Installation(made.settings) as it:
        LiveIssues(it.evidence, it.issue_store, it.weights).update(datetime.now(UTC).replace(microsecond=0))
    settings = made.settings.model_copy(update={"auth": "off"})
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8600") as client:
        yield client


def ids(client: TestClient) -> list[str]:
    return [issue["id"] for issue in client.get("/api/v1/issues").json()["items"]]


def act(client: TestClient, id: str, action: str, value: str = "") -> dict[str, Any]:
    answer = client.post(f"/api/v1/issues/{id}/actions", json={"action": action, "value": value})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def undo(client: TestClient, id: str, action: dict[str, Any]) -> int:
    return client.delete(f"/api/v1/issues/{id}/actions/{action['id']}").status_code


def test_a_muted_issue_leaves_the_list_and_comes_back_when_that_is_undone(own: TestClient) -> None:
    first, *_ = ids(own)
    muted = act(own, first, "mute", "diễn tập")
    assert first not in ids(own)
    detail = own.get(f"/api/v1/issues/{first}").json()
    assert [(a["action"], a["value"], a["undone_at"]) for a in detail["actions"]] == [("mute", "diễn tập", None)]
    assert undo(own, first, muted) == 204
    assert undo(own, first, muted) == 404
    assert ids(own)[0] == first


def test_pinned_renamed_and_known_are_told_with_the_issue(own: TestClient) -> None:
    last = ids(own)[-1]
    done = [
        act(own, last, "pin"),
        act(own, last, "rename", "Tên của cán bộ"),
        act(own, last, "known", "xã đã báo cáo"),
    ]
    item = own.get("/api/v1/issues").json()["items"][0]
    assert (item["id"], item["title"], item["pinned"]) == (last, "Tên của cán bộ", True)
    assert item["known"]["note"] == "xã đã báo cáo"
    assert [undo(own, last, each) for each in done] == [204, 204, 204]


def test_the_past_does_not_know_what_was_done_later(own: TestClient) -> None:
    first, *_ = ids(own)
    before = datetime.fromisoformat(own.get("/api/v1/issues").json()["at"]) - timedelta(minutes=1)
    muted = act(own, first, "mute")
    past = own.get("/api/v1/issues", params={"at": before.isoformat()}).json()["items"]
    assert first in [issue["id"] for issue in past]
    undo(own, first, muted)


def test_what_is_hidden_still_rises_on_its_own_page_and_can_be_shown_again_from_the_list(own: TestClient) -> None:
    first = next(id for id in ids(own) if id.startswith("s-"))
    act(own, first, "mute", "diễn tập")
    page = own.get(f"/stories/{first}").text
    assert "lần thường lệ" in page
    assert "Đã ẩn khỏi danh sách vụ việc đang tăng và không báo nữa" in page
    assert own.get(f"/api/v1/issues/{first}").json()["issue"]["id"] == first
    listed = own.get("/stories.json").json()
    assert first not in [each["issue"]["id"] for each in listed["issues"]]
    [hidden] = listed["hidden"]
    assert (hidden["issue"]["id"], hidden["note"]) == (first, "diễn tập")
    assert own.post(f"/issues/{first}/actions/{hidden['action']}/undo", follow_redirects=False).status_code == 303
    assert own.get("/stories.json").json()["hidden"] == []


def test_merged_issues_name_each_other_by_their_titles(own: TestClient) -> None:
    target, merged = [id for id in ids(own) if id.startswith("s-")][:2]
    titles = {issue["id"]: issue["title"] for issue in own.get("/api/v1/issues").json()["items"]}
    done = act(own, merged, "merge", target)
    assert f'Đã gộp vào vụ việc <a href="/stories/{target}">{titles[target]}</a>' in own.get(f"/stories/{merged}").text
    assert f'<a href="/stories/{merged}">{titles[merged]}</a> (cán bộ gộp vào)' in own.get(f"/stories/{target}").text
    assert f"“{target}”" not in own.get(f"/stories/{merged}").text
    assert undo(own, merged, done) == 204


def test_a_new_name_stands_on_the_issues_own_page_with_the_first_one_below(own: TestClient) -> None:
    first = next(id for id in ids(own) if id.startswith("s-"))
    before = own.get(f"/api/v1/stories/{first}").json()["title"]
    done = act(own, first, "rename", "Tên cán bộ đặt")
    page = own.get(f"/stories/{first}").text
    assert "<h1>Tên cán bộ đặt</h1>" in page
    assert f"Tên ban đầu: {before}" in page
    assert "Tên cán bộ đặt" in [row["title"] for row in own.get("/stories.json").json()["stories"]]
    undo(own, first, done)
    assert f"<h1>{before}</h1>" in own.get(f"/stories/{first}").text


@pytest.mark.parametrize("body", [{"action": "rename"}, {"action": "merge", "value": " "}, {"action": "delete"}, {}])
def test_what_makes_no_sense_is_refused(own: TestClient, body: dict[str, str]) -> None:
    assert own.post(f"/api/v1/issues/{ids(own)[0]}/actions", json=body).status_code == 422


def test_the_page_offers_the_actions_and_shows_who_did_what(own: TestClient) -> None:
    first = next(id for id in ids(own) if "@" not in id)
    done = own.post(
        f"/issues/{first}/actions", data={"action": "known", "value": "<b>đã</b> rõ"}, follow_redirects=False
    )
    assert (done.status_code, done.headers["location"]) == (303, f"/stories/{first}")
    text = own.get(f"/stories/{first}").text
    assert "&lt;b&gt;đã&lt;/b&gt; rõ" in text
    assert "<b>đã</b>" not in text
    [action, *_] = own.get(f"/api/v1/issues/{first}").json()["actions"]
    back = own.post(f"/issues/{first}/actions/{action['id']}/undo", follow_redirects=False)
    assert back.status_code == 303
    assert own.get(f"/api/v1/issues/{first}").json()["actions"][0]["undone_at"]


def test_an_issue_says_its_state_its_sort_and_what_is_ordinary(own: TestClient) -> None:
    for issue in own.get("/api/v1/issues").json()["items"]:
        assert issue["state"] in ("emerging", "rising", "peaking", "fading", "reopened")
        assert issue["sort"] in ("event", "complaint", "rumour_like", "campaign_like")
        assert issue["sort_reason"].endswith(".")
        assert len(issue["usual"]) == len(issue["curve"]) == 48
        assert 0 < issue["score"] <= 1
        assert [change["at"] for change in issue["changes"]] == sorted(change["at"] for change in issue["changes"])
