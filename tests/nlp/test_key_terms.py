"""Key terms: phrases as written, none of them a person's name or the province itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nlp.terms import key_terms, usual_share
from nlp.text import fold, normalise, unaccent

NEWS = normalise(
    "Cà phê Khe Sanh được giá, nông dân phấn khởi\nĐầu vụ thu hoạch, giá cà phê Khe Sanh tăng cao. Ông Nguyễn Văn Thử, "
    "giám đốc hợp tác xã, nói nhà máy chế biến chạy ba ca mỗi ngày. Hợp tác xã ký thêm hợp đồng xuất khẩu."
)


def test_phrases_as_written() -> None:
    terms = key_terms(NEWS)
    assert 5 <= len(terms) <= 8
    assert {"cà phê", "hợp tác xã"} & set(terms)
    assert any("Khe Sanh" in term for term in terms)


def test_everyday_words_are_in_many_texts_at_large_with_and_without_accents() -> None:
    for everyday, rare in (("dự án", "vỡ đập"), ("du an", "vo dap"), ("người dân", "người dân Gio Linh")):
        assert usual_share(everyday) > 0.01 > 0.003 > usual_share(rare)


def test_no_persons() -> None:
    assert not any("Nguyễn" in term or "Văn Thử" in term for term in key_terms(NEWS))


def test_what_is_skipped() -> None:
    text = normalise("Quảng Trị khánh thành nhà máy điện gió. Nhà máy điện gió lớn nhất Quảng Trị.")
    assert any("Quảng Trị" in term for term in key_terms(text))
    assert not any(term == "Quảng Trị" for term in key_terms(text, skip=frozenset({"quảng trị"})))


def test_terms_end_where_words_end() -> None:
    """`đại học` and `khai giảng` are words: no term takes a half of one."""
    text = normalise("Sinh viên đại học khai giảng sớm. Buổi khai giảng có ba trăm sinh viên đại học tham dự.")
    for written in (text, unaccent(text)):
        for term in key_terms(written):
            words = fold(term).split()
            assert words[0] not in ("hoc", "giang", "vien"), term
            assert words[-1] not in ("dai", "khai", "sinh"), term


def test_unaccented_and_short_texts() -> None:
    assert key_terms("") == ()
    assert key_terms("ok") == ()
    assert key_terms("duong sat lo nang, xe tai khong qua duoc, sat lo o deo")


@given(st.text(max_size=120))
def test_any_text(text: str) -> None:
    assert len(key_terms(normalise(text))) <= 8
