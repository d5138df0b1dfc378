"""Each family on a small frozen page in its real structure: the article comes out, what surrounds it does not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawlers.extract import extract, extract_many
from crawlers.extract.text import parse
from crawlers.extract.threads import next_page
from crawlers.families import families
from crawlers.source import Discovery, Source

PAGES = Path(__file__).parent / "pages"
FETCHED = datetime(2026, 11, 20, tzinfo=UTC)


def source(family: str | None) -> Source:
    return Source(id="thu.example.vn", name="Thử", home="https://thu.example.vn", family=family, discovery=Discovery())


# page: family, title, lead, first and last paragraph, paragraphs, author, published_at, section
EXPECTED = {
    "vccorp": (
        "family:vccorp@2", "Cầu phao Thuận Quý mở lại sau lũ",
        "Sau bốn ngày cấm qua lại vì nước xiết, cầu phao nối hai bờ sông đã thông xe trở lại từ sáng nay.",
        "Từ 6 giờ, dòng xe máy đã nối đuôi chờ qua cầu phao.", "Trong tuần tới, xã sẽ đề nghị làm cầu cứng.", 4,
        "LÊ THẢO;QUANG HẢI", "2026-10-12T09:15:27+07:00", "Thời sự",
    ),
    "vccorp-1": (
        "family:vccorp@1", "Quán nước ven đê hút khách mùa gió nam",
        "Những chiếc chõng tre kê sát bờ đê chiều nào cũng kín chỗ.",
        "Chủ quán pha chè xanh từ giếng làng, mỗi cốc năm nghìn đồng, khách ngồi đến khi trăng lên mới chịu về.",
        "Nhờ gió nam thổi suốt buổi, không quán nào phải bật quạt.", 2, "Thu An", "2026-06-02T18:40:00+07:00", None,
    ),
    "hemera": (
        "family:hemera@3", "Học sinh vùng cao đến trường bằng thuyền",
        "Mùa nước lớn, con đường đến lớp của học trò hai bản ven hồ là một chuyến thuyền dài bốn mươi phút.",
        "Năm giờ sáng, tiếng máy nổ đã vang dưới bến. Người lái thuyền đếm đủ 23 em mới nhổ sào.",
        "Nhà trường bố trí áo phao cho từng em và cử thầy cô trực bến mỗi ngày.", 2,
        "Hoàng Táo", "2026-09-05T06:30:00+07:00", None,
    ),
    "baoquangbinh": (
        "family:baoquangbinh@1", "Khởi công chợ Ba Đồn mới",
        "Chợ hai tầng, đủ chỗ cho 460 hộ buôn bán, dự kiến xong trước Tết năm sau.",
        "Chợ cũ dựng từ năm 1993, nhiều dãy ki-ốt đã dột nát, mỗi mùa mưa tiểu thương phải căng bạt che hàng.",
        "Trong thời gian thi công, bà con bán tạm ở bãi đất phía sau nhà văn hóa.", 2,
        "Ngọc Lưu", "2026-10-15T14:20:00+07:00", "Kinh tế",
    ),
    "wordpress": (
        "family:wordpress@2", "Nhận lại xe máy bị mất sau sáu ngày", "",
        "Chiều qua, công an phường trao trả chiếc xe máy cho một người bán vé số bị kẻ gian lấy cắp tuần trước.",
        "Chủ xe cho biết đây là phương tiện mưu sinh duy nhất của gia đình, mất xe phải đi bộ bán vé suốt mấy hôm.", 2,
        "Đức Trí", "2026-08-20T09:05:00+07:00", "An ninh",
    ),
    "vnexpress": (
        "family:vnexpress@1", "Gió mùa về, miền Trung mưa lớn",
        "Không khí lạnh kết hợp gió đông gây mưa to từ Hà Tĩnh đến Huế trong hai ngày tới.",
        "Đài khí tượng dự báo lượng mưa phổ biến 150-250 mm, vùng núi có nơi hơn 350 mm, gió cấp 5 trên biển.",
        "Các tỉnh được yêu cầu rà soát khu dân cư dưới chân núi.", 2,
        "Võ Thạnh", "2026-11-02T16:00:00+07:00", "Thời sự",
    ),
    "vietnamnet": (
        "family:vietnamnet@1", "Bến xe Đông Hà đổi giờ xuất bến tuyến đêm",
        "Xe tuyến đêm rời bến sớm hơn ba mươi phút để tránh giờ cấm tải.",
        "Ban quản lý bến dán thông báo ở quầy vé từ đầu tuần, hành khách đặt chỗ trước được gọi điện báo lại giờ mới.",
        "Nhà xe cho biết lượng khách không giảm.", 2, "Hương Lài", "2026-03-07T08:52:11+07:00", "Thời sự",
    ),
    "dantri": (
        "family:dantri@2", "Làng nón vào mùa phơi lá", "Nắng lên, sân nhà nào cũng trắng lá phơi.",
        "Bà con dậy từ bốn giờ, trải lá ra sân cho kịp nắng đầu ngày, đến trưa thì ủi từng chiếc bên bếp than.",
        "Mỗi chiếc nón bán được sáu mươi nghìn đồng.", 2, None, "2026-03-07T08:07:00+07:00", None,
    ),
    "dantri-1": (
        "family:dantri@1", "Xưởng đóng ghe cuối cùng của xóm", "Tiếng đục gỗ chỉ còn vang ở một mái nhà bên sông.",
        "Người thợ già bảo mỗi năm chỉ còn đóng bốn chiếc, phần nhiều là ghe đua cho hội làng đầu xuân.",
        "Con trai ông học nghề hàn, nhưng tối về vẫn phụ cha trét chai.", 2,
        "Tiến Thành", "2022-09-12T10:20:00+07:00", None,
    ),
    "hemera-2": (
        "family:hemera@2", "Giếng làng trong trở lại sau mùa hạn",
        "Nạo vét hai ngày, giếng cổ giữa làng lại đủ nước cho ba chục nhà.",
        "Thanh niên trong làng thay nhau xuống giếng múc bùn, các cụ đứng trên kể chuyện hồi giếng mới đào xong.",
        "Nước lên đến vòng đá thứ bảy thì mọi người dừng tay.", 2, "Bùi Lâm", "2021-08-18T06:45:00+07:00", None,
    ),
    "znews": (
        "family:znews@1", "Chợ nổi đổi giờ họp vì nước lên sớm",
        "Ghe thuyền cập bến từ ba giờ sáng, sớm hơn lệ thường một tiếng.",
        "Nước ròng đến muộn, bạn hàng phải chèo ngược dòng nên bảo nhau họp chợ sớm để kịp con nước về.",
        "Ban quản lý chợ treo thêm đèn dọc bờ kè.", 2, "Hoài Nhơn", "2026-04-11T07:15:20+07:00", "Xã hội",
    ),
    "vov": (
        "family:vov@1", "Lớp học hát bả trạo của làng biển",
        "Mỗi tối thứ bảy, sân đình sáng đèn cho lớp hát không thu học phí.",
        "Thầy dạy là ông lão đánh cá đã nghỉ biển, trò là hai chục đứa trẻ trong xóm và vài thanh niên đi làm xa về.",
        "Đến mùa cầu ngư, lớp sẽ diễn ngay trên bãi.", 2, "Thanh Hiếu", "2026-05-02T09:40:00+07:00", None,
    ),
    "qdnd": (
        "family:qdnd@1", "Bộ đội gặt lúa giúp dân trước bão",
        "Ba trăm chiến sĩ xuống đồng từ sáng sớm, gặt xong bốn mươi héc ta trước khi gió lên.",
        "Ruộng ngập đến gối, máy gặt không vào được, bộ đội chia thành tổ mười người cắt tay từng thửa một.",
        "Lúa được chở về nhà văn hóa thôn hong khô.", 2, "MAI HẠNH", "2026-09-14T16:25:00+07:00", None,
    ),
    "cand": (
        "family:cand@1", "Trả lại ví cho người đánh rơi ở bến xe",
        "Chiếc ví có mười hai triệu đồng được trao lại sau bốn mươi phút.",
        "Người nhặt được là một bác xe ôm, thấy ví dưới ghế chờ liền mang đến chốt công an gần bến xe trình báo.",
        "Chủ ví là sinh viên vừa nhận tiền học phí.", 2, "Nh.Tâm", "2026-03-19T10:05:00+07:00", None,
    ),
    "nongnghiepmoitruong": (
        "family:nongnghiepmoitruong@1", "Nuôi cá lồng theo mực nước hồ",
        "Người nuôi dời lồng ba lần mỗi năm, theo lịch xả của hồ chứa.",
        "Khi hồ hạ nước, lồng được kéo ra giữa lòng sông cũ, nơi còn sâu và mát; đến mùa mưa lại đưa vào vịnh kín gió.",
        "Nhờ vậy cá ít chết hơn mọi năm.", 2, "Tâm Đức", "2026-07-22T08:30:00+07:00", None,
    ),
    "laodong": (
        "family:laodong@1", "Công nhân có thêm nhà trọ gần khu công nghiệp",
        "Dãy trọ mới có sáu mươi phòng, tiền điện tính theo giá nhà nước.",
        "Mỗi phòng rộng mười tám mét vuông, có gác lửng và chỗ nấu ăn riêng, tiền thuê bằng một phần tám lương tháng.",
        "Sân chung trồng hàng bàng, tối tối trẻ con ra chơi.", 2, "HƯNG THƠ", "2026-06-05T13:50:00+07:00", None,
    ),
}  # fmt: skip


NOT_TELLING = {"vov", "qdnd", "nongnghiepmoitruong", "laodong"}  # selectors too common to know the family by


def test_every_version_of_every_family_has_a_frozen_page() -> None:
    versions = {f"family:{name}@{each.version}" for name, of in families().items() for each in of.versions}
    assert versions == {method for method, *_ in EXPECTED.values()}


@pytest.mark.parametrize(
    ("page", "named"),
    [(page, True) for page in EXPECTED] + [(page, False) for page in EXPECTED if page not in NOT_TELLING],
)
def test_a_page_of_the_family_gives_its_article(page: str, named: bool) -> None:
    method, title, lead, first, last, count, author, published, section = EXPECTED[page]
    family = page.split("-")[0] if named else None
    post = extract((PAGES / f"{page}.html").read_bytes(), "https://thu.example.vn/bai-1.htm", source(family), FETCHED)
    assert (post.method, post.title, post.lead) == (method, title, lead)
    paragraphs = post.body.split("\n")
    assert (paragraphs[0], paragraphs[-1], len(paragraphs)) == (first, last, count)
    assert (post.author, post.section) == (author, section)
    assert post.published_at == datetime.fromisoformat(published)
    assert post.quality.score >= 0.9


def test_a_declared_canonical_of_another_site_is_not_believed() -> None:
    raw = (PAGES / "vccorp.html").read_bytes()
    assert extract(raw, "https://thu.example.vn/a.htm?utm_source=x").canonical_url == "https://thu.example.vn/a.htm"
    own = extract(raw, "https://baothu.vn/amp/x.htm").canonical_url
    assert own == "https://baothu.vn/cau-phao-thuan-quy-mo-lai-sau-lu-20261012081533120.htm"


def test_broken_json_ld_still_gives_tags_and_update_time() -> None:
    post = extract((PAGES / "hemera.html").read_bytes(), "https://thu.example.vn/a-post1.html", None, FETCHED)
    assert post.updated_at == datetime.fromisoformat("2026-09-05T10:02:00+07:00")
    tags = extract((PAGES / "vccorp.html").read_bytes(), "https://baothu.vn/x.htm", None, FETCHED).tags
    assert tags == ("cầu phao", "lũ", "sông Hiếu")


def test_a_page_of_no_family_goes_to_trafilatura_and_keeps_its_lead() -> None:
    post = extract((PAGES / "plain.html").read_bytes(), "https://lang.example.vn/hoi-lang", source("vccorp"), FETCHED)
    assert post.method == "trafilatura"
    assert post.lead == "Sau mười năm bỏ hoang, bến thuyền của làng đón lại những chuyến hàng đầu tiên."
    assert post.lead not in post.body
    assert post.body.startswith("Sáng mồng sáu")
    assert post.body.endswith("tu sửa đình làng.")
    assert "family_failed" in post.quality.reasons


def test_a_body_that_has_nothing_to_do_with_the_title_is_not_taken_for_the_article() -> None:
    html = (PAGES / "vnexpress.html").read_text().replace("Gió mùa về, miền Trung mưa lớn", "Khai mạc Olympic Paris")
    assert not extract(html, "https://thu.example.vn/a-123456.html", source("vnexpress"), FETCHED).method.startswith(
        "family"
    )


@pytest.mark.parametrize(
    "body", ["Tin ngắn.", "Vui lòng bật JavaScript để đọc bài này. " * 4], ids=["too little text", "boilerplate"]
)
def test_what_family_selectors_find_is_not_taken_when_it_is_no_article(body: str) -> None:
    rest = "".join(f"<p>Đoạn {n}: nước ròng đến muộn, bạn hàng chèo ngược dòng để kịp họp chợ.</p>" for n in range(9))
    html = (
        '<html><head><title>Chợ nổi đổi giờ họp</title></head><body><h1 class="detail-title">Chợ nổi đổi giờ họp</h1>'
        f'<div class="detail-content afcbc-body"><p>{body}</p></div><article>{rest}</article></body></html>'
    )
    post = extract(html, "https://thu.example.vn/a.htm", source("vccorp"), FETCHED)
    assert post.method.startswith("trafilatura")
    assert "family_failed" in post.quality.reasons
    assert "Đoạn 8" in post.body


def test_a_thread_gives_its_first_post_and_replies() -> None:
    url = "https://dd.example.vn/threads/duong-len-thac-hong-nang.71/"
    first, reply = extract_many((PAGES / "xenforo.html").read_bytes(), url, source("xenforo"), FETCHED)
    assert (first.kind, first.canonical_url, first.title) == ("forum", url, "Đường lên thác hỏng nặng")
    assert first.body == "Hôm qua mình chạy lên thác, ổ gà sâu nửa bánh xe.\nAi đi nhớ cẩn thận."
    assert first.section == "Đi lại"
    assert (reply.kind, reply.canonical_url, reply.parent_url) == ("comment", f"{url}#post-502", url)
    assert (reply.body, reply.author) == ("Nghe nói tháng sau mới sửa.", "xe_om_doc_cao")
    assert reply.published_at == datetime.fromisoformat("2026-11-01T21:40:00+07:00")


def test_later_pages_of_a_thread_hold_replies_only() -> None:
    raw = (PAGES / "xenforo.html").read_text()
    url = "https://dd.example.vn/threads/duong-len-thac-hong-nang.71/page-2"
    posts = extract_many(raw.replace('.71/"></head>', '.71/page-2"></head>'), url, source("xenforo"), FETCHED)
    assert [post.kind for post in posts] == ["comment", "comment"]
    assert {post.parent_url for post in posts} == {"https://dd.example.vn/threads/duong-len-thac-hong-nang.71/"}
    assert next_page(parse(raw), url) == url


def test_a_channel_gives_a_post_per_message_with_text() -> None:
    posts = extract_many((PAGES / "telegram.html").read_bytes(), "https://t.me/s/tinlang", source("telegram"), FETCHED)
    assert [post.canonical_url for post in posts] == ["https://t.me/tinlang/88", "https://t.me/tinlang/89"]
    assert posts[0].body == "Cúp nước từ 8 giờ sáng mai ở ba thôn phía đông.\nBà con trữ nước giúp."
    assert posts[0].title == "Cúp nước từ 8 giờ sáng mai ở ba thôn phía đông."
    assert posts[1].body == "Đã có nước lại rồi nghe."
    assert {post.kind for post in posts} == {"social"}


def test_every_family_compiles_and_dates_its_versions_newest_first() -> None:
    for family in families().values():
        tree = parse("<html></html>")
        for version in family.versions:
            for selectors in (version.title, version.lead, version.body, version.date, version.author, version.junk):
                for selector in selectors:
                    if selector != "first-paragraph":
                        tree.css(selector)
        since = [version.since for version in family.versions]
        assert since == sorted(since, reverse=True)
