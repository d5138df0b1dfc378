"""`duluan labels` and `duluan evaluate` as people use them: files in, files out, bad lines named."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import monitor.cli
import nlp.train
from monitor.commands import label_sets, labelling
from monitor.commands.common import UsageError, app
from monitor.installation import Installation
from monitor.process import Processor
from nlp.labelled import LABELS, shipped
from nlp.linear import ModelError
from nlp.text import unaccent
from nlp.train import train_task
from tests.monitor.texts import COFFEE, FLOOD, STATION, article

monitor.cli.load()
NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
POST = article("lu-song-hieu", FLOOD, NOW)
ROADS = ["đường xấu", "đường bong tróc", "ổ gà trên đường", "đường ngập", "sửa đường", "mở đường"]
CLINICS = ["bệnh viện đông", "thiếu thuốc", "bác sĩ giỏi", "trạm y tế mới", "tiêm vắc xin", "khám bệnh"]


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    if isinstance(result.exception, UsageError | ModelError):
        raise result.exception
    assert result.exit_code == code, (result.output, result.exception)
    return result


def lines(path: Path, records: list[Any]) -> Path:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")
    return path


def rows(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def folder(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The installation's data folder with two posts in its archive; the commands open the same archive."""
    installation.archive.store_many([POST, article("gia-ca-phe", COFFEE, NOW)])
    monkeypatch.setenv("DULUAN_DATABASE_URL", installation.settings.archive_url)
    monkeypatch.setenv("DULUAN_DATA", str(installation.settings.data))
    return installation.settings.data


def test_labels_go_in_and_come_out_without_text(folder: Path, installation: Installation) -> None:
    Processor(installation).run()
    (archived,) = installation.archive.by_url([POST.canonical_url]).values()
    given = [
        {"url": POST.url, "topics": ["welfare"], "by": "lan"},
        {"id": archived.id, "sentiment": "positive", "certainty": "unsure"},
        {"id": "khong-co", "sentiment": "positive"},
        {"url": POST.url, "sentiment": "vui"},
    ]
    result = run("labels", "import", lines(folder / "labels.jsonl", given), "--by", "minh", code=1)
    assert json.loads(result.stdout) == {"added": 2, "rejected": 2, "posts_in_archive": 1}
    assert "labels.jsonl:3: kho không có bài khong-co" in result.stderr
    assert "labels.jsonl:4: sentiment" in result.stderr
    (out,) = rows(run("labels", "export"))
    assert (out["topics"], out["sentiment"], out["by"], out["certainty"]) == (["welfare"], "positive", "minh", "unsure")
    assert not {"title", "lead", "body"} & out.keys()
    assert rows(run("labels", "export", "--texts"))[0]["title"] == FLOOD["title"]
    shown = json.loads(run("labels", "show", POST.url).stdout)
    assert [label["by"] for label in shown] == ["lan", "minh"]
    run("labels", "undo", shown[1]["number"], "--by", "lan")
    assert "sentiment" not in rows(run("labels", "export"))[0]


def test_what_was_exported_can_be_imported(folder: Path) -> None:
    run("labels", "import", lines(folder / "a.jsonl", [{"url": POST.url, "relevance": 1, "by": "lan"}]))
    exported = run("labels", "export").stdout
    (folder / "b.jsonl").write_text(exported, encoding="utf-8")
    run("labels", "import", folder / "b.jsonl")
    assert run("labels", "export").stdout == exported


def test_texts_come_from_the_archive_or_a_file(folder: Path) -> None:
    labels = lines(folder / "labels.jsonl", [{"url": POST.url, "topics": ["disaster"]}, {"url": "https://a.vn/2"}])
    result = run("labels", "attach", labels, code=1)
    (row,) = rows(result)
    assert (row["title"], row["topics"]) == (FLOOD["title"], ["disaster"])
    assert "1 trong 2 nhãn chưa có văn bản" in result.stderr
    texts = lines(folder / "texts.jsonl", [{"url": "https://a.vn/2?utm_source=x", "title": "Tựa", "summary": "Dẫn"}])
    assert [(r["title"], r["lead"]) for r in rows(run("labels", "attach", labels, "--texts", texts, code=1))] == [
        ("Tựa", "Dẫn")
    ]


def test_a_parquet_file_needs_its_library(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *rest)

    labels = lines(folder / "labels.jsonl", [{"url": POST.url, "topics": ["disaster"]}])
    (folder / "texts.parquet").write_bytes(b"PAR1")
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageError, match="pyarrow"):
        run("labels", "attach", labels, "--texts", folder / "texts.parquet")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A good model, one that learnt the labels the wrong way round, and texts to put them to."""
    folder = tmp_path_factory.mktemp("models")
    records = [
        {"id": f"{label}{i}-{n}", "title": text, "body": f"<b>Chuyện {n}</b>", "label": label}
        for label, texts in (("đường", ROADS), ("y tế", CLINICS))
        for i, text in enumerate(texts)
        for n in range(5)
    ]
    other = {"đường": "y tế", "y tế": "đường"}
    wrong = [{**record, "label": other[str(record["label"])]} for record in records]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nlp.train, "load_embedder", lambda: None)  # a tenth of a second a text
        train_task("topics", lines(folder / "good.jsonl", records), folder / "good")
        train_task("topics", lines(folder / "wrong.jsonl", wrong), folder / "wrong")
    return folder / "good", folder / "wrong", folder / "good.jsonl"


def test_a_model_is_evaluated_and_compared(models: tuple[Path, Path, Path], tmp_path: Path) -> None:
    good, wrong, data = models
    page = tmp_path / "report.html"
    (report,) = json.loads(run("evaluate", good, "--data", data, "--against", wrong, "--html", page, "--json").stdout)
    assert report["scores"]["accuracy"]["value"] == 1.0
    assert report["items"] == 60
    assert {label["label"] for label in report["labels"]} == {"đường", "y tế"}
    assert report["confusion"]["rows"] == [[30, 0], [0, 30]]
    assert report["unaccented"]["accuracy"]["value"] == 1.0
    assert all(found["real"] and "tốt hơn" in found["verdict"] for found in report["against"])
    html = page.read_text(encoding="utf-8")
    kinds = len(report["labels"]) + len(report["slices"])
    assert html.count("<svg") == kinds + 1, "a bar for each label and each slice, and the reliability"
    assert '<circle cx="' in html
    assert "<script" not in html
    assert report["only_seen"]
    assert "đều đã học" in html, "a model put to what it learnt from says so"
    (worse,) = json.loads(run("evaluate", wrong, "--data", data, "--html", page, "--json").stdout)
    assert len(worse["worst"]) == 20
    assert "&lt;b&gt;Chuyện" in page.read_text(encoding="utf-8"), "texts from anywhere are escaped"


def test_what_a_model_learnt_from_is_left_out(models: tuple[Path, Path, Path], tmp_path: Path) -> None:
    good, _, data = models
    known = data.read_text(encoding="utf-8").splitlines()[:20]
    fresh = [{"id": f"m{n}", "title": f"cầu đường mới {n}", "label": "đường"} for n in range(5)]
    asked = lines(tmp_path / "asked.jsonl", [*map(json.loads, known), *fresh])
    result = run("evaluate", good, "--data", asked, "--json")
    (report,) = json.loads(result.stdout)
    assert (report["items"], report["seen"], report["only_seen"]) == (5, 20, False)
    assert "20 bài mô hình đã học nên không tính" in result.stderr


def test_a_model_against_itself_shows_no_difference(models: tuple[Path, Path, Path]) -> None:
    good, _, data = models
    (report,) = json.loads(run("evaluate", good, "--data", data, "--against", good, "--json").stdout)
    assert [(found["value"], found["real"]) for found in report["against"]] == [(0.0, False), (0.0, False)]


def test_what_is_installed_is_evaluated_on_our_own_held_out_labels(folder: Path) -> None:
    result = run("evaluate", "--json")
    reports = {report["task"]: report for report in json.loads(result.stdout)}
    news = sum(not item.has_text for item in shipped())
    assert f"{news} nhãn chưa có văn bản" in result.stderr
    assert set(reports) == {"topics", "sentiment"}, "social texts alone: their relevance is their parent's to say"
    for report in reports.values():
        assert {part["value"] for part in report["slices"]} >= {"people", "accented", "unaccented", "sure"}
        found = report["scores"]["macro_f1"]
        assert 0.3 < found["low"] <= found["value"] <= found["high"]


def test_tables_for_people(models: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labelling, "wants_json", lambda _asked: False)
    good, wrong, data = models
    said = run("evaluate", good, "--data", data, "--against", wrong).stdout
    for words in ("Từng nhãn", "Nhầm lẫn", "Độ chắc so với thực tế", "báo chí", "gõ không dấu"):
        assert words in said


def test_wrong_input_is_said(models: tuple[Path, Path, Path], tmp_path: Path) -> None:
    good, _, _ = models
    with pytest.raises(UsageError, match="không có bài nào"):
        run("evaluate", good, "--data", lines(tmp_path / "x.jsonl", [{"title": "không nhãn"}]))
    (tmp_path / "bad.jsonl").write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match=r"bad\.jsonl:1"):
        run("evaluate", good, "--data", tmp_path / "bad.jsonl")


def test_two_passes_are_compared(tmp_path: Path) -> None:
    one = [{"url": f"https://a.vn/{n}", "sentiment": "negative" if n % 2 else "positive"} for n in range(10)]
    two = [{**one[0], "sentiment": "negative"}, *one[1:], {"url": "https://a.vn/nua", "sentiment": "neutral"}]
    paths = lines(tmp_path / "one.jsonl", one), lines(tmp_path / "two.jsonl", two)
    (found,) = json.loads(run("labels", "agreement", *paths).stdout)
    assert (found["items"], found["kappa"]["sentiment"]["value"]) == (10, 0.8)
    with pytest.raises(UsageError, match="cần hai tệp"):
        run("labels", "agreement", paths[0])
    with pytest.raises(UsageError, match="không có bài nào chung"):
        run("labels", "agreement", paths[0], lines(tmp_path / "x.jsonl", [{"url": "https://b.vn", "topics": ["land"]}]))


def test_agreement_of_our_own_labels_is_what_their_readme_says() -> None:
    found = {each["one"]: each for each in json.loads(run("labels", "agreement").stdout)}
    readme = (LABELS / "README.md").read_text(encoding="utf-8")
    for part in ("province", "national", "social", "social-3"):
        each = found[f"annotator-1-{part}.jsonl"]
        for figure in (*each["kappa"].values(), each["alpha"]["topics"]):
            assert f"{figure['value']:.3f}".removeprefix("0").rstrip("0") in readme


def test_what_a_set_of_labels_holds(tmp_path: Path) -> None:
    text = "Bệnh viện huyện thiếu thuốc cả tháng nay, bà con phải ra ngoài mua"
    rows = [
        {"id": "1", "kind": "comment", "text": text, "topics": ["health"], "sentiment": "negative"},
        {"id": "2", "kind": "comment", "text": unaccent(text), "topics": ["health"], "certainty": "unsure"},
        {"id": "3", "text": "Đường liên xã đã thảm nhựa xong", "label": "khen"},
    ]
    assert label_sets.labels_app is labelling.labels_app
    (found,) = json.loads(run("labels", "summary", lines(tmp_path / "a.jsonl", rows)).stdout)
    assert found["near_duplicates"] == {"texts": 2, "share": 0.6667}
    assert (found["items"], found["unaccented"], found["unsure"]) == (3, 1, 1)
    assert (found["topics"], found["labels"]) == ({"health": 2}, {"khen": 1})


def test_which_posts_to_label(folder: Path, installation: Installation) -> None:
    installation.archive.store_many([article("tram-y-te", STATION, NOW, "trang.example")])
    Processor(installation).run()
    asked = rows(run("labels", "suggest", "--task", "sentiment"))
    assert {row["title"] for row in asked} == {FLOOD["title"], STATION["title"]}, (
        "what does not concern us is not asked"
    )
    assert [row["doubt"] for row in asked] == sorted((row["doubt"] for row in asked), reverse=True)
    assert all(row["sentiment"] is None and len(row["guess"]) == 3 for row in asked)
    drawn = rows(run("labels", "suggest", "--by", "chance", "--limit", "1"))
    assert len(drawn) == 1
    asked[0]["sentiment"] = "neutral"
    done = lines(folder / "done.jsonl", asked)
    run("labels", "import", done, "--by", "lan", code=1)  # one line is still open, and said
    assert [row["url"] for row in rows(run("labels", "suggest"))] == [asked[1]["url"]]
    assert {row["url"] for row in rows(run("labels", "suggest", "--task", "topics"))} == {row["url"] for row in asked}
    card = json.loads(run("train", "sentiment", "--data", done, "--out", folder / "taught", "--base", "shipped").stdout)
    assert card["data"][0]["texts"] == 1, "a line that nobody filled in is no label"


def test_the_shipped_model_is_named_by_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [{"title": f"đường hư nặng đoạn {n}", "sentiment": "negative"} for n in range(6)]
    data = lines(tmp_path / "asked.jsonl", asked)
    (report,) = json.loads(
        run("evaluate", "--data", data, "--task", "sentiment", "--against", "shipped", "--json").stdout
    )
    assert [found["value"] for found in report["against"]] == [0.0, 0.0], "what is in use is what ships"
    with pytest.raises(UsageError, match="--task"):
        run("evaluate", "--data", data, "--against", "shipped")
    with pytest.raises(ModelError):
        run("evaluate", "--data", data, "--against", tmp_path / "khong-co", code=1)
