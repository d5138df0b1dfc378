"""Commands that look after the index: reindex, index verify."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from monitor.commands.common import (
    DataOption,
    JsonOption,
    UsageError,
    app,
    opened,
    print_json,
    print_table,
    progress_bar,
    said,
    wants_json,
    warn,
)
from monitor.reindex import AlreadyRunning
from monitor.reindex import reindex as build_anew
from monitor.verify import Differences, repair
from monitor.verify import verify as compare
from monitor.wording import decimal, number

SHOWN = 10  # ids of each kind that are named to people

index_app = typer.Typer(help="Chỉ mục: đối chiếu với kho lưu.", no_args_is_help=True)
app.add_typer(index_app, name="index")


@app.command()
def reindex(
    again: Annotated[bool, typer.Option(help="Bỏ phần dở dang của lần trước và làm lại từ đầu.")] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Lập lại chỉ mục từ kho lưu trong khi chỉ mục cũ vẫn phục vụ, rồi chuyển sang trong tích tắc."""
    with opened(data) as installation, progress_bar() as bar:
        task = bar.add_task("Đang lập lại chỉ mục", total=None)
        try:
            done = build_anew(
                installation, lambda done, total: bar.update(task, completed=done, total=total), again=again
            )
        except AlreadyRunning as error:
            raise UsageError(str(error)) from error
    if wants_json(json):
        print_json(asdict(done))
    rows = [
        ("lượt nhắc", number(done.mentions)),
        ("bị từ chối", number(done.refused)),
        ("giây", decimal(done.seconds)),
        ("làm tiếp lần trước", "có" if done.resumed else "không"),
    ]
    print_table("Đã lập lại chỉ mục", ("mục", "số"), rows, to=said)
    if done.refused:
        raise typer.Exit(1)


@index_app.command("verify")
def verify(
    mend: Annotated[bool, typer.Option("--repair", help="Sửa những chỗ khác nhau.")] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Đối chiếu chỉ mục với kho lưu: thiếu, thừa, cũ, trùng, sai tháng. Thoát với mã 1 khi còn khác nhau."""
    with opened(data) as installation, progress_bar() as bar:
        task = bar.add_task("Đang đối chiếu", total=None)
        found = compare(installation, lambda count: bar.advance(task, count))
        left = found
        if mend and not found.sound:
            bar.update(task, description="Đang sửa")
            repair(installation, found)
            bar.update(task, description="Đang đối chiếu lại")
            left = compare(installation, lambda count: bar.advance(task, count))
    if wants_json(json):
        print_json({**asdict(found), "sound": left.sound, "repaired": mend and not found.sound and left.sound})
    _tell(found)
    if found is not left:
        said.print("Đã sửa: chỉ mục khớp với kho lưu." if left.sound else "Chưa sửa hết:", style="bold")
        if not left.sound:
            _tell(left)
    if not left.sound:
        raise typer.Exit(1)


def _tell(found: Differences) -> None:
    kinds = {
        "thiếu trong chỉ mục": found.missing,
        "thừa trong chỉ mục": found.extra,
        "khác kho lưu": found.stale,
        "lưu hai lần": found.doubled,
        "nằm sai tháng": found.misplaced,
        "bị chỉ mục từ chối": list(found.refused),
    }
    rows = [("đã đối chiếu", number(found.checked), "")]
    rows += [(name, number(len(ids)), ", ".join(ids[:SHOWN])) for name, ids in kinds.items()]
    rows.append(("sẽ tự khớp khi sổ thay đổi được xử lý", number(found.waiting), ""))
    print_table("Đối chiếu chỉ mục", ("mục", "số", "bài"), rows, to=said)
    for problem in found.problems:
        warn(f"Tệp hoặc cụm chỉ mục có lỗi: {problem}")
    for id, reason in list(found.refused.items())[:SHOWN]:
        warn(f"{id}: {reason}")
