"""The second layer of relevance: it learns from labelled headlines, keeps a reason, leaves the rest to the rules."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import nlp.train
from nlp.annotate import Annotator
from nlp.annotation import Document
from nlp.linear import ModelError
from nlp.places import PlaceFinder
from nlp.province import Province
from nlp.relevance import judge, look
from nlp.relevance_layer import Layer, OwnModel, learn, load_layer, load_relevance
from nlp.train import train_task

PROVINCE = Province.load("quangtri")
FINDER = PlaceFinder(PROVINCE)
PLACES = ("Quảng Trị", "xã Lệ Thủy", "phường Đông Hà", "xã Cam Lộ", "xã Hướng Phùng", "phường Ba Đồn")


def document(title: str, lead: str = "", body: str = "", *, local: bool = False) -> Document:
    return Document(id="1", title=title, lead=lead, body=body, local=local)


def headlines() -> list[tuple[Document, int]]:
    """Schools built are about the province; airports closed along the coast are not, in this little world."""
    told = []
    for n in range(8):
        for place in PLACES:
            told.append((document(f"{place} xây trường học mới", f"Trường thứ {n} ở {place} có 12 phòng học."), 2))
            told.append((document(f"Hãng bay đổi lịch {n} chuyến", f"Sân bay tại {place} đóng cửa vì sương mù."), 1))
            told.append((document(f"Ca sĩ kể chuyện thứ {n}", f"Nghệ sĩ nhớ ngày đi hát ở {place} hồi trẻ."), 0))
    return told


@pytest.fixture(scope="module")
def layer() -> Layer:
    return learn(headlines(), PROVINCE)


def label(layer: Layer | OwnModel | None, given: Document) -> int:
    return judge(given, FINDER.find(given.text, local=given.local), PROVINCE, layer).label


def test_it_learns_what_the_rules_cannot_know(layer: Layer) -> None:
    flights = document("Hãng bay đổi lịch nhiều chuyến", "Sân bay tại xã Gio Linh đóng cửa vì sương mù.")
    singer = document("Ca sĩ kể chuyện cũ", "Nghệ sĩ nhớ ngày đi hát ở xã Gio Linh hồi trẻ.")
    school = document("Xã Gio Linh xây trường học mới", "Trường ở xã Gio Linh có 12 phòng học.")
    assert [label(None, each) for each in (flights, singer, school)] == [2, 2, 2]
    assert [label(layer, each) for each in (flights, singer, school)] == [1, 0, 2]


def test_the_reason_stays_readable(layer: Layer) -> None:
    given = document("Hãng bay đổi lịch nhiều chuyến", "Sân bay tại xã Gio Linh đóng cửa vì sương mù.")
    found = judge(given, FINDER.find(given.text), PROVINCE, layer)
    assert found.reason == "địa danh trong đoạn dẫn: xã Gio Linh; không phải chủ đề chính"
    assert found.score >= 0.5


def test_names_are_learnt_as_kinds(layer: Layer) -> None:
    assert not any("lệ thủy" in gram or "cam lộ" in gram for gram in layer.index)
    assert any("xxcommune" in gram for gram in layer.index)


def test_what_names_no_place_of_ours_up_front_is_left_to_the_rules(layer: Layer) -> None:
    texts = [
        document("Hãng bay đổi lịch nhiều chuyến", "Sân bay ở Hà Nội đóng cửa."),
        document("", "", "Ca sĩ hát ở xã Gio Linh hay quá"),
        document("Ca sĩ kể chuyện cũ", "Nghệ sĩ hát ở xã Gio Linh.", local=True),
    ]
    for each in texts:
        findings = FINDER.find(each.text, local=each.local)
        assert judge(each, findings, PROVINCE, layer) == look(each, findings, PROVINCE).relevance


def test_a_body_about_the_province_is_not_overruled_by_a_thin_front(layer: Layer) -> None:
    front = ("Hãng bay đổi lịch nhiều chuyến", "Sân bay tại xã Gio Linh đóng cửa vì sương mù.")
    body = "Xã Gio Linh họp dân. Phường Đông Hà, xã Cam Lộ, xã Lệ Thủy cũng họp. Tỉnh Quảng Trị hỗ trợ. " * 4
    assert label(layer, document(*front)) == 1
    assert label(layer, document(*front, body)) == 2


def test_disk_changes_nothing_and_learning_is_the_same_to_the_bit(layer: Layer, tmp_path: Path) -> None:
    layer.save(tmp_path / "a", {"licence": "test"})
    learn(headlines(), PROVINCE).save(tmp_path / "b", {"licence": "test"})
    for file in ("weights.npz", "vocabulary.txt", "card.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    again = load_layer(tmp_path / "a")
    seen = [look(d, FINDER.find(d.text), PROVINCE) for d, _ in headlines()[:20]]
    assert np.allclose(again.read(seen), layer.read(seen), atol=1e-4)


def test_a_model_of_peoples_own_takes_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nlp.train, "load_embedder", lambda: None)
    data = tmp_path / "data.jsonl"
    rows = [{"title": d.title, "lead": d.lead, "relevance": found} for d, found in headlines()]
    data.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    train_task("relevance", data, tmp_path / "relevance")
    own = load_relevance(tmp_path)
    assert isinstance(own, OwnModel)
    singer = document("Ca sĩ kể chuyện cũ", "Nghệ sĩ nhớ ngày đi hát ở xã Gio Linh hồi trẻ.")
    assert label(own, singer) == 0
    assert Annotator.load(models=tmp_path).annotate(singer).relevance.label == 0


def test_models_of_other_labels_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nlp.train, "load_embedder", lambda: None)
    data = tmp_path / "data.jsonl"
    rows = [{"title": f"chuyện {n}", "label": "có" if n % 2 else "không"} for n in range(20)]
    data.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    train_task("relevance", data, tmp_path / "relevance")
    with pytest.raises(ModelError, match="instead of 0, 1, 2"):
        load_relevance(tmp_path)


def test_unreadable_layers(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        load_layer(tmp_path)
    (tmp_path / "relevance").mkdir()
    (tmp_path / "relevance" / "card.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelError):
        load_relevance(tmp_path)


def test_the_shipped_layer_is_the_default() -> None:
    assert isinstance(load_relevance(None), Layer)
