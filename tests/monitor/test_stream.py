"""The stream of changes gives every event once and in order, whatever order its transactions end in."""

from __future__ import annotations

import pytest

from monitor.stream import Stream, append
from tests.monitor.conftest import Open

pytestmark = pytest.mark.postgresql


def test_what_is_appended_comes_in_order_and_once(open_installation: Open) -> None:
    engine = open_installation().engine
    stream = Stream(engine)
    assert stream.last_id() == 0
    for about in ("a", "b", "c"):
        with engine.begin() as connection:
            append(connection, "alert", about, {})
    first = stream.after(0, limit=2)
    assert [event.about for event in first] == ["a", "b"]
    assert [event.about for event in stream.after(first[-1].id)] == ["c"]
    assert stream.last_id() == stream.after(first[-1].id)[0].id


def test_an_event_that_ends_late_is_not_passed_by(open_installation: Open) -> None:
    engine = open_installation().engine
    if engine.dialect.name != "postgresql":
        pytest.skip("on SQLite writers queue")
    stream = Stream(engine)
    late, rolled_back = engine.connect(), engine.connect()
    append(rolled_back, "alert", "never", {})
    append(late, "alert", "late", {})
    with engine.begin() as quick:
        append(quick, "alert", "quick", {})
    assert (stream.after(0), stream.last_id()) == ([], 0)
    rolled_back.rollback()
    assert (stream.after(0), stream.last_id()) == ([], 0)
    late.commit()
    assert [event.about for event in stream.after(0)] == ["late", "quick"]
    late.close()
    rolled_back.close()
