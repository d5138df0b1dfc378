"""Commands on texts and models: extract, annotate, cluster, train, predict."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from crawlers.source import REGISTRY, load_sources
from monitor.commands.common import UsageError, app, print_json, print_line, settings_for, warn
from nlp.annotation import Document

InputFile = Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)]
BATCH = 256


@app.command()
def extract(
    file: InputFile,
    url: Annotated[str | None, typer.Option(help="Địa chỉ của trang.")] = None,
) -> None:
    """Rút bài từ trang HTML đã lưu: một tệp với --url, hoặc danh sách LIST.jsonl gồm các dòng {file, url}."""
    if url:
        print_json(_extracted(file, url))
    elif file.suffix == ".jsonl":
        _extract_list(file)
    else:
        raise UsageError("hãy cho --url, hoặc một tệp .jsonl gồm các dòng {file, url}")


def _extract_list(file: Path) -> None:
    failed = 0
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            print_line(_extracted(file.parent / entry["file"], entry["url"]))
        except (ValueError, KeyError, TypeError, OSError) as error:
            failed += 1
            warn(f"{file}:{number}: {error}")
            print_line({"url": None, "error": str(error)})
    if failed:
        raise typer.Exit(1)


def _extracted(file: Path, url: str) -> dict[str, Any]:
    from crawlers.saved import read_page, source_of

    from crawlers.extract import extract

    return extract(read_page(file), url, source_of(url, load_sources(REGISTRY))).as_json()


@app.command()
def annotate(file: InputFile) -> None:
    """Phân tích từng bài của một tệp JSONL hoặc CSV; mỗi dòng ra một kết quả, đúng thứ tự."""
    from nlp.annotate import Annotator

    annotator = Annotator.load(settings_for(None).province)
    posts = _posts(file)
    while batch := list(islice(posts, BATCH)):
        documents = [Document(id=p.id or "", title=p.title, lead=p.lead, body=p.body, kind=p.kind) for p in batch]
        for annotation in annotator.annotate_many(documents, everything=True):
            print_line(annotation.as_json())
    posts.close()


@app.command()
def cluster(file: InputFile) -> None:
    """Gom bài của một tệp thành vụ việc: id, story_id, duplicate_of trên từng dòng."""
