"""Stories: one event is one story, copies are marked, the order of batches does not matter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from nlp.regroup import Change
from nlp.stories import Assignment, StoryClusterer, StoryItem, Told, cluster, headline, story_id

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


FIRE = [
    item("k", 0, "Cháy chợ Hồ Xá trong đêm", "Lửa bùng lên ở dãy hàng phía đông chợ Hồ Xá lúc nửa đêm."),
    item("k2", 0.5, "Cháy lớn ở chợ Hồ Xá giữa đêm", "Lửa bùng lên dữ dội ở chợ Hồ Xá."),
    item(
        "l",
        1,
        "Hàng chục ki ốt bị thiêu rụi, tiểu thương mất trắng",
        "Tiểu thương khóc ngất khi ki ốt bị thiêu rụi, ước thiệt hại hàng tỉ đồng.",
    ),
    item(
        "m",
        2,
        "Cháy chợ Hồ Xá: hàng chục ki ốt bị thiêu rụi, tiểu thương mất trắng",
        "Lửa bùng lên trong đêm ở chợ Hồ Xá, tiểu thương mất trắng khi hàng chục ki ốt bị thiêu rụi.",
    ),
    item(
        "n",
        3,
        "Chợ Hồ Xá cháy trong đêm, nhiều ki ốt bị thiêu rụi",
        "Lửa bùng lên từ dãy hàng phía đông chợ Hồ Xá, hàng chục ki ốt bị thiêu rụi, tiểu thương khóc ngất.",
    ),
]
DRIFT = [
    item(f"x{hour}", hour, title, "")
    for hour, title in enumerate(
        [
            "Lật xe khách trên quốc lộ 9, ba người bị thương",
            "Xe khách lật ở quốc lộ 9: ba người bị thương nhập viện",
            "Ba người bị thương vụ lật xe khách trên quốc lộ 9",
            "Tài xế vụ lật xe khách quốc lộ 9 làm ba người bị thương khai gì",
            "Kiểm tra nồng độ cồn tài xế xe tải trên quốc lộ 9",
            "Xử phạt tài xế xe tải vi phạm nồng độ cồn quốc lộ 9",
            "Hàng loạt tài xế xe tải bị xử phạt vì nồng độ cồn",
            "Cảnh sát kiểm tra nồng độ cồn, xử phạt tài xế xe tải",
        ]
    )
]


def test_a_post_that_belongs_to_two_stories_makes_them_one_under_the_older_id() -> None:
    clusterer = StoryClusterer()
    assert stories(clusterer.add_many(FIRE[:3])) == [story_id("k"), story_id("k"), story_id("l")]
    assert clusterer.changes() == []
    assert stories(clusterer.add_many(FIRE[3:])) == [story_id("k")] * 2
    assert clusterer.changes() == [Change("merge", story_id("k"), story_id("l"))]
    assert clusterer.changes() == []
    assert stories(cluster(FIRE)) == [story_id("k")] * 5


def test_a_clusterer_follows_what_another_found_out() -> None:
    one, other = StoryClusterer(), StoryClusterer()
    told = one.add_many(FIRE[:3])
    other.restore((each, a.story_id, a.duplicate_of) for each, a in zip(FIRE, told, strict=False))
    one.add_many(FIRE[3:])
    other.follow(one.changes())
    assert stories(other.add_many([item("o", 4, FIRE[2].title, FIRE[2].text)])) == [story_id("k")]
    one, other = StoryClusterer(), StoryClusterer()
    told = [one.add(each) for each in DRIFT]
    changes = one.changes()
    first = [(each, a.story_id, a.duplicate_of) for each, a in zip(DRIFT, told, strict=True)]
    other.restore((each, story_id("x0"), None) for each, *_ in first)
    other.follow(changes)
    assert stories(other.add_many([item("y", 8, DRIFT[5].title, "")])) == [changes[0].story]
    other.follow([Change("merge", "nobody", "knows")])


def test_what_came_late_meets_posts_of_stories_that_are_over_only_where_it_lingers() -> None:
    for linger, meets in ((0.0, False), (72.0, True)):
        clusterer = StoryClusterer(linger=linger)
        clusterer.add_many([ITEMS[0], *(item(f"t{n}", 24 * 6, f"Chuyện {n} khác hẳn", "") for n in range(30))])
        clusterer.add(item("u", 24 * 6, "Một chuyện nữa", ""))
        assert clusterer.holds({ITEMS[0].id}) == meets
        late = item("w", 24 * 2, ITEMS[0].title, ITEMS[0].text)
        assert (stories([clusterer.add(late)]) == [story_id("a")]) == meets


def test_a_story_that_falls_into_two_events_is_split() -> None:
    clusterer = StoryClusterer()
    found = [clusterer.add(each) for each in DRIFT]
    changes = clusterer.changes()
    assert [change.kind for change in changes] == ["split"]
    assert (changes[0].story, changes[0].other) == (story_id("x4"), found[0].story_id)
    assert set(changes[0].posts) <= {"x4", "x5", "x6", "x7"}
    assert stories(cluster(DRIFT)) == [story_id("x0")] * 4 + [story_id("x4")] * 4


def test_changes_told_so_far_and_answers_give_the_final_stories() -> None:
    """Whoever applies the changes in order to what was answered before has what one pass over all gives."""
    clusterer = StoryClusterer()
    known: dict[str, str] = {}
    for each in [*FIRE, *DRIFT, *ITEMS]:
        known |= {a.id: a.story_id for a in clusterer.add_many([each])}
        for change in clusterer.changes():
            for post, story in known.items():
                if story == change.other and (change.kind == "merge" or post in change.posts):
                    known[post] = change.story
    whole = StoryClusterer().add_many([*FIRE, *DRIFT, *ITEMS])
    assert known == {a.id: a.story_id for a in whole}


def told(title: str, hours: float = 0, *, copy: bool = False) -> Told:
    return Told(title, START + timedelta(hours=hours), copy)


def test_a_story_is_named_by_its_most_central_headline() -> None:
    crash = "Xe khách lật trên quốc lộ 9, ba người bị thương"
    assert headline([told("Xe khách lật ở quốc lộ 9"), told(crash), told("Ba người bị thương")]) == 1
    assert headline([]) == -1
    assert headline([told("một")]) == 0


def test_a_late_copied_or_commenting_headline_names_no_story() -> None:
    crash = "Xe khách lật trên quốc lộ 9, ba người bị thương"
    assert headline([told(crash), told("Ba người bị thương vụ xe khách lật trên quốc lộ 9", 60)]) == 0
    assert headline([told(f"{crash}: vì sao?"), told(crash, 2), told(crash + " nặng", 3)]) == 1
    assert headline([told(crash, 1, copy=True), told(crash)]) == 1
