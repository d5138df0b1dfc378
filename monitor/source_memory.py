"""What the collector remembers between runs: each source's state, its runs, and what became of each URL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Row, Table, func, select, update
from sqlalchemy.engine import Connection

from crawlers.ledger import TRANSIENT
from crawlers.sink import CrawlResult, Settled, UrlOutcome, Validators
from monitor.archive import CHUNK, insert_or, utc_now
from monitor.database import READ_ONLY, posts, quotas, runs, source_states, streams, urls, validators
from monitor.health import book
from monitor.health.breaker import Breaker

# Articles of the province's own outlets are looked at again after these pauses, to notice edits.
REVISITS = (timedelta(hours=1), timedelta(hours=6), timedelta(days=1), timedelta(days=3), timedelta(days=7))
# Threads are looked at again while people answer in them.
THREAD_REVISITS = (timedelta(minutes=5), timedelta(minutes=20), *(timedelta(hours=h) for h in (1, 2, 4, 8, 16, 24, 48)))
RETRY_REVISIT = timedelta(hours=1)
MOST_REVISITS = 1_000  # of one source in one pass; its own limit of articles is the narrower one
STANDING = ("archived", "withdrawn")
# A page without a text is looked at again, too: newsrooms publish a title first and the text within the hour.
VISITED_AGAIN = (*STANDING, "empty")
MAX_BACK_OFF = timedelta(hours=6)
# Of a pass's result what has columns or tables of its own.
_BESIDE_COUNTS = (
    "source", "started_at", "finished_at", "state", "message", "resume_at", "control", "left", "sightings",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """State of one source as the last run left it."""

    id: str
    state: str
    message: str
    last_run_at: datetime | None
    last_success_at: datetime | None
    last_new_at: datetime | None
    due_at: datetime | None
    failures: int
    resume_at: datetime | None = None
    opened_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Run:
    started_at: datetime
    finished_at: datetime
    state: str
    message: str
    counts: dict[str, Any]


class SourceMemory:
    """`crawlers.sink.CrawlState` on the archive's database, and the sources' health. Durable on return.

    `revisited`: for each source whose pages change, the pauses after which a page is looked at again.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        revisited: Mapping[str, Sequence[timedelta]] | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.engine = engine
        self._revisited = dict(revisited or {})
        self._clock = clock

    def _read(self) -> Connection:
        return self.engine.connect().execution_options(**READ_ONLY)

    # CrawlState

    def validators(self, url: str) -> Validators | None:
        with self._read() as connection:
            row = connection.execute(select(validators).where(validators.c.url == url)).first()
        return Validators(row.etag, row.last_modified) if row else None

    def remember_validators(self, url: str, given: Validators) -> None:
        values = {"etag": given.etag, "last_modified": given.last_modified}
        with self.engine.begin() as connection:
            statement = insert_or(connection, validators).values(url=url, **values)
            connection.execute(statement.on_conflict_do_update(index_elements=["url"], set_=values))

    def outcome(self, url: str) -> UrlOutcome | None:
        with self._read() as connection:
            found: UrlOutcome | None = connection.scalar(select(urls.c.outcome).where(urls.c.url == url))
            return found

    def known_outcomes(self, wanted: Iterable[str]) -> dict[str, UrlOutcome]:
        addresses, found = list(wanted), {}
        with self._read() as connection:
            for start in range(0, len(addresses), CHUNK):
                query = select(urls.c.url, urls.c.outcome).where(urls.c.url.in_(addresses[start : start + CHUNK]))
                found.update({row.url: row.outcome for row in connection.execute(query)})
        return found

    def set_outcome(self, source: str, url: str, outcome: UrlOutcome, reason: str = "") -> None:
        self.set_outcomes({source: [Settled(url, outcome, reason)]})

    def set_outcomes(self, settled: Mapping[str, Iterable[Settled]]) -> None:
        now = self._clock()
        batch = {each.url: (source, each) for source, theirs in settled.items() for each in theirs}
        given = [
            {"url": each.url, "etag": each.validators.etag, "last_modified": each.validators.last_modified}
            for _, each in batch.values()
            if each.validators is not None
        ]
        with self.engine.begin() as connection:
            known = _rows(connection, list(batch))
            rows = [self._url_row(source, each, known.get(each.url), now) for source, each in batch.values()]
            _upsert(connection, urls, rows, "url", ("outcome", "reason", "last_at", "visits", "due_at"))
            _upsert(connection, validators, given, "url", ("etag", "last_modified"))
            _mark_withdrawn(connection, batch.values(), now)

    def _url_row(self, source: str, settled: Settled, known: Row[Any] | None, now: datetime) -> dict[str, Any]:
        row = {"url": settled.url, "source": source, "first_at": now, "last_at": now}
        if known is not None and known.outcome in STANDING and settled.outcome in TRANSIENT:
            # The server had a bad moment; what we know of the article stays.
            later = now + RETRY_REVISIT
            return {**row, "outcome": known.outcome, "reason": known.reason, "visits": known.visits, "due_at": later}
        visits = (known.visits if known is not None else 0) + 1
        due = self._next_visit(source, settled.outcome, visits, now)
        return {**row, "outcome": settled.outcome, "reason": settled.reason, "visits": visits, "due_at": due}

    def _next_visit(self, source: str, outcome: UrlOutcome, visits: int, now: datetime) -> datetime | None:
        pauses = self._revisited.get(source, ())
        if outcome not in VISITED_AGAIN or visits > len(pauses):
            return None
        return now + pauses[visits - 1]

    def due_for_revisit(self, source: str, now: datetime) -> list[str]:
        query = (
            select(urls.c.url)
            .where(urls.c.source == source, urls.c.due_at <= now)
            .order_by(urls.c.due_at)
            .limit(MOST_REVISITS)
        )
        with self._read() as connection:
            return list(connection.scalars(query))

    def recall(self, source: str, stream: str) -> dict[str, Any]:
        query = select(streams.c.value).where(streams.c.source == source, streams.c.stream == stream[:250])
        with self._read() as connection:
            return dict(connection.scalar(query) or {})

    def remember(self, source: str, stream: str, value: Mapping[str, Any]) -> None:
        kept = {"value": dict(value), "changed_at": self._clock()}
        with self.engine.begin() as connection:
            statement = insert_or(connection, streams).values(source=source, stream=stream[:250], **kept)
            connection.execute(statement.on_conflict_do_update(index_elements=["source", "stream"], set_=kept))

    def spend(self, service: str, day: str, units: int, budget: int) -> bool:
        with self.engine.begin() as connection:
            empty = insert_or(connection, quotas).values(service=service, day=day, spent=0)
            connection.execute(empty.on_conflict_do_nothing())
            fits = (quotas.c.service == service) & (quotas.c.day == day) & (quotas.c.spent + units <= budget)
            taken = update(quotas).where(fits).values(spent=quotas.c.spent + units)
            return connection.execute(taken).rowcount == 1

    def articles(self, source: str, since: datetime) -> list[tuple[str, datetime]]:
        concern = (posts.c.source == source) & (posts.c.outcome == "annotated") & (posts.c.counted_at >= since)
        query = select(posts.c.canonical_url, posts.c.counted_at).where(concern, posts.c.parent_url.is_(None))
        with self._read() as connection:
            found = connection.execute(query.order_by(posts.c.counted_at.desc()).limit(500))
            return [(row.canonical_url, row.counted_at) for row in found]

    # health

    def health(self) -> dict[str, SourceHealth]:
        with self._read() as connection:
            found = connection.execute(select(source_states))
            return {row.id: SourceHealth(**row._asdict()) for row in found}

    def due(self, ids: Iterable[str]) -> list[str]:
        """Which of these sources are due now, the longest waiting first."""
        now, known = self._clock(), self.health()
        waiting = [(known[id].due_at if id in known else None, id) for id in ids]
        return [id for due, id in sorted(waiting, key=lambda w: (w[0] is not None, w[0])) if due is None or due <= now]

    def finished(self, result: CrawlResult, every: timedelta) -> None:
        """Keeps a run and sets when the source is due again: its cadence, doubled for each failure in a row."""
        now = self._clock()
        counts = asdict(result)
        for name in _BESIDE_COUNTS:
            counts.pop(name)
        ended = {"started_at": result.started_at, "finished_at": result.finished_at}
        with self.engine.begin() as connection:
            connection.execute(
                runs.insert().values(
                    source=result.source, state=result.state, message=result.message, counts=counts, **ended
                )
            )
            self._update_state(connection, result, every, now)
            book.add(connection, result)

    def _update_state(self, connection: Connection, result: CrawlResult, every: timedelta, now: datetime) -> None:
        before = connection.execute(select(source_states).where(source_states.c.id == result.source)).first()
        worked = result.state in ("ok", "partial")
        breaker = Breaker(before.failures, before.opened_at) if before else Breaker()
        breaker = breaker.after(worked, now)
        doubled = min(every * 2 ** min(breaker.failures, 8), max(every, MAX_BACK_OFF))
        pause = max(doubled, breaker.pause) if breaker.failures else every
        values = {
            "state": result.state,
            "message": result.message,
            "last_run_at": result.finished_at,
            "last_success_at": result.finished_at if worked else before.last_success_at if before else None,
            "last_new_at": result.finished_at if result.new else before.last_new_at if before else None,
            "due_at": now + pause,
            "failures": breaker.failures,
            "resume_at": result.resume_at,
            "opened_at": breaker.opened_at,
        }
        if result.resume_at is not None:
            values["due_at"] = max(now + pause, result.resume_at)
        statement = insert_or(connection, source_states).values(id=result.source, **values)
        connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))

    def make_due(self, ids: Iterable[str]) -> None:
        with self.engine.begin() as connection:
            connection.execute(update(source_states).where(source_states.c.id.in_(list(ids))).values(due_at=None))

    def last_runs(self, source: str, limit: int = 10) -> list[Run]:
        query = select(runs).where(runs.c.source == source).order_by(runs.c.started_at.desc()).limit(limit)
        with self._read() as connection:
            found = connection.execute(query)
            return [Run(r.started_at, r.finished_at, r.state, r.message, r.counts) for r in found]

    def url_outcomes(self, source: str) -> dict[str, int]:
        query = select(urls.c.outcome, func.count()).where(urls.c.source == source).group_by(urls.c.outcome)
        with self._read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def refusals(self, source: str, limit: int = 10) -> list[tuple[str, str, str]]:
        """Newest URLs that gave no post: (url, outcome, reason)."""
        bad = urls.c.outcome.not_in(["archived", "listing", "skipped"])
        query = select(urls).where(urls.c.source == source, bad).order_by(urls.c.last_at.desc()).limit(limit)
        with self._read() as connection:
            return [(row.url, row.outcome, row.reason) for row in connection.execute(query)]

    def drop_old_runs(self, keep: timedelta = timedelta(days=60)) -> int:
        with self.engine.begin() as connection:
            connection.execute(streams.delete().where(streams.c.changed_at < self._clock() - keep))
            book.forget(connection, (self._clock() - 2 * keep).date())
            return connection.execute(runs.delete().where(runs.c.started_at < self._clock() - keep)).rowcount


def _rows(connection: Connection, addresses: Sequence[str]) -> dict[str, Row[Any]]:
    found: dict[str, Row[Any]] = {}
    for start in range(0, len(addresses), CHUNK):
        query = select(urls).where(urls.c.url.in_(addresses[start : start + CHUNK]))
        found.update({row.url: row for row in connection.execute(query)})
    return found


def _mark_withdrawn(connection: Connection, settled: Iterable[tuple[str, Settled]], now: datetime) -> None:
    """Posts whose page is gone carry since when; one that is back stands again. The text stays either way."""
    back: list[str] = []
    for source, each in settled:
        if each.outcome == "archived":
            back.append(each.url)
        elif each.outcome == "withdrawn":
            theirs = (posts.c.source == source) & ((posts.c.canonical_url == each.url) | (posts.c.url == each.url))
            connection.execute(update(posts).where(theirs & posts.c.withdrawn_at.is_(None)).values(withdrawn_at=now))
    for start in range(0, len(back), CHUNK):
        theirs = posts.c.canonical_url.in_(back[start : start + CHUNK]) & posts.c.withdrawn_at.is_not(None)
        connection.execute(update(posts).where(theirs).values(withdrawn_at=None))


def _upsert(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]], key: str, changing: Sequence[str]
) -> None:
    if rows:
        statement = insert_or(connection, table)
        again = {name: statement.excluded[name] for name in changing}
        # In one order everywhere: two machines that write the same rows must not wait for each other.
        ordered = sorted(rows, key=lambda row: str(row[key]))
        connection.execute(statement.on_conflict_do_update(index_elements=[key], set_=again), ordered)
