"""`duluan models`: what is in use, where it comes from, what it weighs, and whether its card says what a card must."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import monitor.cli
from monitor.commands import models
from monitor.commands.common import UsageError
from tests.monitor.test_labelling_commands import lines, run

monitor.cli.load()
LIMIT = 10_000_000  # bytes of everything that ships


def test_what_ships_is_light_and_says_what_it_is(tmp_path: Path) -> None:
    found = json.loads(run("models", "--data", tmp_path).stdout)
    assert found["bytes"] <= LIMIT
    cards = {each["name"]: each["card"] for each in found["models"]}
    assert {"topics", "sentiment", "relevance", "background", "latent"} <= set(cards)
    for name, card in cards.items():
        assert card["task"], name
        assert card["date"], name
        assert all(len(each["sha256"]) == 64 and each["licence"] for each in card["data"]), name
    for task in ("topics", "sentiment", "relevance"):
        assert cards[task]["licence"] == "Apache-2.0"
        assert len(cards[task]["version"]) == 12
        assert cards[task]["scores"]["qt_gold"]
    for task in ("topics", "sentiment"):
        assert {"kind", "spelling", "month"} <= {each["slice"] for each in cards[task]["scores"]["held_out"]["slices"]}


def test_a_model_of_peoples_own_stands_in_for_the_shipped_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"title": f"đường hư đoạn {n}", "sentiment": "negative"} for n in range(12)]
    rows += [{"title": f"cầu mới xong {n}", "sentiment": "positive"} for n in range(12)]
    folder = tmp_path / "models" / "sentiment"
    run("train", "sentiment", "--data", lines(tmp_path / "mine.jsonl", rows), "--out", folder, "--base", "shipped")
    (mine,) = json.loads(run("models", "sentiment", "--data", tmp_path).stdout)["models"]
    assert mine["from"] == str(folder)
    assert mine["card"]["base"]["licence"] == "Apache-2.0"
    assert mine["card"]["data"][0]["texts"] == 24
    monkeypatch.setattr(models, "wants_json", lambda _asked: False)
    said = run("models", "sentiment", "--data", tmp_path).stdout
    assert "mine.jsonl" in said
    assert "báo chí" in said
    assert "Sắc thái" in run("models", "--data", tmp_path).stdout
    with pytest.raises(UsageError, match="không có mô hình 'xyz'"):
        run("models", "xyz", "--data", tmp_path)


def test_what_cannot_be_taught_is_said(tmp_path: Path) -> None:
    data = lines(tmp_path / "mine.jsonl", [{"title": "đường hư", "label": "phàn nàn"}] * 3)
    with pytest.raises(UsageError, match="does not know phàn nàn"):
        run("train", "sentiment", "--data", data, "--out", tmp_path / "x", "--base", "shipped")
    with pytest.raises(UsageError, match="không dạy thêm được"):
        run("train", "relevance", "--data", data, "--out", tmp_path / "x", "--base", "shipped")
    assert not (tmp_path / "x").exists()
