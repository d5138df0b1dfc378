"""Offices and organisations that a post names: a gazetteer of offices, patterns for what carries a name of its own.

Never persons: topics and services are watched. A name ends where a person's begins (“Chủ tịch UBND tỉnh Quảng Trị
Nguyễn Văn A” names the committee only); schools and firms may be called after somebody and stay organisations.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from nlp.annotation import Entity
from nlp.place_context import FAMILIES
from nlp.province import Province
from nlp.text import fold

Type = Literal[
    "government", "party", "police", "defense", "justice", "health", "education", "union", "company", "office"
]
_Tail = Literal["place", "name", "none"]
MOST = 20  # entities of a post


@dataclass(frozen=True, slots=True)
class _Head:
    """How a kind of office begins, written out in full, and what may follow.

    place: “tỉnh Quảng Trị”, “xã Gio Linh”; name: a name in capitals, then a place; none: the head is the whole.
    """

    type: Type
    full: str
    tail: _Tail
    needs: bool  # without the tail it is a common word (“công an”, “trường”), not an office


# Head -> type, tail, whether the tail is needed. Lower case; several spellings by "|", the first is the full name.
_GAZETTEER: dict[str, tuple[Type, _Tail, bool]] = {
    "Ủy ban nhân dân|UBND": ("government", "place", True),
    "Hội đồng nhân dân|HĐND": ("government", "place", True),
    "Văn phòng Ủy ban nhân dân|Văn phòng UBND": ("government", "place", True),
    "Đoàn đại biểu Quốc hội|Đoàn ĐBQH": ("government", "place", True),
    "Thanh tra": ("government", "place", True),
    "Thuế": ("government", "place", True),
    "Kho bạc Nhà nước": ("government", "place", False),
    "Bảo hiểm xã hội|BHXH": ("government", "place", True),
    "Trung tâm Phục vụ hành chính công|Trung tâm hành chính công": ("government", "place", False),
    "Cục": ("government", "name", True),
    "Ban Chỉ đạo Phòng thủ dân sự quốc gia|Ban Chỉ đạo Phòng thủ dân sự": ("government", "none", False),
    "Thanh tra Chính phủ": ("government", "none", False),
    "Tỉnh ủy": ("party", "place", False),
    "Thành ủy": ("party", "place", True),
    "Đảng ủy": ("party", "place", True),
    "Ban Tuyên giáo và Dân vận|Ban Tuyên giáo": ("party", "place", False),
    "Ủy ban Kiểm tra": ("party", "place", False),
    "Ủy ban Mặt trận Tổ quốc Việt Nam|Ủy ban MTTQ Việt Nam|Mặt trận Tổ quốc|MTTQ": ("union", "place", False),
    "Hội Liên hiệp Phụ nữ|Hội LHPN|Hội Phụ nữ": ("union", "place", False),
    "Hội Nông dân": ("union", "place", False),
    "Hội Cựu chiến binh|Hội CCB": ("union", "place", False),
    "Hội Chữ thập đỏ": ("union", "place", False),
    "Liên đoàn Lao động|LĐLĐ": ("union", "place", False),
    "Tỉnh đoàn": ("union", "place", False),
    "Công an": ("police", "place", True),
    "Cơ quan Cảnh sát điều tra|Cơ quan CSĐT": ("police", "none", False),
    "Phòng Cảnh sát giao thông|Phòng CSGT": ("police", "none", False),
    "Phòng Cảnh sát hình sự|Phòng CSHS": ("police", "none", False),
    "Phòng Cảnh sát kinh tế": ("police", "none", False),
    "Phòng Cảnh sát điều tra tội phạm về ma túy|Phòng CSĐT tội phạm về ma túy": ("police", "none", False),
    "Phòng Cảnh sát phòng cháy, chữa cháy và cứu nạn, cứu hộ|Phòng Cảnh sát PCCC và CNCH|Phòng Cảnh sát PCCC&CNCH": (
        "police", "none", False,
    ),
    "Bộ Chỉ huy quân sự|Bộ CHQS": ("defense", "place", False),
    "Bộ Chỉ huy Bộ đội Biên phòng|Bộ Chỉ huy BĐBP": ("defense", "place", False),
    "Ban Chỉ huy Bộ đội Biên phòng|Ban chỉ huy BĐBP": ("defense", "place", False),
    "Bộ đội Biên phòng|BĐBP": ("defense", "place", True),
    "Đồn Biên phòng": ("defense", "name", True),
    "Đồn Biên phòng Cửa khẩu": ("defense", "name", True),
    "Đồn Biên phòng Cửa khẩu quốc tế": ("defense", "name", True),
    "Đoàn Kinh tế - Quốc phòng": ("defense", "name", True),
    "Sư đoàn": ("defense", "name", True),
    "Trung đoàn": ("defense", "name", True),
    "Tiểu đoàn": ("defense", "name", True),
    "Tiểu đoàn bộ binh": ("defense", "name", True),
    "Quân khu": ("defense", "name", True),
    "Tòa án nhân dân|TAND": ("justice", "place", False),
    "Viện kiểm sát nhân dân|Viện KSND|VKSND": ("justice", "place", False),
    "Cục Thi hành án dân sự": ("justice", "place", False),
    "Bệnh viện": ("health", "name", True),
    "Bệnh viện Đa khoa|BVĐK": ("health", "name", True),
    "Bệnh viện Đa khoa khu vực|BVĐK khu vực": ("health", "name", True),
    "Bệnh viện Hữu nghị": ("health", "name", True),
    "Trung tâm Y tế|TTYT": ("health", "name", True),
    "Trạm y tế": ("health", "place", True),
    "Trung tâm Kiểm soát bệnh tật|CDC": ("health", "place", False),
    "Trường Đại học|Đại học|Trường ĐH|ĐH": ("education", "name", True),
    "Trường Cao đẳng|Trường CĐ": ("education", "name", True),
    "Trường Trung học phổ thông|Trường THPT|THPT": ("education", "name", True),
    "Trường Trung học cơ sở|Trường THCS|THCS": ("education", "name", True),
    "Trường Tiểu học|tiểu học": ("education", "name", True),
    "Trường Tiểu học và Trung học cơ sở|Trường TH&THCS|Trường TH-THCS": ("education", "name", True),
    "Trường Mầm non|mầm non": ("education", "name", True),
    "Trường Phổ thông dân tộc nội trú|Trường PTDTNT": ("education", "name", True),
    "Trường Phổ thông dân tộc bán trú|Trường PTDTBT": ("education", "name", True),
    "Trường Phổ thông dân tộc bán trú tiểu học|Phổ thông dân tộc bán trú tiểu học|Trường PTDTBT tiểu học": (
        "education", "name", True,
    ),
    "Công ty": ("company", "name", True),
    "Công ty cổ phần|Công ty CP|CTCP": ("company", "name", True),
    "Công ty trách nhiệm hữu hạn|Công ty TNHH": ("company", "name", True),
    "Công ty TNHH một thành viên|Công ty TNHH MTV": ("company", "name", True),
    "Tập đoàn": ("company", "name", True),
    "Tổng công ty": ("company", "name", True),
    "Ngân hàng": ("company", "name", True),
    "Hợp tác xã|HTX": ("company", "name", True),
    "Ban Quản lý Khu kinh tế|BQL Khu kinh tế": ("office", "place", False),
    "Ban Quản lý Vườn quốc gia|BQL Vườn quốc gia": ("office", "name", True),
    "Ban Quản lý dự án": ("office", "name", False),
    "Bảo tàng": ("office", "place", True),
    "Chi cục Kiểm lâm": ("office", "place", False),
    "Hạt Kiểm lâm": ("office", "name", True),
    "Chi cục Hải quan": ("office", "name", False),
    "Chi cục Thủy lợi": ("office", "place", False),
    "Đài Khí tượng thủy văn": ("office", "place", False),
}  # fmt: skip
# Departments of a province, today's and those of before the mergers of 2025, with their short forms.
_DEPARTMENTS = (
    "Nội vụ", "Tư pháp", "Tài chính", "Công Thương", "Xây dựng", "Y tế", "Ngoại vụ", "Du lịch",
    "Nông nghiệp và Môi trường|NN-MT|NN&MT|NNMT", "Khoa học và Công nghệ|KH-CN|KH&CN",
    "Giáo dục và Đào tạo|GD-ĐT|GD&ĐT|GDĐT", "Dân tộc và Tôn giáo",
    "Văn hóa, Thể thao và Du lịch|Văn hóa - Thể thao và Du lịch|VH-TT-DL|VHTT-DL|VH,TT&DL|VHTTDL",
    "Văn hóa và Thể thao", "Kế hoạch và Đầu tư|KH-ĐT|KH&ĐT", "Giao thông vận tải|GTVT",
    "Tài nguyên và Môi trường|TN-MT|TN&MT", "Lao động - Thương binh và Xã hội|LĐ-TB-XH|LĐ-TB&XH",
    "Nông nghiệp và Phát triển nông thôn|NN-PTNT|NN&PTNT", "Thông tin và Truyền thông|TT-TT|TT&TT",
)  # fmt: skip
_MINISTRIES = (
    "Công an", "Quốc phòng", "Xây dựng", "Tài chính", "Y tế", "Nội vụ", "Tư pháp", "Ngoại giao", "Công Thương",
    "Giáo dục và Đào tạo|GD-ĐT|GD&ĐT|GDĐT", "Nông nghiệp và Môi trường|NN-MT|NN&MT", "Dân tộc và Tôn giáo",
    "Khoa học và Công nghệ|KH-CN|KH&CN", "Văn hóa, Thể thao và Du lịch|Văn hóa - Thể thao và Du lịch|VH-TT-DL",
)  # fmt: skip
_ADMIN = frozenset({"tỉnh", "xã", "phường", "huyện", "thị", "thành", "tp", "đặc"})
_DOTTED = frozenset({"p", "x", "h", "tx", "tt", "t"})  # administrative words when a full stop follows
_TWO = {"thị": "xã", "thành": "phố", "đặc": "khu"}  # administrative words of two syllables
_LOWER = frozenset(
    re.split(
        r"\s+",
        "và đa khoa khu vực hữu nghị tỉnh cổ phần tnhh mtv xây dựng thương mại dịch vụ phát triển nông trường nghiệp "
        "nhà nước điện lực cấp thoát tư thông thao lịch hóa nghệ phạm tế sản giải trí vận tải khí học không "
        "bộ sắt đường",
    )
)  # small words inside a name
_SECOND = frozenset(
    re.split(" ", "tế hóa lịch thao phạm nghệ thông lực sản tư dựng mại nghiệp học không bộ sắt")
)  # Kinh tế
_TOKEN = re.compile(r"[A-ZĐ]{1,4}(?:-[A-ZĐ&]{1,5})+(?![^\W_])|[^\W_](?:[^\W_]|[\u0300-\u036f])*(?:[&][^\W_]+)*|[-–,]")
_LONGEST = 12


class _Word(NamedTuple):
    start: int
    end: int
    text: str
    lowered: str

    @property
    def capital(self) -> bool:
        return self.text[0].isupper() or self.text[0].isdigit()


class EntityReader:
    """Finds offices and organisations; made once for a province and used for every post."""

    def __init__(self, province: Province) -> None:
        self._heads = _heads()
        self._first = frozenset(head[0] for head in self._heads)
        units = [unit.short for unit in province.entries if unit.short[0].isupper()]
        names = [*units, *province.others, *province.nicknames]
        self._places = frozenset(tuple(m.group().lower() for m in _TOKEN.finditer(name)) for name in names)
        self._longest = max(map(len, self._places))

    def read(self, text: str) -> tuple[Entity, ...]:
        """Entities of a text in order, each name once, where it stands first. Offsets count characters of `text`."""
        words = _words(text)
        found: dict[str, Entity] = {}
        for entity in self._entities(text, words):
            found.setdefault(fold(entity.name), entity)
            if len(found) == MOST:
                break
        return tuple(found.values())

    def _entities(self, text: str, words: list[_Word]) -> Iterator[Entity]:
        done = 0
        for place in [place for place, word in enumerate(words) if word.lowered in self._first]:
            match = self._head(words, place) if place >= done else None
            if match is None:
                continue
            size, head = match
            end = self._end(text, words, place + size, head)
            if end == place + size and head.needs:
                continue
            start, stop = words[place].start, words[end - 1].end
            tail = " ".join(text[words[place + size].start : stop].split()) if end > place + size else ""
            yield Entity(head.type, f"{head.full} {tail}".strip(), text[start:stop], start, stop)
            done = end

    def _head(self, words: list[_Word], place: int) -> tuple[int, _Head] | None:
        """The longest head that begins here; written in capitals, save where a name must follow."""
        key = tuple(word.lowered for word in words[place : place + _LONGEST])
        for size in range(len(key), 0, -1):
            head = self._heads.get(key[:size])
            if head and (words[place].capital or head.needs):
                return size, head
        return None

    def _end(self, text: str, words: list[_Word], place: int, head: _Head) -> int:
        """Where the entity ends: after its own name, then “tỉnh Quảng Trị”, “xã Gio Linh”."""
        if head.tail == "name":
            place = self._after_name(text, words, place, head.type)
        return place if head.tail == "none" else self._after_place(text, words, place)

    def _after_name(self, text: str, words: list[_Word], place: int, type: Type) -> int:
        """After a run of capitals (with small words between them). Schools and firms may be called after somebody."""
        end, begin = place, place
        company, persons = type == "company", type in ("company", "education")
        while place < len(words) and place - begin < 8 and _near(text, words, place):
            word = words[place]
            known = self._known(words, place)
            goes_on = company and place + known < len(words) and _near(text, words, place + known)
            if known and not (goes_on and words[place + known].capital):
                return place + known
            family = word.text in FAMILIES and not (persons and not self._somebody(text, words, begin, place))
            second = word.text in _SECOND and begin < place == end
            if (word.capital and not family) or second:
                end = place + 1
            elif word.capital or word.lowered not in _LOWER or word.lowered in _ADMIN:
                break
            place += 1
            if persons and end - begin >= 4:
                break
        return end

    @staticmethod
    def _somebody(text: str, words: list[_Word], begin: int, place: int) -> bool:
        """Whether a family name after a name begins a person's: “THPT Lê Lợi Nguyễn Văn …”, not “Đặng Thai Mai”."""
        following = place + 1 < len(words) and _near(text, words, place + 1) and words[place + 1].capital
        return place - begin >= 2 and following

    def _after_place(self, text: str, words: list[_Word], place: int) -> int:
        """After an administrative word and the name behind it; `place` itself when there is none."""
        if place >= len(words) or not _near(text, words, place):
            return place
        word = words[place].lowered
        dotted = word in _DOTTED and text[words[place].end : words[place].end + 1] == "."
        if word not in _ADMIN and not dotted:
            return place + self._known(words, place)
        name = place + 1
        if word in _TWO:
            if name >= len(words) or words[name].lowered != _TWO[word]:
                return place
            name += 1
        end = name
        if name < len(words) and _near(text, words, name):
            if known := self._known(words, name):
                return name + known
            while end < min(len(words), name + 2) and _near(text, words, end) and words[end].capital:
                if words[end].text in FAMILIES:
                    break
                end += 1
        # “UBND tỉnh” alone is the province's own; “công an xã” alone is any.
        return end if end > name else (name if word == "tỉnh" else place)

    def _known(self, words: list[_Word], place: int) -> int:
        """Length of the place name in capitals that begins here, the longest; 0 for none."""
        if not words[place].capital:
            return 0
        key = tuple(word.lowered for word in words[place : place + self._longest])
        for size in range(len(key), 1, -1):
            if key[:size] in self._places:
                return size
        alone = place + 1 >= len(words) or not words[place + 1].capital  # “Thanh Khê” is no Thanh
        return 1 if alone and key[:1] in self._places else 0


def _words(text: str) -> list[_Word]:
    found = [(m.start(), m.end(), m.group()) for m in _TOKEN.finditer(text)]
    if not unicodedata.is_normalized("NFC", text):
        found = [(start, end, unicodedata.normalize("NFC", word)) for start, end, word in found]
    return [_Word(start, end, word, word.lower()) for start, end, word in found]


def _near(text: str, words: list[_Word], place: int) -> bool:
    """Whether a word follows the one before it by no more than a space (or the dot of “TP.”)."""
    between = text[words[place - 1].end : words[place].start]
    return between in (" ", "", ". ", ".", "\u00a0") and words[place].text not in (",", "-", "–")


def _heads() -> dict[tuple[str, ...], _Head]:
    heads: dict[tuple[str, ...], _Head] = {}

    def add(spellings: Iterable[str], full: str, type: Type, tail: _Tail, *, needs: bool) -> None:
        for spelling in spellings:
            key = tuple(m.group().lower() for m in _TOKEN.finditer(spelling))
            heads[key] = _Head(type, full, tail, needs)

    for written, (kind, tail, needs) in _GAZETTEER.items():
        spellings = written.split("|")
        add(spellings, spellings[0], kind, tail, needs=needs)
    for written in _DEPARTMENTS:
        names = written.split("|")
        add([f"Sở {name}" for name in names], f"Sở {names[0]}", "government", "place", needs=False)
    for written in _MINISTRIES:
        names = written.split("|")
        add([f"Bộ {name}" for name in names], f"Bộ {names[0]}", "government", "none", needs=False)
    return heads
