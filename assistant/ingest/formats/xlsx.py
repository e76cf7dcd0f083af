"""Spreadsheets of Excel and OpenDocument: the rows of the sheets, each of which is a page.

A sheet begins with its name, a heading; each row that is not empty is a block, with its number in
the sheet as its page. A row is written as `table.py` says: `Name: value | Name: value` where the
table has column names; merged cells have their text in each row. Values are as they are stored and
not as they are shown (0.15, not 15 %); dates and times in ISO 8601, truth values as true and false;
of formulas the value that was last worked out. The text of shapes and pictures follows the rows of
its sheet. Left out, with a warning: hidden sheets, rows and columns, errors, formulas that were
never worked out, comments, charts. Old, binary and OpenDocument workbooks are read by `calamine`,
which does not tell what of a sheet is hidden, and so are those that openpyxl stumbles over.
`DocumentUnreadable` is raised for damaged and encrypted files, bombs, and workbooks with too much
in them.
"""

import datetime as dt
import io
import re
import struct
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import IO, Any

from lxml import etree
from olefile import OleFileIO
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.utils.escape import unescape
from openpyxl.worksheet._reader import (
    COL_TAG,
    FORMULA_TAG,
    INLINE_STRING,
    ROW_TAG,
    VALUE_TAG,
    WorkSheetParser,
)
from openpyxl.worksheet.cell_range import CellRange
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.archive import Archive, open_archive
from assistant.ingest.formats.blocks import Block, Blocks
from assistant.ingest.formats.ooxml import (
    Inserted,
    describe_left_out,
    find_main,
    list_relations,
    name_of,
    parse_xml,
    refuse_strict,
    sensible_title,
)
from assistant.ingest.formats.parsed import DEFAULT_LIMITS, Limits, Parsed, count
from assistant.ingest.formats.table import write_rows
from assistant.values import PageKind, Role

MAX_COLUMNS = 16_384
"""Of a sheet, as Excel has it."""
_MAIN = f"{{{SHEET_MAIN_NS}}}"


@dataclass(slots=True)
class LeftOut:
    """What of a workbook is not in its text."""

    sheets: int = 0
    sheets_read: int = 0
    rows: int = 0
    errors: int = 0
    formulas: int = 0
    columns: set[tuple[int, int]] = field(default_factory=set)
    """Those with something in them, by sheet and number."""

    def warnings(self) -> list[str | None]:
        """Return what was left out."""
        return [
            count(self.sheets, "hidden sheet", "left out"),
            count(self.rows, "hidden row", "left out"),
            count(len(self.columns), "hidden column", "left out"),
            count(self.errors, "cell", "with an error left empty"),
            count(self.formulas, "formula", "without a value left empty: open and save it anew"),
        ]


_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=\"([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})\"")
MAX_MERGED = 20_000


class _SheetParser(WorkSheetParser):  # type: ignore[misc]
    """The library's parser of a sheet, over a faster one of XML; counts formulas without value."""

    n_unknown = 0

    def parse(self) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        """Yield the rows that are there, with their numbers."""
        for element in _elements(self.source, ROW_TAG, COL_TAG):
            if element.tag == ROW_TAG:
                yield self.parse_row(element)
            else:
                self.parse_column_dimensions(element)

    def parse_cell(self, element: etree._Element) -> dict[str, Any]:
        """Return a cell, and count it if its formula was never worked out."""
        inline = element.find(INLINE_STRING)
        if inline is not None:  # read as a formula's text is, which is quicker
            element.set("t", "str")
            etree.SubElement(element, VALUE_TAG).text = _text_of(inline)
        cell: dict[str, Any] = super().parse_cell(element)
        if cell["value"] is None and element.find(FORMULA_TAG) is not None:
            self.n_unknown += 1
        return cell


_ODD_STATE = re.compile(rb"(\sstate=[\"'])(?!visible|hidden|veryHidden)[^\"']*")
_ENCRYPTED = "encrypted: open it with its password and save it without one"
_BOF_BYTES, _LOCKS = 64, (b"\x2f\x00",)
_STUMBLES = (KeyError, ValueError, TypeError, IndexError, AttributeError, OSError, SyntaxError)
"""What openpyxl raises over what it does not expect in a workbook that Excel opens."""


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the rows of the sheets that are shown, with a page for each row."""
    if not data.startswith(b"PK"):
        if _is_locked(data):
            raise DocumentUnreadable(_ENCRYPTED, Fault.ENCRYPTED)
        return _parse_plainly(data, limits)
    archive = open_archive(data)
    main = find_main(archive)
    if "content.xml" in archive.names or main.endswith(".bin"):
        return _parse_plainly(data, limits)
    refuse_strict(archive)
    try:
        return _parse_fully(archive, main, limits)
    except _STUMBLES as error:
        try:
            return _parse_plainly(data, limits, ["hidden rows and columns, if any, are read, too"])
        except DocumentUnreadable:
            raise error from None


def _is_locked(data: bytes) -> bool:
    """Tell whether the second record of an old workbook says that the rest is encrypted."""
    with suppress(OSError, ArithmeticError, struct.error), OleFileIO(io.BytesIO(data)) as ole:
        name = "Workbook" if ole.exists("Workbook") else "Book"
        start = ole.openstream(name).read(_BOF_BYTES)
        (length,) = struct.unpack_from("<2xH", start)
        return start[4 + length : 6 + length] in _LOCKS
    return False


def _parse_fully(archive: Archive, main: str, limits: Limits) -> Parsed:
    blocks = Blocks(limits.max_chars)
    left_out = LeftOut()
    inserted = Inserted(archive, limits)
    written = archive.read(main) if main in archive.names else b""
    mended = {main: _ODD_STATE.sub(rb"\1visible", written)} if _ODD_STATE.search(written) else None
    with warnings.catch_warnings():
        # What the library does not read of a workbook's looks is nothing to tell people.
        warnings.simplefilter("ignore")
        book = _open(archive.package(mended))
        sheets = [found for found in book.parser.find_sheets() if "chart" not in found[1].Type]
        require_few(len(sheets), limits)
        for sheet, relation in sheets:
            if sheet.state != "visible":
                left_out.sheets += 1
                continue
            merged = _read_merged(book.archive.read(relation.target))
            with book.archive.open(relation.target) as source:
                parser = _parser_of(source, book)
                left_out.sheets_read += 1
                rows = fill(_rows_of(parser, blocks, left_out), merged)
                add_sheet(sheet.name, rows, _drawn(archive, relation.target, inserted), blocks)
    return blocks.finish(
        sensible_title(book.wb.properties.title),
        [
            *left_out.warnings(),
            count(archive.count_under("xl/comments"), "sheet", "with comments, left out"),
            *inserted.warnings(),
            *describe_left_out(archive, "xl", inserted.n_pictures),
        ],
    )


def require_few(n_sheets: int, limits: Limits) -> None:
    """Refuse a workbook of too many sheets.

    Raises:
        DocumentUnreadable: it is one.
    """
    if n_sheets > limits.max_pages:
        raise DocumentUnreadable(
            f"{n_sheets:,} sheets, over the limit of {limits.max_pages:,}; split it",
            Fault.TOO_LARGE,
        )


def _parse_plainly(data: bytes, limits: Limits, told: Sequence[str] = ()) -> Parsed:
    """Return the rows of a workbook of any kind, as calamine reads them."""
    blocks = Blocks(limits.max_chars)
    n_hidden = 0
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = [one for one in book.sheets_metadata if "Chart" not in str(one.typ)]
        require_few(len(sheets), limits)
        for sheet in sheets:
            if not str(sheet.visible).endswith(".Visible"):
                n_hidden += 1
                continue
            rows = _plain_rows(book.get_sheet_by_name(sheet.name), blocks)
            add_sheet(sheet.name, rows, (), blocks)
    except PasswordError as error:
        raise DocumentUnreadable(_ENCRYPTED, Fault.ENCRYPTED) from error
    except CalamineError as error:
        raise DocumentUnreadable(
            f"damaged, or not what it claims to be ({error})", Fault.CORRUPT
        ) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # which is no Exception
            raise
        raise DocumentUnreadable(
            "its parser fails over it: open it in a spreadsheet program and save it as .xlsx",
            Fault.CRASH,
        ) from error
    return blocks.finish(None, [count(n_hidden, "hidden sheet", "left out"), *told])


def _plain_rows(sheet: CalamineSheet, blocks: Blocks) -> Iterator[tuple[int, list[str]]]:
    areas: dict[int, list[CellRange]] = defaultdict(list)
    for (top, left), (bottom, right) in (sheet.merged_cell_ranges or ())[:MAX_MERGED]:
        area = CellRange(min_col=left + 1, min_row=top + 1, max_col=right + 1, max_row=bottom + 1)
        areas[area.min_row].append(area)
    values = enumerate(sheet.iter_rows(), start=1)
    rows = (
        (number, ["" if v == "" else blocks.clean(write_value(v)) for v in row[:MAX_COLUMNS]])
        for number, row in values
    )
    return fill(rows, areas)


def _drawn(archive: Archive, sheet: str, inserted: Inserted) -> Iterator[Block]:
    """Yield the text of a sheet's shapes and pictures."""
    for kind, part in list_relations(archive, sheet).values():
        if kind != "drawing" or part not in archive.names:
            continue
        for paragraph in parse_xml(archive.read(part)).iter("{*}p"):
            runs = (run.text or "" for run in paragraph.iter() if name_of(run) == "t")
            yield Block("".join(runs), role=Role.NOTE)
        for relation in list_relations(archive, part).values():
            yield from inserted.read(*relation)


def _open(data: bytes) -> ExcelReader:
    """Open a workbook, but none of its sheets: the library would go through each to measure it."""
    book = ExcelReader(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    book.read_manifest()
    strings = book.package.find(SHARED_STRINGS)
    if strings is not None:
        with book.archive.open(strings.PartName.lstrip("/")) as source:
            book.shared_strings = [
                unescape(_text_of(element)) for element in _elements(source, f"{_MAIN}si")
            ]
    book.read_workbook()
    book.read_properties()
    apply_stylesheet(book.archive, book.wb)
    return book


def _elements(source: IO[bytes], *tags: str) -> Iterator[etree._Element]:
    """Yield the elements of some names, each gone when the next is asked for."""
    for _, element in etree.iterparse(
        source, tag=tags, resolve_entities=False, no_network=True, huge_tree=False
    ):
        yield element
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]


def _text_of(string: etree._Element) -> str:
    """Return a string without the reading aids of East Asian scripts."""
    texts = string.iter(f"{_MAIN}t")
    return "".join(t.text or "" for t in texts if t.getparent().tag != f"{_MAIN}rPh")


def _parser_of(source: IO[bytes], book: ExcelReader) -> _SheetParser:
    return _SheetParser(
        source,
        book.shared_strings,
        data_only=True,
        epoch=book.wb.epoch,
        date_formats=book.wb._date_formats,
        timedelta_formats=book.wb._timedelta_formats,
    )


def _read_merged(sheet: bytes) -> dict[int, list[CellRange]]:
    """Return the ranges of merged cells, by their first row; of very many only the first."""
    merged: dict[int, list[CellRange]] = defaultdict(list)
    for found in islice(_MERGED.finditer(sheet), MAX_MERGED):
        with suppress(ValueError):
            area = CellRange(found[1].decode("ascii"))
            merged[area.min_row].append(area)
    return merged


def add_sheet(
    name: str, rows: Iterable[tuple[int, list[str]]], drawn: Iterable[Block], blocks: Blocks
) -> None:
    """Add what is in a sheet under its name; a sheet without anything leaves no trace."""
    is_empty = True
    for number, text, role in write_rows(rows):
        if is_empty:
            blocks.add(name, level=1)
            is_empty = False
        blocks.start_page(number, PageKind.ROW)
        blocks.append(Block(text, role=role))
    blocks.end_page()
    for block in drawn:
        if text := block.text if block.words else blocks.clean(block.text):
            if is_empty:
                blocks.add(name, level=1)
                is_empty = False
            blocks.append(Block(text, role=block.role, words=block.words))


def fill(
    rows: Iterable[tuple[int, list[str]]], merged: Mapping[int, Sequence[CellRange]]
) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows with the text of merged cells in each row that they cover."""
    reaching: list[tuple[CellRange, str]] = []
    for number, row in rows:
        n_filled = sum(map(bool, row))
        for area in merged.get(number, ()):
            text = row[area.min_col - 1] if area.min_col <= len(row) else ""
            if text and area.max_row > area.min_row:
                reaching.append((area, text))
        reaching = [(area, text) for area, text in reaching if area.max_row >= number]
        for area, text in reaching if n_filled else ():
            row.extend("" for _ in range(min(area.min_col, MAX_COLUMNS) - len(row)))
            row[area.min_col - 1] = row[area.min_col - 1] or text
        yield number, row


def _rows_of(
    parser: _SheetParser, blocks: Blocks, left_out: LeftOut
) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are there and shown, and an empty one where rows are missing."""
    last = 0
    hidden: frozenset[int] = frozenset()
    for number, cells in parser.parse():
        if number <= last:
            raise DocumentUnreadable("damaged: its rows are not in order", Fault.CORRUPT)
        if not last:
            hidden = _hidden_columns(parser)
        if number > last + 1:
            yield last + 1, []
        last = number
        if parser.row_dimensions.pop(str(number), {}).get("hidden") in ("1", "true"):
            left_out.rows += 1
        else:
            yield number, _write_cells(cells, hidden, blocks, left_out)
    left_out.formulas += parser.n_unknown


def _hidden_columns(parser: WorkSheetParser) -> frozenset[int]:
    """Return the numbers of the columns that are hidden."""
    return frozenset(
        column
        for found in parser.column_dimensions.values()
        if found.get("hidden") in ("1", "true")
        for column in range(int(found["min"]), min(int(found["max"]), MAX_COLUMNS) + 1)
    )


def _write_cells(
    cells: list[dict[str, Any]], hidden: frozenset[int], blocks: Blocks, left_out: LeftOut
) -> list[str]:
    row: list[str] = []
    for cell in cells:
        column, value = cell["column"], cell["value"]
        if value is None or column > MAX_COLUMNS:
            continue
        if column in hidden:
            left_out.columns.add((left_out.sheets_read, column))
            continue
        if cell["data_type"] == "e":
            left_out.errors += 1
            continue
        row.extend("" for _ in range(column - len(row)))
        row[column - 1] = blocks.clean(write_value(value))
    return row


def write_value(value: object) -> str:
    """Return a cell's value as text.

    >>> [write_value(v) for v in (2.0, 0.1 + 0.2, True, dt.datetime(2026, 1, 31))]
    ['2', '0.3', 'true', '2026-01-31']
    """
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return format(value, ".15g")
        case dt.datetime() if value.time() == dt.time():
            return value.date().isoformat()
        case dt.datetime():
            return value.isoformat(sep=" ", timespec="seconds")
        case dt.date() | dt.time():
            return value.isoformat()
        case _:
            return str(value)
