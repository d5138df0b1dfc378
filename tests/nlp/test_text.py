"""The normaliser as a specification: spellings that must meet, and laws that hold for any text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.text import (
    exact,
    fold,
    is_unaccented,
    normalise,
    place_tones,
    sentences,
    spell_out,
    tokens,
    unaccent,
)

LETTERS = "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵ"
vietnamese = st.text(alphabet=LETTERS + LETTERS.upper() + " .,-0123456789\n", max_size=60)
anything = st.text(
    alphabet=st.one_of(st.sampled_from(LETTERS + " <>&;#/amplt\u200b\u00a0\u0301\u0323…“”"), st.characters()),
    max_size=60,
)


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("hoà bình", "hòa bình"),
        ("thuỷ triều", "thủy triều"),
        ("quý khách", "quý khách"),
        ("qúy khách", "quý khách"),
        ("KHOẺ KHOẮN", "KHỎE KHOẮN"),
        ("hòan tòan", "hoàn toàn"),
        ("Huỳnh Thuý", "Huỳnh Thúy"),
        ("khuỷu tay, ngoéo tay", "khuỷu tay, ngoéo tay"),
        ("đẹp quáaaaaa", "đẹp quá"),
        ("xinnnn lỗi", "xin lỗi"),
        ("thế kỷ XVIII, khóa III", "thế kỷ XVIII, khóa III"),
        ("www.example.vn", "www.example.vn"),
        ("Google và Hoon", "Google và Hoon"),
        ("1.000.000 đồng", "1.000.000 đồng"),
        ("mưa&nbsp;lớn &amp;amp; lũ", "mưa lớn & lũ"),
        ("<p>mưa</p><br/>lũ", "mưa lũ"),
        ("giá < 3 triệu", "giá < 3 triệu"),
        ("“Mưa đỏ” – phim", '"Mưa đỏ" - phim'),
        ("Ðông Hà", "Đông Hà"),
        ("Quảng\u200b Trị\ufeff", "Quảng Trị"),
        ("𝗧𝗶𝗻 𝗻𝗼́𝗻𝗴", "Tin nóng"),
        ("một  hai \n\n ba", "một hai\nba"),
    ],
)
def test_repairs(given_text: str, expected: str) -> None:
    assert normalise(given_text) == expected


def test_views() -> None:
    assert exact("TP. Đông Hà: 2,5 tỷ!") == "tp đông hà 2 5 tỷ"
    assert fold("TP. Đông Hà: 2,5 tỷ!") == "tp dong ha 2 5 ty"
    assert unaccent("Hữu Nghị ø") == "Huu Nghi ø"
    assert is_unaccented("duong xau qua ba con oi")
    assert not is_unaccented("đường xấu quá bà con ơi")
    assert spell_out("ko bít răng mà điện cúp quáaaa") == "không biết sao mà điện cúp quá"


@given(anything)
@settings(max_examples=300)
def test_normalise_is_idempotent(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert exact(exact(text)) == exact(text)
    assert fold(fold(text)) == fold(text)


@given(anything)
@settings(max_examples=300)
def test_composed_and_decomposed_meet(text: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert normalise(composed) == normalise(decomposed)


@given(anything)
@settings(max_examples=300)
def test_fold_only_needs_exact(text: str) -> None:
    assert fold(exact(text)) == fold(text)


@given(vietnamese)
def test_case_does_not_matter(text: str) -> None:
    assert exact(text.upper()) == exact(text.lower())
    assert fold(text.upper()) == fold(text.lower())


@given(vietnamese)
def test_placing_tones_keeps_length(text: str) -> None:
    assert len(place_tones(text)) == len(text)


@given(anything)
def test_offsets_point_into_the_text(text: str) -> None:
    for span in [*tokens(text), *sentences(text)]:
        assert text[span.start : span.end] == span.text


def test_sentences() -> None:
    text = "Mưa lớn ở TP. Đông Hà. Nước lên 1.5 m! Ông N. V. A nói gì? “Không sao.” Hết"
    assert [s.text for s in sentences(text)] == [
        "Mưa lớn ở TP. Đông Hà.",
        "Nước lên 1.5 m!",
        "Ông N. V. A nói gì?",
        "“Không sao.”",
        "Hết",
    ]
    assert [s.text for s in sentences("Tiêu đề\nThân bài.")] == ["Tiêu đề", "Thân bài."]


@pytest.mark.parametrize("emoji", ["🙂", "👏🏽", "❤️", "👨‍👩‍👧", "🇻🇳", "😂", "☹️"])
def test_an_emoji_is_one_token(emoji: str) -> None:
    text = f"đẹp quá{emoji}{emoji} 3"
    assert [span.text for span in tokens(text)] == ["đẹp", "quá", emoji, emoji, "3"]
    assert "\U0001f642" in normalise("vui 🙂 ghê")


@given(anything)
@settings(max_examples=200)
def test_sentences_lose_nothing_but_spaces(text: str) -> None:
    spans = sentences(text)
    assert [span.text for span in spans] == [text[span.start : span.end] for span in spans]
    kept = "".join(span.text for span in spans)
    assert "".join(kept.split()) == "".join(text.split())


@given(vietnamese)
@settings(max_examples=200)
def test_repeated_letters_and_markup_do_not_change_the_words(text: str) -> None:
    assert exact(f"<p>{text}</p>") == exact(text)
    assert exact(normalise(text)) == exact(text)
    assert not any(letter * 3 in fold(text) for letter in "aou")


def test_teencode_is_written_out_and_only_whole_words_are() -> None:
    assert spell_out("ko bít mn ơi") == "không biết mọi người ơi"
    assert spell_out("koala") == "koala"


def test_tokens_of_decomposed_text_stay_whole() -> None:
    text = unicodedata.normalize("NFD", "lũ ở Lệ Thủy, 1.500 hộ")
    assert [unicodedata.normalize("NFC", t.text) for t in tokens(text)] == [
        "lũ",
        "ở",
        "Lệ",
        "Thủy",
        "1.500",
        "hộ",
    ]
