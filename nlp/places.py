"""Finds a province's places in a text and leaves out what only looks like them.

One Aho-Corasick automaton holds every name in its exact form, a second one the folded forms, used only on lines (and on
words of short posts) that were typed without accents. What a name means is then decided by what stands around it:
administrative words before it, capital letters, an address of another province after it, persons, streets, longer
names. Offsets count characters of the text as it was given.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import ahocorasick

from nlp.annotation import Place
from nlp.place_context import Context, Surroundings
from nlp.province import Province, Unit
from nlp.text import fold, normalise, place_tones, unaccent


@dataclass(frozen=True, slots=True)
class Hit:
    """A place of the province. `trust` (0-1): how sure the name means it; `origin`: only where somebody comes from."""

    place: Place
    unit: Unit
    trust: float
    origin: bool = False


@dataclass(frozen=True, slots=True)
class Other:
    """Another province named in the text."""

    province: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything found in one text, in order; `rejected` says of names that were no places what they were."""

    hits: tuple[Hit, ...]
    others: tuple[Other, ...]
    rejected: tuple[str, ...] = ()


@dataclass(slots=True)
class _Name:
    """What one written name can stand for."""

    entries: list[Unit]
    other: str = ""
    barrier: bool = False  # a known name that is neither ours nor a province: only stops shorter matches
    capitals: int = 9  # words written with a capital, fewer where common words stand in it: sông Gianh, Thành cổ


@dataclass(frozen=True, slots=True)
class _Match:
    start: int
    end: int
    name: _Name
    folded: bool
    hashtag: bool = False
    words: int = 1


def aligned(text: str) -> tuple[str, list[int] | None]:
    """Lower-case NFC text with usual tone marks and single-width spaces, and where each character was in `text`.

    None instead of the positions when the two run side by side, as in nearly every text.
    """
    if unicodedata.is_normalized("NFC", text) and len(lowered := text.lower()) == len(text):
        return place_tones(_SPACE.sub(" ", lowered)), None
    view: list[str] = []
    positions: list[int] = []
    for cluster in _CLUSTER.finditer(text):
        piece = unicodedata.normalize("NFC", cluster.group().lower())
        view.append(_SPACE.sub(" ", piece))
        positions.extend([cluster.start()] * len(piece))
    positions.append(len(text))
    return place_tones("".join(view)), positions


_SPACE = re.compile("[\t\u00a0\u2000-\u200a\u202f\u3000]")
_CLUSTER = re.compile(r"[\s\S][\u0300-\u036f]*")
_SHORT = 400  # characters of a line that may mix words with and without accents: what people type
_ACCENTED = re.compile("[àáâãèéêìíòóôõùúýăđĩũơưạ-ỹ]")


class PlaceFinder:
    """The gazetteer of one province, ready to search."""

    def __init__(self, province: Province) -> None:
        self.province = province
        names = _names(province)
        folded = _folded_names(names)
        self._exact = _automaton(names | {key: name for key, name in folded.items() if key[0] == "#"})
        self._folded = _automaton({key: name for key, name in folded.items() if key[0] != "#"})
        self._context = Context(province)

    def find(self, text: str, *, local: bool = False) -> Findings:
        """Places of the province and names of other provinces in a text of any spelling.

        `local`: the text comes from an outlet of the province, so shared names may be taken for its own.
        """
        view, positions = aligned(text)
        matches = _without_overlaps(self._matches(view))
        surroundings = Surroundings(text if positions is None else normalise_length(text, view, positions), view)
        findings = self._decide(matches, surroundings, local)
        return findings if positions is None else _moved(findings, positions, text)

    def _matches(self, view: str) -> Iterator[_Match]:
        for end, (name, length) in self._exact.iter(view):
            if _bounded(view, end - length + 1, end + 1):
                hashtag = view[end - length + 1] == "#"
                yield _Match(end - length + 1, end + 1, name, hashtag, hashtag)
        start = 0
        for line in view.split("\n"):
            if len(line) > 3 and (len(line) < _SHORT or not _ACCENTED.search(line)):
                plain = unaccent(line)
                if len(plain) == len(line):
                    for end, (name, length) in self._folded.iter(plain):
                        begin = end - length + 1
                        if line[begin : end + 1].isascii() and _bounded(plain, begin, end + 1):
                            words = plain.count(" ", begin, end) + 1
                            yield _Match(start + begin, start + end + 1, name, True, words=words)
            start += len(line) + 1

    def _decide(self, matches: list[_Match], around: Surroundings, local: bool) -> Findings:
        matches = [m for m in matches if not m.folded or self._may_be_folded(m, around)]
        others = [Other(m.name.other, m.start, m.end) for m in matches if self._is_other(m, around)]
        taken = {other.start for other in others}
        hits: list[Hit] = []
        rejected: list[str] = []
        waiting: list[tuple[_Match, Unit, str]] = []
        for match in matches:
            if match.start in taken or not match.name.entries:
                continue
            unit, prefix = self._reading(match, around)
            if match.name.other and unit.type != prefix:
                continue  # stands for the other province if for anything
            why = self._context.objection(match.start, match.end, prefix, unit, around, others)
            if why:
                rejected.append(why)
            elif (trust := self._trust(match, unit, prefix, around, alone=not others)) > 0:
                hits.append(self._hit(match, unit, trust, around))
            elif self._may_wait(match, unit, prefix, around):
                waiting.append((match, unit, prefix))
        anchors = [hit for hit in hits if not hit.origin and hit.trust >= 0.5]
        if local or anchors or self._vouched(waiting, others):
            hits += self._with_context(waiting, around, others, max(1, len(anchors) + 2 * local))
        ordered = tuple(sorted(_spread_origin(hits, around), key=lambda hit: hit.place.start))
        return Findings(ordered, tuple(others), tuple(rejected))

    @staticmethod
    def _vouched(waiting: list[tuple[_Match, Unit, str]], others: list[Other]) -> bool:
        """Whether shared names vouch for each other: two of ours, or one that is found nowhere else, named twice."""
        if others:
            return False
        names = Counter(unit.short for _, unit, _ in waiting)
        return len(names) >= 2 or any(unit.alone and names[unit.short] >= 2 for _, unit, _ in waiting)

    def _may_be_folded(self, match: _Match, around: Surroundings) -> bool:
        """Whether a name without accents may be read as one: its line has none at all, or it is written in capitals."""
        if match.hashtag or around.is_plain(match.start):
            return True
        own = match.words > 1 and not around.runs_on(match.start, match.end)
        return own and around.stands_out(match.start, match.end)

    def _is_other(self, match: _Match, around: Surroundings) -> bool:
        """Whether a match means another province: it does unless a word before it names one of our units."""
        if not match.name.other or not (match.folded or around.is_name(match.start, match.end)):
            return False
        prefix = around.prefix(match.start, match.end)
        return not any(unit.type == prefix for unit in match.name.entries)

    def _reading(self, match: _Match, around: Surroundings) -> tuple[Unit, str]:
        """The unit that the name means here, and the administrative word before it ("" when none fits)."""
        prefix = around.prefix(match.start, match.end)
        fitting = [unit for unit in match.name.entries if unit.type == prefix]
        if len(fitting) > 1:  # former communes of one name: the one whose district the text names
            near = [unit for unit in fitting if unit.district and unit.district.lower() in around.view]
            fitting = [unit for unit in fitting if unit.level == "commune"] or near or fitting
        if fitting:
            return fitting[0], prefix
        unit = match.name.entries[0]
        wrong = prefix in _UNIT_WORDS and (unit.type != "tỉnh" or prefix == "thành phố")
        return unit, "" if wrong else prefix

    def _trust(self, match: _Match, unit: Unit, prefix: str, around: Surroundings, *, alone: bool) -> float:
        """How sure a name is by itself; 0 when it needs other places beside it. `alone`: no other province is named."""
        capitalised = match.folded or around.is_name(match.start, match.end, least=match.name.capitals)
        if prefix == unit.type and capitalised:
            if unit.trust == "name" or self._context.is_alone(unit):
                return 0.7 if match.folded else 1.0
            if alone and unit.level == "commune" and not unit.rivals and " " in unit.short:
                return 0.6  # no unit of this name is left elsewhere
        if unit.trust != "name":
            return self._rare(match, unit, prefix, around) if alone else 0.0
        if prefix == "đường" and unit.level != "landmark":
            own = around.is_small(match.start) or (match.folded and alone)
            return 0.6 if own else 0.0
        if match.folded:
            clear = self._is_clear(match, unit) or around.stands_out(match.start, match.end)
            return 0.5 if clear else 0.0
        if capitalised:
            return 0.9
        return 0.6 if around.is_small(match.start) else 0.0

    @staticmethod
    def _may_wait(match: _Match, unit: Unit, prefix: str, around: Surroundings) -> bool:
        """Whether a name that is not sure by itself may become sure by other places of the province."""
        start, end = match.start, match.end
        school = unit.trust == "prefix" and " " in unit.short and around.is_institution(start)
        named = prefix == unit.type or (school and not around.runs_on(start, end))
        if match.folded:
            return named or (unit.trust == "name" and around.is_where(start))
        if not around.is_name(start, end, least=match.name.capitals):
            return named and unit.trust == "name"
        if unit.trust == "prefix" or " " not in unit.short:
            return named
        return named or unit.level == "landmark" or not around.runs_on(start, end)

    @staticmethod
    def _rare(match: _Match, unit: Unit, prefix: str, around: Surroundings) -> float:
        """A bare name that no other province has (Ninh Châu), or none today and here after “ở”, written as a name."""
        only = unit.alone or (not unit.rivals and not unit.doubtful and around.is_where(match.start))
        if not only or unit.level != "commune" or unit.trust != "context" or " " not in unit.short or prefix:
            return 0.0
        own = around.stands_out(match.start, match.end) and not around.runs_on(match.start, match.end)
        return 0.5 if own else 0.0

    def _is_clear(self, match: _Match, unit: Unit) -> bool:
        """Whether a name typed without accents and capitals can hardly be anything else."""
        folded = self.province.folded
        if unit.level == "landmark" and match.words >= _LONG:
            return True
        return match.hashtag or fold(unit.short) in folded or any(fold(alias) in folded for alias in unit.aliases)

    def _with_context(
        self, waiting: Iterable[tuple[_Match, Unit, str]], around: Surroundings, others: list[Other], anchors: int
    ) -> Iterator[Hit]:
        """Shared names, once the text is known to speak of the province."""
        for match, unit, _prefix in waiting:
            rivals = sum(1 for other in others if other.province in unit.elsewhere)
            if rivals <= anchors:
                yield self._hit(match, unit, 0.7, around)

    def _hit(self, match: _Match, unit: Unit, trust: float, around: Surroundings) -> Hit:
        surface = around.text[match.start : match.end]
        place = Place(unit.id, unit.name, unit.level, surface, match.start, match.end)
        return Hit(place, unit, trust, around.is_origin(match.start))


_LONG = 3  # syllables from which a landmark's name without accents is no chance
_UNIT_WORDS = frozenset({"tỉnh", "thành phố", "thị xã", "thị trấn", "huyện", "xã", "phường", "đặc khu"})


def _spread_origin(hits: list[Hit], around: Surroundings) -> list[Hit]:
    """“quê xã Lệ Thủy, tỉnh Quảng Trị”: the rest of an address is an origin too."""
    hits = sorted(hits, key=lambda hit: hit.place.start)
    result: list[Hit] = []
    for hit in hits:
        if result and result[-1].origin and around.is_address_gap(result[-1].place.end, hit.place.start):
            hit = Hit(hit.place, hit.unit, hit.trust, True)
        result.append(hit)
    return result


_ORDER = {"province": 0, "commune": 1, "former": 2, "landmark": 3}


def _names(province: Province) -> dict[str, _Name]:
    """Lower-case exact name -> what it can stand for, the likeliest reading first."""
    names: dict[str, _Name] = defaultdict(lambda: _Name([]))
    districts_first = sorted(province.entries, key=lambda unit: (_ORDER[unit.level], bool(unit.district)))
    for unit in districts_first:
        weak = replace(unit, trust="context")
        for written in (unit.short, *unit.aliases, *unit.weak):
            if len(written) > 1 and not written.isdigit():
                name = names[normalise(written).lower()]
                name.entries.append(weak if written in unit.weak else unit)
                name.capitals = min(name.capitals, sum(not word[0].islower() for word in written.split()))
    for written in province.nicknames:
        names[normalise(written).lower()].entries.append(province.unit)
    for written, other in province.others.items():
        names[normalise(written).lower()].other = other
    for written in province.not_ours:
        names[normalise(written).lower()].barrier = True
    return dict(names)


def _folded_names(names: dict[str, _Name]) -> dict[str, _Name]:
    """Folded names (and run-together hashtags); one folded form may gather several names."""
    folded: dict[str, _Name] = {}
    for written, name in names.items():
        plain = unaccent(written)
        known = folded.setdefault(plain, _Name([]))
        known.entries.extend(name.entries)
        known.entries.sort(key=lambda unit: _ORDER[unit.level])
        known.other = known.other or name.other
        known.barrier = known.barrier or name.barrier
        known.capitals = min(known.capitals, name.capitals)
        if any(unit.trust == "name" for unit in name.entries) and " " in plain and not name.other:
            folded[_hashtag(plain)] = name
    return folded


def _hashtag(plain: str) -> str:
    return "#" + plain.replace(" ", "")


def _automaton(names: dict[str, _Name]) -> ahocorasick.Automaton:
    automaton = ahocorasick.Automaton()
    for written, name in names.items():
        automaton.add_word(written, (name, len(written)))
    automaton.make_automaton()
    return automaton


def _bounded(view: str, start: int, end: int) -> bool:
    return not (start and view[start - 1].isalnum() and view[start] != "#") and not (
        end < len(view) and view[end].isalnum()
    )


def _without_overlaps(matches: Iterable[_Match]) -> list[_Match]:
    """Longest match first; a name that runs into another province's name (“Đông Hà Nội”) is none of ours."""
    ordered = sorted(matches, key=lambda m: (m.start, -m.end, m.folded))
    kept: list[_Match] = []
    for match in ordered:
        if kept and match.start < kept[-1].end:
            if match.end > kept[-1].end and _weight(match) > _weight(kept[-1]):
                kept[-1] = match
            continue
        kept.append(match)
    return kept


def _weight(match: _Match) -> int:
    """Which of two names that run into each other is meant: “vùng cao Quảng Trị” holds no Cao Quảng."""
    if match.name.other or match.name.barrier:
        return 3
    return max({"name": 2, "context": 1, "prefix": 0}[unit.trust] for unit in match.name.entries)


def normalise_length(text: str, view: str, positions: list[int]) -> str:
    """The text in capitals and small letters as given, but as long as its aligned view (for decomposed input)."""
    return "".join(
        char.upper() if text[positions[i]].isupper() else char for i, char in enumerate(view) if i < len(positions)
    )


def _moved(findings: Findings, positions: list[int], text: str) -> Findings:
    """Offsets of the aligned view turned into offsets of the text."""

    def place(hit: Hit) -> Hit:
        p = hit.place
        start, end = positions[p.start], positions[p.end]
        moved = Place(p.id, p.name, p.level, text[start:end], start, end)
        return Hit(moved, hit.unit, hit.trust, hit.origin)

    others = tuple(Other(o.province, positions[o.start], positions[o.end]) for o in findings.others)
    return Findings(tuple(map(place, findings.hits)), others, findings.rejected)
