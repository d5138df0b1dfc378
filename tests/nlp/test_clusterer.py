"""Stories: one event is one story, copies are marked, the order of batches does not matter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from nlp.stories import Assignment, StoryClusterer, StoryItem, central, cluster, story_id

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
CRASH = (
    "Va chạm giữa xe tải và xe khách trên quốc lộ 9 đoạn qua xã Hướng Hiệp khiến ba người bị thương. Xe khách lật "
    "nghiêng bên vệ đường, cảnh sát giao thông phân luồng từ xa, nạn nhân được đưa về bệnh viện ở Đông Hà cấp cứu "
    "ngay trong đêm."
)
COFFEE = (
    "Nông dân Hướng Phùng vào vụ thu hoạch cà phê, giá quả tươi tăng mạnh so với năm ngoái. Các hợp tác xã thuê "
    "thêm nhân công, nhà máy chế biến chạy hết công suất, bà con hy vọng một cái tết đủ đầy sau mấy mùa mất giá."
)


def item(name: str, hours: float, title: str, text: str) -> StoryItem:
    return StoryItem(id=name, published_at=START + timedelta(hours=hours), title=title, text=text)


ITEMS = [
    item("a", 0, "Xe khách va chạm xe tải trên quốc lộ 9, ba người bị thương", CRASH),
    item("b", 1, "Cà phê Hướng Phùng được giá", COFFEE),
    item(
        "c",
        2,
        "Tai nạn xe khách ở quốc lộ 9, ba người bị thương",
        "Ba nạn nhân vụ xe khách va chạm xe tải trên quốc lộ 9.",
    ),
    item("d", 3, "Lật xe khách trong đêm", CRASH.replace("ngay trong đêm", "")),
    item("e", 5, "Giá cà phê tăng, nông dân Hướng Phùng phấn khởi", "Giá cà phê quả tươi ở Hướng Phùng tăng mạnh."),
    item("f", 6, "Trường học khai giảng muộn vì thiếu giáo viên", "Nhiều trường miền núi lùi lịch khai giảng năm học."),
]


def stories(assigned: list[Assignment]) -> list[str]:
    return [a.story_id for a in assigned]


def test_one_event_is_one_story() -> None:
    a, b, c, d, e, f = stories(cluster(ITEMS))
    assert a == c == d == story_id("a")
    assert b == e == story_id("b")
    assert f == story_id("f")


def test_copies_are_marked() -> None:
    assert [x.duplicate_of for x in cluster(ITEMS)] == [None, None, None, "a", None, None]


def test_short_texts_are_no_copies() -> None:
    one, two = (item(name, hour, "", "quá tuyệt vời") for name, hour in (("x", 0), ("y", 1)))
    assert cluster([one, two])[1].duplicate_of is None


def test_answers_come_in_the_order_asked() -> None:
    backwards = cluster(list(reversed(ITEMS)))
    assert list(reversed(backwards)) == cluster(ITEMS)


def test_one_by_one_is_the_same_as_all_at_once() -> None:
    clusterer = StoryClusterer()
    assert [clusterer.add(each) for each in ITEMS] == StoryClusterer().add_many(ITEMS)


def test_a_restored_clusterer_goes_on() -> None:
    first = StoryClusterer().add_many(ITEMS[:2])
    fresh = StoryClusterer()
    fresh.restore((each, a.story_id, a.duplicate_of) for each, a in zip(ITEMS, first, strict=False))
    assert stories(fresh.add_many(ITEMS[2:4])) == [story_id("a")] * 2


def test_stories_end() -> None:
    late = item("z", 24 * 30, ITEMS[2].title, ITEMS[2].text)
    assert stories(StoryClusterer().add_many([ITEMS[0], late])) == [story_id("a"), story_id("z")]


def test_central_headline() -> None:
    headlines = ["Xe khách lật ở quốc lộ 9", "Xe khách lật trên quốc lộ 9, ba người bị thương", "Ba người bị thương"]
    assert central(headlines) == 1
    assert central([]) == -1
    assert central(["một"]) == 0
