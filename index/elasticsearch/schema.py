"""Indices and their mapping, and when they are thrown away and made anew.

Mentions of one month (in UTC) lie in one index, `PREFIX-mentions-2025-10-vN`. Two aliases lead to it: the one of all
months, which searches use, and its own, which writes use. Writes demand an alias, so none can ever make an index with
a guessed mapping, however suddenly ours were deleted.

Text comes in two objects of folded words, `exact` and `fold`: `text` holds title, lead and body with a gap between
them that no phrase or NEAR bridges, so one field decides what is found; `title` and `lead` only add to the rank.
`like` has the metadata's folded spelling. `stored` is what hits show and is not indexed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from elasticsearch import ApiError

from index.elasticsearch.connection import Connection
from index.limits import MAX_DISTANCE, MAX_WORDS_IN_PHRASE
from index.port import Analyzer
from index.values import fingerprint

VERSION = 4
KEYWORDS = ("source", "kind", "topic", "sentiment", "place", "story", "lang")
GAP = 10 * (MAX_DISTANCE + MAX_WORDS_IN_PHRASE)
_LONGEST_KEYWORD = 8000  # characters; Lucene takes 32,766 bytes
_STATE = "state"

_KEYWORD = {"type": "keyword", "ignore_above": _LONGEST_KEYWORD}
_UNCOUNTED = {**_KEYWORD, "doc_values": False}
_WORDS = {"type": "text", "analyzer": "whitespace", "position_increment_gap": GAP}
_FORMS = {"properties": {"text": _WORDS, "title": _WORDS, "lead": _WORDS}}
MAPPING: dict[str, Any] = {
    "dynamic": "strict",
    "properties": {
        "id": {"type": "keyword"},
        "published": {"type": "date", "format": "strict_date_time_no_millis"},
        "seen": {"type": "date", "format": "strict_date_time_no_millis"},
        "pick": {"type": "integer"},
        "relevance": {"type": "integer"},
        **dict.fromkeys(KEYWORDS, _KEYWORD),
        "site": _UNCOUNTED,
        "like": {"properties": dict.fromkeys(KEYWORDS, _UNCOUNTED)},
        "exact": _FORMS,
        "fold": _FORMS,
        "stored": {"type": "object", "enabled": False},
    },
}
# Writers refresh when their batch is whole: no reader sees half of one. Replicas come with the second node.
SETTINGS = {"number_of_shards": 1, "auto_expand_replicas": "0-1", "refresh_interval": "-1"}
_STATE_MAPPING: dict[str, Any] = {
    "dynamic": "strict",
    "properties": {
        "version": {"type": "integer"},
        "analyzer": {"type": "keyword"},
        "rebuild": {"type": "boolean"},
    },
}


class Schema:
    """The names of an installation's indices, and the state that says whether they may be trusted."""

    def __init__(self, connection: Connection, analyzer: Analyzer) -> None:
        self._connection = connection
        self._wanted = (VERSION, fingerprint(analyzer))
        self._known: set[str] = set()
        self.all = f"{connection.prefix}-mentions"
        self._state = f"{connection.prefix}-state"

    def month(self, published: str) -> str:
        """The alias that mentions of this time are written to."""
        return f"{self.all}-{published[:7]}"

    def month_of(self, index: str) -> str:
        """The same for an index that a hit names."""
        return index[: len(self.all) + len("-2025-10")]

    def ensure(self) -> None:
        """Makes what is missing, of another version or of another analyzer; the new one waits for its rebuild."""
        self._put_template()
        if self._found() == self._wanted:
            return
        self._create(self._state, {"mappings": _STATE_MAPPING, "settings": {"auto_expand_replicas": "0-1"}})
        if self._found() != self._wanted:  # another process may have been faster
            self.drop()
            self._mark(rebuild=True)

    def _put_template(self) -> None:
        body = {"settings": SETTINGS, "mappings": MAPPING}
        self._connection.allowed(
            lambda client: client.indices.put_index_template(
                name=self.all, index_patterns=[f"{self.all}-*"], template=body, priority=500, version=VERSION
            )
        )

    def _found(self) -> tuple[int, str] | None:
        state = self._read()
        return None if state is None else (state["version"], state["analyzer"])

    def _read(self) -> dict[str, Any] | None:
        try:
            answer = self._connection.write(
                lambda client: client.get(index=self._state, id=_STATE, realtime=True), raising=(404,)
            )
        except ApiError:
            return None
        return dict(answer["_source"])

    def _mark(self, *, rebuild: bool) -> None:
        version, analyzer = self._wanted
        state = {"version": version, "analyzer": analyzer, "rebuild": rebuild}
        self._connection.write(lambda client: client.index(index=self._state, id=_STATE, document=state, refresh=False))

    @property
    def needs_rebuild(self) -> bool:
        state = self._read()
        if state is None or (state["version"], state["analyzer"]) != self._wanted:
            self.ensure()  # the cluster was emptied while we were running
            return True
        return bool(state["rebuild"])

    def rebuilt(self) -> None:
        self._mark(rebuild=False)

    def make_months(self, aliases: Iterable[str]) -> None:
        """Creates the indices of these months that this process has not seen yet.

        The alias of all months comes last: searches see an index only when its shard answers.
        """
        for alias in sorted(set(aliases) - self._known):
            name = f"{alias}-v{VERSION}"
            self._create(name, {"settings": SETTINGS, "mappings": MAPPING, "aliases": {alias: {}}})
            self._connection.write(lambda client, name=name: client.indices.put_alias(index=name, name=self.all))  # type: ignore[misc]
            self._known.add(alias)

    def forget(self) -> None:
        """Someone deleted indices: look again before the next write."""
        self._known.clear()

    def _create(self, name: str, body: dict[str, Any]) -> None:
        try:
            self._connection.write(lambda client: client.indices.create(index=name, **body), raising=(400,))
        except ApiError as error:
            if "resource_already_exists" not in str(error):
                raise

    def drop(self) -> None:
        """Deletes all mentions: the indices themselves, by name, as clusters may forbid patterns."""
        names = self.indices()
        self._known.clear()
        if names:
            self._connection.write(lambda client: client.indices.delete(index=",".join(names), ignore_unavailable=True))

    def indices(self) -> list[str]:
        """All month indices, of whatever version."""
        answer = self._connection.write(
            lambda client: client.indices.get_settings(
                index=f"{self.all}-*", name="index.version.created", allow_no_indices=True, expand_wildcards="all"
            )
        )
        return sorted(answer)
