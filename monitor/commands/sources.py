"""Commands for who adds a source: look at it once, try a saved page, list candidates."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from crawlers.probe import Report, try_page
from crawlers.saved import source_of
from crawlers.source import REGISTRY, Source, load_candidates, load_sources
from monitor.archive import utc_now
from monitor.commands.common import (
    DataOption,
    JsonOption,
    UsageError,
    app,
    print_json,
    print_table,
    said,
    settings_for,
    wants_json,
)
from monitor.commands.learning import InputFile, read_saved
from monitor.settings import Settings
from monitor.wording import number, rfc3339, when

source_app = typer.Typer(no_args_is_help=True, help="Thử một nguồn tin trước khi theo dõi nó.")
app.add_typer(source_app, name="source")
WAYS = {"feeds": "RSS", "sitemaps": "sitemap", "listings": "trang danh mục"}


@source_app.command()
def check(
    source: Annotated[str, typer.Argument(metavar="ID|URL", help="Mã nguồn trong danh mục, hoặc địa chỉ trang chủ.")],
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Tải thử một lần, đúng phép lịch sự, và cho biết tìm thấy gì: robots, RSS, sitemap, họ giao diện, một bài mẫu."""
    from crawlers.probe import probe
    from crawlers.run import CrawlSettings, run

    settings = settings_for(data)
    known = _known(settings).get(source)
    url = known.home if known else source
    if not _is_address(url):
        raise UsageError(f"không có nguồn {source!r}; cho mã trong danh mục hoặc địa chỉ bắt đầu bằng https://")
    limits = CrawlSettings(contact=settings.contact, allow_private=settings.allow_private)
    with said.status(f"Đang xem {url}…"):
        report = run(probe(url, known, limits))
    _show(report, json, new=known is None)


@source_app.command("try")
def try_command(
    file: InputFile,
    url: Annotated[str, typer.Option(help="Địa chỉ của trang đã lưu.")],
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Thử trên một trang đã lưu, không dùng mạng."""
    if not _is_address(url):
        raise UsageError(f"{url!r} không phải là địa chỉ trang")
    known = _known(settings_for(data))
    _show(try_page(read_saved(file), url, source_of(url, known.values())), json, new=False)


@source_app.command()
def candidates(data: DataOption = None, json: JsonOption = False) -> None:
    """Những trang suy ra theo mẫu (cổng xã, phường, sở), chưa ai kiểm chứng nên chưa thu thập."""
    found = load_candidates(settings_for(data).sources or REGISTRY)
    if wants_json(json):
        items = [{"id": each.id, "name": each.name, "home": each.home, "grade": each.grade} for each in found.values()]
        print_json({"items": items, "total": len(items)})
        return
    rows = ((each.id, each.name, each.grade or "", each.note) for each in found.values())
    print_table("Chưa kiểm chứng", ("mã", "tên", "hạng", "ghi chú"), rows)


def _known(settings: Settings) -> dict[str, Source]:
    registry = settings.sources or REGISTRY
    return load_candidates(registry) | load_sources(registry)


def _is_address(url: str) -> bool:
    try:
        return url.startswith(("http://", "https://")) and bool(urlsplit(url).hostname)
    except ValueError:
        return False


def _show(report: Report, json: bool, *, new: bool) -> None:
    if wants_json(json):
        print_json(_record(report, new))
    else:
        _table(report, new)
    if report.problems:
        raise typer.Exit(1)


def _record(report: Report, new: bool) -> dict[str, Any]:
    ways = [
        {
            "kind": way.kind,
            "url": way.url,
            "articles": way.articles,
            "newest": rfc3339(way.newest) if way.newest else None,
            "problem": way.problem,
        }
        for way in report.ways
    ]
    return {
        "url": report.url,
        "id": report.id or None,
        "proven": report.proven,
        "problems": report.problems,
        "robots": report.robots,
        "family": report.declared_family,
        "families": report.families,
        "discovery": ways,
        "sample": report.sample.as_json() if report.sample else None,
        "requests": report.requests,
        "record": report.record() if new else None,
    }


def _table(report: Report, new: bool) -> None:
    now, sample = utc_now(), report.sample
    rows = [("robots.txt", report.robots)] if report.robots else []
    for way in report.ways:
        newest = f", mới nhất {when(way.newest, now)}" if way.newest else ""
        rows.append((WAYS[way.kind], f"{way.url}: {way.problem or number(way.articles) + ' bài' + newest}"))
    rows.append(("họ giao diện", ", ".join(report.families) or "không nhận ra"))
    if sample is not None:
        rows += [
            ("bài mẫu", sample.url),
            ("tiêu đề", sample.title),
            ("đoạn dẫn", sample.lead),
            ("thân bài", f"{number(len(sample.body))} ký tự, kết: {sample.body[-120:]}"),
            ("tác giả", sample.author or ""),
            ("lúc đăng", when(sample.published_at, now) if sample.published_at else "không rõ"),
            ("đọc bằng", f"{sample.method}, chất lượng {sample.quality.score:g} {' '.join(sample.quality.reasons)}"),
        ]
    rows += [("vấn đề", problem) for problem in report.problems]
    print_table(report.url, ("", "tìm thấy"), rows)
    if new and (record := report.record()):
        said.print("\nBản ghi để thêm vào danh mục:\n", style="bold")
        said.print(record, markup=False, highlight=False)
