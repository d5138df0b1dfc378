"""YAML lists of records that know on which line each field stands, so that an error can say where it is."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from yaml.composer import Composer

Loc = Sequence[str | int]
# What pydantic found, as people read it; {names} come from the error's context.
_EXPECTED = {
    "missing": "thiếu trường này",
    "string_type": "cần một chuỗi ký tự",
    "string_pattern_mismatch": "cần khớp mẫu {pattern}",
    "string_too_short": "không được để trống",
    "bool_type": "cần true hoặc false",
    "bool_parsing": "cần true hoặc false",
    "int_type": "cần một số nguyên",
    "int_parsing": "cần một số nguyên",
    "int_from_float": "cần một số nguyên",
    "float_type": "cần một số",
    "float_parsing": "cần một số",
    "date_type": "cần một ngày dạng 2026-12-01",
    "date_from_datetime_parsing": "cần một ngày dạng 2026-12-01",
    "literal_error": "cần một trong {expected}",
    "greater_than": "cần lớn hơn {gt:g}",
    "greater_than_equal": "cần từ {ge:g} trở lên",
    "less_than_equal": "cần không quá {le:g}",
    "tuple_type": "cần một danh sách",
    "model_type": "cần các trường con",
    "model_attributes_type": "cần các trường con",
}


class SourceError(ValueError):
    """A record that cannot be used; the message names file, line, field and what was expected (Vietnamese)."""


class _Loader(Composer, yaml.CSafeLoader):
    """Reads with libyaml, nine times as fast; composes in Python, where nesting too deep is an error and no crash."""

    def __init__(self, text: str) -> None:
        yaml.CSafeLoader.__init__(self, text)
        Composer.__init__(self)


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a file as plain values, and its YAML node."""

    file: Path
    value: Any
    node: yaml.Node

    def wrong(self, problem: str, loc: Loc = ()) -> SourceError:
        """The error of this record: where the field stands (or would have to stand), and what is wrong with it."""
        named = self.value.get("id") if isinstance(self.value, dict) else None
        parts = [f"bản ghi {named}" if named else "", ".".join(map(str, loc)), problem]
        return SourceError(f"{self.file}:{_line(self.node, loc)}: " + ": ".join(part for part in parts if part))

    def explained(self, error: ValidationError, fields: Sequence[str], loc: Loc = ()) -> SourceError:
        """The first finding of pydantic, said for people, below `loc`; `fields`: names that the record may have."""
        first = error.errors(include_url=False)[0]
        return self.wrong(_problem(first, fields), (*loc, *first["loc"]))


def _problem(found: ErrorDetails, fields: Sequence[str]) -> str:
    if found["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(found["loc"][-1]), fields, 1)
        return "không có trường này" + (f"; ý bạn là {near[0]}?" if near else "")
    if found["type"] not in _EXPECTED:
        return found["msg"].removeprefix("Value error, ")
    expected = _EXPECTED[found["type"]].format(**found.get("ctx", {})).replace("' or '", "' hoặc '")
    return expected if found["type"] == "missing" else f"{expected}, ở đây là {str(found['input'])[:60]!r}"


def read_records(file: Path) -> Iterator[Record]:
    """The records of a YAML file that is a list of them. Raises SourceError."""
    try:
        text = file.read_text(encoding="utf-8")
        loader = _Loader(text)
        root = loader.get_single_node()
        values = loader.construct_document(root) if root else None
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise SourceError(f"{file}{line}: không đọc được YAML: {error.problem}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SourceError(f"{file}: không đọc được YAML: {error}") from error
    except RecursionError as error:
        raise SourceError(f"{file}: YAML lồng nhau quá sâu") from error
    if root is None:
        return
    if not isinstance(root, yaml.SequenceNode):
        raise SourceError(f"{file}:1: cần một danh sách bản ghi, mỗi bản ghi bắt đầu bằng dấu -")
    for node, value in zip(root.value, values or (), strict=True):
        record = Record(file, value, node)
        if not isinstance(value, dict):
            raise record.wrong("cần các trường, ví dụ `id: baotinh.vn`")
        yield record


def _line(node: yaml.Node, loc: Loc) -> int:
    """The line of the field, of the last part of its path that exists."""
    line: int = node.start_mark.line + 1
    for part in loc:
        following = _child(node, part)
        if following is None:
            return line
        line, node = following
    return line


def _child(node: yaml.Node, part: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line + 1, node.value[part]
    return None
