"""One normaliser for Vietnamese text, so that search, gazetteer and classifiers see the same words.

Three views of a text, each a pure function: `normalise` (readable, repaired), `exact` (lower case, letters
and digits only, accents kept) and `fold` (the same without accents). `sentences` and `tokens` work on the text
as it was given and answer with character offsets in it.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_TONES = "\u0300\u0301\u0309\u0303\u0323"  # huyền, sắc, hỏi, ngã, nặng


class Span(NamedTuple):
    """A piece of a text: `text[start:end]`."""

    start: int
    end: int
    text: str


def _toned(vowel: str) -> str:
    """The five toned letters of a vowel, in the order of `_TONES`, both cases one after the other."""
    lower = "".join(unicodedata.normalize("NFC", vowel + tone) for tone in _TONES)
    return lower + lower.upper()


def _characters() -> dict[int, str | None]:
    """Characters that only look different: odd spaces, quotes, dashes, invisible marks, foreign Đ."""
    table: dict[int, str | None] = dict.fromkeys(
        [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), *range(0xFE00, 0xFE10)]
    )
    table.update(dict.fromkeys([0x00AD, 0x034F, 0x061C, 0x180E, 0xFEFF, 0xFFFC, 0xFFFD, *range(0xD800, 0xE000)]))
    spaces = [
        *range(0, 10),
        *range(11, 32),
        *range(0x7F, 0xA1),
        *range(0x2000, 0x200B),
        0x202F,
        0x205F,
        0x3000,
    ]
    table.update(dict.fromkeys([*spaces, 0x202F, 0x205F, 0x3000], " "))
    table.update(dict.fromkeys([0x85, 0x2028, 0x2029, 0x0B, 0x0C, 0x0D], "\n"))
    table.update(dict.fromkeys(map(ord, "“”„‟«»″〝〞❝❞"), '"'))
    table.update(dict.fromkeys(map(ord, "‘’‚‛′`´ʼʹ"), "'"))
    table.update(dict.fromkeys(map(ord, "‐‑‒–—―−﹣"), "-"))
    table.update({ord("…"): "...", ord("ð"): "đ", ord("Ð"): "Đ", ord("Ɖ"): "Đ", ord("ɖ"): "đ"})
    # Combining marks that were typed as separate, deprecated code points.
    table.update({0x0340: "\u0300", 0x0341: "\u0301"})
    return table


_CHARACTERS = _characters()
_ODD = re.compile("[" + "".join(re.escape(chr(c)) for c in sorted(_CHARACTERS)) + "]")
_STYLED = re.compile("[\U0001d400-\U0001d7ff\uff01-\uff5e\ufb00-\ufb06]+")  # “fancy fonts” of social posts
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});")
_TAG = re.compile(r"<!--.*?-->|</?[a-zA-Z][^<>]{0,400}>", re.S)
_SPACES = re.compile(r" +\n[ \n]*|\n[ \n]+|  +")

_PLAIN = {v: _toned(v) for v in "aeouy"}
_FAMILIES = ("aăâ", "eê", "i", "oôơ", "uư", "y")
_LETTER = r"[^\W\d_]"
# hoà, khoẻ, thuỷ: the mark moves to the first vowel of an open syllable. (The look-behinds come after the
# first character: a pattern that begins with a set of letters is ten times as fast.)
_LATE = re.compile(rf"[oOuU](?:(?<=[oO])[{_PLAIN['a']}{_PLAIN['e']}]|(?<![qQ].)(?<=[uU])[{_PLAIN['y']}])(?!{_LETTER})")
# hòan, hùynh, qúy, qủa: to the second vowel of a closed syllable, and always after q.
_EARLY = re.compile(
    rf"[{_PLAIN['o']}{_PLAIN['u']}][aAăĂâÂeEêÊoOơƠyYiI]"
    rf"(?:(?<=[{_PLAIN['o']}][aAeE])(?=[cimnptuyoCIMNPTUYO])|(?<=[{_PLAIN['u']}][yY])(?=[ntpcNTPC])"
    rf"|(?<=[qQ][{_PLAIN['u']}].))"
)
_REPEATED = re.compile(rf"({_LETTER})\1{{2,}}", re.I)
# á + aaa: the letters that a toned or hatted vowel drags behind it.
_STRETCHED = re.compile(
    "|".join(f"(?<=[{''.join(_toned(v) for v in family)}{family[1:]}]){family[0]}{{2,}}" for family in _FAMILIES),
    re.I,
)
_NUMERAL = re.compile(r"[ivxlcdm]+|w+", re.I)  # XVIII, MMM, www: three in a row are no stretching


def _shift(match: re.Match[str]) -> str:
    """Moves the tone mark of a two-vowel group to its other vowel."""
    first, second = tuple(match.group())
    one, two = unicodedata.normalize("NFD", first), unicodedata.normalize("NFD", second)
    tone = next(mark for mark in one + two if mark in _TONES)
    if tone in two:
        return unicodedata.normalize("NFC", one + tone) + two.replace(tone, "")
    return one.replace(tone, "") + unicodedata.normalize("NFC", two + tone)


def place_tones(text: str) -> str:
    """NFC text with tone marks on their usual vowel (hoà -> hòa, thuỷ -> thủy, qúy -> quý), as long as before."""
    return _EARLY.sub(_shift, _LATE.sub(_shift, text))


def _squeeze(match: re.Match[str]) -> str:
    run = match.group()
    if len(run) == 3 and run[0] in "icxmwICXMW":
        text, start, end = match.string, match.start(), match.end()
        while start and text[start - 1].isalpha():
            start -= 1
        while end < len(text) and text[end].isalpha():
            end += 1
        if _NUMERAL.fullmatch(text, start, end):
            return run
    return run[0]


def _bases() -> NDArray[np.uint32]:
    """Code point -> that of the plain vowel under its marks; every other letter stands for itself."""
    table = np.arange(0x2000, dtype=np.uint32)
    for family in _FAMILIES:
        for letter in family + "".join(map(_toned, family)):
            table[ord(letter.lower())] = ord(family[0])
    return table


_BASES = _bases()


def _stretched(text: str) -> bool:
    """Whether the text holds a letter run, `aaa` or `áaa`."""
    codes = np.frombuffer(text.lower().encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    doubled = (codes[2:] == codes[1:-1]) & (codes[2:] > 64)
    if not doubled.any():
        return False
    first = codes[:-2][doubled]
    return bool((np.where(first < 0x2000, _BASES[first.clip(max=0x1FFF)], first) == codes[2:][doubled]).any())


def _unescape(match: re.Match[str]) -> str:
    entity = match.group()
    plain = html.unescape(entity)
    return plain if plain != entity else html.unescape(entity.lower())


def _without_markup(text: str) -> str:
    """Entities (also doubly escaped ones) and tags out."""
    while "&" in text:
        plain = _ENTITY.sub(_unescape, text)
        if plain == text:
            break
        text = plain
    return _TAG.sub(" ", text) if "<" in text else text


def _once(text: str) -> tuple[str, bool]:
    """One pass of all repairs, and whether it did any that can uncover another."""
    again = "&" in text or "<" in text
    if again:
        text = _without_markup(text)
    if _ODD.search(text):
        text, again = text.translate(_CHARACTERS), True
    if not text.isascii():
        if _STYLED.search(text):
            text, again = _STYLED.sub(lambda m: unicodedata.normalize("NFKC", m.group()), text), True
        text = place_tones(unicodedata.normalize("NFC", text))
    if _stretched(text):
        text, again = _REPEATED.sub(_squeeze, _STRETCHED.sub("", text)), True
    return _SPACES.sub(lambda m: "\n" if "\n" in m.group() else " ", text).strip(), again


def normalise(text: str) -> str:
    """Readable text in one spelling: NFC, tone marks in one place, plain quotes, dashes, spaces; no markup.

    Letter runs of emphasis become one letter (“quáaaa” -> “quá”). Line breaks stay, one at a time.
    Idempotent; the same for NFC and NFD input.
    """
    result, again = _once(text)
    while again and result != text:
        text = result
        result, again = _once(text)
    return result


_WORD = re.compile(r"[^\W_]+")
_NOT_VIETNAMESE = re.compile("[^\x00-\x7fàáâãèéêìíòóôõùúýăđĩũơưạ-ỹ]")
_MARKS = re.compile("[\u0300-\u036f]+")


_RUNS = ("aaa", "eee", "iii", "ooo", "uuu", "yyy", "ddd")


def exact(text: str) -> str:
    """`normalise` in lower case, only letters and digits, words separated by single spaces."""
    return exact_of(normalise(text))


def exact_of(normalised: str) -> str:
    """`exact` for text that has been through `normalise` already."""
    lowered = " ".join(_WORD.findall(normalised.lower()))
    return _settled(lowered) if _NOT_VIETNAMESE.search(lowered) else lowered


def _settled(lowered: str) -> str:
    """Foreign scripts: lowering can leave marks behind (İ), so repeat until nothing changes."""
    while (again := " ".join(_WORD.findall(normalise(lowered).lower()))) != lowered:
        lowered = again
    return lowered


def fold(text: str) -> str:
    """`exact` without accents: “Đông Hà” -> “dong ha”."""
    return fold_of(exact(text))


def fold_of(exact_text: str) -> str:
    """`fold` for text that has been through `exact` already."""
    folded = unaccent(exact_text)
    if any(run in folded for run in _RUNS):  # “aaà” became one only now
        folded = _REPEATED.sub(_squeeze, folded)
    return folded


def unaccent(text: str) -> str:
    """Drops Vietnamese (and other Latin) accents from NFC text, đ -> d; everything else stays as it is."""
    if text.isascii():
        return text
    text = text.replace("đ", "d").replace("Đ", "D")
    decomposed = unicodedata.normalize("NFD", text)
    if not _NOT_VIETNAMESE.search(text.lower()):
        return decomposed.encode("ascii", "ignore").decode("ascii")
    return unicodedata.normalize("NFC", _MARKS.sub("", decomposed))


_ASCII = re.compile("[\x00-\x7f]+")
_NO_LETTERS = bytes(code for code in range(128) if not chr(code).isalpha())


def is_unaccented(text: str, most: float = 0.02) -> bool:
    """Whether a text was typed without Vietnamese accents (under `most` of its letters carry one; else a quarter)."""
    text = unicodedata.normalize("NFC", text)
    plain = len(text.encode("ascii", "ignore").translate(None, _NO_LETTERS))
    letters = plain + sum(map(str.isalpha, _ASCII.sub("", text)))
    return letters >= 4 and (letters - plain) < most * letters


_PICTURE = (
    "[\U0001f300-\U0001faff\u2600-\u27bf\u2b50\u2b55\u2b1b\u2b1c\u2190-\u21ff\u231a-\u23ff]"
    "[\ufe0f\u20e3\U0001f3fb-\U0001f3ff]*"
)
_EMOJI = f"[\U0001f1e6-\U0001f1ff]{{2}}|{_PICTURE}(?:\u200d{_PICTURE})*"
_TOKEN = re.compile(rf"\d+(?:[.,]\d+)*|(?:[^\W\d_][\u0300-\u036f]*)+|{_EMOJI}")


def tokens(text: str) -> list[Span]:
    """Words (syllables), numbers and emoji (each whole, with skin tone and joined parts) of a text, with offsets."""
    return [Span(m.start(), m.end(), m.group()) for m in _TOKEN.finditer(text)]


_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s)|\n+")
_ABBREVIATIONS = frozenset(
    re.split(" ", "tp tx tt q p ts ths pgs gs bs cn ks nsnd nsưt đ/c dr mr mrs ms st vd tr v.v vv sđt đt kts ls")
)
_TRIM = " \t\r\n\u00a0"


def _is_end(text: str, match: re.Match[str]) -> bool:
    """A full stop after an abbreviation or an initial, or before a small letter, ends nothing."""
    mark = match.group()
    if mark[0] == "\n":
        return True
    following = text[match.end() : match.end() + 8].lstrip(_TRIM + "\"'“‘«([-–*•")
    if following[:1].islower():
        return False
    if mark != ".":
        return True
    before = text[max(0, match.start() - 12) : match.start()].split()
    word = before[-1].lower() if before else ""
    return not (word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha()))


def sentences(text: str) -> list[Span]:
    """Sentences of a text as it was given, with offsets; line breaks always end one, “TP. Huế” never does."""
    cuts = [m.end() for m in _END.finditer(text) if _is_end(text, m)]
    spans = []
    start = 0
    for end in [*cuts, len(text)]:
        piece = text[start:end]
        if stripped := piece.strip(_TRIM):
            first = start + piece.index(stripped)
            spans.append(Span(first, first + len(stripped), stripped))
        start = end
    return spans


# Hand-written from everyday use; only forms that mean one thing in nearly every comment.
TEENCODE: dict[str, str] = {
    "k": "không", "ko": "không", "kg": "không", "hok": "không", "hông": "không", "kh": "không",
    "khg": "không", "dc": "được", "đc": "được", "đk": "được", "dk": "được", "đx": "được", "ms": "mới",
    "r": "rồi", "rùi": "rồi", "j": "gì", "z": "vậy", "zậy": "vậy", "v": "vậy", "bt": "bình thường",
    "bít": "biết", "bik": "biết", "ng": "người", "ngta": "người ta", "nta": "người ta", "mn": "mọi người",
    "mng": "mọi người", "mik": "mình", "mk": "mình", "m": "mày", "t": "tao", "e": "em", "a": "anh",
    "c": "chị", "vs": "với", "wa": "quá", "wá": "quá", "qá": "quá", "lun": "luôn", "iu": "yêu",
    "thik": "thích", "thix": "thích", "ntn": "như thế nào", "nv": "như vậy", "cx": "cũng", "cug": "cũng",
    "nx": "nữa", "trc": "trước", "bn": "bao nhiêu", "ck": "chồng", "vk": "vợ", "đt": "điện thoại",
    "sdt": "số điện thoại", "tks": "cảm ơn", "thks": "cảm ơn", "thanks": "cảm ơn", "ok": "được",
    "oke": "được", "okie": "được", "cty": "công ty", "bv": "bệnh viện", "bs": "bác sĩ", "hs": "học sinh",
    "sv": "sinh viên", "gv": "giáo viên", "csgt": "cảnh sát giao thông", "ubnd": "ủy ban nhân dân",
    "gplx": "giấy phép lái xe", "vcl": "quá", "vl": "quá", "đm": "bực", "dm": "bực", "clm": "bực",
    "fb": "facebook", "ib": "nhắn tin",
    # what people of the province write
    "chi": "gì", "mô": "đâu", "răng": "sao", "rứa": "vậy", "ri": "thế này", "hè": "nhỉ", "nỏ": "không",
    "bây": "các bạn", "tui": "tôi", "dừ": "bây giờ", "khôn": "không",
}  # fmt: skip


def spell_out(text: str) -> str:
    """`exact` text with teencode and local words written out; for the classifiers' social texts only."""
    return " ".join(TEENCODE.get(word, word) for word in exact(text).split())
