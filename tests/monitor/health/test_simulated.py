"""Three simulated weeks of the sandbox with New Year's Day in them; `python -m bench.health` crawls them over HTTP."""

from __future__ import annotations

from pathlib import Path

from bench.health import booked, judged


def test_what_is_planted_is_found_and_nothing_else_is_called_wrong(tmp_path: Path) -> None:
    found = booked(tmp_path, every=12)
    missed, false = judged(found)
    assert missed == []
    assert false == []
    assert {kind for _, kind in found.raised} == {"silent", "drifting", "blocked", "flooding"}
