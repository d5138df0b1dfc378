"""Names in a query stand for the ids that the index knows."""

from __future__ import annotations

import pytest

from crawlers.source import REGISTRY, load_sources
from index.query import parse
from monitor.naming import Naming
from nlp.province import Province

NAMING = Naming(Province.load("quangtri"), load_sources(REGISTRY).values())


@pytest.mark.parametrize("typed", ['place:"nam đông hà"', 'place:"phường Nam Đông Hà"', 'place:"nam dong ha"'])
def test_a_place_is_found_by_its_name_with_or_without_its_kind_and_accents(typed: str) -> None:
    assert NAMING.query(typed) == "place:qt-phuong-nam-dong-ha"


def test_a_name_that_several_places_share_means_all_of_them() -> None:
    asked = NAMING.query('mưa place:"đông hà"')
    assert "qt-phuong-dong-ha" in asked
    assert " OR " in asked


def test_a_source_is_found_by_its_name_and_by_the_first_part_of_its_id() -> None:
    assert NAMING.query("source:vnexpress") == "source:vnexpress.net"
    assert NAMING.query("NOT source:VnExpress") == "NOT source:vnexpress.net"


@pytest.mark.parametrize("query", ["", "sạt lở", "place:khong-co", "topic:health -rác", 'title:"đông hà"'])
def test_what_names_nothing_stays_as_it_was_typed(query: str) -> None:
    assert NAMING.query(query) == query
    assert parse(NAMING.query(query)) == parse(query)


def test_topics_and_kinds_are_found_by_their_vietnamese_names() -> None:
    assert NAMING.query('topic:"thiên tai"') == NAMING.query('topic:"thoi tiet"') == "topic:disaster"
    assert NAMING.query('kind:"mạng xã hội"') == "kind:social"
