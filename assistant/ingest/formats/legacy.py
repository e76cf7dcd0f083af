"""Old Word documents and PowerPoint presentations (97 to 2003), as far as their text goes.

Of a document the text is put together from its pieces ([MS-DOC] 2.4.1), with its headings and the
rows of its tables; footnotes, endnotes and text boxes follow. Of a presentation each slide is a
page, its title a heading, its notes last ([MS-PPT] 2.1.2). What pictures say stands at the end of
the document, or of their slide. Hidden text is read like any other. Left out, with a warning:
comments, page headers and footers, drawings, hidden slides. The text is not the file's own, so
there is no `locate`. `DocumentUnreadable` is raised for damaged and encrypted files, and for what
older programs wrote.
"""

import io
import re
import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import NamedTuple

from olefile import OleFileIO

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.blocks import Block, Blocks
from assistant.ingest.formats.ooxml import Pictures, sensible_title
from assistant.ingest.formats.parsed import DEFAULT_LIMITS, Limits, Parsed, count
from assistant.ingest.formats.table import write_table
from assistant.values import PageKind, Role

_DAMAGE = (
    *(OSError, LookupError, ValueError, ArithmeticError, AttributeError, TypeError),
    *(RecursionError, struct.error),
)
_ENCRYPTED = "encrypted: open it with its password and save it without one"
_WORD = 0xA5EC
_IS_ENCRYPTED, _IN_SECOND_TABLE = 0x0100, 0x0200
_LENGTHS_AT = 0x4C
_PAGE_BYTES = 512
_PARAGRAPHS_AT, _PIECES_AT = 0x0102, 0x01A2
_IN_TABLE, _ENDS_ROW = b"\x16\x24\x01", b"\x17\x24\x01"
_PARTS = ("text", "footnotes", "margins", "macros", "comments", "endnotes", "boxes")
_END_OF_PARAGRAPH = re.compile(r"[\r\x07\x0c]")
_FIELD_MARKS = re.compile(r"[\x13-\x15]")
_WRITTEN = str.maketrans(
    {"\x0b": "\n", "\x0e": "\n", "\x1e": "-", **dict.fromkeys("\x01\x02\x03\x04\x05\x08\x1f")}
)
_TWO_UNITS = re.compile("[\U00010000-\U0010ffff]")
_MAX_HEADING = 9
MAX_BYTES = 100_000_000
"""Of the pieces of a text together, which may lie over each other."""


class _Paragraph(NamedTuple):
    """The properties of text from a place in the stream on."""

    start: int
    style: int
    is_in_table: bool
    ends_row: bool


@dataclass(slots=True)
class _Pieces:
    """The text of a Word document, and where in the stream its pieces lie."""

    text: str
    starts: list[int]
    places: list[tuple[int, int]]

    def place_of(self, character: int) -> int:
        """Return where a character lies in the stream."""
        number = bisect_right(self.starts, character) - 1
        place, width = self.places[number]
        return place + (character - self.starts[number]) * width


def parse_doc(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the text of an old Word document, with its headings."""
    blocks = Blocks(limits.max_chars)
    try:
        with OleFileIO(io.BytesIO(data)) as ole:
            main: bytes = ole.openstream("WordDocument").read()
            magic, flags = struct.unpack_from("<H8xH", main)
            if flags & _IS_ENCRYPTED:
                raise DocumentUnreadable(_ENCRYPTED, Fault.ENCRYPTED)
            if magic != _WORD:
                raise DocumentUnreadable(
                    "a document of Word 95 or older: open it and save it as .docx"
                )
            held = [ole.openstream(n).read() for n in ("Data", "WordDocument") if ole.exists(n)]
            table = ole.openstream("1Table" if flags & _IN_SECOND_TABLE else "0Table").read()
            title = sensible_title(_title_of(ole))
        pieces = _read_pieces(main, table)
        paragraphs = _read_paragraphs(main, table)
        lengths = dict(zip(_PARTS, struct.unpack_from("<7i", main, _LENGTHS_AT), strict=True))
    except _DAMAGE as error:
        raise DocumentUnreadable(
            "damaged: cannot be read as a Word document", Fault.CORRUPT
        ) from error
    start = 0
    for part, length in lengths.items():
        if part in ("text", "footnotes", "endnotes", "boxes") and length > 0:
            _add_text(pieces, (start, start + length), paragraphs, blocks)
        start += max(length, 0)
    pictures = Pictures(limits)
    for stream in held:
        for picture in _find_pictures(stream):
            blocks.extend(pictures.look(picture))
    return blocks.finish(
        title or blocks.first_title(),
        [
            "comments left out" if lengths["comments"] > 0 else None,
            "page headers and footers left out" if lengths["margins"] > 0 else None,
            *pictures.warn(pieces.text.count("\x01") + pieces.text.count("\x08")),
        ],
    )


_BLIP = re.compile(rb"..[\x1d\x1e\x29\x2a]\xf0(?=(.{4}))", re.DOTALL)
"""The head of a picture of JPEG, PNG or TIFF, and its length ([MS-ODRAW] 2.2.23)."""
_PICTURE_STARTS = (b"\x89PNG", b"\xff\xd8\xff", b"II*\0", b"MM\0*")


def _find_pictures(stream: bytes, at: int = 0) -> Iterator[bytes]:
    """Yield the pictures in a stream, wherever they lie behind a place."""
    while (head := _BLIP.search(stream, at)) is not None:
        length = int.from_bytes(head[1], "little")
        begin = head.end() + 4
        at = head.end()
        for skipped in (17, 33):  # one or two checksums, and a mark
            if stream.startswith(_PICTURE_STARTS, begin + skipped):
                yield stream[begin + skipped : begin + length]
                at = min(begin + length, len(stream))
                break


def _title_of(ole: OleFileIO) -> str | None:
    title = ole.get_metadata().title
    return title.decode("cp1252", "replace") if isinstance(title, bytes) else None


def _read_pieces(main: bytes, table: bytes) -> _Pieces:
    """Return the text by the table of its pieces ([MS-DOC] 2.8.35)."""
    first, n_bytes = struct.unpack_from("<II", main, _PIECES_AT)
    source = table[first : first + n_bytes]
    at = 0
    while source[at] == 1:  # properties, before the table
        at += 3 + int.from_bytes(source[at + 1 : at + 3], "little")
    n_pieces = (int.from_bytes(source[at + 1 : at + 5], "little") - 4) // 12
    starts = struct.unpack_from(f"<{n_pieces + 1}i", source, at + 5)
    texts, places = [], []
    n_bytes_read = 0
    for number, (begin, end) in enumerate(pairwise(starts)):
        (place,) = struct.unpack_from("<I", source, at + 5 + 4 * (n_pieces + 1) + 8 * number + 2)
        is_narrow, place = bool(place & 0x4000_0000), place & 0x3FFF_FFFF
        place, width = (place // 2, 1) if is_narrow else (place, 2)
        written = main[place : place + (end - begin) * width]
        text = written.decode("cp1252" if is_narrow else "utf-16-le", "replace")
        # Characters are counted in units of 16 bits.
        texts.append(_TWO_UNITS.sub("\\g<0>\x02", text))
        n_bytes_read += len(written)
        if end < begin or n_bytes_read > MAX_BYTES:
            raise ValueError("its pieces are out of order")
        places.append((place, width))
    return _Pieces("".join(texts), list(starts[:-1]), places)


def _read_paragraphs(main: bytes, table: bytes) -> list[_Paragraph]:
    """Return the properties of paragraphs in order of their places ([MS-DOC] 2.8.5, 2.9.175)."""
    first, n_bytes = struct.unpack_from("<II", main, _PARAGRAPHS_AT)
    n_pages = max((n_bytes - 4) // 8, 0)
    numbers = struct.unpack_from(f"<{n_pages}I", table, first + 4 * (n_pages + 1))
    found = []
    for number in numbers:
        page = main[number * _PAGE_BYTES : (number + 1) * _PAGE_BYTES]
        if len(page) < _PAGE_BYTES:
            continue
        n_runs = page[-1]
        starts = struct.unpack_from(f"<{n_runs + 1}I", page)
        for run, start in enumerate(starts[:-1]):
            at = 2 * page[4 * (n_runs + 1) + 13 * run]
            begin, length = (
                (at + 2, 2 * page[at + 1]) if not page[at] else (at + 1, 2 * page[at] - 1)
            )
            held = page[begin : begin + length] if at else b"\0\0"
            style = int.from_bytes(held[:2], "little")
            found.append(_Paragraph(start, style, _IN_TABLE in held[2:], _ENDS_ROW in held[2:]))
    return sorted(found)


def _add_text(
    pieces: _Pieces, span: tuple[int, int], paragraphs: list[_Paragraph], blocks: Blocks
) -> None:
    """Add a part of the text: its paragraphs, its headings, and the rows of its tables."""
    starts = [paragraph.start for paragraph in paragraphs]
    unknown = _Paragraph(0, 0, is_in_table=False, ends_row=False)
    table = _Rows(blocks)
    begin = span[0]
    for end in _END_OF_PARAGRAPH.finditer(pieces.text, *span):
        at = bisect_right(starts, pieces.place_of(end.start())) - 1
        properties = paragraphs[at] if at >= 0 else unknown
        text = blocks.clean(_show_fields(pieces.text[begin : end.start()]).translate(_WRITTEN))
        begin = end.end()
        if end[0] == "\x07" or properties.is_in_table:
            table.add(text, ends_cell=end[0] == "\x07", ends_row=properties.ends_row)
            continue
        table.end()
        level = properties.style if 0 < properties.style <= _MAX_HEADING else 0
        blocks.add(text, level)
    table.end()
    blocks.add(_show_fields(pieces.text[begin : span[1]]).translate(_WRITTEN))


@dataclass(slots=True)
class _Rows:
    """The rows of a table as they come, cell by cell."""

    blocks: Blocks
    rows: list[list[str]] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def add(self, text: str, *, ends_cell: bool, ends_row: bool) -> None:
        """Take in a paragraph of a cell, or the mark behind a row."""
        if ends_row:
            self.rows.append(self.cells)
            self.cells = []
            return
        self.lines.append(text)
        if ends_cell:
            self.cells.append(" ".join(filter(None, self.lines)))
            self.lines = []

    def end(self) -> None:
        """Add the table, if there is one."""
        if self.cells or self.lines:
            self.rows.append([*self.cells, *self.lines])
        if self.rows:
            self.blocks.extend(Block(t, role=role) for t, role in write_table((), self.rows))
        self.rows, self.cells, self.lines = [], [], []


def _show_fields(text: str) -> str:
    """Return text with the results of its fields, without what they are worked out from."""
    if "\x13" not in text:
        return _FIELD_MARKS.sub("", text)
    shown: list[str] = []
    is_hidden: list[bool] = []
    n_hidden = position = 0
    for mark in _FIELD_MARKS.finditer(text):
        if not n_hidden:
            shown.append(text[position : mark.start()])
        position = mark.end()
        if mark[0] == "\x13":
            is_hidden.append(True)
            n_hidden += 1
        elif is_hidden:
            n_hidden -= is_hidden.pop()
            if mark[0] == "\x14":
                is_hidden.append(False)
    return "".join(shown) + ("" if n_hidden else text[position:])


_SLIDE_LIST, _SLIDE_REFERENCE, _NOTES_OF = 4080, 1011, 1009
_TEXT_KIND, _WIDE_TEXT, _NARROW_TEXT, _SLIDE_INFO = 3999, 4000, 4008, 1017
_EDIT = 4085
_PICTURE_ENTRY, _SHAPE_PROPERTIES, _PICTURE_NUMBER = 0xF007, 0xF00B, 0x0104
_TITLES = (0, 6)
_ENCRYPTED_TOKEN = 0xF3D1_C4DF
MAX_EDITS = 1_000
MAX_RECORD_DEPTH = 40


class _Record(NamedTuple):
    """A record of a presentation: what it is, its instance, and its bytes."""

    kind: int
    instance: int
    data: bytes
    is_container: bool


def _records(data: bytes, at: int = 0) -> Iterator[_Record]:
    while at + 8 <= len(data):
        head, kind, length = struct.unpack_from("<HHI", data, at)
        yield _Record(kind, head >> 4, data[at + 8 : at + 8 + length], head & 0xF == 0xF)
        at += 8 + length


def _record_at(data: bytes, at: int) -> _Record:
    return next(_records(data, at))


def _find(record: _Record, *kinds: int, depth: int = 0) -> Iterator[_Record]:
    """Yield the records of some kinds inside one, however deep, in order."""
    if depth > MAX_RECORD_DEPTH:
        raise ValueError("nested too deeply")
    for inner in _records(record.data):
        if inner.kind in kinds:
            yield inner
        elif inner.is_container:
            yield from _find(inner, *kinds, depth=depth + 1)


def parse_ppt(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the text of an old presentation, with a page for each slide."""
    blocks = Blocks(limits.max_chars)
    try:
        with OleFileIO(io.BytesIO(data)) as ole:
            user: bytes = ole.openstream("Current User").read()
            main: bytes = ole.openstream("PowerPoint Document").read()
            drawn = ole.openstream("Pictures").read() if ole.exists("Pictures") else b""
            title = sensible_title(_title_of(ole))
        token, edit_at = struct.unpack_from("<II", user, 12)
        if token == _ENCRYPTED_TOKEN:
            raise DocumentUnreadable(_ENCRYPTED, Fault.ENCRYPTED)
        deck = _Deck(blocks, limits, drawn, Pictures(limits))
        n_hidden = _read_slides(main, edit_at, deck)
    except (*_DAMAGE, StopIteration) as error:
        raise DocumentUnreadable(
            "damaged: cannot be read as a presentation", Fault.CORRUPT
        ) from error
    return blocks.finish(
        title or blocks.first_title(),
        [
            count(n_hidden, "hidden slide", "left out"),
            *deck.pictures.warn(sum(1 for _ in _records(drawn))),
        ],
    )


@dataclass(slots=True)
class _Deck:
    """A presentation that is being read: `drawn` is the stream of its pictures."""

    blocks: Blocks
    limits: Limits
    drawn: bytes
    pictures: Pictures
    starts: list[int] = field(default_factory=list)
    """Where each of the pictures lies in that."""
    seen: set[int] = field(default_factory=set)

    def look(self, slide: _Record) -> None:
        """Add what the pictures of a slide say."""
        for properties in _find(slide, _SHAPE_PROPERTIES):
            data = properties.data
            for number in range(min(properties.instance, len(data) // 6)):
                kind, value = struct.unpack_from("<HI", data, 6 * number)
                is_picture = kind & 0x3FFF == _PICTURE_NUMBER and value not in self.seen
                if is_picture and 0 < value <= len(self.starts):
                    self.seen.add(value)
                    for picture in islice(_find_pictures(self.drawn, self.starts[value - 1]), 1):
                        self.blocks.extend(self.pictures.look(picture))


def _read_slides(main: bytes, edit_at: int, deck: _Deck) -> int:
    """Read the slides that are shown, and return how many are not."""
    blocks, limits = deck.blocks, deck.limits
    places, document_id = _places_of(main, edit_at)
    document = _record_at(main, places[document_id])
    deck.starts = [
        int.from_bytes(entry.data[28:32], "little") for entry in _find(document, _PICTURE_ENTRY)
    ]
    lists = {found.instance: found for found in _find(document, _SLIDE_LIST)}
    notes: dict[int, list[_Record]] = {}
    for _, reference, _ in _slides_of(lists.get(2)):
        held = _record_at(main, places[reference])
        about = next(_find(held, _NOTES_OF), None)
        if about is not None:
            notes[int.from_bytes(about.data[:4], "little")] = list(_texts(held))
    slides = list(_slides_of(lists.get(0)))
    if len(slides) > limits.max_pages:
        raise DocumentUnreadable(
            f"{len(slides):,} slides, over the limit of {limits.max_pages:,}; split it",
            Fault.TOO_LARGE,
        )
    n_hidden = 0
    for number, (slide_id, reference, outline) in enumerate(slides, start=1):
        slide = _record_at(main, places[reference])
        info = next(_find(slide, _SLIDE_INFO), None)
        if info is not None and info.data[10:11] and info.data[10] & 0x04:
            n_hidden += 1
            continue
        blocks.start_page(number, PageKind.SLIDE)
        _add_slide([*outline, *_texts(slide)], blocks)
        deck.look(slide)
        for text in notes.get(slide_id, ()):
            if text.kind != _TEXT_KIND:
                _add_lines(text, 0, blocks)
        blocks.end_page()
    return n_hidden


def _places_of(main: bytes, edit_at: int) -> tuple[dict[int, int], int]:
    """Return where the parts of the last edit lie, by their numbers, and that of the document."""
    places: dict[int, int] = {}
    document_id = 0
    for _ in range(MAX_EDITS):
        edit = _record_at(main, edit_at)
        if edit.kind != _EDIT:
            raise ValueError("no edit where one should be")
        before, directory_at, document = struct.unpack_from("<8xIII", edit.data)
        document_id = document_id or document
        held = _record_at(main, directory_at).data
        at = 0
        while at + 4 <= len(held):
            first = int.from_bytes(held[at : at + 4], "little")
            number, n_places = first & 0xFFFFF, first >> 20
            for place in struct.unpack_from(f"<{n_places}I", held, at + 4):
                places.setdefault(number, place)
                number += 1
            at += 4 + 4 * n_places
        if not before:
            break
        edit_at = before
    return places, document_id


def _slides_of(listed: _Record | None) -> Iterator[tuple[int, int, list[_Record]]]:
    """Yield of each slide its number, that of its part, and the texts of its outline."""
    slide: tuple[int, int] | None = None
    texts: list[_Record] = []
    for record in _records(listed.data) if listed is not None else ():
        if record.kind == _SLIDE_REFERENCE:
            if slide is not None:
                yield *slide, texts
            reference, slide_id = struct.unpack_from("<I8xI", record.data)
            slide, texts = (slide_id, reference), []
        elif record.kind in (_TEXT_KIND, _WIDE_TEXT, _NARROW_TEXT):
            texts.append(record)
    if slide is not None:
        yield *slide, texts


def _texts(part: _Record) -> Iterator[_Record]:
    return _find(part, _TEXT_KIND, _WIDE_TEXT, _NARROW_TEXT)


def _add_slide(texts: list[_Record], blocks: Blocks) -> None:
    """Add the texts of a slide, its title first."""
    kind = -1
    kinds: list[tuple[bool, _Record]] = []
    for text in texts:
        if text.kind == _TEXT_KIND:
            kind = int.from_bytes(text.data[:4], "little")
        else:
            kinds.append((kind in _TITLES, text))
    for is_title, text in sorted(kinds, key=lambda one: not one[0]):
        _add_lines(text, int(is_title), blocks)


def _add_lines(text: _Record, level: int, blocks: Blocks) -> None:
    written = text.data.decode("utf-16-le" if text.kind == _WIDE_TEXT else "latin-1", "replace")
    if level:
        blocks.add(written.replace("\x0b", " ").replace("\r", " "), level)
        return
    for line in re.split(r"[\r\x0b]", written):
        blocks.add(line, role=Role.PARAGRAPH)
