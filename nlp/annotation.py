"""What the room takes in (`Document`) and gives out (`Annotation`)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Sentiment = Literal["negative", "neutral", "positive"]
SENTIMENTS: tuple[Sentiment, ...] = ("negative", "neutral", "positive")
PEOPLE = frozenset({"social", "forum", "comment"})  # kinds that people write, not newsrooms
TOPICS: dict[str, str] = {
    "economy": "Kinh tế, đầu tư",
    "government": "Hoạt động chính quyền",
    "public_services": "Phục vụ công dân, dịch vụ công",
    "land": "Đất đai, quy hoạch",
    "security": "An ninh trật tự, pháp luật",
    "traffic": "Giao thông",
    "environment": "Môi trường, tài nguyên",
    "disaster": "Thiên tai, thời tiết",
    "health": "Y tế, an toàn thực phẩm",
    "education": "Giáo dục",
    "tourism": "Du lịch",
    "culture_sports": "Văn hóa, thể thao",
    "agriculture": "Nông nghiệp, nông thôn",
    "infrastructure": "Hạ tầng, xây dựng",
    "welfare": "Lao động, an sinh",
    "defense": "Quốc phòng, biên giới",
    "other": "Khác",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The text of one post as the annotator reads it. `local`: from an outlet that the province owns."""

    id: str
    title: str = ""
    lead: str = ""
    body: str = ""
    kind: str = "news"
    local: bool = False

    @property
    def text(self) -> str:
        return "\n".join(part for part in (self.title, self.lead, self.body) if part)


@dataclass(frozen=True, slots=True)
class Relevance:
    """2 about the province or its people, 1 one of several places or the setting, 0 only named or absent."""

    label: Literal[0, 1, 2]
    score: float
    reason: str


@dataclass(frozen=True, slots=True)
class Place:
    """A unit or landmark of the gazetteer found in `Document.text`; start and end count characters there."""

    id: str
    name: str
    level: str
    surface: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Entity:
    """An office or organisation, never a person; `name` written out in full, start and end in `Document.text`."""

    type: str
    name: str
    surface: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Topic:
    code: str
    score: float


@dataclass(frozen=True, slots=True)
class SentimentResult:
    label: Sentiment
    scores: dict[str, float]
    sentence: str


DOUBTED = "doubted"  # in `Annotation.models`


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """Everything the room says of one post.

    For relevance 0, places are still given, the rest only when `everything` was asked for.
    `fingerprint` is a MinHash signature (64 values of 32 bit) of the folded text, for near-duplicates.
    `models` names each component with its version, and under `DOUBTED` the tasks that a second look is due at.
    """

    id: str
    relevance: Relevance
    places: tuple[Place, ...] = ()
    topics: tuple[Topic, ...] = ()
    sentiment: SentimentResult | None = None
    terms: tuple[str, ...] = ()
    entities: tuple[Entity, ...] = ()
    fingerprint: tuple[int, ...] = ()
    models: dict[str, str] = field(default_factory=dict)

    @property
    def doubted(self) -> tuple[str, ...]:
        """Tasks of which the first model was not sure and nobody else has spoken since."""
        return tuple(self.models.get(DOUBTED, "").split())

    def settled(self, *tasks: str) -> dict[str, str]:
        """`models` after these tasks have been decided otherwise."""
        left = [task for task in self.doubted if task not in tasks]
        rest = {name: version for name, version in self.models.items() if name != DOUBTED}
        return {**rest, DOUBTED: " ".join(left)} if left else rest

    def as_json(self) -> dict[str, Any]:
        """The "Annotation out" record of the interface (the fingerprint and what is in doubt stay inside)."""
        record = asdict(self)
        record.pop("fingerprint")
        record["models"].pop(DOUBTED, None)
        return {
            **record,
            "places": list(record["places"]),
            "topics": list(record["topics"]),
            "terms": list(self.terms),
            "entities": list(record["entities"]),
        }
