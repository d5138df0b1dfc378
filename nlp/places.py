"""Finds a province's places in a text and leaves out what only looks like them.

One Aho-Corasick automaton holds every name in its exact form, a second one the folded forms, used only on lines that
were typed without accents. What a name means is then decided by what stands around it: administrative words before
it, capital letters, an address of another province after it, persons, streets, longer names. Offsets count
characters of the text as it was given.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class _Match:
    start: int
    end: int
    name: _Name
    folded: bool
    hashtag: bool = False


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
            if len(line) > 3 and not _ACCENTED.search(line):
                plain = unaccent(line)
                if len(plain) == len(line):
                    for end, (name, length) in self._folded.iter(plain):
                        if _bounded(plain, end - length + 1, end + 1):
                            yield _Match(start + end - length + 1, start + end + 1, name, True)
            start += len(line) + 1

    def _decide(self, matches: list[_Match], around: Surroundings, local: bool) -> Findings:
        others = [Other(m.name.other, m.start, m.end) for m in matches if self._is_other(m, around)]
        taken = {other.start for other in others}
        hits: list[Hit] = []
        rejected: list[str] = []
        waiting: list[tuple[_Match, Unit, str]] = []
        for match in matches:
            if match.start in taken or not match.name.entries:
                continue
            unit, prefix = self._reading(match, around)
            why = self._context.objection(match.start, match.end, prefix, unit, around, others)
            if why:
                rejected.append(why)
            elif (trust := self._trust(match, unit, prefix, around)) > 0:
                hits.append(self._hit(match, unit, trust, around))
            elif self._context.may_wait(unit, prefix, around, match.start, match.end, folded=match.folded):
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
        return match.name.entries[0], "" if prefix in _UNIT_WORDS else prefix

    def _trust(self, match: _Match, unit: Unit, prefix: str, around: Surroundings) -> float:
        """How sure a name is by itself; 0 when it needs other places beside it."""
        capitalised = match.folded or around.is_name(match.start, match.end)
        if prefix == unit.type and capitalised and (unit.trust == "name" or self._context.is_alone(unit)):
            return 0.7 if match.folded else 1.0
        if unit.trust != "name":
            return 0.0
        if prefix == "đường" and unit.level != "landmark":
            return 0.6 if around.is_small(match.start) else 0.0
        if match.folded:
            return 0.5 if self._is_clear(match, unit) else 0.0
        if capitalised:
            return 0.9
        return 0.6 if around.is_small(match.start) else 0.0

    def _is_clear(self, match: _Match, unit: Unit) -> bool:
        """Whether a name typed without accents can hardly be anything else."""
        folded = self.province.folded
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
        for written in (unit.short, *unit.aliases):
            if len(written) > 1 and not written.isdigit():
                names[normalise(written).lower()].entries.append(unit)
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
