"""An edit is told as words taken out and put in, short and cheap whatever the texts are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crawlers.post import Post
from monitor.installation import Installation
from monitor.text_changes import LONGEST, edits, word_changes


def test_words_taken_out_and_put_in_with_a_little_around() -> None:
    old = "Sáng nay nước lũ dâng, xã đã sơ tán 12 hộ dân ra khỏi vùng thấp trũng ven sông trong đêm."
    new = "Sáng nay nước lũ dâng, xã đã sơ tán 45 hộ dân ra khỏi vùng thấp trũng ven sông trong đêm."
    found = list(word_changes(old, new))
    assert [each for each in found if each[0] != "same"] == [("removed", "12 "), ("added", "45 ")]
    assert found[0] == ("same", "… nay nước lũ dâng, xã đã sơ tán ")
    assert found[-1][1].startswith("hộ dân ra khỏi")
    assert found[-1][1].endswith("… ")


def test_a_new_paragraph_is_an_addition_and_the_others_stay_out() -> None:
    assert list(word_changes("Đoạn một.\nĐoạn hai.", "Đoạn một.\nĐoạn mới.\nĐoạn hai.")) == [("added", "Đoạn mới.")]


def test_a_text_written_anew_is_one_for_the_other() -> None:
    found = list(word_changes("Trời nắng đẹp cả ngày ở đây", "Mưa lớn gây ngập nhiều tuyến đường"))
    assert [operation for operation, _ in found] == ["removed", "added"]


def test_edits_of_a_post_oldest_first(installation: Installation) -> None:
    url = "https://bao.vn/a"
    for title, body in (("Một", "a b c"), ("Hai", "a b c"), ("Hai", "a b c d")):
        installation.archive.store(Post(url=url, canonical_url=url, source="bao.vn", title=title, body=body))
    post = installation.archive.by_url([url])[url]
    first, second = edits(post, installation.archive.revisions(post.id))
    assert [(c.part, c.operation, c.text) for c in first.changes] == [
        ("title", "removed", "Một"),
        ("title", "added", "Hai"),
    ]
    assert [(c.part, c.operation, c.text) for c in second.changes if c.operation != "same"] == [("body", "added", "d")]


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_two_texts(old: str, new: str) -> None:
    for operation, text in word_changes(old, new):
        assert text
        assert operation in ("same", "removed", "added")


def test_long_texts_cost_little() -> None:
    old, new = "chữ " * 100_000, "từ " * 100_000
    found = list(word_changes(old, new))
    assert [operation for operation, _ in found] == ["removed", "added"]
    assert all(len(text) <= LONGEST + 1 for _, text in found)
