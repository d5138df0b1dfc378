"""Commands on whole sets of labels: how far two readings agree, and what is in a set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from monitor.commands.common import (
    DataOption,
    JsonOption,
    UsageError,
    opened,
    print_json,
    print_line,
    print_table,
    said,
    wants_json,
)
from monitor.commands.labelling import labels_app
from monitor.evaluating import words
from monitor.labels.suggest import By, Task, suggested
from nlp.agreement import agreement
from nlp.annotation import PEOPLE
from nlp.labelled import LABELS, Item, read_item
from nlp.splits import near_duplicates
from nlp.text import is_unaccented
from nlp.train import DataError, read_records

_FIRST, _SECOND = "annotator-1-", "annotator-2-"
_COMPARED = 5_000  # texts among which near-copies are looked for


@labels_app.command("agreement")
def agree(
    one: Annotated[
        Path | None, typer.Argument(metavar="[ONE]", exists=True, dir_okay=False, help="Lượt gán nhãn thứ nhất.")
    ] = None,
    other: Annotated[
        Path | None, typer.Argument(metavar="[OTHER]", exists=True, dir_okay=False, help="Lượt gán nhãn thứ hai.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Hai người gán nhãn giống nhau đến đâu: kappa của Cohen, alpha của Krippendorff; mặc định nhãn kèm theo."""
    if one and not other:
        raise UsageError("cần hai tệp: hai lượt gán nhãn của cùng những bài ấy")
    pairs = [(one, other)] if one and other else _passes()
    found = [{"one": a.name, "other": b.name, **agreement(_by_key(a), _by_key(b))} for a, b in pairs]
    if not any(each["items"] for each in found):
        raise UsageError("hai tệp không có bài nào chung (theo url hoặc id)")
    if wants_json(json):
        print_json(found)
        return
    for each in found:
        rows = [
            (words.LABELLED[name], str(row["items"]), f"kappa {row['value']:.3f} ({row['low']:.3f}-{row['high']:.3f})")
            for name, row in each["kappa"].items()
        ]
        topics = each["alpha"]["topics"]
        rows.append((words.LABELLED["topics"], str(topics["items"]), f"alpha {topics['value']:.3f} (khoảng cách MASI)"))
        title = f"{each['one']} và {each['other']}: {each['items']} bài chung"
        print_table(title, ("nhãn", "bài", "mức giống nhau (khoảng 95 %)"), rows)


def _passes() -> list[tuple[Path, Path]]:
    """The two passes over each part of our own labels."""
    second = sorted((LABELS / "passes").glob(f"{_SECOND}*.jsonl"))
    pairs = [(path.with_name(path.name.replace(_SECOND, _FIRST)), path) for path in second]
    return [pair for pair in pairs if pair[0].exists()]


@labels_app.command("summary")
def summary(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", exists=True, dir_okay=False, help="Tệp nhãn JSONL.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Bộ nhãn có gì: bao nhiêu bài mỗi nhãn, cách gõ, bài gần như chép lại nhau; mặc định nhãn kèm theo."""
    paths = files or [*sorted(LABELS.glob("news-*.jsonl")), *sorted(LABELS.glob("social*.jsonl"))]
    read = {path.name: _items(path) for path in paths}
    if not files:
        read["mọi văn bản mạng xã hội"] = [item for items in read.values() for item in items if item.kind in PEOPLE]
    found = [_counted(name, items) for name, items in read.items()]
    if wants_json(json):
        print_json(found)
        return
    for each in found:
        _print(each)


@labels_app.command("suggest")
def suggest(
    task: Annotated[Task, typer.Option(help="Gán nhãn gì.")] = "sentiment",
    limit: Annotated[int, typer.Option(min=1, max=2000, help="Bao nhiêu bài.")] = 50,
    by: Annotated[
        By, typer.Option(help="doubt: bài máy phân vân nhất, để dạy; chance: lấy ngẫu nhiên, để chấm.")
    ] = "doubt",
    data: DataOption = None,
) -> None:
    """Nên gán nhãn bài nào: in các bài chưa ai gán, mỗi vụ việc một bài; điền nhãn vào rồi `labels import`."""
    with opened(data) as installation:
        for each in suggested(installation.engine, installation.archive, task, limit, by):
            print_line(each.as_json(task))


def _counted(name: str, items: list[Item]) -> dict[str, Any]:
    texts = [item.document.text for item in items if item.has_text][:_COMPARED]
    twins = {place for pair in near_duplicates(texts) for place in pair} if texts else set()
    return {
        "file": name,
        "items": len(items),
        "with_text": len(texts),
        "unaccented": sum(map(is_unaccented, texts)),
        "near_duplicates": {"texts": len(twins), "share": round(len(twins) / max(1, len(texts)), 4)},
        "unsure": sum(not item.sure for item in items),
        "kinds": _counts(item.kind for item in items),
        "relevance": _counts(str(item.relevance) for item in items if item.relevance is not None),
        "topics": _counts(topic for item in items for topic in item.topics),
        "sentiment": _counts(str(item.sentiment) for item in items if item.sentiment),
        "labels": _counts(label for item in items for label in item.labels),
    }


def _counts(labels: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(labels).items(), key=lambda pair: (-pair[1], pair[0])))


def _print(found: dict[str, Any]) -> None:
    twins = found["near_duplicates"]
    said.print(
        f"{found['file']}: {found['items']} bài, {found['with_text']} có văn bản ({found['unaccented']} gõ không dấu), "
        f"{found['unsure']} nhãn chưa chắc; gần như chép lại nhau: {twins['texts']} bài "
        f"({words.percent(twins['share'])} %)",
        markup=False,
    )
    rows = [
        (words.LABELLED[task], words.label(task, name), str(count))
        for task in ("relevance", "topics", "sentiment", "labels")
        for name, count in found[task].items()
    ]
    print_table("", ("bộ nhãn", "nhãn", "bài"), rows)


def _items(path: Path) -> list[Item]:
    try:
        return [read_item(record, path.stem) for _, record in read_records(path)]
    except ValueError as error:
        raise UsageError(str(error) if isinstance(error, DataError) else f"{path}: {error}") from error


def _by_key(path: Path) -> dict[str, Item]:
    return {item.url or item.id: item for item in _items(path)}
