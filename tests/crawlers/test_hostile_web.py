"""A short run of bench/hostile.py: a feed and pages that mean no good, generated from a seed."""

from __future__ import annotations

import pytest

from bench import hostile


@pytest.mark.parametrize("seed", [4])
def test_every_address_of_a_hostile_feed_has_an_outcome_and_nothing_gets_inside(seed: int) -> None:
    found = hostile.run(items=250, pages=80, seed=seed)
    assert found.without == []
    assert found.inside == []
    assert found.addresses > 120
    assert found.result.state in ("ok", "partial")
    assert {"archived", "refused", "error", "not_found", "skipped", "too_large"} <= set(found.outcomes)
