"""The models in use and their cards."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated, Any

import typer

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
from monitor.evaluating import words

_SHIPPED = "kèm theo"
_WEIGHTS = (".npz", ".npy", ".txt")


@app.command()
def models(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Chỉ thẻ của một mô hình: topics, sentiment, relevance…")
    ] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Các mô hình đang dùng: phiên bản, ngày, điểm, giấy phép, dung lượng; thẻ của một mô hình với tên nó."""
    found = _in_use(settings_for(data).data / "models")
    if name:
        card = next((each for each in found if each["name"] == name), None)
        if card is None:
            raise UsageError(f"không có mô hình {name!r}; có: {', '.join(each['name'] for each in found)}")
        found = [card]
    total = sum(each["bytes"] for each in found)
    if wants_json(json):
        print_json({"models": found, "bytes": total})
    elif name:
        _print_card(found[0])
    else:
        print_table("Mô hình đang dùng", ("mô hình", "từ", "phiên bản", "ngày", "điểm", "MB"), map(_row, found))
        said.print(f"Cộng {_megabytes(total)} MB", markup=False)


def _in_use(own: Path) -> list[dict[str, Any]]:
    """Every model with its card; those of the data folder in place of the shipped ones of the same name."""
    import nlp.models

    shipped = Path(nlp.models.__path__[0])
    folders = {path.parent.name: (path.parent, _SHIPPED) for path in sorted(shipped.glob("*/card.json"))}
    folders |= {path.parent.name: (path.parent, str(path.parent)) for path in sorted(own.glob("*/card.json"))}
    return [_model(name, folder, origin) for name, (folder, origin) in folders.items()]


def _model(name: str, folder: Path, origin: str) -> dict[str, Any]:
    try:
        card = jsonlib.loads((folder / "card.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{folder / 'card.json'}: không đọc được thẻ mô hình: {error}") from error
    size = sum(path.stat().st_size for path in folder.iterdir() if path.suffix in _WEIGHTS)
    return {"name": name, "from": origin, "bytes": size, "card": card}


def _row(model: dict[str, Any]) -> tuple[str, ...]:
    card = model["card"]
    task = words.TASKS.get(model["name"], model["name"])
    scores = "; ".join(f"{name} {words.percent(value)}" for name, value in _scores(card))
    told = (card.get("version", "-"), card.get("date", "-"), scores or "-", _megabytes(model["bytes"]))
    return (f"{model['name']} ({task})" if task != model["name"] else task, model["from"], *told)


def _scores(card: dict[str, Any]) -> list[tuple[str, float]]:
    """The figures of a card on what was held out: as `evaluate` counts them, or as `train` does."""
    scores = card.get("scores", {})
    held = scores.get("held_out", {}).get("scores", {})
    own = {name: value for name, value in scores.items() if isinstance(value, float)}
    found = {name: value["value"] for name, value in held.items() if "value" in value} or own
    return [(words.MEASURES[name], value) for name, value in found.items() if name in words.MEASURES]


def _print_card(model: dict[str, Any]) -> None:
    card = model["card"]
    said.print(f"{model['name']}, {model['from']}, {_megabytes(model['bytes'])} MB", markup=False)
    for field in ("task", "version", "date", "licence", "guideline", "split", "base"):
        if card.get(field) is not None:
            value = card[field]
            said.print(f"{field}: {value if isinstance(value, str) else jsonlib.dumps(value)}", markup=False)
    rows = [(each["file"], str(each["texts"]), each.get("licence", ""), each["sha256"]) for each in card["data"]]
    print_table("Dữ liệu", ("tệp", "văn bản", "giấy phép", "sha256"), rows)
    scores = card.get("scores", {})
    figures = _scores(card)
    print_table("Điểm trên phần giữ lại", ("chỉ số", "điểm"), [(name, words.percent(value)) for name, value in figures])
    slices = scores.get("held_out", scores).get("slices", [])
    print_table("Từng phần", ("phần", "bài", "điểm"), [_slice(each) for each in slices])


def _slice(found: dict[str, Any]) -> tuple[str, str, str]:
    figures = [
        f"{words.MEASURES[name]} {words.percent(value['value'] if isinstance(value, dict) else value)}"
        for name, value in found.items()
        if name in words.MEASURES
    ]
    named = f"{words.SLICES[found['slice']]}: {words.VALUES.get(found['value'], found['value'])}"
    return named, str(found.get("items", found.get("texts"))), "; ".join(figures)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.2f}".replace(".", ",")
