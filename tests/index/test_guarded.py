"""A guarded Elasticsearch: https with a certificate of its own, passwords, and keys with rights on our indices only."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from pydantic import SecretStr

from index.elasticsearch.adapter import ElasticsearchIndex
from index.elasticsearch.server import Server
from index.port import Filters, IndexUnavailable
from index.values import fresh_name
from tests.index.conftest import ANALYZER, NOON
from tests.index.servers import free_port, self_signed, starter
from tests.index.support import found, mention

pytestmark = pytest.mark.slow
PASSWORD = "mat-khau-thu"
WITH_KEYS = os.environ.get("DULUAN_TEST_ELASTICSEARCH_MODULES") == "true"
OURS: dict[str, Any] = {"index": [{"names": ["duluan-*"], "privileges": ["all"]}]}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls") / "http.pem")


@pytest.fixture(scope="module")
def guarded(need: Callable[[bool, str], None], certificate: Path) -> Iterator[Server]:
    """Its address, certificate and the password of its administrator."""
    port = free_port()
    started = start(certificate, port)
    try:
        need(started.returncode == 0, f"Elasticsearch ({started.stderr.strip()[-300:]})")
        where = started.stdout.strip()
        yield Server((where,), "duluan", None, "elastic", SecretStr(PASSWORD), certificate)
    finally:
        starter("remove", port=port)


def start(certificate: Path, port: int, *options: str) -> subprocess.CompletedProcess[str]:
    modules = ["--modules"] if WITH_KEYS else []
    return starter("start", "--password", PASSWORD, "--tls", str(certificate), *modules, *options, port=port)


@contextmanager
def opened(server: Server) -> Iterator[ElasticsearchIndex]:
    index = ElasticsearchIndex(server, analyzer=ANALYZER)
    try:
        yield index
    finally:
        index.close()


def refused(server: Server) -> str:
    with pytest.raises(IndexUnavailable) as told:
        ElasticsearchIndex(server, analyzer=ANALYZER)
    said = str(told.value)
    for secret in (server.password, server.api_key):
        assert secret is None or secret.get_secret_value() not in said
    return said


def test_https_with_a_certificate_of_its_own(guarded: Server, tmp_path: Path) -> None:
    with opened(guarded) as index:
        index.upsert([mention("a", "Tin qua cửa có khóa")])
        assert found(index, "khóa") == ["a"]
    assert "DULUAN_ELASTICSEARCH_CA" in refused(replace(guarded, ca=None))
    stranger = self_signed(tmp_path / "other.pem")
    assert "chứng chỉ TLS" in refused(replace(guarded, ca=stranger))
    plain = tuple(url.replace("https", "http") for url in guarded.urls)
    refused(replace(guarded, urls=plain, ca=None))


def test_who_may_not_enter_is_told_so(guarded: Server) -> None:
    for wrong in (
        replace(guarded, user=None, password=None),
        replace(guarded, password=SecretStr("sai-mat-khau")),
        replace(guarded, user=None, password=None, api_key=SecretStr("c2FpOnNhaQ==")),
    ):
        assert "từ chối đăng nhập" in refused(wrong)


# Keys live in modules that the small server of CI does not have (912 MB): DULUAN_TEST_ELASTICSEARCH_MODULES=true


@pytest.fixture
def administrator(guarded: Server, certificate: Path) -> Iterator[Elasticsearch]:
    if not WITH_KEYS:
        pytest.skip("API keys need the modules: DULUAN_TEST_ELASTICSEARCH_MODULES=true (912 MB are fetched once)")
    with Elasticsearch(guarded.urls[0], basic_auth=("elastic", PASSWORD), ca_certs=str(certificate)) as client:
        yield client


def with_key(guarded: Server, administrator: Elasticsearch, rights: dict[str, Any], **options: Any) -> Server:
    made = administrator.security.create_api_key(name="thu", role_descriptors={"ours": rights}, **options)
    return replace(guarded, user=None, password=None, api_key=SecretStr(made["encoded"]))


def test_a_key_with_rights_on_our_indices_only_does_everything(guarded: Server, administrator: Elasticsearch) -> None:
    with opened(with_key(guarded, administrator, OURS)) as index:
        index.clear()
        index.upsert([mention("a", "Nước lên"), mention("b", "Nước rút", minutes=-60 * 24 * 40)])
        assert found(index, "nước") == ["a", "b"]
        assert sorted(each.mention.id for each in index.scan()) == ["a", "b"]
        name = fresh_name()
        built = index.beside(name)
        built.upsert([mention("c", "Nước lên")])
        index.put_in_force(name)
        assert (found(index, "nước"), index.drop_others(), index.check()) == (["c"], [], [])
        index.delete(["c"])
        built.close()


def test_a_key_without_rights_on_our_indices_is_told_so(guarded: Server, administrator: Elasticsearch) -> None:
    for rights in (
        {"index": [{"names": ["khac-*"], "privileges": ["all"]}]},
        {"index": [{"names": ["duluan-*"], "privileges": ["read"]}]},
    ):
        server = with_key(guarded, administrator, rights)
        with pytest.raises(IndexUnavailable, match=r"không có quyền trên chỉ mục duluan-\*"), opened(server) as index:
            index.upsert([mention("a", "Tin", published_at=mention("x").published_at.replace(year=2031))])


def test_a_key_that_expires_stops_the_writing_and_loses_nothing(guarded: Server, administrator: Elasticsearch) -> None:
    server = with_key(guarded, administrator, OURS, expiration="4s")
    with opened(server) as index:
        index.upsert([mention("a", "Kịp giờ")])
        time.sleep(5)
        with pytest.raises(IndexUnavailable, match="hết hạn"):
            index.upsert([mention("b", "Quá giờ")])
    assert "hết hạn" in refused(server)
    with opened(guarded) as index:
        index.upsert([mention("b", "Quá giờ")])
        assert {"a", "b"} <= index.ids()
        index.clear()


def test_killed_under_indexing_loses_and_doubles_nothing(guarded: Server, certificate: Path) -> None:
    """kill -9, and the server comes back on its data. Last here, since all others share the server."""
    port = int(guarded.urls[0].rpartition(":")[2])
    batches = [
        [mention(f"{turn}-{i}", f"Lượt {turn}", "lời " * 40, minutes=-turn * 60 * 24 * 3) for i in range(50)]
        for turn in range(30)
    ]
    outages = turn = 0
    deadline = time.monotonic() + 240
    with opened(guarded) as index:
        index.clear()
        killer = threading.Timer(1.0, lambda: starter("kill", port=port))
        killer.start()
        while (turn < len(batches) or not outages) and time.monotonic() < deadline:
            try:
                index.upsert(batches[turn % len(batches)])
                turn += 1
            except IndexUnavailable:
                outages += 1
                killer.join()
                start(certificate, port, "--keep")
        assert outages == 1
        assert index.ids() == {m.id for batch in batches for m in batch}
        assert index.count("lượt") == index.count() == 30 * 50
        limit = NOON - timedelta(days=60)
        older = sum(m.published_at < limit for batch in batches for m in batch)
        assert index.search("lượt", Filters(until=limit)).total == older > 0
