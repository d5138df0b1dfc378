"""The registry: a record is data, and a wrong one is told with file, line, field and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawlers.source import REGISTRY, SourceError, load_candidates, load_sources

GOOD = """
- id: bao-lang.vn
  name: Báo Làng
  home: https://bao-lang.vn/
  discovery:
    feeds: [https://bao-lang.vn/rss/home.rss]
"""
# facts of the survey: every outlet it names is in the registry, crawled or known
SURVEYED = [
    "baoquangtri.vn",
    "baoquangbinh.vn",
    "quangtri.gov.vn",
    "congan.quangtri.gov.vn",
    "quangtritv.vn",
    "vnexpress.net",
    "tuoitre.vn",
    "thanhnien.vn",
    "nld.com.vn",
    "baochinhphu.vn",
    "cafef.vn",
    "kenh14.vn",
    "soha.vn",
    "suckhoedoisong.vn",
    "vtv.vn",
    "danviet.vn",
    "dantri.com.vn",
    "vietnamnet.vn",
    "tienphong.vn",
    "nhandan.vn",
    "vietnamplus.vn",
    "sggp.org.vn",
    "plo.vn",
    "giaoducthoidai.vn",
    "baohatinh.vn",
    "anninhthudo.vn",
    "znews.vn",
    "laodong.vn",
    "vov.vn",
    "qdnd.vn",
    "cand.com.vn",
    "nongnghiepmoitruong.vn",
    "baotainguyenmoitruong.vn",
]


def said(tmp_path: Path, text: str) -> str:
    file = tmp_path / "nguon.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SourceError) as wrong:
        load_sources(file)
    return str(wrong.value).replace(str(file), "nguon.yaml")


def test_every_surveyed_outlet_is_in_the_registry_with_its_grade() -> None:
    sources = load_sources(REGISTRY)
    assert len(SURVEYED) == 33
    assert set(SURVEYED) <= set(sources)
    assert all(sources[id].grade and sources[id].legal for id in SURVEYED)


def test_portals_by_pattern_are_candidates_and_none_is_crawled_before_somebody_checked_it() -> None:
    candidates, sources = load_candidates(REGISTRY), load_sources(REGISTRY)
    assert len([id for id in candidates if id.endswith(".quangtri.gov.vn")]) >= 78
    assert not set(candidates) & set(sources)
    assert not any(each.enabled for each in candidates.values())
    assert candidates["botrach.quangtri.gov.vn"].name == "Trang thông tin điện tử xã Bố Trạch"
    assert candidates["botrach.quangtri.gov.vn"].grade == "D"


def test_a_checked_host_of_a_pattern_is_a_source(tmp_path: Path) -> None:
    file = tmp_path / "cong.yaml"
    file.write_text(
        "- pattern: cong-xa\n"
        "  source: {name: 'Trang {name}', home: 'https://{host}/', discovery: {listings: ['https://{host}/tin']}}\n"
        "  hosts:\n"
        "    - {host: a.tinh.gov.vn, name: xã A, checked: 2026-11-20, grade: A}\n"
        "    - {host: b.tinh.gov.vn, name: xã B}\n",
        encoding="utf-8",
    )
    (source,) = load_sources(file).values()
    assert (source.id, source.name, source.enabled, source.grade) == ("a.tinh.gov.vn", "Trang xã A", True, "A")
    assert source.discovery.listings == ("https://a.tinh.gov.vn/tin",)
    assert list(load_candidates(file)) == ["b.tinh.gov.vn"]


@pytest.mark.parametrize(
    ("change", "line", "field", "expected"),
    [
        (("feeds:", "feds:"), 6, "discovery.feds", "ý bạn là feeds?"),
        (("home: https://bao-lang.vn/", "home: bao-lang.vn"), 4, "home", "http://"),
        (("name: Báo Làng", "nme: Báo Làng"), 2, "name", "thiếu trường này"),
        (("name: Báo Làng", "family: vcorp\n  name: Báo Làng"), 3, "family", "vccorp"),
        (("name: Báo Làng", "every_minutes: nhanh\n  name: Báo Làng"), 3, "every_minutes", "cần một số"),
        (("name: Báo Làng", "politeness:\n    delay: 1\n    concurrency: 9\n  name: B"), 5, "concurrency", "quá 2"),
        (("name: Báo Làng", "article_url: '('\n  name: Báo Làng"), 3, "article_url", "biểu thức"),
        (("[https://bao-lang.vn/rss/home.rss]", "[]"), 5, "discovery", "ít nhất một"),
        (
            ("feeds: [https://bao-lang.vn/rss/home.rss]", "searches: [https://bao-lang.vn/tim]"),
            6,
            "searches",
            "{query}",
        ),
        (("name: Báo Làng", "kind: bao\n  name: Báo Làng"), 3, "kind", "'news'"),
        (("id: bao-lang.vn", "id: Báo Làng"), 2, "id", "mẫu"),
    ],
)
def test_a_wrong_record_names_file_line_field_and_what_was_expected(
    tmp_path: Path, change: tuple[str, str], line: int, field: str, expected: str
) -> None:
    message = said(tmp_path, GOOD.replace(*change))
    assert message.startswith(f"nguon.yaml:{line}: ")
    assert field in message
    assert expected in message


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("- id: [\n", 2, "YAML"),
        ("id: x\n", 1, "danh sách"),
        ("- x\n", 1, "trường"),
        (GOOD + GOOD, 8, "đã có"),
    ],
)
def test_a_file_that_is_no_list_of_records_is_told_too(tmp_path: Path, text: str, line: int, expected: str) -> None:
    message = said(tmp_path, text)
    assert message.startswith(f"nguon.yaml:{line}: ")
    assert expected in message


def test_a_file_nested_too_deep_is_an_error_and_no_crash(tmp_path: Path) -> None:
    assert "lồng nhau quá sâu" in said(tmp_path, "[" * 100_000)
