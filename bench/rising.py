"""Does it find what is planted, how soon, and how often does it cry wolf; and what it made of the real stream.

    python -m bench.rising [--seeds 20] [--step 0.5]
    python -m bench.rising --slow [--seeds 20]
    python -m bench.rising --data ../shared/data --real [--keep DIR]
    python -m bench.rising --live 1000000

The first reads seeded streams of sixty days (`bench/_streams.py`: bursts, slow ramps, complaints by topic and place,
floods of copies and of one outlet, weekends, holidays, an outage) and counts from the point where an oracle that knows
the true rates could know. The second has stories that grow for days beside
stories that just run on. The third runs the real RSS stream through the product and asks for the happenings of
`bench/happenings.json`, which were chosen and written down before anybody looked at what the product says, and of
`bench/happenings_more.json`, written down before the detector was changed for the first ones. The last is about speed.
"""

from __future__ import annotations

import argparse
import statistics
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from bench._rising_slow import looks, planted
from bench._streams import WARM, Stream, ordinary, stream
from monitor.rising.watch import Watch

AFTER = 48.0  # hours after a plant's end that are not quiet


@dataclass
class Score:
    """Of one stream or many. Delays in hours from the point where the oracle knew."""

    planted: dict[str, int] = field(default_factory=dict)
    found: dict[str, int] = field(default_factory=dict)
    delays: dict[str, list[float]] = field(default_factory=dict)
    false: int = 0
    quiet_days: float = 0.0
    led_by_floods: int = 0
    changes: list[int] = field(default_factory=list)

    def __add__(self, other: Score) -> Score:
        kinds = self.planted.keys() | other.planted.keys()
        return Score(
            {k: self.planted.get(k, 0) + other.planted.get(k, 0) for k in kinds},
            {k: self.found.get(k, 0) + other.found.get(k, 0) for k in kinds},
            {k: self.delays.get(k, []) + other.delays.get(k, []) for k in kinds},
            self.false + other.false,
            self.quiet_days + other.quiet_days,
            self.led_by_floods + other.led_by_floods,
            self.changes + other.changes,
        )


def score(seed: int, step: float = 0.5) -> Score:
    """Replays one stream, looking every `step` hours."""
    made = stream(seed)
    watch = Watch()
    first: dict[int, float] = {}
    shown: dict[str, float] = {}
    result = Score()
    for at, seen in looks(made, watch, step):
        for rank, issue in enumerate(seen):
            plant = planted(issue, made.plants, at)
            if plant is None:
                shown.setdefault(issue.life.id, at)
            elif made.plants[plant].kind in ("copies", "outlet"):
                result.led_by_floods += rank == 0
            else:
                first.setdefault(plant, at)
    return _scored(made, first, shown, watch, result)


def _scored(made: Stream, first: dict[int, float], shown: dict[str, float], watch: Watch, result: Score) -> Score:
    for number, plant in enumerate(made.plants):
        if plant.kind in ("copies", "outlet"):
            continue
        result.planted[plant.kind] = result.planted.get(plant.kind, 0) + 1
        if number not in first:
            continue
        result.found[plant.kind] = result.found.get(plant.kind, 0) + 1
        if plant.knows is not None:
            result.delays.setdefault(plant.kind, []).append(first[number] - plant.knows)
    day = made.start + (WARM - 2) * 24
    while day < made.end:
        if all(day + 24 <= p.start or day >= p.end + AFTER for p in made.plants):
            result.quiet_days += 1
            result.false += sum(day <= at < day + 24 for at in shown.values())
        day += 24
    result.changes = [len(life.changes) for life in watch.lives().values()]
    return result


def simulated(seeds: int, step: float, workers: int) -> Score:
    ordinary()
    with ProcessPoolExecutor(workers) as pool:
        return sum(pool.map(score, range(1, seeds + 1), [step] * seeds), start=Score())


def show(result: Score, seeds: int) -> None:
    print(f"{seeds} streams of 60 days")
    print(f"{'planted':12}{'count':>7}{'found':>8}{'median delay h':>16}{'p90 h':>8}")
    for kind in sorted(result.planted):
        delays = sorted(result.delays.get(kind, []))
        middle = statistics.median(delays) if delays else float("nan")
        late = delays[int(0.9 * (len(delays) - 1))] if delays else float("nan")
        share = result.found.get(kind, 0) / result.planted[kind]
        print(f"{kind:12}{result.planted[kind]:7}{share:8.1%}{middle:16.2f}{late:8.2f}")
    everything = sum(result.found.values()) / max(sum(result.planted.values()), 1)
    print(f"found {everything:.1%}; false issues in 3 quiet days {3 * result.false / max(result.quiet_days, 1):.2f} "
          f"({result.false} in {result.quiet_days:.0f} days); looks led by a flood {result.led_by_floods}; "
          f"changes of state an issue {statistics.mean(result.changes or [0]):.1f}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--step", type=float, default=0.5, help="hours between two looks")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--keep", type=Path, help="a folder that holds, or shall hold, the real stream")
    parser.add_argument("--live", type=int, metavar="N", help="times of the worker's look on an archive of N mentions")
    parser.add_argument("--real", action="store_true", help="the happenings of the real stream")
    parser.add_argument("--slow", action="store_true", help="stories that grow for days, and such that just run on")
    given = parser.parse_args()
    if given.real:
        from bench import _happenings

        _happenings.run(given.data or Path("../shared/data"), given.keep)
    elif given.slow:
        from bench import _rising_slow

        _rising_slow.run(given.seeds, given.workers)
    elif given.live:
        from bench import _rising_live

        _rising_live.run(given.live)
    else:
        show(simulated(given.seeds, given.step, given.workers), given.seeds)


if __name__ == "__main__":
    main()
