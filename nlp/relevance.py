"""Does a post concern the province? Points for where its places are named, and a reason a person can read.

2: about the province or its people; 1: one of several places, or the setting; 0: only named, or not at all.
The points were set by hand and need no training; where headline or lead name a place of ours, a second layer learnt
from labelled headlines (`nlp.relevance_layer`) has the last word on them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from math import exp
from typing import Literal, Protocol

from nlp.annotation import Document, Relevance
from nlp.places import Findings, Hit, Other
from nlp.province import Province

Zone = Literal["title", "lead", "body"]
ZONES: tuple[Zone, ...] = ("title", "lead", "body")
_ZONE_WORDS: dict[Zone, str] = {"title": "tiêu đề", "lead": "đoạn dẫn", "body": "thân bài"}
_SIDE = r"\s*(?:(?:phía )?(?:bắc|nam|đông|tây)\s|tỉnh\s|TP\.?\s?)?"
_RANGE = re.compile(r"\s*(?:[-–,]|đến|tới|trở ra|trở vào|và|den|toi|va)" + _SIDE, re.I)
_JOURNEY = re.compile(r"\s*(?:ra|vào)" + _SIDE, re.I)  # a stretch of coast in a forecast, a journey elsewhere
_WEATHER = re.compile(r"mưa|bão|lũ|nắng|rét|áp thấp|dông|lạnh", re.I)
_ROUNDUP = re.compile(
    r"\s*(?:điểm tin|thời tiết (?:hôm nay|ngày)|tin tức|tin nhanh|bản tin|xem nhanh|toàn cảnh \d)|.{10,} \| ", re.I
)
# “bão cách Quảng Trị 210 km”, “chiến trường Quảng Trị”: a point of the compass, a memory; not the scene of the news.
_PASSING = re.compile(
    r"(?:cách(?: phía)?(?: bắc| nam| đông| bờ biển| đất liền)?|chiến trường|mặt trận|chiến dịch|trận chiến(?: ở)?) $",
    re.I,
)
_QUOTED = re.compile(r"[“\"'‘]([^“”\"'‘’\n]{3,40})[”\"'’]")
_BOX_OFFICE = re.compile(
    r"phòng vé|suất chiếu|công chiếu|doanh thu phim|bộ phim|phim (?:điện ảnh|chiếu rạp)|ra rạp", re.I
)
_SCENE = re.compile(r"(?:tại|ở|đến|về|thăm|ra|vào) $", re.I)
_TOLD = 1.5  # points of a body that is about the province whatever stands before it
_MANY = 3  # other provinces beside ours that make a list


@dataclass(frozen=True, slots=True)
class _View:
    """The findings of one document by zone; `hits` without birthplaces."""

    hits: dict[Zone, list[Hit]]
    origins: list[Hit]
    others: dict[Zone, set[str]]

    def trust(self, zone: Zone) -> float:
        return max((hit.trust for hit in self.hits[zone]), default=0.0)

    def best(self, zone: Zone) -> Hit:
        return max(self.hits[zone], key=lambda hit: (hit.trust, hit.place.level != "province"))


def zones(document: Document) -> tuple[int, int]:
    """Offsets in `document.text` where title and lead end."""
    title = len(document.title) + 1 if document.title else 0
    return title, title + (len(document.lead) + 1 if document.lead else 0)


def _view(document: Document, findings: Findings) -> _View:
    title, lead = zones(document)

    def zone(start: int) -> Zone:
        return "title" if start < title else "lead" if start < lead else "body"

    def weighed(hit: Hit) -> Hit:
        passing = _PASSING.search(document.text, max(0, hit.place.start - 24), hit.place.start)
        return replace(hit, trust=0.35) if passing else hit

    hits: dict[Zone, list[Hit]] = {"title": [], "lead": [], "body": []}
    others: dict[Zone, set[str]] = {"title": set(), "lead": set(), "body": set()}
    origins = [hit for hit in findings.hits if hit.origin]
    for hit in findings.hits:
        if not hit.origin:
            hits[zone(hit.place.start)].append(weighed(hit))
    for other in findings.others:
        others[zone(other.start)].add(other.province)
    return _View(hits, origins, others)


@dataclass(frozen=True, slots=True)
class Seen:
    """A document as the rules see it: findings by zone, points, whether it is a list, and the label they give."""

    document: Document
    findings: Findings
    view: _View
    points: float
    many: bool
    label: Literal[0, 1, 2]
    score: float
    reason: str

    @property
    def relevance(self) -> Relevance:
        return Relevance(self.label, self.score, self.reason)


class SecondLayer(Protocol):
    """What has the last word where headline or lead name a place of ours."""

    def label(self, seen: Seen) -> tuple[int, float]:
        """The label, and the probability that the post concerns the province at all."""
        ...


def look(document: Document, findings: Findings, province: Province) -> Seen:
    """What the rules say of a document, from the places found in `document.text`."""
    view = _view(document, findings)
    points, many = _points(document, view, findings.others), _is_list(document, view, findings.others)
    said = _ruled(document, findings, province, view, points, many)
    return Seen(document, findings, view, points, many, said.label, said.score, said.reason)


def judge(document: Document, findings: Findings, province: Province, layer: SecondLayer | None = None) -> Relevance:
    """Relevance of a document to the province, from the places found in `document.text`."""
    seen = look(document, findings, province)
    end = zones(document)[1]
    if layer is None or document.local or not any(hit.place.start < end for hit in findings.hits):
        return seen.relevance
    front = seen
    if document.body:
        hits = tuple(hit for hit in findings.hits if hit.place.start < end)
        others = tuple(other for other in findings.others if other.start < end)
        front = look(replace(document, body=""), Findings(hits, others, findings.rejected), province)
    label, score = layer.label(front)
    if seen.label > label and _body_points(document, seen.view, findings.others) >= _TOLD:
        return seen.relevance  # headline and lead leave open what the body tells
    score = round(max(0.5, score) if label else min(0.49, score), 3)
    if label == seen.label:
        return Relevance(seen.label, score, seen.reason)
    if label == 0:
        return Relevance(0, score, _why_not(seen.view, findings))
    own = any(seen.view.hits.values())
    where = _where(seen.view) if own else f"quê nhà: {findings.hits[0].place.name}"
    return Relevance(2, score, where) if label == 2 else Relevance(1, score, f"{where}; không phải chủ đề chính")


def _ruled(
    document: Document, findings: Findings, province: Province, view: _View, points: float, many: bool
) -> Relevance:
    if work := _work(document, view, province):
        return Relevance(0, 0.1, f"chỉ nói về tác phẩm “{work}”, không phải địa bàn")
    if document.local:
        return _local(view, points, many)
    if many and max(view.trust(zone) for zone in ZONES) >= 0.7:
        return Relevance(1, _score(max(1.2, min(points, 2.0))), f"{_where(view)}; là một trong nhiều tỉnh được nhắc")
    if points < 1.0:
        return Relevance(0, _score(points), _why_not(view, findings))
    label: Literal[1, 2] = 2 if points >= 2.0 else 1
    return Relevance(label, _score(points), _where(view) + ("" if label == 2 else "; không phải chủ đề chính"))


def _body_points(document: Document, view: _View, others: tuple[Other, ...]) -> float:
    """How far a body alone makes a text ours: places early in it, several of them, few of other provinces."""
    hits = [hit for hit in view.hits["body"] if hit.trust >= 0.5]
    if not hits:
        return 0.0
    front = zones(document)[1]
    rivals = sum(1 for other in others if other.start >= front)
    share = len(hits) / (len(hits) + rivals)
    early = hits[0].place.start - front < max(250, 0.35 * len(document.body))
    count = min(3.0, len(hits) / (1 + len(document.body) / 6000))
    return share * (0.85 * count + (0.5 if early else 0.0))


def _points(document: Document, view: _View, others: tuple[Other, ...]) -> float:
    """3 for a sure place in the title, 2 for one in the lead, some for the body; less when others stand before."""
    if not document.title and not document.lead:  # comments and posts: the text is its own title
        points = 2.4 * view.trust("body") + 0.4 * min(2, len(view.hits["body"]))
    else:
        points = 3.0 * view.trust("title") + 2.6 * view.trust("lead")
        points += _body_points(document, view, others)
    rivals = len(view.others["title"])
    if rivals and not view.hits["title"]:
        points -= 1.2
    elif rivals:
        points -= 0.5 * min(rivals, 3)
    points -= 0.25 * min(4, len(view.others["lead"]))
    return points + 0.3 * (view.hits["title"] != [] and view.hits["lead"] != [])


def _is_list(document: Document, view: _View, others: tuple[Other, ...]) -> bool:
    """Whether the province is one of many: a forecast “from A to B”, a round-up, or three and more others up front."""
    front = view.others["title"] | view.others["lead"]
    own = view.hits["title"] or view.hits["lead"]
    if not document.title and not document.lead:
        front, own = view.others["body"], view.hits["body"]
    if _ROUNDUP.match(document.title):
        return True
    everywhere = front | view.others["body"]
    if len(everywhere) >= _MANY and not own and _WEATHER.search(document.title):
        return True
    if len(front) >= _MANY:
        return not (view.hits["title"] and not view.others["title"])
    if not front or (view.hits["title"] and not view.others["title"]):
        return False
    zone = next((zone for zone in ZONES if view.hits[zone]), ZONES[-1])
    return any(_is_range(document.text, hit, others) for hit in view.hits[zone] if hit.place.level == "province")


def _is_range(text: str, hit: Hit, others: tuple[Other, ...]) -> bool:
    """“Quảng Trị đến Khánh Hòa”, “Lâm Đồng và Quảng Trị”: the name stands in a row with another province's."""
    place = hit.place
    for other in others:
        start, end = (place.end, other.start) if other.start > place.start else (other.end, place.start)
        if not 0 < end - start <= 24:
            continue
        if _RANGE.fullmatch(text, start, end):
            return True
        if _JOURNEY.fullmatch(text, start, end) and _WEATHER.search(text, 0, 400):
            return True
    return False


def _work(document: Document, view: _View, province: Province) -> str:
    """The film or book that a post is about, when the province is named only for its sake."""
    front = f"{document.title}\n{document.lead}" if document.title or document.lead else document.body[:600]
    work = next((work for work in province.works if _names_work(front, work)), "") or _quoted_film(front)
    if not work:
        return ""
    lowered = front.lower()
    about = sum(word in lowered for word in province.work_words)
    places = [hit for zone in view.hits.values() for hit in zone]
    named_for_it = all(hit.place.level in ("province", "landmark") for hit in places)
    scene = any(_is_scene(document.title, hit) for hit in view.hits["title"])
    return work if (about or work in document.title) and named_for_it and not scene else ""


def _quoted_film(front: str) -> str:
    """A title in quotes beside the words of the box office: a film that the record does not know yet."""
    match = _QUOTED.search(front[:160])
    return match.group(1) if match and _BOX_OFFICE.search(front) else ""


def _names_work(text: str, work: str) -> bool:
    """Whether a title stands in quotes or after “phim”, “xem”; many titles are common words."""
    return any(f"{mark}{work}" in text for mark in ("'", '"', "“", "‘", "phim ", "Phim ", "xem ", "Xem "))


def _is_scene(title: str, hit: Hit) -> bool:
    """Whether a title says that something happens there, or begins with the province itself."""
    before = title[: hit.place.start]
    return bool(_SCENE.search(before)) or (hit.place.level == "province" and "thành cổ" not in before.lower())


def _local(view: _View, points: float, many: bool) -> Relevance:
    """An outlet of the province writes about it unless title and lead are clearly elsewhere."""
    elsewhere = view.others["title"] | view.others["lead"]
    own = view.hits["title"] or view.hits["lead"]
    if not own and elsewhere and len(view.hits["body"]) < 2:
        place = sorted(elsewhere)[0]
        return Relevance(0, 0.3, f"báo của tỉnh, nhưng tin ở {place}")
    if many:
        return Relevance(1, 0.6, "báo của tỉnh; tin về nhiều tỉnh")
    reason = _where(view) if own else "báo của tỉnh"
    return Relevance(2, _score(points + 2.0), reason)


def _where(view: _View) -> str:
    for zone in ZONES:
        if view.hits[zone]:
            hit = view.best(zone)
            extra = len({h.place.id for hits in view.hits.values() for h in hits}) - 1
            more = f" và {extra} địa danh khác" if extra else ""
            typed = " (gõ không dấu)" if hit.trust == 0.5 else ""
            return f"địa danh trong {_ZONE_WORDS[zone]}: {hit.place.name}{typed}{more}"
    return "không có địa danh của tỉnh"


def _why_not(view: _View, findings: Findings) -> str:
    if any(view.hits.values()):
        place = next(view.best(zone).place.name for zone in ZONES if view.hits[zone])
        others = set().union(*view.others.values())
        if others:
            return f"chỉ nhắc {place}; tin ở {', '.join(sorted(others)[:3])}"
        return f"chỉ nhắc thoáng qua {place}"
    if view.origins:
        return f"chỉ là quê quán: {view.origins[0].place.name}"
    if findings.rejected:
        return f"không phải địa danh của tỉnh ({findings.rejected[0]})"
    return "không có địa danh của tỉnh"


def _score(points: float) -> float:
    """Points as a probability-like figure: .5 at the border of relevance."""
    return round(1 / (1 + exp(-1.6 * (points - 1.0))), 3)
