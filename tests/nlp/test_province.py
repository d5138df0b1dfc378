"""The province is data: the record is whole, and another province needs no code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nlp.places import PlaceFinder
from nlp.province import Province

PROVINCE = Province.load("quangtri")


def test_todays_units() -> None:
    kinds = [unit.type for unit in PROVINCE.units]
    assert (len(kinds), kinds.count("phường"), kinds.count("đặc khu")) == (78, 8, 1)
    assert all(unit.lat and 16 < unit.lat < 18.2 and unit.lon and 105.5 < unit.lon < 107.6 for unit in PROVINCE.units)


def test_every_former_unit_leads_to_todays() -> None:
    for unit in PROVINCE.former:
        assert PROVINCE.today(unit.id), unit.name
    assert {u.name for u in PROVINCE.today("qt-cu-huyen-hai-lang")} >= {"xã Hải Lăng", "xã Diên Sanh"}
    assert len(PROVINCE.today("qt-cu-tinh-quang-binh")) == 41
    assert [u.name for u in PROVINCE.today("qt-xa-le-thuy")] == ["xã Lệ Thủy"]
    assert PROVINCE.today("no-such-unit") == ()


def test_ids_are_unique() -> None:
    ids = [unit.id for unit in PROVINCE.entries]
    assert len(ids) == len(set(ids))


def test_unknown_province() -> None:
    with pytest.raises(FileNotFoundError):
        Province.load("atlantis")


def test_another_province_is_another_record(tmp_path: Path) -> None:
    commune = {"type": "xã", "level": "commune", "trust": "name"}
    whole = {"type": "thành phố", "level": "province", "trust": "name"}
    lists = "former landmarks not_ours nicknames folded exclude works work_words holidays outlets"
    record = {
        "id": "hue",
        "province": {"id": "hu", "name": "thành phố Huế", "short": "Huế", **whole},
        "capital": "",
        "units": [{"id": "hu-xa-phu-loc", "name": "xã Phú Lộc", "short": "Phú Lộc", **commune}],
        "others": {"Quảng Trị": "Quảng Trị"},
        **{key: [] for key in lists.split()},
    }
    path = tmp_path / "hue.json"
    path.write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    found = PlaceFinder(Province.load(str(path))).find("Mưa lớn ở xã Phú Lộc, Huế và Quảng Trị")
    assert [hit.place.id for hit in found.hits] == ["hu-xa-phu-loc", "hu"]
    assert [other.province for other in found.others] == ["Quảng Trị"]
