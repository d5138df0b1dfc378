"""Indices and their mapping, and when they are thrown away and made anew.

Mentions of one month (in UTC) lie in one index, `PREFIX-mentions-2025-10-vN`. Two aliases lead to it: the one of all
months, which searches use, and its own, which writes use. Writes demand an alias, so none can ever make an index with
a guessed mapping, however suddenly ours were deleted.

An index that is built beside the one in force has a name, which ends the names of its months, and aliases of its own
(`PREFIX-building-NAME`); it is put in force by moving the aliases at one blow.

Text comes in two objects of folded words, `exact` and `fold`: `text` holds title, lead and body with a gap between
them that no phrase or NEAR bridges, so one field decides what is found; `title` and `lead` only add to the rank.
`like` has the metadata's folded spelling. `stored` is what hits show and is not indexed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from elasticsearch import ApiError

from index.elasticsearch.connection import Connection
from index.limits import MAX_DISTANCE, MAX_WORDS_IN_PHRASE
from index.port import DIMENSIONS, Analyzer
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
# Only mentions whose meaning was counted have it; nothing else needs it.
_VECTOR: dict[str, Any] = {
    "vector": {
        "type": "dense_vector",
        "dims": DIMENSIONS,
        "element_type": "byte",
        "index": True,
        "similarity": "cosine",
    }
}
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
        **_VECTOR,
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
        "name": {"type": "keyword"},
    },
}


class Schema:
    """The names of an installation's indices, and the state that says whether they may be trusted.

    `name`: the index of this name, beside the one in force.
    """

    def __init__(self, connection: Connection, analyzer: Analyzer, name: str | None = None) -> None:
        self._connection = connection
        self._wanted = (VERSION, fingerprint(analyzer))
        self._known: set[str] = set()
        self._months = f"{connection.prefix}-mentions"
        self._name = name
        self.all = self._building(name) if name else self._months
        self._state, self._id = f"{connection.prefix}-state", name or _STATE

    def _building(self, name: str) -> str:
        return f"{self._connection.prefix}-building-{name}"

    def month(self, published: str) -> str:
        """The alias that mentions of this time are written to."""
        return f"{self.all}-{published[:7]}"

    def month_of(self, index: str) -> str:
        """The same for an index that a hit names."""
        return self.month(self.month_in(index))

    def month_in(self, index: str) -> str:
        """The month, as 2025-10, in the name of an index."""
        return index[len(self._months) + 1 :][:7]

    def ensure(self) -> None:
        """Makes what is missing, of another version or of another analyzer; the new one waits for its rebuild."""
        self._put_template()
        if self._found() == self._wanted:
            self._connection.write(  # months of before there were vectors
                lambda client: client.indices.put_mapping(
                    index=self.all, properties=_VECTOR, allow_no_indices=True, ignore_unavailable=True
                )
            )
            return
        self._create(self._state, {"mappings": _STATE_MAPPING, "settings": {"auto_expand_replicas": "0-1"}})
        properties = _STATE_MAPPING["properties"]
        self._connection.write(lambda client: client.indices.put_mapping(index=self._state, properties=properties))
        if self._found() != self._wanted:  # another process may have been faster
            self.drop()
            self._mark(rebuild=True)

    def _put_template(self) -> None:
        body = {"settings": SETTINGS, "mappings": MAPPING}
        self._connection.allowed(
            lambda client: client.indices.put_index_template(
                name=self._months, index_patterns=[f"{self._months}-*"], template=body, priority=500, version=VERSION
            )
        )

    def _found(self) -> tuple[int, str] | None:
        state = self._read()
        return None if state is None else (state["version"], state["analyzer"])

    def _read(self) -> dict[str, Any] | None:
        try:
            answer = self._connection.write(
                lambda client: client.get(index=self._state, id=self._id, realtime=True), raising=(404,)
            )
        except ApiError:
            return None
        return dict(answer["_source"])

    def _mark(self, *, rebuild: bool, name: str | None = None) -> None:
        version, analyzer = self._wanted
        state = {"version": version, "analyzer": analyzer, "rebuild": rebuild, "name": name}
        self._connection.write(
            lambda client: client.index(index=self._state, id=self._id, document=state, refresh=False)
        )

    @property
    def name(self) -> str | None:
        """The name of the index in force."""
        state = self._read()
        return state.get("name") if state else None

    @property
    def needs_rebuild(self) -> bool:
        state = self._read()
        if state is None or (state["version"], state["analyzer"]) != self._wanted:
            self.ensure()  # the cluster was emptied while we were running
            return True
        return bool(state["rebuild"])

    def rebuilt(self) -> None:
        self._mark(rebuild=False, name=self.name)

    def renewed(self) -> None:
        self._mark(rebuild=True, name=self.name)

    def make_months(self, aliases: Iterable[str]) -> None:
        """Creates the indices of these months that this process has not seen yet.

        The alias of all months comes last: searches see an index only when its shard answers.
        """
        for alias in sorted(set(aliases) - self._known):
            index = self._holder(alias) or self._new_month(alias)
            self._connection.write(lambda client, name=index: client.indices.put_alias(index=name, name=self.all))  # type: ignore[misc]
            self._known.add(alias)

    def _new_month(self, alias: str) -> str:
        called = self._name or self.name
        name = f"{self._months}-{alias[-len('2025-10') :]}-v{VERSION}" + (f"-{called}" if called else "")
        body = {"settings": SETTINGS, "mappings": MAPPING, "aliases": {alias: {}}}
        self._create(name, body)
        if self._holder(alias) != name:  # one of this name, taken out of force and not deleted yet
            self.delete([name])
            self._create(name, body)
        return name

    def _holder(self, alias: str) -> str | None:
        """The index that a month's alias leads to."""
        try:
            return next(iter(self._connection.write(lambda c: c.indices.get_alias(name=alias), raising=(404,))))
        except ApiError:
            return None

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
        """Deletes all mentions."""
        self.delete(self.indices())

    def delete(self, names: Sequence[str]) -> None:
        """Deletes indices, by name, as clusters may forbid patterns."""
        self._known.clear()
        if names:
            self._connection.write(lambda client: client.indices.delete(index=",".join(names), ignore_unavailable=True))

    def indices(self) -> list[str]:
        """All month indices of this index, of whatever version."""
        building = self._building("")
        if self._name:
            return [index for index in self._aliases() if index.endswith(f"-{self._name}")]
        return [i for i, aliases in self._aliases().items() if not any(a.startswith(building) for a in aliases)]

    def _aliases(self) -> dict[str, set[str]]:
        """Every month index there is, with its aliases."""
        answer = self._connection.write(
            lambda client: client.indices.get_alias(
                index=f"{self._months}-*", allow_no_indices=True, expand_wildcards="all"
            )
        )
        return {index: set(found["aliases"]) for index, found in sorted(answer.items())}

    # another index beside

    def put_in_force(self, name: str) -> None:
        """Moves the aliases to the index of this name at one blow, and deletes what was in force."""
        actions: list[dict[str, Any]] = []
        old = []
        for index, aliases in self._aliases().items():
            month = f"{self._months}-{self.month_in(index)}"
            if index.endswith(f"-{name}"):
                actions += [{"add": {"index": index, "alias": alias}} for alias in (month, self._months)]
                given = [alias for alias in aliases if alias.startswith(self._building(name))]
                actions += [{"remove": {"index": index, "alias": alias}} for alias in given]
            elif self._months in aliases:
                actions += [{"remove": {"index": index, "alias": a}} for a in (month, self._months) if a in aliases]
                old.append(index)
        if actions:
            self._connection.write(lambda client: client.indices.update_aliases(actions=actions))
        self._mark(rebuild=False, name=name)
        self.delete(old)

    def drop_others(self, keep: str | None) -> list[str]:
        """Deletes the indices that are neither in force nor of this name. Returns the names of those deleted."""
        others = [
            index
            for index, aliases in self._aliases().items()
            if self._months not in aliases and not (keep and index.endswith(f"-{keep}"))
        ]
        self.delete(others)
        return sorted({index.rpartition("-")[2] for index in others})
