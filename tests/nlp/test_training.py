"""`duluan train` and `duluan predict` below the command line: any label set, clear errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nlp.linear import ModelError
from nlp.train import DataError, in_domain, load_model, model_text, predict, train_task

ROADS = ["đường xấu", "đường bong tróc", "ổ gà trên đường", "đường ngập", "sửa đường"]
CLINICS = ["bệnh viện đông", "thiếu thuốc", "bác sĩ giỏi", "trạm y tế mới", "tiêm vắc xin"]


def lines(path: Path, records: list[Any]) -> Path:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")
    return path


def examples(key: str = "label") -> list[dict[str, Any]]:
    marked = [(text, "đường") for text in ROADS] + [(text, "y tế") for text in CLINICS]
    return [
        {"id": f"{i}-{n}", "title": text, "body": f"Chuyện thứ {n}.", key: [label] if key == "labels" else label}
        for i, (text, label) in enumerate(marked)
        for n in range(4)
    ]


@pytest.mark.parametrize("key", ["label", "labels"])
def test_train_then_predict(tmp_path: Path, key: str) -> None:
    card = train_task("topics", lines(tmp_path / "data.jsonl", examples(key)), tmp_path / "model")
    assert card["task"] == "topics"
    assert card["data"][0]["texts"] == 40
    assert 0 <= card["scores"]["main_accuracy"] <= 1
    asked = lines(tmp_path / "ask.jsonl", [{"id": "a", "title": "đường hư"}, {"title": "bệnh viện thiếu bác sĩ"}])
    given = list(predict(tmp_path / "model", asked))
    assert [record["id"] for record in given] == ["a", "2"]
    assert [record["labels"][0]["label"] for record in given] == ["đường", "y tế"]
    assert given[0]["labels"][0]["score"] >= given[0]["labels"][1]["score"]


def test_several_labels_make_a_multi_label_model(tmp_path: Path) -> None:
    records = [
        *examples("labels"),
        *({"title": f"đường đến bệnh viện {n}", "labels": ["đường", "y tế"]} for n in range(8)),
    ]
    card = train_task("topics", lines(tmp_path / "data.jsonl", records), tmp_path / "model")
    assert card["settings"]["multi"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ('{"title": "không nhãn"}', "no labels"),
        ('{"label": "x"}', "no text"),
        ("{nope", "not JSON"),
        ("[1]", "not an object"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, bad: str, reason: str) -> None:
    path = lines(tmp_path / "data.jsonl", examples())
    path.write_text(path.read_text(encoding="utf-8") + bad + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=rf"data\.jsonl:41: {reason}"):
        train_task("topics", path, tmp_path / "model")


def test_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        next(predict(tmp_path, lines(tmp_path / "ask.jsonl", [{"title": "x"}])))


def test_retrained_models_come_before_the_shipped_ones(tmp_path: Path) -> None:
    train_task("topics", lines(tmp_path / "data.jsonl", examples()), tmp_path / "topics")
    chosen, shipped = load_model("topics", tmp_path), load_model("topics", None)
    assert chosen is not None
    assert shipped is not None
    assert chosen.labels == ("y tế", "đường")
    assert "disaster" in shipped.labels


def test_model_text() -> None:
    assert model_text("A", "B", "C") == "xxnews A. B. C"
    assert model_text("", "", "ko bít", "comment") == "xxsocial không biết"
    assert model_text("", "", "") == ""
    assert len(model_text("A", "", "từ " * 5000).split()) < 300
    assert in_domain("dc", "forum") == "xxsocial được"
