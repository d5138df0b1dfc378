"""Contract: what a mention means travels with it, and finds its like."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import pytest

from index.port import DIMENSIONS, Filters, Index, MetadataChange
from tests.index.conftest import NOON
from tests.index.support import mention

DAY = 24 * 60


def towards(*parts: int) -> bytes:
    """A vector by its first numbers; the others are zero."""
    return np.array([*parts, *[0] * (DIMENSIONS - len(parts))], dtype=np.int8).tobytes()


EAST, NORTH, BETWEEN, WEST = towards(127), towards(0, 127), towards(90, 90), towards(-128)


@pytest.fixture
def compass(index: Index) -> Index:
    index.upsert(
        [
            mention("dong", "Sạt lở đường lên Khe Sanh", vector=EAST, kind="news"),
            mention("bac", "Trường học đón học sinh trở lại", minutes=40 * DAY, vector=NORTH, kind="social"),
            mention("giua", "Đất đá tràn xuống quốc lộ 9", minutes=DAY, vector=BETWEEN, kind="news"),
            mention("tay", "Giá tiêu tăng", minutes=2 * DAY, vector=WEST),
            mention("trong", "Chưa có véc-tơ"),
        ]
    )
    return index


def near(index: Index, vector: bytes, filters: Filters | None = None, limit: int = 10) -> dict[str, float]:
    return {each.id: each.score for each in index.similar(vector, filters, limit=limit)}


def test_the_nearest_come_first_with_their_cosines(compass: Index) -> None:
    found = near(compass, EAST)
    assert list(found) == ["dong", "giua", "bac", "tay"]
    assert found == pytest.approx({"dong": 1.0, "giua": math.sqrt(0.5), "bac": 0.0, "tay": -1.0}, abs=1e-3)
    assert list(near(compass, towards(10, 120), limit=2)) == ["bac", "giua"]


def test_filters_narrow_what_is_near(compass: Index) -> None:
    assert list(near(compass, EAST, Filters(kind=("social",)))) == ["bac"]
    soon = Filters(since=NOON + timedelta(days=1), until=NOON + timedelta(days=30))
    assert list(near(compass, EAST, soon)) == ["giua", "tay"]
    assert near(compass, EAST, Filters(source=("khong-co",))) == {}


def test_a_vector_comes_back_whole_and_hits_leave_it_out(compass: Index) -> None:
    whole = mention("dong", "Sạt lở đường lên Khe Sanh", vector=EAST, kind="news")
    assert compass.get(["dong"]) == [whole]
    assert {held.mention.id: held.mention.vector for held in compass.scan()}["tay"] == WEST
    assert compass.search("khe sanh").items[0].mention.vector is None


def test_a_vector_may_come_later_be_replaced_and_be_taken_away(compass: Index) -> None:
    assert compass.update([MetadataChange("trong", vector=EAST), MetadataChange("tay", sentiment="negative")]) == 2
    assert list(near(compass, EAST))[:2] in (["dong", "trong"], ["trong", "dong"])
    assert compass.get(["tay"])[0].vector == WEST
    compass.update([MetadataChange("trong", vector=NORTH)])
    assert near(compass, EAST)["trong"] == pytest.approx(0.0, abs=1e-3)
    compass.update([MetadataChange("trong", vector=b"")])
    assert "trong" not in near(compass, EAST)
    assert compass.get(["trong"])[0].vector is None


def test_a_mention_written_anew_has_its_new_vector_or_none(compass: Index) -> None:
    compass.upsert([mention("dong", "Thông đường lên Khe Sanh", vector=NORTH), mention("giua", "Đã dọn xong")])
    assert list(near(compass, NORTH)) == ["dong", "bac", "tay"] or list(near(compass, NORTH)) == ["bac", "dong", "tay"]
    compass.delete(["dong"])
    assert set(near(compass, NORTH)) == {"bac", "tay"}


def test_a_mention_keeps_its_vector_when_its_date_moves(compass: Index) -> None:
    compass.upsert([mention("dong", "Sạt lở đường lên Khe Sanh", minutes=-60 * DAY, vector=EAST)])
    assert near(compass, EAST, Filters(until=NOON - timedelta(days=50))) == pytest.approx({"dong": 1.0}, abs=1e-3)
    assert list(near(compass, EAST)).count("dong") == 1


@pytest.mark.parametrize("vector", [b"", b"\x01", bytes(DIMENSIONS)])
def test_a_vector_that_points_nowhere_is_refused(index: Index, vector: bytes) -> None:
    with pytest.raises(ValueError, match="vector"):
        index.similar(vector)
    with pytest.raises(ValueError, match="vector"):
        mention("a", vector=vector)


def test_among_many_the_nearest_are_found(index: Index) -> None:
    rng = np.random.default_rng(3)
    table = rng.integers(-127, 128, size=(600, DIMENSIONS), dtype=np.int8)
    index.upsert([mention(f"m{n}", minutes=n, vector=row.tobytes()) for n, row in enumerate(table)])
    wanted = table[17].astype(np.float64) + 0.3 * table[401]
    vector = np.round(wanted / np.abs(wanted).max() * 127).astype(np.int8)
    rows = table.astype(np.float64)
    cosines = rows @ vector / np.linalg.norm(rows, axis=1) / np.linalg.norm(vector.astype(np.float64))
    best = np.argsort(-cosines)[:10]
    assert list(near(index, vector.tobytes())) == [f"m{n}" for n in best]
