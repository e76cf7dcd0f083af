"""What every format of offices and books owes, whatever it is packed in."""

import io
import re
import zipfile
from collections.abc import Callable

import docx
import openpyxl
import pptx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest.formats.packages import pack

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest import sniff
from assistant.ingest.limits import Limits
from assistant.ingest.parse import parse
from assistant.ingest.pool import Parsers
from assistant.text.normalize import normalize

OFFICE = "urn:oasis:names:tc:opendocument:xmlns:"


def write_docx(lines: list[str]) -> bytes:
    document = docx.Document()
    for line in lines:
        document.add_paragraph(line)
    data = io.BytesIO()
    document.save(data)
    return data.getvalue()


def write_pptx(lines: list[str]) -> bytes:
    presentation = pptx.Presentation()
    for line in lines:
        slide = presentation.slides.add_slide(presentation.slide_layouts[5])
        slide.shapes.title.text = line
    data = io.BytesIO()
    presentation.save(data)
    return data.getvalue()


def write_xlsx(lines: list[str]) -> bytes:
    book = openpyxl.Workbook()
    for line in lines:
        book.active.append([line])
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


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
    found = [parsed.text[start:end] for start, end in parsed.blocks]
    assert found[kind == sniff.XLSX :] == [line for line in cleaned if line]
    n_removed = sum(normalize(line)[1] for line in lines)
    assert any("removed" in warning for warning in parsed.warnings) == (n_removed > 0)
    position = 0
    for start, end in parsed.blocks:
        assert position <= start < end <= len(parsed.text)
        position = end


@pytest.mark.parametrize("kind", WRITERS)
def test_a_file_is_known_by_its_content(kind: str) -> None:
    data = WRITERS[kind](["text"])
    assert sniff.media_type("no-name", data) == (kind, None)


@pytest.mark.parametrize("kind", [sniff.DOCX, sniff.PPTX, sniff.XLSX])
def test_the_strict_variant_is_refused_by_name(kind: str) -> None:
    packed = io.BytesIO()
    usual = rb"http://schemas.openxmlformats.org/(\w+)/2006/"
    data = io.BytesIO(WRITERS[kind](["text"]))
    with zipfile.ZipFile(data) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            new.writestr(name, re.sub(usual, rb"http://purl.oclc.org/ooxml/\1/", old.read(name)))
    with pytest.raises(DocumentUnreadable, match="a strict Open XML file") as caught:
        parse(packed.getvalue(), kind, Limits())
    assert caught.value.fault == Fault.UNSUPPORTED


@pytest.mark.slow
def test_a_child_process_reads_them_and_says_what_is_wrong_with_others() -> None:
    with Parsers(Limits(max_chars=100, timeout_s=20.0)) as parsers:
        for kind, write in WRITERS.items():
            data = write(["First line.", "Second line."])
            assert "First line.\nSecond line." in parsers.parse(data, kind).text
            for broken in (data[:-30], data[: len(data) // 2], b"", b"PK\x03\x04"):
                if kind == sniff.RTF and broken:
                    continue
                with pytest.raises(DocumentUnreadable) as caught:
                    parsers.parse(broken, kind)
                assert caught.value.fault == Fault.CORRUPT
            with pytest.raises(DocumentUnreadable) as caught:
                parsers.parse(write(["long " * 50]), kind)
            assert caught.value.fault == Fault.TOO_LARGE
