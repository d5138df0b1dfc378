"""What only the Elasticsearch engine promises: months, rebuilding, failures of the server and at its door."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from index import cursor as cursors
from index.elasticsearch import connection, schema
from index.elasticsearch.adapter import ElasticsearchIndex
from index.elasticsearch.server import Server, nodes
from index.engine import open_index
from index.port import DIMENSIONS, Analyzer, Filters, IndexUnavailable, MetadataChange, Refused
from index.query import parse
from tests.index.conftest import ANALYZER, NOON
from tests.index.servers import free_port, own_names, self_signed
from tests.index.support import at, found, mention


@pytest.fixture
def index(server: Server) -> Iterator[ElasticsearchIndex]:
    opened = ElasticsearchIndex(server, analyzer=ANALYZER, clock=lambda: NOON)
    yield opened
    opened.close()


@pytest.fixture
def client(elasticsearch_url: str) -> Iterator[Elasticsearch]:
    with Elasticsearch(elasticsearch_url) as client:
        yield client


def everywhere(client: Elasticsearch, server: Server) -> list[tuple[str, str]]:
    """Every stored mention with its month."""
    answer = client.search(index=f"{server.prefix}-mentions", size=1000)
    return sorted((hit["_id"], hit["_index"].split("mentions-")[1][:7]) for hit in answer["hits"]["hits"])


def test_the_engine_needs_a_server(tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        open_index("elasticsearch", path=tmp_path, analyzer=ANALYZER)


def test_a_mention_lies_in_the_month_of_its_date_only(
    index: ElasticsearchIndex, client: Elasticsearch, server: Server
) -> None:
    index.upsert([mention("a", "Tin một", published_at=at("2025-10-31T23:59:59Z")), mention("b", "Tin hai")])
    assert everywhere(client, server) == [("a", "2025-10"), ("b", "2025-10")]
    index.upsert([mention("a", "Tin một", published_at=at("2025-11-01T00:00:00Z"))])
    assert everywhere(client, server) == [("a", "2025-11"), ("b", "2025-10")]
    assert found(index, "tin") == ["a", "b"]
    index.upsert([mention("a", "Tin một", published_at=at("2025-10-01T00:00:00Z"))])
    assert everywhere(client, server) == [("a", "2025-10"), ("b", "2025-10")]
    assert index.delete(["a", "b"]) == 2
    assert everywhere(client, server) == []


def test_a_copy_that_a_crash_left_in_another_month_goes(
    index: ElasticsearchIndex, client: Elasticsearch, server: Server
) -> None:
    index.upsert([mention("a", "Tin", published_at=at("2025-11-02T00:00:00Z")), mention("b", "Tin")])
    copy = client.get(index=f"{server.prefix}-mentions-2025-11", id="a")["_source"]
    client.index(index=f"{server.prefix}-mentions-2025-10", id="a", document=copy, refresh=True)
    assert len(everywhere(client, server)) == 3
    index.upsert([mention("a", "Tin", published_at=at("2025-11-02T00:00:00Z"))])
    assert everywhere(client, server) == [("a", "2025-11"), ("b", "2025-10")]


def test_a_new_index_waits_for_its_rebuild(elasticsearch_url: str) -> None:
    with own_names(elasticsearch_url) as server:
        index = ElasticsearchIndex(server, analyzer=ANALYZER)
        assert index.needs_rebuild
        index.upsert([mention("a", "Tin")])
        index.rebuilt()
        again = ElasticsearchIndex(server, analyzer=ANALYZER)
        assert (again.needs_rebuild, again.count()) == (False, 1)
        again.clear()
        assert (again.needs_rebuild, again.count()) == (False, 0)
        again.upsert([mention("b", "Tin")])
        other = ElasticsearchIndex(server, analyzer=Analyzer(str.lower, str.lower))
        assert (other.needs_rebuild, other.count()) == (True, 0)
        assert found(index) == []  # the process that was open before does not show what is gone
        for opened in (index, again, other):
            opened.close()


def test_indices_that_vanish_are_made_again_with_our_mapping(
    index: ElasticsearchIndex, client: Elasticsearch, server: Server
) -> None:
    index.upsert([mention("a", "Tin")])
    index.rebuilt()
    names = list(client.indices.get(index=f"{server.prefix}-*"))
    client.indices.delete(index=names)
    client.indices.delete_index_template(name=f"{server.prefix}-mentions")
    index.upsert([mention("b", "Tin", minutes=1)])
    mapping = next(iter(client.indices.get_mapping(index=f"{server.prefix}-mentions").values()))["mappings"]
    assert mapping["dynamic"] == "strict"
    assert found(index, "tin") == ["b"]
    assert index.needs_rebuild  # the state went with them
    assert index.count() == 0


def test_months_of_before_there_were_vectors_learn_them(
    elasticsearch_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {name: kind for name, kind in schema.MAPPING["properties"].items() if name != "vector"}
    vector = bytes([1] * DIMENSIONS)
    with own_names(elasticsearch_url) as server, monkeypatch.context() as patch:
        patch.setattr(schema, "MAPPING", {**schema.MAPPING, "properties": before})
        patch.setattr(schema, "_VECTOR", {"lang": before["lang"]})
        with closing(ElasticsearchIndex(server, analyzer=ANALYZER)) as old:
            old.upsert([mention("a", "Sạt lở đường lên Khe Sanh")])
            old.rebuilt()
            with pytest.raises(Refused, match="vector"):
                old.update([MetadataChange("a", vector=vector)])
        patch.undo()
        with closing(ElasticsearchIndex(server, analyzer=ANALYZER)) as new:
            assert not new.needs_rebuild
            new.update([MetadataChange("a", vector=vector)])
            assert [each.id for each in new.similar(vector)] == ["a"]


def test_what_the_server_refuses_is_named_and_holds_up_nothing(index: ElasticsearchIndex) -> None:
    with pytest.raises(Refused) as told:
        index.upsert([mention("a", "Tin", relevance=2**40), *(mention(f"b{i}", "Tin") for i in range(3))])
    assert list(told.value.reasons) == ["a"]
    assert "out of range" in told.value.reasons["a"]
    assert found(index) == ["b2", "b1", "b0"]
    with pytest.raises(Refused):
        index.update([MetadataChange("b0", relevance=2**40), MetadataChange("b1", story="s1")])
    assert found(index, "story:s1") == ["b1"]


def test_a_ranking_whose_time_ran_out_is_made_anew(
    index: ElasticsearchIndex, client: Elasticsearch, server: Server
) -> None:
    index.upsert([mention(f"m{i}", "Tin nhanh " + "thêm " * i) for i in range(9)])
    expected = found(index, "tin nhanh", sort="relevance")
    first = index.search("tin nhanh", sort="relevance", limit=4)
    assert first.next
    key = cursors.search_key(parse("tin nhanh"), Filters(), "relevance")
    client.close_point_in_time(id=cursors.decode(key, first.next)["pit"])
    second = index.search("tin nhanh", sort="relevance", limit=20, cursor=first.next)
    assert [hit.mention.id for hit in (*first.items, *second.items)] == expected


def test_words_longer_than_the_tokenizer_takes(index: ElasticsearchIndex) -> None:
    long = "tramnghinbai" * 25
    index.upsert([mention("a", f"Tin {long} hay"), mention("b", f"Tin {long[:-1]}", minutes=1)])
    assert found(index, long) == ["a"]
    assert found(index, f"tin NEAR/1 hay {long[:70]}*") == ["a"]


def test_times_before_1970_and_far_ahead(index: ElasticsearchIndex) -> None:
    old, new = at("1954-07-20T00:00:00Z"), at("2120-01-01T00:00:00Z")
    index.upsert([mention("cu", "Tin", published_at=old), mention("moi", "Tin", published_at=new), mention("a", "Tin")])
    assert found(index, "tin") == ["moi", "a", "cu"]
    assert index.get(["cu"])[0].published_at == old
    names, cursor = [], None
    for _ in range(3):
        page = index.search("tin", limit=1, cursor=cursor, sort="relevance")
        names.append(page.items[0].mention.id)
        cursor = page.next
    assert names == ["moi", "a", "cu"]
    assert index.search("tin to:1960", limit=1).items[0].mention.id == "cu"


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_PAUSES", (0.0, 0.0))
    with pytest.raises(IndexUnavailable, match="Không nối được"):
        ElasticsearchIndex(Server((f"http://127.0.0.1:{free_port()}",)), analyzer=ANALYZER)


def test_addresses() -> None:
    assert nodes("http://a:9200, https://b.vn") == ("http://a:9200", "https://b.vn")
    for wrong in ("", "a:9200", "http://ai:mat-khau@a:9200", "ftp://a"):
        with pytest.raises(ValueError):
            nodes(wrong)


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Callable[[bool], int]]:
    """Ports of web servers that are not Elasticsearch, with or without a certificate of their own."""
    running: list[http.server.HTTPServer] = []

    def start(tls: bool) -> int:
        server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self_signed(tmp_path / "tls.pem"))
            server.socket = context.wrap_socket(server.socket, server_side=True)
        running.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server.server_port

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def test_a_stranger_and_a_certificate_of_its_own(stranger: Callable[[bool], int], tmp_path: Path) -> None:
    with pytest.raises(IndexUnavailable):
        ElasticsearchIndex(Server((f"http://127.0.0.1:{stranger(False)}",)), analyzer=ANALYZER)
    secure = Server((f"https://127.0.0.1:{stranger(True)}",))
    with pytest.raises(IndexUnavailable, match="DULUAN_ELASTICSEARCH_CA"):
        ElasticsearchIndex(secure, analyzer=ANALYZER)
    with pytest.raises(IndexUnavailable, match=r"Không có tệp chứng chỉ .*gone\.pem"):
        ElasticsearchIndex(replace(secure, ca=tmp_path / "gone.pem"), analyzer=ANALYZER)
    with pytest.raises(IndexUnavailable) as known:
        ElasticsearchIndex(replace(secure, ca=tmp_path / "tls.pem"), analyzer=ANALYZER)
    assert "TLS" not in str(known.value)
