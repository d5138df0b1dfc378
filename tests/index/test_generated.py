"""Generated queries: read or explained, printed and read back, and counted alike by both engines.

The long run over 20,000 mentions is `python -m bench.queries --count 100000`.
"""

from __future__ import annotations

from pathlib import Path

from bench.queries import corpus, run
from index.elasticsearch.adapter import ElasticsearchIndex
from index.elasticsearch.server import Server
from index.sqlite import SqliteIndex
from tests.index.conftest import ANALYZER, NOON


def test_generated_queries(server: Server, tmp_path: Path) -> None:
    ours = SqliteIndex(tmp_path / "index.db", analyzer=ANALYZER, clock=lambda: NOON)
    theirs = ElasticsearchIndex(server, analyzer=ANALYZER, clock=lambda: NOON)
    try:
        for engine in (ours, theirs):
            engine.upsert(corpus(300))
        outcome = run((ours, theirs), 1000, seed=1, every=100)
    finally:
        ours.close()
        theirs.close()
    assert outcome.wrong == []
    assert outcome.read > 500
    assert outcome.hits > 300
    assert len(outcome.refused) > 8  # the generator reaches the errors as well
