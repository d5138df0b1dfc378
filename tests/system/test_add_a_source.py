"""docs/add-a-source.md walked as a newcomer would, against the sandbox: from an address to a proven source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from crawlers.probe import Report, probe
from crawlers.run import CrawlSettings, run
from crawlers.source import Source, load_sources
from sandbox.server import Sandbox, run_in_thread
from tests.system.conftest import duluan

GUIDE = (Path(__file__).parents[2] / "docs" / "add-a-source.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with run_in_thread() as running:
        yield running


def commands(number: int) -> list[list[str]]:
    """The commands of a step of the guide, without `duluan`."""
    step = re.split(r"^## \d\. ", GUIDE, flags=re.M)[number]
    return [line.split()[1:] for line in re.findall(r"^duluan .*$", step, flags=re.M)]


def test_from_an_address_to_a_proven_source(sandbox: Sandbox, tmp_path: Path) -> None:
    outlet = next(site for site in sandbox.sites.values() if site.family == "hemera" and not site.behaviour)
    registry, environment = tmp_path / "nguon.yaml", {"DULUAN_ALLOW_PRIVATE": "true"}

    (look,) = commands(1)
    looked = duluan(*look[:-1], f"{outlet.base}/", "--json", "--data", tmp_path, **environment)
    assert looked.code == 0, looked.err
    report = looked.json
    assert report["proven"]
    assert report["sample"]["method"].startswith("family:hemera")
    assert "hemera" in report["families"]
    assert any(way["articles"] for way in report["discovery"])
    assert report["requests"] < 15

    (record,) = yaml.safe_load(report["record"])
    record |= {"id": "bao-moi.sandbox", "name": "Báo Mới", "politeness": {"delay": 0}}
    registry.write_text(yaml.safe_dump([record], allow_unicode=True), encoding="utf-8")
    assert load_sources(registry)["bao-moi.sandbox"].family == "hemera"

    environment["DULUAN_SOURCES"] = str(registry)
    check, crawl, sources = ([part.replace("baohatinh.vn", "bao-moi.sandbox") for part in each] for each in commands(3))
    proven = duluan(*check, "--json", "--data", tmp_path, **environment)
    assert (proven.code, proven.json["problems"]) == (0, [])
    crawled = duluan(*crawl, "--json", "--data", tmp_path, **environment)
    assert crawled.code == 0, crawled.err
    (state,) = duluan(*sources, "--json", "--data", tmp_path, **environment).json["items"]
    assert (state["state"], state["id"]) == ("ok", "bao-moi.sandbox")
    assert state["posts"] > 0


def test_every_record_of_the_guide_is_one_that_the_registry_takes(tmp_path: Path) -> None:
    blocks = [
        block for block in re.findall(r"^```yaml\n(.*?)^```", GUIDE, flags=re.M | re.S) if block.startswith("- id:")
    ]
    file = tmp_path / "nguon.yaml"
    file.write_text("".join(blocks), encoding="utf-8")
    found = load_sources(file).values()
    services = {each.discovery.channel.service for each in found if each.discovery.channel}
    assert services == {"youtube", "facebook", "bluesky"}
    assert {"hemera", "telegram", "xenforo"} <= {each.family for each in found}


def test_a_saved_page_is_tried_without_the_network(tmp_path: Path) -> None:
    (attempt,) = commands(4)
    page = Path(__file__).parents[1] / "crawlers" / "pages" / "hemera.html"
    (tmp_path / "trang.html").write_bytes(page.read_bytes())
    tried = duluan(*attempt, "--json", "--data", tmp_path / "data", cwd=tmp_path)
    assert tried.code == 0, tried.err
    assert tried.json["sample"]["title"] == "Học sinh vùng cao đến trường bằng thuyền"
    assert tried.json["sample"]["method"] == "family:hemera@3"


def test_a_source_that_cannot_be_read_is_told_with_exit_code_1(tmp_path: Path) -> None:
    closed = duluan("source", "check", "http://127.0.0.1:9/", "--json", "--data", tmp_path, DULUAN_ALLOW_PRIVATE="true")
    assert (closed.code, closed.json["proven"], closed.json["record"]) == (1, False, None)
    assert "từ chối" in closed.json["problems"][0]


def test_an_inner_address_is_not_looked_at(tmp_path: Path, sandbox: Sandbox) -> None:
    before = sandbox.app.hits.total()
    inner = duluan("source", "check", sandbox.url("forum"), "--json", "--data", tmp_path)
    assert inner.code == 1
    assert "nội bộ" in inner.json["problems"][0]
    assert sandbox.app.hits.total() == before


@pytest.mark.parametrize("wrong", ["bao-la", "ftp://a.vn", "http://"])
def test_what_is_neither_an_id_nor_an_address_is_a_usage_error(tmp_path: Path, wrong: str) -> None:
    said = duluan("source", "check", wrong, "--data", tmp_path)
    assert (said.code, said.out) == (2, "")


def test_candidates_by_pattern_are_listed(tmp_path: Path) -> None:
    listed = duluan("source", "candidates", "--data", tmp_path).json
    assert listed["total"] >= 78
    assert ("botrach.quangtri.gov.vn", "D") in {(item["id"], item["grade"]) for item in listed["items"]}


def test_every_site_of_the_sandbox_is_judged_as_it_is(sandbox: Sandbox) -> None:
    async def all_of_them() -> dict[str, Report]:
        sources = [Source.model_validate(record) for record in sandbox.sources()]
        settings = CrawlSettings(allow_private=True, delay_factor=0)
        return {source.id: await probe(source.home, source, settings) for source in sources}

    reports = run(all_of_them())
    wrong = {id: report.problems for id, report in reports.items() if not report.proven}
    assert wrong == {
        "btm.sandbox": ["trang chủ: trang chặn máy thu thập bằng thử thách (javascript-cookie)"],
        "pldn.sandbox": ["quy tắc hemera không khớp, bài được đọc bằng trafilatura"],
    }
    assert all(report.requests < 15 for report in reports.values())
