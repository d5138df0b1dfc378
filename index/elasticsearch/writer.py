"""Writes in bulk: every item's outcome is looked at, what may be tried again is, and all is visible on return.

Whatever breaks off leaves each mention old, new or (between two months) missing, never twice; writing again heals it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from index.elasticsearch.connection import Connection
from index.elasticsearch.documents import Document, Documents
from index.elasticsearch.schema import Schema
from index.port import Analyzer, IndexUnavailable, Mention, MetadataChange, Refused
from index.values import batches

BATCH = 1000
_BYTES = 8_000_000  # of one request, by a rough estimate; servers take 100 MB
_PAUSES = (0.1, 0.3, 1.0, 2.0, 4.0)
_BUSY = (429, 500, 502, 503, 504)
_POISON = (400, 413)  # what is wrong lies in the document
Homes = dict[str, list[str]]
Reasons = dict[str, str]


@dataclass(frozen=True, slots=True)
class Operation:
    """One item of a bulk request; `index` is an alias for writes, an index itself for what is already there."""

    kind: str
    index: str
    id: str
    body: Document | None = None

    def lines(self) -> list[Mapping[str, Any]]:
        head: dict[str, Any] = {"_index": self.index, "_id": self.id}
        if self.kind == "index":
            head["require_alias"] = True
        if self.kind == "update":
            return [{"update": {**head, "retry_on_conflict": 5}}, {"doc": self.body}]
        return [{self.kind: head}] if self.body is None else [{self.kind: head}, self.body]

    def size(self) -> int:
        if self.body is None or "fold" not in self.body:
            return 500
        return 1000 + 10 * sum(map(len, self.body["fold"]["text"]))


class Writer:
    """One batch at a time in a process; the work that is given twice changes nothing."""

    def __init__(self, connection: Connection, schema: Schema, analyzer: Analyzer) -> None:
        self._connection, self._schema, self._documents = connection, schema, Documents(analyzer)
        self._lock = threading.Lock()
        self._unseen = True  # something may be written that searches do not see yet

    def upsert(self, mentions: Iterable[Mention]) -> int:
        written, refused = 0, Reasons()
        for batch in batches(mentions, BATCH):
            latest = {mention.id: mention for mention in batch}  # the last of equal ids wins
            documents = {name: self._documents.document(mention) for name, mention in latest.items()}
            with self._lock:
                refused |= self._write(documents)
            written += len(latest)
        if refused:
            raise Refused(refused)
        return written

    def _write(self, documents: dict[str, Document]) -> Reasons:
        months = {name: self._schema.month(document["published"]) for name, document in documents.items()}
        homes = self._homes(list(documents))
        moved = [
            Operation("delete", index, name)
            for name, indices in homes.items()
            for index in indices
            if self._schema.month_of(index) != months[name]
        ]
        self._run(moved)
        return self._run([Operation("index", months[name], name, document) for name, document in documents.items()])

    def update(self, changes: Iterable[MetadataChange]) -> int:
        changed, refused = 0, Reasons()
        for batch in batches(changes, BATCH):
            parts: dict[str, Document] = {}
            for change in batch:
                _merge(parts.setdefault(change.id, {}), self._documents.change(change))
            with self._lock:
                homes = self._homes(list(parts))
                refused |= self._run(
                    [
                        Operation("update", index, name, parts[name])
                        for name, indices in homes.items()
                        for index in indices
                        if parts[name]
                    ]
                )
            changed += len(homes)
        if refused:
            raise Refused(refused)
        return changed

    def delete(self, ids: Iterable[str]) -> int:
        deleted = 0
        for batch in batches(dict.fromkeys(ids), BATCH):
            with self._lock:
                homes = self._homes(batch)
                self._run([Operation("delete", index, name) for name, found in homes.items() for index in found])
            deleted += len(homes)
        return deleted

    def clear(self) -> None:
        with self._lock:
            self._schema.drop()

    def drop(self, indices: Sequence[str]) -> int:
        """Deletes whole indices. Returns how many mentions they held."""
        if not indices:
            return 0
        with self._lock:
            gone = self._connection.write(lambda client: client.count(index=",".join(indices), ignore_unavailable=True))
            self._schema.delete(indices)
        return int(gone["count"])

    def see(self) -> None:
        """Makes visible what a writer that was killed left behind."""
        self._refresh([self._schema.all])
        self._unseen = False

    def _homes(self, ids: Sequence[str]) -> Homes:
        """The indices that hold these mentions; more than one where another writer was cut off."""
        if not ids:
            return {}
        if self._unseen:
            self.see()
        answer = self._connection.write(
            lambda client: client.search(
                index=self._schema.all,
                query={"ids": {"values": list(ids)}},
                size=10_000,
                source=False,
                sort=["_doc"],
                track_total_hits=False,
                allow_partial_search_results=False,
                ignore_unavailable=True,
                filter_path="hits.hits._id,hits.hits._index",
            )
        )
        homes: Homes = {}
        for hit in answer.get("hits", {}).get("hits", ()):
            homes.setdefault(hit["_id"], []).append(hit["_index"])
        return homes

    def _run(self, operations: Sequence[Operation]) -> Reasons:
        """Runs all of them; gives the reasons of those that the server will never take."""
        refused = Reasons()
        if not operations:
            return refused
        self._unseen = True
        for part in _parts(operations):
            refused |= self._patiently(part)
        self._refresh(sorted({operation.index for operation in operations}))
        self._unseen = False
        return refused

    def _patiently(self, operations: Sequence[Operation]) -> Reasons:
        """Runs one request; its items that failed for a passing reason are tried again with growing pauses."""
        refused = Reasons()
        self._make_months(operations)
        for pause in (*_PAUSES, None):
            lines = [line for operation in operations for line in operation.lines()]
            answer = self._connection.write(lambda client, lines=lines: client.bulk(operations=lines))  # type: ignore[misc]
            if not answer["errors"]:
                return refused
            outcomes = [next(iter(item.values())) for item in answer["items"]]
            failed = [
                (operation, outcome)
                for operation, outcome in zip(operations, outcomes, strict=True)
                if outcome["status"] >= 300 and not _is_gone(operation, outcome)
            ]
            refused |= {operation.id: _reason(outcome) for operation, outcome in failed if outcome["status"] in _POISON}
            failed = [item for item in failed if item[0].id not in refused]
            if not failed:
                return refused
            lost = [outcome for _, outcome in failed if outcome["status"] == 404]
            hopeless = [item for item in failed if item[1]["status"] not in (*_BUSY, 404, 409)]
            if hopeless or pause is None:
                raise IndexUnavailable(_complaint(hopeless or failed))
            operations = [operation for operation, _ in failed]
            if lost:
                self._schema.forget()
                self._make_months(operations)
            else:
                time.sleep(pause)
        raise AssertionError("unreachable")

    def _make_months(self, operations: Sequence[Operation]) -> None:
        self._schema.make_months(operation.index for operation in operations if operation.kind == "index")

    def _refresh(self, indices: Sequence[str]) -> None:
        self._connection.write(lambda client: client.indices.refresh(index=",".join(indices), ignore_unavailable=True))


def _is_gone(operation: Operation, outcome: Mapping[str, Any]) -> bool:
    """Deleting or changing what is not there any more is done."""
    return operation.kind != "index" and outcome["status"] == 404


def _complaint(failed: Sequence[tuple[Operation, Mapping[str, Any]]]) -> str:
    operation, outcome = failed[0]
    return f"Elasticsearch không nhận {len(failed)} lượt nhắc, như {operation.id!r} ({_reason(outcome)})."


def _reason(outcome: Mapping[str, Any]) -> str:
    """The server's reason and the cause it names."""
    error = outcome.get("error") or {}
    told = [error, error.get("caused_by") or {}]
    return "; ".join(f"{each.get('type')}: {each.get('reason')}" for each in told if each)[:400]


def _parts(operations: Sequence[Operation]) -> Iterator[list[Operation]]:
    part: list[Operation] = []
    size = 0
    for operation in operations:
        if part and size + operation.size() > _BYTES:
            yield part
            part, size = [], 0
        part.append(operation)
        size += operation.size()
    yield part


def _merge(into: Document, part: Document) -> None:
    """Later changes of one mention win, field by field."""
    for name, value in part.items():
        if isinstance(value, dict):
            _merge(into.setdefault(name, {}), value)
        else:
            into[name] = value
