"""What a file is: by its content where that tells, by its name among kinds of text."""

from zipfile import ZIP_STORED

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.formats.packages import pack
from ingest.reading import refuses, within

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.sniff import SUFFIXES, media_type

SIGNED = {
    "application/pdf": b"%PDF-1.4\n",
    "application/rtf": b"{\\rtf1 x}",
    "application/vnd.ms-outlook": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    + "__substg1.0_1000001F".encode("utf-16-le"),
}
MEMBERS = {
    ".docx": "word/document.xml",
    ".pptx": "ppt/presentation.xml",
    ".xlsx": "xl/workbook.xml",
}


@pytest.mark.parametrize(
    "suffix",
    [s for s, kind in SUFFIXES.items() if not kind.startswith(("application/", "image/"))],
)
def test_a_suffix_tells_kinds_of_text_apart_in_any_case(suffix: str) -> None:
    assert media_type(f"a/b{suffix.upper()}", b"Text.") == (SUFFIXES[suffix], None)


@pytest.mark.parametrize("name", ["README", "a.xyz", "a.txt.bak", "notes.d/a"])
def test_text_of_any_other_name_is_plain_text(name: str) -> None:
    assert media_type(name, b"Text.") == ("text/plain", None)


@pytest.mark.parametrize("kind", SIGNED)
@pytest.mark.parametrize("name", ["a", "a.txt", "a.docx"])
def test_a_signature_goes_before_the_name(kind: str, name: str) -> None:
    found, warning = media_type(name, SIGNED[kind])
    assert found == kind
    assert (warning is None) == (name == "a")


@pytest.mark.parametrize("suffix", MEMBERS)
def test_office_documents_are_told_by_what_is_in_them(suffix: str) -> None:
    data = pack({"[Content_Types].xml": b"<Types/>", MEMBERS[suffix]: b"<x/>"})
    assert media_type(f"a{suffix}", data) == (SUFFIXES[suffix], None)
    found, warning = media_type("a.pdf", data)
    assert found == SUFFIXES[suffix]
    assert warning
    assert warning.endswith("though its name ends in .pdf")


@pytest.mark.parametrize("suffix", [".epub", ".odt"])
def test_books_and_opendocument_texts_say_what_they_are(suffix: str) -> None:
    data = pack({"mimetype": SUFFIXES[suffix].encode(), "content.xml": b"<x/>"}, ZIP_STORED)
    assert media_type(f"a{suffix}", data) == (SUFFIXES[suffix], None)


def test_text_under_the_name_of_another_kind_is_read_as_the_text_that_it_is() -> None:
    assert media_type("a.pdf", b"Just text.") == (
        "text/plain",
        "plain text, though its name ends in .pdf",
    )
    assert media_type("a.docx", b"<!DOCTYPE html><p>x")[0] == "text/html"
    assert media_type("saved", b"Received: by x\nFrom: a@b\n\nText")[0] == "message/rfc822"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"PK\x03\x04 and so on", "a zip archive"),
        (b"\x7fELF", "a program"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old office document"),
        (b"OggS\x00\x00\x01\x02", "a sound or film"),
        (bytes(range(256)), "binary data"),
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a", "a.pdf"])
def test_what_no_format_reads_is_refused_with_what_it_is(name: str, data: bytes, kind: str) -> None:
    with refuses(Fault.UNSUPPORTED, kind):
        media_type(name, data)


IMAGES = {
    ".png": b"\x89PNG\r\n\x1a\n",
    ".jpg": b"\xff\xd8\xff\xe0",
    ".tif": b"II*\x00\x08\x00",
    ".webp": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    ".gif": b"GIF89a\x01\x00\x01\x00",
    ".bmp": b"BM\x00\x00\x01\x02",
    ".heic": b"\0\0\0\x1cftypheic\0\0\0\0mif1heic",
    ".avif": b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif",
}


@pytest.mark.parametrize("suffix", IMAGES)
def test_an_image_is_told_by_its_signature(suffix: str) -> None:
    assert media_type(f"a{suffix}", IMAGES[suffix]) == (SUFFIXES[suffix], None)
    assert media_type("a.txt", IMAGES[suffix])[0] == SUFFIXES[suffix]


def test_an_encrypted_office_document_is_called_so() -> None:
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le")
    with refuses(Fault.ENCRYPTED, "password"):
        media_type("a.docx", data)


@given(name=st.text(max_size=20), data=st.binary(max_size=300))
def test_every_file_is_something_or_refused(name: str, data: bytes) -> None:
    try:
        kind, _ = media_type(name, data)
    except DocumentUnreadable:
        return
    assert kind in {*SUFFIXES.values()}


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def test_telling_what_a_file_is_takes_little_time_whatever_is_in_it() -> None:
    many = pack(
        {f"{number:05}": b"" for number in range(9_900)} | {"a": bytes(10_000_000)}, ZIP_STORED
    )
    streams = OLE + "Book\0WordDocument\0Quill\0".encode("utf-16-le") * 800_000
    relations = b"<Relationship Type=" * 5_000
    odd = pack({"_rels/.rels": relations, "[Content_Types].xml": b"<Override PartName=" * 5_000})
    with within(3):
        assert media_type("a", many)[0] == "application/zip"
        with refuses(Fault.UNSUPPORTED, "none of Word"):
            media_type("a", streams)
        assert media_type("a", odd)[0] == "application/zip"


@pytest.mark.parametrize("suffix", [".doc", ".xls", ".ppt"])
def test_of_what_an_old_file_holds_its_name_tells_which_it_is_itself(suffix: str) -> None:
    names = ("Workbook", "WordDocument", "PowerPoint Document")
    data = OLE.ljust(512, b"\0") + b"".join(
        f"{name}\0".encode("utf-16-le").ljust(128, b"\0") for name in names
    )
    assert media_type(f"a{suffix}", data) == (SUFFIXES[suffix], None)
    assert media_type("a", data)[0] == SUFFIXES[".xls"]
