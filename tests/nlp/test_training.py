"""`duluan train` and `duluan predict` below the command line: any label set, clear errors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nlp.linear
import nlp.train
from nlp.embedder import Embeddings
from nlp.linear import ModelError
from nlp.text import fold
from nlp.train import DataError, in_domain, load_model, mark, model_text, predict, read_examples, seen, train_task

ROADS = ["đường xấu", "đường bong tróc", "ổ gà trên đường", "đường ngập", "sửa đường"]
CLINICS = ["bệnh viện đông", "thiếu thuốc", "bác sĩ giỏi", "trạm y tế mới", "tiêm vắc xin"]


class Cheap:
    """Stands in for sentence vectors, which take a tenth of a second each; counts what it was asked."""

    version = "cheap-1"
    dimensions = 4

    def __init__(self) -> None:
        self.asked = 0

    def embed(self, texts: Sequence[str]) -> Embeddings:
        self.asked += len(texts)
        road = np.array([["đường" in text or "duong" in fold(text), 1, 0, 0] for text in texts], dtype=np.float32)
        return road.reshape(len(texts), 4)


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> Cheap:
    embedder = Cheap()
    for module in (nlp.train, nlp.linear):
        monkeypatch.setattr(module, "load_embedder", lambda: embedder)
    return embedder


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
    assert {part["value"] for part in card["scores"]["slices"]} == {"news", "accented"}
    assert sum(label["texts"] for label in card["scores"]["labels"]) == card["scores"]["texts"] == 40
    assert card["settings"]["embedder"] == "cheap-1", "few texts lean on sentence vectors"
    asked = lines(tmp_path / "ask.jsonl", [{"id": "a", "title": "đường hư"}, {"title": "bệnh viện thiếu bác sĩ"}])
    given = list(predict(tmp_path / "model", asked))
    assert [record["id"] for record in given] == ["a", "2"]
    assert [record["labels"][0]["label"] for record in given] == ["đường", "y tế"]
    assert given[0]["labels"][0]["score"] >= given[0]["labels"][1]["score"]


def test_training_is_the_same_to_the_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = lines(tmp_path / "data.jsonl", examples())
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795305600")
    for name in ("a", "b"):
        card = train_task("topics", data, tmp_path / name)
        nlp.linear._remembered.clear()
    assert card["date"] == "2026-11-22"
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == ["card.json", "seen.npy", "vocabulary.txt", "weights.npz"]
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_a_text_is_embedded_once_however_often_it_is_read(tmp_path: Path, cheap: Cheap) -> None:
    nlp.linear._remembered.clear()
    train_task("topics", lines(tmp_path / "data.jsonl", examples()), tmp_path / "model")
    assert cheap.asked == 3 * 40, "each text with its accents, without, and with those that are put back"


def test_a_model_knows_what_it_learnt_from(tmp_path: Path) -> None:
    train_task("topics", lines(tmp_path / "data.jsonl", examples()), tmp_path / "model")
    known = seen(tmp_path / "model")
    assert len(known) == 40
    assert mark("DUONG  XAU", "", "Chuyện thứ 0.") in known
    assert mark("đường xấu", "", "Chuyện thứ 9.") not in known
    assert seen(tmp_path) == frozenset()


def test_a_single_text_is_enough_to_train_and_too_little_to_judge(tmp_path: Path) -> None:
    record = {"title": "đường xấu", "label": "đường"}
    card = train_task("topics", lines(tmp_path / "data.jsonl", [record, {**record, "label": None}]), tmp_path / "model")
    assert (card["data"][0]["texts"], card["scores"]["texts"]) == (1, 0)


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
        ("[" * 100_000, "not JSON"),
        ("\udcff", "not UTF-8"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, bad: str, reason: str) -> None:
    path = lines(tmp_path / "data.jsonl", examples())
    path.write_bytes(path.read_bytes() + bad.encode("utf-8", "surrogateescape") + b"\n")
    with pytest.raises(DataError, match=rf"data\.jsonl:41: {reason}"):
        train_task("topics", path, tmp_path / "model")


def test_a_mark_of_windows_and_empty_lines_do_no_harm(tmp_path: Path) -> None:
    path = lines(tmp_path / "data.jsonl", examples())
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n\r\n"))
    assert len(read_examples(path)) == 40


def test_a_bad_line_is_said_before_anything_is_predicted(tmp_path: Path) -> None:
    train_task("topics", lines(tmp_path / "data.jsonl", examples()[:4]), tmp_path / "model")
    asked = lines(tmp_path / "ask.jsonl", [*[{"title": "x"}] * 3, "không phải bài"])
    with pytest.raises(DataError, match=r"ask\.jsonl:4"):
        next(predict(tmp_path / "model", asked, batch=1))


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
