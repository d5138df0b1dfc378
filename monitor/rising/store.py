"""Evidence out of the archive, and what is kept of issues: changes of state, officers' actions, what rises now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from sys import intern
from typing import Any, Literal, get_args

from pydantic import TypeAdapter
from sqlalchemy import Engine, delete, func, insert, select, update
from sqlalchemy.engine import Connection

from monitor.database import READ_ONLY, annotation_rows, issue_actions, issue_changes, issues_now, posts, story_changes
from monitor.rising.evidence import PEOPLE, Evidence
from monitor.rising.issue import Issue, StateChange

TERMS = 6  # of a mention, the first ones
CHUNK = 500
Verb = Literal["pin", "mute", "rename", "merge", "known"]
VERBS: tuple[Verb, ...] = get_args(Verb)


@cache
def _issues() -> TypeAdapter[list[Issue]]:
    return TypeAdapter(list[Issue])


@dataclass(frozen=True, slots=True)
class Action:
    """What an officer did to an issue. `value`: the new title, the issue it was merged into, or a note."""

    id: int
    issue_id: str
    verb: Verb
    value: str
    by: str
    at: datetime
    undone_by: str | None = None
    undone_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Now:
    """What the worker last saw rise, when, by how many mentions; `outrun`: more were annotated since."""

    at: datetime
    issues: list[Issue]
    known: int
    outrun: bool


class EvidenceStore:
    """Annotated posts as counting needs them. `official`: sources that the province owns."""

    def __init__(self, engine: Engine, official: Collection[str]) -> None:
        self._engine = engine
        self._official = frozenset(official)

    def between(self, since: datetime, until: datetime, *, min_relevance: int = 1) -> list[Evidence]:
        """Every annotated post with since < time <= until, in time order."""
        a = annotation_rows.c
        query = self._query().where(a.counted_at > since, a.counted_at <= until, a.relevance >= min_relevance)
        return self._read(query.order_by(a.counted_at, a.post_id))

    def count(self, since: datetime, until: datetime) -> int:
        """How many posts were annotated with since < time <= until, whatever they concern."""
        a = annotation_rows.c
        query = select(func.count()).where(a.counted_at > since, a.counted_at <= until)
        with self._engine.connect().execution_options(**READ_ONLY) as connection:
            return connection.scalar(query) or 0

    def processed_since(self, mark: datetime, since: datetime, until: datetime) -> tuple[list[Evidence], set[str]]:
        """Posts with since < time <= until that were annotated since the mark: evidence, and ids that are none."""
        # Asked for the times as well, or in their order, SQLite would look all mentions of these weeks through.
        recent = self._read(self._query().where(posts.c.processed_at >= mark))
        found = sorted((e for e in recent if since < e.at <= until), key=lambda e: (e.at, e.id))
        return [e for e in found if e.relevance >= 1], {e.id for e in found if e.relevance < 1}

    def _query(self) -> Any:
        a, p = annotation_rows.c, posts.c
        topic = a.topics[(0, "code")].as_string()
        columns = (a.post_id, a.counted_at, p.source, p.kind, p.author, a.relevance, a.sentiment, topic, a.places)
        more = (a.terms, a.story_id, a.duplicate_of)
        return select(*columns, *more).join(posts, p.id == a.post_id)

    def _read(self, query: Any) -> list[Evidence]:
        with self._engine.connect().execution_options(**READ_ONLY) as connection:
            return [self._evidence(row) for row in connection.execute(query)]

    def _evidence(self, row: Any) -> Evidence:
        id, at, source, kind, author, relevance, sentiment, topic, places, terms, story, original = row
        # The same few texts come back a hundred thousand times: one copy of each is kept.
        return Evidence(
            id=id,
            at=at,
            source=intern(source),
            kind=intern(kind),
            voice=intern(author or source if kind in PEOPLE else source),
            relevance=relevance,
            sentiment=intern(sentiment) if sentiment else None,
            topic=intern(topic) if topic else None,
            places=tuple(dict.fromkeys(intern(place["id"]) for place in places)),
            story=intern(story) if story else None,
            copy=original is not None,
            official=source in self._official,
            terms=tuple(map(intern, terms[:TERMS])),
        )


class IssueStore:
    """What is kept of issues."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def _reading(self) -> Connection:
        return self._engine.connect().execution_options(**READ_ONLY)

    # what rises now, and the changes of state

    def keep(
        self, issues: Sequence[Issue], at: datetime, known: int, changes: Iterable[tuple[str, StateChange]]
    ) -> None:
        """What rises now, in place of what rose before, and changes of state as they happened.

        `known`: how many mentions it was judged by.
        """
        rows = [
            {"issue_id": id, "at": c.at, "state": c.state, "chance": c.chance, "voices": c.voices,
             "expected": c.expected, "pace": c.pace}
            for id, c in changes
        ]  # fmt: skip
        with self._engine.begin() as connection:
            connection.execute(delete(issues_now))
            kept = {"known": known, "issues": _issues().dump_python(list(issues), mode="json")}
            connection.execute(insert(issues_now).values(at=at, issues=kept))
            if rows:
                connection.execute(insert(issue_changes), rows)

    def now(self) -> Now | None:
        """What the worker last saw rise."""
        with self._reading() as connection:
            row = connection.execute(select(issues_now.c.at, issues_now.c.issues)).first()
            newest = connection.scalar(select(func.max(posts.c.processed_at)))
        if row is None:
            return None
        outrun = newest is not None and newest > row.at + timedelta(seconds=1)  # `at` is a whole second
        return Now(row.at, _issues().validate_python(row.issues["issues"]), row.issues["known"], outrun)

    def changes(self, issue_id: str, until: datetime | None = None) -> list[StateChange]:
        """An issue's changes of state as they were kept, oldest first; with those of stories merged into it."""
        c = issue_changes.c
        with self._reading() as connection:
            ids = _merged_into(connection, issue_id)
            query = select(c.at, c.state, c.chance, c.voices, c.expected, c.pace).where(c.issue_id.in_(ids))
            query = query.where(c.at <= until) if until else query
            return [StateChange(*row) for row in connection.execute(query.order_by(c.at, c.id))]

    def open_at(self, at: datetime) -> set[str]:
        """Issues that were open at a moment, by their changes of state as they were kept."""
        c = issue_changes.c
        last = select(func.max(c.id)).where(c.at <= at).group_by(c.issue_id)
        with self._reading() as connection:
            return set(connection.scalars(select(c.issue_id).where(c.id.in_(last), c.state != "closed")))

    # officers' actions

    def act(self, issue_id: str, verb: Verb, value: str, by: str, at: datetime) -> int:
        """Notes an action; a former one of the same kind on the same issue no longer counts from now on."""
        a = issue_actions.c
        with self._engine.begin() as connection:
            former = (a.issue_id == issue_id) & (a.verb == verb) & a.undone_at.is_(None)
            connection.execute(update(issue_actions).where(former).values(undone_by=by, undone_at=at))
            done = connection.execute(
                insert(issue_actions).values(issue_id=issue_id, verb=verb, value=value, by=by, at=at)
            )
            return int(done.inserted_primary_key[0])  # type: ignore[index]

    def undo(self, action_id: int, by: str, at: datetime) -> bool:
        """Takes an action back; False when there is none in force."""
        a = issue_actions.c
        mine = (a.id == action_id) & a.undone_at.is_(None)
        with self._engine.begin() as connection:
            return connection.execute(update(issue_actions).where(mine).values(undone_by=by, undone_at=at)).rowcount > 0

    def in_force(self, at: datetime) -> dict[str, list[Action]]:
        """The actions that held at a moment, by issue; later ones are not known to it."""
        a = issue_actions.c
        held = (a.at <= at) & (a.undone_at.is_(None) | (a.undone_at > at))
        return self._actions(select(issue_actions).where(held).order_by(a.at, a.id))

    def actions(self, issue_id: str) -> list[Action]:
        """All that was ever done to an issue, newest first."""
        a = issue_actions.c
        with self._reading() as connection:
            ids = _merged_into(connection, issue_id)
        query = select(issue_actions).where(a.issue_id.in_(ids)).order_by(a.at.desc(), a.id.desc())
        return self._actions(query).get(issue_id, [])

    def _actions(self, query: Any) -> dict[str, list[Action]]:
        """By the issue that they are upon today: what was done to a story that was merged away holds for the other."""
        found: dict[str, list[Action]] = {}
        with self._reading() as connection:
            rows = connection.execute(query).all()
            became = _became(connection, {row.issue_id for row in rows})
        for row in rows:
            found.setdefault(became.get(row.issue_id, row.issue_id), []).append(Action(*row))
        return found


def _merged_into(connection: Connection, story: str) -> list[str]:
    """A story with all that were merged into it."""
    c = story_changes.c
    found, new = [story], [story]
    while new:
        query = select(c.other_id).where(c.kind == "merge", c.story_id.in_(new))
        new = [id for id in connection.scalars(query) if id not in found]
        found += new
    return found


def _became(connection: Connection, ids: Collection[str]) -> dict[str, str]:
    """Stories that were merged away -> the ones they belong to now."""
    c = story_changes.c
    into: dict[str, str] = {}
    asked = set(ids)
    while asked:
        query = select(c.other_id, c.story_id).where(c.kind == "merge", c.other_id.in_(asked)).order_by(c.id)
        step = dict(connection.execute(query).tuples().all())
        asked = set(step.values()) - into.keys() - set(ids)
        into |= step
    became = {}
    for id in ids:
        last, seen = id, {id}
        while (next_ := into.get(last)) and next_ not in seen:
            last = next_
            seen.add(last)
        became[id] = last
    return became


ActionsByIssue = Mapping[str, Sequence[Action]]
