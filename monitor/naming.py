"""Names that people type in a query, as ids: `place:"đông hà"`, `source:"Tuổi Trẻ"`, `topic:"giao thông"`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from crawlers.source import Source
from index.ast import And, Keyword, Node, Not, Or, disj
from index.query import parse, write
from nlp.annotation import TOPICS
from nlp.province import Province
from nlp.text import fold

__all__ = ["KINDS", "LANGUAGES", "SENTIMENTS", "TOPICS", "Naming"]

SENTIMENTS: dict[str, str] = {"negative": "tiêu cực", "neutral": "trung lập", "positive": "tích cực"}
KINDS: dict[str, str] = {
    "news": "báo, trang tin",
    "social": "mạng xã hội",
    "forum": "diễn đàn",
    "comment": "bình luận",
    "video": "video",
    "document": "văn bản",
}
LANGUAGES: dict[str, str] = {"vi": "tiếng Việt", "en": "tiếng Anh", "other": "tiếng khác"}


def _spoken(names: Mapping[str, str]) -> dict[str, list[str]]:
    """Codes by their Vietnamese names, whole and in parts: "thiên tai" and "thời tiết" are both disaster."""
    codes: dict[str, list[str]] = defaultdict(list)
    for code, name in names.items():
        for part in {name, *name.split(",")}:
            codes[fold(part)].append(code)
    return codes


class Naming:
    """Knows the names of places (with and without their kind), of sources, topics and kinds. Several may share one."""

    def __init__(self, province: Province, sources: Iterable[Source]) -> None:
        places: dict[str, list[str]] = defaultdict(list)
        for unit in province.entries:
            for name in {fold(unit.name), fold(unit.short), *map(fold, unit.aliases)}:
                places[name].append(unit.id)
        outlets: dict[str, list[str]] = defaultdict(list)
        known = list(sources)
        ids = {source.id for source in known}
        for source in known:
            part_of = any(source.id.startswith(f"{id}.") for id in ids)
            for name in {fold(source.name), fold(source.id if part_of else source.id.split(".")[0])}:
                outlets[name].append(source.id)
        self._ids: Mapping[str, Mapping[str, list[str]]] = {
            "place": places,
            "source": outlets,
            "topic": _spoken(TOPICS),
            "kind": _spoken(KINDS),
        }

    def query(self, text: str) -> str:
        """The query with names in place of which ids stand. Raises QueryError as `index.query.parse`."""
        node = parse(text)
        named = self._named(node)
        return text if named == node else write(named)

    def _named(self, node: Node) -> Node:
        match node:
            case Keyword(field, value) if ids := self._ids.get(field, {}).get(fold(value)):
                return disj(Keyword(field, id) for id in ids)
            case And(items):
                return And(tuple(map(self._named, items)))
            case Or(items):
                return disj(map(self._named, items))
            case Not(item):
                return Not(self._named(item))
        return node
