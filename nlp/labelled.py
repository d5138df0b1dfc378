"""Our labelled items: what `nlp/labels/` says, joined with texts, and the part of it that no shipped model has seen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from nlp.annotation import PEOPLE, Document, Sentiment
from nlp.splits import Split, by_group, by_time, joined, near_duplicates, runs
from nlp.stories import Settings as StorySettings
from nlp.stories import StoryItem, cluster

LABELS = Path(__file__).parent / "labels"
HELD_OUT = 0.2  # of the labels, the newest news and every fifth run of social texts
# Chosen or written where earlier models were weak: good to learn from, no fair sample to be tested with.
LESSONS = frozenset({"news-national-2", "social-3"})
_LOOSE = StorySettings(join=0.25)  # under the shipped .31: rather one story too large than one on both sides

Side = Literal["train", "test", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A labelled post. Labels that nobody gave are None or empty; texts are empty until they are joined.

    `labels`: of a label set that is not ours, in place of the three.
    """

    id: str
    url: str = ""
    kind: str = "news"
    title: str = ""
    lead: str = ""
    body: str = ""
    published_at: datetime | None = None
    relevance: int | None = None
    topics: tuple[str, ...] = ()
    sentiment: Sentiment | None = None
    labels: tuple[str, ...] = ()
    sure: bool = True
    set: str = ""

    @property
    def document(self) -> Document:
        return Document(id=self.id, title=self.title, lead=self.lead, body=self.body, kind=self.kind)

    @property
    def has_text(self) -> bool:
        return bool(self.title or self.lead or self.body)


def read_item(record: Mapping[str, Any], name: str = "") -> Item:
    """An item from a label record (`url` or `id`, labels, perhaps text). Raises ValueError for a bad time."""
    at = record.get("published_at")
    given = record.get("topics") or []
    own = record["labels"] if record.get("labels") is not None else record.get("label")
    own = own if isinstance(own, list) else [own]
    return Item(
        id=str(record.get("id") or record.get("url")),
        url=str(record.get("url") or ""),
        kind=str(record.get("kind") or "news"),
        title=str(record.get("title") or ""),
        lead=str(record.get("lead") or record.get("summary") or ""),
        body=str(record.get("body") or record.get("text") or ""),
        published_at=datetime.fromisoformat(str(at)) if at else None,
        relevance=record.get("relevance"),
        topics=tuple(str(t["code"] if isinstance(t, dict) else t) for t in given),
        sentiment=record.get("sentiment"),
        labels=tuple(str(x["label"] if isinstance(x, dict) else x) for x in own if x is not None),
        sure=bool(record.get("sure", record.get("certainty") != "unsure")),
        set=name,
    )


def shipped(folder: Path = LABELS) -> list[Item]:
    """All labels of this repository; news without text.

    Whether a comment concerns the province is for the post it answers to say: theirs is left out.
    """
    paths = (*sorted(folder.glob("news-*.jsonl")), *sorted(folder.glob("social*.jsonl")))
    lines = ((path.stem, line) for path in paths for line in path.read_text(encoding="utf-8").splitlines())
    items = [read_item(json.loads(line), name) for name, line in lines]
    return [replace(item, relevance=None) if item.kind in PEOPLE else item for item in items]


def with_texts(items: Iterable[Item], texts: Mapping[str, Mapping[str, Any]]) -> list[Item]:
    """The items that have a text, of their own or in `texts` (by URL: title, lead or summary, body)."""
    found = []
    for item in items:
        row = texts.get(item.url)
        if row and not item.has_text:
            parts = {key: str(row.get(key) or "") for key in ("title", "lead", "summary", "body")}
            lead = parts["lead"] or parts["summary"]
            item = replace(item, title=parts["title"], lead=lead, body=parts["body"])
        if item.has_text:
            found.append(item)
    return found


@dataclass(frozen=True)
class Collection:
    """Labelled items with texts, and how they are split."""

    items: Sequence[Item]

    @cached_property
    def news(self) -> list[int]:
        return [i for i, item in enumerate(self.items) if item.kind not in PEOPLE and item.published_at]

    @cached_property
    def social(self) -> list[int]:
        known = set(self.news)
        return [i for i in range(len(self.items)) if i not in known]

    @cached_property
    def groups(self) -> list[str]:
        """For each item the story or the situation that it shares with others, near-copies included."""
        news, social = [self.items[i] for i in self.news], [self.items[i] for i in self.social]
        told = [
            StoryItem(id=item.id, published_at=item.published_at, title=item.title, text=item.lead)
            for item in news
            if item.published_at
        ]
        stories = [found.story_id for found in cluster(told, _LOOSE)]
        stories = [f"n{n}" for n in joined(stories, near_duplicates([item.document.text for item in news]))]
        situations = joined(runs([item.id for item in social]), near_duplicates([i.document.text for i in social]))
        named = dict(zip(self.news, stories, strict=True))
        named |= {place: f"p{n}" for place, n in zip(self.social, situations, strict=True)}
        return [named[i] for i in range(len(self.items))]

    @cached_property
    def split(self) -> Split:
        """News by time and story, social texts by situation; `LESSONS` are learnt from where nothing tested is told."""
        news, social = self._fair(self.news), self._fair(self.social)
        times = [at for i in news if (at := self.items[i].published_at)]
        by_story = by_time(times, [self.groups[i] for i in news], HELD_OUT)
        by_situation = by_group([self.groups[i] for i in social], round(1 / HELD_OUT), 2)
        test = [news[i] for i in by_story.test] + [social[i] for i in by_situation.test]
        lessons = self._lessons({self.groups[i] for i in test}, min((times[i] for i in by_story.test), default=None))
        return Split(
            tuple([news[i] for i in by_story.train] + [social[i] for i in by_situation.train] + lessons),
            tuple(test),
            tuple(news[i] for i in by_story.dropped),
        )

    def _fair(self, places: Sequence[int]) -> list[int]:
        return [i for i in places if self.items[i].set not in LESSONS]

    def _lessons(self, tested: set[str], cut: datetime | None) -> list[int]:
        chosen = [i for i, item in enumerate(self.items) if item.set in LESSONS and self.groups[i] not in tested]
        return [i for i in chosen if cut is None or (at := self.items[i].published_at) is None or at < cut]

    def side(self, side: Side) -> list[Item]:
        """The items to train on, those held out, or all."""
        chosen = range(len(self.items)) if side == "all" else getattr(self.split, side)
        return [self.items[i] for i in chosen]
