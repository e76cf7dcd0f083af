"""Pictures in documents: what they say stands where they do, as notes, in every format."""

import base64
import struct
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from ingest.formats.compound_made import Tree, compound
from ingest.formats.drawn_text import draw_text, saved
from ingest.formats.packages import pack
from ingest.formats.test_legacy import atom, doc, outline, record
from ingest.formats.test_odt import NAMESPACES
from ingest.reading import blocks, pages, within
from PIL import Image

from assistant.ingest.formats import epub, flat, legacy, ooxml, rtf
from assistant.ingest.formats import odt as opendocument
from assistant.ingest.formats.parsed import Limits, Parsed
from assistant.ingest.formats.rtf import parse as parse_rtf
from assistant.values import PageKind, Role

SAID = "The kiln needs nine hours."
DRAWN = draw_text((SAID,)).image
PNG, JPEG = saved(DRAWN), saved(DRAWN, "JPEG")
SMALL = saved(Image.new("RGB", (20, 20)))
LINK = "http://www.w3.org/1999/xlink"
NO_PICTURES = Limits(max_ocr_pages=0)


def framed(inner: str) -> str:
    return f'<draw:frame><draw:image xmlns:x="{LINK}" {inner}</draw:frame>'


def open_text(body: str, picture: bytes = PNG) -> bytes:
    content = (
        f"<office:document-content {NAMESPACES}><office:body><office:text>{body}</office:text>"
        "</office:body></office:document-content>"
    )
    return pack({"content.xml": content.encode(), "Pictures/a b.png": picture})


SHOWN = framed('x:href="Pictures/a%20b.png"/>')
WRITTEN = f"<office:binary-data>{base64.b64encode(PNG).decode()}</office:binary-data>"


def book(chapter: str, picture: bytes = PNG) -> bytes:
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="O/book.opf"/></rootfiles></container>'
    )
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><manifest><item id="i" href="t/a.xhtml" '
        'media-type="application/xhtml+xml"/></manifest><spine><itemref idref="i"/></spine>'
        "</package>"
    )
    return pack(
        {
            "mimetype": b"application/epub+zip",
            "META-INF/container.xml": container.encode(),
            "O/book.opf": package.encode(),
            "O/t/a.xhtml": f"<html><body>{chapter}</body></html>".encode(),
            "O/i/p.png": picture,
        }
    )


def blip(picture: bytes, kind: int = 0xF01E, checksums: int = 1) -> bytes:
    return atom(kind, bytes(16 * checksums) + b"\xff" + picture)


def rich(picture: bytes, kind: str = "pngblip") -> str:
    return rf"{{\pict{{\*\picprop{{\sp{{\sn wz}}}}}}\{kind}\picw9 {picture.hex()}}}"


BOTH = rf"{{\*\shppict{rich(PNG)}}}{{\nonshppict{{\pict\wmetafile8 0100}}}}"


@dataclass(frozen=True)
class Made:
    """A document with a picture between "Before" and "After", and what reads it."""

    data: bytes
    parse: Callable[[bytes, Limits], Parsed]
    expected: tuple[str, ...] = ("Before", SAID, "After")


MADE = {
    "odt": Made(
        open_text(f"<text:p>Before{SHOWN}</text:p><text:p>{SHOWN}After</text:p>"),
        opendocument.parse,
    ),
    "fodt": Made(
        f'<office:document {NAMESPACES} office:mimetype="x"><office:body><office:text><text:p>'
        f"Before{framed('>' + WRITTEN + '</draw:image>')}</text:p><text:p>After</text:p>"
        "</office:text></office:body></office:document>".encode(),
        flat.parse,
    ),
    "epub": Made(book('<p>Before<img src="../i/p.png"/></p><p>After</p>'), epub.parse),
    "epub, drawn": Made(
        book('<p>Before</p><svg><image xlink:href="../i/p.png"/></svg><p>After</p>'), epub.parse
    ),
    "rtf": Made(rf"{{\rtf1 Before{BOTH}\par After\par}}".encode(), parse_rtf),
    "rtf of JPEG": Made(rf"{{\rtf1 Before{rich(JPEG, 'jpegblip')}\par After}}".encode(), parse_rtf),
    "doc": Made(
        doc(("Before\r", 0, b""), ("\x01After\r", 0, b""), Data=b"some" + blip(PNG) + b"more"),
        legacy.parse_doc,
        ("Before", "After", SAID),
    ),
    "doc of JPEG": Made(
        doc(("Before\r", 0, b""), ("\x01After\r", 0, b""), Data=blip(JPEG, 0xF01D, 2)),
        legacy.parse_doc,
        ("Before", "After", SAID),
    ),
}


@pytest.mark.parametrize("kind", MADE)
def test_what_a_picture_says_is_read_where_it_stands_and_once(kind: str) -> None:
    made = MADE[kind]
    parsed = made.parse(made.data, Limits())
    assert blocks(parsed) == [*made.expected]
    assert [unit.role for unit in parsed.units if unit.role is Role.NOTE] == [Role.NOTE]
    assert [parsed.text[word.start : word.end] for word in parsed.words] == SAID.split()
    assert parsed.warnings == ()


@pytest.mark.parametrize("kind", MADE)
def test_a_picture_that_is_not_read_is_told_of(kind: str) -> None:
    made = MADE[kind]
    parsed = made.parse(made.data, NO_PICTURES)
    assert blocks(parsed) == ["Before", "After"]
    assert parsed.warnings == ("1 picture not read",)


def test_a_picture_in_a_table_waits_for_the_end_of_it() -> None:
    cells = [f"<table:table-cell><text:p>{text}</text:p></table:table-cell>" for text in ("a", "b")]
    table = f"<table:table><table:table-row>{''.join(cells)}</table:table-row></table:table>"
    data = open_text(table.replace("a<", f"a{SHOWN}<"))
    assert blocks(opendocument.parse(data)) == ["a | b", SAID]
    data = book('<table><tr><td>a<img src="../i/p.png"/><td>b</table><p>After</p>')
    assert blocks(epub.parse(data)) == ["a | b", SAID, "After"]
    row = rf"{{\rtf1 \trowd a{BOTH}\cell b\cell\row After\par}}"
    assert blocks(rtf.parse(row.encode())) == ["a | b", SAID, "After"]


def test_pictures_on_the_slides_of_an_old_presentation_are_read_there() -> None:
    named = record(0xF00B, struct.pack("<HI", 0x4104, 1), instance=1, is_container=False)
    slides = [
        record(1006, record(1036, record(0xF002, record(0xF004, named)))),
        record(1006, record(1036, outline(0, "Two"))),
    ]
    persist = [
        atom(1011, struct.pack("<IIIII", number, 0, 0, 255 + number, 0)) for number in (2, 3)
    ]
    entry = record(0xF007, bytes(28) + struct.pack("<II", 4, 0), is_container=False)
    document = record(
        1000,
        record(1035, record(0xF000, record(0xF001, entry))),
        record(4080, *persist),
    )
    parts = [document, *slides]
    main, places = b"", []
    for part in parts:
        places.append(len(main))
        main += part
    directory_at = len(main)
    main += atom(6002, struct.pack("<I", 3 << 20 | 1) + struct.pack("<3I", *places))
    edit_at = len(main)
    main += atom(4085, struct.pack("<IIIIIII", 0, 0, 0, directory_at, 1, 3, 0))
    streams: Tree = {
        "Current User": atom(4086, struct.pack("<III", 20, 0xE391C05F, edit_at)),
        "PowerPoint Document": main,
        "Pictures": b"skip" + blip(PNG),
    }
    parsed = legacy.parse_ppt(compound(streams))
    assert pages(parsed) == [(1, SAID), (2, "Two")]
    assert parsed.pages[0].kind is PageKind.SLIDE


def test_what_is_too_small_or_no_picture_is_not_read_and_told_of() -> None:
    for picture in (SMALL, b"no picture", b"\x89PNG\r\n\x1a\n cut off"):
        parsed = opendocument.parse(open_text(f"<text:p>Before{SHOWN}</text:p>", picture))
        assert (parsed.text, parsed.warnings) == ("Before", ("1 picture not read",))
    for body in (r"{\pict\pngblip zz}", r"{\pict\pngblip 8}", "\\'ee\\u57347 7\\u57347 "):
        assert "Before" in rtf.parse(rf"{{\rtf1 Before{body}\par}}".encode()).text


def test_pictures_without_end_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ooxml, "MAX_TRIED", 3)
    many = "".join(rich(SMALL + bytes([n])) for n in range(9)) + rich(PNG)
    parsed = rtf.parse(rf"{{\rtf1 Before{many}\par}}".encode())
    assert parsed.warnings == ("10 pictures not read",)


def test_a_stream_that_looks_like_pictures_all_over_takes_little_time() -> None:
    head = struct.pack("<HHI", 0x6E00, 0xF01E, 1 << 30)
    with within(10):
        legacy.parse_doc(doc(("Before\r", 0, b""), Data=head * 200_000))


def test_pages_of_a_drawing_are_pages() -> None:
    box = "<draw:text-box><text:p>A plan.</text:p></draw:text-box>"
    page = f"<draw:page><draw:frame>{box}</draw:frame></draw:page>"
    content = (
        f"<office:document-content {NAMESPACES}><office:body><office:drawing>{page}"
        "</office:drawing></office:body></office:document-content>"
    )
    (only,) = opendocument.parse(pack({"content.xml": content.encode()})).pages
    assert (only.number, only.kind) == (1, PageKind.PAGE)
