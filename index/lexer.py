"""From a query's characters to tokens: words, quotes, operators, fields. Knows no grammar."""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from index.port import QueryError

Kind = Literal["(", ")", "AND", "OR", "NOT", "NEAR", "FIELD", "TEXT", "END"]
FIELDS = ("title", "source", "kind", "topic", "sentiment", "place", "story", "site", "lang", "from", "to")
_OPERATORS: dict[str, Kind] = {
    "AND": "AND",
    "VÀ": "AND",
    "&&": "AND",
    "OR": "OR",
    "HOẶC": "OR",
    "||": "OR",
    "NOT": "NOT",
    "KHÔNG": "NOT",
}
_QUOTES = '"“”„‟«»'
_DASHES = "-–—−"
_BREAK = re.compile(rf"[\s(){_QUOTES}]")
_CLOSING = re.compile(f"[{_QUOTES}]")
_NEAR = re.compile(r"(?:NEAR|GẦN)(?:/(\d*))?")
_FIELD = re.compile(r"([^\W\d_]+):")


@dataclass(frozen=True, slots=True)
class Token:
    """`text` of a TEXT is what to look for, of a FIELD its name; `raw` is a word before punctuation was cut off."""

    kind: Kind
    position: int
    text: str = ""
    raw: str = ""
    exact: bool = False
    prefix: bool = False
    quoted: bool = False
    distance: int = 0


def reserved(word: str) -> bool:
    """Whether a bare word would not be read as a term."""
    return word in _OPERATORS or word in ("and", "or") or bool(_NEAR.match(word.upper()))


def tokenise(query: str) -> list[Token]:
    """All tokens and an END. Words without a letter or digit are skipped, as people paste titles."""
    return _Lexer(query).run()


class _Lexer:
    def __init__(self, query: str) -> None:
        self.query, self.at = query, 0
        self.tokens: list[Token] = []

    def run(self) -> list[Token]:
        while self._skip_spaces():
            self._next()
        self.tokens.append(Token("END", len(self.query)))
        return self.tokens

    def _skip_spaces(self) -> bool:
        while self.at < len(self.query) and self.query[self.at].isspace():
            self.at += 1
        return self.at < len(self.query)

    def _next(self) -> None:
        start, char = self.at, self.query[self.at]
        following = self.query[start + 1 : start + 2]
        if char == "(" or char == ")":
            self.tokens.append(Token("(" if char == "(" else ")", start))
            self.at += 1
        elif char in _DASHES and following and not following.isspace() and following != ")":
            self.tokens.append(Token("NOT", start))
            self.at += 1
        elif char == "=" and following:
            self.at += 1
            self._text(start, exact=True)
        else:
            self._text(start, exact=False)

    def _text(self, start: int, *, exact: bool) -> None:
        if self.query[self.at] in _QUOTES:
            self._quoted(start, exact=exact)
        else:
            self._word(start, exact=exact)

    def _quoted(self, start: int, *, exact: bool) -> None:
        opening = self.at
        closing = _CLOSING.search(self.query, opening + 1)
        if closing is None:
            raise QueryError(
                'Dấu ngoặc kép mở mà chưa đóng. Hãy thêm dấu " ở cuối cụm từ.',
                code="unbalanced_quote",
                position=opening,
                suggestion=self.query.rstrip() + '"',
            )
        inside = self.query[opening + 1 : closing.start()]
        self.at = closing.end()
        prefix = self.query[self.at : self.at + 1] == "*"
        self.at += prefix
        text = _tidy(inside)
        if not has_letter(text):
            raise QueryError("Cụm từ trong ngoặc kép không có chữ hay số nào.", code="empty_phrase", position=opening)
        self.tokens.append(Token("TEXT", start, text, text, exact, prefix, quoted=True))

    def _word(self, start: int, *, exact: bool) -> None:
        begin = self.at
        end = _BREAK.search(self.query, begin)
        self.at = end.start() if end else len(self.query)
        word = unicodedata.normalize("NFC", self.query[begin : self.at])
        # A value right behind its field is taken as it is: story:2025:17, source:and.
        free = not exact and not self._behind_field(start)
        if free and self._operator(word, start):
            return
        if free and (match := _FIELD.match(word)) and self._field(match, begin):
            return
        self._term(word, start, exact=exact)

    def _behind_field(self, start: int) -> bool:
        return bool(self.tokens) and self.tokens[-1].kind == "FIELD" and self.query[start - 1] == ":"

    def _operator(self, word: str, start: int) -> bool:
        if kind := _OPERATORS.get(word):
            self.tokens.append(Token(kind, start, word))
        elif match := _NEAR.fullmatch(word):
            self.tokens.append(Token("NEAR", start, word, distance=self._distance(match, start)))
        elif word in ("and", "or"):
            raise QueryError(
                f"“{word}” viết thường không phải là toán tử: hãy viết {word.upper()}, hoặc đặt trong ngoặc kép.",
                code="lowercase_operator",
                position=start,
                suggestion=self.query[:start] + word.upper() + self.query[self.at :],
            )
        else:
            return False
        return True

    def _distance(self, match: re.Match[str], start: int) -> int:
        if not match[1]:
            raise QueryError(
                "NEAR cần khoảng cách, ví dụ NEAR/5 (cách nhau không quá 5 từ).",
                code="near_without_distance",
                position=start,
                suggestion=self.query[:start] + "NEAR/5" + self.query[self.at :],
            )
        return int(match[1][:9])

    def _field(self, match: re.Match[str], begin: int) -> bool:
        name = match[1].lower()
        if name in FIELDS:
            # NFC can shorten what was typed, so the colon is looked for in the text as it was typed.
            self.at = self.query.index(":", begin) + 1
            self.tokens.append(Token("FIELD", begin, name))
            return True
        rest = match.string[match.end() :]
        if not rest or rest.startswith("//") or not has_letter(rest):
            return False
        self._unknown_field(match[1], begin)
        return False

    def _unknown_field(self, name: str, begin: int) -> None:
        close = difflib.get_close_matches(name.lower(), FIELDS, 1)
        word = self.query[begin : self.at]
        better = close[0] + word[word.index(":") :] if close else f'"{word}"'
        raise QueryError(
            f"Không có trường “{name}:”. Các trường: {', '.join(FIELDS)}. "
            "Nếu muốn tìm nguyên văn, hãy đặt trong ngoặc kép.",
            code="unknown_field",
            position=begin,
            suggestion=self.query[:begin] + better + self.query[self.at :],
        )

    def _term(self, word: str, start: int, *, exact: bool) -> None:
        if not has_letter(word):
            return
        prefix = word.endswith("*")
        bare = word.rstrip("*")
        if "*" in bare:
            raise QueryError(
                "Dấu * chỉ đứng ở cuối từ, ví dụ đường* .",
                code="bad_wildcard",
                position=start + word.index("*"),
                suggestion=self.query[:start] + word.replace("*", "") + "*" + self.query[self.at :],
            )
        self.tokens.append(Token("TEXT", start, _trim(bare), bare, exact, prefix))


def has_letter(text: str) -> bool:
    return any(char.isalnum() for char in text)


def _tidy(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _trim(word: str) -> str:
    """A word without the punctuation around it."""
    letters = [i for i, char in enumerate(word) if char.isalnum()]
    # A combining mark that NFC could not join belongs to its letter.
    end = letters[-1] + 1
    while end < len(word) and unicodedata.combining(word[end]):
        end += 1
    return word[letters[0] : end]
