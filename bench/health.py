"""Health of sources over 21 simulated days with a holiday: what is planted is found, and nothing else is called wrong.

    python -m bench.health [--every 6] [--worlds 40] [--seed 7]

First the sandbox web is crawled on a simulated clock, a pass over every site each `--every` hours, from 20 December to
10 January: a silence, a redesign, a challenge, a flood, edits and a withdrawal are planted in it. Then worlds of
invented sources, from one post in three days to eighty a day, with weekends and the days of Tết, and nothing wrong with
them: every alarm there is false. Prints what was found when, and the false alarms. Fails on a miss or a false alarm in
the sandbox.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Engine, func, select

from crawlers.extract.canonical import canonical_url
from crawlers.post import Post
from crawlers.run import CrawlSettings, crawl_now
from crawlers.sink import CrawlResult
from crawlers.source import Source
from monitor.archive import Archive
from monitor.collect import ArchiveSink
from monitor.database import open_engine, posts, revisions
from monitor.health.alarms import alarm
from monitor.health.book import evidence
from monitor.health.days import kind, local_day, shares
from monitor.health.evidence import Evidence, Facts
from monitor.installation import revisits
from monitor.migrate import migrate
from monitor.source_memory import SourceMemory
from monitor.wording import VIETNAM
from sandbox.content import Content, load_content
from sandbox.server import Sandbox, run_in_thread
from sandbox.sources import source_id

ANCHOR = datetime(2027, 1, 10, 9, tzinfo=UTC)  # New Year's Day lies in the three weeks before
DAYS = 21
FLOOD, FLOODED, FLOOD_SIZE = timedelta(hours=20), "tntb", 120
OWN = "qtnm"  # the province's paper: it edits, and one article of it is planted to be withdrawn
RESTING = {"working": 1.0, "saturday": 0.75, "sunday": 0.6, "holiday": 0.25}
PACES = ((0.3, 2.0), (0.5, 2.0), (1.0, 5.0), (2.0, 3.0), (5.0, 3.0), (20.0, 4.0), (80.0, 6.0))


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Found:
    """What a simulation raised: (source, kind) -> when first; and what the archive saw of edits and withdrawals."""

    raised: dict[tuple[str, str], datetime] = field(default_factory=dict)
    edited: int = 0
    withdrawn: int = 0
    passes: int = 0

    def look(self, engine: Engine, sources: Sequence[Source], now: datetime) -> None:
        for id, each in evidence(engine, sources, now).items():
            found = alarm(each, now)
            if found is not None:
                self.raised.setdefault((id, found.kind), now)


def planted(content: Content) -> Content:
    """The sandbox's content with a flood of notices from one outlet, and an article that is withdrawn after a day."""
    stories = list(content.stories)
    old = next(s for s in stories if any(t.outlet == OWN for t in s.tellings) and 9 < s.start < 12)
    at = next(n for n, telling in enumerate(old.tellings) if telling.outlet == OWN)
    tellings = list(old.tellings)
    tellings[at] = replace(tellings[at], withdrawn=26.0)
    stories[stories.index(old)] = replace(old, tellings=tuple(tellings))
    model = next(t for s in stories for t in s.tellings if t.outlet == FLOODED and t.copy is None and t.body)
    start = FLOOD / timedelta(days=1)
    for n in range(FLOOD_SIZE):
        notice = replace(
            model, after=n * FLOOD / timedelta(hours=1) / FLOOD_SIZE, title=f"Rao vặt số {n}: {model.title}", edits=()
        )
        stories.append(replace(stories[0], id=f"rao-vat-{n}", start=start, tellings=(notice,), threads=(), channel=()))
    return replace(content, stories=tuple(stories))


def expected(content: Content) -> dict[tuple[str, str], datetime]:
    """(source, kind of alarm) -> since when it may be raised."""
    kinds = {"silent": "silent", "redesign": "drifting", "blocked": "blocked"}
    found = {
        (source_id(code), kinds[outlet.behaviour]): ANCHOR - timedelta(days=outlet.days or DAYS)
        for code, outlet in content.outlets.items()
        if outlet.behaviour in kinds
    }
    return found | {(source_id(FLOODED), "flooding"): ANCHOR - FLOOD}


def moments(every: float) -> Iterator[datetime]:
    steps = round(DAYS * 24 / every)
    yield from (ANCHOR - timedelta(days=DAYS) + timedelta(hours=every * n) for n in range(1, steps + 1))


def books(folder: Path, clock: Clock, sources: Sequence[Source]) -> tuple[Engine, Archive, SourceMemory]:
    engine = open_engine(f"sqlite:///{folder / 'archive.sqlite'}")
    migrate(engine, folder / "lock")
    memory = SourceMemory(engine, revisited=revisits(sources), clock=clock)
    return engine, Archive(engine, author_key=b"bench", clock=clock), memory


def crawled(folder: Path, every: float) -> Found:
    """The sandbox crawled over HTTP."""
    clock, found = Clock(ANCHOR - timedelta(days=DAYS)), Found()
    with run_in_thread(ANCHOR, clock=clock, content=planted(load_content())) as sandbox:
        sources = _sources(sandbox)
        engine, archive, memory = books(folder, clock, sources)
        settings = CrawlSettings(allow_private=True, delay_factor=0, backoff=0.02, patience=0, clock=clock)
        for now in moments(every):
            clock.now = now
            crawl_now(sources, ArchiveSink(archive), memory, settings, lambda r: memory.finished(r, timedelta(hours=1)))
            found.passes += 1
            found.look(engine, sources, now)
        with archive.read() as connection:
            own = posts.c.source == source_id(OWN)
            changed = (
                select(func.count(func.distinct(revisions.c.post_id))).select_from(revisions.join(posts)).where(own)
            )
            found.edited = connection.scalar(changed) or 0
            gone = select(func.count()).where(own & posts.c.withdrawn_at.is_not(None))
            found.withdrawn = connection.scalar(gone) or 0
        engine.dispose()
    return found


def _sources(sandbox: Sandbox) -> list[Source]:
    return [Source.model_validate(record) for record in sandbox.sources()]


def booked(folder: Path, every: float) -> Found:
    """The same web without HTTP: passes as the books would have them. For a test that has seconds, not minutes."""
    from sandbox.site import make_sites, numbered_bases
    from sandbox.sources import source_records
    from sandbox.world import World

    clock, found, world = Clock(ANCHOR), Found(), World(ANCHOR, planted(load_content()))
    sites = make_sites(world, numbered_bases(world))
    sources = [Source.model_validate(each) for each in source_records(world, sites) if each["kind"] == "news"]
    engine, archive, memory = books(folder, clock, sources)
    known: set[str] = set()
    for clock.now in moments(every):
        for code, site in sites.items():
            if site.code not in world.outlets:
                continue
            fresh = [a for a in world.articles(code, clock.now) if site.base + a.path not in known]
            known |= {site.base + each.path for each in fresh}
            if site.behaviour == "blocked":
                memory.finished(_pass(code, clock.now, [], "blocked"), timedelta(hours=1))
                continue
            methods = ["trafilatura" if each.new_design else f"family:{site.family}@1" for each in fresh]
            archive.store_many([
                Post(
                    url=site.base + each.path, canonical_url=canonical_url(site.base + each.path),
                    source=source_id(code), title=each.at(clock.now).title, published_at=each.published,
                )
                for each in fresh
            ])  # fmt: skip
            memory.finished(_pass(code, clock.now, methods, "ok"), timedelta(hours=1))
        found.passes += 1
        found.look(engine, sources, clock.now)
    engine.dispose()
    return found


def _pass(code: str, now: datetime, methods: list[str], state: Any) -> CrawlResult:
    return CrawlResult(
        source=source_id(code), started_at=now, finished_at=now, state=state, message="thử thách", new=len(methods),
        methods=dict(Counter(methods)), outcomes={"archived": len(methods)} if methods else {},
    )  # fmt: skip


def judged(found: Found) -> tuple[list[str], list[str]]:
    """What was missed, and what was called wrong that was not (or before it was)."""
    wanted = expected(load_content())
    missed = [f"{source} {what}" for source, what in wanted if (source, what) not in found.raised]
    false = [
        f"{source} {what} {at:%d/%m %H:%M}"
        for (source, what), at in found.raised.items()
        if (source, what) not in wanted or at < wanted[source, what]
    ]
    return missed, false


def invented(rate: float, k: float, rng: np.random.Generator) -> list[datetime]:
    """Seven weeks of a source in good order, Tết of 2027 in the last three: each day's count is negative binomial."""
    found = []
    for n in range(7 * 7):
        day = date(2026, 12, 28) + timedelta(days=n)
        count = rng.poisson(rng.gamma(k, rate * RESTING[kind(day)] / k))
        begin = datetime(day.year, day.month, day.day, tzinfo=VIETNAM)
        hours = rng.choice(24, size=count, p=_day_shape(day)) + rng.random(count)
        found += [begin + timedelta(hours=float(hour)) for hour in hours]
    return sorted(found)


def _day_shape(day: date) -> list[float]:
    begin = datetime(day.year, day.month, day.day, tzinfo=VIETNAM)
    parts = [sum(s for _, s in shares(begin + timedelta(hours=h), begin + timedelta(hours=h + 1))) for h in range(24)]
    return [part / sum(parts) for part in parts]


def false_alarms(rate: float, k: float, sources: int, rng: np.random.Generator) -> Counter[str]:
    """Alarms of so many invented sources in their last three weeks, looked at every six hours."""
    found: Counter[str] = Counter()
    first = datetime(2027, 1, 25, tzinfo=VIETNAM)
    for _ in range(sources):
        told, raised = invented(rate, k, rng), ""
        for step in range(DAYS * 4):
            now = first + timedelta(hours=6 * step)
            seen = [each for each in told if each <= now]
            if not seen:
                continue
            per_day = Counter(map(local_day, seen))
            last_day = sum(each > now - timedelta(days=1) for each in seen)
            each = Evidence(
                None, per_day, {}, seen[-1], state="ok", first_run_at=first - timedelta(days=28), recent=last_day
            )
            now_raised = alarm(each, now)
            if now_raised is not None and now_raised.kind != raised:
                found[now_raised.kind] += 1
            raised = now_raised.kind if now_raised else ""
    return found


def drifts(rate: float, k: float, sources: int, rng: np.random.Generator) -> tuple[int, list[float]]:
    """Of so many sources whose rule misses one text in a hundred: false alarms of drift in three weeks; and of as many
    that change their design after five of these days: the days until that was said, for those of which it was."""
    first, false, found = datetime(2027, 1, 25, tzinfo=VIETNAM), 0, list[float]()
    for number in range(2 * sources):
        change = first + timedelta(days=5 if number % 2 else 2 * DAYS)
        told = [(at, rng.random() >= (0.01 if at < change else 0.98)) for at in invented(rate, k, rng)]
        for step in range(DAYS * 4):
            now = first + timedelta(hours=6 * step)
            methods: dict[date, Counter[str]] = {}
            for at, matched in told:
                if at <= now:
                    methods.setdefault(local_day(at), Counter())["family:thu@1" if matched else "trafilatura"] += 1
            facts = {day: Facts(runs=1, worked=1, methods=each) for day, each in methods.items()}
            raised = alarm(Evidence("thu", {}, facts, None, state="ok"), now)
            if raised is not None and raised.kind == "drifting":
                false += now < change
                found += [(now - change) / timedelta(days=1)] if now >= change else []
                break
    return false, found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.health", description=__doc__)
    parser.add_argument("--every", type=float, default=6.0, help="hours between passes over the sandbox")
    parser.add_argument("--worlds", type=int, default=40, help="invented sources of each pace")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = crawled(Path(folder), given.every)
    missed, false = judged(found)
    wanted = expected(load_content())
    print(f"sandbox: {found.passes} passes over all sites in {time.monotonic() - started:.0f} s")
    for (source, what), at in sorted(found.raised.items(), key=lambda each: each[1]):
        since = wanted.get((source, what))
        delay = f"{(at - since) / timedelta(days=1):.1f} days after" if since else "FALSE"
        print(f"  {source:16} {what:9} {at:%d/%m %H:%M}Z, {delay}")
    print(f"  edits found {found.edited}, withdrawals found {found.withdrawn} (planted: 1)")
    print(f"  missed: {missed or 'none'}; false alarms: {false or 'none'}")
    rng = np.random.default_rng(given.seed)
    print(f"invented sources in good order, 21 days with Tết, {given.worlds} of each pace: false alarms")
    for rate, k in PACES:
        print(f"  {rate:5.1f} posts a day (k = {k:g}): {dict(false_alarms(rate, k, given.worlds, rng)) or 'none'}")
    print(
        f"rules that miss one text in a hundred, {given.worlds} sources of each pace with a redesign, as many without"
    )
    for rate, k in PACES:
        false_drifts, days = drifts(rate, k, given.worlds, rng)
        middle = f", median {np.median(days):.1f} days after" if days else ""
        print(f"  {rate:5.1f} posts a day: false {false_drifts}, said within 16 days {len(days)}{middle}")
    return int(bool(missed or false or found.edited < 1 or found.withdrawn != 1))


if __name__ == "__main__":
    sys.exit(main())
