"""What every format of offices and books owes, whatever it is packed in."""

import re
from collections.abc import Callable

import docx
import openpyxl
import pptx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest.formats.packages import pack
from ingest.reading import blocks, refuses, repacked, require_in_order, saved

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest import sniff
from assistant.ingest.formats.parsed import Limits
from assistant.ingest.parse import parse
from assistant.ingest.pool import Parsers
from assistant.text.normalize import normalize

OFFICE = "urn:oasis:names:tc:opendocument:xmlns:"


def write_docx(lines: list[str]) -> bytes:
    document = docx.Document()
    for line in lines:
        document.add_paragraph(line)
    return saved(document)


def write_pptx(lines: list[str]) -> bytes:
    presentation = pptx.Presentation()
    for line in lines:
        slide = presentation.slides.add_slide(presentation.slide_layouts[5])
        slide.shapes.title.text = line
    return saved(presentation)


def write_xlsx(lines: list[str]) -> bytes:
    book = openpyxl.Workbook()
    for line in lines:
        book.active.append([line])
    return saved(book)


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def write_odt(lines: list[str]) -> bytes:
    body = "".join(f"<t:p>{escape(line)}</t:p>" for line in lines)
    content = (
        f'<o:document-content xmlns:o="{OFFICE}office:1.0" xmlns:t="{OFFICE}text:1.0"><o:body>'
        f"<o:text>{body}</o:text></o:body></o:document-content>"
    )
    return pack({"mimetype": sniff.ODT.encode(), "content.xml": content.encode()}, 0)


def write_epub(lines: list[str]) -> bytes:
    container = "<container><rootfiles><rootfile full-path='b.opf'/></rootfiles></container>"
    package = (
        "<package><manifest><item id='c' href='c.html' media-type='text/html'/></manifest>"
        "<spine><itemref idref='c'/></spine></package>"
    )
    chapter = "<html>" + "".join(f"<p>{escape(line)}</p>" for line in lines) + "</html>"
    return pack(
        {
            "mimetype": sniff.EPUB.encode(),
            "META-INF/container.xml": container.encode(),
            "b.opf": package.encode(),
            "c.html": chapter.encode(),
        },
        0,
    )


def write_rtf(lines: list[str]) -> bytes:
    escaped = ("".join(f"\\u{ord(character)}?" for character in line) for line in lines)
    return ("{\\rtf1\\ansi " + "\\par ".join(escaped) + "}").encode()


WRITERS: dict[str, Callable[[list[str]], bytes]] = {
    sniff.DOCX: write_docx,
    sniff.PPTX: write_pptx,
    sniff.XLSX: write_xlsx,
    sniff.ODT: write_odt,
    sniff.EPUB: write_epub,
    sniff.RTF: write_rtf,
}
LINES = st.lists(
    st.text(st.sampled_from([*"ab <&é日\u0301\u200b\u202e\u00a0"]), max_size=8), max_size=4
)


@pytest.mark.parametrize("kind", WRITERS)
@settings(max_examples=25)
@given(lines=LINES)
def test_text_is_canonical_and_its_parts_lie_in_it_in_order(kind: str, lines: list[str]) -> None:
    cleaned = [" ".join(normalize(line)[0].split()) for line in lines]
    data = WRITERS[kind](lines)
    if not any(cleaned):
        with pytest.raises(DocumentUnreadable, match="no text in it"):
            parse(data, kind, Limits())
        return
    parsed = parse(data, kind, Limits())
    assert normalize(parsed.text) == (parsed.text, 0)
    found = blocks(parsed)
    assert found[kind == sniff.XLSX :] == [line for line in cleaned if line]
    n_removed = sum(normalize(line)[1] for line in lines)
    assert any("removed" in warning for warning in parsed.warnings) == (n_removed > 0)
    require_in_order(parsed.text, parsed.blocks)


@pytest.mark.parametrize("kind", WRITERS)
def test_a_file_is_known_by_its_content(kind: str) -> None:
    data = WRITERS[kind](["text"])
    assert sniff.media_type("no-name", data) == (kind, None)


@pytest.mark.parametrize("kind", [sniff.DOCX, sniff.PPTX, sniff.XLSX])
def test_the_strict_variant_is_refused_by_name(kind: str) -> None:
    usual, strict = (
        rb"http://schemas.openxmlformats.org/(\w+)/2006/",
        rb"http://purl.oclc.org/ooxml/\1/",
    )
    data = repacked(WRITERS[kind](["text"]), lambda _, old: re.sub(usual, strict, old))
    with refuses(Fault.UNSUPPORTED, "a strict Open XML file"):
        parse(data, kind, Limits())


@pytest.mark.slow
def test_a_child_process_reads_them_and_says_what_is_wrong_with_others() -> None:
    with Parsers(Limits(max_chars=100, timeout_s=20.0)) as parsers:
        for kind, write in WRITERS.items():
            data = write(["First line.", "Second line."])
            assert "First line.\nSecond line." in parsers.parse(data, kind).text
            for broken in (data[:-30], data[: len(data) // 2], b"", b"PK\x03\x04"):
                if kind == sniff.RTF and broken:
                    continue
                with refuses(Fault.CORRUPT):
                    parsers.parse(broken, kind)
            with refuses(Fault.TOO_LARGE):
                parsers.parse(write(["long " * 50]), kind)
