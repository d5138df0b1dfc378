"""Label records as they come in files, and what a post's labels add up to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from crawlers.extract.canonical import canonical_url, host
from monitor.wording import parse_time
from nlp.annotation import TOPICS, Annotation, Relevance, Sentiment, SentimentResult, Topic

GUIDELINE = "1"
MAX_LINE = 1_000_000  # characters; a record may carry the text it was joined with
SAID_BY_PEOPLE = "cán bộ gán nhãn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What one person says of one post. None: says nothing of it. `undoes`: the label that this one takes back."""

    canonical_url: str
    by: str
    at: datetime
    relevance: Literal[0, 1, 2] | None = None
    topics: tuple[str, ...] | None = None
    sentiment: Sentiment | None = None
    guideline: str = GUIDELINE
    sure: bool = True
    undoes: int | None = None
    number: int | None = None

    def as_json(self) -> dict[str, Any]:
        """One line of `labels export`: labels without text; only what the label speaks of."""
        said = {"relevance": self.relevance, "topics": self.topics, "sentiment": self.sentiment}
        return {
            "url": self.canonical_url,
            **{name: value for name, value in said.items() if value is not None},
            "certainty": "sure" if self.sure else "unsure",
            "by": self.by,
            "at": self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "guideline": self.guideline,
        }


@dataclass(frozen=True, slots=True)
class Standing:
    """What the labels of a post add up to: of each thing the latest word that nobody took back."""

    labels: tuple[Label, ...] = field(repr=False)

    @property
    def relevance(self) -> Literal[0, 1, 2] | None:
        return next((label.relevance for label in reversed(self.labels) if label.relevance is not None), None)

    @property
    def topics(self) -> tuple[str, ...] | None:
        return next((label.topics for label in reversed(self.labels) if label.topics), None)

    @property
    def sentiment(self) -> Sentiment | None:
        return next((label.sentiment for label in reversed(self.labels) if label.sentiment is not None), None)

    def together(self) -> Label:
        """The one label that says all of it, dated and signed like the latest."""
        return replace(self.labels[-1], relevance=self.relevance, topics=self.topics, sentiment=self.sentiment)


def standing(labels: Iterable[Label]) -> Standing | None:
    """Labels of one post, in the order they were added, weighed by when they were given; None when all are undone."""
    given = list(labels)
    undone = {label.undoes for label in given if label.undoes is not None}
    left = [label for label in given if label.undoes is None and label.number not in undone]
    return Standing(tuple(sorted(left, key=lambda label: label.at))) if left else None


def corrected(annotation: Annotation, said: Standing) -> Annotation:
    """The annotation with a person's word in place of the machine's."""
    relevance, topics, sentiment = annotation.relevance, annotation.topics, annotation.sentiment
    if said.relevance is not None:
        same = said.relevance == relevance.label
        relevance = Relevance(said.relevance, float(said.relevance > 0), relevance.reason if same else SAID_BY_PEOPLE)
    if said.topics is not None:
        topics = tuple(Topic(code, 1.0) for code in said.topics)
    if said.sentiment is not None:
        scores = {name: float(name == said.sentiment) for name in ("negative", "neutral", "positive")}
        sentence = sentiment.sentence if sentiment and sentiment.label == said.sentiment else ""
        sentiment = SentimentResult(said.sentiment, scores, sentence)
    decided = [task for task, word in (("topics", said.topics), ("sentiment", said.sentiment)) if word is not None]
    models = {**annotation.settled(*decided), "labels": f"guideline-{said.labels[-1].guideline}"}
    return replace(annotation, relevance=relevance, topics=topics, sentiment=sentiment, models=models)


class _Record(BaseModel):
    """A line of a label file; texts and other fields beside the labels are let through unread."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    id: Annotated[str, Field(max_length=64)] = ""
    url: Annotated[str, Field(max_length=4000)] = ""
    relevance: Literal[0, 1, 2] | None = None
    topics: list[str] | None = None
    sentiment: Sentiment | None = None
    by: Annotated[str, Field(max_length=120)] = ""
    at: str | None = None
    guideline: str | int = GUIDELINE
    sure: bool = True
    certainty: Literal["sure", "unsure"] | None = None

    @field_validator("topics")
    @classmethod
    def _known(cls, topics: list[str] | None) -> list[str] | None:
        if topics is None:
            return None
        if unknown := [code for code in topics if code not in TOPICS]:
            raise ValueError(f"không có lĩnh vực {', '.join(unknown)}; các mã: {', '.join(TOPICS)}")
        if len(topics) > 3 or len(set(topics)) < len(topics):
            raise ValueError("lĩnh vực: từ một đến ba mã, không trùng nhau, chính trước")
        if "other" in topics and len(topics) > 1:
            raise ValueError("lĩnh vực other không đi cùng lĩnh vực khác")
        return topics or None

    @model_validator(mode="after")
    def _whole(self) -> _Record:
        if not self.id and not self.url:
            raise ValueError("cần id hoặc url của bài")
        if self.relevance is None and self.topics is None and self.sentiment is None:
            raise ValueError("không có nhãn nào: cần relevance, topics hoặc sentiment")
        return self


@dataclass(frozen=True, slots=True)
class Bad:
    """A line that cannot be a label, and why (Vietnamese)."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Read:
    """A label of a file; `id` when the line names its post by the archive's id instead of the address."""

    line: int
    label: Label
    id: str = ""


def read_labels(path: Path, *, by: str, now: datetime) -> Iterator[Read | Bad]:
    """The file's labels in order. `by`, `now`: who and when, for lines that do not say it."""
    with path.open("rb") as lines:
        for number, raw in enumerate(lines, 1):
            if not raw.strip():
                continue
            try:
                yield _label(number, raw, by, now)
            except ValidationError as error:
                yield Bad(str(path), number, _said(error))
            except ValueError as error:
                yield Bad(str(path), number, str(error))


def _label(number: int, raw: bytes, by: str, now: datetime) -> Read:
    if len(raw) > MAX_LINE:
        raise ValueError("dòng quá dài")
    try:
        record = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ValueError("không phải JSON") from error
    if not isinstance(record, dict):
        raise ValueError("không phải một đối tượng JSON")
    given = _Record.model_validate(record)
    if given.url and not host(given.url):
        raise ValueError(f"url không hợp lệ: {given.url[:80]}")
    if not (given.by or by):
        raise ValueError("không biết ai gán nhãn: cần trường by hoặc --by")
    label = Label(
        canonical_url=canonical_url(given.url) if given.url else "",
        by=given.by or by,
        at=parse_time(given.at) if given.at else now,
        relevance=given.relevance,
        topics=tuple(given.topics) if given.topics else None,
        sentiment=given.sentiment,
        guideline=str(given.guideline)[:32],
        sure=given.certainty != "unsure" if given.certainty else given.sure,
    )
    return Read(number, label, given.id)


def _said(error: ValidationError) -> str:
    """The first thing wrong, with the field's name."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    known = {
        "relevance": "0, 1 hoặc 2",
        "sentiment": "negative, neutral hoặc positive",
        "certainty": "sure hoặc unsure",
    }
    expected = known.get(where.split(".")[0])
    return f"{where}: phải là {expected}" if expected else f"{where}: {first['msg']}"
