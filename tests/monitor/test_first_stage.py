"""The first stage of relevance errs towards yes, and what it loses is estimated from the control group."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawlers.post import Post
from crawlers.sink import CrawlResult
from monitor import first_stage
from monitor.archive import post_id
from monitor.database import posts
from monitor.first_stage import FirstStage, FirstStageFigures
from monitor.installation import Installation
from nlp.province import Province
from sandbox.world import World

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def concerns() -> FirstStage:
    return FirstStage(Province.load("quangtri"))


@pytest.mark.parametrize(
    "told",
    [
        "Lũ lên nhanh ở Quảng Trị",
        "Quang Tri mua to, nhieu noi ngap",
        "Khách đến động Thiên Đường tăng gấp đôi",
        "Người dân Quảng Bình cũ đón Tết",
        "Xe khách lao xuống vực ở đèo Đá Đẽo",
        "Hàng hóa qua cửa khẩu Lao Bảo tăng",
        "Nước sông Thạch Hãn dâng cao",
        "Ùn tắc trên quốc lộ 1 vì tai nạn liên hoàn",
        "Bão số 13 đổi hướng\nÁp thấp nhiệt đới có thể mạnh lên trong đêm.",
        "Miền Trung chuẩn bị đón mưa rất to",
        "Bí thư Tỉnh ủy nhận nhiệm vụ mới",
        "Công điện gửi các địa phương ven biển",
        "Lớp học của chàng trai Pa Kô",
        "Hồ sơ trễ hẹn ở một xã biên giới",
        "Phát hiện vật nổ gần biên giới Việt - Lào",
    ],
)
def test_what_may_concern_the_province_is_let_through(concerns: FirstStage, told: str) -> None:
    assert concerns(told)


@pytest.mark.parametrize(
    "told",
    ["Giá vàng tăng phiên thứ ba", "Hà Nội sửa vỉa hè phố cổ", "Messi ghi bàn phút bù giờ", "", "Lìa xa mái trường"],
)
def test_what_does_not_is_left(concerns: FirstStage, told: str) -> None:
    assert not concerns(told)


def test_of_what_the_sandbox_tells_about_the_province_next_to_nothing_is_lost(concerns: FirstStage) -> None:
    world = World(NOW)
    about = {story.id for story in world.content.stories if story.relevance}
    told = [
        f"{article.versions[0].title}\n{article.versions[0].lead}"
        for article in world.all_articles()
        for outlet in [world.outlets[article.outlet]]
        if article.key[0] in about and not (outlet.owned or outlet.local)
    ]
    lost = [each for each in told if not concerns(each)]
    assert len(told) > 100
    assert len(lost) / len(told) <= 0.03, lost


def test_losses_are_estimated_from_the_control_group(installation: Installation) -> None:
    urls = tuple(f"https://bao.vn/bai-{number}.htm" for number in range(4))
    for url in urls:
        installation.archive.store(Post(url=url, canonical_url=url, source="bao.vn", title="t", body="x"))
    with installation.engine.begin() as connection:
        for url, outcome in zip(urls, ("annotated", "irrelevant", "irrelevant", "new"), strict=True):
            connection.execute(posts.update().where(posts.c.id == post_id(url)).values(outcome=outcome))
    times = {"started_at": NOW, "finished_at": NOW}
    counts = {"skipped": 90, "passed": 10, "control": 4}
    result = CrawlResult(source="bao.vn", first_stage=counts, control=urls, **times)  # type: ignore[arg-type]
    first_stage.keep(installation.engine, result)
    first_stage.keep(installation.engine, CrawlResult(source="bao.vn", first_stage={"skipped": 9}, **times))  # type: ignore[arg-type]
    found = first_stage.figures(installation.engine, NOW - timedelta(days=1))
    assert found == {"bao.vn": FirstStageFigures(skipped=99, passed=10, control=4, judged=3, relevant=1)}
    assert found["bao.vn"].lost == 33
    assert found["bao.vn"].sentence.endswith("trong 3 bài đối chứng có 1 bài liên quan, ước chừng sót 33 bài.")
    assert FirstStageFigures().lost is None
    first_stage.forget(installation.engine, NOW + timedelta(days=2))
    assert first_stage.figures(installation.engine, NOW - timedelta(days=1)) == {}
