"""Key terms of a post: syllable n-grams that are much more frequent in it than in Vietnamese news at large."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from math import log
from pathlib import Path
from typing import Literal

import numpy as np

from nlp.place_context import FAMILIES
from nlp.text import is_unaccented, unaccent
from nlp.vectors import Background, buckets, pair_hashes, word_hashes

View = Literal["exact", "folded"]
_PAIRS = Path(__file__).parent / "models" / "compounds" / "pairs.npz"

MOST = 8
_LONGEST = 4  # syllables of a term
_READ = 220  # words that are looked at
_HOLDS, _HOLDS_NAME, _LOOSE, _TIGHT = (
    0.03,
    -0.3,
    0.12,
    0.35,
)  # how firmly words stand together: a phrase, a name, one word
_BLUR = 0.22  # words without accents are each many words, so that every pair seems less firm by about this
_STOP = frozenset(
    re.split(
        r"\s+",
        "và là của có được cho với các những một này đó khi tại từ đến trong ngoài trên dưới ra vào lên xuống để "
        "bị do vì nên mà thì cũng đã đang sẽ vẫn còn rất nhiều ít hơn nhất như theo về sau trước người ông bà anh "
        "chị em cô chú bác tôi mình chúng ta họ nó ai gì nào đâu sao thế vậy rồi lại chỉ mới cả mọi mỗi từng "
        "không chưa chẳng đừng hãy phải cần muốn nếu nhưng hoặc hay rằng bằng qua giữa cùng ngày tháng năm giờ "
        "phút sáng trưa chiều tối đêm hôm nay mai khoảng hàng trăm nghìn triệu tỷ tỉ đồng số lần việc điều cái "
        "con chiếc sự cuộc vụ ở đây kia ấy nhà làm nói biết cho biết ngay luôn chính vừa đều thêm tiếp đầu cuối "
        "nơi phía bên hai ba bốn sáu bảy tám chín mười thứ dù tuy song thấy đi dân lúc hết bởi nhằm gồm trở thành "
        "tới gần hiện đồng thời xã phường huyện tỉnh thôn khu ko k r thi la va",
    )
)
_PIECE = re.compile(r"[^.,;:!?()\"“”…\n\-–/|]+")
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class _Text:
    """Words as written and in small letters; of each with the next: how rare it is, how firm, whether one word."""

    words: list[str]
    lowered: list[str]
    rarity: list[float]
    firmness: list[float]
    joined: list[bool]

    def link(self, place: int) -> float:
        """How firmly the words at `place` and after it hold together; -1 at the borders of the text."""
        return self.firmness[place] if 0 <= place < len(self.firmness) else -1.0

    def cuts(self, place: int) -> bool:
        """Whether a term that ends at `place` would leave the rest of a word behind."""
        return 0 <= place < len(self.joined) and self.joined[place]


def key_terms(normalised: str, most: int = MOST, skip: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Up to `most` terms of a text that has been through `normalise`, best first, as they are written in it.

    `skip`: terms in small letters that would be key in every post (the province's own name).
    """
    words, breaks = _words(normalised)
    if len(words) < 3:
        return ()
    plain = is_unaccented(normalised[:400])
    view: View = "folded" if plain else "exact"
    text = _measured(words, breaks, Background.shipped(view), _compounds(view), _BLUR if plain else 0.0)
    grams = _grams(text, _persons(words))
    scores = {
        gram: _significance(text, places[0], len(gram), len(places))
        for gram, places in grams.items()
        if " ".join(gram) not in skip
    }
    return tuple(_written(gram, grams[gram], text) for gram in _choose(scores, most))


@lru_cache(maxsize=20_000)
def usual_share(term: str) -> float:
    """Share of Vietnamese news texts at large that hold a term of two syllables or more: at most its rarest pair's."""
    view: View = "folded" if term == unaccent(term) else "exact"
    background = Background.shipped(view)
    pairs = buckets(pair_hashes(word_hashes(term.lower())))
    return float(background.frequency[pairs].min() / background.texts) if len(pairs) else 1.0


def _words(text: str) -> tuple[list[str], set[int]]:
    """The words of a text, and the places where a phrase must end (a comma, a full stop)."""
    words: list[str] = []
    breaks: set[int] = set()
    for piece in _PIECE.finditer(text):
        words += _WORD.findall(piece.group())
        breaks.add(len(words))
        if len(words) >= _READ:
            break
    return words[:_READ], breaks


@lru_cache(maxsize=2)
def _compounds(view: View) -> frozenset[int]:
    """Hashes of pairs of syllables that mostly stand inside one word (`nlp.models.compounds`)."""
    with np.load(_PAIRS, allow_pickle=False) as tables:
        return frozenset(tables[view].tolist())


def _measured(
    words: list[str], breaks: set[int], background: Background, compounds: frozenset[int], lift: float
) -> _Text:
    """Words with the rarity of each pair of neighbours and how much more often than by chance it stands together."""
    lowered = [word.lower() for word in words]
    hashes = word_hashes(" ".join(lowered))
    mixed = pair_hashes(hashes)
    pairs, single = buckets(mixed), background.frequency[buckets(hashes)] + 1.0
    count = background.frequency[pairs].astype(np.float64) + 0.5
    chance = np.log(count * background.texts / (single[:-1] * single[1:]))
    firmness = (chance / np.log(background.texts / count) + lift).clip(-1, 1).tolist()
    for place in breaks:
        if 0 < place < len(words):
            firmness[place - 1] = -1.0
    together = [pair in compounds and firm > -1 for pair, firm in zip(mixed.tolist(), firmness, strict=True)]
    return _Text(words, lowered, background.rarity(pairs).tolist(), firmness, together)


def _grams(text: _Text, persons: list[bool]) -> dict[tuple[str, ...], list[int]]:
    """N-grams of 2-4 syllables that hold together, and where they stand."""
    found: dict[tuple[str, ...], list[int]] = {}
    plain = [word.isalpha() and word not in _STOP for word in text.lowered]
    capital = [word[0].isupper() for word in text.words]
    for start, usable in enumerate(plain):
        tail = start > 0 and capital[start] and capital[start - 1] and not all(capital[start : start + 2])
        if not usable or persons[start] or tail or text.cuts(start - 1):
            continue
        for end in range(start + 2, min(start + _LONGEST, len(plain)) + 1):
            limit = _HOLDS_NAME if capital[end - 2] and capital[end - 1] else _HOLDS
            if text.firmness[end - 2] < limit:
                break
            if plain[end - 1] and not text.cuts(end - 1):
                found.setdefault(tuple(text.lowered[start:end]), []).append(start)
    return found


def _persons(words: list[str]) -> list[bool]:
    """For each word whether it is part of somebody's full name: topics are watched, never persons."""
    marked = [False] * len(words)
    for place, word in enumerate(words):
        if word in FAMILIES and place + 1 < len(words) and words[place + 1][0].isupper():
            end = place
            while end < min(len(words), place + 4) and words[end][0].isupper():
                marked[end] = True
                end += 1
    return marked


def _significance(text: _Text, start: int, size: int, count: int) -> float:
    """Frequent here, rare elsewhere, firmly joined and not a piece of something larger."""
    links = text.firmness[start : start + size - 1]
    rare = sum(text.rarity[start : start + size - 1]) / (size - 1)
    cut = max(text.link(start - 1), text.link(start + size - 1))
    whole = 0.35 if cut > _TIGHT and cut >= min(links) else 0.8 if cut > _LOOSE else 1.0
    firm = 0.5 + max(0.0, sum(links) / len(links))
    early = 1.25 if start < 40 else 1.0
    return float((1 + log(count)) * rare * firm * early * whole * (0.9 + 0.1 * size))


def _choose(scores: dict[tuple[str, ...], float], most: int) -> list[tuple[str, ...]]:
    """The best terms that do not overlap."""
    chosen: list[tuple[str, ...]] = []
    for gram in sorted(scores, key=lambda gram: (-scores[gram], gram)):
        if all(len(set(gram) & set(other)) < 2 for other in chosen):
            chosen.append(gram)
            if len(chosen) == most:
                break
    return chosen


def _written(gram: tuple[str, ...], places: list[int], text: _Text) -> str:
    """The spelling of most occurrences; capitals that only begin a sentence are made small."""
    forms = Counter(" ".join(text.words[place : place + len(gram)]) for place in places)
    best = max(forms, key=lambda form: (forms[form], not form.isupper(), form))
    if best.isupper() and len(best) > 6:
        return best.lower()
    return best[0].lower() + best[1:] if best.split(" ")[1].islower() else best
