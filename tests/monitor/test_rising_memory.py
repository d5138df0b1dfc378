"""What a watch remembers does not depend on the order in which it came, nor on what it let go of meanwhile."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.rising.evidence import Evidence, Weights, hours
from monitor.rising.memory import Memory

START = datetime(2026, 3, 1, tzinfo=UTC)
WEIGHTS = Weights(official=0.7)


def mentions(seed: int, count: int = 400) -> list[Evidence]:
    """Twelve days of few voices, stories and terms, so that each bears upon the next."""
    draw = random.Random(seed)
    minutes, found = draw.sample(range(12 * 24 * 60), count), []
    for number in range(count):
        people = draw.random() < 0.5
        found.append(
            Evidence(
                id=f"m{number}",
                at=START + timedelta(minutes=minutes[number]),
                source="dien-dan" if people else f"bao-{draw.randrange(3)}",
                kind="forum" if people else "news",
                voice=f"#{draw.randrange(4)}" if people else f"bao-{draw.randrange(3)}",
                relevance=draw.choice((1, 2)),
                sentiment=None,
                topic=draw.choice(("traffic", "health", "other")),
                places=tuple(draw.sample(("khe-sanh", "dong-ha", "vinh-linh"), draw.randrange(3))),
                story=draw.choice((None, "s1", "s2", f"s-{number}")),
                copy=draw.random() < 0.1,
                official=not people and draw.random() < 0.3,
                terms=tuple(draw.sample(("sạt lở", "học phí", "giá điện"), draw.randrange(3))),
            )
        )
    return found


def in_order(evidence: Sequence[Evidence]) -> Memory:
    memory = Memory(WEIGHTS)
    memory.add(sorted(evidence, key=lambda e: (e.at, e.id)))
    return memory


def told(memory: Memory) -> dict[str, tuple[list[str], list[float], list[float]]]:
    return {key: ([e.id for e in g.evidence], list(g.weights), list(g.sums)) for key, g in memory.groups.items()}


@pytest.mark.parametrize("seed", range(6))
def test_late_changed_and_dropped_mentions_leave_what_they_would_have_left_in_order(seed: int) -> None:
    draw, evidence = random.Random(seed), mentions(seed)
    memory, final = Memory(WEIGHTS), {e.id: e for e in evidence}
    coming = sorted(evidence, key=lambda e: (e.at + timedelta(hours=draw.choice((0, 0, 0, 5, 90))), e.id))
    for first in range(0, len(coming), 25):
        batch = coming[first : first + 25]
        changed = [replace(e, story=draw.choice(("s1", "s3")), copy=False) for e in draw.sample(coming[: first + 1], 1)]
        final.update((e.id, e) for e in changed)
        memory.add([*batch, *changed])
        gone = draw.sample([e.id for e in batch], 2)
        memory.drop(gone)
        for id in gone:
            final.pop(id)
        memory.rest(hours(START) + draw.randrange(300))
    ordered = in_order(list(final.values()))
    assert told(memory) == told(ordered)
    assert memory.evidence == ordered.evidence
    assert list(memory.times) == [hours(e.at) for e in memory.evidence]


def test_what_is_older_than_a_watch_looks_back_is_let_go_of_also_in_groups_that_are_still_told() -> None:
    """A topic in a place is told for ever: its mentions must not stay for ever."""
    evidence, limit = mentions(7), hours(START + timedelta(days=6))
    whole, memory = in_order(evidence), in_order(evidence)
    memory.forget(limit)
    assert memory.evidence == [e for e in whole.evidence if hours(e.at) >= limit]
    assert {group.kind for group in memory.groups.values() if group.times[0] < limit} == {"story"}
    later = replace(evidence[0], id="later", at=START + timedelta(days=12, hours=1))
    for each in (whole, memory):
        each.add([later])
    week, now = hours(START + timedelta(days=9)), hours(later.at)
    for key, group in memory.groups.items():
        assert group.voices(week, now) == pytest.approx(whole.groups[key].voices(week, now)), key
