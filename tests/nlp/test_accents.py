"""Accents put back: likely ones, in place, and nothing else touched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nlp.accents import Accents, learn, load
from nlp.text import unaccent

NEWS = ["mưa lớn gây sạt lở đường", "giá đất ở đông hà tăng", "nhà máy nước đông hà", "đường đất lầy lội"] * 20


def test_the_neighbour_decides(tmp_path: Path) -> None:
    np.savez(tmp_path / "pairs.npz", **learn(NEWS))  # type: ignore[arg-type]
    accents = load(tmp_path / "pairs.npz")
    assert accents.restore("gia dat o dong ha") == "giá đất ở đông hà"
    assert accents.restore("Dong Ha: MUA lon, xyz 12!") == "Đông Hà: MƯA lớn, xyz 12!"


def test_the_shipped_table_reads_what_people_type() -> None:
    accents = Accents.shipped()
    assert accents.restore("Mua lon gay sat lo duong o xa Huong Phung") == "Mưa lớn gây sạt lở đường ở xã Hướng Phùng"
    assert accents.restore("cam on thay co") == "cảm ơn thầy cô"


def test_words_that_have_accents_stay() -> None:
    assert Accents.shipped().restore("cảm on thay co") == "cảm ơn thầy cô"


@given(st.text(max_size=200))
def test_only_letters_get_accents(text: str) -> None:
    restored = Accents.shipped().restore(text)
    assert unaccent(restored).lower() == unaccent(text).lower()
