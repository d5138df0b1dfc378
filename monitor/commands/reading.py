"""Commands that read: search, export, issues, stories."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from index.port import Filters
from monitor.archive import utc_now
from monitor.commands.common import (
    DataOption,
    FromOption,
    JsonOption,
    ToOption,
    UsageError,
    app,
    opened,
    print_json,
    print_table,
    progress_bar,
    said,
    wants_json,
)
from monitor.export import FORMATS
from monitor.export import export as write_export
from monitor.records import page_record, story_record
from monitor.text_changes import Edit, edits
from monitor.wording import number, rfc3339, when

LimitOption = Annotated[int, typer.Option(min=1, max=1000, help="Nhiều nhất bao nhiêu kết quả.")]


@app.command()
def search(
    query: Annotated[str, typer.Argument(help='Câu tìm, ví dụ: sạt lở AND "quốc lộ 9" NOT diễn tập')],
    sort: Annotated[
        Literal["newest", "relevance"], typer.Option(help="Mới nhất trước, hay sát nhất trước.")
    ] = "newest",
    limit: LimitOption = 20,
    since: FromOption = None,
    until: ToOption = None,
    cursor: Annotated[str | None, typer.Option(help="Trang sau: giá trị `next` của lần trước.")] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Tìm trong các lượt nhắc."""
    with opened(data) as installation:
        filters = Filters(since=since, until=until)
        page = installation.index.search(
            installation.naming.query(query), filters, sort=sort, limit=limit, cursor=cursor
        )
        names = {hit.mention.source: installation.source_name(hit.mention.source) for hit in page.items}
    if wants_json(json):
        print_json(page_record(page))
        return
    now = utc_now()
    rows = (
        (when(m.published_at, now), names[m.source], m.sentiment or "", m.title or hit.snippet.text, m.url)
        for hit in page.items
        for m in [hit.mention]
    )
    print_table(f"{number(page.total)} lượt nhắc", ("lúc", "nguồn", "sắc thái", "tiêu đề", "địa chỉ"), rows)


@app.command()
def export(
    query: Annotated[str, typer.Argument(help='Câu tìm như của lệnh search; "" là tất cả.')],
    out: Annotated[Path, typer.Option(metavar="FILE", dir_okay=False, help="Tệp .csv hoặc .xlsx sẽ ghi.")],
    since: FromOption = None,
    until: ToOption = None,
    data: DataOption = None,
) -> None:
    """Xuất mọi lượt nhắc tìm được ra tệp CSV hoặc XLSX, mới nhất trước."""
    format = next((each for each in FORMATS if out.suffix.lower() == f".{each}"), None)
    if format is None:
        raise UsageError(f"tên tệp phải kết thúc bằng .csv hoặc .xlsx, không phải {out.name}")
    if not out.parent.is_dir():
        raise UsageError(f"không có thư mục {out.parent}")
    with opened(data) as installation:
        filters = Filters(since=since, until=until)
        total = installation.index.count(installation.naming.query(query), filters)
        with progress_bar() as bar:
            task = bar.add_task("Đang xuất", total=total)
            done = write_export(installation, query, filters, out, format, lambda n: bar.update(task, completed=n))
    said.print(f"{number(done)} lượt nhắc trong {out}", markup=False)


@app.command()
def stories(
    since: FromOption = None,
    until: ToOption = None,
    limit: LimitOption = 200,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Các vụ việc được nhắc trong khoảng thời gian."""
    with opened(data) as installation:
        found = installation.annotations.stories_between(since, until, limit)
    if wants_json(json):
        print_json([story_record(story) for story in found])
        return
    now = utc_now()
    rows = ((number(s.mentions), s.title, when(s.first_at, now), when(s.last_at, now)) for s in found)
    print_table("Vụ việc", ("lượt nhắc", "vụ việc", "từ", "đến"), rows)


@app.command()
def revisions(
    post: Annotated[str, typer.Argument(metavar="ID", help="Mã của bài, như `duluan search` cho biết.")],
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Một bài đã được sửa thế nào, và còn hay đã bị gỡ."""
    with opened(data) as installation:
        found = installation.archive.get([post]).get(post)
        if found is None:
            raise UsageError(f"không có bài {post!r} trong kho lưu")
        told = edits(found, installation.archive.revisions(post))
    if wants_json(json):
        print_json(
            {
                "id": post,
                "url": found.post.url,
                "withdrawn_at": rfc3339(found.withdrawn_at) if found.withdrawn_at else None,
                "revisions": [_edit(each) for each in told],
            }
        )
        return
    now, signs = utc_now(), {"same": "", "removed": "− ", "added": "+ "}
    if found.withdrawn_at:
        said.print(f"Đã gỡ, thấy lúc {when(found.withdrawn_at, now)}; bản lưu vẫn còn.", markup=False)
    rows = (
        (when(each.revision.replaced_at, now), change.part, signs[change.operation] + change.text)
        for each in told
        for change in each.changes
    )
    print_table(f"Đã sửa {number(len(told))} lần", ("lúc", "phần", "thay đổi"), rows)


def _edit(edit: Edit) -> dict[str, Any]:
    changes = [{"part": c.part, "operation": c.operation, "text": c.text} for c in edit.changes]
    revision = edit.revision
    return {
        "number": revision.number,
        "title": revision.title,
        "replaced_at": rfc3339(revision.replaced_at),
        "changes": changes,
    }
