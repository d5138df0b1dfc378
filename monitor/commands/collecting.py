"""Commands that bring posts in and take them through: crawl, ingest, import, process, extract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from crawlers.imports import Rejected, read_posts
from crawlers.post import Post
from crawlers.saved import SavedPage, is_warc, posts_from_files
from crawlers.sink import CrawlResult
from monitor.archive import Archive, IdTaken
from monitor.commands.common import (
    DataOption,
    Files,
    JsonOption,
    UsageError,
    app,
    opened,
    print_json,
    print_line,
    print_table,
    progress_bar,
    said,
    warn,
)
from monitor.links import fetch_links
from monitor.process import Processor
from monitor.status import STATE_WORDS
from monitor.warc import WarcIngest
from monitor.wording import number

VECTORS_FOR = 2.0  # seconds for sentence vectors of what was processed; the worker makes the others
BATCH = 500


@app.command()
def crawl(
    source: Annotated[list[str] | None, typer.Option(help="Chỉ thu thập nguồn này (lặp lại được).")] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Một lượt thu thập lịch sự các nguồn đến hạn (hoặc các nguồn được nêu) vào kho lưu."""
    from crawlers.run import run
    from monitor.collect import collect, due_sources

    with opened(data) as installation:
        if unknown := sorted(set(source or []) - set(installation.sources)):
            raise UsageError(f"không có nguồn {', '.join(unknown)}; xem `duluan sources`")
        wanted = [installation.sources[id] for id in source] if source else due_sources(installation)
        with progress_bar() as bar:
            task = bar.add_task("Đang thu thập", total=len(wanted))
            results = run(collect(installation, wanted, lambda _: bar.advance(task)))
            if not source:
                run(fetch_links(installation))
    if json:
        print_json([{"source": r.source, "state": r.state, "message": r.message, "new": r.new} for r in results])
    print_table(
        "Thu thập", ("nguồn", "tình trạng", "mới", "sửa", "không đổi", "yêu cầu", "304"), map(_row, results), to=said
    )
    if any(result.state in ("failing", "blocked", "needs_key") for result in results):
        raise typer.Exit(1)


def _row(result: CrawlResult) -> tuple[str, ...]:
    word = STATE_WORDS[result.state]
    state = f"{word}: {result.message}" if result.message not in ("", word) else word
    counts = (result.new, result.revised, result.unchanged, result.requests, result.not_modified)
    return result.source, state, *map(number, counts)


@app.command()
def ingest(
    files: Files,
    url: Annotated[str | None, typer.Option(help="Địa chỉ gốc của trang (khi chỉ có một tệp).")] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Chỉ lấy trang của tên miền này (lặp lại được), với WARC.")
    ] = None,
    again: Annotated[bool, typer.Option(help="Đọc lại tệp WARC từ đầu, kể cả khi đã đọc xong.")] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Đưa trang HTML đã lưu hoặc tệp WARC vào kho lưu; WARC đọc dở được đọc tiếp."""
    if url and len(files) > 1:
        raise UsageError("--url chỉ dùng được với một tệp")
    pages, stored = Counter[str](), Counter[str]()

    def seen(page: SavedPage) -> None:
        pages[page.kind] += 1
        if page.problem:
            warn(f"{page.file}: {page.url or 'không rõ địa chỉ'}: {page.problem}")
        if json:
            print_line(_page_record(page))

    with opened(data) as installation:
        for file in files:
            if is_warc(file):
                stored.update(_ingest_warc(WarcIngest(installation, file, only or ()), file, seen, again))
                continue
            for page in posts_from_files([file], url, installation.sources):
                seen(page)
                if page.posts:
                    stored.update(installation.archive.store_many(page.posts))
    _summary("Đã nhận", pages, stored)
    if pages["problem"]:
        raise typer.Exit(1)


def _ingest_warc(reading: WarcIngest, file: Path, seen: Callable[[SavedPage], None], again: bool) -> Counter[str]:
    known = reading.progress()
    if known.finished and not again:
        said.print(f"{file}: đã đọc xong trước đây ({number(known.records)} trang); --again để đọc lại", markup=False)
    elif known.offset and not again:
        said.print(f"{file}: đọc tiếp sau {number(known.records)} trang", markup=False)
    with progress_bar() as bar:
        task = bar.add_task(f"Đang đọc {file.name}", total=None)

        def tell(page: SavedPage) -> None:
            bar.advance(task)
            seen(page)

        return reading.run(tell, again=again)


def _page_record(page: SavedPage) -> dict[str, object]:
    links = [{"url": link.url, "title": link.title} for link in page.links]
    posts = [post.as_json() for post in page.posts]
    return {
        "file": str(page.file),
        "url": page.url,
        "kind": page.kind,
        "posts": posts,
        "links": links,
        "problem": page.problem,
    }


@app.command("import")
def import_command(files: Files, data: DataOption = None) -> None:
    """Đưa bài từ CSV, JSONL, XLSX vào kho lưu; dòng hỏng được nêu rõ, các dòng khác vẫn vào."""
    rejected = 0
    stored = Counter[str]()
    with opened(data) as installation, progress_bar() as bar:
        for file in files:
            task = bar.add_task(f"Đang nhập {file.name}", total=None)
            good: list[tuple[int, Post]] = []
            for item in read_posts(file):
                if isinstance(item, Rejected):
                    rejected += 1
                    warn(f"{item.file}:{item.line}: {item.reason}")
                    continue
                good.append((item.line, item.post))
                if len(good) == BATCH:
                    rejected += _store(installation.archive, file, good, stored)
                    good = []
                bar.advance(task)
            rejected += _store(installation.archive, file, good, stored)
    _summary("Đã nhập", Counter({"bị từ chối": rejected}), stored)
    if rejected:
        raise typer.Exit(1)


def _store(archive: Archive, file: Path, batch: list[tuple[int, Post]], stored: Counter[str]) -> int:
    """Stores a batch at once, or one by one when an id clashes. Returns how many were rejected."""
    try:
        stored.update(archive.store_many([post for _, post in batch]))
        return 0
    except IdTaken:
        rejected = 0
        for line, post in batch:
            try:
                stored[archive.store(post)] += 1
            except IdTaken as error:
                rejected += 1
                warn(f"{file}:{line}: {error}")
        return rejected


def _summary(title: str, *counters: Counter[str]) -> None:
    words = {
        "new": "bài mới",
        "revised": "bài có sửa",
        "unchanged": "không đổi",
        "article": "trang bài",
        "listing": "trang danh mục",
        "problem": "trang lỗi",
    }
    rows = [(words.get(name, name), number(count)) for counter in counters for name, count in counter.items()]
    print_table(title, ("loại", "số"), rows, to=said)


@app.command()
def process(
    data: DataOption = None,
    again: Annotated[bool, typer.Option(help="Phân tích lại toàn bộ kho, như sau khi đổi mô hình.")] = False,
    retry_failed: Annotated[bool, typer.Option(help="Thử lại cả những bài đã lỗi.")] = False,
) -> None:
    """Đưa mọi bài đang chờ qua phân tích, chỉ mục, vụ việc; dừng khi không còn bài chờ."""
    with opened(data) as installation:
        if again:
            installation.archive.process_again()
        if retry_failed:
            installation.archive.retry_failed()
        with progress_bar() as bar:
            task = bar.add_task("Đang xử lý", total=installation.archive.outcomes()["new"])
            done = Processor(installation).run(lambda count: bar.advance(task, count))
        if done.annotated:
            installation.meaning.fill(VECTORS_FOR)
        failed = installation.archive.failed(limit=20) if done.failed else []
    for post in failed:
        warn(f"{post.id} {post.post.url}: {post.reason}")
    rows = [
        ("đã phân tích", number(done.annotated)),
        ("không liên quan", number(done.irrelevant)),
        ("lỗi", number(done.failed)),
    ]
    print_table("Đã xử lý", ("kết quả", "số bài"), rows, to=said)
    if done.failed:
        raise typer.Exit(1)
