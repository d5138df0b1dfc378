"""Near-duplicates by MinHash, nearness by TF-IDF and by meaning."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from nlp.latent import Latent
from nlp.similar import SIZE, fingerprint, overlap
from nlp.text import fold
from nlp.vectors import Background, Vector, matrix, vector, word_hashes

NEWS = (
    "Sáng nay nước sông Hiếu lên nhanh làm ngập nhiều tuyến đường ở phường Đông Hà. Chính quyền đã cho học sinh "
    "nghỉ học, lực lượng dân quân giúp các hộ vùng trũng đưa đồ đạc lên cao. Theo dự báo, mưa còn kéo dài đến hết "
    "đêm mai, người dân ven sông được yêu cầu không ra khỏi nhà khi không cần thiết."
)
OTHER = "Giá hồ tiêu đầu vụ tăng thêm mười nghìn đồng một ký, nông dân vùng đồi phấn khởi chăm vườn chờ thu hoạch rộ."


def near(one: str, other: str) -> float:
    return overlap(fingerprint(one), fingerprint(other))


def vec(text: str) -> Vector:
    return vector(word_hashes(fold(text)), Background.shipped())


def test_copies_overlap_and_others_do_not() -> None:
    assert near(NEWS, NEWS) == 1
    assert near(NEWS, NEWS.replace("lên nhanh", "dâng nhanh").replace("dân quân", "công an")) > 0.6
    assert near(NEWS, OTHER) < 0.1


def test_spelling_does_not_matter() -> None:
    assert near(NEWS, fold(NEWS)) == 1
    assert near(NEWS, unicodedata.normalize("NFD", NEWS.upper())) == 1


def test_shape() -> None:
    assert fingerprint("") == ()
    assert overlap((), fingerprint(NEWS)) == 0
    for text in (NEWS, "một", "hai từ"):
        print_ = fingerprint(text)
        assert len(print_) == SIZE
        assert all(0 <= value < 2**32 for value in print_)


def test_fingerprints_never_change() -> None:
    """They are stored; another value for the same text would hide every copy from before."""
    assert fingerprint("mưa lớn ở Quảng Trị hôm nay")[:3] == KNOWN


KNOWN = (1176291385, 1561492678, 1305175311)


def test_vectors() -> None:
    flood, school = vec("nước lũ làm ngập đường ở Đông Hà"), vec("trường học ở Hải Lăng khai giảng")
    assert abs(flood.cosine(flood) - 1) < 1e-5
    assert flood.cosine(vec("Đông Hà: nước lũ ngập nhiều đường")) > flood.cosine(school)
    assert (matrix([flood, school]) @ matrix([school]).T).toarray()[1, 0] > 0.999
    assert len(vec(NEWS).heaviest(5).buckets) == 5


def test_meaning_without_shared_words() -> None:
    latent = Latent.shipped()
    flood, rain, football = (
        latent.of(vec(t)) for t in ("nước lũ dâng cao", "mưa lớn gây ngập", "tiền đạo ghi bàn thắng")
    )
    assert flood @ rain > flood @ football
    assert not latent.of(vec("")).any()


@given(st.text(max_size=80))
def test_any_text_has_a_vector_of_length_one_or_none(text: str) -> None:
    weights = vec(text).weights
    assert len(weights) == 0 or abs(float(weights @ weights) - 1) < 1e-4
