"""Writes a province's record from the tables of `vietnamadminunits` (MIT) and our notes.

    python -m nlp.provinces.build quangtri --tables /path/to/site-packages/vietnamadminunits/data

Needed only to make or refresh a record; the record itself is committed. Another province: write
its `<id>.yaml` and run this.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
from collections import defaultdict
from pathlib import Path
from typing import Any

import yaml

from nlp.text import fold, normalise

HERE = Path(__file__).parent
SOURCE = "vietnamadminunits 1.0.4 (MIT), data/dataset.db and data/converter_2025.json; notes of our own"
VERSION = "2026-11-23.2"
# Cities that stand for a province in news, besides the provinces' own names.
CITIES = {
    "Nha Trang": "Khánh Hòa", "Đà Lạt": "Lâm Đồng", "Sài Gòn": "Hồ Chí Minh", "TP.HCM": "Hồ Chí Minh",
    "TPHCM": "Hồ Chí Minh", "TP HCM": "Hồ Chí Minh", "Hạ Long": "Quảng Ninh", "Sa Pa": "Lào Cai", "Sapa": "Lào Cai",
    "Phú Quốc": "An Giang", "Hội An": "Đà Nẵng", "Thừa Thiên Huế": "Huế", "Thừa Thiên - Huế": "Huế",
    "Buôn Ma Thuột": "Đắk Lắk", "Quy Nhơn": "Gia Lai", "Biên Hòa": "Đồng Nai", "Thủ Đức": "Hồ Chí Minh",
    "Vũng Tàu": "Hồ Chí Minh", "TP Hồ Chí Minh": "Hồ Chí Minh", "TP.Hồ Chí Minh": "Hồ Chí Minh",
    "TP. Hồ Chí Minh": "Hồ Chí Minh", "thành phố Hồ Chí Minh": "Hồ Chí Minh",
}  # fmt: skip


_Used = dict[tuple[str, str], set[str]]
RENAMED: dict[str, str] = {}  # filled from the notes


def slug(name: str) -> str:
    return fold(name).replace(" ", "-")


def _rows(tables: Path, table: str) -> list[sqlite3.Row]:
    with sqlite3.connect(tables / "dataset.db") as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute(f"select * from {table}").fetchall()  # noqa: S608 - our own constant


def _converter(tables: Path, province: str) -> dict[str, list[str]]:
    """Key of a former commune (`province_district_ward`) -> keys of today's units that took it in."""
    text = json.loads((tables / "converter_2025.json").read_text(encoding="utf-8"))
    new: dict[str, list[str]] = defaultdict(list)
    for today, olds in text["DICT_PROVINCE_WARD_NO_DIVIDED"].get(province, {}).items():
        for old in olds:
            new[old].append(today)
    for old, parts in (text["DICT_PROVINCE_WARD_DIVIDED"].get(province) or {}).items():
        new[old].extend(part["newWardKey"] for part in parts)
    return new


def _provinces_of(rows: list[sqlite3.Row], today: dict[str, str]) -> dict[tuple[str, str], set[str]]:
    """(folded name, type) -> today's provinces that have or had such a unit."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        province = today.get(row["provinceShort"], row["provinceShort"])
        if row["wardShort"]:
            found[fold(row["wardShort"]), row["wardType"].lower()].add(province)
        if "districtShort" in row.keys():  # noqa: SIM118 - a Row is no mapping
            found[fold(row["districtShort"]), row["districtType"].lower()].add(province)
    return found


def _provinces_today(rows: list[sqlite3.Row]) -> dict[str, set[str]]:
    """Exact name in small letters -> provinces with a unit of that name."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row["wardShort"]:
            found[normalise(row["wardShort"]).lower()].add(row["provinceShort"])
    return found


def _unit(prefix: str, kind: str, name: str, **more: Any) -> dict[str, Any]:
    name = RENAMED.get(name, normalise(name))
    return {"id": f"{prefix}-{slug(kind)}-{slug(name)}", "name": f"{kind} {name}", "short": name, "type": kind, **more}


def _today(notes: dict[str, Any], rows: list[sqlite3.Row]) -> dict[str, dict[str, Any]]:
    """Ward key -> record of today's units, in the order of their codes."""
    own = sorted((r for r in rows if r["provinceShort"] == notes["name"]), key=lambda r: r["wardCode"])
    return {
        r["wardKey"]: _unit(
            notes["prefix"],
            r["wardType"].lower(),
            r["wardShort"],
            level="commune",
            code=r["wardCode"],
            lat=round(r["wardLat"], 4),
            lon=round(r["wardLon"], 4),
        )
        for r in own
    }


def _former(
    notes: dict[str, Any], rows: list[sqlite3.Row], new: dict[str, list[str]], today: dict[str, Any]
) -> list[dict[str, Any]]:
    """Former provinces, districts and communes, each with the ids of today's units that it became."""
    prefix, names = notes["prefix"] + "-cu", [*notes["former"], notes["name"]]
    communes: list[dict[str, Any]] = []
    districts: dict[str, dict[str, Any]] = {}
    provinces: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["provinceShort"] not in names:
            continue
        units = [today[key]["id"] for key in new.get(_old_key(row), []) if key in today]
        district = districts.setdefault(row["districtKey"] + row["provinceKey"], _district(prefix, row))
        district["units"].update(units)
        if row["provinceShort"] != notes["name"]:
            province = provinces.setdefault(row["provinceShort"], _province(prefix, row))
            province["units"].update(units)
        if row["wardShort"]:
            communes.append(_commune(prefix, row, units))
    extra = [
        _unit(
            prefix,
            e["type"],
            e["name"],
            level="former",
            units=_ids(e["units"], today.values()),
            lat=e["lat"],
            lon=e["lon"],
        )
        for e in notes.get("former_extra", [])
    ]
    merged = [*provinces.values(), *districts.values()]
    return [{**m, "units": sorted(m["units"])} for m in merged] + communes + extra


def _old_key(row: sqlite3.Row) -> str:
    return f"{row['provinceKey']}_{row['districtKey']}_{row['wardKey'] or ''}"


def _province(prefix: str, row: sqlite3.Row) -> dict[str, Any]:
    place = {"lat": round(row["provinceLat"], 4), "lon": round(row["provinceLon"], 4)}
    return _unit(prefix, "tỉnh", row["provinceShort"], level="former", units=set(), **place)


def _district(prefix: str, row: sqlite3.Row) -> dict[str, Any]:
    place = {"lat": round(row["districtLat"], 4), "lon": round(row["districtLon"], 4)}
    return _unit(prefix, row["districtType"].lower(), row["districtShort"], level="former", units=set(), **place)


def _commune(prefix: str, row: sqlite3.Row, units: list[str]) -> dict[str, Any]:
    unit = _unit(prefix, row["wardType"].lower(), row["wardShort"], level="former", units=units)
    if row["wardLat"]:
        unit |= {"lat": round(row["wardLat"], 4), "lon": round(row["wardLon"], 4)}
    return {**unit, "id": f"{unit['id']}-{slug(row['districtShort'])}", "district": normalise(row["districtShort"])}


def _ids(names: list[str], units: Any) -> list[str]:
    by_name = {fold(u["name"]): u["id"] for u in units}
    return [by_name[fold(name)] for name in names]


def _landmarks(notes: dict[str, Any], today: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{notes['prefix']}-dd-{slug(mark['name'])}",
            "name": mark["name"],
            "short": mark["name"],
            "type": mark["kind"],
            "level": "landmark",
            "aliases": mark.get("aliases", []),
            "weak": mark.get("weak", []),
            "lat": mark["lat"],
            "lon": mark["lon"],
            "units": _ids(mark["units"], today.values()),
            "trust": mark.get("need", "name"),
        }
        for mark in notes["landmarks"]
    ]


def _with_trust(unit: dict[str, Any], notes: dict[str, Any], used: _Used, now: dict[str, set[str]]) -> dict[str, Any]:
    """Adds how far a bare name may be trusted, and the other provinces that share it (`rivals`: today)."""
    bare = {fold(name) for name in notes["bare"]}
    key = fold(unit["short"])
    small = unit["level"] == "former" and "district" in unit
    small = small or unit["short"] in notes["prefixed"]
    trust = "name" if key in bare else "prefix" if small else "context"
    elsewhere = sorted(used.get((key, unit["type"]), set()) - {notes["name"]})
    alone = not any(provinces - {notes["name"]} for (name, _), provinces in used.items() if name == key)
    aliases = [a for name, others in notes["spellings"].items() if fold(name) == key for a in others]
    rivals = sorted(now.get(unit["short"].lower(), set()) - {notes["name"]})
    doubtful = unit["short"] in notes["doubtful"]
    more = {"aliases": aliases, "trust": trust, "elsewhere": elsewhere, "rivals": rivals}
    return {**unit, **more, "alone": alone and not doubtful, "doubtful": doubtful}


def build(notes: dict[str, Any], tables: Path) -> dict[str, Any]:
    """The whole record: province, units, former units, landmarks, other provinces' names, exclusions."""
    RENAMED.update(notes.get("rename", {}))
    now, legacy = _rows(tables, "admin_units"), _rows(tables, "admin_units_legacy")
    own = next(r for r in now if r["provinceShort"] == notes["name"])
    ours = {notes["name"], *notes["former"]}
    merged = dict.fromkeys(notes["former"], notes["name"])
    used, used_now = _provinces_of([*now, *legacy], merged), _provinces_today(now)
    today = _today(notes, now)
    units = [_with_trust(unit, notes, used, used_now) for unit in today.values()]
    former = [
        _with_trust(f, notes, used, used_now)
        for f in _former(notes, legacy, _converter(tables, own["provinceKey"]), today)
    ]
    # The bare name is a person, a road and much else.
    names = {r["provinceShort"] for r in [*now, *legacy]} - ours - {"Hồ Chí Minh"}
    others = {normalise(n): normalise(n) for n in names} | {c: p for c, p in CITIES.items() if p not in ours}
    kind = own["province"].removesuffix(" " + own["provinceShort"]).lower()
    copied = ("nicknames", "folded", "not_ours", "exclude", "works", "work_words", "holidays", "outlets", "capital")
    return {
        "id": notes["id"],
        "prefix": notes["prefix"],
        "version": VERSION,
        "source": SOURCE,
        "province": {
            "id": notes["prefix"], "name": f"{kind} {notes['name']}", "short": notes["name"], "type": kind,
            "level": "province", "trust": "name", "lat": own["provinceLat"], "lon": own["provinceLon"],
        },
        **{key: notes[key] for key in copied},
        "others": dict(sorted(others.items())),
        "units": units,
        "former": former,
        "landmarks": _landmarks(notes, today),
    }  # fmt: skip


def dump(record: dict[str, Any]) -> str:
    """JSON with one unit a line, so that a change of one shows as one line."""
    parts = []
    for key, value in record.items():
        text = json.dumps(value, ensure_ascii=False)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            text = "[\n  " + ",\n  ".join(json.dumps(v, ensure_ascii=False) for v in value) + "\n ]"
        parts.append(f' "{key}": {text}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("province", help="name of the notes file, without .yaml")
    parser.add_argument("--tables", type=Path, required=True)
    arguments = parser.parse_args()
    notes = yaml.safe_load((HERE / f"{arguments.province}.yaml").read_text(encoding="utf-8"))
    record = build(notes, arguments.tables)
    (HERE / f"{arguments.province}.json").write_text(dump(record), encoding="utf-8")


if __name__ == "__main__":
    main()
