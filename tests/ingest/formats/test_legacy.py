"""Old Word documents and presentations, written here as [MS-DOC] and [MS-PPT] say."""

import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ingest.formats.compound_made import compound
from ingest.reading import blocks_by, headings, pages, refuses

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.legacy import parse_doc, parse_ppt
from assistant.ingest.sniff import media_type
from assistant.values import PageKind, Role

CELL, ROW = b"\x16\x24\x01", b"\x16\x24\x01\x17\x24\x01"
TEXT_AT = 2_048
Paragraph = tuple[str, int, bytes]
"""With the mark at its end, its style and what else is said of it."""
in_blocks = blocks_by(parse_doc)


def doc(
    *paragraphs: Paragraph,
    notes: str = "",
    comments: str = "",
    flags: int = 0,
    wide: bool = True,
    **streams: bytes,
) -> bytes:
    """Return a Word document whose text is one piece, and its paragraphs one page of properties."""
    texts = [*(text for text, _, _ in paragraphs), notes, comments]
    encoding = "utf-16-le" if wide else "cp1252"
    written = [text.encode(encoding) for text in texts]
    main = bytearray(TEXT_AT) + b"".join(written)
    struct.pack_into("<HH6xH", main, 0, 0xA5EC, 0xC1, flags)
    n_main = sum(len(text) for text, _, _ in paragraphs)
    struct.pack_into("<7i", main, 0x4C, n_main, len(notes), 0, 0, len(comments), 0, 0)
    page_number = -(-len(main) // 512)
    starts, place = [TEXT_AT], TEXT_AT
    page, at = bytearray(512), 510
    for number, (_, style, said) in enumerate(paragraphs):
        held = struct.pack("<H", style) + said
        held += b"\0" * (len(held) % 2 == 0)
        at -= 2 * ((len(held) + 2) // 2)
        page[at] = (len(held) + 1) // 2
        page[at + 1 : at + 1 + len(held)] = held
        page[4 * (len(paragraphs) + 1) + 13 * number] = at // 2
        place += len(written[number])
        starts.append(place)
    struct.pack_into(f"<{len(starts)}I", page, 0, *starts)
    page[511] = len(paragraphs)
    main = main.ljust(512 * page_number, b"\0") + page
    n_all = sum(map(len, texts))
    piece = TEXT_AT if wide else (TEXT_AT * 2) | 0x4000_0000
    pieces = b"\x02" + struct.pack("<IiiHIH", 16, 0, n_all, 0, piece, 0)
    properties = struct.pack("<III", TEXT_AT, place, page_number)
    struct.pack_into("<II", main, 0x01A2, 0, len(pieces))
    struct.pack_into("<II", main, 0x0102, len(pieces), len(properties))
    return compound({"WordDocument": bytes(main), "0Table": pieces + properties, **streams})


@pytest.mark.parametrize("wide", [True, False])
def test_paragraphs_and_headings_of_an_old_document_are_read(wide: bool) -> None:
    data = doc(
        ("The Kiln\r", 1, b""), ("It is cold.\x0bÖde.\r", 0, b""), ("Deeper\r", 2, b""), wide=wide
    )
    parsed = parse_doc(data)
    assert in_blocks(data) == ["The Kiln", "It is cold. Öde.", "Deeper"]
    assert headings(parsed) == [("The Kiln", 1), ("Deeper", 2)]
    assert parsed.title == "The Kiln"
    assert media_type("a.doc", data) == ("application/msword", None)


def test_the_rows_of_a_table_are_rows() -> None:
    data = doc(
        ("Before\r", 0, b""),
        *(("Clay\x07", 0, CELL), ("Loss\x07", 0, CELL), ("\x07", 0, ROW)),
        *(("Red\r", 0, CELL), ("and wet\x07", 0, CELL), ("4 %\x07", 0, CELL), ("\x07", 0, ROW)),
        *(("White\x07", 0, CELL), ("6 %\x07", 0, CELL), ("\x07", 0, ROW)),
        ("After\r", 0, b""),
    )
    parsed = parse_doc(data)
    assert in_blocks(data) == [
        *("Before", "Clay | Loss", "Clay: Red and wet | Loss: 4 %", "Clay: White | Loss: 6 %"),
        "After",
    ]
    assert [unit.role for unit in parsed.units][1:4] == [Role.NAMES, Role.ROW, Role.ROW]


def test_of_a_field_its_result_is_read_and_notes_follow_the_text() -> None:
    shown = 'See \x13 HYPERLINK "x" \x14the \x13 PAGE \x14second\x15 page\x15 here.\r'
    data = doc((shown, 0, b""), notes="\x02 A note.\r", comments="Why?\r")
    assert in_blocks(data) == ["See the second page here.", "A note."]
    assert parse_doc(data).warnings == ("comments left out",)


def test_an_encrypted_document_is_called_so() -> None:
    with refuses(Fault.ENCRYPTED, "password"):
        parse_doc(doc(("x\r", 0, b""), flags=0x100))


def record(kind: int, *inner: bytes, instance: int = 0, is_container: bool = True) -> bytes:
    data = b"".join(inner)
    return struct.pack("<HHI", instance << 4 | 0xF * is_container, kind, len(data)) + data


def atom(kind: int, data: bytes) -> bytes:
    return record(kind, data, is_container=False)


def outline(kind: int, text: str) -> bytes:
    is_wide = not text.isascii()
    written = text.encode("utf-16-le" if is_wide else "latin-1")
    return atom(3999, struct.pack("<I", kind)) + atom(4000 if is_wide else 4008, written)


def ppt(*slides: tuple[str, str, str, bool], stale: str = "") -> bytes:
    """Return a presentation of slides with a title, a text box, a note, and whether it is hidden.

    `stale` is the title of a slide that an edit has left behind.
    """
    main = record(1006, outline(4, stale)) if stale else b""
    places: list[int] = []
    listed, noted = [], []
    for number, (title, box, note, is_hidden) in enumerate(slides):
        info = atom(1017, b"\0" * 10 + bytes([4 * is_hidden]) + b"\0" * 5)
        places.append(len(main))
        main += record(1006, info, record(1036, record(0xF00D, outline(4, box), is_container=True)))
        reference = struct.pack("<IIIII", len(places) + 1, 0, 0, 256 + number, 0)
        listed.append(atom(1011, reference) + outline(0, title))
        places.append(len(main))
        about = atom(1009, struct.pack("<I", 256 + number) + b"\0" * 4)
        main += record(1008, about, record(1036, outline(2, note)))
        noted.append(atom(1011, struct.pack("<IIIII", len(places) + 1, 0, 0, 512 + number, 0)))
    document = len(main)
    main += record(1000, record(4080, *listed), record(4080, *noted, instance=2))
    directory = len(main)
    offsets = [document, *places]
    held = struct.pack(f"<I{len(offsets)}I", len(offsets) << 20 | 1, *offsets)
    main += atom(6002, held)
    edit = len(main)
    main += atom(4085, struct.pack("<IIIIIII", 0, 0, 0, directory, 1, 0, 0))
    user = struct.pack("<IIIII", 0, 0, 20, 0xE391C05F, edit)
    return compound({"Current User": user, "PowerPoint Document": main})


def test_each_slide_is_a_page_with_its_title_first_and_its_notes_last() -> None:
    data = ppt(
        ("Kiln", "It is cold.\rVery.", "Say it slowly.", False),
        ("Secret", "x", "x", True),
        ("Ärger", "Ash.", "", False),
        stale="Draft",
    )
    parsed = parse_ppt(data)
    assert pages(parsed) == [(1, "Kiln\nIt is cold.\nVery.\nSay it slowly."), (3, "Ärger\nAsh.")]
    assert {page.kind for page in parsed.pages} == {PageKind.SLIDE}
    assert [text for text, _ in headings(parsed)] == ["Kiln", "Ärger"]
    assert parsed.warnings == ("1 hidden slide left out",)
    assert media_type("a.ppt", data) == ("application/vnd.ms-powerpoint", None)


@example(place=33, value=1, is_word=False)
@given(place=st.integers(0, 4_000), value=st.integers(0, 255), is_word=st.booleans())
def test_a_damaged_old_file_is_read_or_refused(place: int, value: int, is_word: bool) -> None:
    data = bytearray(
        doc(("It is cold.\r", 1, b""), ("x\x07", 0, ROW))
        if is_word
        else ppt(("Kiln", "It is cold.", "Note", False))
    )
    data[place % len(data)] = value
    try:
        (parse_doc if is_word else parse_ppt)(bytes(data))
    except DocumentUnreadable:
        return
