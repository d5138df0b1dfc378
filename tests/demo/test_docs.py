"""README and documents say what is so: links, commands and their options, settings, queries."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import typer

import monitor.cli
from bench._demo import ROOT
from index.query import parse
from monitor.commands.common import app
from monitor.settings import Settings

monitor.cli.load()
GUIDE = ROOT / "docs" / "huong-dan.md"
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.S)
COMMAND = re.compile(r"(?:^|[\s`/=|(])duluan ((?:[a-z]+|--data)\b[^\n`#|…]*)")
OF_TESTS = re.compile(r"DULUAN_(SCREENSHOTS|TEST_\w+)")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_link_inside_leads_somewhere(document: Path) -> None:
    broken = []
    for link in LINK.findall(re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.S)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, part = unquote(link).partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (part and part not in anchors(target)):
            broken.append(link)
    assert broken == []


def anchors(document: Path) -> set[str]:
    """The names under which headings can be linked, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_command_exists_with_its_options(document: Path) -> None:
    known_commands: dict[str, Any] = vars(typer.main.get_command(app))["commands"]
    wrong = []
    for line in commands(document):
        words = shlex.split(line)
        command = known_commands.get(words[0])
        while command is not None and (inside := vars(command).get("commands")) and len(words) > 1:
            words = words[1:]
            command = inside.get(words[0])
        if command is None:
            wrong.append(line)
            continue
        known = {option for each in command.params for option in each.opts} | {"--help"}
        wrong += [line for word in words[1:] if word.startswith("--") and word.split("=")[0] not in known]
    assert wrong == []


def commands(document: Path) -> Iterator[str]:
    """What follows `duluan` in the document's code."""
    for code in CODE.findall(document.read_text(encoding="utf-8")):
        for found in COMMAND.findall(code):
            yield found.strip()


def test_the_documents_name_commands() -> None:
    assert len(list(commands(ROOT / "README.md"))) >= 8
    assert len(list(commands(GUIDE))) >= 12


@pytest.mark.parametrize("document", [ROOT / "README.md", ROOT / "CONTRIBUTING.md", GUIDE], ids=name)
def test_every_make_target_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M))
    named = {target for code in CODE.findall(document.read_text("utf-8")) for target in re.findall(r"make (\w+)", code)}
    assert named
    assert named <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_setting_exists(document: Path) -> None:
    named = set(re.findall(r"DULUAN_[A-Z_]*[A-Z]", document.read_text(encoding="utf-8")))
    assert {each for each in named if not OF_TESTS.fullmatch(each)} <= {
        variable(field) for field in Settings.model_fields
    }


def test_the_table_of_settings_is_complete_and_right() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(DULUAN_\w+)` \| (.+?) \|", text, flags=re.M)
    fields = {variable(field): info.default for field, info in Settings.model_fields.items()}
    assert {row[0] for row in rows} == set(fields)
    for setting, said in rows:
        default = shown(fields[setting])
        assert said == f"`{default}`" if default else "`" not in said, setting  # what is empty is said in words


def shown(default: Any) -> str:
    """A default as one writes it in the environment."""
    if isinstance(default, bool | float):
        return str(default).lower() if isinstance(default, bool) else f"{default:g}"
    return "" if default is None else str(default)


def variable(field: str) -> str:
    return f"DULUAN_{field.upper()}"


def guide_queries() -> list[str]:
    """The first column of the table of queries in the user guide."""
    table = GUIDE.read_text(encoding="utf-8").split("### Các cách viết")[1].split("###")[0]
    return re.findall(r"^\| `([^`]+)` \|", table, flags=re.M)


def test_every_query_of_the_guide_can_be_read() -> None:
    section = GUIDE.read_text(encoding="utf-8").split("## 3. Tìm kiếm")[1].split("### Thu hẹp")[0]
    assert len(guide_queries()) >= 12
    for query in re.findall(r"`([^`\n]+)`", section):
        parse(query)
