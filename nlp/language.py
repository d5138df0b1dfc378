"""Which language a post is written in, as far as the product needs to know: Vietnamese, English, or another.

Counting letters and small words is enough for three answers and takes microseconds; a trained detector knows a
hundred languages and errs on what our sources hold most: short Vietnamese without accents.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

Language = Literal["vi", "en", "other"]

_READ = 600  # characters; a language shows long before that
_WORD = re.compile(r"[^\W\d_]+")
# Letters that no other language of our sources writes. à é ô and their like are French as well.
_OURS = re.compile("[đăơưĩũạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]")
_SMALL_WORDS = (
    "the of and to in is that for on with was are by from at as it be this have has were which their will not"
)
_ENGLISH = frozenset(_SMALL_WORDS.split(" "))
# A Vietnamese syllable without its accents: at most one onset, one rhyme, one final sound.
_SYLLABLE = re.compile(
    r"(?:ngh|ng|nh|gh|gi|kh|ph|qu|th|tr|ch|[bcdghklmnprstvx])?"
    r"(?:uye|ie|ye|uo|ua|ia|oa|oe|ue|uy|uu|eo|eu|ai|ao|au|ay|oi|ui|iu|oai|oay|uoi|uou|ieu|yeu|[aeiouy])"
    r"(?:ch|ng|nh|[cmnpt])?"
)
_MARKED = 0.1  # share of words with a letter that only Vietnamese has
_SPELLED = 0.8  # share of words that may be syllables, in a text without accents
_SMALL = 0.12  # share of English function words; running text has .3


def language(text: str) -> Language:
    """The language of a text; one without enough letters to tell is "other"."""
    words = _WORD.findall(unicodedata.normalize("NFC", text[:_READ]).lower())
    if not words:
        return "other"
    if sum(1 for word in words if _OURS.search(word)) >= _MARKED * len(words):
        return "vi"
    if sum(word in _ENGLISH for word in words) >= _SMALL * len(words):
        return "en"
    plain = [word.replace("đ", "d") for word in words]
    spelled = sum(1 for word in plain if _SYLLABLE.fullmatch(_bare(word)))
    return "vi" if spelled >= _SPELLED * len(words) else "other"


def _bare(word: str) -> str:
    return word if word.isascii() else unicodedata.normalize("NFD", word).encode("ascii", "ignore").decode() or "?"
