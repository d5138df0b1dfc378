"""Commands on labels: import, export, attach; and how good models are: evaluate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from crawlers.extract.canonical import canonical_url
from monitor.archive import utc_now
from monitor.commands.common import (
    DataOption,
    JsonOption,
    UsageError,
    app,
    opened,
    print_json,
    print_line,
    print_table,
    said,
    settings_for,
    wants_json,
    warn,
)
from monitor.evaluating import gather, words
from monitor.evaluating.page import page
from monitor.installation import Installation, load_annotator
from monitor.labels.records import Bad, Label, Read, read_labels
from monitor.labels.store import LabelError, LabelStore
from monitor.labels.texts import TextsError, archived_texts, attached, read_texts
from nlp.evaluation import Exam
from nlp.labelled import LABELS
from nlp.train import SHIPPED, DataError, read_records, shipped_folder

Task = Literal["relevance", "topics", "sentiment"]
TextsOption = Annotated[
    Path | None,
    typer.Option("--texts", exists=True, dir_okay=False, metavar="FILE", help="Văn bản theo url: parquet hoặc JSONL."),
]
labels_app = typer.Typer(help="Nhãn của cán bộ: nhập, xuất, ghép với văn bản.", no_args_is_help=True)
app.add_typer(labels_app, name="labels")
_ADDED = 500
_MATRIX, _MIXED = 6, 12  # labels whose matrix fits a terminal; pairs that are shown of a larger one


@labels_app.command("import")
def import_labels(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="Tệp nhãn JSONL.")],
    by: Annotated[str, typer.Option(help="Ai gán nhãn, cho những dòng không ghi trường by.")] = "",
    data: DataOption = None,
) -> None:
    """Nhập nhãn đã sửa, mỗi dòng một bài (id hoặc url) với relevance, topics, sentiment; dòng hỏng được báo."""
    with opened(data) as installation:
        store, good, bad = LabelStore(installation.engine), [], 0
        for found in read_labels(file, by=by, now=utc_now()):
            read = found if isinstance(found, Bad) else _named(installation, found, str(file))
            if isinstance(read, Bad):
                bad += 1
                warn(f"{read.file}:{read.line}: {read.reason}")
            else:
                good.append(read)
        for start in range(0, len(good), _ADDED):
            store.add(good[start : start + _ADDED])
        known = len(installation.archive.by_url(sorted({label.canonical_url for label in good})))
    print_json({"added": len(good), "rejected": bad, "posts_in_archive": known})
    if known:
        said.print("Chạy `duluan process` để các bài trong kho theo nhãn mới.", markup=False)
    if bad:
        raise typer.Exit(1)


def _named(installation: Installation, read: Read, file: str) -> Label | Bad:
    """The label with its post's address, looked up when the line gives an id."""
    if read.label.canonical_url:
        return read.label
    found = installation.archive.get([read.id]).get(read.id)
    if found is None:
        return Bad(file, read.line, f"kho không có bài {read.id}")
    return replace(read.label, canonical_url=found.post.canonical_url)


@labels_app.command("export")
def export_labels(
    texts: Annotated[bool, typer.Option("--texts", help="Kèm văn bản của bài trong kho.")] = False,
    data: DataOption = None,
) -> None:
    """Xuất nhãn đang có hiệu lực, mỗi bài một dòng JSONL; mặc định không kèm văn bản."""
    with opened(data) as installation:
        for label in LabelStore(installation.engine).every():
            row = label.as_json()
            if texts:
                known = archived_texts(installation.archive, [label.canonical_url])
                ((row, _),) = attached([row], known)
            print_line(row)


@labels_app.command("attach")
def attach_labels(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", exists=True, dir_okay=False, help="Tệp nhãn; mặc định nhãn kèm theo."),
    ] = None,
    texts: TextsOption = None,
    data: DataOption = None,
) -> None:
    """Ghép nhãn với văn bản (từ --texts, không thì từ kho) thành tệp để huấn luyện và đánh giá."""
    paths = [file] if file else [*sorted(LABELS.glob("news-*.jsonl")), *sorted(LABELS.glob("social*.jsonl"))]
    records = [record for path in paths for record in _records(path)]
    known = _texts(texts, [str(record["url"]) for record in records if record.get("url")], data)
    missing = 0
    for record, has_text in attached(records, known):
        if has_text:
            print_line(record)
        else:
            missing += 1
    if missing:
        warn(f"{missing} trong {len(records)} nhãn chưa có văn bản")
        raise typer.Exit(1)


@labels_app.command("undo")
def undo_label(
    number: Annotated[int, typer.Argument(help="Số của nhãn (xem `duluan labels show`).")],
    by: Annotated[str, typer.Option(help="Ai rút lại.")],
    data: DataOption = None,
) -> None:
    """Rút lại một nhãn; nhãn trước đó (hoặc mô hình) lại có hiệu lực."""
    with opened(data) as installation:
        try:
            undone = LabelStore(installation.engine).undo(number, by=by)
        except LabelError as error:
            raise UsageError(str(error)) from error
    print_json({"undone": number, **undone.as_json()})


@labels_app.command("show")
def show_labels(url: Annotated[str, typer.Argument(help="Địa chỉ của bài.")], data: DataOption = None) -> None:
    """Mọi nhãn từng gán cho một bài, theo thứ tự nhập."""
    with opened(data) as installation:
        given = LabelStore(installation.engine).of(canonical_url(url))
    print_json([{"number": label.number, "undoes": label.undoes, **label.as_json()} for label in given])


def _records(path: Path) -> list[dict[str, Any]]:
    try:
        return [record for _, record in read_records(path)]
    except DataError as error:
        raise UsageError(str(error)) from error


def _texts(file: Path | None, urls: list[str], data: Path | None) -> dict[str, dict[str, Any]]:
    try:
        if file:
            return read_texts(file)
    except TextsError as error:
        raise UsageError(str(error)) from error
    with opened(data) as installation:
        return archived_texts(installation.archive, sorted({canonical_url(url) for url in urls}))


@app.command()
def evaluate(
    model: Annotated[
        Path | None,
        typer.Argument(metavar="[MODEL]", exists=True, file_okay=False, help="Thư mục mô hình; mặc định: đang dùng."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, metavar="FILE", help="Bài có nhãn (JSONL); mặc định: nhãn kèm theo."),
    ] = None,
    against: Annotated[
        str | None, typer.Option(metavar="MODEL", help="So với mô hình này; shipped: mô hình kèm theo.")
    ] = None,
    task: Annotated[Task | None, typer.Option(help="Chỉ một bộ phân loại.")] = None,
    texts: TextsOption = None,
    html: Annotated[Path | None, typer.Option(dir_okay=False, metavar="FILE", help="Ghi trang báo cáo.")] = None,
    json: JsonOption = False,
) -> None:
    """Đo một mô hình, hoặc các bộ phân loại đang dùng, trên bài có nhãn; so với mô hình khác."""
    try:
        questions = gather.from_file(data) if data else gather.held_out(_texts(texts, gather.addresses(), None))
    except (DataError, ValueError) as error:
        raise UsageError(str(error)) from error
    if questions.without_text:
        warn(f"{questions.without_text} nhãn chưa có văn bản nên không tính; thêm --texts FILE (parquet hoặc JSONL)")
    old = _old(model, task, against) if against else None
    questions = questions.unseen_by(model, old)
    if questions.only_seen:
        warn("mọi bài ở đây mô hình đều đã học: điểm dưới đây không cho biết nó giỏi đến đâu")
    elif questions.seen:
        warn(f"{questions.seen} bài mô hình đã học nên không tính")
    with said.status("Đang đánh giá…"):
        reports = _reports(questions, model, old, task)
    if not reports:
        raise UsageError("không có bài nào vừa có văn bản vừa có nhãn cho bộ phân loại này")
    if html:
        html.write_text(page(reports, utc_now()), encoding="utf-8")
        said.print(f"Đã ghi {html}", markup=False)
    if wants_json(json):
        print_json(reports)
    else:
        for report in reports:
            _print(report)


def _old(model: Path | None, task: Task | None, name: str) -> Path:
    """The folder of the model to compare with. Raises ModelError when there is none."""
    if name != SHIPPED:
        return Path(name)
    about = gather.predictor(model)[0] if model else task
    if about not in ("topics", "sentiment"):
        raise UsageError("--against shipped so được mô hình topics và sentiment; thêm --task, hoặc ghi thư mục")
    return shipped_folder(about)


def _reports(
    questions: gather.Questions, model: Path | None, against: Path | None, task: Task | None
) -> list[dict[str, Any]]:
    if model:
        name, version, predict = gather.predictor(model)
        asked = {name: (version, predict)}
    else:
        asked = gather.components(load_annotator(settings_for(None)))
    old_task, _, old = gather.predictor(against) if against else ("", "", None)
    if old and old_task not in asked:
        raise UsageError(f"{against} là mô hình {old_task}, không so được với {', '.join(asked)}")
    found = []
    for name, (version, predict) in asked.items():
        if task not in (None, name) or (old and name != old_task):
            continue
        exam = gather.evaluate(predict, name, questions)
        before: Exam | None = gather.evaluate(old, name, questions) if old else None
        if exam:
            found.append(gather.told(exam, version, questions, before))
    return found


def _print(report: dict[str, Any]) -> None:
    task = report["task"]
    title = f"{words.TASKS.get(task, task)}: {report['items']} bài, {report['groups']} vụ việc ({report['data']})"
    rows = []
    for name, found in report["scores"].items():
        if "value" in found:
            rows.append((words.MEASURES.get(name, name), words.figure(found), words.figure(report["unaccented"][name])))
        else:
            rows.append((f"{words.SIDES[name]}: chính xác", words.figure(found["precision"]), ""))
            rows.append((f"{words.SIDES[name]}: bao phủ", words.figure(found["recall"]), ""))
    print_table(title, ("chỉ số (khoảng 95 %)", "như đã viết", "gõ không dấu"), rows)
    figures = ("precision", "recall", "f1")
    each = [
        (words.label(task, e["label"]), str(e["items"]), *(words.figure(e[f]) for f in figures))
        for e in report["labels"]
    ]
    print_table("Từng nhãn", ("nhãn", "bài", "chính xác", "bao phủ", "F1"), each)
    names = [name for name in report["unaccented"] if name != "loss"]
    slices = [
        (
            f"{words.SLICES[s['slice']]}: {words.VALUES.get(s['value'], s['value'])}",
            str(s["items"]),
            *(words.figure(s[n]) for n in names),
        )
        for s in report["slices"]
    ]
    print_table("Từng phần", ("phần", "bài", *(words.MEASURES.get(n, n) for n in names)), slices)
    names, counted = report["confusion"]["labels"], report["confusion"]["rows"]
    if len(names) <= _MATRIX:
        header = ("đúng \\ cho", *(words.label(task, name) for name in names))
        table = [
            (words.label(task, name), *(str(n or "") for n in row)) for name, row in zip(names, counted, strict=True)
        ]
        print_table("Nhầm lẫn (hàng: đúng; cột: mô hình cho)", header, table)
    else:
        mixed = [(n, names[i], names[j]) for i, row in enumerate(counted) for j, n in enumerate(row) if n and i != j]
        most = sorted(mixed, key=lambda found: (-found[0], found[1], found[2]))[:_MIXED]
        table = [(words.label(task, true), words.label(task, given), str(n)) for n, true, given in most]
        print_table("Nhầm nhiều nhất (cả bảng: --html hoặc --json)", ("đúng", "mô hình cho", "bài"), table)
    bins = [
        (words.percent(b["sure"]), words.percent(b["right"]), str(b["cases"])) for b in report["calibration"]["bins"]
    ]
    error = words.percent(report["calibration"]["error"])
    print_table(f"Độ chắc so với thực tế (sai số hiệu chỉnh {error})", ("chắc", "đúng", "bài"), bins)
    wrong = [
        (
            e["text"] or e["id"],
            ", ".join(words.label(task, name) for name in e["truth"]),
            words.label(task, e["given"][0]),
            words.percent(e["score"]),
        )
        for e in report["worst"][:10]
    ]
    print_table("Sai mà chắc nhất", ("bài", "đúng", "mô hình", "độ chắc"), wrong)
    for found in report.get("against", []):
        said.print(found["verdict"], markup=False)
