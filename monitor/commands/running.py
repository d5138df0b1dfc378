"""Commands that run the product and say how it is: demo, up, status, sources, config."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated

import typer

from monitor import first_stage
from monitor.archive import utc_now
from monitor.commands.common import (
    DataOption,
    JsonOption,
    UsageError,
    app,
    data_given,
    opened,
    plain,
    print_json,
    print_table,
    said,
    settings_for,
    wants_json,
    warn,
)
from monitor.first_stage import FirstStageFigures
from monitor.health.breaker import STATE_WORDS as BREAKER_WORDS
from monitor.index_status import IndexStatus
from monitor.settings import in_force
from monitor.status import STATE_WORDS, SourceStatus, source_statuses, status
from monitor.wording import decimal, number, percent, when

FOUR_WEEKS = timedelta(days=28)


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
        ("trong chỉ mục", "chỉ mục đang gián đoạn" if found.indexed is None else number(found.indexed)),
        ("chờ vào chỉ mục", number(found.index.waiting)),
        ("nguồn bình thường", f"{found.sources_ok}/{found.sources_watched}"),
        ("cảnh báo chưa nhận", number(found.alerts.open)),
        ("cảnh báo không gửi được", number(found.alerts.dead)),
    ]
    if (waited := found.alerts.seconds_to_screen) is not None:
        rows.append((f"giây từ lúc đăng đến màn hình, 95 % của {found.alerts.measured} cảnh báo", decimal(waited)))
    print_table("Kho lưu", ("mục", "số bài"), rows)
    for line in _about_index(found.index, now):
        warn(line)


def _about_index(index: IndexStatus, now: datetime) -> Iterator[str]:
    """What a person should know of the index besides its figures."""
    if index.state == "away":
        since = f" từ {when(index.problem_since, now)}" if index.problem_since else ""
        yield f"Chỉ mục đang gián đoạn{since}: {index.problem} Bài vẫn được thu thập và phân tích, không mất gì."
    if index.waiting and index.oldest_waiting_at:
        yield f"{number(index.waiting)} thay đổi chờ vào chỉ mục, lâu nhất từ {when(index.oldest_waiting_at, now)}."
    if index.refused:
        yield f"{number(index.refused)} lượt nhắc bị chỉ mục từ chối: xem bằng `duluan index verify`."
    if index.building_total:
        done = index.building_total - index.building_left
        yield f"Đang lập lại chỉ mục: {number(max(0, done))}/{number(index.building_total)} lượt nhắc."


@app.command()
def sources(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[MÃ]...", help="Chỉ những nguồn này, với mọi số liệu.")
    ] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Sức khỏe của từng nguồn tin."""
    with opened(data) as installation:
        if unknown := sorted(set(ids or ()) - set(installation.sources)):
            raise UsageError(f"không có nguồn {', '.join(unknown)}; xem `duluan sources`")
        found = [each for each in source_statuses(installation) if not ids or each.id in ids]
        left = sum(first_stage.figures(installation.engine, utc_now() - FOUR_WEEKS).values(), FirstStageFigures())
    if wants_json(json):
        items = [plain(asdict(source)) for source in found]
        print_json({"items": items, "total": len(found), "first_stage": asdict(left) | {"lost": left.lost}})
        return
    for source in found if ids else ():
        print_table(source.name, ("28 ngày", ""), _details(source))
    if ids:
        return
    print_table(
        "Nguồn tin",
        ("nguồn", "tình trạng", "lần tốt cuối", "bài mới nhất", "24 giờ/thường", "gặp", "lưu", "liên quan"),
        map(_row, found),
    )
    if left.skipped:
        said.print(f"4 tuần qua, {left.sentence}")


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


def _details(source: SourceStatus) -> Iterator[tuple[str, str]]:
    """Every figure of one source's health."""
    now, figures = utc_now(), source.figures
    yield "tình trạng", _row(source)[1]
    for name, at in (
        ("lần thu thập cuối", source.last_run_at), ("lần tốt cuối", source.last_success_at),
        ("lần cuối có bài mới", source.last_new_at), ("bài mới nhất", source.newest_post_at),
        ("lần tới", source.due_at),
    ):  # fmt: skip
        yield name, when(at, now) if at else "chưa có"
    usual, expected = (("chưa rõ" if rate is None else decimal(rate)) for rate in (figures.usual, figures.expected))
    yield "bài một ngày làm việc", usual
    yield "bài 24 giờ qua / thường", f"{number(figures.recent)} / {expected}"
    yield "gặp / lưu / liên quan", " / ".join(map(number, (figures.discovered, figures.archived, source.relevant)))
    yield "bỏ qua theo tiêu đề", number(figures.passed_over)
    yield "bị từ chối / robots.txt không cho", f"{number(figures.refused)} / {number(figures.robots)}"
    for name, share in (
        ("yêu cầu không đổi (304)", figures.unchanged), ("bài đọc đúng quy tắc của trang", figures.by_rule),
        ("trang không có bài", figures.empty),
    ):  # fmt: skip
        yield name, "chưa rõ" if share is None else percent(share)
    yield "yêu cầu", number(figures.requests)
    yield "trả lời sau", "chưa rõ" if figures.latency is None else f"{number(round(figures.latency * 1000))} mili giây"
    yield "hỏi mỗi", f"{decimal(source.asked_every_minutes)} phút"


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
