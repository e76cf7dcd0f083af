"""JSON: lines of text, each of which tells what its value is about; notebooks as their cells.

JSON Lines are read likewise, each line a page; one that is no JSON stands in the text as it is, and
such lines are counted in a warning. The text of the others is not the file's own, so there is no
`locate`. A file that is not strictly JSON (comments, a torn end, values after each other) is read
line by line, as source, with a warning. `DocumentUnreadable` is raised for binary data and for too
many brackets, beside or inside each other.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.decode import decode, find_origin
from assistant.ingest.formats import markdown
from assistant.ingest.formats.blocks import Blocks
from assistant.ingest.formats.parsed import (
    DEFAULT_LIMITS,
    MAX_DEPTH,
    Limits,
    Parsed,
    as_units,
    count,
    describe_removed,
    drop_none,
    trim,
)
from assistant.ingest.formats.table import JOINT
from assistant.ingest.formats.text import MAX_LINES, find_blocks, find_code, parse_source
from assistant.text.normalize import normalize
from assistant.values import Origin, Page, PageKind, Unit

MAX_CELL_CHARS = 300
"""A longer text is no cell of a row but has a block of its own."""
MAX_ROW_CHARS = 2_000
MAX_OPENED = 1_000_000
"""Lists and objects of one text; each takes more memory than the few characters in it."""
MAX_SMALL_CHARS = 300
"""An object by itself, and a list of short items, make a line up to this length."""

_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Members:
    """An object: its names and values in the file's order, also where a name comes twice."""

    pairs: "tuple[tuple[str, Value], ...]"

    def find(self, name: str) -> "Value | None":
        """Return the last value of that name, as most readers do, or None."""
        return next((value for found, value in reversed(self.pairs) if found == name), None)


Value = Members | list["Value"] | str | bool | None
"""What a JSON text says; numbers are strings."""


def read_json(text: str) -> Value:
    """Return the value that a text says.

    Raises:
        ValueError: it is no JSON, or nested too deeply; the message says where.
    """
    _bound(text)
    value: Value = json.loads(
        text,
        strict=False,
        object_pairs_hook=lambda pairs: Members(tuple(pairs)),
        parse_int=str,
        parse_float=str,
        parse_constant=str,
    )
    return value


def _bound(text: str) -> None:
    depth = n_opened = 0
    for token in _TOKEN.finditer(text):
        is_opened = token[0] in "[{"
        n_opened += is_opened
        depth += is_opened - (token[0] in "]}")
        if depth > MAX_DEPTH:
            raise ValueError(f"brackets are nested more than {MAX_DEPTH} deep")
        if n_opened > MAX_OPENED:
            raise ValueError(f"more than {MAX_OPENED:,} lists and objects: split it")


def write_value(value: Value, blocks: Blocks, path: str = "") -> None:
    """Write a value, whose names so far are `path`, as blocks."""
    if isinstance(value, Members):
        _write_members(value, blocks, path, is_item=False)
    elif isinstance(value, list):
        _write_items(value, blocks, path)
    else:
        _write_text(_text_of(value), blocks, path)


def _write_members(value: Members, blocks: Blocks, path: str, *, is_item: bool) -> None:
    """Write members one by one, but short ones that follow each other as a row, if it may be."""
    cells = [_cell_of(name, member, path) for name, member in value.pairs]
    n_chars = sum(len(cell or "") for cell in cells)
    may_be_row = is_item or (None not in cells and n_chars <= MAX_SMALL_CHARS)
    row: list[str] = []
    for (name, member), cell in zip(value.pairs, cells, strict=True):
        if cell is None or not may_be_row or sum(map(len, row)) > MAX_ROW_CHARS:
            blocks.add(JOINT.join(row))
            row = []
        if cell is None:
            write_value(member, blocks, _join(path, name))
        elif cell:
            row.append(cell)
    blocks.add(JOINT.join(row))


def _write_items(items: list[Value], blocks: Blocks, path: str) -> None:
    row = ""
    for item in items:
        text = None if isinstance(item, Members | list) else _text_of(item)
        is_short = text is not None and "\n" not in text and len(text) <= MAX_CELL_CHARS
        if row and (not is_short or len(row) + len(text or "") > MAX_SMALL_CHARS):
            _write_text(row, blocks, path)
            row = ""
        if isinstance(item, Members):
            _write_members(item, blocks, path, is_item=True)
        elif is_short:
            row = f"{row}, {text}" if row and text else row or text or ""
        else:
            write_value(item, blocks, path)
    if row:
        _write_text(row, blocks, path)


def _cell_of(name: str, value: Value, path: str) -> str | None:
    """Return a short member as a cell, "" if it is empty, None if it is more than a cell."""
    if isinstance(value, Members):
        return None if value.pairs else ""
    if isinstance(value, list):
        if not value:
            return ""
        if any(isinstance(item, Members | list) for item in value):
            return None
        text = ", ".join(filter(None, map(_text_of, value)))
    else:
        text = _text_of(value)
    if "\n" in text or len(text) > MAX_CELL_CHARS:
        return None
    return _label(_join(path, name), text) if text else ""


def _write_text(text: str, blocks: Blocks, path: str) -> None:
    """Write a text as its paragraphs, the first behind its name."""
    text = blocks.normalize(text)
    for number, (start, end) in enumerate(find_blocks(text)):
        blocks.add(text[start:end] if number else _label(path, text[start:end]))


def _text_of(value: object) -> str:
    if isinstance(value, str):
        return value
    return "null" if value is None else str(value).lower()


def _label(name: str, text: str) -> str:
    return f"{name}: {text}" if name else text


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name else path or name


_PART = "\n\n"


def is_notebook(value: Members) -> bool:
    """Tell whether an object is a notebook: it has cells, and says which version of the format."""
    return isinstance(value.find("cells"), list) and value.find("nbformat") is not None


def read_notebook(notebook: Members, warning: str | None = None) -> Parsed:
    """Return the text of the cells in their blocks, with the headings of the Markdown."""
    found = notebook.find("cells")
    cells = [cell for cell in found if isinstance(cell, Members)] if isinstance(found, list) else []
    parts = [_read_cell(cell) for cell in cells]
    texts: list[str] = []
    units: list[Unit] = []
    position = 0
    for part, _ in parts:
        texts.append(part.text)
        units += (u._replace(start=u.start + position, end=u.end + position) for u in part.units)
        position += len(part.text) + len(_PART)
    n_shown = sum(bool(cell.find("outputs")) for cell in cells)
    return Parsed(
        _PART.join(texts),
        next((part.title for part, _ in parts if part.title), None),
        tuple(units),
        warnings=drop_none(
            warning,
            count(n_shown, "cell", "with output, which is left out"),
            describe_removed(sum(n_removed for _, n_removed in parts)),
        ),
    )


def _read_cell(cell: Members) -> tuple[Parsed, int]:
    source = cell.find("source") or ""
    text, n_removed = normalize("".join(_strings(source)))
    match cell.find("cell_type"):
        case "markdown":
            return markdown.read(text), n_removed
        case "code":
            return Parsed(text, None, as_units(find_code(text))), n_removed
        case _:
            return Parsed(text, None, as_units(find_blocks(text))), n_removed


def _strings(source: Value) -> list[str]:
    """Return the lines of a cell, which may be one string or a list of them."""
    if isinstance(source, str):
        return [source]
    return [line for line in source if isinstance(line, str)] if isinstance(source, list) else []


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the values as lines of text."""
    decoded = decode(data)
    try:
        value = read_json(decoded.text)
    except json.JSONDecodeError as error:
        parsed = parse_source(data, limits)
        told = f"not JSON ({error.msg}, line {error.lineno:,}); read line by line as it is"
        return replace(parsed, warnings=(told, *parsed.warnings))
    except ValueError as error:
        raise DocumentUnreadable(str(error), Fault.TOO_LARGE) from error
    if isinstance(value, Members) and is_notebook(value):
        return read_notebook(value, decoded.warning)
    blocks = Blocks(limits.max_chars)
    write_value(value, blocks)
    title = value.find("title") if isinstance(value, Members) else None
    return blocks.finish(
        blocks.clean(title) or None if isinstance(title, str) else None, [decoded.warning]
    )


_FULL_LINE = re.compile(r"[^\n]+")


def parse_lines(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the lines' values as lines of text, with a page for each line of the file."""
    decoded = decode(data)
    blocks = Blocks(limits.max_chars)
    n_bad = 0
    for n_lines, (number, (start, end)) in enumerate(_find_lines(decoded.text)):
        if n_lines >= MAX_LINES:
            raise DocumentUnreadable(f"more than {MAX_LINES:,} lines: split it", Fault.TOO_LARGE)
        line = decoded.text[start:end]
        blocks.start_page(number, PageKind.LINE)
        try:
            value = read_json(line)
        except ValueError:
            n_bad += 1
            blocks.add(line)
        else:
            write_value([value], blocks)
    told = count(n_bad, "line", "could not be read as JSON, left as in the file")
    return blocks.finish(None, [decoded.warning, told])


def locate_lines(data: bytes, span: tuple[int, int], pages: Sequence[Page]) -> Origin:
    """Return the bytes of the lines that a span of the text lies in."""
    numbers = {page.number for page in pages if page.start < span[1] and span[0] < page.end}
    decoded = decode(data)
    lines = [line for number, line in _find_lines(decoded.text) if number in numbers]
    return find_origin(data, decoded, (lines[0][0], lines[-1][1])) if lines else Origin()


def _find_lines(text: str) -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield the lines that are not blank, with their numbers: those between line feeds."""
    number, position = 1, 0
    for match in _FULL_LINE.finditer(text):
        number += text.count("\n", position, match.start())
        position = match.start()
        start, end = trim(text, *match.span())
        if start < end:
            yield number, (start, end)
