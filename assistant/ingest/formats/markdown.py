"""Markdown (CommonMark and tables): the source of the file as canonical text, and its parts.

Marks stay in the text, so that a quote can be found in the file. Blocks are paragraphs (parted at
hard line breaks), headings, table rows, lines of code, and the text between the tags of raw HTML.
Front matter, comments, scripts and link definitions are in no block. `DocumentUnreadable` is raised
for binary data.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from assistant.ingest.decode import decode
from assistant.ingest.formats import source as code
from assistant.ingest.formats.parsed import Parsed, describe_removed, drop_none, fold, trim
from assistant.ingest.limits import DEFAULT_LIMITS, Limits
from assistant.text.normalize import normalize
from assistant.values import Heading

_FRONT_MATTER = re.compile(
    r"---[ \t]*\n(\s*[\w-]+[ \t]*:.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL
)
_FRONT_TITLE = re.compile(r"^title[ \t]*:[ \t]*(\S.*)$", re.MULTILINE)
_LINK_DEFINITION = re.compile(r"[\s>]*\[[^\]]+\]:")
_HARD_BREAK = re.compile(r"(?:(?<! ) {2,}|\\)\n")
_UNCITED_HTML = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)|<[^>]*>?", re.S)
_HEADING_MARKS = re.compile(r"[\s>]*#{1,6}[ \t]")
_ROW_START, _ROW_ENDS = re.compile(r"[\s>|]*"), " \t|"

_Blocks = list[tuple[int, int]]


class _Source:
    """The text by lines; notes which lines the tokens have accounted for."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *(match.end() for match in re.finditer("\n", text)), len(text) + 1]
        self.is_covered = bytearray(len(self.starts))

    def cover(self, first: int, last: int) -> None:
        self.is_covered[first:last] = b"\1" * (min(last, len(self.is_covered)) - first)

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Return the trimmed span of the lines from `first` up to `last`, exclusive."""
        last = min(last, len(self.starts) - 1)
        return trim(self.text, self.starts[first], self.starts[last] - 1)


def parse(data: bytes, _: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the source as canonical text in blocks, with its headings."""
    decoded = decode(data)
    text, n_removed = normalize(decoded.text)
    return replace(read(text), warnings=drop_none(decoded.warning, describe_removed(n_removed)))


def read(text: str) -> Parsed:
    """Return the parts of canonical Markdown."""
    front = _FRONT_MATTER.match(text)
    n_front = front.end() if front else 0
    source = _Source(text)
    # Blanked and not cut off, so that line numbers hold.
    tokens = _parser().parse("\n" * text.count("\n", 0, n_front) + text[n_front:])
    blocks, headings = _read_tokens(tokens, source)
    blocks += _leftovers(source, text.count("\n", 0, n_front))
    return Parsed(
        text,
        _find_title(text, front, headings),
        tuple((start, end) for start, end in sorted(blocks) if start < end),
        tuple(headings),
    )


locate = code.locate


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable("table")
    # Blocks alone: what is inside a line stays as it is written.
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


def _read_tokens(tokens: list[Token], source: _Source) -> tuple[_Blocks, list[Heading]]:
    blocks: _Blocks = []
    headings: list[Heading] = []
    for number, token in enumerate(tokens):
        if not token.map:
            continue
        first, last = token.map
        match token.type:
            case "paragraph_open":
                blocks += _part_paragraph(source, tokens[number + 1])
            case "heading_open":
                start, end = _find_heading(source, tokens[number + 1])
                if start < end:
                    blocks.append((start, end))
                    headings.append(Heading(start, end, int(token.tag[1:])))
            case "tr_open":
                blocks.append(_find_row(source, first))
            case "fence" | "code_block":
                first_code = first + (token.type == "fence")
                n_lines = token.content.count("\n")
                blocks += (source.span(n, n + 1) for n in range(first_code, first_code + n_lines))
            case "html_block":
                blocks += _read_html(source, first, last)
            case "table_open" | "hr":
                pass
            case _:
                continue
        source.cover(first, last)
    return blocks, headings


def _part_paragraph(source: _Source, inline: Token) -> Iterator[tuple[int, int]]:
    """Yield the paragraph's span, parted at hard line breaks."""
    start, end = _find_inline(source, inline)
    for hard_break in _HARD_BREAK.finditer(source.text, start, end):
        yield trim(source.text, start, hard_break.start())
        start = hard_break.end()
    yield trim(source.text, start, end)


def _find_inline(source: _Source, inline: Token) -> tuple[int, int]:
    """Return the span from the content's first line, which ends its source line, to the end."""
    first, last = inline.map or (0, 0)
    line_start, line_end = source.span(first, first + 1)
    first_chars = len(inline.content.split("\n", 1)[0].rstrip())
    return max(line_start, line_end - first_chars), source.span(first, last)[1]


def _find_heading(source: _Source, inline: Token) -> tuple[int, int]:
    if not inline.content:
        return 0, 0
    line_start, line_end = source.span(*(inline.map or (0, 0)))
    marks = _HEADING_MARKS.match(source.text, line_start, line_end)
    start = source.text.find(inline.content, marks.end() if marks else line_start, line_end)
    return (start, start + len(inline.content)) if start >= 0 else _find_inline(source, inline)


def _find_row(source: _Source, line: int) -> tuple[int, int]:
    start, end = source.span(line, line + 1)
    marks = _ROW_START.match(source.text, start, end)
    start = marks.end() if marks else start
    return start, start + len(source.text[start:end].rstrip(_ROW_ENDS))


def _read_html(source: _Source, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield the lines of text between tags."""
    start, end = source.span(first, last)
    tags = [match.span() for match in _UNCITED_HTML.finditer(source.text, start, end)]
    for (_, before), (after, _) in zip([(0, start), *tags], [*tags, (end, end)], strict=True):
        for line in re.finditer(r"[^\n]+", source.text[before:after]):
            yield trim(source.text, before + line.start(), before + line.end())


def _leftovers(source: _Source, n_front_lines: int) -> Iterator[tuple[int, int]]:
    """Yield the lines that no token accounts for, such as those nested too deep for the parser."""
    for line in range(n_front_lines, len(source.starts) - 1):
        start, end = source.span(line, line + 1)
        if source.is_covered[line] or _LINK_DEFINITION.match(source.text, start, end):
            continue
        if any(map(str.isalnum, source.text[start:end])):
            yield start, end


def _find_title(text: str, front: re.Match[str] | None, headings: list[Heading]) -> str | None:
    """Return the front matter's title, or else the first heading of level 1, as plain words."""
    if front and (title := _FRONT_TITLE.search(front.group(1))):
        return fold(title.group(1).strip().strip("'\""))
    top = next((heading for heading in headings if heading.level == 1), None)
    if top is None:
        return None
    inline = MarkdownIt("commonmark").parseInline(text[top.start : top.end])
    children = (child for token in inline for child in token.children or ())
    return fold("".join(" " if "break" in child.type else child.content for child in children))
