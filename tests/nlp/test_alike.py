"""What resembles a post: its topics weigh beside its meaning."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.alike import LEAST, agreement, cosines, likeness

SLIDE, LAND = {"disaster": 0.9, "traffic": 0.3}, {"land": 0.8, "economy": 0.4}


def test_the_land_prices_of_a_commune_are_not_like_the_landslide_there() -> None:
    assert likeness(0.5, SLIDE, LAND) < LEAST < likeness(0.3, SLIDE, {"disaster": 0.7})


def test_topics_alone_do_not_make_posts_similar_when_they_agree_in_part() -> None:
    assert likeness(0.0, SLIDE, {"disaster": 0.2, "land": 0.6}) < LEAST


def test_without_topics_meaning_decides_alone() -> None:
    assert likeness(0.6, {}, SLIDE) == pytest.approx(0.6)
    assert likeness(-0.2, {}, {}) == 0
    assert agreement({}, SLIDE) == 0


def test_many_vectors_are_seen_from_their_centre() -> None:
    rng = np.random.default_rng(1)
    rows = (rng.normal(size=(40, 8)) + 20).astype(np.float32)
    close = cosines(rows, rows[3])
    assert close.argmax() == 3
    assert np.median(close) < 0.3, "all point much the same way"
