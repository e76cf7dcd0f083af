"""Markdown (CommonMark and tables): the text as it is shown, and its parts.

Marks are not text: what is emphasised, linked or quoted is read as its words, a table as rows with
their columns' names, an ordered list with its numbers. Paragraphs end at hard line breaks, after a
first line that is a question in bold, and where a line begins a question, an answer or, in a
paragraph of nothing else, a field. Front matter, comments, scripts and link definitions are left
out. `locate` finds the words of a span in the file again. `DocumentUnreadable` is raised for binary
data.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby

from markdown_it import MarkdownIt
from markdown_it.token import Token

from assistant.ingest.decode import decode, find_links, find_origin
from assistant.ingest.formats.parsed import (
    DEFAULT_LIMITS,
    Limits,
    Parsed,
    describe_removed,
    drop_none,
    fold,
    trim,
)
from assistant.ingest.formats.table import write_table
from assistant.text import english as en
from assistant.text.normalize import normalize, normalize_mapped
from assistant.values import Origin, Page, Role, Unit

_FRONT_MATTER = re.compile(
    r"---[ \t]*\n(\s*[\w-]+[ \t]*:.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL
)
_FRONT_TITLE = re.compile(r"^title[ \t]*:[ \t]*(\S.*)$", re.MULTILINE)
_LINK_DEFINITION = re.compile(r"[\s>]*\[[^\]]+\]:")
_UNCITED_HTML = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)|<[^>]*>?", re.S)
_MARKER = re.compile(r"\d{1,9}[.)]\s+")
_BREAK_TAG = re.compile(r"<br\s*/?>", re.IGNORECASE)
_BEGINS = re.compile(rf"(?:{en.QUESTION_MARKERS}|{en.ANSWER_MARKERS})\s*[:.]\s")
_FIELD = re.compile(r"[^\W\d_][^:\n.?!]{0,39}:\s+\S")

_BLOCKS = frozenset(
    "paragraph_open heading_open tr_open fence code_block html_block table_open hr".split()
)

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A unit's text, and the span of the source lines that it was read from.

    Its first `n_marker` characters are the number of an item, which the source may count otherwise.
    """

    text: str
    source: Span
    role: Role = Role.PARAGRAPH
    level: int = 0
    n_marker: int = 0


class _Source:
    """The text by lines; notes which lines the tokens have accounted for."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *(match.end() for match in re.finditer("\n", text)), len(text) + 1]
        self.is_covered = bytearray(len(self.starts))

    def cover(self, first: int, last: int) -> None:
        self.is_covered[first:last] = b"\1" * (min(last, len(self.is_covered)) - first)

    def span(self, first: int, last: int) -> Span:
        """Return the trimmed span of the lines from `first` up to `last`, exclusive."""
        last = min(last, len(self.starts) - 1)
        return trim(self.text, self.starts[first], self.starts[last] - 1)


def parse(data: bytes, _: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the text that is shown as canonical text in units, with its headings."""
    decoded = decode(data)
    text, n_removed = normalize(decoded.text)
    return replace(read(text), warnings=drop_none(decoded.warning, describe_removed(n_removed)))


def read(text: str) -> Parsed:
    """Return the parts of canonical Markdown."""
    pieces, _, title = _read(text)
    units: list[Unit] = []
    position = 0
    for piece in pieces:
        indent = len(piece.text) - len(piece.text.lstrip())
        end = position + len(piece.text)
        units.append(Unit(position + indent, end, piece.role, piece.level))
        position = end + 1
    return Parsed("\n".join(piece.text for piece in pieces), title, tuple(units))


def locate(data: bytes, span: Span, _pages: Sequence[Page] = ()) -> Origin:
    """Return the bytes that a span of the text stands for, its words or their row; and links."""
    decoded = decode(data)
    canonical = normalize_mapped(decoded.text)
    pieces, tokens, _title = _read(canonical.text)
    links = find_links("\n".join(piece.text for piece in pieces), _runs(tokens), span)
    places: list[int] = []
    position = 0
    for piece in pieces:
        start, end = max(span[0] - position, 0), min(span[1] - position, len(piece.text))
        if start < end:
            places += _find(canonical.text, piece, start, end)
        position += len(piece.text) + 1
        if position >= span[1]:
            break
    if not places:
        return Origin(links=links)
    found = find_origin(data, decoded, canonical.offsets.to_raw(places[0], places[-1]))
    return replace(found, links=links)


def _runs(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """Yield the lines of what is shown, each with the address to which it leads, "" for none."""
    address = ""
    for inline in tokens:
        children = inline.children or ()
        for is_mark, group in groupby(children, lambda child: child.type.startswith("link_")):
            run = list(group)
            if is_mark:
                address = str(run[-1].attrs.get("href", ""))
                continue
            for line in "".join(_words(run, soft="\n")).split("\n"):
                yield line, address


def _find(text: str, piece: _Piece, start: int, end: int) -> Span:
    """Return where the characters of a piece stand in its source, or else all of that."""
    first, last = piece.source
    if piece.role in (Role.ROW, Role.NAMES):
        return piece.source
    places = [first] if start < piece.n_marker else []
    place = first
    if piece.n_marker and (marker := _MARKER.match(text, first, last)):
        place = marker.end()
    for word in re.compile(r"\S+").finditer(piece.text, piece.n_marker, end):
        found = _find_word(text, word[0], place, last)
        if not found:
            return piece.source
        place = found[-1] + 1
        places += found[max(start - word.start(), 0) :]
    return (places[0], places[-1] + 1) if places else piece.source


def _find_word(text: str, word: str, first: int, last: int) -> list[int]:
    """Return where each character of a word stands, with marks between them or not."""
    start = text.find(word, first, last)
    if start >= 0:
        return [*range(start, start + len(word))]
    found: list[int] = []
    for character in word:
        first = text.find(character, first, last) + 1
        if not first:
            return []
        found.append(first - 1)
    return found


def _read(text: str) -> tuple[list[_Piece], Sequence[Token], str | None]:
    """Return the pieces, the tokens that they were read from, and the title."""
    front = _FRONT_MATTER.match(text)
    n_front = front.end() if front else 0
    source = _Source(text)
    # Blanked and not cut off, so that line numbers hold.
    tokens = _parser().parse("\n" * text.count("\n", 0, n_front) + text[n_front:])
    pieces = [*_Reader(tokens, source).read()]
    pieces += _leftovers(source, text.count("\n", 0, n_front))
    pieces.sort(key=lambda piece: piece.source[0])  # stable: rows of a table keep their order
    title = _FRONT_TITLE.search(front.group(1)) if front else None
    top = (piece.text for piece in pieces if piece.role is Role.HEADING and piece.level == 1)
    named = fold(title.group(1).strip().strip("'\"")) if title else next(top, None)
    return pieces, tokens, named


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


class _Reader:
    """Reads the pieces of a run of tokens; a list's item is the first paragraph in it."""

    def __init__(self, tokens: Sequence[Token], source: _Source) -> None:
        self._tokens = tokens
        self._source = source
        self._is_item = False
        self._depth = 0
        self._numbers: list[int | None] = []
        self._marker = ""
        self._table: list[list[str]] = []
        self._lines: list[Span] = []

    def read(self) -> Iterator[_Piece]:
        """Yield the pieces in order."""
        for number, token in enumerate(self._tokens):
            if token.type == "table_close":
                yield from _read_table(self._table, self._lines)
                self._table, self._lines = [], []
            elif token.type in ("th_open", "td_open"):
                self._table[-1].append(" ".join(_shown(self._tokens[number + 1])))
            elif token.type in ("bullet_list_open", "ordered_list_open"):
                self._numbers.append(_first_number(token))
            elif token.type in ("bullet_list_close", "ordered_list_close"):
                self._numbers.pop()
            elif token.type == "list_item_open":
                self._is_item, self._depth = True, token.level
                self._marker = self._count(token)
            elif token.map and token.type in _BLOCKS:
                yield from self._read_block(number, token, *token.map)
                self._source.cover(*token.map)

    def _count(self, item: Token) -> str:
        """Return what the next item of the innermost list is marked with, "" in one of bullets."""
        number = self._numbers[-1]
        if number is None:
            return ""
        self._numbers[-1] = number + 1
        return f"{number}{item.markup} "

    def _read_block(self, number: int, token: Token, first: int, last: int) -> Iterator[_Piece]:
        span = self._source.span(first, last)
        match token.type:
            case "paragraph_open":
                depth, marker = (self._depth, self._marker) if self._is_item else (0, "")
                role = Role.ITEM if self._is_item else Role.PARAGRAPH
                for text in _shown(self._tokens[number + 1]):
                    yield _Piece(marker + text, span, role, depth, len(marker))
                    role, depth, marker = Role.PARAGRAPH, 0, ""
                self._is_item = False
            case "heading_open":
                if text := " ".join(_shown(self._tokens[number + 1])):
                    yield _Piece(text, span, Role.HEADING, int(token.tag[1:]))
            case "tr_open":
                self._table.append([])
                self._lines.append(span)
            case "fence" | "code_block":
                first += token.type == "fence"
                for n, line in enumerate(token.content.split("\n"), start=first):
                    if line.strip():
                        yield _Piece(line.rstrip(), self._source.span(n, n + 1), Role.CODE)
            case "html_block":
                yield from _read_html(self._source, span)


def _first_number(opened: Token) -> int | None:
    """Return the number of an ordered list's first item; None of bullets."""
    return int(opened.attrs.get("start", 1)) if opened.type == "ordered_list_open" else None


def _read_table(table: list[list[str]], lines: list[Span]) -> Iterator[_Piece]:
    named = any(table[0])
    written = write_table(table[0], table[1:]) if named else write_table((), table[1:])
    spans = [
        span
        for row, span in zip(table, lines, strict=True)
        if any(row) and (named or row is not table[0])
    ]
    for (text, role), span in zip(written, spans, strict=True):
        yield _Piece(text, span, role)


def _shown(inline: Token) -> list[str]:
    """Return what is shown of a run of text, parted at its hard breaks."""
    found: list[str] = []
    for part in "".join(_words(inline.children or (), soft="\v")).split("\n"):
        soft = [line for line in map(fold, part.split("\v")) if line]
        are_fields = len(soft) > 1 and all(map(_FIELD.match, soft))
        is_asked = not found and len(soft) > 1 and soft[0].endswith("?") and _is_bold_line(inline)
        for number, line in enumerate(soft):
            begins = are_fields or bool(_BEGINS.match(line)) or (is_asked and number == 1)
            if number == 0 or begins:
                found.append(line)
            else:
                found[-1] += f" {line}"
    return found


def _is_bold_line(inline: Token) -> bool:
    """Tell whether the first line of a paragraph is bold from its beginning to its end."""
    marks = [one.type for one in inline.children or () if one.type != "text" or one.content]
    if marks[:1] != ["strong_open"] or "strong_close" not in marks:
        return False
    end = marks.index("strong_close")
    return marks[end + 1 : end + 2] == ["softbreak"] and "softbreak" not in marks[:end]


def _words(children: Sequence[Token], soft: str = " ") -> Iterator[str]:
    for child in children:
        match child.type:
            case "text" | "code_inline" | "text_special":
                yield child.content
            case "softbreak":
                yield soft
            case "hardbreak":
                yield "\n"
            case "image":
                yield from _words(child.children or ())
            case "html_inline":
                yield "\n" if _BREAK_TAG.fullmatch(child.content) else ""


def _read_html(source: _Source, span: Span) -> Iterator[_Piece]:
    """Yield the lines of text between tags."""
    start, end = span
    tags = [match.span() for match in _UNCITED_HTML.finditer(source.text, start, end)]
    for (_, before), (after, _) in zip([(0, start), *tags], [*tags, (end, end)], strict=True):
        for line in re.finditer(r"[^\n]+", source.text[before:after]):
            first, last = trim(source.text, before + line.start(), before + line.end())
            if first < last:
                yield _Piece(source.text[first:last], (first, last))


def _leftovers(source: _Source, n_front_lines: int) -> Iterator[_Piece]:
    """Yield the lines that no token accounts for, such as those nested too deep for the parser."""
    for line in range(n_front_lines, len(source.starts) - 1):
        start, end = source.span(line, line + 1)
        if source.is_covered[line] or _LINK_DEFINITION.match(source.text, start, end):
            continue
        if any(map(str.isalnum, source.text[start:end])):
            yield _Piece(source.text[start:end], (start, end))
