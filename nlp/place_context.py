"""What stands around a place name: the words that make it a place, a person, a street or somebody's birthplace."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from nlp.province import Exclusion, Province, Unit
from nlp.text import fold, unaccent

_WORDS = {
    "tỉnh": "tỉnh", "thành phố": "thành phố", "tp": "thành phố", "thị xã": "thị xã", "tx": "thị xã",
    "thị trấn": "thị trấn", "tt": "thị trấn", "huyện": "huyện", "xã": "xã", "phường": "phường",
    "đặc khu": "đặc khu", "đảo": "đặc khu", "huyện đảo": "huyện", "thôn": "thôn", "bản": "thôn", "làng": "thôn",
    "xóm": "thôn", "ấp": "thôn", "khu phố": "thôn", "tổ dân phố": "thôn", "đường": "đường", "phố": "đường",
    "đại lộ": "đường", "hẻm": "đường", "ngõ": "đường", "kiệt": "đường", "nhà máy": "", "quận": "quận",
}  # fmt: skip
_DOTTED = {"h": "huyện", "x": "xã", "p": "phường", "t": "tỉnh", "tp": "thành phố", "tx": "thị xã", "tt": "thị trấn"}
_PREFIXES = {**{unaccent(word): kind for word, kind in _WORDS.items()}, **_WORDS}
_PREFIX = re.compile(
    r"(?<![^\W_])(?:(" + "|".join(sorted(map(re.escape, _PREFIXES), key=len, reverse=True)) + r")\s"
    r"|(tp|tx|tt|h|x|p|t)\.\s?)$"
)


_TITLES = frozenset(
    ["ông", "bà", "anh", "chị", "cô", "chú", "bác", "cậu", "nsnd", "nsưt", "sĩ", "mc", "tác giả", "cháu"]
)
FAMILIES = frozenset(
    re.split(
        " ",
        "Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Ngô Dương Lý Thị Văn Đinh Trịnh Mai Cao Đoàn Lâm Đào",
    )
)
_WORD_BEFORE = re.compile(r"([^\W\d_]+) $")
_TWO_BEFORE = re.compile(r"([^\W\d_]+) ([^\W\d_]+) $")
_WORD_AFTER = re.compile(r" ([^\W\d_]+)")
_ORIGIN = re.compile(
    r"(?<![^\W_])(?:quê(?: quán| gốc| nhà| hương)?|nguyên quán|gốc|sinh ra|chào đời|người con|con dân|que)"
    r"(?: ở| tại| là| từ| của|:|,)?(?: o)?\s*(?:(?:tỉnh|huyện|xã|phường|thị xã|thành phố|tp\.?|vùng đất|đất|miền) ?)?$"
)
# “(Minh, 34 tuổi, Quảng Trị)”, “nghệ nhân A (Quảng Trị)”: who asks or where an artist is from, not where it happens.
_ASKER = re.compile(r"\((?:[^()\n]{2,40}, )?(?:\d{1,2} tuổi, ?)?(?:(?:tỉnh|tp\.?|thành phố) )?$")
_CLOSED = re.compile(r"[^()\n]{0,12}\)")
_ARTIST = re.compile(r"(?:nghệ nhân|họa sĩ|nghệ sĩ|nhà điêu khắc|nhà thơ|nhà văn|bác sĩ|tác giả)[^.\n()]{3,30}\($")
# An address that goes on into another province: “xã Tân Lập, huyện A, tỉnh B”, “đường Quảng Trị (Đà Nẵng)”.
_ADDRESS = re.compile(
    r"(?:\s*[,(\-–]\s*(?:(?:xã|phường|quận|huyện|thị xã|thành phố|tp\.?|p\.|q\.)\s?[^,.;()\n]{2,30})?){0,2}"
    r"[\s,(\-–]*(?:ở|tại|của)?\s*(?:tỉnh|thành phố|tp\.?|t\.)?\s*"
)
_OWN_ROADS = re.compile(r"(?:(?:tuyến|cung|con|các|nẻo|quãng|đoạn) đường(?: phố)?|đường phố) $")
_INSTITUTION = re.compile(
    r"(?<![^\W_])(?:tiểu học|trung học cơ sở|trung học phổ thông|thcs|thpt|th&thcs|mầm non|mẫu giáo|trường|trạm y tế|"
    r"chợ|ubnd|đảng ủy|hợp tác xã|htx|công an|đồn biên phòng|ban chqs|cầu|đập|nghĩa trang liệt sĩ) $"
)
_WHERE = re.compile(
    r"(?<![^\W_])(?:ở|tại|về|trên|dưới|xuống|vô|ra|lên|gần|ngoài|từ|qua|o|tai|ve|tren|duoi|xuong|vo|len|gan|ngoai|tu) $"
)
_ACCENTED = re.compile("[àáâãèéêìíòóôõùúýăđĩũơưạ-ỹ]")
_ADDRESS_GAP = re.compile(r"[\s,(\-–]*(?:(?:tỉnh|huyện|xã|phường|thị xã|thành phố|tp\.?|h\.|t\.)\s?)?")


class Spot(Protocol):
    """Anything with a start offset (another province's name)."""

    @property
    def start(self) -> int: ...


class Surroundings:
    """One text as given and its lower-case view of equal length."""

    def __init__(self, text: str, view: str) -> None:
        self.text = text
        self.view = view
        self._folded: str | None = None

    def prefix(self, start: int, end: int) -> str:
        """The kind of unit that the words before announce (“TP.” -> “thành phố”, “đường” -> “đường”), "" when none.

        “tuyến đường Đông Hà - Lao Bảo” and “đường phố Đồng Hới” are roads of the place, not streets named after it.
        """
        match = _PREFIX.search(self.view, max(0, start - 14), start)
        if not match:
            return ""
        kind = _PREFIXES[match.group(1)] if match.group(1) else _DOTTED[match.group(2)]
        if kind == "đường" and _OWN_ROADS.search(self.view, max(0, start - 20), start):
            return ""
        return kind

    def is_name(self, start: int, end: int, *, least: int = 9) -> bool:
        """Whether the span is written as a name: capitals throughout, or on `least` words (sông Gianh: one)."""
        words = self.text[start:end].split()
        return sum(not word[0].islower() for word in words) >= min(least, len(words))

    def stands_out(self, start: int, end: int) -> bool:
        """Whether the span is written as a name in a line that does not write every word so."""
        words = [word for word in self.text[start:end].split() if word[0].isalpha()]
        if not words or not all(word[0].isupper() and not word[1:].isupper() for word in words[-2:]):
            return False
        line = self._line(start)
        capitals = sum(word[0].isupper() for word in line.split())
        return capitals - len(words) <= max(2, 0.34 * (len(line.split()) - len(words)))

    def is_plain(self, start: int) -> bool:
        """Whether the line is typed without accents."""
        return self._line(start).isascii() or not _ACCENTED.search(self._line(start).lower())

    def is_where(self, start: int) -> bool:
        """Whether the word before says where: “ở”, “về”, “o” without its mark."""
        return _WHERE.search(self.view, max(0, start - 8), start) is not None

    def is_institution(self, start: int) -> bool:
        """Whether a school, market or office of the place is named: “tiểu học Kim Thủy”, “chợ Tuyên Hóa”."""
        return _INSTITUTION.search(self.view, max(0, start - 28), start) is not None

    def _line(self, start: int) -> str:
        end = self.text.find("\n", start)
        return self.text[self.text.rfind("\n", 0, start) + 1 : end if end >= 0 else len(self.text)]

    def is_small(self, start: int) -> bool:
        """Whether the line is typed all in small letters, as comments often are."""
        return sum(map(str.isupper, self._line(start)[1:])) <= 1

    def is_origin(self, start: int) -> bool:
        """Whether the words before say that somebody comes from there."""
        return _ORIGIN.search(self.view, max(0, start - 34), start) is not None or self._is_signature(start)

    def _is_signature(self, start: int) -> bool:
        window = self.view[max(0, start - 60) : start]
        if "(" not in window or not _CLOSED.match(self.view, self.view.find(" ", start)):
            return False
        match = _ASKER.search(window)
        return bool(match and "," in match.group()) or _ARTIST.search(window) is not None

    def is_address_gap(self, start: int, end: int) -> bool:
        return 0 <= end - start <= 20 and _ADDRESS_GAP.fullmatch(self.view, start, end) is not None

    def is_person(self, start: int) -> bool:
        """Whether a title (ông, bà, NSND) or a family name stands directly before."""
        window = self.text[max(0, start - 24) : start]
        match = _WORD_BEFORE.search(window)
        if not match:
            return False
        word = match.group(1)
        if word in FAMILIES:
            return True
        pair = _TWO_BEFORE.search(window)
        if word.lower() == "ca":  # danh ca, but also “cang ca” typed without accents
            return bool(pair and pair.group(1).lower() == "danh")
        if word.lower() not in _TITLES:
            return False
        return not (pair and pair.group(1).lower() in ("thầy", "các", "bà", "quý", "chị", "anh"))

    def runs_on(self, start: int, end: int) -> bool:
        """Whether the span is a part of a longer capitalised name (“Tân Mỹ Linh”, “Bắc Trường Sơn”)."""
        after = _WORD_AFTER.match(self.text, end)
        if after and after.group(1)[0].isupper() and not after.group(1).isupper():
            return True
        before = _WORD_BEFORE.search(self.text[max(0, start - 14) : start])
        if not before or not before.group(1)[0].isupper():
            return False
        place = max(0, start - len(before.group()))
        return (
            place > 0 and self.text[place - 1] not in "\n" and self.text[max(0, place - 2) : place] not in (". ", "! ")
        )

    def has(self, words: Sequence[str]) -> bool:
        """Whether the text holds one of these words, with or without accents."""
        if self._folded is None:
            self._folded = unaccent(self.view)
        return any(word in self.view or unaccent(word) in self._folded for word in words)


class Context:
    """The province's own rules about its names."""

    def __init__(self, province: Province) -> None:
        self._rules: dict[str, list[Exclusion]] = {}
        for rule in province.exclusions:
            for name in rule.names:
                self._rules.setdefault(name, []).append(rule)

    def objection(
        self, start: int, end: int, prefix: str, unit: Unit, around: Surroundings, others: Sequence[Spot]
    ) -> str:
        """Why the name is no place of ours here, in Vietnamese; "" when nothing speaks against it."""
        surface = around.text[start:end]
        named = prefix == unit.type
        if not named and (rule := self._excluded(start, end, around)):
            return f"{surface}: {rule.why}"
        if prefix == "đường" and unit.level != "landmark" and others:
            return f"tên đường {surface}"
        if unit.level != "province" and not named and surface[:1].isupper() and around.is_person(start):
            return f"tên người {surface}"
        if unit.type == "tỉnh" and prefix in ("xã", "phường", "thị trấn", "quận", "huyện"):
            return f"{prefix} {surface} của tỉnh khác"
        if prefix in ("thôn", "quận") and unit.trust != "name":
            return f"nơi khác cùng tên {surface}"
        risky = unit.trust != "name" or bool(unit.elsewhere) or prefix in ("thôn", "đường")
        if risky and any(0 <= o.start - end <= 70 and _ADDRESS.fullmatch(around.view, end, o.start) for o in others):
            return f"{surface} của tỉnh khác"
        return ""

    def _excluded(self, start: int, end: int, around: Surroundings) -> Exclusion | None:
        rules = self._rules.get(fold(around.text[start:end]), ())
        before, after = around.view[max(0, start - 24) : start].rstrip(), around.view[end : end + 30].lstrip(" ,(-")
        for rule in rules:
            if any(before.endswith(word) for word in rule.before) or any(map(after.startswith, rule.after)):
                return rule
            if rule.near and around.has(rule.near):
                return rule
        return None

    @staticmethod
    def is_alone(unit: Unit) -> bool:
        """Whether name and type together are found in no other province (“xã Cự Nẫm”, not “xã Thanh”)."""
        return not unit.elsewhere and " " in unit.short
