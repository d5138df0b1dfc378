"""Commands on texts and models: extract, annotate, cluster, train, predict."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

import typer

from crawlers.imports import Rejected, read_posts
from crawlers.post import Post
from crawlers.source import REGISTRY, Source, load_sources
from monitor.archive import post_id, utc_now
from monitor.commands.common import DataOption, UsageError, app, print_json, print_line, said, settings_for, warn
from monitor.settings import Settings
from nlp.annotation import Document

if TYPE_CHECKING:
    from nlp.linear import LinearModel

InputFile = Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)]
BATCH = 256


@app.command()
def extract(file: InputFile, url: Annotated[str | None, typer.Option(help="Địa chỉ của trang.")] = None) -> None:
    """Rút bài từ trang HTML đã lưu: một tệp với --url, hoặc danh sách LIST.jsonl gồm các dòng {file, url}."""
    sources = load_sources(Settings().sources or REGISTRY)
    if url:
        if not url.startswith(("http://", "https://")) or not urlsplit(url).hostname:
            raise UsageError(f"{url!r} không phải là địa chỉ trang; địa chỉ bắt đầu bằng http:// hoặc https://")
        print_json(_extracted(file, url, sources))
    elif file.suffix == ".jsonl":
        _extract_list(file, sources)
    else:
        raise UsageError("hãy cho --url, hoặc một tệp .jsonl gồm các dòng {file, url}")


def _extract_list(file: Path, sources: dict[str, Source]) -> None:
    failed = 0
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            print_line(_extracted(file.parent / entry["file"], entry["url"], sources))
        except (ValueError, KeyError, TypeError, OSError) as error:
            failed += 1
            warn(f"{file}:{number}: {error}")
            print_line({"url": None, "error": str(error)})
    if failed:
        raise typer.Exit(1)


def _extracted(file: Path, url: str, sources: dict[str, Source]) -> dict[str, Any]:
    from crawlers.extract import extract as extract_post
    from crawlers.saved import source_of

    return extract_post(read_saved(file), url, source_of(url, sources.values())).as_json()


def read_saved(file: Path) -> bytes:
    """A saved page, unpacked when its name ends in .gz."""
    return gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()


@app.command()
def annotate(file: InputFile, data: DataOption = None) -> None:
    """Phân tích từng bài của một tệp JSONL, CSV hoặc XLSX; mỗi bài một dòng kết quả, đúng thứ tự."""
    from monitor.installation import load_annotator

    annotator, reading = load_annotator(settings_for(data)), _Reading(file)
    posts = iter(reading)
    while batch := list(islice(posts, BATCH)):
        documents = [_document(post) for post in batch]
        for annotation in annotator.settle(
            documents, annotator.annotate_many(documents, everything=True), relevant=True
        ):
            print_line(annotation.as_json())
    reading.end()


@app.command()
def cluster(file: InputFile, data: DataOption = None) -> None:
    """Gom bài của một tệp thành vụ việc: mỗi bài một dòng {id, story_id, duplicate_of}."""
    from monitor.installation import load_annotator
    from nlp.stories import cluster as cluster_items
    from nlp.stories import story_item

    annotator, reading, now = load_annotator(settings_for(data)), _Reading(file), utc_now()
    posts = list(reading)
    annotations = annotator.annotate_many(map(_document, posts))
    items = [
        story_item(_document(post), post.published_at or now, annotation, annotator.province)
        for post, annotation in zip(posts, annotations, strict=True)
    ]
    for assigned in cluster_items(items):
        print_line({"id": assigned.id, "story_id": assigned.story_id, "duplicate_of": assigned.duplicate_of})
    reading.end()


@app.command()
def train(
    task: Annotated[Literal["relevance", "topics", "sentiment"], typer.Argument(help="Bộ phân loại cần huấn luyện.")],
    data: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="JSONL: {id, title, body, labels hoặc label}.")
    ],
    out: Annotated[Path, typer.Option(file_okay=False, help="Thư mục ghi mô hình và thẻ mô hình.")],
    base: Annotated[
        str | None,
        typer.Option(
            metavar="DIR|shipped", help="Dạy thêm cho mô hình này thay vì học từ đầu; shipped: mô hình kèm theo."
        ),
    ] = None,
) -> None:
    """Huấn luyện một bộ phân loại trên nhãn của mình, bộ nhãn nào cũng được.

    Điểm in ra là điểm trên những bài được giữ lại, không dùng để học. Với vài chục nhãn cùng bộ nhãn của hệ thống,
    dùng --base shipped. So với mô hình đang dùng: duluan evaluate DIR --against CŨ.
    """
    from nlp.train import DataError, train_task

    try:
        with said.status("Đang huấn luyện…"):
            card = train_task(task, data, out, _base(task, base) if base else None)
    except DataError as error:
        raise UsageError(str(error)) from error
    print_json(card)


def _base(task: Literal["relevance", "topics", "sentiment"], name: str) -> LinearModel:
    """The model to go on from. Raises ModelError when the folder holds none."""
    from nlp.linear import load
    from nlp.train import SHIPPED, shipped_folder

    if name != SHIPPED:
        return load(Path(name))
    if task == "relevance":
        raise UsageError("mô hình relevance kèm theo không dạy thêm được; hãy huấn luyện từ đầu (bỏ --base)")
    return load(shipped_folder(task))


@app.command()
def predict(
    model: Annotated[Path, typer.Argument(metavar="DIR", exists=True, file_okay=False, help="Thư mục mô hình.")],
    file: InputFile,
) -> None:
    """Cho nhãn từng dòng của một tệp JSONL bằng mô hình đã huấn luyện, nhãn chắc nhất trước."""
    from nlp.linear import ModelError
    from nlp.train import DataError
    from nlp.train import predict as predict_lines

    try:
        for line in predict_lines(model, file):
            print_line(line)
    except (DataError, ModelError) as error:
        raise UsageError(str(error)) from error


class _Reading:
    """Posts of an input file in order; bad lines are said as they come and make the command end with 1."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._rejected = 0

    def __iter__(self) -> Iterator[Post]:
        for item in read_posts(self._file):
            if isinstance(item, Rejected):
                self._rejected += 1
                warn(f"{item.file}:{item.line}: {item.reason}")
            else:
                yield item.post

    def end(self) -> None:
        if self._rejected:
            raise typer.Exit(1)


def _document(post: Post) -> Document:
    id = post.id or post_id(post.canonical_url)
    return Document(id=id, title=post.title, lead=post.lead, body=post.body, kind=post.kind)
