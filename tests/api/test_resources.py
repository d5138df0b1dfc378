"""/api/v1: the shapes other systems rely on, and figures that agree with each other."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api import words
from nlp.annotation import SENTIMENTS, TOPICS
from tests.api.world import Made

FLOOD = "s-lu-quet-huong-phung"


def get(client: TestClient, path: str, **parameters: Any) -> Any:
    answer = client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def mentions(client: TestClient, **parameters: Any) -> Any:
    return get(client, "/api/v1/mentions", **parameters)


def test_words_name_every_code_of_the_annotator() -> None:
    assert set(words.SENTIMENTS) == set(SENTIMENTS)


def test_a_mention_in_a_list_has_the_promised_fields(client: TestClient) -> None:
    item = mentions(client, q="lũ quét")["items"][0]
    promised = {
        "id",
        "url",
        "title",
        "source",
        "published_at",
        "sentiment",
        "topics",
        "places",
        "story_id",
        "highlight",
    }
    assert promised <= set(item)
    assert item["published_at"].endswith("Z")
    assert item["highlight"]["title"]["text"][slice(*item["highlight"]["title"]["spans"][0])].lower() == "lũ"


def test_every_mention_is_reached_by_paging_once(client: TestClient, world: Made) -> None:
    seen: list[str] = []
    cursor = ""
    while True:
        page = mentions(client, limit=50, cursor=cursor)
        assert page["total"] == world.mentions
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = page["next"]
    assert len(seen) == len(set(seen)) == world.mentions


def test_values_of_a_repeated_parameter_are_alternatives(client: TestClient) -> None:
    one = mentions(client, topic="health")["total"]
    other = mentions(client, topic="tourism")["total"]
    assert one
    assert other
    assert mentions(client, topic=["health", "tourism"])["total"] == one + other


def test_parameters_narrow_together(client: TestClient) -> None:
    items = mentions(client, topic="public_services", sentiment="negative", kind="forum", limit=100)["items"]
    assert items
    assert {(i["kind"], i["sentiment"], i["topics"][0]) for i in items} == {("forum", "negative", "public_services")}


def test_from_is_included_and_to_is_not(client: TestClient) -> None:
    moment = mentions(client, story=FLOOD, limit=1)["items"][0]["published_at"]
    assert mentions(client, story=FLOOD, **{"from": moment})["total"] == 1
    assert mentions(client, story=FLOOD, to=moment)["total"] == 10


def test_a_day_as_the_end_takes_the_whole_day_in(client: TestClient) -> None:
    point = get(client, "/api/v1/sentiment/series", interval="day")["items"][5]
    assert point["start"].endswith("17:00:00Z")  # midnight in Việt Nam
    day = (date.fromisoformat(point["start"][:10]) + timedelta(days=1)).isoformat()
    assert mentions(client, **{"from": day, "to": day})["total"] == point["count"] > 0


def test_relevance_order_puts_the_title_match_first(client: TestClient) -> None:
    items = mentions(client, q="cứu trợ", sort="relevance")["items"]
    assert "cứu trợ" in items[0]["title"].lower()


def test_a_mention_tells_how_it_was_understood_and_edited(client: TestClient) -> None:
    first = mentions(client, story=FLOOD, limit=50)["items"][-1]["id"]
    found = get(client, f"/api/v1/mentions/{first}")
    assert found["annotation"]["relevance"]["label"] == 2
    assert found["annotation"]["sentiment"]["sentence"] == "Nước dâng hơn ba mét chỉ trong hai giờ."
    assert found["title"] == "Lũ quét ở Hướng Phùng: bảy ngôi nhà bị cuốn trôi"
    assert found["reactions"] == {"likes": 1_240}
    assert "1.240 lượt thích" in client.get(f"/mentions/{found['id']}").text
    assert [r["title"] for r in found["revisions"]] == ["Lũ quét trong đêm ở Hướng Phùng, nhiều bản mất liên lạc"]
    assert "body" not in found


def test_a_person_is_only_a_hash(client: TestClient) -> None:
    posted = mentions(client, kind="forum", limit=1)["items"][0]["id"]
    assert get(client, f"/api/v1/mentions/{posted}")["author"].startswith("#")


def test_stories_are_listed_most_told_first_and_paged(client: TestClient) -> None:
    page = get(client, "/api/v1/stories", limit=2)
    assert page["items"][0]["mentions"] >= page["items"][1]["mentions"]
    second = get(client, "/api/v1/stories", limit=2, cursor=page["next"])
    assert {s["id"] for s in page["items"]}.isdisjoint(s["id"] for s in second["items"])
    assert second["total"] == page["total"]


def test_a_story_agrees_with_the_search_for_it(client: TestClient) -> None:
    story = get(client, f"/api/v1/stories/{FLOOD}")
    assert story["mentions"] == mentions(client, story=FLOOD)["total"] == 11
    assert sum(story["by_sentiment"].values()) == 11
    assert sum(bucket["count"] for bucket in story["sources"]) == 11


def test_issues_have_the_shape_of_the_command_line(client: TestClient) -> None:
    found = get(client, "/api/v1/issues", limit=5)
    assert set(found) == {"at", "as_of", "issues", "items", "total", "next"}
    first = found["issues"][0]
    assert first["id"] == FLOOD
    assert {"id", "title", "kind", "score", "since", "reason", "figures", "mentions"} <= set(first)
    assert {"now", "expected", "ratio", "sources", "negative_share"} <= set(first["figures"])
    assert {"id", "url", "title", "published_at"} == set(first["mentions"][0])
    scores = [issue["score"] for issue in found["issues"]]
    assert scores == sorted(scores, reverse=True)
    assert {i["id"] for i in found["issues"]} >= {FLOOD, "s-mot-cua-dong-ha", "s-le-hoi-cua-tung"}


def test_issues_of_the_past_know_nothing_of_today(client: TestClient, world: Made) -> None:
    past = (world.now - timedelta(days=2)).isoformat()
    assert FLOOD not in {issue["id"] for issue in get(client, "/api/v1/issues", at=past)["issues"]}


def test_sentiment_summary_series_and_search_say_the_same(client: TestClient, world: Made) -> None:
    summary = get(client, "/api/v1/sentiment/summary")
    assert summary["total"] == sum(summary["counts"].values()) == world.mentions
    assert summary["counts"]["negative"] == mentions(client, sentiment="negative")["total"]
    assert sum(summary["shares"].values()) == pytest.approx(1, abs=0.001)
    for interval in ("hour", "day", "week", "month"):
        series = get(client, "/api/v1/sentiment/series", interval=interval)
        assert series["total"] == sum(p["count"] for p in series["items"]) == world.mentions
        assert sum(p["by_sentiment"]["negative"] for p in series["items"]) == summary["counts"]["negative"]


def test_topics_name_all_and_count_as_the_search_does(client: TestClient) -> None:
    items = get(client, "/api/v1/topics")["items"]
    assert {item["id"] for item in items} == set(TOPICS)
    for item in items[:4]:
        assert item["count"] == mentions(client, topic=item["id"])["total"]


def test_places_have_names_coordinates_and_counts(client: TestClient) -> None:
    place = get(client, "/api/v1/places", limit=1)["items"][0]
    assert place["name"] == "phường Đông Hà"
    assert 16 < place["lat"] < 18.2 < 105 < place["lon"] < 108
    assert place["count"] == mentions(client, place=place["id"])["total"]


def test_sources_say_their_health_and_need_no_paging(client: TestClient) -> None:
    found = get(client, "/api/v1/sources")
    states = {source["id"]: source["state"] for source in found["items"]}
    assert found["total"] == len(found["items"]) == 13
    assert (states["btm"], states["pldn"], states["nsmt"], states["cu"]) == ("blocked", "partial", "silent", "off")
    assert [s["id"] for s in get(client, "/api/v1/sources", state="blocked")["items"]] == ["btm"]


def test_a_source_tells_its_runs_and_what_gave_no_post(client: TestClient) -> None:
    source = get(client, "/api/v1/sources/pldn")
    assert len(source["days"]) == 28
    assert source["runs"][0]["counts"]["requests"] == 14
    assert source["refused"][0]["reason"] == "không thấy thân bài"


def test_status_says_what_runs_and_what_waits(client: TestClient, world: Made) -> None:
    status = get(client, "/api/v1/status")
    assert status["outcomes"] == {"new": 0, "annotated": world.mentions, "irrelevant": 0, "failed": 0}
    assert status["indexed"] == world.mentions
    assert (status["sources_ok"], status["sources_watched"]) == (9, 12)
    assert status["processes"][0]["name"] == "worker"


def test_operations_answer(client: TestClient, world: Made) -> None:
    assert get(client, "/healthz")["status"] == "ok"
    assert get(client, "/readyz") == {"status": "ready", "index": "ok"}
    metrics = client.get("/metrics").text
    assert f'duluan_posts{{outcome="annotated"}} {world.mentions}' in metrics
    assert 'duluan_http_requests_total{route="/healthz",status="200"}' in metrics


def test_openapi_describes_every_route_with_examples(client: TestClient) -> None:
    document = get(client, "/api/v1/openapi.json")
    resources = {p.removeprefix("/api/v1/") for p in document["paths"] if p.startswith("/api/v1/")}
    assert resources >= {
        *(
            "mentions",
            "mentions/{id}",
            "mentions/{id}/similar",
            "stories",
            "stories/{id}",
            "issues",
            "sentiment/summary",
            "sentiment/series",
        ),
        *("topics", "places", "sources", "sources/{id}", "status", "me"),
    }
    for operations in document["paths"].values():
        assert all(operation["summary"] for operation in operations.values())
    assert document["components"]["schemas"]["MentionItem"]["properties"]["sentiment"]["examples"]
    assert "Problem" in document["components"]["schemas"]


def test_similar_mentions_are_of_other_stories_and_say_how_they_were_compared(client: TestClient) -> None:
    item = mentions(client, story=FLOOD)["items"][0]
    found = get(client, f"/api/v1/mentions/{item['id']}/similar", limit=5)
    assert found["how"] in ("meaning", "words")
    assert all(each["story_id"] != FLOOD for each in found["items"])
    scores = [each["score"] for each in found["items"]]
    assert scores == sorted(scores, reverse=True)
    assert client.get("/api/v1/mentions/nobody/similar").status_code == 404


def test_an_empty_installation_answers_everywhere(empty: TestClient) -> None:
    for path in ("mentions", "stories", "issues", "sentiment/series", "places"):
        assert get(empty, f"/api/v1/{path}")["items"] == []
    assert get(empty, "/api/v1/sentiment/summary")["shares"] == {"negative": None, "neutral": None, "positive": None}
    assert get(empty, "/api/v1/status")["updated_at"] is None
