"""Readable text out of HTML nodes: paragraphs, one space between words, NFC."""

from __future__ import annotations

import html as entities
import re
import unicodedata
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from contextlib import suppress

from selectolax.lexbor import LexborHTMLParser, LexborNode
from w3lib.encoding import html_body_declared_encoding, html_to_unicode, resolve_encoding

Node = LexborNode
Tree = LexborHTMLParser

_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "br",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
_SILENT = frozenset(
    [
        "script",
        "style",
        "noscript",
        "template",
        "iframe",
        "svg",
        "object",
        "embed",
        "video",
        "audio",
        "button",
        "select",
        "textarea",
        "head",
    ]
)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
# Normal forms are sorted by insertion: a run of marks as long as a page costs minutes. Unicode calls 30 "stream-safe".
_MARK = re.escape("".join(chr(point) for point in range(0x300, 0x20000) if unicodedata.combining(chr(point))))
_MARKS = re.compile(f"([{_MARK}]{{30}})[{_MARK}]+")
_RUN = re.compile("[^\\x00-\u02ff\u1e00-\u1eff\u2000-\u206f]{31}")  # what may be such a run, told ten times as fast
_LONG = 1_000  # characters; shorter texts hold no run that hurts
# Real pages have up to 10,000 tags, 60 deep; parser, selectors and trafilatura are quadratic in both.
_MOST_TAGS = 20_000
_FEW_TAGS = 2_000  # even if each lies in the one before it, no reader takes a third of a second
_DEEP = ":root" + " > *" * 200 + ":first-child"  # where anything lies that deep, a first child does
_WORD = re.compile(r"\w+")
_TAG = re.compile(r"<[a-zA-Z/!][^<>]*>")


def decode(html: str | bytes, charset: str | None = None) -> str:
    """The page as text; bytes by BOM, the HTTP charset if given, the page's own declaration, then UTF-8.

    Never raises: bytes that fit no encoding become replacement characters.
    """
    text = whole(html) if isinstance(html, str) else _decoded(html, charset)
    return _without_signs(text)


def _without_signs(text: str) -> str:
    """The text without its byte-order mark and without NUL, which no file takes."""
    text = text.removeprefix("\ufeff")
    return text.replace("\x00", "") if "\x00" in text else text


def whole(text: str) -> str:
    """The text without halves of surrogate pairs, which no parser and no file takes."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
    return text


def _decoded(html: bytes, charset: str | None) -> str:
    if (text := _utf8(html, charset)) is not None:
        return text
    header = f"text/html; charset={charset}" if charset else None
    try:
        return whole(html_to_unicode(header, html, default_encoding="utf-8", auto_detect_fun=_guess)[1])
    except (LookupError, ValueError):
        # Python knows codecs that are no charset ("zlib", "idna"), and a page may name them.
        return html.decode("utf-8", "replace")


def _utf8(html: bytes, charset: str | None) -> str | None:
    """What nearly every page is; None for the others, at whose bytes the general way looks three times."""
    if _says_utf8(html, charset) is not False:
        with suppress(UnicodeDecodeError):
            return html.decode("utf-8")
    return None


def _parsable(html: bytes, charset: str | None) -> bool:
    return b"\x00" not in html and not html.startswith(BOM_UTF8) and _says_utf8(html, charset) is True


def _says_utf8(html: bytes, charset: str | None) -> bool | None:
    """Whether HTTP or, where it is silent, the page itself says so; None when neither says anything."""
    declared = charset or html_body_declared_encoding(html)
    return None if declared is None else resolve_encoding(declared) == "utf-8"


def _guess(raw: bytes) -> str:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        # A page that is cut in the middle of a letter is still UTF-8.
        return "utf-8" if error.start >= len(raw) - 4 else "cp1258"
    return "utf-8"


def parse(html: str | bytes) -> Tree:
    """The parsed page; an empty page parses to an empty tree, and so does one of more tags than any real page has."""
    return Document(html).tree


class Document:
    """A page on its way through extraction: parsed once, and again only after a reader changed its tree."""

    def __init__(self, html: str | bytes, charset: str | None = None) -> None:
        self._html, self._charset = html, charset
        self._text: str | None = None
        # What says that it is UTF-8 goes to the parser as it came; few pages are needed as text besides.
        self._source = html if isinstance(html, bytes) and _parsable(html, charset) else self.text
        self._tags = self._source.count(b"<") if isinstance(self._source, bytes) else self._source.count("<")
        self._tree: Tree | None = None

    @property
    def text(self) -> str:
        """The page as text (`decode`)."""
        if self._text is None:
            self._text = decode(self._html, self._charset)
        return self._text

    @property
    def tree(self) -> Tree:
        """The page as it came; for looking only."""
        if self._tree is None:
            read = self._source and self._tags <= _MOST_TAGS
            self._tree = LexborHTMLParser(self._source if read else "<html></html>")
        return self._tree

    def take(self) -> Tree:
        """A tree of the page that the caller may change."""
        tree, self._tree = self.tree, None
        return tree

    @property
    def too_complex(self) -> bool:
        """Whether reading the page could take minutes: more tags or deeper than any real one."""
        return self._tags > _MOST_TAGS or (self._tags > _FEW_TAGS and self.tree.css_first(_DEEP) is not None)


def nfc(text: str) -> str:
    """Normal form C, in linear time."""
    if text.isascii():
        return text
    if len(text) > _LONG and _RUN.search(text):
        text = _MARKS.sub(r"\1", text)
    return unicodedata.normalize("NFC", text)


def clean(text: str | None) -> str:
    """One line: NFC, invisible characters out, runs of white space to one space."""
    if not text:
        return ""
    return " ".join(_INVISIBLE.sub("", nfc(text)).split())


def plain(text: str | None) -> str:
    """One line out of text that may hold markup and doubly escaped entities (feeds, JSON-LD, meta)."""
    if not text:
        return ""
    for _ in range(2):
        if "&" in text:
            text = entities.unescape(text)
    text = whole(text)
    if _TAG.search(text):
        return line(LexborHTMLParser(text).root)
    return clean(text)


def words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def squash(text: str) -> str:
    """The text's letters and digits only, case folded: to compare what differs in spacing and punctuation."""
    return "".join(words(nfc(text)))


def paragraphs(node: Node | None) -> list[str]:
    """The node's visible paragraphs in reading order; a new block or a `<br>` begins a new one."""
    if node is None:
        return []
    lines: list[str] = []
    pieces: list[str] = []

    def end() -> None:
        line = clean("".join(pieces))
        if line:
            lines.append(line)
        pieces.clear()

    # An explicit stack: hostile pages nest deeper than Python's recursion goes. None marks a block's end.
    stack: list[Node | None] = [node]
    while stack:
        each = stack.pop()
        if each is None:
            end()
            continue
        tag = each.tag or ""
        if tag == "-text":
            pieces.append(each.text_content or "")
        elif tag not in _SILENT and tag != "-comment":
            if tag in _BLOCKS:
                end()
                stack.append(None)
            stack.extend(reversed(list(each.iter(include_text=True))))
    end()
    return lines


def line(node: Node | None) -> str:
    """The node's visible text as one line."""
    return clean(" ".join(paragraphs(node)))


def first(tree: Tree | Node, selectors: Iterable[str]) -> Node | None:
    """The first node with text, by selector in the order given."""
    for selector in selectors:
        for node in _met(tree, selector):
            if line(node) or node.attributes.get("content"):
                return node
    return None


def _met(tree: Tree | Node, selector: str) -> Iterator[Node]:
    """The selector's nodes; the page is searched to its end only where the foremost is not enough."""
    foremost = tree.css_first(selector)
    if foremost is not None:
        yield foremost
        yield from tree.css(selector)[1:]


def remove(node: Node, selectors: Iterable[str]) -> None:
    """Takes the nodes of these selectors out of the tree."""
    query = ", ".join(selectors)
    if not query:
        return
    for each in node.css(query):
        # A selector may match the node itself (selectolax includes it) or what went with its parent.
        if each.mem_id != node.mem_id and each.parent is not None:
            each.decompose()


def hidden(node: Node) -> bool:
    """Whether the page itself hides the node from readers (inline style or attribute)."""
    attributes = node.attributes
    style = (attributes.get("style") or "").replace(" ", "").lower()
    return "display:none" in style or "visibility:hidden" in style or "hidden" in attributes
