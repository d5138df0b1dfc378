"""A mention as a document, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from index.elasticsearch.lower import bounded, moment
from index.port import Analyzer, Mention, MetadataChange
from index.values import from_micros, micros, pick, second, site, storable

# Of the source, for hits.
SHOWN = ("stored", "source", "kind", "topic", "sentiment", "place", "story", "lang", "seen", "relevance")
WHOLE = (*SHOWN, "vector")
Document = dict[str, Any]


class Documents:
    """Makes documents; remembers the folded forms of words, of which a province's news has few."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self._fold: Callable[[str], str] = lru_cache(maxsize=200_000)(analyzer.fold)

    def document(self, mention: Mention) -> Document:
        texts = [storable(text) for text in (mention.title, mention.lead, mention.body)]
        exact = [self._analyzer.exact(text).split() for text in texts]
        fold = [[part for word in words for part in self._fold(word).split()] for words in exact]
        return {
            "id": mention.id,
            "pick": pick(mention.id),
            "published": moment(second(mention.published_at)),
            "seen": moment(second(mention.seen_at)) if mention.seen_at else None,
            "relevance": mention.relevance,
            "site": _suffixes(site(storable(mention.url))),
            **({"vector": numbers(mention.vector)} if mention.vector else {}),
            "exact": _form(exact),
            "fold": _form(fold),
            "stored": {
                "url": storable(mention.url),
                "title": texts[0],
                "lead": texts[1],
                "body": texts[2],
                "author": storable(mention.author or "") or None,
                "duplicate_of": mention.duplicate_of,
                "published": micros(mention.published_at),
            },
            **self._keywords(
                {
                    "source": mention.source,
                    "kind": mention.kind,
                    "topic": mention.topics,
                    "sentiment": mention.sentiment,
                    "place": mention.places,
                    "story": mention.story,
                    "lang": mention.lang,
                }
            ),
        }

    def change(self, change: MetadataChange) -> Document:
        """The part of a document that a change replaces; an empty text takes a value away."""
        values = {
            "sentiment": change.sentiment,
            "story": change.story,
            "topic": change.topics,
            "place": change.places,
        }
        part = self._keywords({name: value for name, value in values.items() if value is not None})
        if change.relevance is not None:
            part["relevance"] = change.relevance
        if change.vector is not None:
            part["vector"] = numbers(change.vector) or None
        if change.duplicate_of is not None:
            part["stored"] = {"duplicate_of": change.duplicate_of or None}
        return part

    def _keywords(self, values: Mapping[str, str | tuple[str, ...] | None]) -> Document:
        plain: Document = {}
        like: Document = {}
        for name, value in values.items():
            if isinstance(value, tuple):
                plain[name] = [storable(part) for part in value]
                like[name] = [self._fold(part) for part in plain[name] if part]
            else:
                plain[name] = storable(value) if value else None
                like[name] = self._fold(plain[name]) if value else None
        return {**plain, "like": like} if plain else {}


def _form(texts: list[list[str]]) -> Document:
    title, lead, body = (" ".join(map(bounded, words)) for words in texts)
    return {"title": title, "lead": lead, "text": [part for part in (title, lead, body) if part]}


def numbers(vector: bytes) -> list[int]:
    """A vector as JSON has it."""
    return [byte - 256 if byte > 127 else byte for byte in vector]


def _suffixes(host: str) -> list[str]:
    """The host and every domain it belongs to."""
    labels = host.split(".")
    return [".".join(labels[i:]) for i in range(len(labels))] if host else []


def mention(name: str, source: Mapping[str, Any]) -> Mention:
    """The mention that a hit's source describes."""
    stored = source["stored"]
    return Mention(
        id=name,
        url=stored["url"],
        source=source["source"] or "",
        kind=source["kind"] or "",
        title=stored["title"],
        lead=stored["lead"],
        body=stored["body"],
        author=stored["author"],
        published_at=from_micros(stored["published"]),
        relevance=source["relevance"],
        sentiment=source["sentiment"],
        topics=tuple(source["topic"]),
        places=tuple(source["place"]),
        story=source["story"],
        duplicate_of=stored["duplicate_of"],
        lang=source["lang"],
        seen_at=datetime.fromisoformat(source["seen"]).astimezone(UTC) if source["seen"] else None,
        vector=bytes(number % 256 for number in source["vector"]) if source.get("vector") else None,
    )
