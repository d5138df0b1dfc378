"""Stories that grow slowly for eight days, beside others that run on for weeks at an even pace.

The first are to be shown while they grow; the second rise when they are taken up and not again.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from bench._streams import WARM, Plant, Stream, slow_stream
from monitor.rising.evidence import hours
from monitor.rising.watch import Seen, Watch

OURS = 0.5
TAKEN_UP = 96.0  # hours in which an even story is new


@dataclass
class Slow:
    """`after`: hours from the beginning to the first showing, `told`: share of the tellings by then."""

    planted: int = 0
    after: list[float] = field(default_factory=list)
    told: list[float] = field(default_factory=list)
    running: int = 0
    again: int = 0
    days: float = 0.0

    def __add__(self, other: Slow) -> Slow:
        return Slow(
            self.planted + other.planted,
            self.after + other.after,
            self.told + other.told,
            self.running + other.running,
            self.again + other.again,
            self.days + other.days,
        )


def run(seeds: int, workers: int) -> None:
    """Prints the table over so many streams."""
    with ProcessPoolExecutor(workers) as pool:
        found = sum(pool.map(score, range(1, seeds + 1)), start=Slow())
    shown, after, told = len(found.after) / found.planted, statistics.median(found.after), statistics.median(found.told)
    print(f"{seeds} streams of 60 days; {found.planted} stories that grow for eight days: {shown:.1%} shown,")
    print(f"median {after:.0f} h after the first telling, when {told:.0%} was told")
    again = 3 * found.again / found.days
    print(f"{found.running} stories that run on evenly: {found.again} rise when older than four days,")
    print(f"{again:.2f} in three days")


def score(seed: int, step: float = 1.0) -> Slow:
    """Replays one stream, looking every `step` hours."""
    made = slow_stream(seed)
    first: dict[int, float] = {}
    for at, found in looks(made, Watch(), step):
        for seen in found:
            plant = planted(seen, made.plants, at)
            if plant is not None:
                first.setdefault(plant, at)
    return _scored(made, first)


def looks(made: Stream, watch: Watch, step: float) -> Iterator[tuple[float, list[Seen]]]:
    """Lives through a stream from two days before its warm-up ends: every `step` hours the moment and what is seen."""
    fed, at = 0, made.start + (WARM - 2) * 24
    while at < made.end:
        until = fed
        while until < len(made.evidence) and hours(made.evidence[until].at) <= at:
            until += 1
        watch.add(made.evidence[fed:until])
        fed = until
        yield at, watch.look(at)
        at += step


def planted(seen: Seen, plants: list[Plant], at: float) -> int | None:
    """The plant that most of an issue's mentions belong to."""
    group = seen.judged.group
    ids = [e.id for e in group.evidence[group.first_after(at - seen.judged.window) : group.first_after(at)]]
    for number, plant in enumerate(plants):
        if sum(id in plant.ids for id in ids) > OURS * len(ids):
            return number
    return None


def _scored(made: Stream, first: dict[int, float]) -> Slow:
    result = Slow(days=(made.end - made.start) / 24 - WARM + 2)
    for number, plant in enumerate(made.plants):
        shown = first.get(number)
        if plant.kind == "running":
            result.running += 1
            result.again += shown is not None and shown - plant.start > TAKEN_UP
            continue
        result.planted += 1
        if shown is not None:
            told = sum(e.id in plant.ids and hours(e.at) <= shown for e in made.evidence)
            result.after.append(shown - plant.start)
            result.told.append(told / len(plant.ids))
    return result
