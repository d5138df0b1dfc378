"""The language of a post: Vietnamese with and without accents, English, everything else."""

from __future__ import annotations

import unicodedata

import pytest

from nlp.language import Language, language

TEXTS: list[tuple[str, Language]] = [
    ("Mưa lớn làm ngập nhiều tuyến đường ở thị trấn, học sinh nghỉ học.", "vi"),
    ("mua lon lam ngap nhieu tuyen duong o thi tran, hoc sinh nghi hoc", "vi"),
    ("ko biết bao giờ cầu mới xong, đi vòng mệt quá", "vi"),
    ("ko biet bao gio cau moi xong nua", "vi"),
    ("FPT và VNPT mở điểm giao dịch mới", "vi"),
    ("Hai Lăng", "vi"),
    ("Heavy rain has flooded the roads and the schools of the town are closed.", "en"),
    ("The bridge in Dong Ha is open", "en"),
    ("De fortes pluies ont inondé les routes, écoles fermées", "other"),
    ("Las fuertes lluvias inundaron las carreteras de la ciudad", "other"),
    ("ຝົນຕົກໜັກ ນ້ຳຖ້ວມ", "other"),
    ("大雨淹没了道路", "other"),
    ("", "other"),
    ("2025 - 10 🌧", "other"),
]


@pytest.mark.parametrize(("text", "expected"), TEXTS, ids=[text[:12] for text, _ in TEXTS])
def test_language(text: str, expected: Language) -> None:
    assert language(text) == language(unicodedata.normalize("NFD", text)) == language(text.upper()) == expected
