"""The query language: `parse` reads what people type into a tree (`index.ast`), `write` prints a tree again.

    query   = or ;            or   = and { OR and } ;     and = not { [AND] not } ;
    not     = [NOT] not | near ;   near = atom { NEAR/n atom } ;
    atom    = word | "words" | =word | word* | ( or ) | field: atom | from: time | to: time

`a NEAR/n b NEAR/m c` means `a NEAR/n b` and `b NEAR/m c`. Engines never see text, only the tree.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import get_args

from index import dates, limits
from index.ast import And, Bound, Everything, Keyword, KeywordField, Near, Node, Not, Or, Side, Text, conj, disj
from index.examples import Example, examples
from index.lexer import Token, has_letter, reserved, tokenise
from index.port import QueryError

__all__ = ["Example", "examples", "parse", "write"]

_KEYWORDS: dict[str, KeywordField] = {name: name for name in get_args(KeywordField)}
_SENTIMENTS = {
    "negative": "negative",
    "tieu cuc": "negative",
    "neutral": "neutral",
    "trung lap": "neutral",
    "positive": "positive",
    "tich cuc": "positive",
}
_LANGUAGES = {
    "vi": "vi",
    "tieng viet": "vi",
    "en": "en",
    "tieng anh": "en",
    "other": "other",
    "khac": "other",
}
_CHOICES = {
    "Sắc thái": "positive (tích cực), neutral (trung lập), negative (tiêu cực)",
    "Ngôn ngữ": "vi (tiếng Việt), en (tiếng Anh), other (khác)",
}
_ADDRESS = re.compile(r"^(?:[a-z]+:/*)?(?:www\.)?")
_PLAIN = re.compile(r"[^\W_]+(?:[.,/'@_-][^\W_]+)*")


def parse(query: str) -> Node:
    """The tree of a query; the empty query is `Everything`. Raises `QueryError`."""
    if len(query) > limits.MAX_CHARACTERS:
        raise QueryError(
            f"Truy vấn quá dài: {len(query)} ký tự, tối đa {limits.MAX_CHARACTERS}.",
            code="too_long",
            position=limits.MAX_CHARACTERS,
        )
    tokens = tokenise(query)
    if len(tokens) == 1:
        if has_letter(query) or not query.strip():
            return Everything()
        raise QueryError("Truy vấn không có chữ hay số nào để tìm.", code="empty_query")
    return _Parser(query, tokens).run()


class _Parser:
    """Recursive descent; `scope` is the field whose parentheses we are in."""

    def __init__(self, query: str, tokens: list[Token]) -> None:
        self.query, self.tokens, self.at = query, tokens, 0
        self.terms = self.depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def run(self) -> Node:
        node = self._or(None)
        if self.token.kind == ")":
            raise QueryError(
                "Thừa dấu ngoặc đóng.",
                code="unbalanced_parenthesis",
                position=self.token.position,
                suggestion=self._without(self.token.position),
            )
        return node

    def _without(self, position: int) -> str:
        return (self.query[:position] + self.query[position + 1 :]).strip()

    def _or(self, scope: str | None) -> Node:
        items = [self._and(scope)]
        while self.token.kind == "OR":
            self.at += 1
            items.append(self._and(scope))
        return disj(items)

    def _and(self, scope: str | None) -> Node:
        items = [self._not(scope)]
        while self.token.kind not in ("OR", ")", "END"):
            if self.token.kind == "AND":
                self.at += 1
            items.append(self._not(scope))
        return conj(items)

    def _not(self, scope: str | None) -> Node:
        if self.token.kind != "NOT":
            return self._near(scope)
        self._enter(self.token)
        self.at += 1
        node = Not(self._not(scope))
        self.depth -= 1
        return node

    def _near(self, scope: str | None) -> Node:
        start, node = self.token, self._atom(scope)
        pairs: list[Node] = []
        while self.token.kind == "NEAR":
            operator = self.token
            self.at += 1
            right_start, right = self.token, self._atom(scope)
            pairs.append(_near(node, start, right, right_start, operator))
            start, node = right_start, right
        return conj(pairs) if pairs else node

    def _atom(self, scope: str | None) -> Node:
        token = self.token
        if token.kind == "TEXT":
            self.at += 1
            return self._leaf(token, scope)
        if token.kind == "(":
            return self._group(scope)
        if token.kind == "FIELD":
            return self._field(scope)
        raise self._missing(token)

    def _group(self, scope: str | None) -> Node:
        opening = self.token
        self._enter(opening)
        self.at += 1
        node = self._or(scope)
        if self.token.kind != ")":
            raise QueryError(
                "Dấu ngoặc mở mà chưa đóng.",
                code="unbalanced_parenthesis",
                position=opening.position,
                suggestion=self.query.rstrip() + ")",
            )
        self.at += 1
        self.depth -= 1
        return node

    def _enter(self, token: Token) -> None:
        self.depth += 1
        if self.depth > limits.MAX_DEPTH:
            raise QueryError(
                f"Truy vấn lồng nhau quá sâu, tối đa {limits.MAX_DEPTH} tầng.",
                code="too_deep",
                position=token.position,
            )

    def _field(self, scope: str | None) -> Node:
        token = self.token
        if scope is not None:
            raise QueryError(
                f"Không dùng “{token.text}:” bên trong ngoặc của “{scope}:”.",
                code="nested_field",
                position=token.position,
            )
        self.at += 1
        if token.text in ("from", "to"):
            return self._bound(token)
        if self.token.kind not in ("TEXT", "("):
            raise QueryError(
                f"Trường “{token.text}:” chưa có giá trị.",
                code="empty_field",
                position=token.position,
                suggestion=None,
            )
        return self._atom(token.text)

    def _bound(self, field: Token) -> Node:
        self._count(field)
        side: Side = "from" if field.text == "from" else "to"
        words = [token for token in self.tokens[self.at : self.at + 2] if token.kind == "TEXT"]
        # “hôm nay” is two words and needs no quotes.
        for size in (2, 1):
            value = dates.canonical(" ".join(token.raw for token in words[:size]))
            if value is not None and len(words) >= size and self._adjacent(size):
                self.at += size
                return Bound(side, value)
        raise QueryError(
            f"Không hiểu thời điểm sau “{field.text}:”. Viết ngày như 2025-10-31 hoặc 31/10/2025, "
            "khoảng như 7d, 24h, hoặc hôm nay, hôm qua, tuần này, tháng này.",
            code="bad_date",
            position=words[0].position if words else field.position,
        )

    def _adjacent(self, size: int) -> bool:
        return all(token.kind == "TEXT" for token in self.tokens[self.at : self.at + size])

    def _leaf(self, token: Token, scope: str | None) -> Node:
        self._count(token)
        if scope is not None and scope != "title":
            return _keyword(_KEYWORDS[scope], token)
        if token.prefix:
            _check_prefix(token)
        if len(token.text.split()) > limits.MAX_WORDS_IN_PHRASE:
            raise QueryError(
                f"Cụm từ quá dài, tối đa {limits.MAX_WORDS_IN_PHRASE} từ.",
                code="phrase_too_long",
                position=token.position,
            )
        return Text(token.text, "title" if scope == "title" else None, token.exact, token.prefix)

    def _count(self, token: Token) -> None:
        self.terms += 1
        if self.terms > limits.MAX_TERMS:
            raise QueryError(
                f"Truy vấn có quá nhiều từ, tối đa {limits.MAX_TERMS}.",
                code="too_many_terms",
                position=token.position,
            )

    def _missing(self, token: Token) -> QueryError:
        before = self.tokens[self.at - 1] if self.at else None
        if token.kind == ")" and before is not None and before.kind == "(":
            return QueryError("Trong ngoặc không có gì.", code="empty_group", position=before.position)
        operator = token if token.kind in ("AND", "OR", "NEAR") else before
        if operator is not None and operator.kind in ("AND", "OR", "NOT", "NEAR"):
            name = operator.text or "-"
            return QueryError(
                f"Toán tử {name} thiếu một vế. Nếu muốn tìm chữ này, hãy đặt trong ngoặc kép.",
                code="missing_operand",
                position=operator.position,
            )
        return QueryError("Chỗ này thiếu một từ.", code="missing_operand", position=token.position)


def _check_prefix(token: Token) -> None:
    last = re.split(r"[\W_]+", token.text)[-1]
    if len(last) < limits.MIN_PREFIX:
        raise QueryError(
            f"Trước dấu * cần ít nhất {limits.MIN_PREFIX} ký tự.",
            code="prefix_too_short",
            position=token.position,
        )


def _keyword(field: KeywordField, token: Token) -> Keyword:
    if token.exact or token.prefix:
        raise QueryError(
            f"Trường “{field}:” chỉ nhận giá trị trọn vẹn, không dùng = hay *.",
            code="bad_value",
            position=token.position,
        )
    value = token.text if token.quoted else token.raw.strip(",;")
    if field == "site":
        value = _host(value)
    elif field == "sentiment":
        value = _named(value, _SENTIMENTS, "Sắc thái", token)
    elif field == "lang":
        value = _named(value, _LANGUAGES, "Ngôn ngữ", token)
    return Keyword(field, value)


def _host(value: str) -> str:
    """The host of what may be a pasted address."""
    while (bare := _ADDRESS.sub("", value.lower()).split("/")[0]) and bare != value:
        value = bare
    return value


def _named(value: str, names: Mapping[str, str], what: str, token: Token) -> str:
    """The code that one of a few values stands for."""
    code = names.get(" ".join(re.split(r"[\W_]+", dates.unaccented(value))))
    if code is None:
        raise QueryError(f"{what} là một trong: {_CHOICES[what]}.", code="bad_value", position=token.position)
    return code


def _near(left: Node, left_token: Token, right: Node, right_token: Token, operator: Token) -> Near:
    if not 0 <= operator.distance <= limits.MAX_DISTANCE:
        raise QueryError(
            f"Khoảng cách của NEAR là từ 0 đến {limits.MAX_DISTANCE}.",
            code="bad_distance",
            position=operator.position,
        )
    sides = _alternatives(left, left_token), _alternatives(right, right_token)
    texts = [*sides[0], *sides[1]]
    if len({(text.field, text.exact) for text in texts}) > 1:
        raise QueryError(
            "Hai vế của NEAR phải cùng trường và cùng cách so dấu (cả hai có = hoặc cả hai không).",
            code="mixed_near",
            position=operator.position,
        )
    if len(sides[0]) * len(sides[1]) > limits.MAX_NEAR_PAIRS:
        raise QueryError("Hai vế của NEAR có quá nhiều lựa chọn.", code="too_many_terms", position=operator.position)
    return Near(*sides, operator.distance)


def _alternatives(node: Node, token: Token) -> tuple[Text, ...]:
    items = node.items if isinstance(node, Or) else (node,)
    texts = tuple(item for item in items if isinstance(item, Text))
    if len(texts) != len(items):
        raise QueryError(
            "Mỗi vế của NEAR là một từ, một cụm từ, hoặc các từ nối bằng OR trong ngoặc.",
            code="bad_near",
            position=token.position,
        )
    return texts


def write(node: Node) -> str:
    """The query of a tree; parsing it gives the same tree."""
    return "" if isinstance(node, Everything) else _write(node, 0)


def _write(node: Node, level: int) -> str:
    """`level` is how tightly the surroundings bind: 0 nothing, 1 OR, 2 AND, 3 NOT, 4 NEAR."""
    match node:
        case Or(items):
            text, own = " OR ".join(_write(item, 1) for item in items), 0
        case And(items):
            text, own = " ".join(_write(item, 2) for item in items), 1
        case Not(item):
            text, own = "NOT " + _write(item, 2), 2
        case Near(left, right, distance):
            text, own = f"{_side(left)} NEAR/{distance} {_side(right)}", 3
        case _:
            text, own = _write_leaf(node), 4
    return f"({text})" if own < level else text


def _side(texts: tuple[Text, ...]) -> str:
    return _write(disj(texts), 4)


def _write_leaf(node: Node) -> str:
    match node:
        case Text(text, field, exact, prefix):
            scope = f"{field}:" if field else ""
            return f"{scope}{'=' if exact else ''}{_word(text)}{'*' if prefix else ''}"
        case Keyword(field, value):
            return f"{field}:{_word(value)}"
        case Bound(side, value):
            return f"{side}:{value}" if " " not in value else f'{side}:"{value}"'
    raise TypeError(f"not a leaf: {node!r}")


def _word(text: str) -> str:
    return text if _PLAIN.fullmatch(text) and not reserved(text) else f'"{text}"'
