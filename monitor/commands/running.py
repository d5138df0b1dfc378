"""Commands that run the product and say how it is: demo, up, status, sources, config."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from monitor.archive import utc_now
from monitor.commands.common import (
    DataOption,
    JsonOption,
    app,
    data_given,
    opened,
    plain,
    print_json,
    print_table,
    said,
    settings_for,
    wants_json,
)
from monitor.health.breaker import STATE_WORDS as BREAKER_WORDS
from monitor.settings import in_force
from monitor.status import STATE_WORDS, SourceStatus, source_statuses, status
from monitor.wording import number, when


@app.command()
def demo(
    data: DataOption = None,
    port: Annotated[int | None, typer.Option(help="Cổng của bảng điều khiển.")] = None,
    sandbox_port: Annotated[
        int | None, typer.Option(min=1, max=65500, help="Cổng đầu tiên của các trang web trong hộp cát.")
    ] = None,
) -> None:
    """Chạy thử: một tỉnh thu nhỏ trên máy này và hệ thống theo dõi nó; in địa chỉ bảng điều khiển."""
    from monitor import running

    settings = settings_for(data)
    running.demo(
        settings if port is None else settings.model_copy(update={"port": port}),
        said,
        sandbox_port=sandbox_port or running.SANDBOX_PORT,
    )


@app.command()
def up(data: DataOption = None) -> None:
    """Chạy hệ thống: bảng điều khiển, bộ xử lý và lịch thu thập, dưới một tiến trình trông coi."""
    from monitor import running

    running.up(settings_for(data), said)


@app.command(hidden=True)
def worker(data: DataOption = None) -> None:
    """Chạy riêng bộ xử lý (lệnh `up` gọi lệnh này)."""
    from monitor.worker import main

    main(settings_for(data))


@app.command("status")
def status_command(data: DataOption = None, json: JsonOption = False) -> None:
    """Cái gì đang chạy, cái gì đang chờ."""
    with opened(data) as installation:
        found = status(installation)
    if wants_json(json):
        print_json(plain(asdict(found)))
        return
    now = utc_now()
    for process in found.processes:
        alive = "đang chạy" if process.alive else f"không thấy từ {when(process.beat_at, now)}"
        said.print(f"{process.name} (pid {process.pid}): {alive}, {process.doing}", markup=False)
    if not found.processes:
        said.print("Chưa có tiến trình nào chạy: dùng `duluan up` hoặc `duluan demo`.")
    words = {"new": "đang chờ", "annotated": "đã phân tích", "irrelevant": "không liên quan", "failed": "lỗi"}
    rows = [(words[name], number(count)) for name, count in found.outcomes.items()]
    rows += [
        ("trong chỉ mục", number(found.indexed)),
        ("nguồn bình thường", f"{found.sources_ok}/{found.sources_watched}"),
    ]
    print_table("Kho lưu", ("mục", "số bài"), rows)


@app.command()
def sources(data: DataOption = None, json: JsonOption = False) -> None:
    """Sức khỏe của từng nguồn tin."""
    with opened(data) as installation:
        found = source_statuses(installation)
    if wants_json(json):
        print_json({"items": [plain(asdict(source)) for source in found], "total": len(found)})
        return
    print_table(
        "Nguồn tin",
        ("nguồn", "tình trạng", "lần tốt cuối", "bài mới nhất", "24 giờ/thường", "gặp", "lưu", "liên quan"),
        map(_row, found),
    )


def _row(source: SourceStatus) -> tuple[str, ...]:
    now = utc_now()
    state = STATE_WORDS[source.state] + (f": {source.message}" if source.message else "")
    state += f" ({BREAKER_WORDS[source.breaker]})" if source.breaker != "closed" else ""
    last = when(source.last_success_at, now) if source.last_success_at else "chưa có"
    newest = when(source.newest_post_at, now) if source.newest_post_at else "chưa có"
    figures = source.figures
    usual = "?" if figures.expected is None else number(round(figures.expected))
    counts = (number(figures.discovered), number(source.posts), number(source.relevant))
    return source.name, state, last, newest, f"{number(figures.recent)}/{usual}", *counts


@app.command()
def config(data: DataOption = None, json: JsonOption = False) -> None:
    """Cấu hình đang có hiệu lực và nó đến từ đâu."""
    found = list(in_force(settings_for(data), data_given=data_given(data)))
    if wants_json(json):
        print_json({s.name: {"value": s.value, "origin": s.origin, "description": s.description} for s in found})
        return
    print_table(
        "Cấu hình",
        ("tên", "giá trị", "nguồn gốc", "ý nghĩa"),
        ((s.name, s.value, s.origin, s.description) for s in found),
    )
